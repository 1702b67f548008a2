//! What others say, fit for a log: short, escaped, and without the addresses of people, in whatever
//! way they are written. Knows no request.

use std::borrow::Cow;

use super::{ApiError, Complaint};
use crate::model::visible;

/// How many bytes of a text are looked at, and how many characters of them are shown.
const LOOKED_AT: usize = 1024;
const SHOWN: usize = 120;

/// The ways to write the sign that every address has, in small letters.
const SIGNS: &[&str] = &["@", "%40", "%2540", "&#64;", "&#x40;", "&commat;", "\\u0040"];

/// What stands between two words.
fn parts(letter: char) -> bool {
    letter.is_whitespace() || "\"'`<>()[]{}|,".contains(letter)
}

/// A text without the addresses in it: each word that has one is left out.
pub(super) fn without_addresses(text: &str) -> Cow<'_, str> {
    let has_one = |word: &str| {
        let word = word.to_ascii_lowercase();
        SIGNS.iter().any(|sign| word.contains(sign))
    };
    if !has_one(text) {
        return Cow::Borrowed(text);
    }
    let words = text.split_inclusive(parts).map(|word| {
        let end = word.strip_suffix(parts).map_or(word.len(), str::len);
        if has_one(&word[..end]) { format!("…{}", &word[end..]).into() } else { Cow::from(word) }
    });
    Cow::Owned(words.collect())
}

/// The beginning of an outside text, fit for one line of a log: without addresses, control characters
/// escaped.
pub(super) fn first_line(text: &[u8]) -> String {
    let (start, rest) = text.split_at(text.len().min(LOOKED_AT));
    let start = String::from_utf8_lossy(start);
    let start = start.trim_start();
    let line = start.lines().next().unwrap_or_default();
    // Where the last word is cut, it may be half an address, which nobody knows for one.
    let is_cut = !rest.is_empty() && line.len() == start.len();
    let end = if is_cut { line.rfind(parts) } else { None };
    let line = without_addresses(&line[..end.unwrap_or(line.len())]);
    let line: String = line.chars().take(SHOWN).collect();
    visible(&line).into_owned()
}

impl ApiError {
    /// The same, without the addresses in what the server or the system says of it.
    pub(super) fn without_addresses(mut self) -> Self {
        for text in self.outside_texts() {
            if let Cow::Owned(discreet) = without_addresses(text) {
                *text = discreet;
            }
        }
        self
    }

    fn outside_texts(&mut self) -> Vec<&mut String> {
        match self {
            Self::NotSent { why } | Self::NoAnswer { why } => vec![why],
            Self::Unauthorized { message }
            | Self::Server { message, .. }
            | Self::Stopped { message } => vec![message],
            Self::Refused { complaints, .. } => {
                complaints.iter_mut().map(|Complaint { message, .. }| message).collect()
            }
            Self::Unusable { why, first_line, .. } => vec![why, first_line],
            Self::Redirected { location, .. } => vec![location],
            Self::GivenUp { last, .. } | Self::Dropped { doubt: Some(last) } => {
                last.outside_texts()
            }
            Self::Throttled { .. } | Self::Dropped { doubt: None } => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_is_cut_and_escaped() {
        let line = first_line(b"\n<html>\x1b[31m\x07\nsecond");
        assert_eq!(line, "<html>\\u{1b}[31m\\u{7}");
        assert_eq!(first_line("é".repeat(900).as_bytes()).chars().count(), 120);
        assert_eq!(first_line(format!("<html>\n{}", "x ".repeat(900)).as_bytes()), "<html>");
    }

    #[test]
    fn addresses_are_left_out_however_they_are_written() {
        for (text, discreet) in [
            ("no user 17 here", "no user 17 here"),
            ("dana@firm.example is gone", "… is gone"),
            ("no <Dana.K+x@firm.example>, no \"b@c.example\"", "no <…>, no \"…\""),
            ("GET /users?by_email_addresses=a%40b.example,c%2540d.example", "GET …,…"),
            ("a&#64;b.example a&commat;b.example A&#X40;B", "… … …"),
            (r#"{"m":"a\u0040b.example"}"#, r#"{"m":"…"}"#),
            ("jörg@müller.example\nnext", "…\nnext"),
        ] {
            assert_eq!(without_addresses(text), discreet);
        }
    }

    #[test]
    fn half_an_address_at_the_end_is_left_out_too() {
        let text = format!("<p>{} dana.kovalenko@firm.example</p>", "a@b.example ".repeat(84));
        for cut in 1..60 {
            let line = first_line(&text.as_bytes()[cut..]);
            assert!(!line.contains("dana"), "{line}");
        }
    }
}
