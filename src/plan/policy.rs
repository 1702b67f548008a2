//! What the operator allows: the mode, replacements, and who is never touched.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{AbsenceRule, IneffectiveChanges};
use crate::model::{Fields, Person, UserId};

/// Which classes of action a run may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Creates only.
    CreateOnly,
    /// Creates and updates.
    NoDelete,
    /// Live becomes as the roster says.
    #[default]
    Mirror,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreateOnly => "create-only",
            Self::NoDelete => "no-delete",
            Self::Mirror => "mirror",
        })
    }
}

/// Whose memberships may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ownership {
    /// Everybody's.
    #[default]
    All,
    /// Only those that carry this tool's external reference: it created or adopted them.
    Tagged,
}

/// What a plan may contain (PRODUCT.md §4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// The mode.
    pub mode: Mode,
    /// Whether a change of side may delete and create.
    pub allow_replace: bool,
    /// Whose memberships may be deleted; under `tagged`, creates carry the tag.
    pub ownership: Ownership,
    /// Who is never deleted, replaced or demoted.
    pub protection: Protection,
    /// How long somebody must be missing before they are deleted; not at all without.
    pub absence: Option<AbsenceRule>,
    /// Changes that had no effect.
    pub ineffective: IneffectiveChanges,
}

impl Policy {
    /// What is desired of a record that a run makes: under `tagged` it is marked as this tool's.
    #[must_use]
    pub(super) fn owned(&self, fields: Fields) -> Fields {
        match self.ownership {
            Ownership::All => fields,
            Ownership::Tagged => Fields { tagged: Some(true), ..fields },
        }
    }
}

/// The people of `protect.users`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Protection {
    entries: Vec<ProtectedEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ProtectedEntry {
    User(UserId),
    /// Lower-cased; `*` stands for any run of characters.
    Address(String),
}

/// An entry of `protect.users` that names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{entry}` is neither a user id nor an e-mail address or pattern such as `*@partner.example`"
)]
pub struct ProtectionError {
    /// What was found.
    pub entry: String,
}

impl FromStr for ProtectedEntry {
    type Err = ProtectionError;

    fn from_str(text: &str) -> Result<Self, ProtectionError> {
        let text = text.trim();
        if let Ok(user) = text.parse() {
            return Ok(Self::User(user));
        }
        let is_address = text.split('@').count() == 2
            && !text.chars().any(|c| c.is_whitespace() || c.is_control())
            && text.split('@').all(|part| !part.is_empty());
        if !is_address {
            return Err(ProtectionError { entry: text.to_owned() });
        }
        Ok(Self::Address(text.to_lowercase()))
    }
}

impl fmt::Display for ProtectedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Address(pattern) => f.write_str(pattern),
        }
    }
}

impl Protection {
    /// Reads the entries, or every one that names nobody.
    ///
    /// # Errors
    /// All entries that are neither an id nor an address or pattern.
    pub fn new<S: AsRef<str>>(entries: &[S]) -> Result<Self, Vec<ProtectionError>> {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry.as_ref().parse() {
                Ok(entry) => good.push(entry),
                Err(error) => bad.push(error),
            }
        }
        if bad.is_empty() { Ok(Self { entries: good }) } else { Err(bad) }
    }

    /// The entry that protects this person, as written; the address is looked at where visible.
    #[must_use]
    pub fn entry_for(&self, user: UserId, person: Option<&Person>) -> Option<String> {
        let email = person.and_then(|person| person.email.as_deref());
        let email = email.filter(|_| self.needs_addresses()).map(str::to_lowercase);
        let matching = self.entries.iter().find(|entry| match entry {
            ProtectedEntry::User(protected) => *protected == user,
            ProtectedEntry::Address(pattern) => {
                email.as_deref().is_some_and(|email| matches_pattern(pattern, email))
            }
        });
        matching.map(ProtectedEntry::to_string)
    }

    /// Whether some entry can only be decided by an address: a person whose address is not visible
    /// may then be protected without our knowing.
    #[must_use]
    pub fn needs_addresses(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry, ProtectedEntry::Address(_)))
    }

    /// The entries that protect none of these people.
    pub fn unmatched<'a>(&self, people: impl Iterator<Item = &'a Person> + Clone) -> Vec<String> {
        let lone = |entry: &&ProtectedEntry| {
            let single = Self { entries: vec![(*entry).clone()] };
            !people.clone().any(|person| single.entry_for(person.id, Some(person)).is_some())
        };
        self.entries.iter().filter(lone).map(ProtectedEntry::to_string).collect()
    }
}

/// Whether `text` is `pattern` with every `*` replaced by some run of characters.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts = rest.split('*');
    let Some(tail) = parts.next_back() else { return true };
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.len() >= tail.len() && text.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Seen;

    fn person(id: u64, email: &str) -> Person {
        Person {
            id: UserId::new(id).expect("not 0"),
            name: String::new(),
            email: Some(email.to_owned()),
            disabled: Seen::Hidden,
        }
    }

    #[test]
    fn ids_addresses_and_patterns_protect() {
        let protection =
            Protection::new(&["7", "Boss@firm.example", "*@partner.example"]).expect("good");
        let protects = |id, email| {
            let person = person(id, email);
            protection.entry_for(person.id, Some(&person)).is_some()
        };
        assert!(protects(7, "x@firm.example"));
        assert!(protects(8, "BOSS@firm.example"));
        assert!(protects(9, "anna@partner.example"));
        assert!(!protects(9, "anna@partner.example.org"));
        assert!(!protects(77, "x@firm.example"));
    }

    #[test]
    fn patterns_match_runs_and_nothing_else() {
        for (pattern, text, matches) in [
            ("*", "", true),
            ("a*c", "ac", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c2b", false),
            ("aa*aa", "aaa", false),
            ("*x*", "axb", true),
        ] {
            assert_eq!(matches_pattern(pattern, text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn every_bad_entry_is_named() {
        let bad = Protection::new(&["7", "boss", "@x", "a b@c", "0"]).expect_err("bad");
        assert_eq!(bad.len(), 4);
    }

    #[test]
    fn an_entry_that_matches_nobody_is_found() {
        let protection = Protection::new(&["7", "8", "*@gone.example"]).expect("good");
        let people = [person(7, "a@b.example")];
        assert_eq!(protection.unmatched(people.iter()), ["8", "*@gone.example"]);
    }
}
