//! The contracts of the examples, over published files of the systems that they replace.

use stardrop::dataset::Catalog;
use stardrop::dataset_files;

use super::{read, shared_data};
use crate::support::cloud::Cloud;
use crate::support::star_content::assert_balanced;
use crate::support::workbook::{Cell, text, workbook};
use crate::support::{TestDatabase, catalog_of, root};

async fn site(catalog: Catalog) -> (TestDatabase, Cloud) {
    let (db, _) = TestDatabase::of(&catalog).await;
    let cloud = Cloud::of(&db, catalog).await;
    (db, cloud)
}

async fn example(name: &str) -> (TestDatabase, Cloud) {
    let datasets = root().join("examples").join(name).join("datasets");
    site(dataset_files::read(&datasets).unwrap()).await
}

#[tokio::test]
#[ignore = "needs ../shared/data"]
async fn published_borrowers_get_the_zeros_of_their_zip_codes_back() {
    let (db, cloud) = example("loans").await;
    for name in ["borrower", "role_profile"] {
        let file = read(&shared_data("seed001_aspen").join(format!("{name}.csv")));
        let report = cloud.put_and_load(&format!("{name}/2026-01-05.csv"), file).await;
        assert_eq!((report.rows_read, report.rows_rejected), (1000, 0), "{name}");
    }
    let zips = "select count(*), count(*) filter (where length(zip_code) = 5),
        count(*) filter (where zip_code like '0%') from star.borrowers";
    assert_eq!(db.rows(zips).await, "1000|1000|44");
    let roles = "select role, count(*) from star.borrowers group by 1 order by 1";
    assert_eq!(db.rows(roles).await, "borrower|516\nco-borrower|484");
    assert_balanced(&db).await;
}

#[tokio::test]
#[ignore = "needs ../shared/data"]
async fn published_transactions_keep_one_of_the_names_of_each_store() {
    let (db, cloud) = example("retail-star").await;
    for part in [1, 2] {
        let file = format!("seed003_mock_retail/mock_retail_data_part_{part}.csv");
        let report = cloud
            .put_and_load(&format!("transactions/{part}.csv"), read(&shared_data(&file)))
            .await;
        assert_eq!((report.rows_read, report.rows_rejected), (2000, 0), "{file}");
    }
    let sums = "select count(*), sum(total_amount) from star.fact_sale";
    assert_eq!(db.rows(sums).await, "4000|1058512.35");
    let names = "select count(distinct store_id), count(*), count(*) filter (where is_kept)
        from star.store_names";
    assert_eq!(db.rows(names).await, "100|3301|100");
    assert_balanced(&db).await;
}

/// The published users as the workbook that the example takes.
fn users() -> Vec<u8> {
    let users = String::from_utf8(read(&shared_data("users/seed000_DATA.csv"))).unwrap();
    assert!(!users.contains('"'));
    let cell = |(column, value): (usize, &str)| match (column, value) {
        (0, id) if id != "id" => Cell::Number(id.to_owned()),
        (_, value) => text(value),
    };
    let row = |line: &str| line.split(',').enumerate().map(cell).collect();
    let rows: Vec<Vec<Cell>> = users.lines().map(row).collect();
    workbook(&[("Users", &rows)], false)
}

#[tokio::test]
#[ignore = "needs ../shared/data"]
async fn published_users_are_counted_by_country_and_by_kind_of_address() {
    let contract = root().join("examples/users-by-country/datasets/users/dataset.toml");
    let database = shared_data("mmdb/geo-whois-asn-country.mmdb");
    let contract = std::fs::read_to_string(contract).unwrap();
    let contract = contract.replace("countries.mmdb", database.to_str().unwrap());
    let (db, cloud) = site(catalog_of(&[("users", &contract)])).await;
    let report = cloud.put_and_load("users/batch=7/users.xlsx", users()).await;
    assert_eq!((report.rows_read, report.rows_rejected), (1000, 0));
    let kinds = "select country, users from star.users_by_country
        where batch = 7 and length(country) > 2 order by users desc, country";
    // Twelve private addresses in a wide sense: `0.0.0.0/8` and the loopback are among them.
    insta::assert_snapshot!(db.rows(kinds).await, @r"
    reserved|68
    multicast|67
    private|7
    unspecified|4
    not found|3
    loopback|1
    shared|1
    ");
    let countries = "select country, users from star.users_by_country order by users desc limit 3";
    assert_eq!(db.rows(countries).await, "US|340\nCN|91\nreserved|68");
    assert_balanced(&db).await;
}
