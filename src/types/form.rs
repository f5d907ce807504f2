//! One strftime pattern of a contract, prepared so that no number of a text is read from fewer digits
//! than it has.

use jiff::fmt::strtime::BrokenDownTime;

use super::refusal::Refusal;

/// A strftime pattern.
///
/// Bounds: a year has the four digits of `%Y`, or the two of `%y`. Numbers without anything between them
/// (`%Y%m%d`) have all their digits. Other numbers may leave out leading zeros. A blank between two
/// numbers must be in the text.
#[derive(Debug)]
pub(super) struct Form {
    pattern: String,
    runs: Vec<Run>,
    /// The number of blanks between two numbers.
    gaps: usize,
    /// What comes before each day of the month and each month.
    days: Vec<String>,
}

/// Numbers that follow each other directly, one of which is a year or which are several.
#[derive(Debug)]
struct Run {
    /// The pattern before them, and with them.
    before: String,
    through: String,
    width: usize,
    /// The directive of a run of one.
    single: Option<char>,
}

/// A part of a pattern: a directive such as `%Y`, or one character.
#[derive(Debug, Clone, Copy)]
struct Part<'p> {
    start: usize,
    text: &'p str,
    /// The letter of a directive, else `None`.
    directive: Option<char>,
}

impl Part<'_> {
    /// The number of digits of a number; `None` for everything else.
    fn width(self) -> Option<usize> {
        match self.directive? {
            'Y' | 'G' => Some(4),
            'j' => Some(3),
            'y' | 'g' | 'C' | 'd' | 'e' | 'H' | 'k' | 'I' | 'l' | 'M' | 'm' | 'S' | 'U' | 'V'
            | 'W' => Some(2),
            'u' | 'w' => Some(1),
            _ => None,
        }
    }
}

fn parts(pattern: &str) -> Vec<Part<'_>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    while let Some(rest) = pattern.get(start..)
        && let Some(first) = rest.chars().next()
    {
        let is_flag = |c: char| c.is_ascii_digit() || "_-^#:.".contains(c);
        let name = rest.strip_prefix('%').map(|body| body.trim_start_matches(is_flag));
        let directive = name.and_then(|name| name.chars().next());
        let after = directive.map_or(0, |letter| {
            name.map_or(0, |name| name.len().saturating_sub(letter.len_utf8()))
        });
        let end = match directive {
            Some(_) => rest.len() - after,
            None => first.len_utf8(),
        };
        parts.push(Part { start, text: rest.get(..end).unwrap_or(rest), directive });
        start += end;
    }
    parts
}

/// The pattern with `%F`, `%D`, `%T` and `%R` written out.
fn expanded(pattern: &str) -> String {
    let whole = |part: &Part<'_>| match part.text {
        "%F" => "%Y-%m-%d".to_owned(),
        "%D" => "%m/%d/%y".to_owned(),
        "%T" => "%H:%M:%S".to_owned(),
        "%R" => "%H:%M".to_owned(),
        other => other.to_owned(),
    };
    parts(pattern).iter().map(whole).collect()
}

/// The pattern and the same one with offsets in the other spellings.
pub(super) fn with_other_offsets(pattern: &str) -> Vec<String> {
    let mut patterns = vec![pattern.to_owned()];
    let parts = parts(pattern);
    let is_offset = |part: &Part<'_>| matches!(part.text, "%z" | "%:z");
    if parts.iter().any(is_offset) {
        patterns.extend(["%z", "%:z", "%:::z"].into_iter().map(|other| {
            let spelled = parts.iter().map(|part| if is_offset(part) { other } else { part.text });
            spelled.collect::<String>()
        }));
    }
    patterns
}

/// The pattern without the offset at its end, for texts that name UTC there.
pub(super) fn without_offset(pattern: &str) -> Option<&str> {
    let parts = parts(pattern);
    let last = parts.last().filter(|part| matches!(part.text, "%z" | "%:z"))?;
    Some(pattern.get(..last.start)?.trim_ascii_end())
}

impl Form {
    /// Prepares a pattern.
    pub fn new(pattern: &str) -> Form {
        let pattern = expanded(pattern);
        let parts = parts(&pattern);
        let before = |at: usize| pattern.get(..at).unwrap_or_default().to_owned();
        let (mut runs, mut rest) = (Vec::new(), parts.as_slice());
        while let [first, after @ ..] = rest {
            rest = after;
            let Some(mut width) = first.width() else { continue };
            let (mut count, mut end) = (1, first.start + first.text.len());
            while let [next, after @ ..] = rest
                && let Some(more) = next.width()
            {
                (width, count, end) = (width + more, count + 1, next.start + next.text.len());
                rest = after;
            }
            // A fraction has any number of digits.
            let is_open = rest.first().is_some_and(|next| matches!(next.text, "%f" | "%N"));
            let single = first.directive.filter(|_| count == 1);
            if count > 1 || is_open || matches!(single, Some('Y' | 'y' | 'G' | 'g')) {
                runs.push(Run { before: before(first.start), through: before(end), width, single });
            }
        }
        let is_gap = |three: &&[Part<'_>]| {
            matches!(three, [a, blank, b]
                if a.width().is_some() && b.width().is_some() && blank.text == " ")
        };
        let gaps = parts.windows(3).filter(is_gap).count();
        let is_day = |part: &&Part<'_>| matches!(part.directive, Some('d' | 'e' | 'm'));
        let days = parts.iter().filter(is_day).map(|part| before(part.start)).collect();
        drop(parts);
        Form { pattern, runs, gaps, days }
    }

    /// The parts that the text has.
    ///
    /// # Errors
    ///
    /// The text has another form, or a number has too few digits.
    pub fn read(&self, text: &str) -> Result<BrokenDownTime, Refusal> {
        let broken = BrokenDownTime::parse(&self.pattern, text).map_err(|_| Refusal::Form)?;
        if self.gaps > 0 && text.bytes().filter(u8::is_ascii_whitespace).count() < self.gaps {
            return Err(Refusal::Form);
        }
        match self.runs.iter().all(|run| self.is_full(run, &broken, text)) {
            true => Ok(broken),
            false => Err(Refusal::Digits),
        }
    }

    /// Whether the numbers of a run have all their digits in the text.
    fn is_full(&self, run: &Run, broken: &BrokenDownTime, text: &str) -> bool {
        // These years have the digits for certain, so that most texts are read once.
        match (run.single, broken.year()) {
            (Some('Y'), Some(year)) if year >= 1_000 => return true,
            (Some('y'), Some(year)) if year % 100 >= 10 => return true,
            _ => {}
        }
        let end = |pattern: &str| match pattern.len() {
            0 => Some(0),
            length if length == self.pattern.len() => Some(text.len()),
            _ => BrokenDownTime::parse_prefix(pattern, text).ok().map(|(_, end)| end),
        };
        let span = end(&run.before).zip(end(&run.through));
        let digits = span.and_then(|(start, end)| text.get(start..end)).unwrap_or_default();
        let digits = digits.trim_ascii_start();
        digits.len() == run.width && digits.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Whether a text that is refused would be read with another day or month.
    #[cold]
    pub fn has_a_day_beyond_the_calendar(&self, text: &str) -> bool {
        let mut changed = text.to_owned();
        for before in &self.days {
            let start = match before.as_str() {
                "" => 0,
                before => match BrokenDownTime::parse_prefix(before, &changed) {
                    Ok((_, end)) => end,
                    Err(_) => return false,
                },
            };
            let rest = changed.get(start..).unwrap_or_default();
            let start = start + rest.len() - rest.trim_ascii_start().len();
            let digits = rest.trim_ascii_start().bytes().take(2);
            let first = match digits.take_while(u8::is_ascii_digit).count() {
                0 => return false,
                1 => "1",
                _ => "01",
            };
            changed.replace_range(start..start + first.len(), first);
        }
        changed != text && self.read(&changed).is_ok()
    }

    /// Whether the second was 60: then a change of a `60` in the text changes the second.
    #[cold]
    pub fn is_leap_second(&self, text: &str) -> bool {
        text.match_indices("60").any(|(at, _)| {
            let mut changed = text.to_owned();
            changed.replace_range(at..at + 2, "58");
            let broken = BrokenDownTime::parse(&self.pattern, &changed);
            broken.is_ok_and(|broken| broken.second() == Some(58))
        })
    }
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
