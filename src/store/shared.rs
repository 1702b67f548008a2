//! What every run may do at any time: read what is kept, and start a folder of its own.

use jiff::Timestamp;

use super::{
    DIRECTORY, Exclusive, HeldLock, KeptRun, LockError, LockHolder, MEMORY, Medium, Name, OwnRun,
    StoreError,
};
use crate::{
    directory::Directory,
    journal::{Journal, JournalReadError},
    memory::Memory,
    run::RunId,
};

/// The newest run that kept a journal, with the journal or why it cannot be read.
pub type LastJournal = (RunId, Result<Journal, JournalReadError>);

/// The state of one profile and API, to be read.
#[derive(Debug, Clone)]
pub struct Shared<M> {
    pub(super) medium: M,
}

impl<M: Medium> Shared<M> {
    /// Opens what is kept, making a place for it where there is none.
    ///
    /// # Errors
    /// When that cannot be made, or somebody else can write it.
    pub fn open(medium: M) -> Result<Self, StoreError> {
        medium.prepare()?;
        Ok(Self { medium })
    }

    /// What is kept, where anything was kept before.
    #[must_use]
    pub fn existing(medium: M) -> Option<Self> {
        medium.is_prepared().then_some(Self { medium })
    }

    fn failed(&self, verb: &'static str, name: &Name) -> impl FnOnce(std::io::Error) -> StoreError {
        StoreError::of(verb, self.medium.place(name))
    }

    /// The runs that are kept, the oldest first.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        let mut runs = self.medium.runs().map_err(self.failed("list", &Name::Runs))?;
        runs.sort();
        Ok(runs)
    }

    /// A run that is kept.
    #[must_use]
    pub fn run(&self, run: &RunId) -> KeptRun<M> {
        KeptRun { medium: self.medium.clone(), run: run.clone() }
    }

    /// Makes room for a new run; fails where nothing can be kept.
    ///
    /// # Errors
    /// When it cannot be made, or exists.
    pub fn start_run(&self, run: &RunId) -> Result<OwnRun<M>, StoreError> {
        self.medium.make_run(run).map_err(self.failed("make", &Name::Run(run.clone())))?;
        Ok(OwnRun(self.run(run)))
    }

    /// What the last applied run left; a memory that cannot be read starts anew, and that is said.
    #[must_use]
    pub fn memory(&self, now: Timestamp) -> (Memory, Option<String>) {
        let unread = |why: String| (Memory::anew(RunId::new(now, 0)), Some(why));
        let bytes = match self.medium.read(&Name::Memory) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return (Memory::default(), None),
            Err(error) => return unread(format!("{MEMORY} cannot be read: {error}")),
        };
        match Memory::parse(&bytes) {
            Ok(memory) => (memory, None),
            Err(error) => unread(format!("{MEMORY} is {error}")),
        }
    }

    /// Whom and what names meant; what cannot be read is looked up again, and that is said.
    #[must_use]
    pub fn directory(&self) -> Directory {
        let unread = |why: String| {
            tracing::warn!("{why}");
            Directory::default()
        };
        match self.medium.read(&Name::Directory) {
            Ok(Some(bytes)) => Directory::parse(&bytes)
                .unwrap_or_else(|error| unread(format!("{DIRECTORY} is {error}"))),
            Ok(None) => Directory::default(),
            Err(error) => unread(format!("{DIRECTORY} cannot be read: {error}")),
        }
    }

    /// The newest run that kept a journal, with the journal or why it cannot be read.
    ///
    /// # Errors
    /// When the runs cannot be listed.
    pub fn last_journal(&self) -> Result<Option<LastJournal>, StoreError> {
        let newest = self.runs()?.into_iter().rfind(|run| self.run(run).has_journal());
        Ok(newest.map(|run| {
            let journal = self.run(&run).journal();
            (run, journal)
        }))
    }

    /// Whether a run that writes is under way.
    ///
    /// # Errors
    /// When the lock is there and cannot be looked at.
    pub fn is_locked(&self) -> Result<bool, LockError> {
        let place = || self.medium.place(&Name::Lock);
        self.medium.is_locked().map_err(|source| LockError::Io { place: place(), source })
    }

    /// Whose the lock is or was last, where that can be read.
    #[must_use]
    pub fn holder(&self) -> Option<LockHolder> {
        LockHolder::parse(&self.medium.read(&Name::Lock).ok()??)
    }

    /// Takes the lock in this name, or says at once that another run holds it.
    ///
    /// # Errors
    /// See [`LockError`].
    pub fn lock(&self, holder: &LockHolder) -> Result<Exclusive<M>, LockError> {
        let place = || self.medium.place(&Name::Lock);
        match self.medium.try_lock(holder) {
            Ok(Some(lock)) => Ok(Exclusive { shared: self.clone(), lock }),
            Ok(None) => Err(LockError::Held(HeldLock { place: place(), holder: self.holder() })),
            Err(source) => Err(LockError::Io { place: place(), source }),
        }
    }
}
