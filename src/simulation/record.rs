//! One simulated run as the checks see it.

use std::rc::Rc;

use super::{run_kind::RunKind, witness::Watch};
use crate::{
    apply::Applied,
    journal::Entry,
    report::RunReport,
    roster::Roster,
    run::RunId,
    sandbox::{Sandbox, World},
    session::Preview,
};

/// The sandbox before a run.
pub(super) struct Snapshot {
    pub world: World,
    pub log: usize,
    pub foreign: usize,
}

impl Snapshot {
    pub(super) fn of(sandbox: &Sandbox) -> Self {
        let (log, foreign) = (sandbox.log().len(), sandbox.foreign_edits().len());
        Self { world: sandbox.world(), log, foreign }
    }
}

/// See the module.
pub(super) struct RunRecord {
    pub kind: RunKind,
    pub run: RunId,
    /// Runs before it that count for absences.
    pub ended_before: u32,
    pub before: Snapshot,
    pub preview: Option<Rc<Preview>>,
    pub applied: Option<Applied>,
    /// What it told; none of a killed run.
    pub report: Option<RunReport>,
    /// Its rows, once their names were looked up; none of a killed run.
    pub roster: Option<Rc<Roster>>,
    /// The day that its rows were read for.
    pub day: String,
    pub watch: Rc<Watch>,
    /// What its journal has of its requests.
    pub entries: Vec<Entry>,
    /// How often the disk failed.
    pub disk_faults: u64,
}

impl RunRecord {
    /// Whether the run has a journal of its own.
    pub(super) fn wrote(&self) -> bool {
        !self.entries.is_empty()
    }
}
