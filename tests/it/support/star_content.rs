//! Reads what a person would compare of a star, as text.

use super::TestDatabase;

/// Every row of every table of the star, unchanged: table, number of rows, hash.
pub async fn everything(db: &TestDatabase) -> String {
    let mut out = String::new();
    for table in tables(db, "star").await {
        let digest = format!(
            "select count(*) || ' ' || md5(coalesce(string_agg(t::text, e'\\n' order by t::text), ''))
             from star.{table} t"
        );
        out.push_str(&format!("{table} {}\n", db.text(&digest).await));
    }
    out
}

/// The same without what may differ between two databases that were sent the same files:
/// surrogate keys (replaced by the attributes of their members), load numbers, object times, and the line
/// that changed a member last, which depends on where batches end.
pub async fn meaning(db: &TestDatabase) -> String {
    let mut out = String::new();
    // Which rows are noted as repeated depends on the order of arrival; which row a late file changes does not.
    let tables = tables(db, "star").await;
    for table in tables.into_iter().filter(|table| !is_note(table)) {
        let keys = db
            .rows(&format!(
                "select column_name from information_schema.columns
                 where table_schema = 'star' and table_name = '{table}' and data_type = 'bigint'
                   and column_name like '%\\_key' order by 1"
            ))
            .await;
        let (mut row, mut joins) = (without_lineage("f", &table), String::new());
        for key in keys.lines() {
            row.push_str(&format!(" - '{key}'"));
            let dimension = format!("dim_{}", key.trim_end_matches("_key"));
            if dimension != table {
                let member = without_lineage("d", &dimension);
                joins.push_str(&format!(
                    " left join lateral (select '{key}' as name, {member} - '{key}' as member
                       from star.{dimension} d where d.{key} = f.{key}) m_{key} on true"
                ));
                row = format!("{row} || jsonb_build_object(m_{key}.name, m_{key}.member)");
            }
        }
        let digest = format!(
            "select count(*) || ' ' || md5(coalesce(string_agg(line, e'\\n' order by line), ''))
             from (select ({row})::text as line from star.{table} f{joins}) t"
        );
        out.push_str(&format!("{table} {}\n", db.text(&digest).await));
    }
    out
}

fn without_lineage(row: &str, table: &str) -> String {
    let of_members = table.starts_with("dim_") || table.starts_with("history_");
    let line = if of_members { "|^source_line$" } else { "" };
    format!(
        "(select coalesce(jsonb_object_agg(field.key, field.value), '{{}}')
          from jsonb_each(to_jsonb({row})) field
          where field.key !~ '(^|_)(load_id|source_time)${line}')"
    )
}

async fn tables(db: &TestDatabase, schema: &str) -> Vec<String> {
    let names = db
        .rows(&format!("select tablename from pg_tables where schemaname = '{schema}' order by 1"))
        .await;
    names.lines().map(str::to_owned).collect()
}

/// Panics if a load's row counts do not balance, or if staging holds rows that it should not.
pub async fn assert_balanced(db: &TestDatabase) {
    let unbalanced = db
        .rows(
            "select load_id, rows_read, rows_rejected, rows_staged from stardrop.load l
             where state = 'loaded' and (rows_read <> rows_rejected + rows_staged
                or rows_staged <> rows_inserted + rows_updated + rows_unchanged
                or rows_rejected <> (select count(*) from stardrop.rejected_row r
                                     where r.load_id = l.load_id))",
        )
        .await;
    assert_eq!(unbalanced, "");
    for table in tables(db, "staging").await {
        let kept = "select relpersistence = 'p' from pg_class where oid = 'staging.";
        let kept = db.text(&format!("{kept}{table}'::regclass")).await == "true";
        let staged = format!(
            "select coalesce(sum(rows_staged), 0) from stardrop.load where dataset = '{table}'"
        );
        let wanted = if kept { db.text(&staged).await } else { "0".to_owned() };
        let there = db.text(&format!("select count(*) from staging.{table}")).await;
        assert_eq!(there, wanted, "{table}");
    }
}

/// Whether a table notes which rows files have repeated.
fn is_note(table: &str) -> bool {
    table.starts_with("confirmed_") || table.starts_with("repeated_")
}
