//! Prices: none in; what AWS asks for in each region that is known, and where that stands, out.

/// What one region asks for, in dollars, before free tiers and discounts for much.
#[derive(Debug)]
pub struct Region {
    pub name: &'static str,
    pub title: &'static str,
    /// A GB-second of Lambda, 1 GB = 1024 MB.
    pub lambda_arm64_gb_second: f64,
    pub lambda_x86_64_gb_second: f64,
    pub lambda_million_requests: f64,
    pub sqs_million_requests: f64,
    pub s3_thousand_gets: f64,
    /// By the hour, whether files come or not.
    pub by_the_hour: &'static [Hourly],
}

/// One thing that is paid by the hour, as `infra/` makes it unasked.
#[derive(Debug)]
pub struct Hourly {
    pub what: &'static str,
    /// How many of them.
    pub count: u32,
    pub dollars_an_hour: f64,
}

/// When the prices were noted: not off AWS' own pages, which show them by script only, but as others
/// quoted those in 2025 and 2026.
pub const NOTED: &str = "2026-11-21";

/// Where AWS publishes them, and who quotes it.
pub const SOURCES: &[(&str, &str)] = &[
    ("https://aws.amazon.com/lambda/pricing/", "https://cloudchipr.com/blog/aws-lambda-pricing"),
    (
        "https://aws.amazon.com/sqs/pricing/",
        "https://www.factualminds.com/blog/amazon-sqs-pricing-64kb-rule-fifo-vs-standard/",
    ),
    ("https://aws.amazon.com/s3/pricing/", "https://c3x.dev/blog/s3-request-fees-explained"),
    (
        "https://aws.amazon.com/privatelink/pricing/",
        "https://cloudcostkit.com/calculators/aws-vpc-interface-endpoint-cost-calculator",
    ),
    (
        "https://aws.amazon.com/rds/postgresql/pricing/",
        "https://infratally.com/articles/aws-rds-pricing-explained-2026.html",
    ),
];

/// Hours of a month, as AWS counts them.
pub const HOURS_A_MONTH: f64 = 730.0;

/// The regions that are known. Another one is one entry more.
pub const REGIONS: &[Region] = &[Region {
    name: "us-east-1",
    title: "US East (N. Virginia)",
    lambda_arm64_gb_second: 0.000_013_333_4,
    lambda_x86_64_gb_second: 0.000_016_666_7,
    lambda_million_requests: 0.20,
    sqs_million_requests: 0.40,
    s3_thousand_gets: 0.0004,
    by_the_hour: &[
        Hourly { what: "database, db.t4g.medium", count: 1, dollars_an_hour: 0.065 },
        // gp3 of RDS: 0.115 a GB and month.
        Hourly { what: "its storage, a GB", count: 20, dollars_an_hour: 0.115 / HOURS_A_MONTH },
        // Two services in two availability zones.
        Hourly { what: "interface endpoint, in one zone", count: 4, dollars_an_hour: 0.01 },
    ],
}];
