//! Points in time belong to the day that the clocks of their column's time zone show.

use crate::support::site::Site;

const VISITS: &str = r#"
name  = "visits"
match = ["visits/**/*.csv"]
[columns]
id      = { type = "integer", required = true }
guest   = { type = "text" }
tier    = { type = "text" }
started = { type = "timestamptz", time_zone = "Europe/Berlin" }
booked  = { type = "timestamp", time_zone = "America/New_York" }
plain   = { type = "timestamptz" }
unix    = { type = "timestamp", format = "epoch", time_zone = "Asia/Kolkata" }
[policy]
rejects = "50%"
[dimension.guest]
key        = ["guest"]
attributes = ["tier"]
history    = "versions"
valid_from = "booked"
[fact.visit]
grain      = ["id"]
dimensions = ["guest", { date = "started" }, { date = "booked", as = "booked" }, { date = "plain", as = "plain" }, { date = "unix", as = "unix" }]
degenerate = ["started", "booked", "plain", "unix"]
"#;

#[tokio::test]
async fn the_date_of_a_time_is_the_day_in_its_columns_time_zone() {
    let site = Site::of(&[("visits", VISITS)]).await;
    let text = "id,guest,tier,started,booked,plain,unix
1,a,x,2024-06-30T22:30:00Z,2024-06-30 23:30,2024-06-30T22:30:00Z,1719774000
2,a,x,2024-07-01 00:30:00,2024-06-30 23:30,2024-07-01 00:30:00,1719774000
3,a,x,2024-12-31T22:30:00+00:00,2024-06-30 23:30,2024-12-31T22:30:00Z,1719774000
4,a,x,2024-12-31 23:30:00 GMT,2024-06-30 23:30,2024-12-31 23:30:00 UTC,1719774000
5,a,x,2024-10-27 02:30:00,2024-06-30 23:30,2024-10-27 02:30:00,1719774000
6,a,x,2024-03-31 02:30:00,2024-06-30 23:30,2024-03-31 02:30:00,1719774000
";
    let report = site.load("visits/a", 1, text).await;
    assert_eq!(report.rows_rejected, 2);
    let days = "select id, date_key, started at time zone 'UTC', booked_date_key, plain_date_key, unix_date_key, unix
        from star.fact_visit order by id";
    insta::assert_snapshot!(site.rows(days).await, @r"
    1|2024-07-01|2024-06-30T22:30:00|2024-06-30|2024-06-30|2024-07-01|2024-07-01T00:30:00
    2|2024-07-01|2024-06-30T22:30:00|2024-06-30|2024-07-01|2024-07-01|2024-07-01T00:30:00
    3|2024-12-31|2024-12-31T22:30:00|2024-06-30|2024-12-31|2024-07-01|2024-07-01T00:30:00
    4|2025-01-01|2024-12-31T23:30:00|2024-06-30|2024-12-31|2024-07-01|2024-07-01T00:30:00
    ");
    let rejected = "select source_line, column_name, reason from stardrop.rejected_row order by 1";
    insta::assert_snapshot!(site.rows(rejected).await, @r#"
    6|started|this time occurs twice in Europe/Berlin, where the clocks go back: give the offset, or set repeated_hour to "first" or "second"
    7|started|this time does not exist in Europe/Berlin, where the clocks skip it
    "#);
    // The version holds from 23:30 in New York.
    let versions = "select valid_from at time zone 'UTC' from star.dim_guest where tier = 'x'";
    insta::assert_snapshot!(site.rows(versions).await, @"2024-07-01T03:30:00");
    let comment =
        "select col_description('star.fact_visit'::regclass, a.attnum) from pg_attribute a
        where a.attrelid = 'star.fact_visit'::regclass and a.attname = 'date_key'";
    insta::assert_snapshot!(site.rows(comment).await, @"Refers to star.dim_date; the date of started in Europe/Berlin.");
}
