mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  loader_zip = "tests/fixtures/loader.zip"
  layer_zip  = "tests/fixtures/layer.zip"
}

run "queue" {
  command = plan

  assert {
    condition     = aws_sqs_queue.events.visibility_timeout_seconds == 6 * aws_lambda_function.loader.timeout
    error_message = "a message stays hidden for six times the timeout"
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.events.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 20 }
    error_message = "after 20 attempts a message is a dead letter"
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.events.arn] }
    error_message = "only this queue may use the dead-letter queue"
  }

  assert {
    condition     = aws_sqs_queue.dead_letters.message_retention_seconds == 1209600 && aws_sqs_queue.events.message_retention_seconds < aws_sqs_queue.dead_letters.message_retention_seconds
    error_message = "dead letters are kept longer than messages"
  }

  assert {
    condition     = 20 * aws_sqs_queue.events.visibility_timeout_seconds < aws_sqs_queue.events.message_retention_seconds
    error_message = "no message expires before its attempts are used up"
  }

  assert {
    condition     = aws_sqs_queue.events.fifo_queue == null || aws_sqs_queue.events.fifo_queue == false
    error_message = "it is a standard queue"
  }

  assert {
    condition     = aws_sqs_queue.events.kms_master_key_id == aws_kms_key.main[0].arn && aws_sqs_queue.dead_letters.kms_master_key_id == aws_kms_key.main[0].arn
    error_message = "messages are encrypted with the key"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.queue).Statement : s if s.Sid == "Events"]).Principal.Service == "s3.amazonaws.com" && one([for s in jsondecode(output.policies.queue).Statement : s if s.Sid == "Events"]).Action == "sqs:SendMessage" && one([for s in jsondecode(output.policies.queue).Statement : s if s.Sid == "Events"]).Resource == aws_sqs_queue.events.arn && one([for s in jsondecode(output.policies.queue).Statement : s if s.Sid == "Events"]).Condition == { StringEquals = { "aws:SourceAccount" = "111122223333" }, ArnEquals = { "aws:SourceArn" = "arn:aws:s3:::stardrop-inbox-111122223333-eu-central-1" } }
    error_message = "only the bucket of this account may send"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.queue.batch_size == 1 && aws_lambda_event_source_mapping.queue.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "one message for each invocation"
  }

  assert {
    condition     = toset(one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "WorkOffQueue"]).Action) == toset(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:SendMessage"]) && one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "WorkOffQueue"]).Resource == aws_sqs_queue.events.arn
    error_message = "the loader may use its queue only"
  }

  assert {
    condition     = !anytrue([for s in jsondecode(output.policies.migrate).Statement : anytrue([for a in flatten([s.Action]) : startswith(a, "sqs:") || startswith(a, "s3:")])])
    error_message = "the migration may not read files"
  }

  assert {
    condition     = strcontains(output.redrive, aws_sqs_queue.dead_letters.arn)
    error_message = "the redrive command names the dead letters"
  }
}

run "queue_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.queue.policies
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

run "timeout" {
  command = plan

  variables {
    timeout_seconds = 120
  }

  assert {
    condition     = aws_lambda_function.loader.timeout == 120 && aws_sqs_queue.events.visibility_timeout_seconds == 720
    error_message = "visibility follows the timeout"
  }
}

run "timeout_too_long" {
  command = plan

  variables {
    timeout_seconds = 901
  }

  expect_failures = [var.timeout_seconds]
}
