//! Makes text that came from outside harmless where it is shown.
//!
//! Three places need it: terminals (control characters), spreadsheet cells (formulas) and Markdown.
//! HTML is escaped by `maud`; it too gets [`visible`] text. Knows nothing of reports.

use std::{borrow::Cow, fmt::Write as _};

use crate::model::acts;
pub use crate::model::visible;

/// JSON text with the characters that act as `\uXXXX`: in JSON they can only stand in strings, so
/// the value stays the same. Line feeds and tabs are the layout; in strings they are escaped already.
pub fn json(text: &str) -> Cow<'_, str> {
    let is_layout = |character| matches!(character, '\n' | '\t');
    let must = |character| acts(character) && !is_layout(character);
    if !text.contains(must) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let mut units = [0; 2];
    for character in text.chars() {
        if must(character) {
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// A cell for people: visible, and with a leading `'` where a spreadsheet would take it for a
/// formula. Plain numbers such as `-5` are no formulas.
pub(super) fn cell(text: &str) -> Cow<'_, str> {
    let starts = |character| {
        matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    };
    if !text.starts_with(starts) || is_number(text) {
        return visible(text);
    }
    Cow::Owned(format!("'{}", visible(text)))
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Text for a Markdown paragraph or table cell: shown as it is, never as markup or HTML.
pub(super) fn markdown(text: &str) -> String {
    let text = visible(text);
    let mut shown = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        let marks_a_list = shown.is_empty() && next == ' ';
        let in_word = before.is_alphanumeric() && next.is_alphanumeric();
        match character {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '_' if in_word => shown.push('_'),
            '-' | '+' if marks_a_list => {
                shown.push('\\');
                shown.push(character);
            }
            '\\' | '`' | '|' | '*' | '_' | '[' | ']' | '~' | '#' | '$' => {
                shown.push('\\');
                shown.push(character);
            }
            other => shown.push(other),
        }
        before = character;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_written_out() {
        for (text, shown) in [
            ("Zoë O'Neil", "Zoë O'Neil"),
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("क\u{200d}ष", "क\u{200d}ष"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn what_a_spreadsheet_would_calculate_is_quoted() {
        for (text, shown) in [
            ("=cmd()", "'=cmd()"),
            ("+1+1", "'+1+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\\t=1"),
            ("\r=1", "'\\r=1"),
            ("-500", "-500"),
            ("-", "'-"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(cell(text), shown);
        }
    }

    #[test]
    fn markup_is_shown_as_text() {
        for (text, shown) in [
            ("a|b`c`", "a\\|b\\`c\\`"),
            ("<script>&", "&lt;script&gt;&amp;"),
            ("access_level _x_ **b**", "access_level \\_x\\_ \\*\\*b\\*\\*"),
            ("- a - b", "\\- a - b"),
            ("[a](b)\nc", "\\[a\\](b)\\\\nc"),
        ] {
            assert_eq!(markdown(text), shown);
        }
    }

    #[test]
    fn json_keeps_its_value() {
        let value = "a\u{9b}b\u{202e}c\u{e0041}\n";
        let text = serde_json::to_string_pretty(&[value]).expect("text");
        let safe = json(&text);
        assert!(safe.contains("\\u009b") && safe.contains("\\u202e"), "{safe}");
        assert!(!safe.contains('\u{202e}') && !safe.contains('\u{9b}'));
        let back: Vec<String> = serde_json::from_str(&safe).expect("JSON");
        assert_eq!(back, [value]);
    }
}
