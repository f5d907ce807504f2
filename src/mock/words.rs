//! Plausible texts for a column, by the column's name.

use std::fmt::Write as _;

use Part::{Index, Number, Text, Word};

use super::random::{MockRng, below};

/// A piece of a text.
#[derive(Debug)]
enum Part {
    /// Always this.
    Text(&'static str),
    /// One of these.
    Word(&'static [&'static str]),
    /// A number from 1 to this.
    Number(u64),
    /// Where the index of a distinct text goes; without this part it goes to the end.
    Index,
}

/// The parts of a column's texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words(&'static [Part]);

impl Words {
    /// The words that fit a column of this name; `None` where the name is that of a code, or no
    /// known one.
    pub(crate) fn for_column(name: &str) -> Option<Words> {
        let name = name.to_lowercase();
        let code = |end: &&str| {
            !name.contains("phone") && (name.ends_with(end) || name.ends_with(&format!("{end}s")))
        };
        if ["id", "code", "key", "no", "number", "sku", "nr"].iter().any(code) {
            return None;
        }
        let fits = |(names, _): &&(&[&str], _)| names.iter().any(|part| name.contains(part));
        WORDS.iter().find(fits).map(|(_, parts)| Words(parts))
    }

    /// Appends a text; with an `index` it differs from the texts of all other indexes.
    pub fn write(self, random: &mut MockRng, index: Option<u64>, out: &mut String) {
        let mut left = index;
        for part in self.0 {
            match part {
                Text(text) => out.push_str(text),
                Word(words) => {
                    let word = words.get(below(random, words.len() as u64) as usize);
                    out.push_str(word.copied().unwrap_or_default());
                }
                Number(end) => drop(write!(out, "{}", below(random, *end) + 1)),
                Index => {
                    if let Some(index) = left.take() {
                        let _ = write!(out, "{index}");
                    }
                }
            }
        }
        if let Some(index) = left {
            let _ = write!(out, " {index}");
        }
    }
}

/// Parts of column names, and what such columns hold; the first that fits is taken.
static WORDS: &[(&[&str], &[Part])] = &[
    (&["mail"], &[Word(LOWER), Text("."), Word(LOWER_LAST), Index, Text("@example."), Word(TOP)]),
    (
        &["url", "website", "link"],
        &[Text("https://example.com/"), Word(LOWER), Text("/"), Number(999)],
    ),
    (&["phone", "mobile", "fax"], &[Text("+44 20 7946 0"), Number(9), Number(9), Number(9)]),
    (&["country", "nation"], &[Word(COUNTRIES)]),
    (&["city", "town", "location"], &[Word(CITIES)]),
    (&["gender", "sex"], &[Word(&["female", "male", "other"])]),
    (&["membership", "loyalty"], &[Word(&["none", "basic", "silver", "gold"])]),
    (&["region", "state", "province"], &[Word(&["North", "South", "East", "West", "Central"])]),
    (&["address", "street"], &[Number(200), Text(" "), Word(STREETS)]),
    (&["currency"], &[Word(&["EUR", "USD", "GBP", "CHF", "JPY", "SEK"])]),
    (&["status"], &[Word(&["open", "paid", "shipped", "returned", "cancelled"])]),
    (&["segment", "tier"], &[Word(&["consumer", "corporate", "small business", "public"])]),
    (&["category", "type", "kind"], &[Word(&["kitchen", "garden", "office", "toys", "lighting"])]),
    (&["channel", "source"], &[Word(&["web", "store", "phone", "app", "partner"])]),
    (&["payment", "method"], &[Word(&["card", "cash", "transfer", "invoice"])]),
    (&["colour", "color"], &[Word(COLOURS)]),
    (&["comment", "note", "remark"], &[Word(COMMENTS)]),
    (&["company", "supplier", "vendor", "brand"], &[Word(LAST), Word(COMPANY_ENDS)]),
    (
        &["store", "shop", "branch"],
        &[Word(CITIES), Text(" "), Word(&["Central", "Station", "Mall", "Old Town"])],
    ),
    (
        &["product", "item", "article", "description"],
        &[Word(COLOURS), Text(" "), Word(MATERIALS), Text(" "), Word(THINGS)],
    ),
    (&["first", "given"], &[Word(FIRST)]),
    (&["last", "surname", "family"], &[Word(LAST)]),
    (&["name", "customer", "person", "user", "employee"], &[Word(FIRST), Text(" "), Word(LAST)]),
];

const FIRST: &[&str] = &[
    "Anna", "Ben", "Chloé", "David", "Emma", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Keiko",
    "Liam", "María", "Noah", "Olga", "Pedro", "Quinn", "Rosa", "Sven", "Tomás", "Uma", "Viktor",
    "Wanda", "Zoë",
];
const LAST: &[&str] = &[
    "Almeida", "Berg", "Costa", "Dubois", "Evans", "Fischer", "García", "Hansen", "Ito", "Jensen",
    "Kowalski", "Larsen", "Miller", "Novak", "O'Brien", "Petrov", "Rossi", "Schmidt", "Tanaka",
    "Walker", "Young", "Zhang",
];
const LOWER: &[&str] =
    &["anna", "ben", "chloe", "david", "emma", "farid", "grace", "hugo", "ines", "jonas"];
const LOWER_LAST: &[&str] =
    &["berg", "costa", "evans", "fischer", "garcia", "ito", "miller", "novak", "rossi"];
const TOP: &[&str] = &["com", "org", "net"];
const COUNTRIES: &[&str] = &[
    "Australia",
    "Brazil",
    "Canada",
    "Denmark",
    "EIRE",
    "France",
    "Germany",
    "Italy",
    "Japan",
    "Korea, Republic of",
    "Netherlands",
    "Norway",
    "Poland",
    "Portugal",
    "Spain",
    "Sweden",
    "Switzerland",
    "United Kingdom",
    "USA",
];
const CITIES: &[&str] = &[
    "Amsterdam",
    "Berlin",
    "Dublin",
    "København",
    "Lisbon",
    "London",
    "Madrid",
    "Málaga",
    "Osaka",
    "Paris",
    "Porto",
    "Rome",
    "São Paulo",
    "Seoul",
    "Toronto",
    "Washington, DC",
    "Zürich",
];
const STREETS: &[&str] = &[
    "High Street",
    "Main St, Apt 4",
    "Mill Lane",
    "Park Avenue",
    "Rue de l'Église",
    "Station Road",
    "Second Floor, Dock \"B\"",
];
const COLOURS: &[&str] = &["White", "Black", "Red", "Blue", "Green", "Ivory", "Pink", "Silver"];
const MATERIALS: &[&str] = &["Metal", "Wooden", "Glass", "Cotton", "Ceramic", "Paper", "Felt"];
const THINGS: &[&str] = &[
    "Lantern",
    "Mug",
    "Cushion",
    "Hot Water Bottle",
    "Clock",
    "Frame, Small",
    "Screen 27\"",
    "Tray",
    "Candle",
    "Basket",
];
const COMPANY_ENDS: &[&str] = &[" Ltd", " & Co", ", Inc.", " GmbH", " S.A.", " and Sons"];
const COMMENTS: &[&str] = &[
    "fine",
    "called twice",
    "leave with the neighbour, please",
    "said \"no hurry\"",
    "gift:\nno invoice",
    "fragile; keep upright",
];

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn texts_fit_the_name_of_their_column() {
        let mut random = MockRng::seed_from_u64(1);
        let mut text = |name: &str, index| {
            let mut out = String::new();
            Words::for_column(name).expect("known words").write(&mut random, index, &mut out);
            out
        };
        assert!(COUNTRIES.contains(&text("Ship Country", None).as_str()));
        assert!(
            text("customer_name", None)
                .split(' ')
                .next()
                .is_some_and(|first| FIRST.contains(&first))
        );
        assert!(text("product_name", Some(7)).ends_with(" 7"));
        assert!(text("phone_number", None).starts_with("+44"));
        assert!(text("e_mail", Some(7)).contains("7@example."));
        for code in ["customer_id", "country_code", "sku", "order_no", "xyz"] {
            assert!(Words::for_column(code).is_none(), "{code}");
        }
    }
}
