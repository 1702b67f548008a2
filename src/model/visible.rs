//! Characters that show nothing of themselves: the one list of them, and text with them written out.

use std::borrow::Cow;

/// Whether a character is not seen, or reorders or hides the text around it: marks of direction and
/// joining, separators, tags.
#[must_use]
pub const fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Whether a terminal, an editor or a browser would act on this character in place of showing it.
/// Joiners do not count, since names of several scripts need them, nor does the soft hyphen.
#[must_use]
pub fn acts(character: char) -> bool {
    let harmless = matches!(character, '\u{ad}' | '\u{200c}' | '\u{200d}');
    character.is_control() || is_invisible(character) && !harmless
}

/// The text with every character that acts written out: `\n`, `\u{1b}`, `\u{202e}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if acts(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}
