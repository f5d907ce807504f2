mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  loader_zip = "tests/fixtures/loader.zip"
  layer_zip  = "tests/fixtures/layer.zip"
}

run "bucket" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.inbox[0].versioning_configuration[0].status == "Enabled"
    error_message = "versioning is on"
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.inbox[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    error_message = "files are encrypted with the key"
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.inbox[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.main[0].arn
    error_message = "files are encrypted with the key that is created here"
  }

  assert {
    condition     = alltrue([for on in [aws_s3_bucket_public_access_block.inbox[0].block_public_acls, aws_s3_bucket_public_access_block.inbox[0].block_public_policy, aws_s3_bucket_public_access_block.inbox[0].ignore_public_acls, aws_s3_bucket_public_access_block.inbox[0].restrict_public_buckets] : on])
    error_message = "nothing in the bucket is public"
  }

  assert {
    condition     = one(aws_s3_bucket_ownership_controls.inbox[0].rule).object_ownership == "BucketOwnerEnforced"
    error_message = "no ACLs"
  }

  assert {
    condition     = toset([for s in jsondecode(output.policies.bucket).Statement : s.Sid]) == toset(["OnlyByTls", "OnlyByTls12"]) && alltrue([for s in jsondecode(output.policies.bucket).Statement : s.Effect == "Deny" && length(s.Resource) == 2])
    error_message = "the bucket requires TLS 1.2 or newer"
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.inbox[0].rule : rule.abort_incomplete_multipart_upload[0].days_after_initiation if length(rule.abort_incomplete_multipart_upload) > 0] == [7]
    error_message = "parts of incomplete uploads are deleted after a week"
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.inbox[0].rule : rule.noncurrent_version_expiration[0].noncurrent_days if length(rule.noncurrent_version_expiration) > 0] == [30]
    error_message = "old versions are deleted after 30 days"
  }

  assert {
    condition     = aws_s3_bucket_notification.inbox[0].queue[0].events == toset(["s3:ObjectCreated:*"]) && aws_s3_bucket_notification.inbox[0].queue[0].queue_arn == aws_sqs_queue.events.arn
    error_message = "events of every kind of upload reach the queue, multipart uploads too"
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.object_created) == 0
    error_message = "events are sent one way only"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "ReadFiles"]).Resource == "arn:aws:s3:::stardrop-inbox-111122223333-eu-central-1/*" && toset(one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "ReadFiles"]).Action) == toset(["s3:GetObject", "s3:GetObjectVersion"])
    error_message = "the loader may read the bucket and not write"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "KnowWhatIsMissing"]).Resource == "arn:aws:s3:::stardrop-inbox-111122223333-eu-central-1" && one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "KnowWhatIsMissing"]).Action == ["s3:ListBucket"]
    error_message = "the loader may list the bucket, so a deleted file is 404 instead of 403"
  }
}

run "bucket_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.bucket.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "prefix" {
  command = plan

  variables {
    prefix = "in/"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "ReadFiles"]).Resource == "arn:aws:s3:::stardrop-inbox-111122223333-eu-central-1/in/*"
    error_message = "the loader reads keys with the prefix only"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.endpoint_s3).Statement : s if s.Sid == "ReadFiles"]).Resource == "arn:aws:s3:::stardrop-inbox-111122223333-eu-central-1/in/*"
    error_message = "the endpoint allows keys with the prefix only"
  }

  assert {
    condition     = aws_s3_bucket_notification.inbox[0].queue[0].filter_prefix == "in/"
    error_message = "only keys with the prefix send events"
  }

  assert {
    condition     = endswith(output.drop, "/in/")
    error_message = "the upload command uses the prefix"
  }
}

run "prefix_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.prefix.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "bucket_name_and_lifecycle" {
  command = plan

  variables {
    bucket_name        = "my-files"
    keep_versions_days = 90
    keep_files_days    = 400
  }

  assert {
    condition     = aws_s3_bucket.inbox[0].bucket == "my-files" && output.bucket == "my-files"
    error_message = "the bucket has the given name"
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.inbox[0].rule : rule.expiration[0].days if rule.id == "old-files"] == [400]
    error_message = "files are deleted after 400 days"
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.inbox[0].rule : rule.noncurrent_version_expiration[0].noncurrent_days if rule.id == "old-versions"] == [90]
    error_message = "versions are deleted after 90 days"
  }
}

run "bucket_name_and_lifecycle_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.bucket_name_and_lifecycle.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "aws_keys" {
  command = plan

  variables {
    encryption = "aws"
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.inbox[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "files are encrypted by S3"
  }

  assert {
    condition     = aws_sqs_queue.events.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled && aws_sqs_queue.events.kms_master_key_id == null
    error_message = "messages are encrypted by SQS"
  }

  assert {
    condition     = aws_db_instance.main[0].storage_encrypted
    error_message = "the database is encrypted by RDS"
  }

  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == aws_kms_key.main[0].arn
    error_message = "the alarm topic still has a key"
  }

  assert {
    condition     = !anytrue([for s in jsondecode(output.policies.loader).Statement : anytrue([for a in flatten([s.Action]) : startswith(a, "kms:")])])
    error_message = "the loader uses no key"
  }

  assert {
    condition     = toset([for s in jsondecode(output.policies.key).Statement : s.Sid]) == toset(["AccountDecides", "AlarmsToTopic"])
    error_message = "only the alarm topic uses the key"
  }
}

run "aws_keys_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.aws_keys.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "own_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/own"
  }

  assert {
    condition     = length(aws_kms_key.main) == 0
    error_message = "no key is created"
  }

  assert {
    condition     = alltrue([for key in [one(aws_s3_bucket_server_side_encryption_configuration.inbox[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id, aws_sqs_queue.events.kms_master_key_id, aws_sqs_queue.dead_letters.kms_master_key_id, aws_db_instance.main[0].kms_key_id, aws_db_instance.main[0].master_user_secret_kms_key_id, aws_db_instance.main[0].performance_insights_kms_key_id, aws_sns_topic.alarms.kms_master_key_id, aws_lambda_function.loader.kms_key_arn, aws_lambda_function.migrate.kms_key_arn, aws_cloudwatch_log_group.loader.kms_key_id, aws_cloudwatch_log_group.migrate.kms_key_id] : key == "arn:aws:kms:eu-central-1:111122223333:key/own"])
    error_message = "your key encrypts everything at rest"
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.database : group.kms_key_id == "arn:aws:kms:eu-central-1:111122223333:key/own"])
    error_message = "your key encrypts the logs of the database"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "DecryptFiles"]).Resource == "arn:aws:kms:eu-central-1:111122223333:key/own"
    error_message = "the loader may use your key"
  }
}

run "own_key_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.own_key.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "own_bucket" {
  command = plan

  variables {
    bucket = { name = "theirs", kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/theirs" }
  }

  assert {
    condition     = length(aws_s3_bucket.inbox) == 0 && length(aws_s3_bucket_notification.inbox) == 0 && length(aws_s3_bucket_policy.inbox) == 0
    error_message = "your bucket is not changed"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.object_created[0].event_pattern).detail.bucket.name == ["theirs"]
    error_message = "its events come through EventBridge"
  }

  assert {
    condition     = aws_cloudwatch_event_target.queue[0].arn == aws_sqs_queue.events.arn
    error_message = "its events go to the queue"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.queue).Statement : s if s.Sid == "Events"]).Principal.Service == "events.amazonaws.com" && one([for s in jsondecode(output.policies.queue).Statement : s if s.Sid == "Events"]).Condition.ArnEquals["aws:SourceArn"] == "arn:aws:events:eu-central-1:111122223333:rule/stardrop-object-created"
    error_message = "only the rule may send"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "ReadFiles"]).Resource == "arn:aws:s3:::theirs/*" && one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "DecryptFiles"]).Resource == "arn:aws:kms:eu-central-1:111122223333:key/theirs"
    error_message = "the loader may read your bucket and use its key"
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.plain), "undelivered-events")
    error_message = "an alarm reports undelivered events"
  }
}

run "own_bucket_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.own_bucket.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "own_bucket_by_its_notification" {
  command = plan

  variables {
    bucket       = { name = "theirs" }
    notification = "s3"
  }

  assert {
    condition     = aws_s3_bucket_notification.inbox[0].bucket == "theirs" && length(aws_s3_bucket_notification.inbox[0].queue) == 1
    error_message = "the bucket's notification is set"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.queue).Statement : s if s.Sid == "Events"]).Condition.ArnEquals["aws:SourceArn"] == "arn:aws:s3:::theirs"
    error_message = "only the bucket may send"
  }

  assert {
    condition     = !contains([for s in jsondecode(output.policies.loader).Statement : s.Sid], "DecryptFiles")
    error_message = "a bucket under AWS managed keys needs no key"
  }
}

run "own_bucket_by_its_notification_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.own_bucket_by_its_notification.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "notification_by_eventbridge" {
  command = plan

  variables {
    notification = "eventbridge"
    prefix       = "in/"
  }

  assert {
    condition     = aws_s3_bucket_notification.inbox[0].eventbridge && length(aws_s3_bucket_notification.inbox[0].queue) == 0
    error_message = "the bucket sends events to EventBridge"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.object_created[0].event_pattern).detail.object.key == [{ prefix = "in/" }]
    error_message = "the rule has the prefix"
  }

  assert {
    condition     = contains([for s in jsondecode(output.policies.key).Statement : s.Sid], "RuleToQueue") && !contains([for s in jsondecode(output.policies.key).Statement : s.Sid], "BucketToQueue")
    error_message = "EventBridge may use the key, S3 may not"
  }
}

run "notification_by_eventbridge_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.notification_by_eventbridge.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "notification_none" {
  command = plan

  variables {
    notification = "none"
  }

  assert {
    condition     = length(aws_s3_bucket_notification.inbox) == 0 && length(aws_cloudwatch_event_rule.object_created) == 0
    error_message = "no notification is set"
  }

  assert {
    condition     = !contains([for s in jsondecode(output.policies.queue).Statement : s.Sid], "Events")
    error_message = "nobody may send to the queue"
  }
}

run "notification_none_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.notification_none.policies
  }

  assert {
    condition     = length(output.findings) == 0
    error_message = join("; ", output.findings)
  }

  assert {
    condition     = output.stars == tolist(["loader: SeeNetworkInterfaces", "migrate: SeeNetworkInterfaces"])
    error_message = "these statements are on all resources: ${join(", ", output.stars)}"
  }
}

run "notification_unknown" {
  command = plan

  variables {
    notification = "mail"
  }

  expect_failures = [var.notification]
}

run "files_gone_before_dead_letters" {
  command = plan

  variables {
    keep_files_days = 7
  }

  expect_failures = [var.keep_files_days]
}

run "versions_gone_at_once" {
  command = plan

  variables {
    keep_versions_days = 0
  }

  expect_failures = [var.keep_versions_days]
}

run "encryption_unknown" {
  command = plan

  variables {
    encryption = "none"
  }

  expect_failures = [var.encryption]
}
