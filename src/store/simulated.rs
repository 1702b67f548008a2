//! A state kept in memory, on a disk that fails as it is told: for simulations and tests.
//!
//! What was synced survives a [`SimulatedDisk::kill`]; what was only written may not. Every handle
//! is to one disk.

use std::{
    cell::{RefCell, RefMut},
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    rc::Rc,
};

use jiff::Timestamp;

use super::{HeldUntilDropped, LockHolder, Medium, Name, Render, RunFile, StoreError};
use crate::{journal::Append, run::RunId};

/// What a run asks of its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskOperation {
    /// A file, whole.
    Write,
    /// A line of a journal.
    Append,
    /// Room for a run, or the beginning of a journal.
    Make,
    /// A look at the lock that the run holds.
    CheckLock,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskFault {
    /// The disk is full: nothing of it is kept.
    Full,
    /// So many bytes of a line are kept, and nothing else is from then on, as of a process that is
    /// killed in the middle of it. Only an append.
    Torn(usize),
    /// What was written cannot be renamed into its place. Only a write.
    Unrenamed,
    /// The lock is somebody else's by now. Only a look at the lock.
    LockLost,
}

type Draw = Box<dyn FnMut(DiskOperation) -> Option<DiskFault>>;

#[derive(Default)]
struct Grown {
    bytes: Vec<u8>,
    synced: usize,
}

#[derive(Default)]
struct State {
    prepared: bool,
    runs: BTreeSet<RunId>,
    files: BTreeMap<Name, Vec<u8>>,
    journals: BTreeMap<RunId, Grown>,
    /// Counts the holders of the lock; the last one has it.
    holder: u64,
    locked: bool,
    /// Whether nothing is kept any more.
    dead: bool,
    draw: Option<Draw>,
    faults: BTreeMap<&'static str, u64>,
}

impl State {
    fn count(&mut self, word: &'static str) {
        *self.faults.entry(word).or_default() += 1;
    }

    /// Fails if this is to go wrong; of a torn line, how much of it is kept.
    fn meet(&mut self, operation: DiskOperation) -> Result<(), (usize, io::Error)> {
        if self.dead {
            return Err((0, io::Error::other("the disk is gone")));
        }
        let fault = self.draw.as_mut().and_then(|draw| draw(operation));
        let Some(fault) = fault else { return Ok(()) };
        let (word, kept) = match fault {
            DiskFault::Full => ("the disk is full", 0),
            DiskFault::Torn(kept) => {
                self.dead = true;
                ("the write was torn", kept)
            }
            DiskFault::Unrenamed => ("the file could not be renamed", 0),
            DiskFault::LockLost => {
                self.holder += 1;
                ("the lock was lost", 0)
            }
        };
        self.count(word);
        Err((kept, io::Error::other(word)))
    }
}

/// See the module.
#[derive(Clone, Default)]
pub struct SimulatedDisk(Rc<RefCell<State>>);

impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedDisk").finish_non_exhaustive()
    }
}

impl SimulatedDisk {
    fn state(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }

    fn meet(&self, operation: DiskOperation) -> io::Result<()> {
        self.state().meet(operation).map_err(|(_, error)| error)
    }

    /// From now on, this says what goes wrong.
    pub fn fail_as(&self, draw: impl FnMut(DiskOperation) -> Option<DiskFault> + 'static) {
        self.state().draw = Some(Box::new(draw));
    }

    /// From now on, nothing goes wrong.
    pub fn recover(&self) {
        self.state().draw = None;
    }

    /// The process ends here and now: its lock is free, and of each journal stays what was synced
    /// and so many bytes more.
    pub fn kill(&self, mut unsynced: impl FnMut(usize) -> usize) {
        let state = &mut *self.state();
        (state.locked, state.dead) = (false, false);
        let mut lost = 0;
        for journal in state.journals.values_mut() {
            let open = journal.bytes.len() - journal.synced;
            let kept = unsynced(open).min(open);
            journal.bytes.truncate(journal.synced + kept);
            journal.synced = journal.bytes.len();
            lost += u64::from(kept < open);
        }
        *state.faults.entry("an append was lost").or_default() += lost;
    }

    /// Whoever else took the lock lets it go.
    pub fn others_end(&self) {
        self.state().locked = false;
    }

    /// Whether nothing is kept any more, until the process is killed.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Everything that is kept, journals as far as they are synced.
    #[must_use]
    pub fn synced(&self) -> BTreeMap<Name, Vec<u8>> {
        let state = self.state();
        let journal = |(run, one): (&RunId, &Grown)| {
            (Name::Of(run.clone(), RunFile::Journal), one.bytes[..one.synced].to_vec())
        };
        let files = state.files.iter().map(|(name, bytes)| (name.clone(), bytes.clone()));
        let rooms = state.runs.iter().map(|run| (Name::Run(run.clone()), Vec::new()));
        files.chain(rooms).chain(state.journals.iter().map(journal)).collect()
    }

    /// How often each fault was met.
    #[must_use]
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.state().faults.clone()
    }

    /// A run's journal, and how much of it would survive the worst kill.
    #[must_use]
    pub fn journal(&self, run: &RunId) -> (Vec<u8>, usize) {
        let state = self.state();
        state.journals.get(run).map(|one| (one.bytes.clone(), one.synced)).unwrap_or_default()
    }
}

/// The lock of a simulated disk.
#[derive(Debug)]
pub struct SimulatedLock {
    disk: SimulatedDisk,
    holder: u64,
}

impl HeldUntilDropped for SimulatedLock {
    fn check(&self) -> io::Result<()> {
        self.disk.meet(DiskOperation::CheckLock)?;
        let held = self.disk.state().holder == self.holder;
        if held { Ok(()) } else { Err(io::Error::other("the lock was lost")) }
    }
}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let state = &mut *self.disk.state();
        state.locked &= state.holder != self.holder;
    }
}

/// A journal on a simulated disk.
#[derive(Debug)]
pub struct SimulatedJournal {
    disk: SimulatedDisk,
    run: RunId,
}

impl Append for SimulatedJournal {
    fn append(&mut self, bytes: &[u8], synced: bool) -> io::Result<()> {
        let state = &mut *self.disk.state();
        let met = state.meet(DiskOperation::Append);
        let journal = state.journals.get_mut(&self.run).ok_or(io::ErrorKind::NotFound)?;
        if let Err((kept, error)) = met {
            journal.bytes.extend_from_slice(&bytes[..kept.min(bytes.len())]);
            return Err(error);
        }
        journal.bytes.extend_from_slice(bytes);
        if synced {
            journal.synced = journal.bytes.len();
        }
        Ok(())
    }
}

impl Medium for SimulatedDisk {
    type Journal = SimulatedJournal;
    type Lock = SimulatedLock;

    fn place(&self, name: &Name) -> String {
        match name {
            Name::Run(run) => format!("memory/{run}"),
            Name::Of(run, file) => format!("memory/{run}/{file}"),
            Name::Runs | Name::Memory | Name::Directory | Name::Lock => format!("memory/{name:?}"),
        }
    }

    fn prepare(&self) -> Result<(), StoreError> {
        self.meet(DiskOperation::Make).map_err(StoreError::of("make", "memory"))?;
        self.state().prepared = true;
        Ok(())
    }

    fn is_prepared(&self) -> bool {
        self.state().prepared
    }

    fn has_line(&self, name: &Name) -> bool {
        self.read(name).is_ok_and(|found| found.is_some_and(|bytes| bytes.contains(&b'\n')))
    }

    fn read(&self, name: &Name) -> io::Result<Option<Vec<u8>>> {
        let state = self.state();
        Ok(match name {
            Name::Of(run, RunFile::Journal) => state.journals.get(run).map(|one| one.bytes.clone()),
            _ => state.files.get(name).cloned(),
        })
    }

    fn changed_at(&self, _: &Name) -> Option<Timestamp> {
        None
    }

    fn write(&self, name: &Name, render: Render<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        render(&mut bytes)?;
        self.meet(DiskOperation::Write)?;
        self.state().files.insert(name.clone(), bytes);
        Ok(())
    }

    fn remove(&self, name: &Name) -> io::Result<()> {
        self.meet(DiskOperation::Write)?;
        self.state().files.remove(name);
        Ok(())
    }

    fn begin_journal(&self, run: &RunId) -> io::Result<SimulatedJournal> {
        self.meet(DiskOperation::Make)?;
        let journals = &mut self.state().journals;
        if journals.contains_key(run) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        journals.insert(run.clone(), Grown::default());
        Ok(SimulatedJournal { disk: self.clone(), run: run.clone() })
    }

    fn runs(&self) -> io::Result<Vec<RunId>> {
        Ok(self.state().runs.iter().cloned().collect())
    }

    fn make_run(&self, run: &RunId) -> io::Result<()> {
        self.meet(DiskOperation::Make)?;
        let made = self.state().runs.insert(run.clone());
        if made { Ok(()) } else { Err(io::ErrorKind::AlreadyExists.into()) }
    }

    fn remove_run(&self, run: &RunId) -> io::Result<()> {
        let state = &mut *self.state();
        state.runs.remove(run);
        state.journals.remove(run);
        state.files.retain(|name, _| !matches!(name, Name::Of(of, _) if of == run));
        Ok(())
    }

    fn try_lock(&self, holder: &LockHolder) -> io::Result<Option<SimulatedLock>> {
        let mut state = self.state();
        if state.locked {
            return Ok(None);
        }
        state.files.insert(Name::Lock, holder.line());
        state.locked = true;
        state.holder += 1;
        Ok(Some(SimulatedLock { disk: self.clone(), holder: state.holder }))
    }

    fn is_locked(&self) -> io::Result<bool> {
        Ok(self.state().locked)
    }
}
