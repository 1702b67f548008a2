//! How texts of people are compared with ours, and which of ours they may have meant. Knows no column.

/// From this likeness on (Jaro-Winkler, 0 to 1) a word is worth hinting at.
const NEAR: f64 = 0.8;

/// As words and headers are compared: trimmed and without case.
pub(super) fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The word that may be meant, where one is near.
pub(super) fn nearest(
    known: impl Iterator<Item = &'static str>,
    text: &str,
) -> Option<&'static str> {
    let text = folded(text).replace([' ', '-'], "_");
    let likeness = |known: &&str| strsim::jaro_winkler(known, &text);
    let best = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) >= NEAR).then_some(best)
}

/// A text as a configuration file has it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
