//! What the earlier runs of an episode left for the next: the memory, the last list of withheld
//! deletes, the last journal.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    io,
};

use fastrand::Rng;
use jiff::Timestamp;

use super::{
    draw::ErrandKind,
    episode::RunRecord,
    errand::{Approved, Errand},
    told::facts,
    trace::journal_text,
};
use crate::{
    guard::Approval,
    journal::{Entry, parse_journal},
    memory::Memory,
    plan::{AbsenceRule, Policy},
    report::csv,
    roster::Roster,
    run::Ended,
    session::{Preview, Told, Undo, assemble},
};

/// What earlier runs left behind.
#[derive(Default)]
pub(super) struct EarlierRuns {
    memory: RefCell<Memory>,
    /// Runs that came to their end, and so count for absences.
    ended: Cell<u32>,
    list: RefCell<Option<String>>,
    journal: RefCell<Vec<Entry>>,
}

impl EarlierRuns {
    /// An errand of this kind, or a plain apply where earlier runs left nothing to do it with.
    pub(super) fn errand(&self, kind: ErrandKind, random: &mut Rng) -> Result<Errand, String> {
        Ok(match kind {
            ErrandKind::Apply => Errand::Apply,
            ErrandKind::Adopt => Errand::Adopt,
            ErrandKind::ApplyApproved => match &*self.list.borrow() {
                Some(list) => Errand::ApplyApproved(given_back(list, random)?),
                None => Errand::Apply,
            },
            ErrandKind::Undo => self.undo()?.map_or(Errand::Apply, Errand::Undo),
        })
    }

    /// The reverse of the last run that wrote, where it did anything.
    pub(super) fn undo(&self) -> Result<Option<Undo>, String> {
        let text = journal_text(&self.journal.borrow())?;
        let journal = parse_journal(&text).map_err(|error| error.to_string())?;
        Ok(Undo::of(&journal, Told::default()))
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
    pub(super) fn keep(
        &self,
        record: &RunRecord,
        roster: &Roster,
        now: Timestamp,
    ) -> Result<(), String> {
        let entries = record.watch.journal.entries();
        if !entries.is_empty() {
            *self.journal.borrow_mut() = entries;
        }
        let (Some(preview), Some(applied)) = (&record.preview, &record.applied) else {
            return Ok(());
        };
        if !record.errand.follows_roster() {
            return Ok(());
        }
        self.ended.set(self.ended.get() + 1);
        self.memory.borrow_mut().learn(&roster.desired, &preview.reviewed, &applied.decided, now);
        if !preview.reviewed.withheld.is_empty() {
            let list = withheld(preview, roster, now).map_err(|error| error.to_string())?;
            *self.list.borrow_mut() = Some(list);
        }
        Ok(())
    }
}

/// The list that a run writes for an operator.
fn withheld(preview: &Preview, roster: &Roster, now: Timestamp) -> io::Result<String> {
    let facts = facts(now, Some(Ended::Complete));
    let mut list = Vec::new();
    csv::withheld(&assemble(facts, Some(roster), Some(preview), None), now, &mut list)?;
    String::from_utf8(list).map_err(io::Error::other)
}

/// What an operator gives back of a list: some lines are removed, none is added.
fn given_back(list: &str, random: &mut Rng) -> Result<Approved, String> {
    const HEAD: usize = 4;
    let kept = |(at, _): &(usize, &str)| *at < HEAD || random.u8(..) < 192;
    let lines: Vec<&str> = list.lines().enumerate().filter(kept).map(|(_, line)| line).collect();
    let text = format!("{}\n", lines.join("\n"));
    let approval = Approval::parse(&text).map_err(|problems| format!("{problems:?} in {text}"))?;
    let record = |line: &&str| line.split(',').nth(6).and_then(|id| id.parse().ok());
    let records: Option<BTreeSet<u64>> = lines[HEAD..].iter().map(record).collect();
    let records = records.ok_or_else(|| format!("no record in a line of {text}"))?;
    Ok(Approved { approval, records })
}
