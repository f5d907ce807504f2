//! Names by setting: two Stardrops fit on one server and into one database, and neither touches the other.

use serde_json::json;
use stardrop::db::{self, Client};
use stardrop::error::ErrorKind;
use stardrop::event::{self, Event};
use stardrop::load::Outcome;
use stardrop::migrate;
use stardrop::settings::Settings;
use stardrop::star;

use crate::load::exactly_once::sales;
use crate::support::cloud::{Cloud, as_user, run, settings_of};
use crate::support::{TestDatabase, project_catalog};

const NAMES: [(&str, &str); 3] = [
    ("STARDROP_NAMESPACE", "second"),
    ("STARDROP_STAR_SCHEMA", "warehouse"),
    ("STARDROP_STAGING_SCHEMA", "landing"),
];

/// The settings of the second Stardrop's loader, which has no right to the first.
async fn second(db: &TestDatabase) -> Settings {
    let as_owner = NAMES.iter().copied().chain([("DATABASE_URL", db.url.as_str())]);
    let (code, out, err) =
        run(Cloud::new(db).await.stardrop(&["migrate"], &as_owner.collect::<Vec<_>>())).await;
    assert_eq!(code, Some(0), "{out}{err}");
    for line in ["create warehouse.fact_sales", "create landing.sales"] {
        assert!(out.contains(line), "{out}");
    }
    db.run(
        "do $$ begin create role second_login login in role second_loader;
            exception when duplicate_object or unique_violation then null; end $$",
    )
    .await;
    settings_of(&as_user(&db.url, "second_login"), &NAMES)
}

/// All that is in these schemas, with its SQL: a name of the other Stardrop in it is a mistake.
const SQL_OF: &str = "
    select string_agg(text, e'\\n') from (
        select p.prosrc || coalesce(array_to_string(p.proconfig, ' '), '') || coalesce(p.proacl::text, '') as text
        from pg_proc p where p.pronamespace::regnamespace::text in ('second', 'warehouse', 'landing')
        union all
        select coalesce(d.description, '') from pg_description d join pg_class c on c.oid = d.objoid
        where c.relnamespace::regnamespace::text in ('second', 'warehouse', 'landing')
        union all
        select coalesce(pg_get_expr(a.adbin, a.adrelid), '') from pg_attrdef a join pg_class c on c.oid = a.adrelid
        where c.relnamespace::regnamespace::text in ('second', 'warehouse', 'landing')
        union all
        select coalesce(c.relacl::text, '') || case when c.relkind = 'v' then pg_get_viewdef(c.oid) else '' end
        from pg_class c where c.relnamespace::regnamespace::text in ('second', 'warehouse', 'landing')
    ) t";

#[tokio::test]
async fn two_stardrops_in_one_database_share_nothing() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let settings = second(&db).await;
    let object = cloud.put("sales/a.csv", sales(300)).await;

    // The second loads while the first holds the same key and its star.
    db.run("select pg_advisory_lock(stardrop.key_lock('inbox', 'sales/a.csv')), pg_advisory_lock(stardrop.star_lock())")
        .await;
    let report = cloud.loader_of(settings.clone()).load(&object, None).await.unwrap();
    assert_eq!((report.outcome, report.rows_read), (Outcome::Loaded, 300));
    db.run("select pg_advisory_unlock_all()").await;
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "0");
    assert_eq!(db.text("select count(*) from warehouse.fact_sales").await, "300");
    assert_eq!(db.text("select count(*) from stardrop.load").await, "0");
    assert_eq!(
        db.rows("select distinct split_part(table_name, '.', 1) from second.load_table").await,
        "warehouse"
    );

    // And the first, as if there were no other.
    cloud.load(&object).await.unwrap();
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "300");
    assert_eq!(db.text("select count(*) from second.load").await, "1");

    // Without the ends of sentences.
    let sql = db.text(SQL_OF).await.replace(". ", " ").replace(".\n", "\n");
    for word in [
        "stardrop.",
        "star.fact",
        "star.dim",
        "staging.",
        "stardrop_owner",
        "stardrop_loader",
        "stardrop_reader",
    ] {
        assert!(
            !sql.contains(word),
            "{word} in: {}",
            sql.split(word).next().unwrap().lines().next_back().unwrap()
        );
    }
    let loader = db::connect(&settings).await.unwrap();
    for refused in [
        "select * from staging.sales",
        "select stardrop_x.claim()",
        "select count(*) from \"stardrop\".load",
    ] {
        assert!(loader.client.batch_execute(refused).await.is_err(), "{refused}");
    }
}

#[tokio::test]
async fn commands_and_migrations_work_with_other_names() {
    let db = TestDatabase::empty().await;
    let cloud = Cloud::new(&TestDatabase::migrated().await).await;
    let settings = second(&db).await;
    let object = cloud.put("sales/a.csv", sales(30)).await;
    cloud.loader_of(settings.clone()).load(&object, None).await.unwrap();
    let vars: Vec<(&str, &str)> =
        NAMES.iter().copied().chain([("DATABASE_URL", db.url.as_str())]).collect();
    for (arguments, part) in [
        (&["migrate"][..], "the database is up to date"),
        (&["migrate", "--plan"], "the database is up to date"),
        (&["migrate", "--sql"], "create table warehouse.fact_sales"),
        (&["status"], "sales"),
        (&["status", "1"], "warehouse.fact_sales"),
        (&["rejects", "1"], ""),
        (&["undo", "1"], "deleted"),
        (&["prune", "--days", "1"], ""),
    ] {
        let (code, out, err) = run(cloud.stardrop(arguments, &vars)).await;
        assert_eq!(code, Some(0), "{arguments:?} {out}{err}");
        assert!(out.contains(part), "{arguments:?} {out}");
        assert!(!out.contains(" star.") && !out.contains(" stardrop."), "{arguments:?} {out}");
    }
    assert_eq!(db.text("select count(*) from warehouse.fact_sales").await, "0");
    assert_eq!(db.text("select count(*) from pg_namespace where nspname like 'star%'").await, "0");
    // A change of the contract, and a table that no contract names any more.
    let mut owner = db::connect(&settings_of(&db.url, &NAMES)).await.unwrap();
    let report = migrate::run(&mut owner.client, &star::compile(&project_catalog())).await.unwrap();
    assert_eq!(report.changes, Vec::<String>::new());
    let none = star::compile(&crate::support::catalog_of(&[]));
    let plan = migrate::plan(&owner.client, &none).await.unwrap();
    assert!(
        plan.changes.iter().any(|change| change.what == "drop warehouse.fact_sales"),
        "{plan:?}"
    );
}

#[tokio::test]
async fn a_text_of_a_contract_that_the_names_would_change_is_refused() {
    let db = TestDatabase::empty().await;
    let contract = "name = \"d\"\nmatch = [\"d/*\"]\n[columns]\nid = { type = \"integer\", required = true }\nt = { type = \"text\" }\n\
        [fact.f]\ngrain = [\"id\"]\nmeasures = [{ wars = \"(t = 'star.wars')::integer\" }]\n";
    let star = star::compile(&crate::support::catalog_of(&[("d", contract)]));
    let mut usual = db::connect(&settings_of(&db.url, &[])).await.unwrap();
    migrate::run(&mut usual.client, &star).await.unwrap();
    let mut other = db::connect(&settings_of(&db.url, &NAMES)).await.unwrap();
    let error = migrate::run(&mut other.client, &star).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadContract, "{error}");
    assert!(error.to_string().contains("dataset d: the expression"), "{error}");
}

fn wanted(roles: [&str; 2]) -> stardrop::event::Migrate {
    let logins = json!({ "second_app": roles[0], "second_bi": roles[1] });
    match event::parse(&json!({ "migrate": true, "logins": logins })).unwrap() {
        Event::Task(stardrop::event::Task::Migrate(migrate)) => migrate,
        other => panic!("{other:?}"),
    }
}

async fn deploy(client: &mut Client, roles: [&str; 2]) -> stardrop::error::Result<()> {
    let star = star::compile(&project_catalog());
    migrate::deploy(client, &star, &wanted(roles)).await.map(drop)
}

#[tokio::test]
async fn a_deployment_grants_the_roles_of_its_own_namespace() {
    let db = TestDatabase::empty().await;
    let mut owner = db::connect(&settings_of(&db.url, &NAMES)).await.unwrap();
    let error = deploy(&mut owner.client, ["stardrop_loader", "second_reader"]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadSetting);
    assert!(error.to_string().contains("role must be second_loader or second_reader"), "{error}");
    deploy(&mut owner.client, ["second_loader", "second_reader"]).await.unwrap();
    assert_eq!(
        db.rows("select r.rolname, m.rolname from pg_auth_members a join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member where m.rolname in ('second_app', 'second_bi') order by 1").await,
        "second_loader|second_app\nsecond_reader|second_bi"
    );
}
