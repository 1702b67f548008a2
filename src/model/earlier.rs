//! Reasons and warnings as earlier versions wrote them: words alone, where there is a code now.

use serde::{Deserialize, Deserializer};

/// Reads a value that has a code; earlier versions wrote its words in its place.
///
/// # Errors
/// It is neither.
pub fn coded_or_words<'de, D, R>(deserializer: D) -> Result<R, D::Error>
where
    D: Deserializer<'de>,
    R: Deserialize<'de> + From<String>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read<R> {
        Words(String),
        Coded(R),
    }
    Ok(match Read::deserialize(deserializer)? {
        Read::Words(words) => words.into(),
        Read::Coded(reason) => reason,
    })
}
