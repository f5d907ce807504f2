# Alarms, and the topic that mails them. Each alarm links to its entry in docs/how-to/operations.md.

locals {
  datasets_dir = coalesce(var.datasets_dir, "${path.module}/../datasets")
  datasets = toset([
    for contract in fileset(local.datasets_dir, "*/dataset.toml") :
    regex("(?m)^name\\s*=\\s*\"([^\"]+)\"", file("${local.datasets_dir}/${contract}"))[0]
  ])

  minute = 60
  hour   = 3600

  # Alarms on one metric each. The name is also the heading of the runbook entry.
  plain_alarms = merge(
    {
      dead-letters = {
        what       = "Messages failed 20 times and are dead letters: their files are not loaded."
        namespace  = "AWS/SQS"
        metric     = "ApproximateNumberOfMessagesVisible"
        dimensions = { QueueName = aws_sqs_queue.dead_letters.name }
        statistic  = "Maximum"
        threshold  = 0
        period     = local.minute
        periods    = 1
      }
      unmatched-keys = {
        what       = "Objects arrived whose keys fit no dataset: they are not loaded."
        namespace  = "Stardrop"
        metric     = "LoadsUnmatched"
        dimensions = { Dataset = "-" }
        statistic  = "Sum"
        threshold  = 0
        period     = 5 * local.minute
        periods    = 1
      }
      lag = {
        what       = "The oldest file has waited more than ${var.lag_alarm_minutes} minutes."
        namespace  = "AWS/SQS"
        metric     = "ApproximateAgeOfOldestMessage"
        dimensions = { QueueName = aws_sqs_queue.events.name }
        statistic  = "Maximum"
        threshold  = var.lag_alarm_minutes * local.minute
        period     = local.minute
        periods    = 5
      }
      loader-errors = {
        what       = "An invocation of the loader failed: a crash, a timeout, or a failed reconcile."
        namespace  = "AWS/Lambda"
        metric     = "Errors"
        dimensions = { FunctionName = local.loader_name }
        statistic  = "Sum"
        threshold  = 0
        period     = 5 * local.minute
        periods    = 1
      }
      loader-throttles = {
        what       = "Lambda throttled the loader: the account's concurrency is used up."
        namespace  = "AWS/Lambda"
        metric     = "Throttles"
        dimensions = { FunctionName = local.loader_name }
        statistic  = "Sum"
        threshold  = 0
        period     = 5 * local.minute
        periods    = 3
      }
    },
    {
      for name, alarm in {
        undelivered-events = {
          what       = "EventBridge could not deliver events to the queue: their files are not loaded."
          namespace  = "AWS/Events"
          metric     = "FailedInvocations"
          dimensions = { RuleName = local.rule_name }
          statistic  = "Sum"
          threshold  = 0
          period     = 5 * local.minute
          periods    = 1
        }
      } : name => alarm if local.notification == "eventbridge"
    },
    {
      for name, alarm in {
        database-connections = {
          what       = "More than four fifths of the database's ${local.connections} connections are in use."
          namespace  = "AWS/RDS"
          metric     = "DatabaseConnections"
          dimensions = local.database_dimensions
          statistic  = "Maximum"
          threshold  = floor(0.8 * local.connections)
          period     = local.minute
          periods    = 5
        }
        database-cpu = {
          what       = "The database has been at more than nine tenths of its CPU for half an hour."
          namespace  = "AWS/RDS"
          metric     = "CPUUtilization"
          dimensions = local.database_dimensions
          statistic  = "Average"
          threshold  = 90
          period     = 5 * local.minute
          periods    = 6
        }
      } : name => alarm if local.make_database
    },
  )

  database_dimensions = local.make_aurora ? { DBClusterIdentifier = var.name } : { DBInstanceIdentifier = var.name }

  topic_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike      = { "aws:SourceArn" = local.alarm_arns }
        }
      },
      {
        Sid       = "OnlyByTls"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  }
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = local.key_arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = jsonencode(local.topic_policy)
}

resource "aws_sns_topic_subscription" "mail" {
  for_each = toset(var.alarm_emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "plain" {
  for_each = local.plain_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what} ${var.runbook_url}#${each.key}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching" # default: missing; without files there is no data, and that is fine
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# RDS only: Aurora's storage grows automatically.
resource "aws_cloudwatch_metric_alarm" "storage" {
  count = local.make_postgres ? 1 : 0

  alarm_name          = "${var.name}-database-storage"
  alarm_description   = "Less than a tenth of storage_gb is free in the database. ${var.runbook_url}#database-storage"
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = local.database_dimensions
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = var.storage_gb * 1024 * 1024 * 1024 / 10
  period              = 5 * local.minute
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# The loader's own metrics (CloudWatch EMF, namespace Stardrop) have the dataset as their dimension.
resource "aws_cloudwatch_metric_alarm" "failed_loads" {
  for_each = local.datasets

  alarm_name          = "${var.name}-failed-loads-${each.value}"
  alarm_description   = "A file of ${each.value} could not be loaded, and is not tried again. ${var.runbook_url}#failed-loads"
  namespace           = "Stardrop"
  metric_name         = "LoadsFailed"
  dimensions          = { Dataset = each.value }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 5 * local.minute
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "reject_share" {
  for_each = local.datasets

  alarm_name          = "${var.name}-reject-share-${each.value}"
  alarm_description   = "More than ${var.reject_alarm_percent} % of the rows of ${each.value} were rejected within an hour. ${var.runbook_url}#reject-share"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.reject_alarm_percent
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "share"
    label       = "Rejected rows, %"
    expression  = "IF(read > 0, 100 * rejected / read, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { read = "RowsRead", rejected = "RowsRejected" }
    content {
      id = metric_query.key

      metric {
        namespace   = "Stardrop"
        metric_name = metric_query.value
        dimensions  = { Dataset = each.value }
        period      = local.hour
        stat        = "Sum"
      }
    }
  }
}
