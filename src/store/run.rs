//! One run that is kept, and the run that is keeping itself.

use std::{
    io::{self, Write},
    ops::Deref,
};

use jiff::Timestamp;

use super::{Medium, Name, RunFile, StoreError};
use crate::{
    journal::{Journal, JournalReadError, parse_journal},
    run::RunId,
};

/// A run that is kept, to be read.
#[derive(Debug, Clone)]
pub struct KeptRun<M> {
    pub(super) medium: M,
    pub(super) run: RunId,
}

impl<M: Medium> KeptRun<M> {
    /// Which run.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.run
    }

    pub(super) fn name(&self, file: RunFile) -> Name {
        Name::Of(self.run.clone(), file)
    }

    /// How a person finds it.
    #[must_use]
    pub fn place(&self) -> String {
        self.medium.place(&Name::Run(self.run.clone()))
    }

    /// How a person finds a file of it.
    #[must_use]
    pub fn place_of(&self, file: RunFile) -> String {
        self.medium.place(&self.name(file))
    }

    /// What a file of it holds; none where it left none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, file: RunFile) -> io::Result<Option<Vec<u8>>> {
        self.medium.read(&self.name(file))
    }

    /// Whether it came to writing: nothing is sent before the journal has its first line.
    #[must_use]
    pub fn has_journal(&self) -> bool {
        self.medium.has_line(&self.name(RunFile::Journal))
    }

    /// Its journal.
    ///
    /// # Errors
    /// See [`JournalReadError`].
    pub fn journal(&self) -> Result<Journal, JournalReadError> {
        let bytes = self
            .read(RunFile::Journal)
            .and_then(|bytes| bytes.ok_or_else(|| io::ErrorKind::NotFound.into()))
            .map_err(|source| JournalReadError::Read {
                place: self.place_of(RunFile::Journal),
                source,
            })?;
        parse_journal(&bytes)
    }

    /// When its journal last grew.
    #[must_use]
    pub fn last_sign(&self) -> Option<Timestamp> {
        self.medium.changed_at(&self.name(RunFile::Journal))
    }
}

/// The run under way: the only one that writes its files.
#[derive(Debug)]
pub struct OwnRun<M>(pub(super) KeptRun<M>);

impl<M> Deref for OwnRun<M> {
    type Target = KeptRun<M>;

    fn deref(&self) -> &KeptRun<M> {
        &self.0
    }
}

impl<M: Medium> OwnRun<M> {
    /// Writes a file whole, or not at all.
    ///
    /// # Errors
    /// When it cannot be written; what stood there before still does.
    pub fn write(
        &self,
        file: RunFile,
        render: impl Fn(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let written = self.medium.write(&self.name(file), &render);
        written.map_err(StoreError::of("write", self.place_of(file)))
    }
}
