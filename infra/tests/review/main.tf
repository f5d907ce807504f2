# Reviews policies as a security reviewer would, and returns findings. Used by the tests only.

variable "policies" {
  description = "Policies by name, as JSON."
  type        = map(string)
}

locals {
  statements = flatten([
    for name, policy in var.policies : [
      for statement in jsondecode(policy).Statement : {
        at         = "${name}: ${statement.Sid}"
        policy     = name
        sid        = statement.Sid
        allow      = statement.Effect == "Allow"
        actions    = flatten([statement.Action])
        resources  = flatten([try(statement.Resource, [])])
        service    = try(statement.Principal.Service, null)
        anybody    = try(statement.Principal == "*" || statement.Principal.AWS == "*", false)
        conditions = merge([for operator, keys in try(statement.Condition, {}) : { for key, value in keys : key => jsonencode(value) }]...)
        guarded    = try(statement.Condition, null) != null
      }
    ]
  ])
  allowed = [for statement in local.statements : statement if statement.allow]

  # Statements for which AWS supports no narrower resource: describing network interfaces, which the function's own
  # code is denied, and X-Ray. In a key policy "*" means that key.
  known_star = [
    for statement in local.allowed : statement.at
    if contains(["SeeNetworkInterfaces", "Trace"], statement.sid) && length(setsubtract(statement.actions, [
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ])) == 0 || statement.policy == "key"
  ]
  # Trust policies without a source: Lambda sets none when it assumes a role.
  known_service = ["lambda_trust: Lambda"]

  findings = concat(
    [for s in local.allowed : "${s.at} allows an action with a *" if anytrue([for action in s.actions : strcontains(action, "*")])],
    [for s in local.allowed : "${s.at} allows on every resource" if contains(s.resources, "*") && !contains(local.known_star, s.at)],
    # A * may be at the end of an ARN, but not in its partition, service, region or account.
    [
      for s in local.allowed : "${s.at} is on a resource of any service, region or account" if anytrue([
        for resource in s.resources : anytrue([for part in slice(split(":", resource), 0, 5) : strcontains(part, "*")]) if resource != "*"
      ])
    ],
    # ARNs of buckets have no account; all others must have ours.
    [
      for s in local.allowed : "${s.at} is on a resource of another account" if anytrue([
        for resource in s.resources : split(":", resource)[4] != "111122223333" if resource != "*" && !startswith(resource, "arn:aws:s3:::")
      ])
    ],
    [
      for s in local.allowed : "${s.at} trusts ${s.service} without a source" if s.service != null && !contains(local.known_service, s.at) && !(
        (lookup(s.conditions, "aws:SourceAccount", "") == "\"111122223333\"" && strcontains(lookup(s.conditions, "aws:SourceArn", ""), "arn:aws:")) ||
        strcontains(lookup(s.conditions, "kms:EncryptionContext:aws:logs:arn", ""), ":111122223333:log-group:/aws/") ||
        strcontains(lookup(s.conditions, "kms:EncryptionContext:aws:sqs:arn", ""), ":111122223333:stardrop-events")
      )
    ],
    [for s in local.allowed : "${s.at} allows everybody" if s.anybody && lookup(s.conditions, "aws:PrincipalAccount", "") != "\"111122223333\""],
    # Only the Lambda service may create network interfaces: each role that allows it also denies it to the function.
    [
      for name in distinct([for s in local.allowed : s.policy if anytrue([for action in s.actions : startswith(action, "ec2:")])]) :
      "${name}: the function itself may use network interfaces" if !anytrue([
        for s in local.statements : !s.allow && s.policy == name && contains(keys(s.conditions), "lambda:SourceFunctionArn") && contains(s.actions, "ec2:CreateNetworkInterface") && contains(s.actions, "ec2:DescribeNetworkInterfaces")
      ])
    ],
    # Everything that can be reached from the network requires TLS.
    [
      for name in setintersection(["bucket", "queue", "dead_letters", "topic"], keys(var.policies)) :
      "${name} can be used without TLS" if !anytrue([
        for s in local.statements : !s.allow && s.policy == name && lookup(s.conditions, "aws:SecureTransport", "") == "\"false\""
      ])
    ],
  )
}

output "findings" {
  description = "One sentence for each finding."
  value       = local.findings
}

output "stars" {
  description = "The statements on all resources, because AWS supports no narrower one."
  value       = sort([for s in local.allowed : s.at if contains(s.resources, "*") && s.policy != "key"])
}
