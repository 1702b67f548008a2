//! E-mail addresses as rosters have them: what is one, how two are compared, and what to write in
//! place of what is none.
//!
//! Which address means whom, only the account knows; nothing here guesses.

/// Longer ones are no addresses (RFC 3696: 64 for the mailbox, 1 for the `@`, 255 for the domain).
const LONGEST: usize = 320;

/// An address as it is compared: without the spaces around it, in lower case.
///
/// # Errors
/// With the address that a cell seems to hold, where it holds more than one address alone.
pub(super) fn read(cell: &str) -> Result<String, Option<String>> {
    let address = cell.trim().to_lowercase();
    if is_address(&address) { Ok(address) } else { Err(hidden_in(&address)) }
}

/// A mailbox, one `@`, a domain with a dot, and nothing that stands around or between addresses.
/// `+`, letters of any script and capitals are fine.
fn is_address(text: &str) -> bool {
    let Some((mailbox, domain)) = text.split_once('@') else { return false };
    let parts = domain.split('.').all(|part| !part.is_empty());
    let odd = |one: char| {
        one.is_whitespace()
            || one.is_control()
            || crate::model::is_invisible(one)
            || matches!(one, '@' | ',' | ';' | ':' | '<' | '>' | '(' | ')' | '"' | '\\')
    };
    let sound = !mailbox.is_empty() && domain.contains('.') && parts;
    sound
        && !mailbox.contains(odd)
        && !domain.contains(odd)
        && !domain.contains('\'')
        && text.chars().count() <= LONGEST
}

/// The one address in `Dana <dana@…>`, `mailto:dana@…`, or between quotes; none where what stands around
/// it may be another one.
fn hidden_in(text: &str) -> Option<String> {
    let inner = match text.split_once('<') {
        Some((before, rest)) => {
            let (inner, after) = rest.split_once('>')?;
            let is_clear = !before.contains('@') && after.trim_matches(['"', '\'', ' ']).is_empty();
            Some(inner).filter(|_| is_clear)?
        }
        None => text,
    };
    let inner = inner.trim().trim_start_matches("mailto:").trim_matches(['"', '\'', ' ']);
    is_address(inner).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_spaces_around_make_no_difference() {
        for text in ["dana@firm.example", " Dana@Firm.Example ", "DANA@FIRM.EXAMPLE\u{a0}"] {
            assert_eq!(read(text), Ok("dana@firm.example".to_owned()), "{text:?}");
        }
        assert_eq!(read("dana+kantata@firm.example"), Ok("dana+kantata@firm.example".to_owned()));
        assert_eq!(read("Jörg@BÜCHER.example"), Ok("jörg@bücher.example".to_owned()));
    }

    #[test]
    fn what_stands_around_an_address_is_refused_with_the_address() {
        let repair = Err(Some("dana@firm.example".to_owned()));
        for text in [
            "Dana K. <dana@firm.example>",
            "\"K, Dana\" <Dana@firm.example>",
            "<dana@firm.example>",
            "mailto:dana@firm.example",
            "'dana@firm.example'",
        ] {
            assert_eq!(read(text), repair, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_or_several_has_no_repair() {
        for text in [
            "dana",
            "dana@",
            "@firm.example",
            "dana@firm",
            "dana@firm..example",
            "dana@firm.example, eve@firm.example",
            "dana@firm.example;eve@firm.example",
            "dana k@firm.example",
            "dana@@firm.example",
            "da\u{200b}na@firm.example",
            "Dana <dana>",
            "Dana <dana@firm.example",
            "eve@firm.example <dana@firm.example>",
            "<dana@firm.example>, <eve@firm.example>",
        ] {
            assert_eq!(read(text), Err(None), "{text}");
        }
        assert_eq!(read(&format!("{}@firm.example", "a".repeat(310))), Err(None));
    }
}
