//! What only the one run may do that holds the lock: write a journal and the memory, and remove old
//! runs. There is no way to it but the lock, and what it gives ends with it.

use std::{io, ops::Deref};

use jiff::Timestamp;

use super::{HeldUntilDropped, Medium, Name, OwnRun, RunFile, Shared, StoreError};
use crate::{
    directory::Directory,
    journal::{Entry, JournalError, JournalWriter, Record},
    memory::Memory,
    model::Mentions,
    run::RunId,
};

/// The state while the lock is held.
#[derive(Debug)]
pub struct Exclusive<M: Medium> {
    pub(super) shared: Shared<M>,
    pub(super) lock: M::Lock,
}

impl<M: Medium> Deref for Exclusive<M> {
    type Target = Shared<M>;

    fn deref(&self) -> &Shared<M> {
        &self.shared
    }
}

/// A journal that takes no intent once the lock is lost: another run may be writing by then. What
/// was sent before is told in any case.
#[derive(Debug)]
pub struct HeldJournal<'a, M: Medium> {
    lock: &'a M::Lock,
    journal: JournalWriter<M::Journal>,
}

impl<M: Medium> Record for HeldJournal<'_, M> {
    fn record(&self, entry: &Entry) -> Result<(), JournalError> {
        if let (Entry::Intent { .. }, Err(source)) = (entry, self.lock.check()) {
            return Err(JournalError { place: self.journal.place().to_owned(), source });
        }
        self.journal.record(entry)
    }
}

impl<M: Medium> Exclusive<M> {
    /// Begins the journal of a run, which ends before the lock does.
    ///
    /// # Errors
    /// When it cannot be made, or its header cannot be put on disk.
    pub fn begin_journal(
        &self,
        run: &OwnRun<M>,
        header: &Entry,
    ) -> Result<HeldJournal<'_, M>, JournalError> {
        let place = run.place_of(RunFile::Journal);
        let journal = match self.medium.begin_journal(run.id()) {
            Ok(end) => JournalWriter::begin(place, end, header)?,
            Err(source) => return Err(JournalError { place, source }),
        };
        Ok(HeldJournal { lock: &self.lock, journal })
    }

    /// Keeps what the next run has to know.
    ///
    /// # Errors
    /// When it cannot be written, or the lock was lost; the last memory is still there then.
    pub fn write_memory(&self, memory: &Memory) -> Result<(), StoreError> {
        let written = self.lock.check().and_then(|()| {
            let render = |out: &mut dyn io::Write| Ok(serde_json::to_writer_pretty(out, memory)?);
            self.medium.write(&Name::Memory, &render)
        });
        written.map_err(StoreError::of("write", self.medium.place(&Name::Memory)))
    }

    /// Keeps whom and what names mean.
    ///
    /// # Errors
    /// As [`Exclusive::write_memory`]; the names are looked up again then.
    pub fn write_directory(&self, directory: &Directory) -> Result<(), StoreError> {
        let written = self.lock.check().and_then(|()| {
            let render =
                |out: &mut dyn io::Write| Ok(serde_json::to_writer_pretty(out, directory)?);
            self.medium.write(&Name::Directory, &render)
        });
        written.map_err(StoreError::of("write", self.medium.place(&Name::Directory)))
    }

    /// Whom rosters named that were given to runs without the lock, and which runs these were. What
    /// cannot be read is passed over; that is said in the log.
    #[must_use]
    pub fn left_mentions(&self) -> Vec<(RunId, Mentions)> {
        let read = |run: RunId| match self.mentions_of(&run) {
            Ok(mentions) => Some((run, mentions?)),
            Err(error) => {
                tracing::warn!(%run, %error, "whom its roster names is not known");
                None
            }
        };
        self.runs().unwrap_or_default().into_iter().filter_map(read).collect()
    }

    fn mentions_of(&self, run: &RunId) -> io::Result<Option<Mentions>> {
        let bytes = self.run(run).read(RunFile::Mentions)?;
        bytes.map(|bytes| Ok(serde_json::from_slice(&bytes)?)).transpose()
    }

    /// Forgets whom the roster of this run named: the memory knows by now.
    ///
    /// # Errors
    /// When it cannot be removed; it only counts once more then.
    pub fn remove_mentions(&self, run: &RunId) -> Result<(), StoreError> {
        let name = Name::Of(run.clone(), RunFile::Mentions);
        let place = self.medium.place(&name);
        self.medium.remove(&name).map_err(StoreError::of("remove", place))
    }

    /// Notes that the plan of this run is used up.
    ///
    /// # Errors
    /// As [`Exclusive::write_memory`].
    pub fn use_plan(&self, plan: &RunId, now: Timestamp) -> Result<(), StoreError> {
        let (mut memory, _) = self.memory(now);
        memory.use_plan(plan);
        self.write_memory(&memory)
    }

    /// Removes the oldest runs until `keep` are left of those that wrote, and `keep` of the others:
    /// plans, and nights that ended before there was one, never push out what was done.
    ///
    /// # Errors
    /// When runs cannot be listed or removed, or the lock was lost.
    pub fn prune(&self, keep: usize) -> Result<(), StoreError> {
        self.lock.check().map_err(StoreError::of("use", self.medium.place(&Name::Lock)))?;
        let (wrote, others): (Vec<RunId>, Vec<RunId>) =
            self.runs()?.into_iter().partition(|run| self.run(run).has_journal());
        for runs in [wrote, others] {
            for run in &runs[..runs.len().saturating_sub(keep.max(1))] {
                let place = self.medium.place(&Name::Run(run.clone()));
                self.medium.remove_run(run).map_err(StoreError::of("remove", place))?;
            }
        }
        Ok(())
    }
}
