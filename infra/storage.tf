# The bucket into which files are uploaded, and its notifications to the queue.

locals {
  make_bucket = var.bucket == null
  bucket_name = local.make_bucket ? coalesce(var.bucket_name, "${var.name}-inbox-${local.account}-${local.region}") : var.bucket.name
  bucket_arn  = "arn:${local.partition}:s3:::${local.bucket_name}"
  objects_arn = "${local.bucket_arn}/${var.prefix}*"

  notification = coalesce(var.notification, local.make_bucket ? "s3" : "eventbridge")
  rule_name    = "${var.name}-object-created"
  rule_arn     = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${local.rule_name}"
}

resource "aws_s3_bucket" "inbox" {
  count = local.make_bucket ? 1 : 0

  bucket = local.bucket_name
}

# The loader reads the version that an event names, even if a newer one was uploaded since.
resource "aws_s3_bucket_versioning" "inbox" {
  count = local.make_bucket ? 1 : 0

  bucket = aws_s3_bucket.inbox[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "inbox" {
  count = local.make_bucket ? 1 : 0

  bucket = aws_s3_bucket.inbox[0].id

  rule {
    bucket_key_enabled = var.encryption == "kms" # default: false, which calls KMS for each object

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.encryption == "kms" ? "aws:kms" : "AES256"
      kms_master_key_id = local.data_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "inbox" {
  count = local.make_bucket ? 1 : 0

  bucket                  = aws_s3_bucket.inbox[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# No ACLs: policies alone decide, also for objects that another account uploads.
resource "aws_s3_bucket_ownership_controls" "inbox" {
  count = local.make_bucket ? 1 : 0

  bucket = aws_s3_bucket.inbox[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "inbox" {
  count = local.make_bucket ? 1 : 0

  bucket = aws_s3_bucket.inbox[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyByTls"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:*"
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OnlyByTls12"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:*"
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.inbox]
}

resource "aws_s3_bucket_lifecycle_configuration" "inbox" {
  count = local.make_bucket ? 1 : 0

  bucket = aws_s3_bucket.inbox[0].id

  rule {
    id     = "parts-of-uploads-that-never-ended"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.keep_versions_days
    }

    # Removes delete markers whose versions are all gone.
    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = var.keep_files_days == null ? [] : [var.keep_files_days]
    content {
      id     = "old-files"
      status = "Enabled"
      filter {}

      expiration {
        days = rule.value
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.inbox]
}

# A bucket has only one notification configuration. ObjectCreated:* instead of :Put, because large files are
# multipart uploads, which send another event.
resource "aws_s3_bucket_notification" "inbox" {
  count = local.notification == "s3" || (local.make_bucket && local.notification == "eventbridge") ? 1 : 0

  bucket      = local.make_bucket ? aws_s3_bucket.inbox[0].id : local.bucket_name
  eventbridge = local.notification == "eventbridge"

  dynamic "queue" {
    for_each = local.notification == "s3" ? [aws_sqs_queue.events.arn] : []
    content {
      queue_arn     = queue.value
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = var.prefix == "" ? null : var.prefix
    }
  }

  # S3 sends a test message first, and refuses a queue that does not accept it.
  depends_on = [aws_sqs_queue_policy.events]
}

resource "aws_cloudwatch_event_rule" "object_created" {
  count = local.notification == "eventbridge" ? 1 : 0

  name        = local.rule_name
  description = "A file was uploaded to ${local.bucket_name}"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    account     = [local.account]
    detail = merge(
      { bucket = { name = [local.bucket_name] } },
      var.prefix == "" ? {} : { object = { key = [{ prefix = var.prefix }] } },
    )
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  count = local.notification == "eventbridge" ? 1 : 0

  rule = aws_cloudwatch_event_rule.object_created[0].name
  arn  = aws_sqs_queue.events.arn
}
