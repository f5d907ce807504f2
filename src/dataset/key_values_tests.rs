//! Tests of `from_key`: which keys fit, which values they have, and that a rendered key gives its values back.

use proptest::prelude::*;

use super::*;
use crate::dataset::Catalog;

fn fit(pattern: &str, key: &str) -> Fit {
    KeyPattern::parse(pattern).expect("a pattern").fit_types(key, &|_, _| true)
}

/// The values as `name=text`, with `name` alone for a null.
fn values(pattern: &str, key: &str) -> String {
    match fit(pattern, key) {
        Fit::One(values) => {
            let shown = values.iter().map(|(name, text)| match text {
                Some(text) => format!("{name}={text}"),
                None => name.clone(),
            });
            shown.collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn a_key_gives_the_values_of_the_names_in_its_pattern() {
    let users = "users/batch={batch_id}/{day}.csv";
    for (pattern, key, shown) in [
        (users, "users/batch=7/2026-01-02.csv", "batch_id=7 day=2026-01-02"),
        (users, "users/batch=7/2026-01-02.csv.gz", "None"),
        (users, "in/users/batch=7/2026-01-02.csv", "None"),
        (users, "users/batch=/2026-01-02.csv", "None"),
        (users, "users/batch=7/2026/01.csv", "None"),
        (users, "users/batch=7/.csv", "None"),
        // Hive: what follows `=` is percent-encoded, and has a word for null.
        (users, "users/batch=a%3Ab%2Fc/x.csv", "batch_id=a:b/c day=x"),
        (users, "users/batch=5%/a%20b.csv", "batch_id=5% day=a%20b"),
        (users, "users/batch=%C3%A9/x.csv", "batch_id=\u{e9} day=x"),
        (users, "users/batch=e%CC%81/x.csv", "batch_id=\u{e9} day=x"),
        (users, "users/batch=a+b c/d+e f.csv", "batch_id=a+b c day=d+e f"),
        (users, "users/batch=%FF/x.csv", "NotText(\"batch_id\")"),
        (users, "users/batch=7/users/batch=8/x.csv", "None"),
        (users, "users/batch=batch=7/x.csv.csv", "batch_id=batch=7 day=x.csv"),
        (users, "users/batch=__HIVE_DEFAULT_PARTITION__/x.csv", "batch_id day=x"),
        ("**/day={day}/*", "a/b/day=1/part-0.parquet", "day=1"),
        ("**/day={day}/*", "day=1/part-0.parquet", "day=1"),
        ("**/day={day}/*", "day=1/more/part-0.parquet", "None"),
        ("**/day={day}/**", "x/day=1/more/part-0.parquet", "day=1"),
        ("a/**/{x}.csv", "a/1.csv", "x=1"),
        ("a/**/{x}.csv", "a/b/c/1.csv", "x=1"),
        ("a/**/{x}.csv", "ab/1.csv", "None"),
        ("{x}-????.csv", "eu-2026.csv", "x=eu"),
        ("{x}.csv*", "a.csv.gz", "x=a"),
        ("\\{{x}\\}\\*", "{1}*", "x=1"),
        ("{x}/caf\u{e9}", "cafe/caf\u{e9}", "x=cafe"),
        ("{x}.csv", "\u{1f4b6} 5.csv", "x=\u{1f4b6} 5"),
    ] {
        assert_eq!(values(pattern, key), shown, "{pattern} {key}");
    }
}

#[test]
fn a_key_that_fits_in_several_ways_is_none_with_values() {
    for (pattern, key, name, texts) in [
        ("{region}-{day}.csv", "eu-west-1.csv", "region", ["eu", "eu-west"]),
        ("**/day={day}/**", "day=1/day=2/x", "day", ["1", "2"]),
        ("{x}.*", "a.b.csv", "x", ["a", "a.b"]),
    ] {
        match fit(pattern, key) {
            Fit::Several(found, mut both) => {
                both.sort();
                assert_eq!((found.as_str(), both), (name, texts.map(str::to_owned)), "{pattern}");
            }
            other => panic!("{pattern} {key}: {other:?}"),
        }
    }
    // Several ways for the wildcards, and one for the names.
    assert_eq!(values("**/*/{x}.csv", "a/b/c/1.csv"), "x=1");
    assert_eq!(values("**/{x}/**", "a/a"), "x=a");
}

/// A dataset with these columns of a key.
fn dataset(from_key: &str, columns: &str) -> Dataset {
    let contract = format!(
        "name = \"one\"\nmatch = \"**\"\nfrom_key = {from_key}\n[columns]\n{columns}\n\
         id = {{ type = \"text\" }}\n[fact.one]\ndegenerate = \"id\"\n"
    );
    let catalog = Catalog::read([("d".into(), "one".to_owned(), contract)]);
    catalog.unwrap_or_else(|errors| panic!("{errors:?}")).dataset("one").expect("it").clone()
}

fn shown(found: Result<Vec<KeyValue>, String>) -> String {
    match found {
        Ok(values) => {
            let texts = values.iter().map(|(_, text)| text.as_deref().unwrap_or("null"));
            texts.collect::<Vec<_>>().join(" ")
        }
        Err(message) => message,
    }
}

#[test]
fn of_several_ways_the_only_one_with_values_of_the_types_is_meant() {
    let columns = "region = { type = \"text\" }\nday = { type = \"date\", format = \"%Y-%m-%d\" }";
    let days = dataset("\"in/{region}-{day}.csv\"", columns);
    for (key, wanted) in [
        ("in/eu-2026-01-02.csv", "eu 2026-01-02"),
        ("in/eu-west-1-2026-01-02.csv", "eu-west-1 2026-01-02"),
        ("in/eu--2026-01-02.csv", "eu- 2026-01-02"),
    ] {
        assert_eq!(shown(days.key_values(key, false)), wanted);
    }
    insta::assert_snapshot!(shown(days.key_values("in/eu-west-1.csv", false)), @"the key `in/eu-west-1.csv` fits from_key = \"in/{region}-{day}.csv\" in more than one way: `{region}` may be `eu` or `eu-west`; rename the object, or change from_key or the types of its columns so that only one of them fits");
    let texts = columns.replace("\"date\", format = \"%Y-%m-%d\"", "\"text\"");
    let texts = dataset("\"in/{region}-{day}.csv\"", &texts);
    insta::assert_snapshot!(shown(texts.key_values("in/eu-west-1.csv", false)), @"the key `in/eu-west-1.csv` fits from_key = \"in/{region}-{day}.csv\" in more than one way: `{region}` may be `eu` or `eu-west`; rename the object, or change from_key or the types of its columns so that only one of them fits");
    // A null is of any type, unless a value is required.
    let null = "in/a=x-b=1/b=__HIVE_DEFAULT_PARTITION__/x";
    let two = |required: &str| {
        let columns = format!("n = {{ type = \"integer\"{required} }}");
        dataset("\"in/**/*b={n}/**\"", &columns)
    };
    assert!(shown(two("").key_values(null, false)).contains("in more than one way"));
    assert_eq!(shown(two(", required = true").key_values(null, false)), "1");
}

#[test]
fn a_path_of_which_two_ends_fit_has_no_values_unless_they_are_the_same() {
    let text = "batch = { type = \"text\" }";
    let users = dataset("\"users/{batch}/**\"", text);
    insta::assert_snapshot!(shown(users.key_values("/home/users/eve/users/7/x.csv", true)), @"two ends of the path `/home/users/eve/users/7/x.csv` fit from_key and have different values, `users/eve/users/7/x.csv` and `users/7/x.csv`: move the file to folders of which only one fits");
    assert_eq!(shown(users.key_values("/home/eve/users/7/x.csv", true)), "7");
    // A key is not a path.
    assert_eq!(shown(users.key_values("users/eve/users/7/x.csv", false)), "eve");
    let hive = dataset("\"**/batch={batch}/*\"", text);
    assert_eq!(shown(hive.key_values("/a/b/batch=7/x.csv", true)), "7");
}

/// A part of a pattern, with a text that it may stand for.
fn part() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        "[a-c/=.]{1,3}".prop_map(|text| (text.clone(), text)),
        Just(("/**/".to_owned(), "/".to_owned())),
        "/[a-c]/".prop_map(|text| ("/**/".to_owned(), text)),
        ("[a-c]{0,2}").prop_map(|text| (".*.".to_owned(), format!(".{text}."))),
        "[a-c]".prop_map(|text| ("?".to_owned(), text)),
        "[a-c.=%]{1,3}".prop_map(|text| ("{}".to_owned(), text)),
    ]
}

/// Every way in which a key fits, tried one by one.
fn brute(parts: &[Part], key: &str) -> Vec<Vec<String>> {
    let Some((part, rest)) = parts.split_first() else {
        return if key.is_empty() { vec![Vec::new()] } else { Vec::new() };
    };
    let mut found = Vec::new();
    for len in 0..=key.len() {
        let text = &key[..len];
        let fits = match part {
            Part::Text(wanted) => text == wanted,
            Part::Char => len == 1 && text != "/",
            Part::Chars => !text.contains('/'),
            Part::Folders => text.is_empty() || text.ends_with('/'),
            Part::Rest => true,
            Part::Name { .. } => !text.is_empty() && !text.contains('/'),
        };
        if fits {
            for mut way in brute(rest, &key[len..]) {
                if matches!(part, Part::Name { .. }) {
                    way.insert(0, text.to_owned());
                }
                found.push(way);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

proptest! {
    #[test]
    fn a_rendered_key_gives_its_values_back_unless_it_fits_in_several_ways(
        drawn in prop::collection::vec(part(), 1..7),
    ) {
        let (mut text, mut key, mut wanted) = (String::new(), String::new(), Vec::new());
        for (index, (pattern, stands_for)) in drawn.iter().enumerate() {
            if pattern == "{}" {
                text.push_str(&format!("{{n{index}}}"));
                wanted.push(stands_for.clone());
            } else {
                text.push_str(pattern);
            }
            key.push_str(stands_for);
        }
        let Ok(pattern) = KeyPattern::parse(&text) else { return Ok(()) };
        let ways = brute(&pattern.parts, &key);
        prop_assert!(ways.contains(&wanted), "{} {}", text, key);
        match pattern.fit_where(&key, &|_| true) {
            Fit::One(values) => {
                prop_assert_eq!(ways.len(), 1, "{} {}", &text, &key);
                let hive = pattern.is_hive();
                for (((_, value), wanted), is_hive) in values.iter().zip(&wanted).zip(hive) {
                    let wanted = if is_hive { percent_decoded(wanted).expect("text") } else { Cow::Borrowed(wanted.as_str()) };
                    prop_assert_eq!(value.as_deref(), Some(&*wanted));
                }
            }
            Fit::Several(_, [one, other]) => {
                prop_assert!(ways.len() > 1, "{} {}", text, key);
                prop_assert!(one != other);
            }
            Fit::NotText(_) => prop_assert_eq!(ways.len(), 1),
            Fit::None => prop_assert!(false, "{} {}", text, key),
        }
        let matcher = glob::matcher(&pattern.glob()).expect("a glob");
        prop_assert!(matcher.is_match(&key), "{} {}", pattern.glob(), key);
    }

    #[test]
    fn any_key_fits_or_not_as_every_way_tried_one_by_one_says(
        text in "(\\{a\\}|\\{b\\}|[xy/=]|\\?|\\*|/\\*\\*/|\\*\\*/){1,6}", key in "[xy/=.]{0,7}",
    ) {
        let Ok(pattern) = KeyPattern::parse(&text) else { return Ok(()) };
        let ways = brute(&pattern.parts, &key).len();
        let found = match pattern.fit_where(&key, &|_| true) {
            Fit::None => 0,
            Fit::One(_) | Fit::NotText(_) => 1,
            Fit::Several(..) => 2,
        };
        prop_assert_eq!(found, ways.min(2), "{} {}", text, key);
    }
}
