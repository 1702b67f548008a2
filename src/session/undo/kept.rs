//! The run that is to be undone, as it is kept: its journal, and what its report tells besides.

use std::collections::BTreeSet;

use super::{ReportedFacts, Undo};
use crate::{
    journal::{Journal, JournalReadError},
    model::Outcome,
    report::{ReportEntry, RunReport},
    run::RunId,
    session::{Past, UnknownRun, named, past},
    store::{Medium, Shared, StoreError},
};

/// Why a run cannot be undone.
#[derive(Debug, thiserror::Error)]
pub enum NoUndo {
    /// No run is named, or several.
    #[error(transparent)]
    Unknown(#[from] UnknownRun),
    /// The runs cannot be listed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It has no journal, or nothing in it.
    #[error("run {run} changed nothing in Kantata, so there is nothing to undo")]
    WroteNothing {
        /// Which.
        run: RunId,
    },
    /// Its journal cannot be read.
    #[error("cannot undo run {run}")]
    Journal {
        /// Which.
        run: RunId,
        /// Why.
        #[source]
        source: JournalReadError,
    },
    /// Lines of its journal are altered or lost.
    #[error("cannot undo run {run}: {damage}")]
    Damaged {
        /// Which.
        run: RunId,
        /// Where, in words.
        damage: String,
    },
    /// Its journal says that it is of another run.
    #[error("the journal of run {run} says that it is of run {other}")]
    OtherRun {
        /// Which.
        run: RunId,
        /// Of which it says to be.
        other: RunId,
    },
    /// It wrote to another API.
    #[error("run {run} wrote to `{there}`, and the configuration says `{here}`")]
    OtherApi {
        /// Which.
        run: RunId,
        /// Where it wrote to.
        there: String,
        /// What is configured.
        here: String,
    },
}

/// What the run that this text names did.
///
/// # Errors
/// See [`NoUndo`].
pub fn undo_of<M: Medium>(store: &Shared<M>, text: &str, base_url: &str) -> Result<Undo, NoUndo> {
    let runs = store.runs()?;
    // Plans and dry runs are kept too, and runs that ended before a plan; there is nothing in them to undo.
    let wrote = |run: &&RunId| store.run(run).has_journal();
    let run = match runs.iter().rfind(wrote).filter(|_| text == "latest") {
        Some(run) => run.clone(),
        None => named(&runs, text)?,
    };
    let kept = store.run(&run);
    if !kept.has_journal() {
        return Err(NoUndo::WroteNothing { run });
    }
    let journal = kept.journal().map_err(|source| NoUndo::Journal { run: run.clone(), source })?;
    fits(&run, &journal, base_url)?;
    let reported = match past(&kept) {
        Past::Reported(report) => reported(&report),
        // What is made of the journal tells no more than it.
        Past::Killed { report, .. } => {
            ReportedFacts { applied: BTreeSet::new(), ..reported(&report) }
        }
        Past::Journal(_) | Past::Nothing | Past::Unreadable(_) => ReportedFacts::default(),
    };
    Undo::of(&journal, reported).ok_or(NoUndo::WroteNothing { run })
}

fn reported(report: &RunReport) -> ReportedFacts {
    let applied = |entry: &&ReportEntry| {
        entry.fate.as_ref().is_some_and(|fate| fate.outcome == Outcome::Applied)
    };
    ReportedFacts {
        names: report.people.clone(),
        applied: report.entries.iter().filter(applied).map(|entry| entry.key).collect(),
    }
}

/// Refuses a damaged journal, and one of another run or of another API.
fn fits(run: &RunId, journal: &Journal, here: &str) -> Result<(), NoUndo> {
    let run = run.clone();
    if let Some(damage) = journal.damage_words() {
        return Err(NoUndo::Damaged { run, damage });
    }
    if journal.run != run {
        return Err(NoUndo::OtherRun { run, other: journal.run.clone() });
    }
    if journal.base_url != here {
        let (there, here) = (journal.base_url.clone(), here.to_owned());
        return Err(NoUndo::OtherApi { run, there, here });
    }
    Ok(())
}
