//! What a run is for, besides applying the roster: an approved list, an adoption, an undo; and what
//! one run leaves for the next.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    io,
};

use fastrand::Rng;
use jiff::Timestamp;

use super::{
    episode::{BASE_URL, RunRecord},
    trace::journal_text,
};
use crate::{
    desired::Roster,
    guard::Approval,
    journal::{Entry, parse_journal},
    memory::Memory,
    plan::{AbsenceRule, Mode, Policy},
    reconcile::{Preview, RunFacts, Undo, Wish, assemble},
    report::{PaceReport, ReportedCommand, csv},
    run::{Ended, RunId},
};

/// What a run is drawn to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drawn {
    /// Applies the roster.
    Apply,
    /// Applies it with what an operator leaves of the last list of withheld deletes.
    ApplyApproved,
    /// Tags what the roster names.
    Adopt,
    /// Reverses the last run that wrote.
    Undo,
}

/// What a run does, with what it needs for that.
#[derive(Debug)]
pub(super) enum Errand {
    Apply,
    ApplyApproved(Approved),
    Adopt,
    Undo(Undo),
}

/// A list that an operator gave back.
#[derive(Debug)]
pub(super) struct Approved {
    pub approval: Approval,
    /// The records on it.
    pub records: BTreeSet<u64>,
}

impl Errand {
    pub(super) fn wish<'a>(&'a self, roster: &'a Roster) -> Wish<'a> {
        match self {
            Self::Apply | Self::ApplyApproved(_) => Wish::Roster(roster),
            Self::Adopt => Wish::Adopt(roster),
            Self::Undo(undo) => Wish::Undo(undo),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::ApplyApproved(_) => "apply with approved deletes",
            Self::Adopt => "adopt",
            Self::Undo(_) => "undo",
        }
    }

    pub(super) fn approved(&self) -> Option<&Approved> {
        match self {
            Self::ApplyApproved(approved) => Some(approved),
            Self::Apply | Self::Adopt | Self::Undo(_) => None,
        }
    }

    /// Whether it does what the roster says.
    pub(super) fn follows_roster(&self) -> bool {
        matches!(self, Self::Apply | Self::ApplyApproved(_))
    }
}

/// What earlier runs left behind.
#[derive(Default)]
pub(super) struct Legacy {
    memory: RefCell<Memory>,
    /// Runs that came to their end, and so count for absences.
    ended: Cell<u32>,
    list: RefCell<Option<String>>,
    journal: RefCell<Vec<Entry>>,
}

impl Legacy {
    /// The errand that is drawn, or a plain apply where earlier runs left nothing to do it with.
    pub(super) fn errand(&self, drawn: Drawn, random: &mut Rng) -> Errand {
        match drawn {
            Drawn::Apply => Errand::Apply,
            Drawn::Adopt => Errand::Adopt,
            Drawn::ApplyApproved => {
                let list = self.list.borrow();
                let approved = list.as_ref().and_then(|list| given_back(list, random));
                approved.map_or(Errand::Apply, Errand::ApplyApproved)
            }
            Drawn::Undo => self.undo().ok().flatten().map_or(Errand::Apply, Errand::Undo),
        }
    }

    /// The reverse of the last run that wrote, where it did anything.
    pub(super) fn undo(&self) -> Result<Option<Undo>, String> {
        let undo = undo_of(&self.journal.borrow())?;
        Ok((undo.memberships() > 0).then_some(undo))
    }

    /// What earlier runs and the scenario allow a plan to contain.
    pub(super) fn policy(&self, drawn: &Policy, absence_runs: u32, now: Timestamp) -> Policy {
        let memory = self.memory.borrow();
        let rule = || AbsenceRule { runs: absence_runs, days: 0, now, known: memory.absences() };
        Policy { absence: (absence_runs > 0).then(rule), stuck: memory.stuck(), ..drawn.clone() }
    }

    pub(super) fn ended(&self) -> u32 {
        self.ended.get()
    }

    /// Keeps what a run leaves; a killed one leaves its journal only.
    pub(super) fn keep(&self, record: &RunRecord, roster: &Roster, now: Timestamp) {
        let entries = record.watch.journal.entries();
        if !entries.is_empty() {
            *self.journal.borrow_mut() = entries;
        }
        let (Some(preview), Some(applied)) = (&record.preview, &record.applied) else { return };
        if !record.errand.follows_roster() {
            return;
        }
        self.ended.set(self.ended.get() + 1);
        self.memory.borrow_mut().learn(&roster.desired, &preview.reviewed, &applied.fates, now);
        if !preview.reviewed.withheld.is_empty() {
            *self.list.borrow_mut() = withheld(preview, roster, now).ok();
        }
    }
}

/// What reverses a run, by its journal.
fn undo_of(entries: &[Entry]) -> Result<Undo, String> {
    let journal = parse_journal(&journal_text(entries)?).map_err(|error| error.to_string())?;
    Ok(Undo::of(&journal, BTreeMap::new()))
}

/// The list that a run writes for an operator.
fn withheld(preview: &Preview, roster: &Roster, now: Timestamp) -> io::Result<String> {
    let facts = RunFacts {
        run: RunId::new(now, 0),
        command: ReportedCommand::Apply,
        base_url: BASE_URL.to_owned(),
        mode: Mode::Mirror,
        times: (now, now),
        ended: Ended::Complete,
        check: false,
        warnings: Vec::new(),
        left_in_doubt: Vec::new(),
        pace: PaceReport::default(),
    };
    let mut list = Vec::new();
    csv::withheld(&assemble(facts, roster, Some(preview), None), now, &mut list)?;
    String::from_utf8(list).map_err(io::Error::other)
}

/// What an operator gives back of a list: some lines are removed, none is added.
fn given_back(list: &str, random: &mut Rng) -> Option<Approved> {
    const HEAD: usize = 4;
    let kept = |(at, _): &(usize, &str)| *at < HEAD || random.u8(..) < 192;
    let lines: Vec<&str> = list.lines().enumerate().filter(kept).map(|(_, line)| line).collect();
    let text = format!("{}\n", lines.join("\n"));
    let record = |line: &&str| line.split(',').nth(6)?.parse().ok();
    let records = lines[HEAD..].iter().filter_map(record).collect();
    Some(Approved { approval: Approval::parse(&text).ok()?, records })
}
