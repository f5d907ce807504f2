//! Uses every word of the generated SQL, and of its functions, as the name of a column, in each place where a
//! contract can name one. The list of words is read from the SQL itself.

use std::collections::BTreeSet;
use std::path::PathBuf;

use stardrop::dataset::Catalog;
use stardrop::star;

use crate::support::catalog_of;
use crate::support::site::Site;

/// The most columns that a key can have next to the time of a version.
const KEY: usize = 31;

/// `"a", "b"`
fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

fn columns(words: &[String], kind: &str) -> String {
    let columns =
        words.iter().map(|word| format!("{word} = {{ type = \"{kind}\", required = true }}\n"));
    columns.collect()
}

/// The words as keys of each kind of dimension, and as grains.
fn keys(words: &[String]) -> String {
    let mut text = format!(
        "name = \"keys\"\nmatch = [\"keys/*\"]\n[columns]\nqlook = {{ type = \"text\" }}\n\
         qphone = {{ type = \"text\" }}\nqday = {{ type = \"date\" }}\n{}",
        columns(words, "text")
    );
    for (at, words) in words.chunks(KEY).enumerate() {
        let mut used = Vec::new();
        for (kind, history) in [
            ("over", "\"overwrite\""),
            ("first", "\"first\""),
            ("mixed", "{ default = \"overwrite\", qlook = \"first\" }"),
            ("versions", "\"versions\""),
            ("several", "{ default = \"overwrite\", qlook = \"versions\" }"),
        ] {
            text.push_str(&format!(
                "[dimension.{kind}{at}]\nkey = [{}]\nattributes = [\"qlook\", \"qphone\"]\nhistory = {history}\n",
                quoted(words)
            ));
            used.push(format!("{kind}{at}"));
        }
        let (grain, used) = (quoted(words), quoted(&used));
        text.push_str(&format!(
            "[fact.merged{at}]\ngrain = [{grain}]\ndimensions = [{used}]\nas_of = \"qday\"\nmeasures = [\"qlook\"]\n\
             [fact.marked{at}]\ngrain = [{grain}]\ndelete_when = \"qlook = 'gone'\"\n\
             [fact.kept{at}]\ngrain = [{grain}]\nconflict = \"keep\"\n"
        ));
    }
    text
}

/// The words as attributes of each kind of dimension, and as the other columns of facts.
fn values(words: &[String]) -> String {
    let mut text = format!(
        "name = \"values\"\nmatch = [\"values/*\"]\n[policy]\nstaging = \"keep\"\n[columns]\n\
         qid = {{ type = \"text\", required = true }}\nqday = {{ type = \"date\" }}\n{}",
        columns(words, "text")
    );
    let (one, other) = words.split_at(words.len() / 2);
    let mut used = Vec::new();
    for (kind, default, those, history) in [
        ("aover", "overwrite", one, "overwrite"),
        ("afirst", "first", one, "first"),
        ("amixed", "overwrite", one, "first"),
        ("bmixed", "overwrite", other, "first"),
        ("aversions", "versions", one, "versions"),
        ("aseveral", "overwrite", one, "versions"),
        ("bseveral", "first", other, "versions"),
    ] {
        let words: Vec<String> =
            those.iter().map(|word| format!("{word} = \"{history}\"")).collect();
        text.push_str(&format!(
            "[dimension.{kind}]\nkey = [\"qid\"]\nattributes = [{}]\nhistory = {{ default = \"{default}\", {} }}\n",
            quoted(&[one, other].concat()), words.join(", ")
        ));
        used.push(kind.to_owned());
    }
    let (all, used) = (quoted(words), quoted(&used));
    let computed: Vec<String> =
        words.iter().map(|word| format!("{{ {word} = \"length({word})\" }}")).collect();
    text.push_str(&format!(
        "[fact.amerged]\ngrain = [\"qid\"]\ndimensions = [{used}]\nas_of = \"qday\"\nmeasures = [{all}]\n\
         [fact.acomputed]\ngrain = [\"qid\"]\nmeasures = [{}]\ndelete_when = \"coalesce({}) = 'gone'\"\n",
        computed.join(", "), words.join(", ")
    ));
    text
}

/// The words as grains and measures of facts whose files replace each other.
fn replaced(words: &[String]) -> String {
    let mut text = format!(
        "name = \"replaced\"\nmatch = [\"replaced/*\"]\n[policy]\noverwrite = \"replace\"\n[columns]\n\
         qid = {{ type = \"text\", required = true }}\nqlook = {{ type = \"text\" }}\n{}\
         [fact.rmeasured]\ngrain = [\"qid\"]\nmeasures = [{all}]\n\
         [fact.rappended]\ndegenerate = [{all}]\n",
        columns(words, "text"),
        all = quoted(words)
    );
    for (at, words) in words.chunks(KEY).enumerate() {
        text.push_str(&format!(
            "[fact.rgrain{at}]\ngrain = [{}]\nmeasures = [\"qlook\"]\n",
            quoted(words)
        ));
    }
    text
}

/// The words as times, each in one place: from when on a version holds, what a date is of, when a row
/// happened, which of two is newer.
fn times(words: &[String]) -> String {
    let mut text = format!(
        "name = \"times\"\nmatch = [\"times/*\"]\n[columns]\nqid = {{ type = \"text\", required = true }}\n\
         qlook = {{ type = \"text\" }}\n{}",
        columns(words, "date")
    );
    for (at, words) in words.chunks(4).enumerate() {
        let word = |place: usize| &words[place % words.len()];
        text.push_str(&format!(
            "[dimension.t{at}]\nkey = [\"qid\"]\nattributes = [\"qlook\"]\nhistory = \"versions\"\nvalid_from = \"{}\"\n\
             [fact.t{at}]\ngrain = [\"qid\"]\ndimensions = [\"t{at}\", {{ date = \"{}\", as = \"q\" }}]\n\
             as_of = \"{}\"\nversion = \"{}\"\nmeasures = [\"qlook\"]\n",
            word(0), word(1), word(2), word(3)
        ));
    }
    text
}

/// All the words that a piece of SQL is made of.
fn words_of(sql: &str) -> impl Iterator<Item = String> + '_ {
    sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .map(str::to_ascii_lowercase)
        .filter(|word| word.len() <= 40 && !word.starts_with(|c: char| c.is_ascii_digit()))
}

fn accepts(contract: &str, name: &str) -> bool {
    Catalog::read([(PathBuf::from("dataset.toml"), name.to_owned(), contract.to_owned())]).is_ok()
}

/// Those of them that a contract accepts in all these places.
fn words(contract: fn(&[String]) -> String, name: &str) -> Vec<String> {
    let plain: Vec<String> = ["qa", "qb"].map(str::to_owned).to_vec();
    let all = star::compile(&catalog_of(&[(name, &contract(&plain))])).script();
    let own: BTreeSet<String> = words_of(&all).filter(|word| !word.starts_with('q')).collect();
    assert!(own.len() > 60, "{own:?}");
    let own: Vec<String> = own.into_iter().filter(|word| !word.is_empty()).collect();
    let other = || "qz".to_owned();
    let (fit, refused): (Vec<String>, Vec<String>) = own.into_iter().partition(|word| {
        let places = [[word.clone(), other()], [other(), word.clone()]];
        places.iter().all(|words| accepts(&contract(words), name))
    });
    // The check refuses the columns that stardrop itself adds.
    assert!(refused.len() < 25, "{refused:?}");
    fit
}

/// A file with these rows of the same value in all columns of words.
fn file(words: &[String], others: &str, rows: &[(&str, &str)]) -> String {
    let mut text = format!("{},{}\n", words.join(","), others);
    for (value, rest) in rows {
        let cells: Vec<&str> = words.iter().map(|_| *value).collect();
        text.push_str(&format!("{},{rest}\n", cells.join(",")));
    }
    text
}

/// How many rows of a table have this value in all columns of words.
async fn count(site: &Site, table: &str, words: &[String], value: &str) -> String {
    let all: Vec<String> =
        words.iter().map(|word| format!("\"{word}\"::text = '{value}'")).collect();
    site.rows(&format!("select count(*) from star.{table} where {}", all.join(" and "))).await
}

/// Each load can be taken back, too.
async fn undo(site: &Site) {
    site.rows(
        "select stardrop.undo(load_id) from stardrop.load where state = 'loaded' order by load_id",
    )
    .await;
}

#[tokio::test]
async fn any_word_of_the_generated_sql_can_name_a_key_or_a_grain() {
    let words = words(keys, "keys");
    let site = Site::of(&[("keys", &keys(&words))]).await;
    let others = "qlook,qphone,qday";
    let first = file(&words, others, &[("k1", "a,p,2026-01-01"), ("k2", "a,p,2026-01-01")]);
    site.load("keys/a", 5, &first).await;
    site.load("keys/b", 7, &file(&words, others, &[("k1", "b,r,2026-01-06")])).await;
    site.load(
        "keys/c",
        3,
        &file(&words, others, &[("k1", "c,s,2026-01-04"), ("k1", "gone,s,2026-01-04")]),
    )
    .await;
    assert_eq!(site.rows("select distinct state from stardrop.load").await, "loaded");
    for (at, words) in words.chunks(KEY).enumerate() {
        for (table, rows) in [
            ("dim_over", "1"),
            ("dim_first", "1"),
            ("dim_mixed", "1"),
            ("dim_versions", "3"),
            ("dim_several", "3"),
            ("fact_merged", "1"),
            ("fact_marked", "1"),
            ("fact_kept", "1"),
        ] {
            assert_eq!(
                count(&site, &format!("{table}{at}"), words, "k1").await,
                rows,
                "{table}{at}"
            );
        }
        assert_eq!(count(&site, &format!("dim_several{at}"), words, "k2").await, "1");
    }
    undo(&site).await;
}

#[tokio::test]
async fn any_word_of_the_generated_sql_can_name_an_attribute_or_a_measure() {
    let words = words(values, "values");
    let site = Site::of(&[("values", &values(&words))]).await;
    let file = |rows: &[(&str, &str)]| file(&words, "qid,qday", rows);
    site.load("values/a", 5, &file(&[("aa", "1,2026-01-01"), ("bb", "2,2026-01-01")])).await;
    site.load("values/b", 7, &file(&[("cc", "1,2026-01-06")])).await;
    site.load("values/c", 3, &file(&[("dd", "1,2026-01-04"), ("gone", "3,2026-01-04")])).await;
    assert_eq!(site.rows("select distinct state from stardrop.load").await, "loaded");
    for (table, value, rows) in [
        ("dim_aover", "cc", "1"),
        ("dim_afirst", "dd", "1"),
        ("dim_aversions", "aa", "1"),
        ("dim_aversions", "cc", "1"),
        ("dim_aversions", "dd", "1"),
        ("history_aversions", "aa", "1"),
        ("fact_amerged", "cc", "1"),
        ("fact_amerged", "bb", "1"),
        ("fact_acomputed", "2", "2"),
        ("fact_acomputed", "4", "0"),
    ] {
        assert_eq!(count(&site, table, &words, value).await, rows, "{table} {value}");
    }
    let (one, other) = words.split_at(words.len() / 2);
    for (table, words, value, rows) in [
        ("dim_amixed", one, "dd", "1"),
        ("dim_amixed", other, "cc", "1"),
        ("dim_bmixed", other, "dd", "1"),
        ("dim_bmixed", one, "cc", "1"),
        ("dim_aseveral", one, "aa", "1"),
        ("dim_aseveral", other, "cc", "3"),
        ("dim_bseveral", other, "aa", "1"),
        ("dim_bseveral", one, "dd", "3"),
    ] {
        assert_eq!(count(&site, table, words, value).await, rows, "{table} {value}");
    }
    undo(&site).await;
}

#[tokio::test]
async fn any_word_of_the_generated_sql_can_name_a_column_of_files_that_replace_each_other() {
    let words = words(replaced, "replaced");
    let site = Site::of(&[("replaced", &replaced(&words))]).await;
    let file = |rows: &[(&str, &str)]| file(&words, "qid,qlook", rows);
    site.load("replaced/a", 5, &file(&[("a", "1,x"), ("b", "2,x")])).await;
    site.load("replaced/a", 7, &file(&[("a", "1,y"), ("c", "2,x")])).await;
    assert_eq!(site.rows("select count(*), min(state) from stardrop.load").await, "2|loaded");
    for (value, rows) in [("a", "1"), ("b", "0"), ("c", "1")] {
        assert_eq!(count(&site, "fact_rmeasured", &words, value).await, rows, "{value}");
        assert_eq!(count(&site, "fact_rappended", &words, value).await, rows, "{value}");
        for (at, words) in words.chunks(KEY).enumerate() {
            assert_eq!(
                count(&site, &format!("fact_rgrain{at}"), words, value).await,
                rows,
                "{at} {value}"
            );
        }
    }
    undo(&site).await;
}

#[tokio::test]
async fn any_word_of_the_generated_sql_can_name_a_time() {
    let words = words(times, "times");
    let site = Site::of(&[("times", &times(&words))]).await;
    let file = |rows: &[(&str, &str)]| file(&words, "qid,qlook", rows);
    site.load("times/a", 5, &file(&[("2026-01-02", "1,x"), ("2026-01-04", "1,y")])).await;
    site.load("times/b", 7, &file(&[("2026-01-03", "1,z")])).await;
    assert_eq!(site.rows("select distinct state from stardrop.load").await, "loaded");
    for (at, words) in words.chunks(4).enumerate() {
        let sql = format!(
            "select d.valid_from::date, d.qlook, f.qlook as now, f.q_date_key
             from star.dim_t{at} d left join star.fact_t{at} f using (t{at}_key)
             where d.qid is not null order by 1"
        );
        assert_eq!(
            site.rows(&sql).await,
            "2026-01-02|x|null|null\n2026-01-03|z|null|null\n2026-01-04|y|y|2026-01-04",
            "{words:?}"
        );
    }
    undo(&site).await;
}
