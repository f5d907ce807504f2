//! Writes single fields of a delimited row again, each in quotes or not as the row had it.
//!
//! The `csv` crate writes the fields that need quotes. Its writer cannot write the whole row: it
//! takes delimiters of one byte only, and either quotes a field because of its text or quotes all
//! of them, while here the quotes of `""` tell an empty text from null.

/// The marks of a delimited file that rows are written for.
#[derive(Debug, Clone)]
pub struct CsvFields {
    /// What separates two fields.
    pub delimiter: Vec<u8>,
    /// `None` where the file's dialect has no quotes: fields are then written as they are.
    pub quote: Option<u8>,
    /// What makes the byte after it a plain one, besides doubled quotes.
    pub escape: Option<u8>,
}

impl CsvFields {
    /// Appends `field` to `row`, in quotes where `quoted` says so or its text needs them.
    pub fn push(&self, field: &[u8], quoted: bool, row: &mut Vec<u8>) {
        match self.quote {
            Some(quote) if quoted || self.needs_quotes(field, quote) => {
                self.push_quoted(field, quote, row);
            }
            _ => row.extend_from_slice(field),
        }
    }

    fn needs_quotes(&self, field: &[u8], quote: u8) -> bool {
        memchr::memchr3(quote, b'\n', b'\r', field).is_some()
            || memchr::memmem::find(field, &self.delimiter).is_some()
            || self.ends_in_a_delimiter(field)
            || self.escape.is_some_and(|escape| field.contains(&escape))
    }

    /// Whether the end of `field` and the delimiter after it would be read as a delimiter that
    /// starts too early: `|` before `||`.
    fn ends_in_a_delimiter(&self, field: &[u8]) -> bool {
        let delimiter = self.delimiter.as_slice();
        (1..delimiter.len())
            .filter_map(|count| delimiter.split_at_checked(count))
            .any(|(start, rest)| field.ends_with(start) && delimiter.starts_with(rest))
    }

    fn push_quoted(&self, field: &[u8], quote: u8, row: &mut Vec<u8>) {
        let mut escaped = Vec::new();
        let field = match self.escape.filter(|escape| field.contains(escape)) {
            None => field,
            Some(escape) => {
                for byte in field {
                    escaped.extend((*byte == escape).then_some(escape));
                    escaped.push(*byte);
                }
                &escaped
            }
        };
        let mut csv = csv::WriterBuilder::new()
            .quote(quote)
            .quote_style(csv::QuoteStyle::Always)
            .buffer_capacity(field.len() + 16)
            .from_writer(&mut *row);
        // Writing to a Vec cannot fail. The writer closes a field when its row ends.
        let _ = csv.write_record([field]);
        let _ = csv.flush();
        drop(csv);
        row.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{CsvOptions, CsvReader, Delimiter, Record, RecordReader, Step};
    use proptest::prelude::*;

    fn fields(delimiter: &[u8], quote: u8, escape: Option<u8>) -> CsvFields {
        CsvFields { delimiter: delimiter.to_vec(), quote: Some(quote), escape }
    }

    fn written(fields: &CsvFields, text: &str, quoted: bool) -> String {
        let mut row = b"a".to_vec();
        fields.push(text.as_bytes(), quoted, &mut row);
        String::from_utf8(row).expect("text")
    }

    #[test]
    fn a_field_is_quoted_where_it_was_or_needs_it() {
        let plain = fields(b",", b'"', None);
        for (text, quoted, row) in [
            ("", false, "a"),
            ("", true, "a\"\""),
            ("b c", false, "ab c"),
            ("b", true, "a\"b\""),
            ("b,c", false, "a\"b,c\""),
            ("b\nc", false, "a\"b\nc\""),
            ("say \"b\"", false, "a\"say \"\"b\"\"\""),
        ] {
            assert_eq!(written(&plain, text, quoted), row, "{text:?}");
        }
        assert_eq!(written(&fields(b"||", b'\'', None), "b|c", false), "ab|c");
        assert_eq!(written(&fields(b"||", b'\'', None), "it's||", false), "a'it''s||'");
        assert_eq!(written(&fields(b"||", b'\'', None), "b|", false), "a'b|'");
        assert_eq!(written(&fields(b"|;|", b'\'', None), "b|;", false), "a'b|;'");
        assert_eq!(written(&fields(b"|;", b'\'', None), "b|", false), "ab|");
        assert_eq!(written(&fields(b",", b'"', Some(b'\\')), "b\\,", false), "a\"b\\\\,\"");
        let none = CsvFields { quote: None, ..plain };
        assert_eq!(written(&none, "b\"c", true), "ab\"c");
    }

    proptest! {
        #[test]
        fn fields_are_read_again_as_they_were_written(
            texts in prop::collection::vec(("[a-b,|;'\"\n\r\\\\]{0,6}", any::<bool>()), 2..5),
            delimiter in prop::sample::select(vec![",", "|", "||"]),
            quote in prop::sample::select(vec![b'"', b'\'']),
            escape in prop::sample::select(vec![None, Some(b'\\')]),
        ) {
            let fields = fields(delimiter.as_bytes(), quote, escape);
            let mut row = Vec::new();
            for (index, (text, quoted)) in texts.iter().enumerate() {
                if index > 0 {
                    row.extend_from_slice(delimiter.as_bytes());
                }
                fields.push(text.as_bytes(), *quoted, &mut row);
            }
            let mut reader = CsvReader::new(CsvOptions {
                delimiter: Delimiter::Text(delimiter.as_bytes().to_vec()),
                quote: Some(quote),
                escape,
                header_rows: 0,
                ..CsvOptions::default()
            });
            reader.push(&row);
            reader.end();
            let mut record = Record::new();
            // A row of empty fields is skipped.
            prop_assume!(texts.iter().any(|(text, quoted)| *quoted || !text.is_empty()));
            prop_assert_eq!(reader.next(&mut record), Ok(Step::Record));
            let read: Vec<&[u8]> = record.iter().collect();
            let wrote: Vec<&[u8]> = texts.iter().map(|(text, _)| text.as_bytes()).collect();
            prop_assert_eq!(read, wrote);
        }
    }
}
