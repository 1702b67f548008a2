//! The names of what is kept: here and nowhere else; whoever speaks of a file takes its name from
//! here.

use std::fmt;

use crate::run::RunId;

/// The folder of the runs.
pub const RUNS: &str = "runs";
/// The lock file.
pub const LOCK: &str = "lock";
/// What the last applied run left.
pub const MEMORY: &str = "memory.json";
/// Whom and what names meant.
pub const DIRECTORY: &str = "directory.json";
/// Rows that are ready to be corrected and applied again.
pub const REJECTED: &str = "rejected.csv";
/// Deletes that the guard withheld.
pub const WITHHELD: &str = "withheld-deletes.csv";

/// A file of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunFile {
    /// The plan, kept before the first write request.
    Plan,
    /// Intents and outcomes.
    Journal,
    /// How it ended.
    Report,
    /// Every row of the roster with what became of it.
    Results,
    /// [`REJECTED`].
    Rejected,
    /// [`WITHHELD`].
    Withheld,
    /// Whom its roster names, where another run held the lock: for the next that has it.
    Mentions,
}

impl RunFile {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan.json",
            Self::Journal => "journal.jsonl",
            Self::Report => "report.json",
            Self::Results => "results.csv",
            Self::Rejected => REJECTED,
            Self::Withheld => WITHHELD,
            Self::Mentions => "mentions.json",
        }
    }
}

impl fmt::Display for RunFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Anything that is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// All runs.
    Runs,
    /// One run.
    Run(RunId),
    /// A file of a run.
    Of(RunId, RunFile),
    /// What the last applied run left.
    Memory,
    /// Whom and what names meant.
    Directory,
    /// The lock.
    Lock,
}
