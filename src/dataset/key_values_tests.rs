//! Tests of `from_key`: which keys fit, which values they have, and that a rendered key gives its values back.

use proptest::prelude::*;

use super::*;

fn fit(pattern: &str, key: &str) -> Fit {
    KeyPattern::parse(pattern).expect("a pattern").fit(key)
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
        (users, "users/batch=%FF/x.csv", "NotText(\"batch_id\")"),
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
        match pattern.fit(&key) {
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
        let found = match pattern.fit(&key) {
            Fit::None => 0,
            Fit::One(_) | Fit::NotText(_) => 1,
            Fit::Several(..) => 2,
        };
        prop_assert_eq!(found, ways.min(2), "{} {}", text, key);
    }
}
