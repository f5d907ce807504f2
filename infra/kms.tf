# One KMS key for all data at rest. With encryption = "aws" only the alarm topic uses it.

locals {
  make_key = var.kms_key_arn == null
  key_arn  = local.make_key ? aws_kms_key.main[0].arn : var.kms_key_arn
  # The key for everything but the alarm topic; null: AWS managed keys.
  data_key_arn = var.encryption == "kms" ? local.key_arn : null

  # In a key policy the resource "*" means this key; no other resource is possible.
  key_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          # IAM policies of this account decide who administers and uses the key. Listed one by one instead of kms:*.
          Sid       = "AccountDecides"
          Effect    = "Allow"
          Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
          Action = [
            "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias",
            "kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation",
            "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations",
            "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RevokeGrant",
            "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource",
            "kms:UpdateAlias", "kms:UpdateKeyDescription",
          ]
          Resource = "*"
        },
        {
          Sid       = "AlarmsToTopic"
          Effect    = "Allow"
          Principal = { Service = "cloudwatch.amazonaws.com" }
          Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource  = "*"
          Condition = {
            StringEquals = { "aws:SourceAccount" = local.account }
            ArnLike      = { "aws:SourceArn" = local.alarm_arns }
          }
        },
      ],
      [
        for statement in [
          {
            Sid       = "BucketToQueue"
            Effect    = "Allow"
            Principal = { Service = "s3.amazonaws.com" }
            Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
            Resource  = "*"
            Condition = {
              StringEquals = { "aws:SourceAccount" = local.account }
              ArnEquals    = { "aws:SourceArn" = local.bucket_arn }
            }
          },
        ] : statement if var.encryption == "kms" && local.notification == "s3"
      ],
      [
        for statement in [
          {
            # EventBridge calls KMS without a source ARN. The encryption context that SQS sets names the queue with its
            # account, and the queue's policy names the rule that may send.
            Sid       = "RuleToQueue"
            Effect    = "Allow"
            Principal = { Service = "events.amazonaws.com" }
            Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
            Resource  = "*"
            Condition = { ArnEquals = { "kms:EncryptionContext:aws:sqs:arn" = local.queue_arn } }
          },
        ] : statement if var.encryption == "kms" && local.notification == "eventbridge"
      ],
      [
        for statement in [
          {
            # The encryption context that CloudWatch Logs sets names the log group with its account.
            Sid       = "Logs"
            Effect    = "Allow"
            Principal = { Service = "logs.${local.region}.amazonaws.com" }
            Action = [
              "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
              "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
            ]
            Resource = "*"
            Condition = {
              ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = [for name in local.log_groups : "${local.log_group_prefix}:${name}"] }
            }
          },
        ] : statement if var.encryption == "kms"
      ],
    )
  }
}

resource "aws_kms_key" "main" {
  count = local.make_key ? 1 : 0

  description             = "Stardrop ${var.name}: all data at rest"
  enable_key_rotation     = true # default: false
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy)
}

resource "aws_kms_alias" "main" {
  count = local.make_key ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.main[0].key_id
}
