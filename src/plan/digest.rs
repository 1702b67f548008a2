//! A plan's fingerprint: the same desired set against the same live state, in any row order.

use std::{
    borrow::Cow,
    fmt,
    io::{self, Write as _},
    str::FromStr,
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Action, Held, HoldReason, Narrowing, Plan, Wait};

/// SHA-256 over what a plan would send and what it leaves alone, in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

/// Text that is not (the beginning of) a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a plan digest (at least {} hex digits)", Digest::SHORT)]
pub struct DigestError {
    /// What was found.
    pub text: String,
}

struct HashWriter(Sha256);

impl io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Digest {
    /// How many digits people are shown, and the fewest that they may type.
    pub const SHORT: usize = 12;

    /// The fingerprint. Roster lines are left out: shuffling rows changes no plan. So is the date
    /// until which an absence waits: it moves with the clock, and with it nothing that is sent.
    pub(super) fn of(plan: &Plan) -> Self {
        let Plan { actions, held, frozen, dates, .. } = plan;
        let held: Vec<Cow<'_, Held>> = held.iter().map(without_date).collect();
        let frozen: Vec<&Action> = frozen.iter().map(|frozen| &frozen.action).collect();
        let previewed = dates.as_ref().filter(|dates| dates.previewed).map(|dates| dates.day);
        Self::over(&(actions, held, frozen)).for_day(previewed)
    }

    /// The digest of the same plan for a day that somebody asked for: a preview of another day is another
    /// plan, though it does the same.
    fn for_day(self, day: Option<Date>) -> Self {
        match day {
            Some(day) => Self::over(&(&self, day)),
            None => self,
        }
    }

    /// The digest of a part of a plan: whoever looked at a part has not approved the whole, though
    /// nothing else may be in it.
    pub(super) fn narrowed(self, by: &Narrowing) -> Self {
        Self::over(&(&self, by))
    }

    fn over(value: &impl Serialize) -> Self {
        let mut hash = HashWriter(Sha256::new());
        // JSON comes in pieces of a few bytes, which the hash would take in one by one.
        let mut writer = io::BufWriter::new(&mut hash);
        let written = serde_json::to_writer(&mut writer, value);
        // Neither the types nor the hash can fail; what is still in the buffer must get there.
        let written = written.map_err(io::Error::from).and_then(|()| writer.flush());
        debug_assert!(written.is_ok(), "plans serialise");
        drop(writer);
        Self(hash.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The digest of the same plan without what the guard withholds: a plan shown so is another one
    /// than a plan of which all goes through.
    #[must_use]
    pub fn without(&self, withheld: &[&Action]) -> Self {
        if withheld.is_empty() {
            return self.clone();
        }
        Self::over(&(self, withheld))
    }

    /// The first digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..Self::SHORT).unwrap_or(&self.0)
    }

    /// Whether `other` is this digest or the beginning of it.
    #[must_use]
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

fn without_date(held: &Held) -> Cow<'_, Held> {
    let HoldReason::Waiting { wait } = held.reason else { return Cow::Borrowed(held) };
    let reason = HoldReason::Waiting { wait: Wait { not_before: None, ..wait } };
    Cow::Owned(Held { reason, ..held.clone() })
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let lower = text.to_ascii_lowercase();
        let is_hex = lower.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex && (Self::SHORT..=64).contains(&lower.len()) {
            return Ok(Self(lower));
        }
        Err(DigestError { text: text.to_owned() })
    }
}
