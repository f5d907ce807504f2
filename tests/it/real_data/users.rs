//! Published users with IP addresses, in published databases of both shapes.

use super::{read, shared_data};
use crate::support::cloud::Cloud;
use crate::support::{TestDatabase, catalog_of};

const USERS: &str = r#"
name  = "users"
match = "users/**"
[columns]
id         = { type = "integer", required = true }
ip_address = { type = "inet" }
[policy]
unknown_column = "ignore"
[enrich.geo]
from     = "ip_address"
database = "DATABASE"
[enrich.geo.columns]
country      = { type = "text", path = ["country.iso_code", "country_code"] }
address_kind = { type = "text" }
MORE
[fact.users]
grain      = ["id"]
degenerate = ["ip_address", "country", "address_kind" KEPT]
"#;

async fn users(database: &str, more: &str, kept: &str) -> (TestDatabase, Cloud) {
    let database = shared_data("mmdb").join(database);
    let contract = USERS.replace("DATABASE", database.to_str().unwrap());
    let contract = contract.replace("MORE", more).replace("KEPT", kept);
    let catalog = catalog_of(&[("users", &contract)]);
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    (db, cloud)
}

#[tokio::test]
#[ignore = "needs ../shared/data"]
async fn a_thousand_users_have_the_kinds_and_countries_of_their_addresses() {
    let (db, cloud) = users("geo-whois-asn-country.mmdb", "", "").await;
    let report =
        cloud.put_and_load("users/a.csv", read(&shared_data("users/seed000_DATA.csv"))).await;
    assert_eq!((report.rows_read, report.rows_rejected), (1000, 0));
    let kinds = "select address_kind, count(*), count(country) from star.fact_users
        group by 1 order by 2 desc, 1";
    // Twelve addresses are private in a wide sense: these seven, `0.0.0.0/8` and the loopback.
    insta::assert_snapshot!(db.rows(kinds).await, @r"
    public|852|849
    reserved|68|0
    multicast|67|0
    private|7|0
    unspecified|4|0
    loopback|1|0
    shared|1|0
    ");
    // As MaxMind's reader for Python counts them.
    let countries = "select country, count(*) from star.fact_users where country is not null
        group by 1 order by 2 desc, 1 limit 6";
    assert_eq!(db.rows(countries).await, "US|340\nCN|91\nJP|48\nDE|29\nGB|22\nKR|21");
    let all = "select count(distinct country) from star.fact_users";
    assert_eq!(db.text(all).await, "71");
}

#[tokio::test]
#[ignore = "needs ../shared/data"]
async fn the_test_databases_of_maxmind_give_places() {
    let more = "region = { type = \"text\", path = \"subdivisions.0.iso_code\" }\n\
                city = { type = \"text\", path = \"city.names.en\" }\n\
                latitude = { type = \"double\", path = \"location.latitude\" }\n\
                time_zone = { type = \"text\", path = \"location.time_zone\" }";
    let kept = ", \"region\", \"city\", \"latitude\", \"time_zone\"";
    let file = "id,ip_address\n1,81.2.69.142\n2,2001:218::1\n3,214.1.1.5\n4,89.160.20.112\n\
                5,2a02:cf40::1\n";
    for database in ["GeoLite2-City-Test.mmdb", "GeoIP2-City-Test.mmdb"] {
        let (db, cloud) = users(database, more, kept).await;
        let report = cloud.put_and_load("users/a.csv", file).await;
        assert_eq!((report.rows_read, report.rows_rejected), (5, 0), "{database}");
        let places =
            "select id, country, region, city, latitude, time_zone from star.fact_users order by 1";
        assert_eq!(
            db.rows(places).await,
            "1|GB|ENG|London|51.5142|Europe/London\n\
             2|JP|null|null|35.68536|Asia/Tokyo\n\
             3|null|null|null|null|null\n\
             4|SE|E|Linköping|58.4167|Europe/Stockholm\n\
             5|NO|null|null|62|Europe/Oslo",
            "{database}"
        );
    }
}
