//! Detects the delimiter of a file in its first line.

/// The text between two fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Delimiter {
    /// This byte, which must not be the quote or part of a line end.
    Byte(u8),
    /// Several bytes, at most [`MAX_DELIMITER_BYTES`](super::dialect::MAX_DELIMITER_BYTES).
    Text(Vec<u8>),
    /// The one of `,` `;` tab and `|` that occurs most outside quotes in the first line that is not
    /// blank; `,` if none occurs. Where several occur equally often, it is `,` if that line is a header
    /// (whose names tell), and the file is refused if it is not.
    #[default]
    Detect,
}

const CANDIDATES: [u8; 4] = *b",;\t|";

/// Counts the candidates in the first line, which may arrive in pieces.
#[derive(Debug, Default)]
pub(super) struct Detector {
    counts: [usize; CANDIDATES.len()],
    /// How many bytes of the line have been counted.
    seen: usize,
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    FieldStart,
    Plain,
    Quoted,
    /// After a quote within quotes, which closes them unless another follows.
    MaybeClosed,
}

impl Detector {
    /// Counts the new bytes of `line`, which is the line from its start each time. Returns whether
    /// the line is complete.
    pub fn feed(&mut self, line: &[u8], quote: Option<u8>) -> bool {
        for byte in line.get(self.seen..).unwrap_or_default() {
            let is_quote = Some(*byte) == quote;
            self.state = match (self.state, byte) {
                (State::Quoted, _) if is_quote => State::MaybeClosed,
                (State::Quoted, _) => State::Quoted,
                (State::FieldStart | State::MaybeClosed, _) if is_quote => State::Quoted,
                (_, b'\n' | b'\r') => return true,
                (_, byte) => {
                    match CANDIDATES.iter().zip(&mut self.counts).find(|(c, _)| *c == byte) {
                        Some((_, count)) => {
                            *count += 1;
                            State::FieldStart
                        }
                        None => State::Plain,
                    }
                }
            };
            self.seen += 1;
        }
        false
    }

    /// The candidate that occurred most; the error has two that did.
    pub fn winner(&self) -> Result<u8, [u8; 2]> {
        let most = self.counts.iter().max().filter(|most| **most > 0);
        let mut winners =
            CANDIDATES.iter().zip(&self.counts).filter(|(_, count)| Some(*count) == most);
        match (winners.next(), winners.next()) {
            (Some((winner, _)), None) => Ok(*winner),
            (Some((one, _)), Some((other, _))) => Err([*one, *other]),
            (None, _) => Ok(b','),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_candidate_that_occurs_most_outside_quotes() {
        for (text, delimiter) in [
            ("a,b,c\n", b','),
            ("a;b;c\r\n", b';'),
            ("a\tb\tc\r", b'\t'),
            ("a|b\n1,2,3,4", b'|'),
            ("a;\"b,c,d,e\";f\n", b';'),
            ("\"a;b;c\",d\n", b','),
            ("\"a\n;;;\",d\n", b','),
            ("\"a\"\";;\",d\n", b','),
            ("5\" pipe;a\nb,c\"\n", b';'),
            ("alone\n", b','),
        ] {
            let mut at_once = Detector::default();
            assert!(at_once.feed(text.as_bytes(), Some(b'"')), "{text:?}");
            assert_eq!(at_once.winner(), Ok(delimiter), "{text:?}");
            let mut bytewise = Detector::default();
            assert!((0..=text.len()).any(|end| bytewise.feed(&text.as_bytes()[..end], Some(b'"'))));
            assert_eq!(bytewise.winner(), Ok(delimiter), "{text:?} byte by byte");
        }
        let mut tie = Detector::default();
        assert!(tie.feed(b"a;b|c\n", Some(b'"')));
        assert_eq!(tie.winner(), Err([b';', b'|']));
        assert!(!Detector::default().feed(b"a;b", Some(b'"')));
        assert!(!Detector::default().feed(b"\"a\n;b;", Some(b'"')));
    }
}
