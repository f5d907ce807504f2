# The queue between bucket and loader, and the dead-letter queue.

locals {
  # Six times the function's timeout, as AWS advises: a message must not become visible again while the worker
  # that received it can still be running.
  visibility_seconds = 6 * var.timeout_seconds
  max_receive_count  = 20
  day                = 24 * 60 * 60

  senders = [
    for sender in [
      { used = local.notification == "s3", service = "s3.amazonaws.com", arn = local.bucket_arn },
      { used = local.notification == "eventbridge", service = "events.amazonaws.com", arn = local.rule_arn },
    ] : sender if sender.used
  ]
}

resource "aws_sqs_queue" "events" {
  name                       = "${var.name}-events"
  visibility_timeout_seconds = local.visibility_seconds
  # 20 attempts take 30 hours at most. default: 4 days; files must survive an outage over a long weekend.
  message_retention_seconds = 7 * local.day
  receive_wait_time_seconds = 20 # default: 0, short polling, which often returns nothing

  sqs_managed_sse_enabled           = local.data_key_arn == null ? true : null
  kms_master_key_id                 = local.data_key_arn
  kms_data_key_reuse_period_seconds = local.data_key_arn == null ? null : 3600 # default: 300

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = local.max_receive_count
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name = "${var.name}-dead-letters"
  # SQS' maximum. A message keeps the age that it had in the other queue.
  message_retention_seconds  = 14 * local.day
  visibility_timeout_seconds = local.visibility_seconds

  sqs_managed_sse_enabled           = local.data_key_arn == null ? true : null
  kms_master_key_id                 = local.data_key_arn
  kms_data_key_reuse_period_seconds = local.data_key_arn == null ? null : 3600
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.events.arn]
  })
}

resource "aws_sqs_queue_policy" "events" {
  queue_url = aws_sqs_queue.events.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        for sender in local.senders : {
          Sid       = "Events"
          Effect    = "Allow"
          Principal = { Service = sender.service }
          Action    = "sqs:SendMessage"
          Resource  = aws_sqs_queue.events.arn
          Condition = {
            StringEquals = { "aws:SourceAccount" = local.account }
            ArnEquals    = { "aws:SourceArn" = sender.arn }
          }
        }
      ],
      [
        {
          Sid       = "OnlyByTls"
          Effect    = "Deny"
          Principal = { AWS = "*" }
          Action    = "sqs:*"
          Resource  = aws_sqs_queue.events.arn
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ],
    )
  })
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyByTls"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.dead_letters.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
