//! Whole runs against the sandbox under a paused clock, drawn from a seed, with everything going
//! wrong that goes wrong in the wild; and what must hold all the same.
//!
//! A seed decides the world, the roster, the settings, the faults and when runs are killed, so a
//! failing one can be replayed alone. Runs are repeated until the faults stop; then one run must
//! converge and the next must have nothing to do. Uses the whole tool but its command line.

mod between;
mod calling;
mod dated;
mod deletes;
mod disk;
mod draw;
mod drawn_roster;
mod episode;
mod evidence;
pub(crate) mod floor;
mod invariant;
mod kept;
mod onlooker;
mod process;
mod record;
mod refusals;
mod reversal;
mod run_kind;
mod scene;
mod sheet;
mod trace;
mod truth;
mod turnover;
mod witness;
mod word;

use crate::model::Outcome;
use record::RunRecord;
use run_kind::RunKind;
use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// A seed whose runs broke a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The seed.
    pub seed: u64,
    /// What was broken, and how.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}: {}\nreplay: kantata-sync rehearse --seeds 1 --first-seed {}",
            self.seed, self.what, self.seed
        )
    }
}

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Simulation {
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// The share of requests that go wrong; drawn for each seed without.
    pub faults: Option<f64>,
    /// How many seeds at once.
    pub threads: usize,
}

/// What a simulation saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Seeds that were simulated.
    pub seeds: u64,
    /// Runs, killed ones included.
    pub runs: u64,
    /// Requests that reached the sandbox.
    pub requests: u64,
    /// Requests that went wrong on purpose.
    pub faults: u64,
    /// Runs with an approved list of deletes.
    pub approved: u64,
    /// Adoptions.
    pub adoptions: u64,
    /// Undos under faults.
    pub undos: u64,
    /// Memberships that an undo was seen to give back.
    pub restored: u64,
    /// Runs that applied a plan file.
    pub plan_files: u64,
    /// Runs that were killed.
    pub killed: u64,
    /// Runs that the lock of another kept out.
    pub kept_out: u64,
    /// Runs whose roster names by more than ids.
    pub named: u64,
    /// Changes of what names mean, between runs and in them.
    pub renamed: u64,
    /// Plans of another day.
    pub foreseen: u64,
    /// How the disk failed, and how often.
    pub disk: BTreeMap<&'static str, u64>,
    /// People who were deleted and not created again.
    pub lost: u64,
    /// Broken promises, by seed.
    pub violations: Vec<Violation>,
}

impl Tally {
    fn count(&mut self, record: &RunRecord) {
        match record.kind {
            RunKind::Apply => {}
            RunKind::ApplyApproved(_) => self.approved += 1,
            RunKind::ApplyPlan(_) => self.plan_files += 1,
            RunKind::Adopt => self.adoptions += 1,
            RunKind::Undo(_) => self.undos += 1,
        }
        let decided = record.applied.iter().flat_map(|applied| &applied.decided);
        self.lost += decided.filter(|one| one.fate.outcome == Outcome::Lost).count() as u64;
    }

    fn take(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.runs += other.runs;
        self.requests += other.requests;
        self.faults += other.faults;
        self.approved += other.approved;
        self.adoptions += other.adoptions;
        self.undos += other.undos;
        self.restored += other.restored;
        self.lost += other.lost;
        self.plan_files += other.plan_files;
        self.killed += other.killed;
        self.kept_out += other.kept_out;
        self.named += other.named;
        self.renamed += other.renamed;
        self.foreseen += other.foreseen;
        for (fault, count) in other.disk {
            *self.disk.entry(fault).or_default() += count;
        }
        self.violations.extend(other.violations);
    }
}

/// Simulates one seed.
///
/// # Errors
/// When a promise was broken, or something panicked.
pub fn simulate_seed(seed: u64, faults: Option<f64>) -> Result<Tally, Violation> {
    let violation = |what: String| Violation { seed, what };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        // What goes wrong here goes wrong on purpose: no log of it.
        let silent = tracing::subscriber::NoSubscriber::default();
        tracing::subscriber::with_default(silent, || {
            runtime.block_on(episode::episode(seed, faults))
        })
    }));
    match outcome {
        Ok(result) => result.map_err(violation),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(violation(format!("panicked: {}", text.unwrap_or_default())))
        }
    }
}

/// Simulates all seeds, and goes on after a violation until ten were found.
#[must_use]
pub fn simulate(simulation: &Simulation) -> Tally {
    let next = AtomicU64::new(0);
    let total = Mutex::new(Tally::default());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= simulation.seeds {
                return;
            }
            let seed = simulation.first_seed.wrapping_add(at);
            let result = simulate_seed(seed, simulation.faults);
            let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
            match result {
                Ok(tally) => total.take(tally),
                Err(violation) => total.violations.push(violation),
            }
            if total.violations.len() >= 10 {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..simulation.threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut total = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    total.violations.sort_by_key(|violation| violation.seed);
    total
}
