# The group and the role of all schedules: reconcile and extracts.

locals {
  has_schedules      = var.reconcile_schedule != null || length(var.extracts) > 0
  schedule_group_arn = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/${var.name}"
}

resource "aws_scheduler_schedule_group" "main" {
  count = local.has_schedules ? 1 : 0

  name = var.name
}

resource "aws_iam_role" "scheduler" {
  count = local.has_schedules ? 1 : 0

  name        = "${var.name}-scheduler"
  description = "Invokes the loader of Stardrop on schedules"
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
  count = local.has_schedules ? 1 : 0

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
