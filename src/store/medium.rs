//! What a place must offer to keep a state: things by name, each written whole or not at all; a
//! journal that grows; one lock. Knows no path and no format.

use std::io::{self, Write};

use jiff::Timestamp;

use super::{holder::LockHolder, name::Name};
use crate::{journal::Append, run::RunId};

/// Writes what a thing is to hold; may be asked again.
pub type Render<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// A lock that is held until it is dropped, or is lost.
pub trait HeldUntilDropped: std::fmt::Debug {
    /// Makes sure that no other run can have it by now.
    ///
    /// # Errors
    /// When it was lost.
    fn check(&self) -> io::Result<()>;
}

/// See the module.
pub trait Medium: Clone {
    /// A lock of this medium.
    type Lock: HeldUntilDropped;
    /// A journal of this medium.
    type Journal: Append;

    /// How a person finds this.
    fn place(&self, name: &Name) -> String;

    /// Makes it ready, and makes sure that nobody else can write it.
    ///
    /// # Errors
    /// When it cannot be made ready, or is not to be trusted; with what and where.
    fn prepare(&self) -> Result<(), super::StoreError>;

    /// Whether it was made ready before. Changes nothing.
    fn is_prepared(&self) -> bool;

    /// Whether this is there, with a whole line in it; what cannot be looked at may have one.
    fn has_line(&self, name: &Name) -> bool;

    /// What this holds; none where it is not there.
    ///
    /// # Errors
    /// When it cannot be read, or is not to be trusted.
    fn read(&self, name: &Name) -> io::Result<Option<Vec<u8>>>;

    /// When this last changed, where that is known.
    fn changed_at(&self, name: &Name) -> Option<Timestamp>;

    /// Writes this whole, or leaves what was there.
    ///
    /// # Errors
    /// When it cannot be written for certain.
    fn write(&self, name: &Name, render: Render<'_>) -> io::Result<()>;

    /// Removes this.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn remove(&self, name: &Name) -> io::Result<()>;

    /// Begins the journal of a run.
    ///
    /// # Errors
    /// When it cannot be made, or is there already.
    fn begin_journal(&self, run: &RunId) -> io::Result<Self::Journal>;

    /// The runs, in any order; what is no run is passed over.
    ///
    /// # Errors
    /// When they cannot be listed.
    fn runs(&self) -> io::Result<Vec<RunId>>;

    /// Makes room for a run.
    ///
    /// # Errors
    /// When it cannot be made, or is there already.
    fn make_run(&self, run: &RunId) -> io::Result<()>;

    /// Removes a run with all its files.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn remove_run(&self, run: &RunId) -> io::Result<()>;

    /// Takes the lock, in which its holder then stands; none where another run holds it.
    ///
    /// # Errors
    /// When it cannot be tried.
    fn try_lock(&self, holder: &LockHolder) -> io::Result<Option<Self::Lock>>;

    /// Whether another run holds the lock. Makes nothing.
    ///
    /// # Errors
    /// When that cannot be looked at.
    fn is_locked(&self) -> io::Result<bool>;
}
