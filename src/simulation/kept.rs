//! What the runs of an episode leave on their disk: what the next one finds there, what is shown of
//! it, and what a fault or a kill must not take away.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use super::{
    disk::{BASE_URL, KEEP_RUNS},
    draw::DrawnKind,
    evidence::{Check, check},
    record::RunRecord,
    run_kind::{ApprovedList, RunKind},
};
use crate::{
    guard::Approval,
    report::json,
    run::RunId,
    session::{NoUndo, Past, Undo, past, undo_of},
    store::{Name, RunFile, Shared, SimulatedDisk},
};

pub(super) type Disk = Shared<SimulatedDisk>;

/// A run of this kind, or a plain apply where earlier runs left nothing to do it with.
pub(super) fn kind(disk: &Disk, kind: DrawnKind, random: &mut Rng) -> Result<RunKind, String> {
    Ok(match kind {
        DrawnKind::Apply => RunKind::Apply,
        DrawnKind::Adopt => RunKind::Adopt,
        DrawnKind::ApplyApproved => match last_list(disk)? {
            Some(list) => RunKind::ApplyApproved(given_back(&list, random)?),
            None => RunKind::Apply,
        },
        DrawnKind::Undo => undo(disk)?.map_or(RunKind::Apply, RunKind::Undo),
    })
}

/// The reverse of the last run that wrote, where it did anything.
pub(super) fn undo(disk: &Disk) -> Result<Option<Undo>, String> {
    match undo_of(disk, "latest", BASE_URL) {
        Ok(undo) => Ok(Some(undo)),
        Err(NoUndo::Unknown(_) | NoUndo::WroteNothing { .. }) => Ok(None),
        // A kill may leave a journal without even a header.
        Err(NoUndo::Journal { .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The last list of withheld deletes.
fn last_list(disk: &Disk) -> Result<Option<String>, String> {
    for run in disk.runs().map_err(|error| error.to_string())?.iter().rev() {
        let list = disk.run(run).read(RunFile::Withheld).map_err(|error| error.to_string())?;
        if let Some(list) = list {
            return String::from_utf8(list).map(Some).map_err(|error| error.to_string());
        }
    }
    Ok(None)
}

/// What an operator gives back of a list: some lines are removed, none is added.
fn given_back(list: &str, random: &mut Rng) -> Result<ApprovedList, String> {
    const HEAD: usize = 4;
    let kept = |(at, _): &(usize, &str)| *at < HEAD || random.u8(..) < 192;
    let lines: Vec<&str> = list.lines().enumerate().filter(kept).map(|(_, line)| line).collect();
    let text = format!("{}\n", lines.join("\n"));
    let approval = Approval::parse(&text).map_err(|problems| format!("{problems:?} in {text}"))?;
    // A title may have commas of its own; no cell behind it has any before the record.
    let record = |line: &&str| {
        let (_, rest) = line.split_once("delete,").or_else(|| line.split_once("replace,"))?;
        let title = rest.split_once(',')?.1;
        let behind = match title.strip_prefix('"') {
            Some(quoted) => quoted.split_once("\",")?.1,
            None => title.split_once(',')?.1,
        };
        behind.split(',').nth(3).and_then(|id| id.parse().ok())
    };
    let records: Option<BTreeSet<u64>> = lines[HEAD..].iter().map(record).collect();
    let records = records.ok_or_else(|| format!("no record in a line of {text}"))?;
    Ok(ApprovedList { approval, text, records })
}

/// What the last run that wrote left in doubt, in words.
pub(super) fn left_in_doubt(disk: &Disk) -> Result<Vec<String>, String> {
    let last = disk.last_journal().map_err(|error| error.to_string())?;
    let journal = last.and_then(|(_, journal)| journal.ok());
    Ok(journal.iter().flat_map(|journal| journal.in_doubt()).map(|one| one.words()).collect())
}

/// Everything on a disk, as far as it is synced.
pub(super) type Kept = BTreeMap<Name, Vec<u8>>;

/// The runs that wrote, or the others: nothing is sent before a journal has its first line.
fn runs_of(kept: &Kept, wrote: bool) -> BTreeSet<&RunId> {
    let journalled: BTreeSet<&RunId> = kept
        .iter()
        .filter_map(|(name, bytes)| match name {
            Name::Of(run, RunFile::Journal) if bytes.contains(&b'\n') => Some(run),
            _ => None,
        })
        .collect();
    let all = kept.keys().filter_map(|name| match name {
        Name::Run(run) => Some(run),
        _ => None,
    });
    all.filter(|run| journalled.contains(run) == wrote).collect()
}

/// A fault or a kill never loses what was synced: of earlier runs every file is as it was, unless
/// the whole run is older than is kept of its kind.
pub(super) fn nothing_is_lost(before: &Kept, after: &Kept) -> Check {
    for wrote in [true, false] {
        let (old, now) = (runs_of(before, wrote), runs_of(after, wrote));
        for run in old {
            let newer = now.iter().filter(|other| **other > run).count();
            let may_be_gone = !now.contains(run) && newer >= KEEP_RUNS;
            let files =
                before.iter().filter(|(name, _)| matches!(name, Name::Of(of, _) if of == run));
            for (name, bytes) in files {
                let is_there = after.get(name).is_some_and(|now| now.starts_with(bytes));
                check(is_there || may_be_gone, || format!("{name:?} was kept, and is lost"))?;
            }
        }
    }
    check(after.contains_key(&Name::Memory) || !before.contains_key(&Name::Memory), || {
        "the memory is lost".to_owned()
    })
}

/// What is shown of a run that ended, or was killed: never more than it did, and nothing that it
/// began without an end is left out.
pub(super) fn is_shown_as_it_was(disk: &Disk, record: &RunRecord) -> Check {
    let sent = &record.entries;
    match past(&disk.run(&record.run)) {
        Past::Reported(report) => {
            let own = record.report.as_ref().map(|own| (&own.exit, &own.ended));
            check(own == Some((&report.exit, &report.ended)), || {
                format!("it ended {own:?}, and shown is {:?} {:?}", report.exit, report.ended)
            })
        }
        Past::Killed { report, .. } => {
            let open = report.entries.iter().filter(|entry| entry.fate.is_none()).count();
            check(open == 0, || format!("{open} actions of a killed run have no fate"))
        }
        // A run that was killed before its journal had a header sent nothing.
        Past::Nothing | Past::Unreadable(_) | Past::Journal(_) => {
            check(sent.is_empty(), || format!("nothing is shown of {sent:?}"))
        }
    }
}

/// A plan and a journal alone say what the run itself said: entry by entry and with the same exit
/// code.
pub(super) fn is_told_again_as_it_was(disk: &Disk, record: &RunRecord) -> Check {
    let kept = disk.run(&record.run);
    let read = |file| kept.read(file).ok().flatten().and_then(|bytes| json::read(&bytes).ok());
    let (Some(own), Some(plan)) = (read(RunFile::Report), read(RunFile::Plan)) else {
        return Ok(());
    };
    let journal = kept.journal().map_err(|error| error.to_string())?;
    let again = crate::session::killed(plan, &journal, own.finished_at);
    check(own.entries.len() == again.entries.len(), || "not as many entries".to_owned())?;
    for (own, again) in own.entries.iter().zip(&again.entries) {
        check(own == again, || format!("told {:?}, and again {:?}", own.fate, again.fate))?;
    }
    check(own.exit == again.exit, || format!("exit {:?}, and again {:?}", own.exit, again.exit))
}
