mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  loader_zip = "tests/fixtures/loader.zip"
  layer_zip  = "tests/fixtures/layer.zip"
}

run "never" {
  command = plan

  assert {
    condition     = length(aws_scheduler_schedule.reconcile) == 0 && length(aws_iam_role.scheduler) == 0
    error_message = "there is no schedule by default"
  }
}

run "nightly" {
  command = plan

  variables {
    reconcile_schedule = "cron(0 4 * * ? *)"
    prefix             = "in/"
  }

  assert {
    condition     = aws_scheduler_schedule.reconcile[0].schedule_expression == "cron(0 4 * * ? *)" && aws_scheduler_schedule.reconcile[0].kms_key_arn == aws_kms_key.main[0].arn
    error_message = "the schedule is set and encrypted"
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.reconcile[0].target[0].input) == { reconcile = { bucket = "stardrop-inbox-111122223333-eu-central-1", prefix = "in/", heal = true } }
    error_message = "the schedule heals"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.scheduler).Statement : s if s.Sid == "InvokeLoader"]).Action == "lambda:InvokeFunction" && one([for s in jsondecode(output.policies.scheduler).Statement : s if s.Sid == "InvokeLoader"]).Resource == "arn:aws:lambda:eu-central-1:111122223333:function:stardrop-loader"
    error_message = "the schedule's role may invoke the loader only"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.scheduler).Statement : s if s.Sid == "DecryptSchedule"]).Resource == aws_kms_key.main[0].arn
    error_message = "the schedule's role may decrypt its payload"
  }

  assert {
    condition     = one([for s in jsondecode(output.policies.scheduler_trust).Statement : s if s.Sid == "Scheduler"]).Condition.ArnEquals["aws:SourceArn"] == "arn:aws:scheduler:eu-central-1:111122223333:schedule-group/stardrop"
    error_message = "only our schedules may assume the role"
  }

  assert {
    condition     = toset(one([for s in jsondecode(output.policies.loader).Statement : s if s.Sid == "KnowWhatIsMissing"]).Action) == toset(["s3:ListBucket", "s3:ListBucketVersions"])
    error_message = "the loader may list versions"
  }
}

run "nightly_reviewed" {
  command = plan

  module {
    source = "./tests/review"
  }

  variables {
    policies = run.nightly.policies
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

run "only_reports" {
  command = plan

  variables {
    reconcile_schedule = "rate(1 day)"
    reconcile_heal     = false
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.reconcile[0].target[0].input).reconcile.heal == false
    error_message = "reconcile_heal = false only reports"
  }
}

run "schedule_unfit" {
  command = plan

  variables {
    reconcile_schedule = "daily"
  }

  expect_failures = [var.reconcile_schedule]
}
