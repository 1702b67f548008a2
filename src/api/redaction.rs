//! The token, cut out of everything that comes from outside: header values, bodies, error texts.
//!
//! The one place for it: whatever the client learns has passed here before it is decoded, logged
//! or kept. A server may write the token in other letters than it was sent: escaped as JSON, in
//! percents, as HTML entities, in base64 or hex. Every unit of text is decoded before it is
//! compared. Knows no field and no format as a whole; a cut leaves JSON as readable as it was.

use base64::engine::{
    Engine as _,
    general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{HeaderValue, Response};
use secrecy::{ExposeSecret as _, SecretString};

use super::TransportError;

/// What stands where the token stood.
const CUT: &[u8] = b"[token]";

/// A shorter piece of base64 is found in texts that have nothing to do with the token.
const SHORTEST_PIECE: usize = 8;

/// The forms of one token.
pub(super) struct Redaction {
    forms: Vec<Form>,
    /// The forms that may begin with this byte, a bit each.
    firsts: [u8; 256],
    /// The forms whose second letter may begin with this byte.
    seconds: [u8; 256],
}

/// One way to write the token, without backslashes: they are passed over in what is searched.
struct Form {
    text: SecretString,
    /// Whether capitals and small letters are the same.
    any_case: bool,
    /// Whether what surrounds it in the same alphabet is cut with it.
    with_neighbours: bool,
}

impl Redaction {
    pub(super) fn of(token: &SecretString) -> Self {
        let bytes = token.expose_secret().as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let form = |text: String, any_case, with_neighbours| Form {
            text: text.replace('\\', "").into(),
            any_case,
            with_neighbours,
        };
        let mut forms =
            vec![form(token.expose_secret().to_owned(), true, false), form(hex, true, false)];
        for alphabet in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            for before in 0..3 {
                forms.push(form(piece_of_base64(bytes, before, alphabet), false, true));
            }
        }
        let long_enough = |form: &Form| {
            let length = form.text.expose_secret().len();
            length >= if form.with_neighbours { SHORTEST_PIECE } else { 1 }
        };
        forms.retain(long_enough);
        let (firsts, seconds) = (places(&forms, 0), places(&forms, 1));
        Self { forms, firsts, seconds }
    }

    /// The forms that may begin here, by their first two letters: nearly nowhere any.
    fn possible(&self, text: &[u8], at: usize) -> u8 {
        let first = text[at];
        let may = self.firsts[usize::from(first)];
        if may == 0 || ESCAPES.contains(&first) {
            return may;
        }
        text.get(at + 1).map_or(may, |second| may & self.seconds[usize::from(*second)])
    }

    /// A text without the token.
    fn text(&self, text: String) -> String {
        match self.bytes(text.as_bytes()) {
            Some(cut) => String::from_utf8_lossy(&cut).into_owned(),
            None => text,
        }
    }

    /// What came of a request, an answer or none, without the token.
    pub(super) fn exchanged(
        &self,
        answer: Result<Response<Bytes>, TransportError>,
    ) -> Result<Response<Bytes>, TransportError> {
        match answer {
            Ok(response) => Ok(self.answer(response)),
            Err(error) => Err(TransportError { why: self.text(error.why), ..error }),
        }
    }

    /// An answer without the token: its headers and its body.
    fn answer(&self, mut answer: Response<Bytes>) -> Response<Bytes> {
        for value in answer.headers_mut().values_mut() {
            if let Some(cut) = self.bytes(value.as_bytes()) {
                *value = HeaderValue::from_bytes(&cut)
                    .unwrap_or_else(|_| HeaderValue::from_static("[token]"));
            }
        }
        if let Some(cut) = self.bytes(answer.body()) {
            *answer.body_mut() = cut.into();
        }
        answer
    }

    /// The same bytes without the token; none where it is not in them.
    fn bytes(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut cut: Option<Vec<u8>> = None;
        let (mut at, mut kept) = (0, 0);
        while at < text.len() {
            let Some((from, to)) = self.found_at(text, at, kept) else {
                at += 1;
                continue;
            };
            let out = cut.get_or_insert_default();
            out.extend_from_slice(&text[kept..from]);
            out.extend_from_slice(CUT);
            (at, kept) = (to, to);
        }
        cut.map(|mut out| {
            out.extend_from_slice(&text[kept..]);
            out
        })
    }

    /// Where the token that begins here ends, and where what is to be cut begins.
    fn found_at(&self, text: &[u8], at: usize, kept: usize) -> Option<(usize, usize)> {
        let may = self.possible(text, at);
        if may == 0 {
            return None;
        }
        let possible = self.forms.iter().enumerate().filter(|(bit, _)| may & (1 << bit) != 0);
        let (form, end) =
            possible.filter_map(|(_, form)| Some((form, form.end(text, at)?))).next()?;
        if !form.with_neighbours {
            return Some((at, end));
        }
        let before = text[kept..at].iter().rev().take_while(|byte| is_base64(**byte)).count();
        let after = text[end..].iter().take_while(|byte| is_base64(**byte)).count();
        Some((at - before, end + after))
    }
}

impl Form {
    /// The end of this form where it begins at `at`, however each of its letters is written. `%25`
    /// may be a percent sign or three letters of a token, so that all that it may be is followed.
    fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut ends = vec![at];
        for wanted in self.text.expose_secret().bytes() {
            let is_it =
                |byte: u8| byte == wanted || self.any_case && byte.eq_ignore_ascii_case(&wanted);
            let mut next = Vec::new();
            ends.iter().for_each(|at| ends_of_unit(text, *at, &is_it, &mut next));
            next.sort_unstable();
            next.dedup();
            ends = next;
        }
        ends.pop()
    }
}

/// What may begin a letter that is not written as it is.
const ESCAPES: [u8; 4] = [b'\\', b'%', b'&', 0];

/// The forms by the bytes with which their letter at this place may begin; where a form is over by
/// then, by every byte.
fn places(forms: &[Form], place: usize) -> [u8; 256] {
    let mut places = [0; 256];
    for (bit, form) in forms.iter().enumerate() {
        let Some(letter) = form.text.expose_secret().as_bytes().get(place) else {
            places.iter_mut().for_each(|forms| *forms |= 1 << bit);
            continue;
        };
        for byte in [*letter, letter.to_ascii_lowercase(), letter.to_ascii_uppercase()] {
            places[usize::from(byte)] |= 1 << bit;
        }
        ESCAPES.iter().for_each(|byte| places[usize::from(*byte)] |= 1 << bit);
    }
    places
}

/// Whether a letter is the wanted one.
type Wanted<'a> = &'a dyn Fn(u8) -> bool;

/// Every end of the unit of text at `at` where it may be the wanted letter: as it is, in percents,
/// or as an HTML entity, each possibly twice (`%2541`, `&amp;#65;`).
fn ends_of_unit(text: &[u8], at: usize, is_it: Wanted<'_>, ends: &mut Vec<usize>) {
    let Some((byte, end)) = plain(text, at) else { return };
    match byte {
        b'%' => percent(text, end, is_it, ends),
        b'&' => entity(text, end, is_it, ends),
        _ => {}
    }
    if is_it(byte) {
        ends.push(end);
    }
}

/// More backslashes before a letter than any honest nesting has; without an end to them, a body of
/// nothing else would take forever.
const MOST_PASSED_OVER: usize = 64;

/// The letter at `at` as JSON decodes it, and its end: backslashes are passed over, whatever they
/// are nested in, and so are the zeros of UTF-16.
fn plain(text: &[u8], mut at: usize) -> Option<(u8, usize)> {
    let mut escaped = false;
    for _ in 0..MOST_PASSED_OVER {
        match *text.get(at)? {
            b'\\' => escaped = true,
            0 => {}
            b'u' if escaped => match unicode(text, at + 1) {
                Some(b'\\') => at += 4,
                Some(byte) => return Some((byte, at + 5)),
                None => return Some((b'u', at + 1)),
            },
            byte => return Some((byte, at + 1)),
        }
        at += 1;
    }
    None
}

/// Four hex digits that are an ASCII letter.
fn unicode(text: &[u8], at: usize) -> Option<u8> {
    let digits = std::str::from_utf8(text.get(at..at + 4)?).ok()?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    u8::try_from(code).ok().filter(u8::is_ascii)
}

fn percent(text: &[u8], mut at: usize, is_it: Wanted<'_>, ends: &mut Vec<usize>) {
    while let Some((byte, after)) = hex(text, at) {
        if is_it(byte) {
            ends.push(after);
        }
        // A percent sign, or the beginning of a further one.
        if byte != b'%' {
            break;
        }
        at = after;
    }
}

/// A byte of two hex digits.
fn hex(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let (high, after) = plain(text, at)?;
    let (low, after) = plain(text, after)?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((u8::try_from(digit(high)? * 16 + digit(low)?).ok()?, after))
}

/// The longest name of an entity that is looked at, its leading zeros included.
const LONGEST_ENTITY: usize = 12;

fn entity(text: &[u8], mut at: usize, is_it: Wanted<'_>, ends: &mut Vec<usize>) {
    let mut name = Vec::new();
    while name.len() < LONGEST_ENTITY {
        let Some((byte, after)) = plain(text, at) else { break };
        at = after;
        match byte {
            // An ampersand, or the beginning of a further entity.
            b';' if name == b"amp" => {
                if is_it(b'&') {
                    ends.push(at);
                }
                name.clear();
            }
            b';' => {
                if named(&name).is_some_and(is_it) {
                    ends.push(at);
                }
                break;
            }
            _ => name.push(byte.to_ascii_lowercase()),
        }
    }
}

fn named(name: &[u8]) -> Option<u8> {
    let name = std::str::from_utf8(name).ok()?;
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix('x').map(|digits| u8::from_str_radix(digits, 16).ok());
        return hex.unwrap_or_else(|| number.parse().ok());
    }
    Some(match name {
        "amp" => b'&',
        "lt" => b'<',
        "gt" => b'>',
        "quot" => b'"',
        "apos" => b'\'',
        _ => return None,
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// What base64 makes of these bytes when so many others stand before them: the letters that depend
/// on nothing else.
fn piece_of_base64(bytes: &[u8], before: usize, alphabet: &GeneralPurpose) -> String {
    let text = alphabet.encode([&[0; 2][..before], bytes].concat());
    let (first, last) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
    text[first..last].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "t0ken/of+the=te\"sts&4711%x";

    fn cut(token: &str, text: &str) -> String {
        Redaction::of(&token.into()).text(text.to_owned())
    }

    #[test]
    fn a_token_that_looks_like_an_escape_is_cut_as_it_is_and_escaped() {
        for token in ["a%25a0!!0AAa", "%2525x%41", "x&amp;&#65;y"] {
            for text in [token.to_owned(), token.replace('%', "%25"), token.replace('&', "&amp;")] {
                assert_eq!(cut(token, &format!("<{text}>")), "<[token]>", "{token}: {text}");
            }
        }
    }

    #[test]
    fn base64_is_as_others_make_it() {
        assert_eq!(piece_of_base64(b"Man", 0, &STANDARD_NO_PAD), "TWFu");
        // `xMany` is `eE1hbnk=`, `xxMany` is `eHhNYW55`.
        assert_eq!(piece_of_base64(b"Man", 1, &STANDARD_NO_PAD), "1hb");
        assert_eq!(piece_of_base64(b"Man", 2, &STANDARD_NO_PAD), "NYW");
    }

    #[test]
    fn the_token_is_cut_however_it_is_written() {
        let encode = |text: &str, before: usize| {
            let whole = format!("{}{text}", "b".repeat(before));
            piece_of_base64(whole.as_bytes(), 0, &STANDARD_NO_PAD)
        };
        let percent: String = TOKEN.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let twice = percent.replace('%', "%25");
        let entities: String = TOKEN.bytes().map(|byte| format!("&#{byte};")).collect();
        let escaped: String = TOKEN.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        let utf16: String = TOKEN.chars().flat_map(|c| [c, '\0']).collect();
        let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02X}")).collect();
        for text in [
            TOKEN.to_owned(),
            TOKEN.to_uppercase(),
            serde_json::json!(TOKEN).to_string(),
            serde_json::json!(serde_json::json!(TOKEN).to_string()).to_string(),
            percent.replace('%', "\\u0025"),
            entities.replace('&', "&amp;"),
            escaped.replace('\\', "\\\\"),
            percent,
            twice,
            entities,
            escaped,
            utf16,
            hex,
            encode(TOKEN, 0),
            encode(&format!("Bearer {TOKEN}"), 0),
            encode(TOKEN, 2),
        ] {
            let left = cut(TOKEN, &format!("<{text}>"));
            assert!(
                matches!(
                    left.as_str(),
                    "<[token]>" | "<\"[token]\">" | "<\"\\\"[token]\\\"\">" | "<[token]\0>"
                ),
                "{text} left {left}"
            );
        }
    }

    #[test]
    fn what_is_not_the_token_stays_to_the_byte() {
        for text in ["t0ken/of+the", "100% of them &amp; more \\u00e9\\", "%", "&", "\\u", "\\", ""]
        {
            assert_eq!(cut(TOKEN, text), text);
        }
    }

    /// JSON's ways to write a text, one for each letter.
    fn written(text: &str, ways: &[u8]) -> String {
        let letter = |(at, c): (usize, char)| match (ways[at % ways.len()] % 3, c) {
            (0, _) => format!("\\u{:04x}", u32::from(c)),
            (1, _) => format!("\\u{:04X}", u32::from(c)),
            (_, '"' | '\\' | '/') => format!("\\{c}"),
            _ => c.to_string(),
        };
        text.chars().enumerate().map(letter).collect()
    }

    proptest! {
        #[test]
        fn no_escaping_of_json_hides_the_token(
            token in "[!-~]{12,40}",
            (before, after) in ("[ -~é]{0,8}", "[ -~é]{0,8}"),
            ways in prop::collection::vec(any::<u8>(), 1..50),
            place in 0_usize..4,
        ) {
            let said = written(&format!("{before} {token} {after}"), &ways);
            let body = match place {
                0 => format!("{{\"errors\":[{{\"message\":\"{said}\"}}]}}"),
                1 => format!("{{\"count\":\"{said}\",\"results\":[]}}"),
                2 => format!("{{\"users\":{{\"{said}\":{{}}}}}}"),
                _ => format!("[\"x\",{{\"email_address\":\"{said}\"}}]"),
            };
            let left = cut(&token, &body);
            let value: serde_json::Value = serde_json::from_str(&left).expect("still JSON");
            let mut texts = Vec::new();
            gather(&value, &mut texts);
            prop_assert!(texts.iter().all(|text| !text.contains(&token)), "{left}");
            prop_assert!(texts.iter().any(|text| text.contains("[token]")), "{left}");
        }

        #[test]
        fn any_bytes_are_passed_through(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let redaction = Redaction::of(&"not-in-any-of-these".into());
            prop_assert_eq!(redaction.bytes(&text), None);
        }
    }

    fn gather(value: &serde_json::Value, texts: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) => texts.push(text.clone()),
            serde_json::Value::Array(values) => values.iter().for_each(|one| gather(one, texts)),
            serde_json::Value::Object(map) => map.iter().for_each(|(key, one)| {
                texts.push(key.clone());
                gather(one, texts);
            }),
            _ => {}
        }
    }
}
