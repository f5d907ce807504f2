# The dashboard: files, rows, time, queue, loader, database.

locals {
  # SEARCH finds datasets automatically, including those added later.
  by_dataset = {
    for metric, statistic in {
      LoadsLoaded    = "Sum", LoadsFailed = "Sum", LoadsDuplicate = "Sum", LoadsSuperseded = "Sum", LoadsMissing = "Sum",
      LoadsUnmatched = "Sum",
      Busy           = "Sum", Continued = "Sum", RowsRead = "Sum", RowsRejected = "Sum", RowsInserted = "Sum",
      RowsUpdated    = "Sum", RowsUnchanged = "Sum", BytesRead = "Sum", LoadDuration = "p95", EventToCommitLag = "p95",
    } : metric => "SEARCH('{Stardrop,Dataset} MetricName=\"${metric}\"', '${statistic}', 300)"
  }

  charts = concat(
    [
      { title = "Files loaded", stacked = true, metrics = [[{ expression = local.by_dataset.LoadsLoaded }]] },
      { title = "Files failed", stacked = true, metrics = [[{ expression = local.by_dataset.LoadsFailed }]] },
      {
        title   = "Files skipped: duplicate, superseded, missing, matching no dataset"
        stacked = true
        metrics = [
          [{ expression = local.by_dataset.LoadsDuplicate }],
          [{ expression = local.by_dataset.LoadsSuperseded }],
          [{ expression = local.by_dataset.LoadsMissing }],
          [{ expression = local.by_dataset.LoadsUnmatched }],
        ]
      },
      {
        title   = "Files continued in another invocation, or waiting for another worker"
        stacked = true
        metrics = [[{ expression = local.by_dataset.Continued }], [{ expression = local.by_dataset.Busy }]]
      },
      { title = "Rows read", stacked = true, metrics = [[{ expression = local.by_dataset.RowsRead }]] },
      { title = "Rows inserted", stacked = true, metrics = [[{ expression = local.by_dataset.RowsInserted }]] },
      { title = "Rows updated", stacked = true, metrics = [[{ expression = local.by_dataset.RowsUpdated }]] },
      { title = "Rows unchanged", stacked = true, metrics = [[{ expression = local.by_dataset.RowsUnchanged }]] },
      { title = "Rows rejected", stacked = true, metrics = [[{ expression = local.by_dataset.RowsRejected }]] },
      { title = "From event to commit, ms, p95", stacked = false, metrics = [[{ expression = local.by_dataset.EventToCommitLag }]] },
      { title = "Duration of a load, ms, p95", stacked = false, metrics = [[{ expression = local.by_dataset.LoadDuration }]] },
      { title = "Bytes read", stacked = true, metrics = [[{ expression = local.by_dataset.BytesRead }]] },
    ],
    [
      {
        title   = "Messages"
        stacked = false
        metrics = [
          ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.events.name, { label = "waiting", stat = "Maximum" }],
          ["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", aws_sqs_queue.events.name, { label = "in flight", stat = "Maximum" }],
          ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.dead_letters.name, { label = "dead letters", stat = "Maximum" }],
        ]
      },
      {
        title   = "Loader"
        stacked = false
        metrics = [
          ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", local.loader_name, { label = "concurrent loads (at most ${local.loaders})", stat = "Maximum" }],
          ["AWS/Lambda", "Errors", "FunctionName", local.loader_name, { label = "errors", stat = "Sum" }],
          ["AWS/Lambda", "Throttles", "FunctionName", local.loader_name, { label = "throttles", stat = "Sum" }],
        ]
      },
    ],
    [
      for chart in [
        {
          title   = "Database"
          stacked = false
          metrics = [
            concat(["AWS/RDS", "DatabaseConnections"], flatten([for k, v in local.database_dimensions : [k, v]]), [{ label = "connections (of ${local.connections})", stat = "Maximum" }]),
            concat(["AWS/RDS", "CPUUtilization"], flatten([for k, v in local.database_dimensions : [k, v]]), [{ label = "CPU, %", stat = "Average" }]),
          ]
        },
      ] : chart if local.make_database
    ],
  )
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      for i, chart in local.charts : {
        type   = "metric"
        x      = 8 * (i % 3)
        y      = 6 * floor(i / 3)
        width  = 8
        height = 6
        properties = {
          title   = chart.title
          view    = "timeSeries"
          stacked = chart.stacked
          region  = local.region
          period  = 300
          metrics = chart.metrics
        }
      }
    ]
  })
}
