# Reconcile on a schedule: compares bucket and ledger, and loads what is missing.

locals {
  schedule_group_arn = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/${var.name}"
}

resource "aws_scheduler_schedule_group" "main" {
  count = var.reconcile_schedule == null ? 0 : 1

  name = var.name
}

resource "aws_iam_role" "scheduler" {
  count = var.reconcile_schedule == null ? 0 : 1

  name        = "${var.name}-scheduler"
  description = "Invokes the reconcile of Stardrop"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Scheduler"
        Effect    = "Allow"
        Principal = { Service = "scheduler.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnEquals    = { "aws:SourceArn" = local.schedule_group_arn }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  count = var.reconcile_schedule == null ? 0 : 1

  name = "invoke-loader"
  role = aws_iam_role.scheduler[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "InvokeLoader"
          Effect   = "Allow"
          Action   = "lambda:InvokeFunction"
          Resource = aws_lambda_function.loader.arn
        },
      ],
      [
        for statement in [
          {
            # The schedule's payload is encrypted, and Scheduler decrypts it with this role.
            Sid       = "DecryptSchedule"
            Effect    = "Allow"
            Action    = "kms:Decrypt"
            Resource  = local.data_key_arn
            Condition = { StringEquals = { "kms:ViaService" = "scheduler.${local.region}.amazonaws.com" } }
          },
        ] : statement if var.encryption == "kms"
      ],
    )
  })
}

resource "aws_scheduler_schedule" "reconcile" {
  count = var.reconcile_schedule == null ? 0 : 1

  name                = "${var.name}-reconcile"
  description         = "Compares the bucket with the ledger"
  group_name          = aws_scheduler_schedule_group.main[0].name
  schedule_expression = var.reconcile_schedule
  kms_key_arn         = local.data_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.loader.arn
    role_arn = aws_iam_role.scheduler[0].arn
    input = jsonencode({
      reconcile = {
        bucket = local.bucket_name
        prefix = var.prefix
        heal   = var.reconcile_heal
      }
    })

    # The next scheduled run replaces a retry. default: 185 retries within a day
    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 2
    }
  }
}
