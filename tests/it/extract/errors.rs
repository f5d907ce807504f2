//! What cannot be extracted is refused with one sentence that says what to do, and never shows a password.

use super::{Way, next_second};
use crate::support::mariadb::MariadbDatabase;
use crate::support::{TestDatabase, server};

async fn shop() -> Option<MariadbDatabase> {
    let mut source = MariadbDatabase::new().await?;
    source
        .run(
            "create table orders (id int primary key, at timestamp not null, note text);
             create table log (line text, at datetime);
             create view open_orders as select * from orders;
             insert into orders values (1, now() - interval 1 day, 'a')",
        )
        .await;
    Some(source)
}

#[tokio::test]
async fn each_mistake_has_its_sentence() {
    let Some(mut source) = shop().await else { return };
    let way = Way::new(&source.url, &["--table", "orders", "--to", "s3://inbox/a/"]).await;
    let name = source.name.clone();
    let user = name.replace("test", "reader");
    source.run(&format!("create user {user}@'127.0.0.1' identified by 'right'")).await;
    let wrong = source.url.replace("root@", &format!("{user}:hunter2@"));
    let limited = source.url.replace("root@", &format!("{user}:right@")).replace(&name, "");
    let nowhere = "mysql://root@127.0.0.1:1/shop".to_owned();
    let no_database = source.url.replace(&name, "nothing");
    let bucket = ["--to", "s3://inbox/a/"];
    for (url, options, code, expected) in [
        (&source.url, vec!["--table", "nothing"], 2, "there is no table test_".to_owned()),
        (&source.url, vec!["--table", "open_orders"], 2, "open_orders is a view: extract it with --query FILE.sql instead of --table".to_owned()),
        (&source.url, vec!["--tables", "x*"], 2, "--tables x* fits no table that the user may read".to_owned()),
        (&source.url, vec!["--table", "orders", "--since", "changed"], 2, format!("{name}.orders has no column changed for --since; its columns with a time are at")),
        (&source.url, vec!["--table", "orders", "--since", "id"], 2, format!("--since needs a date, a timestamp or a datetime, and id of {name}.orders is int(11)")),
        (&source.url, vec!["--table", "log", "--since", "at"], 2, format!("{name}.log has no primary key, so rows that come again in an overlap would count twice")),
        (&wrong, vec!["--table", "orders"], 3, format!("refused the user {user} with its password")),
        (&limited, vec!["--table", &format!("{name}.orders")], 2, format!("there is no table {name}.orders, or the user may not read it")),
        (&limited, vec!["--table", "orders"], 2, "orders: name a database in the source's URL, or write database.table".to_owned()),
        (&nowhere, vec!["--table", "orders"], 3, "cannot connect to MySQL at 127.0.0.1:1".to_owned()),
        (&no_database, vec!["--table", "orders"], 2, "there is no database nothing".to_owned()),
        (&"oracle://a:hunter2@b/c".to_owned(), vec!["--table", "orders"], 2, "the source must be a URL that begins with one of mysql://, mariadb://, postgres://, postgresql://".to_owned()),
        (&"mysql://a:hunter2@@b/c".to_owned(), vec!["--table", "orders"], 2, "the source's URL: expected mysql://user@host:port/database".to_owned()),
    ] {
        let mut arguments = vec!["extract", url.as_str()];
        arguments.extend(options.iter().copied().chain(bucket));
        let command = way.cloud.stardrop(&arguments, &[]);
        let (found, out, said) = crate::support::cloud::run(command).await;
        assert_eq!(found, Some(code), "{options:?} {out}{said}");
        assert!(said.contains(&expected), "{options:?}\nexpected {expected}\nfound {said}");
        assert!(!said.contains("hunter2") && !said.contains("panicked"), "{said}");
    }
    assert!(way.keys().await.is_empty());
}

#[tokio::test]
async fn a_column_that_is_gone_is_told() {
    let Some(mut source) = shop().await else { return };
    let options = ["--table", "orders", "--to", "s3://inbox/orders/", "--since", "at"];
    let way = Way::new(&source.url, &options).await;
    way.extract(&options).await;
    source.run("alter table orders drop column note").await;
    next_second().await;
    let said = way.extract(&options).await;
    assert!(said.contains("orders no longer has note: remove it from the contract"), "{said}");
    source.run("alter table orders drop column at").await;
    let (code, said) = way.try_extract(&options).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("has no column at for --since; it has no column with a time"), "{said}");
}

#[tokio::test]
async fn the_state_of_another_table_is_not_used() {
    let Some(mut source) = shop().await else { return };
    source.run("create table other (id int primary key, at timestamp not null)").await;
    let state = ["--state", "s3://inbox/states/", "--to", "s3://inbox/a/", "--since", "at"];
    let options = [&["--table", "orders"], &state[..]].concat();
    let way = Way::new(&source.url, &options).await;
    way.extract(&options).await;
    let client = way.cloud.s3.client();
    let copy = client.copy_object().bucket("inbox").key("states/other.json");
    copy.copy_source("inbox/states/orders.json").send().await.unwrap();
    let (code, said) = way.try_extract(&[&["--table", "other"], &state[..]].concat()).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("s3://inbox/states/other.json: belongs to another table"), "{said}");
}

#[tokio::test]
async fn mistakes_with_postgres_have_their_sentences() {
    let source = TestDatabase::empty().await;
    source.run("create table orders (id int primary key); create view v as select 1 as one").await;
    let way = Way::new(&source.url, &["--table", "orders", "--to", "s3://inbox/a/"]).await;
    let nobody = format!("reader_{}", source.text("select current_database()").await);
    source.run(&format!("create role {nobody} login")).await;
    let nobody = source.url.replace("postgres@", &format!("{nobody}@"));
    let no_database = server().url("nothing");
    for (url, table, code, expected) in [
        (&source.url, "nothing", 2, "there is no table public.nothing"),
        (&source.url, "v", 2, "v is a view: extract it with --query FILE.sql instead of --table"),
        (&nobody, "orders", 3, "public.orders: the user may not read it"),
        (&no_database, "orders", 3, "nothing"),
    ] {
        let arguments = ["extract", url, "--table", table, "--to", "s3://inbox/a/"];
        let (found, _, said) =
            crate::support::cloud::run(way.cloud.stardrop(&arguments, &[])).await;
        assert_eq!(found, Some(code), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    assert!(way.keys().await.is_empty());
}
