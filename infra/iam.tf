# IAM roles and policies: exact actions on exact resources, one role for each function.
#
# Two statements have the resource "*", because AWS supports no narrower one: describing network interfaces (Lambda does
# that with the function's role; the function's own code is denied it) and, if `tracing` is on, X-Ray.

locals {
  loader_queue_actions = [
    "sqs:ChangeMessageVisibility", # hides a message until another worker's lease ends
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage", # a load that runs out of time continues by a message to itself
  ]

  # Without permission to list the bucket, S3 answers 403 instead of 404 for a deleted object, and the load would be
  # retried instead of recorded as `missing`. Reconcile also lists versions.
  bucket_actions = concat(
    ["s3:ListBucket"],
    var.reconcile_schedule == null ? [] : ["s3:ListBucketVersions"],
    length(var.extracts) == 0 ? [] : ["s3:ListBucketMultipartUploads"], # to abort what a run that died has left
  )

  migrate_secret = local.make_database ? { arn = local.master_secret, kms_key_arn = local.data_key_arn } : var.database.migrate_secret
  migrate_auth   = local.migrate_secret == null ? "iam" : "secret"
  secret_arns = concat(
    local.make_database ? [local.master_secret] : [for secret in [local.migrate_secret] : secret.arn if secret != null],
    [for secret in [var.loader_secret] : secret.arn if secret != null],
    local.extract_secret_arns,
  )

  lambda_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Lambda"
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })

  # The Lambda service, not the function's code, creates and deletes network interfaces in the subnets.
  network_statements = [
    {
      Sid    = "CreateNetworkInterface"
      Effect = "Allow"
      Action = ["ec2:CreateNetworkInterface"]
      Resource = concat(
        [for id in local.subnet_ids : "arn:${local.partition}:ec2:${local.region}:${local.account}:subnet/${id}"],
        [
          "arn:${local.partition}:ec2:${local.region}:${local.account}:security-group/${aws_security_group.lambda.id}",
          "arn:${local.partition}:ec2:${local.region}:${local.account}:network-interface/*",
        ],
      )
    },
    {
      # Ids of network interfaces are not known beforehand, and AWS supports no narrower pattern.
      Sid    = "RemoveNetworkInterface"
      Effect = "Allow"
      Action = [
        "ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses",
      ]
      Resource = "arn:${local.partition}:ec2:${local.region}:${local.account}:*/*"
    },
    {
      # AWS supports these actions only on all resources.
      Sid       = "SeeNetworkInterfaces"
      Effect    = "Allow"
      Action    = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
    },
    {
      Sid    = "NoneOfThisForTheFunction"
      Effect = "Deny"
      Action = [
        "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
      ]
      Resource  = "*"
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = [local.loader_arn, local.migrate_arn] } }
    },
  ]

  tracing_statements = [
    for statement in [
      {
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*"
      },
    ] : statement if var.tracing
  ]

  functions = {
    loader = {
      arn       = local.loader_arn
      log_group = aws_cloudwatch_log_group.loader.arn
      user      = local.loader_user
      auth      = var.database_auth
      secret    = var.loader_secret
    }
    migrate = {
      arn       = local.migrate_arn
      log_group = aws_cloudwatch_log_group.migrate.arn
      user      = local.make_database ? local.master_user : var.database.migrate_user
      auth      = local.migrate_auth
      secret    = local.migrate_secret
    }
  }

  # The statements that both functions need, each for its own resources.
  function_statements = {
    for name, function in local.functions : name => concat(
      [
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${function.log_group}:*"
        },
      ],
      [
        for statement in [
          {
            Sid      = "SignInToDatabase"
            Effect   = "Allow"
            Action   = "rds-db:connect"
            Resource = "arn:${local.partition}:rds-db:${local.region}:${local.account}:dbuser:${coalesce(local.database_resource_id, "none")}/${function.user}"
          },
        ] : statement if function.auth == "iam"
      ],
      [
        for statement in [
          {
            Sid      = "ReadSecret"
            Effect   = "Allow"
            Action   = "secretsmanager:GetSecretValue"
            Resource = try(function.secret.arn, null)
          },
        ] : statement if function.auth == "secret"
      ],
      [
        for statement in [
          {
            Sid       = "DecryptSecret"
            Effect    = "Allow"
            Action    = "kms:Decrypt"
            Resource  = try(function.secret.kms_key_arn, null)
            Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.amazonaws.com" } }
          },
        ] : statement if function.auth == "secret" && try(function.secret.kms_key_arn, null) != null
      ],
      [
        for statement in [
          {
            Sid       = "DecryptEnvironment"
            Effect    = "Allow"
            Action    = "kms:Decrypt"
            Resource  = local.data_key_arn
            Condition = { ArnEquals = { "kms:EncryptionContext:aws:lambda:FunctionArn" = function.arn } }
          },
        ] : statement if var.encryption == "kms"
      ],
      local.network_statements,
      local.tracing_statements,
    )
  }

  bucket_key_arn      = local.make_bucket ? local.data_key_arn : var.bucket.kms_key_arn
  bucket_key_is_known = (local.make_bucket && var.encryption == "kms") || try(var.bucket.kms_key_arn, null) != null

  loader_statements = concat(
    [
      {
        Sid      = "ReadFiles"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = local.objects_arn
      },
      {
        Sid      = "KnowWhatIsMissing"
        Effect   = "Allow"
        Action   = local.bucket_actions
        Resource = local.bucket_arn
      },
      {
        Sid      = "WorkOffQueue"
        Effect   = "Allow"
        Action   = local.loader_queue_actions
        Resource = aws_sqs_queue.events.arn
      },
    ],
    [
      for statement in [
        {
          Sid       = "DecryptFiles"
          Effect    = "Allow"
          Action    = "kms:Decrypt"
          Resource  = local.bucket_key_arn
          Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" } }
        },
      ] : statement if local.bucket_key_is_known
    ],
    [
      for statement in [
        {
          Sid       = "DecryptAndEncryptMessages"
          Effect    = "Allow"
          Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource  = local.data_key_arn
          Condition = { StringEquals = { "kms:ViaService" = "sqs.${local.region}.amazonaws.com" } }
        },
      ] : statement if var.encryption == "kms"
    ],
    local.extract_statements,
    local.function_statements.loader,
  )
}

resource "aws_iam_role" "loader" {
  name               = local.loader_name
  description        = "Role of the Stardrop loader"
  assume_role_policy = local.lambda_trust
}

resource "aws_iam_role_policy" "loader" {
  name   = "loader"
  role   = aws_iam_role.loader.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.loader_statements })
}

resource "aws_iam_role" "migrate" {
  name               = local.migrate_name
  description        = "Role of the Stardrop migration"
  assume_role_policy = local.lambda_trust
}

resource "aws_iam_role_policy" "migrate" {
  name   = "migrate"
  role   = aws_iam_role.migrate.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.function_statements.migrate })
}

# For people: attach this policy to users or roles that read the star with psql or a BI tool.
resource "aws_iam_policy" "reader" {
  count = local.database_auth_by_iam ? 1 : 0

  name        = "${var.name}-reader"
  description = "Signs in to the database of Stardrop as a reader"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "SignInToRead"
        Effect   = "Allow"
        Action   = "rds-db:connect"
        Resource = "arn:${local.partition}:rds-db:${local.region}:${local.account}:dbuser:${local.database_resource_id}/${local.reader_user}"
      },
    ]
  })
}
