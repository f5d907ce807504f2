//! Compares the records of random texts with those that csv-core reads.

use proptest::prelude::*;

use super::tests::{read, text};

/// The records that csv-core reads from `text`, and whether every quote in it is closed.
fn by_csv_core(text: &[u8]) -> (Vec<Vec<Vec<u8>>>, bool) {
    let mut reader = csv_core::ReaderBuilder::new().build();
    // If a quote is open, this end becomes part of its field.
    let text = [text, b"\nX"].concat();
    let (mut rows, mut input) = (Vec::new(), &text[..]);
    let (mut output, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 1]);
    let (mut written, mut ended) = (0, 0);
    loop {
        let (result, read, wrote, found) =
            reader.read_record(input, &mut output[written..], &mut ends[ended..]);
        (input, written, ended) = (&input[read..], written + wrote, ended + found);
        match result {
            csv_core::ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends.iter().copied());
                let fields =
                    starts.zip(&ends[..ended]).map(|(start, end)| output[start..*end].to_vec());
                rows.push(fields.collect::<Vec<_>>());
                (written, ended) = (0, 0);
            }
            csv_core::ReadRecordResult::End => break,
            _ => {}
        }
    }
    let closed = rows.pop() == Some(vec![b"X".to_vec()]);
    (rows, closed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn records_are_those_of_csv_core(text in text()) {
        // Where lines end in LF, a lone CR ends none here.
        let text = match text.contains('\n') {
            true => text.replace("\r\n", "\0").replace('\r', "\n").replace('\0', "\r\n"),
            false => text,
        };
        let (rows, error) = read(&text);
        let (expected, closed) = by_csv_core(text.as_bytes());
        let fields: Vec<_> = rows.into_iter().map(|row| row.fields).collect();
        // A row of empty fields is no row here, unless they are in quotes or it is one field.
        let is_row = |row: &&Vec<Vec<u8>>| row.iter().any(|field| !field.is_empty());
        let with_text = |rows: &[Vec<Vec<u8>>]| rows.iter().filter(is_row).cloned().collect::<Vec<_>>();
        prop_assert_eq!(with_text(&fields), with_text(&expected));
        prop_assert_eq!(error.is_none(), closed);
    }
}
