//! Loads files into a database, and returns what the triggers made of them in the oracle's terms.

use stardrop::dataset::{Catalog, ColumnSource};
use stardrop::ledger::{self, Undo};
use stardrop::rows::{Header, ObjectFacts, texts_of_object};

use super::case::{COLUMNS, Case, Fact, File, Missing, Row};
use super::looked_up::Files;
use crate::support::TestDatabase;

fn literal(column: &str, value: Option<&str>) -> String {
    let Some(value) = value else { return "null".to_owned() };
    match column {
        "ts" => format!("timestamp '2026-01-31' + {value} * interval '6 hours'"),
        "day" => format!("date '2026-01-31' + {value}"),
        "gid" | "ver" | "qty" | "town_id" => value.to_owned(),
        _ => format!("'{value}'"),
    }
}

/// The columns that are not in the file, as the loader finds their values.
fn derived(catalog: &Catalog, file: &File) -> Vec<(String, Option<String>)> {
    let dataset = catalog.dataset(file.source.name()).unwrap();
    let start = "2026-01-31T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let facts = ObjectFacts {
        bucket: "b",
        key: &file.key,
        is_path: false,
        version_id: None,
        object_time: Some(start + jiff::SignedDuration::from_hours(file.hour)),
        sheet: None,
        entry: None,
    };
    let header = Header::by_position(dataset);
    let of_object = texts_of_object(dataset, &header, &facts).unwrap();
    let constants = dataset.columns.iter().filter_map(|column| match &column.source {
        ColumnSource::Constant { text, .. } => Some((column, Some(text.clone()))),
        _ => None,
    });
    let all = of_object.into_iter().chain(constants);
    all.map(|(column, text)| {
        let text = match column.source {
            ColumnSource::Line => Some("line".to_owned()),
            _ => text.map(|text| format!("'{text}'::{}", column.type_name)),
        };
        (column.name.clone(), text)
    })
    .collect()
}

fn insert(
    catalog: &Catalog,
    looked_up: &Files,
    file: &File,
    first_line: usize,
    rows: &[Row],
) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let derived = derived(catalog, file);
    let lines: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let line = (first_line + at).to_string();
            let field = |(name, value): (&&str, &Option<String>)| match derived
                .iter()
                .find(|(derived, _)| derived == name)
            {
                None => literal(name, value.as_deref()),
                Some((_, Some(text))) if text == "line" => line.clone(),
                Some((_, text)) => text.clone().unwrap_or_else(|| "null".to_owned()),
            };
            let row = looked_up.fill(file.source, row);
            let fields: Vec<String> = names.iter().zip(&row).map(field).collect();
            format!("({}, {line})", fields.join(", "))
        })
        .collect();
    format!(
        "insert into staging.{} ({}, source_line) values {}",
        file.source.name(),
        names.join(", "),
        lines.join(", ")
    )
}

/// Loads a file as the loader does: claim, batches with a checkpoint each, finish.
pub async fn load(db: &TestDatabase, catalog: &Catalog, looked_up: &Files, file: &File) {
    let dataset = catalog.dataset(file.source.name()).unwrap();
    let mode = match dataset.has_full_extracts() {
        true => "extract",
        false => dataset.policy.overwrite.as_str(),
    };
    let claimed = db
        .client
        .query_one(
            &format!(
                "select load_id, attempt, replaces from stardrop.claim('{}', 'b', '{}', null, '{1} {2}', 1,
                     timestamptz '2026-01-31 00:00Z' + {2} * interval '1 hour', null, '{3}', false,
                     interval '1 hour', now(), '{4}')",
                file.source.name(),
                file.key,
                file.hour,
                mode,
                file.part
            ),
            &[],
        )
        .await
        .unwrap();
    let (load, attempt): (i64, i32) = (claimed.get(0), claimed.get(1));
    let replaces: bool = claimed.get(2);
    let name = file.source.name();
    let mut done = 0;
    for (at, rows) in file.batches.iter().enumerate() {
        let from = done;
        done += rows.len();
        let finish = if at + 1 == file.batches.len() {
            let replace = format!("select staging.replace_{name}({load});");
            let complete = format!("select staging.complete_{name}({load});");
            format!(
                "{}{}select stardrop.finish({load}, {attempt}, {done}, null);",
                if replaces { &replace } else { "" },
                if mode == "extract" { &complete } else { "" },
            )
        } else {
            String::new()
        };
        db.run(&format!(
            "begin; select stardrop.begin_batch({load}, {attempt}, {from}, {replaces},
                 (select stardrop.contract_fingerprint(l.dataset) from stardrop.load l where l.load_id = {load}));
             {};
             select stardrop.checkpoint({load}, {attempt}, {from}, {done}, {done}, {done}, 0, interval '1 hour');
             {finish} commit",
            insert(catalog, looked_up, file, from, rows)
        ))
        .await;
    }
    db.run(&format!("select stardrop.release({load})")).await;
}

/// Undoes the load of a file, and replays the loads that the undo names. A load that is replayed is undone first.
pub async fn undo(
    db: &TestDatabase,
    catalog: &Catalog,
    looked_up: &Files,
    files: &[File],
    undone: &File,
) {
    let id = load_of(db, undone).await;
    let Undo::Undone(named) = ledger::undo(&db.client, id).await.unwrap() else {
        panic!("load {id} is not undone");
    };
    for again in [named.replay, named.confirm, named.members].concat() {
        let mut replayed = None;
        for file in files {
            if load_of(db, file).await == again {
                replayed = Some(file);
            }
        }
        let file = replayed.unwrap_or_else(|| panic!("load {again} is of no file"));
        let answer = ledger::undo_to_replay(&db.client, again).await.unwrap();
        assert!(matches!(answer, Undo::Undone(_)), "{answer:?}");
        assert!(ledger::reopen(&db.client, again).await.unwrap());
        load(db, catalog, looked_up, file).await;
    }
}

async fn load_of(db: &TestDatabase, file: &File) -> i64 {
    let sql = "select load_id from stardrop.load
               where key = $1 and etag = $2 and part = $3 and dataset = $4";
    let etag = format!("{} {}", file.key, file.hour);
    let (part, dataset) = (file.part.to_owned(), file.source.name());
    db.client.query_one(sql, &[&file.key, &etag, &part, &dataset]).await.unwrap().get(0)
}

fn hours(column: &str) -> String {
    format!(
        "case when {column} is null then null when {column} = '-infinity' then 'never'
         else (extract(epoch from {column} - timestamptz '2026-01-31 00:00Z') / 3600)::integer::text end"
    )
}

async fn lines(db: &TestDatabase, fields: &[String], from: &str) -> Vec<String> {
    let fields: Vec<String> =
        fields.iter().map(|field| format!("coalesce(({field})::text, 'null')")).collect();
    let sql = format!("select concat_ws('|', {}) from {from}", fields.join(", "));
    let rows = match db.client.query(&sql, &[]).await {
        Ok(rows) => rows,
        Err(error) => panic!("{sql}: {error:?}"),
    };
    let mut lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    lines.sort();
    lines
}

pub async fn dimension(db: &TestDatabase, case: &Case, at: usize) -> Vec<String> {
    let dimension = &case.dimensions[at];
    let mut fields: Vec<String> = dimension.key.iter().map(|c| (*c).to_owned()).collect();
    fields.extend(dimension.attributes.iter().map(|a| a.name.to_owned()));
    if dimension.has_versions() {
        fields.extend([hours("valid_from"), hours("valid_to")]);
        fields.extend(["is_current".to_owned(), "is_first".to_owned()]);
    }
    if dimension.missing == Missing::Flag {
        fields.push("is_deleted".to_owned());
    }
    let name = dimension.name;
    lines(db, &fields, &format!("star.dim_{name} where {name}_key <> -1")).await
}

/// The columns of a fact's grain; days count from the first.
fn grain(fact: &Fact) -> Vec<String> {
    let field = |column: &&str| match *column {
        "day" => "f.day - date '2026-01-31'".to_owned(),
        _ => format!("f.{column}"),
    };
    fact.grain.iter().flatten().map(field).collect()
}

pub async fn fact(db: &TestDatabase, case: &Case, fact: &Fact) -> Vec<String> {
    let mut fields = grain(fact);
    let mut from = format!("star.fact_{} f", fact.name);
    for used in &fact.uses {
        let dimension = &case.dimensions[used.dimension];
        let role = used.role.unwrap_or(dimension.name);
        from.push_str(&format!(
            " left join star.dim_{0} d_{role} on d_{role}.{0}_key = f.{role}_key",
            dimension.name
        ));
        let key: Vec<String> = dimension.key.iter().map(|c| format!("d_{role}.{c}")).collect();
        let member = format!(
            "case when f.{role}_key = -1 then 'unknown' else concat_ws(',', {}) end",
            key.join(", ")
        );
        if dimension.has_versions() {
            fields.push(format!(
                "{member} || case when f.{role}_key = -1 then '' else '|' || ({}) end",
                hours(&format!("d_{role}.valid_from"))
            ));
        } else {
            fields.push(member);
        }
    }
    for (_, role) in &fact.dates {
        let column = role.map_or_else(|| "date_key".to_owned(), |role| format!("{role}_date_key"));
        fields.push(format!(
            "case when f.{column} = date '0001-01-01' then 'unknown'
             else (f.{column} - date '2026-01-31')::text end"
        ));
    }
    fields.extend(["f.qty".to_owned(), "f.worth".to_owned()]);
    lines(db, &fields, &from).await
}

pub async fn audit(db: &TestDatabase, fact: &Fact) -> Vec<String> {
    let mut fields = grain(fact);
    fields.push("first.key".to_owned());
    fields.push(
        "(f.updated_at is not null) = (f.load_id <> f.first_load_id) and f.loaded_at <= now()"
            .to_owned(),
    );
    let join = "join stardrop.load first on first.load_id = f.first_load_id";
    lines(db, &fields, &format!("star.fact_{} f {join}", fact.name)).await
}
