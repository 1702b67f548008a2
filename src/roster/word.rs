//! Words of rosters: which are expected, which one a foreign word may mean, and how a configuration says
//! so. Knows no rows.

use super::{
    near::{nearest, quoted},
    problem::Expected,
};
use crate::model::AccessLevel;

impl Expected {
    /// The words that are expected where it is one of several, the best example first.
    fn words(&self) -> Vec<&'static str> {
        match self {
            Self::Role => vec!["maven", "buyer", "provider", "consultant", "client"],
            Self::Flag { .. } => vec!["true", "false", "yes", "no"],
            // From the least on: an example is to harm nobody.
            Self::AccessLevel { .. } => {
                AccessLevel::ALL.map(AccessLevel::word).into_iter().rev().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The word that may be meant, where one is near.
    pub(super) fn nearest_word(&self, word: &str) -> Option<&'static str> {
        nearest(self.words().into_iter(), word)
    }

    /// How the configuration says what a foreign word means; for words alone that are shown whole.
    pub(super) fn mapping_line(&self, value: &str) -> Option<String> {
        let column = match self {
            Self::Role => "role",
            Self::AccessLevel { modern: None } => "access_level",
            Self::Flag { column } => column.as_deref()?,
            _ => return None,
        };
        let nearest = self.nearest_word(value);
        let word = nearest.or_else(|| self.words().first().copied())?;
        let is_whole = !value.is_empty() && !value.ends_with('…') && !value.contains('\\');
        is_whole.then(|| {
            let value = quoted(value);
            format!("; if it means `{word}`: `roster.values.{column}.{value} = \"{word}\"`")
        })
    }
}
