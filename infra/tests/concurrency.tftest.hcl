mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  loader_zip = "tests/fixtures/loader.zip"
  layer_zip  = "tests/fixtures/layer.zip"
}

run "medium" {
  command = plan

  assert {
    condition     = one(aws_lambda_event_source_mapping.queue.scaling_config).maximum_concurrency == 61 && output.maximum_concurrency == 61
    error_message = "61 files load concurrently"
  }

  assert {
    condition     = aws_lambda_function.loader.environment[0].variables.STARDROP_CONNECTIONS == "1"
    error_message = "each load uses one connection, as the concurrency assumes"
  }

  assert {
    condition     = one([for p in aws_db_parameter_group.main[0].parameter : p.value if p.name == "max_connections"]) == "200"
    error_message = "the database allows what was computed"
  }
}

run "two_connections" {
  command = plan

  variables {
    settings = { STARDROP_CONNECTIONS = "2" }
  }

  assert {
    condition     = one(aws_lambda_event_source_mapping.queue.scaling_config).maximum_concurrency == 30 && output.maximum_concurrency == 30
    error_message = "30 files load concurrently, over two connections each"
  }

  assert {
    condition     = aws_lambda_function.loader.environment[0].variables.STARDROP_CONNECTIONS == "2"
    error_message = "the loader uses two connections"
  }
}

run "micro" {
  command = plan

  variables {
    instance_class = "db.t4g.micro"
  }

  assert {
    condition     = one(aws_lambda_event_source_mapping.queue.scaling_config).maximum_concurrency == 11 && output.maximum_concurrency == 11
    error_message = "11 files load concurrently"
  }

  assert {
    condition     = one([for p in aws_db_parameter_group.main[0].parameter : p.value if p.name == "max_connections"]) == "50"
    error_message = "50 connections for each GiB"
  }
}

run "r_class" {
  command = plan

  variables {
    instance_class = "db.r8g.4xlarge"
  }

  assert {
    condition     = one(aws_lambda_event_source_mapping.queue.scaling_config).maximum_concurrency == 1000 && output.maximum_concurrency == 1000
    error_message = "1000 files load concurrently"
  }

  assert {
    condition     = one([for p in aws_db_parameter_group.main[0].parameter : p.value if p.name == "max_connections"]) == "5000"
    error_message = "RDS allows at most 5000 connections"
  }
}

run "m_class" {
  command = plan

  variables {
    instance_class = "db.m7g.large"
  }

  assert {
    condition     = one(aws_lambda_event_source_mapping.queue.scaling_config).maximum_concurrency == 128 && output.maximum_concurrency == 128
    error_message = "128 files load concurrently"
  }
}

run "few_connections" {
  command = plan

  variables {
    database_connections = 25
  }

  assert {
    condition     = one(aws_lambda_event_source_mapping.queue.scaling_config).maximum_concurrency == 3 && output.maximum_concurrency == 3
    error_message = "3 files load concurrently"
  }
}

run "hardly_any_connections" {
  command = plan

  variables {
    database = { host = "pg.example.org", connections = 16, resource_id = "db-OWN" }
  }

  assert {
    condition     = one(aws_lambda_event_source_mapping.queue.scaling_config).maximum_concurrency == 2 && output.maximum_concurrency == 2
    error_message = "2 files load concurrently"
  }
}

run "own_database" {
  command = plan

  variables {
    database = { host = "pg.example.org", connections = 200, resource_id = "db-OWN", security_group_id = "sg-own" }
  }

  assert {
    condition     = one(aws_lambda_event_source_mapping.queue.scaling_config).maximum_concurrency == 61 && output.maximum_concurrency == 61
    error_message = "61 files load concurrently"
  }
}

run "by_hand" {
  command = plan

  variables {
    maximum_concurrency = 7
  }

  assert {
    condition     = one(aws_lambda_event_source_mapping.queue.scaling_config).maximum_concurrency == 7 && output.maximum_concurrency == 7
    error_message = "7 files load concurrently"
  }
}

run "by_hand_too_few" {
  command = plan

  variables {
    maximum_concurrency = 1
  }

  expect_failures = [var.maximum_concurrency]
}

run "reserved" {
  command = plan

  variables {
    reserved_concurrency = 250
  }

  assert {
    condition     = aws_lambda_function.loader.reserved_concurrent_executions == 250
    error_message = "concurrency is reserved for the loader"
  }
}

run "reserved_too_few" {
  command = plan

  variables {
    reserved_concurrency = 61
  }

  expect_failures = [aws_lambda_function.loader]
}

run "instance_class_unknown" {
  command = plan

  variables {
    instance_class = "db.serverless"
  }

  expect_failures = [var.instance_class]
}
