//! What is kept: the runs, what one run leaves for the next, and a lock.
//!
//! [`Shared`] reads, and starts a run of its own; only [`Exclusive`], which is had with the lock and
//! no longer than it, writes a journal or the memory and removes old runs. Both work on any
//! [`Medium`]: a [`Folder`], or a [`SimulatedDisk`] that fails as it is told. Knows no phase and no
//! rendering.

mod exclusive;
mod folder;
mod holder;
mod lock;
mod medium;
mod name;
mod run;
mod shared;
mod simulated;
#[cfg(test)]
mod tests;
mod whole;

use std::io;

pub use exclusive::{Exclusive, HeldJournal};
pub use folder::Folder;
pub use holder::{HeldLock, LockHolder};
pub use lock::FileLock;
pub use medium::{HeldUntilDropped, Medium, Render};
pub use name::{DIRECTORY, LOCK, MEMORY, Name, REJECTED, RUNS, RunFile, WITHHELD};
pub use run::{KeptRun, OwnRun};
pub use shared::{LastJournal, Shared};
pub use simulated::{DiskFault, DiskOperation, SimulatedDisk};
pub use whole::{WholeFile, WholeFileError, target};

/// Something that cannot be kept, or is kept and cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} `{place}` in the state folder")]
pub struct StoreError {
    /// What was tried.
    pub verb: &'static str,
    /// Where, as a person finds it.
    pub place: String,
    /// Why not.
    #[source]
    pub source: io::Error,
}

impl StoreError {
    /// Says what was tried of an error, and where.
    pub fn of(verb: &'static str, place: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let place = place.into();
        move |source| Self { verb, place, source }
    }
}

/// A lock that was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds it.
    #[error("another run holds the lock {0}")]
    Held(HeldLock),
    /// Another run held it for as long as this one might wait.
    #[error("another run held the lock until the deadline: {0}")]
    OutOfTime(HeldLock),
    /// It cannot be used.
    #[error("cannot use the lock `{place}`")]
    Io {
        /// Which.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}
