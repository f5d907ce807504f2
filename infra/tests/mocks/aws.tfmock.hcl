# Mocked responses of AWS, for an account that does not exist.

mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

override_data {
  target = data.aws_region.current
  values = { region = "eu-central-1", id = "eu-central-1" }
}

mock_data "aws_availability_zones" {
  defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c", "eu-central-1d"] }
}

mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/made", key_id = "made" }
}

mock_resource "aws_security_group" {
  defaults = { id = "sg-made" }
}

mock_resource "aws_subnet" {
  defaults = { id = "subnet-made" }
}

mock_resource "aws_vpc" {
  defaults = { id = "vpc-made" }
}

mock_resource "aws_vpc_endpoint" {
  defaults = { prefix_list_id = "pl-s3" }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-central-1:111122223333:stardrop-alarms" }
}

mock_resource "aws_lambda_layer_version" {
  defaults = { arn = "arn:aws:lambda:eu-central-1:111122223333:layer:stardrop-datasets:7" }
}

mock_resource "aws_db_instance" {
  defaults = {
    address            = "stardrop.abc.eu-central-1.rds.amazonaws.com"
    resource_id        = "db-MADE"
    master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds-master", secret_status = "active", kms_key_id = "made" }]
  }
}

mock_resource "aws_rds_cluster" {
  defaults = {
    id                  = "stardrop"
    endpoint            = "stardrop.cluster-abc.eu-central-1.rds.amazonaws.com"
    cluster_resource_id = "cluster-MADE"
    master_user_secret  = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds-master", secret_status = "active", kms_key_id = "made" }]
  }
}

override_resource {
  target = aws_sqs_queue.events
  values = {
    id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/stardrop-events"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/stardrop-events"
    arn = "arn:aws:sqs:eu-central-1:111122223333:stardrop-events"
  }
}

override_resource {
  target = aws_sqs_queue.dead_letters
  values = {
    id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/stardrop-dead-letters"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/stardrop-dead-letters"
    arn = "arn:aws:sqs:eu-central-1:111122223333:stardrop-dead-letters"
  }
}

override_resource {
  target = aws_lambda_function.loader
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:stardrop-loader" }
}

override_resource {
  target = aws_cloudwatch_log_group.loader
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/stardrop-loader" }
}

override_resource {
  target = aws_cloudwatch_log_group.migrate
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/stardrop-migrate" }
}

override_resource {
  target = aws_iam_role.loader
  values = { id = "stardrop-loader", arn = "arn:aws:iam::111122223333:role/stardrop-loader" }
}

override_resource {
  target = aws_iam_role.migrate
  values = { id = "stardrop-migrate", arn = "arn:aws:iam::111122223333:role/stardrop-migrate" }
}

override_resource {
  target = aws_cloudwatch_log_group.flow
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/vpc/stardrop" }
}
