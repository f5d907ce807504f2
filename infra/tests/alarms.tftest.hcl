mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  loader_zip = "tests/fixtures/loader.zip"
  layer_zip  = "tests/fixtures/layer.zip"

  datasets_dir = "../examples"
}

run "alarms" {
  command = plan

  variables {
    runbook_url = "https://example.org/operations.md"
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.plain)) == toset(["dead-letters", "unmatched-keys", "lag", "loader-errors", "loader-throttles", "database-connections", "database-cpu"])
    error_message = "exactly these alarms exist"
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.plain), aws_cloudwatch_metric_alarm.storage, values(aws_cloudwatch_metric_alarm.failed_loads), values(aws_cloudwatch_metric_alarm.reject_share)) : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn]) && alarm.treat_missing_data == "notBreaching"])
    error_message = "each alarm publishes to the topic, and missing data does not raise it"
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.plain), aws_cloudwatch_metric_alarm.storage, values(aws_cloudwatch_metric_alarm.failed_loads), values(aws_cloudwatch_metric_alarm.reject_share)) : strcontains(alarm.alarm_description, " https://example.org/operations.md#")])
    error_message = "each alarm links to the runbook"
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.plain), aws_cloudwatch_metric_alarm.storage, values(aws_cloudwatch_metric_alarm.failed_loads), values(aws_cloudwatch_metric_alarm.reject_share)) : strcontains(file("../docs/how-to/operations.md"), "\n### ${split("#", alarm.alarm_description)[1]}\n")])
    error_message = "each alarm has an entry in the runbook"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.plain["dead-letters"].dimensions == tomap({ QueueName = "stardrop-dead-letters" }) && aws_cloudwatch_metric_alarm.plain["dead-letters"].threshold == 0
    error_message = "one dead letter raises the alarm"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.plain["unmatched-keys"].dimensions == tomap({ Dataset = "-" }) && aws_cloudwatch_metric_alarm.plain["unmatched-keys"].namespace == "Stardrop" && aws_cloudwatch_metric_alarm.plain["unmatched-keys"].threshold == 0
    error_message = "one key that fits no dataset raises the alarm"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.plain["lag"].threshold == 1800 && aws_cloudwatch_metric_alarm.plain["lag"].metric_name == "ApproximateAgeOfOldestMessage"
    error_message = "the lag alarm is at half an hour"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.plain["database-connections"].threshold == 160
    error_message = "the connections alarm is at four fifths of 200"
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.failed_loads) == keys(aws_cloudwatch_metric_alarm.reject_share) && aws_cloudwatch_metric_alarm.failed_loads["sales"].dimensions == tomap({ Dataset = "sales" }) && aws_cloudwatch_metric_alarm.failed_loads["sales"].namespace == "Stardrop" && aws_cloudwatch_metric_alarm.failed_loads["sales"].metric_name == "LoadsFailed"
    error_message = "each dataset has its own alarms"
  }

  assert {
    condition     = toset([for q in aws_cloudwatch_metric_alarm.reject_share["sales"].metric_query : q.metric[0].metric_name if length(q.metric) > 0]) == toset(["RowsRead", "RowsRejected"]) && aws_cloudwatch_metric_alarm.reject_share["sales"].threshold == 5
    error_message = "the reject share is rejected rows divided by rows read"
  }

  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == aws_kms_key.main[0].arn
    error_message = "the topic is encrypted with the key"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.topic).Statement : s if s.Sid == "Alarms"]).Condition == { StringEquals = { "aws:SourceAccount" = "111122223333" }, ArnLike = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:stardrop-*" } }
    error_message = "only these alarms may publish"
  }

  assert {
    condition     = length(aws_sns_topic_subscription.mail) == 0
    error_message = "without alarm_emails nobody is subscribed"
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets) == 15 && endswith(output.dashboard, "dashboard/stardrop")
    error_message = "the dashboard shows files, rows, queue, loader and database"
  }
}

run "alarms_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.alarms.policies
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

run "alarms_by_variable" {
  command = plan

  variables {
    alarm_emails         = ["ops@example.org"]
    lag_alarm_minutes    = 5
    reject_alarm_percent = 20
    notification         = "eventbridge"
  }

  assert {
    condition     = aws_sns_topic_subscription.mail["ops@example.org"].protocol == "email" && aws_sns_topic_subscription.mail["ops@example.org"].topic_arn == aws_sns_topic.alarms.arn
    error_message = "addresses in alarm_emails are subscribed"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.plain["lag"].threshold == 300 && aws_cloudwatch_metric_alarm.reject_share["sales"].threshold == 20
    error_message = "variables set the thresholds"
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.plain), aws_cloudwatch_metric_alarm.storage, values(aws_cloudwatch_metric_alarm.failed_loads), values(aws_cloudwatch_metric_alarm.reject_share)) : strcontains(file("../docs/how-to/operations.md"), "\n### ${split("#", alarm.alarm_description)[1]}\n")])
    error_message = "each alarm has an entry in the runbook"
  }
}

run "other_datasets" {
  command = plan

  variables {
    datasets_dir = "tests/fixtures/datasets"
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.failed_loads) == ["parcels"]
    error_message = "the dataset's name comes from its contract, not from its folder"
  }
}

run "lag_of_nothing" {
  command = plan

  variables {
    lag_alarm_minutes = 0
  }

  expect_failures = [var.lag_alarm_minutes]
}

run "all_rejected_is_fine" {
  command = plan

  variables {
    reject_alarm_percent = 100
  }

  expect_failures = [var.reject_alarm_percent]
}
