//! Values of a file as messages show them. Knows no message.

use crate::model::is_invisible;

/// Values are cut to so many characters.
const SHOWN: usize = 60;

/// A value for people: cut to 60 characters, with everything escaped that does not show or that
/// a terminal acts on.
pub(super) fn shown(value: &str) -> String {
    let mut text = String::new();
    let mut length = 0;
    let mut characters = value.chars();
    for character in characters.by_ref() {
        let escaped = match character {
            ' ' => character.to_string(),
            _ if character.is_control() || character.is_whitespace() || is_invisible(character) => {
                character.escape_default().to_string()
            }
            _ => character.to_string(),
        };
        length += escaped.chars().count();
        if length > SHOWN {
            return cut(text);
        }
        text.push_str(&escaped);
    }
    text
}

/// Makes room for the mark that says that there was more.
fn cut(mut text: String) -> String {
    while text.chars().count() >= SHOWN {
        text.pop();
    }
    text.push('…');
    text
}
