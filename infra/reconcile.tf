# Reconcile on a schedule: compares bucket and ledger, and loads what is missing.

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
