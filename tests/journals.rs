//! Journals of every format version that ever was: each is still read, and tells what its run did.

use std::{fs, path::PathBuf};

use kantata_sync::{
    journal::parse_journal,
    model::Outcome,
    report::{RunReport, json},
    session::killed,
};

fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-data/journals").join(name)
}

/// The report that plan and journal of a sample tell.
fn folded(name: &str) -> RunReport {
    let folder = sample(name);
    let plan = fs::read(folder.join("plan.json")).expect("a plan");
    let mut plan = json::read(&plan).expect("a plan");
    // A plan of that time has fates for what was left alone only.
    plan.exit = None;
    let journal = fs::read(folder.join("journal.jsonl")).expect("a journal");
    let journal = parse_journal(&journal).expect("a journal");
    assert!(journal.damaged.is_empty(), "{:?}", journal.damaged);
    let time = plan.finished_at;
    killed(plan, &journal, time)
}

fn outcomes(report: &RunReport) -> Vec<Option<Outcome>> {
    report.entries.iter().map(|entry| entry.fate.as_ref().map(|fate| fate.outcome)).collect()
}

#[test]
fn a_whole_run_of_each_format_is_told_as_its_own_report_did() {
    for name in ["format-1-complete", "format-2-complete"] {
        let report = fs::read(sample(name).join("report.json")).expect("a report");
        let report = json::read(&report).expect("a report");
        let folded = folded(name);
        assert_eq!(outcomes(&folded), outcomes(&report), "{name}");
        assert_eq!(folded.exit, report.exit, "{name}");
    }
}

#[test]
fn a_killed_run_of_each_format_leaves_in_doubt_what_had_no_answer() {
    for name in ["format-1-killed", "format-2-killed"] {
        let folded = folded(name);
        assert!(outcomes(&folded).contains(&Some(Outcome::InDoubt)), "{name}");
        assert!(outcomes(&folded).contains(&Some(Outcome::Applied)), "{name}");
    }
}
