//! Whose lock it is, as the lock itself says: for people whom it keeps out, and nothing is decided by
//! it. Knows no file.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::run::RunId;

/// The run that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// Its name.
    pub run: RunId,
    /// Since when it has the lock.
    pub since: Timestamp,
    /// Its process, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
}

impl LockHolder {
    /// What stands in the lock.
    pub(super) fn line(&self) -> Vec<u8> {
        serde_json::to_vec(self).map(|line| [line, b"\n".to_vec()].concat()).unwrap_or_default()
    }

    /// Who holds the lock that says this; none where it says nothing that can be read.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, since, process } = self;
        write!(f, "run {run}")?;
        if let Some(process) = process {
            write!(f, ", process {process}")?;
        }
        write!(f, ", since {since:.0}")
    }
}

/// A lock that another run has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLock {
    /// Which.
    pub place: String,
    /// Whose it is, where that can be read.
    pub holder: Option<LockHolder>,
}

impl fmt::Display for HeldLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, holder } = self;
        match holder {
            Some(holder) => write!(f, "`{place}` ({holder})"),
            None => write!(f, "`{place}`"),
        }
    }
}
