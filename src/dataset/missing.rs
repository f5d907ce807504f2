//! Decides what happens to the members of a dimension that are gone, where several datasets define the dimension.

use super::{Dataset, DimensionSource, Missing};

/// What happens to members that are gone, and the errors of datasets that contradict each other, each with
/// the index of the dataset.
pub(super) fn merge(dimension: &str, datasets: &[&Dataset]) -> (Missing, Vec<(usize, String)>) {
    let sources: Vec<(usize, &Dataset, &DimensionSource)> = datasets
        .iter()
        .enumerate()
        .filter_map(|(index, dataset)| {
            let source = dataset.dimensions.iter().find(|source| source.name == dimension)?;
            Some((index, *dataset, source))
        })
        .collect();
    let Some((_, first, source)) =
        sources.iter().find(|(_, _, source)| source.missing != Missing::Keep)
    else {
        return (Missing::Keep, Vec::new());
    };
    let (missing, first) = (source.missing, &first.name);
    let mut errors = Vec::new();
    for (index, dataset, source) in &sources {
        let brings_versions = source.history.iter().any(|history| history.keeps_versions());
        if source.missing != missing && source.missing != Missing::Keep {
            let message = format!(
                "dimension `{dimension}` has missing = \"{}\" here and \"{}\" in dataset `{first}`: they must be \
                 the same",
                source.missing.as_str(),
                missing.as_str()
            );
            errors.push((*index, message));
        } else if missing == Missing::Close && source.missing == Missing::Keep && brings_versions {
            let message = format!(
                "dataset `{}` starts versions of dimension `{dimension}`, which has missing = \"close\" in dataset \
                 `{first}`: the files of one cannot tell whether a member of the other is gone; add missing = \
                 \"close\" to both, leave the attributes with versions to one of them, or use missing = \"flag\"",
                dataset.name
            );
            errors.push((*index, message));
        }
    }
    (missing, errors)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::dataset::{Catalog, Missing};

    const PEOPLE: &str = "match = [\"people/*\"]
[columns]
id = { type = \"integer\" }
name = { type = \"text\" }
since = { type = \"date\" }
[policy]
overwrite = \"replace\"
[dimension.person]
key = [\"id\"]
attributes = [\"name\"]
history = \"versions\"
missing = \"close\"
";

    fn read(contracts: &[(&str, String)]) -> Result<Missing, String> {
        let contracts = contracts.iter().map(|(name, text)| {
            let text = format!("name = \"{name}\"\n{text}").replace("people/", &format!("{name}/"));
            (PathBuf::from(format!("{name}/dataset.toml")), (*name).to_owned(), text)
        });
        let catalog = Catalog::read(contracts).map_err(|errors| {
            errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        })?;
        Ok(catalog.dimension("person").unwrap().missing)
    }

    fn complaint(edits: &[(&str, &str)]) -> String {
        let text = edits.iter().fold(PEOPLE.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        read(&[("people", text)]).unwrap_err()
    }

    #[test]
    fn what_cannot_be_a_full_extract_is_refused_with_the_setting_that_is_missing() {
        assert_eq!(read(&[("people", PEOPLE.to_owned())]), Ok(Missing::Close));
        let of_one = |file: &str| PEOPLE.replace("[policy]", &format!("[file]\n{file}\n[policy]"));
        for file in ["sheet = \"Staff, {all}\"", "entry = \"in/people.csv\""] {
            assert_eq!(read(&[("people", of_one(file))]), Ok(Missing::Close));
        }
        for (edits, said) in [
            (
                &[("overwrite = \"replace\"", "overwrite = \"merge\"")][..],
                "people/dataset.toml:13: missing = \"close\" needs overwrite = \"replace\" in [policy]",
            ),
            (
                &[("overwrite = \"replace\"\n", ""), ("close", "flag")],
                "people/dataset.toml:12: missing = \"flag\" needs overwrite = \"replace\" in [policy]",
            ),
            (
                &[("\"versions\"", "\"overwrite\"")],
                "needs an attribute with history = \"versions\"",
            ),
            (
                &[("missing", "valid_from = \"since\"\nmissing")],
                "valid_from cannot be combined with missing = \"close\"",
            ),
            (
                &[("attributes = [\"name\"]\n", ""), ("history = \"versions\"\n", "")],
                "missing = \"close\" needs attributes",
            ),
            (
                &[("\"close\"", "\"closed\"")],
                "must be one of keep, close, flag, did you mean `close`?",
            ),
            (
                &[("[policy]", "[file]\nsheet = [\"2025-*\"]\n[policy]")],
                "people/dataset.toml:8: missing = \"close\" of dimension `person` needs one sheet",
            ),
            (
                &[("[policy]", "[file]\nentry = [\"a.csv\", \"b.csv\"]\n[policy]")],
                "needs one entry: a file cannot tell which members are gone if several parts of it",
            ),
            (
                &[("name = {", "next_from = {"), ("[\"name\"]", "[\"next_from\"]")],
                "`next_from` is the name of a column that missing = \"close\" adds",
            ),
            (
                &[
                    ("name = {", "is_deleted = {"),
                    ("[\"name\"]", "[\"is_deleted\"]"),
                    ("close", "flag"),
                ],
                "`is_deleted` is the name of a column that missing = \"flag\" adds",
            ),
        ] {
            let complaint = complaint(edits);
            assert!(complaint.contains(said), "{complaint}");
        }
    }

    #[test]
    fn datasets_that_share_a_dimension_agree_on_members_that_are_gone() {
        let people = || ("people", PEOPLE.to_owned());
        let other = |text: String| ("staff", text);
        let keeps = PEOPLE.replace("missing = \"close\"\n", "");
        let said = read(&[people(), other(keeps.clone())]).unwrap_err();
        assert!(
            said.starts_with("staff/dataset.toml:1: dataset `staff` starts versions"),
            "{said}"
        );
        let flags = PEOPLE.replace("close", "flag");
        let said = read(&[people(), other(flags.clone())]).unwrap_err();
        assert!(
            said.contains("has missing = \"flag\" here and \"close\" in dataset `people`"),
            "{said}"
        );
        assert_eq!(read(&[people(), other(PEOPLE.to_owned())]), Ok(Missing::Close));
        // Other datasets may bring members that are never gone, and attributes of those that are.
        assert_eq!(read(&[("people", flags), other(keeps.clone())]), Ok(Missing::Flag));
        let refers = keeps.replace("attributes = [\"name\"]\nhistory = \"versions\"\n", "");
        assert_eq!(read(&[people(), other(refers)]), Ok(Missing::Close));
        let since = keeps.replace("[\"name\"]", "[\"since\"]").replace("versions", "overwrite");
        assert_eq!(read(&[people(), other(since)]), Ok(Missing::Close));
    }
}
