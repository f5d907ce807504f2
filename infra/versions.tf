terraform {
  # 1.11: the tests need ARNs of mocked resources while planning.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.25, < 7.0"
    }
  }
}

# Region and credentials come from the environment (AWS_REGION, AWS_PROFILE).
provider "aws" {
  default_tags {
    tags = merge({ project = var.name }, var.tags)
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  # ARNs are built from names, so that policies of resources that refer to each other (a key and its bucket, a role
  # and its function) can be exact without a dependency cycle.
  loader_name      = "${var.name}-loader"
  migrate_name     = "${var.name}-migrate"
  loader_arn       = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.loader_name}"
  migrate_arn      = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.migrate_name}"
  queue_arn        = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.name}-events"
  log_group_prefix = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group"
  alarm_arns       = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-*"
}
