# Values that you need after an apply.

output "drop" {
  description = "The command that uploads a file; use a key that a dataset's `match` covers."
  value       = "aws s3 cp FILE s3://${local.bucket_name}/${var.prefix}"
}

output "psql" {
  description = "The command that opens psql from inside the network: see docs/how-to/operations.md."
  value = local.database_auth_by_iam ? join(" ", [
    "PGPASSWORD=$(aws rds generate-db-auth-token --region ${local.region} --hostname ${local.database_host} --port ${local.database_port} --username ${local.reader_user})",
    "psql 'host=${local.database_host} port=${local.database_port} dbname=${local.database_name} user=${local.reader_user} sslmode=verify-full sslrootcert=global-bundle.pem'",
  ]) : "psql 'host=${local.database_host} port=${local.database_port} dbname=${local.database_name} sslmode=verify-full'"
}

output "bucket" {
  description = "The bucket into which files are uploaded."
  value       = local.bucket_name
}

output "queue_url" {
  description = "The queue of the bucket's events."
  value       = aws_sqs_queue.events.url
}

output "dead_letters_url" {
  description = "The queue of messages that failed 20 times."
  value       = aws_sqs_queue.dead_letters.url
}

output "redrive" {
  description = "The command that moves all dead letters back to the queue, once their cause is fixed."
  value       = "aws sqs start-message-move-task --region ${local.region} --source-arn ${aws_sqs_queue.dead_letters.arn}"
}

output "dashboard" {
  description = "The address of the dashboard."
  value       = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.main.dashboard_name}"
}

output "loader" {
  description = "The name of the loader function."
  value       = aws_lambda_function.loader.function_name
}

output "migrate" {
  description = "The name of the migration function."
  value       = aws_lambda_function.migrate.function_name
}

output "migration" {
  description = "The response of the last migration."
  value       = aws_lambda_invocation.migrate.result
}

output "maximum_concurrency" {
  description = "How many files load concurrently."
  value       = local.loaders
}

output "database" {
  description = "The database's address, and the secret with its master user."
  value = {
    host          = local.database_host
    port          = local.database_port
    name          = local.database_name
    connections   = local.connections
    master_secret = local.master_secret
  }
}

output "network" {
  description = "VPC, subnets and security group for a CloudShell with psql; only with psql_access."
  value = {
    vpc            = local.vpc_id
    subnets        = local.subnet_ids
    security_group = one(aws_security_group.psql[*].id)
  }
}

output "reader_policy" {
  description = "The policy for users or roles that read the star."
  value       = one(aws_iam_policy.reader[*].arn)
}

# For reviewers. The tests check every one of them.
output "policies" {
  description = "Every policy that is created here, as JSON."
  value = merge(
    {
      loader       = aws_iam_role_policy.loader.policy
      migrate      = aws_iam_role_policy.migrate.policy
      queue        = aws_sqs_queue_policy.events.policy
      dead_letters = aws_sqs_queue_policy.dead_letters.policy
      topic        = aws_sns_topic_policy.alarms.policy
      key          = jsonencode(local.key_policy)
      lambda_trust = aws_iam_role.loader.assume_role_policy
    },
    { for policy in aws_iam_policy.reader : "reader" => policy.policy },
    { for policy in aws_s3_bucket_policy.inbox : "bucket" => policy.policy },
    { for policy in aws_iam_role_policy.scheduler : "scheduler" => policy.policy },
    { for role in aws_iam_role.scheduler : "scheduler_trust" => role.assume_role_policy },
    { for policy in aws_iam_role_policy.flow_logs : "flow_logs" => policy.policy },
    { for role in aws_iam_role.flow_logs : "flow_logs_trust" => role.assume_role_policy },
    { for endpoint in aws_vpc_endpoint.s3 : "endpoint_s3" => endpoint.policy },
    { for name, endpoint in aws_vpc_endpoint.interface : "endpoint_${name}" => endpoint.policy },
  )
}
