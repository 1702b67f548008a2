//! What every medium promises, of both; and what a failing one leaves.

use jiff::Timestamp;

use super::*;
use crate::{
    journal::{Entry, JOURNAL_FORMAT, JournalError, Record as _, RequestResult},
    memory::{Memory, PlanUse},
    plan::Digest,
    run::{Ended, RunId},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn run(number: u32) -> RunId {
    RunId::new(Timestamp::from_second(1_700_000_000 + i64::from(number)).expect("a time"), number)
}

fn header(run: &RunId) -> Entry {
    let digest: Digest = "abcdefabcdef".parse().expect("a digest");
    let started_at = Timestamp::UNIX_EPOCH;
    let (tool, base_url) = ("0".to_owned(), "http://localhost".to_owned());
    Entry::Header { format: JOURNAL_FORMAT, run: run.clone(), started_at, digest, tool, base_url }
}

fn outcome(seq: u64) -> Entry {
    let result = RequestResult::Done { present: Vec::new(), request_id: None };
    Entry::Outcome { seq, result }
}

fn intent() -> Entry {
    let request = r#"{"request":"update","key":{"workspace":1,"user":2},"id":3,"drift":[]}"#;
    Entry::Intent { seq: 0, request: serde_json::from_str(request).expect("a request") }
}

fn end() -> Entry {
    Entry::End { result: Ended::Complete }
}

fn holder(number: u32) -> LockHolder {
    LockHolder { run: run(number), since: Timestamp::UNIX_EPOCH, process: None }
}

/// A run with a journal of its header alone.
fn journalled<M: Medium>(store: &Exclusive<M>, number: u32) -> Result<(), JournalError> {
    let own = store.start_run(&run(number)).expect("room");
    store.begin_journal(&own, &header(&run(number))).map(drop)
}

fn keeps_its_promises<M: Medium>(medium: &M) {
    let store = is_prepared_and_locked_once(medium);
    let own = writes_whole_or_not_at_all(&store);
    remembers(&store);
    begins_a_journal_once(&store, &own);
    prunes_by_kind(&store);
    drop(store);
    assert!(Shared::open(medium.clone()).expect("usable").lock(&holder(2)).is_ok());
}

fn is_prepared_and_locked_once<M: Medium>(medium: &M) -> Exclusive<M> {
    assert!(Shared::existing(medium.clone()).is_none());
    let shared = Shared::open(medium.clone()).expect("usable");
    assert!(Shared::existing(medium.clone()).is_some());
    assert!(!shared.is_locked().expect("readable"));
    let store = shared.lock(&holder(1)).expect("free");
    let Err(LockError::Held(held)) = shared.lock(&holder(2)) else { panic!("locked") };
    assert_eq!(held.holder.map(|holder| holder.run), Some(run(1)), "it names its holder");
    assert!(shared.is_locked().expect("readable"));
    store
}

fn writes_whole_or_not_at_all<M: Medium>(store: &Exclusive<M>) -> OwnRun<M> {
    let own = store.start_run(&run(1)).expect("room");
    assert!(store.start_run(&run(1)).is_err());
    assert_eq!(own.read(RunFile::Report).expect("readable"), None);
    own.write(RunFile::Report, |out| out.write_all(b"first")).expect("written");
    let torn = own.write(RunFile::Report, |out| {
        out.write_all(b"second")?;
        Err(io::ErrorKind::StorageFull.into())
    });
    assert!(torn.is_err());
    assert_eq!(own.read(RunFile::Report).expect("readable").as_deref(), Some(&b"first"[..]));
    own
}

fn remembers<M: Medium>(store: &Exclusive<M>) {
    assert_eq!(store.memory(NOW), (Memory::default(), None));
    store.use_plan(&run(9), NOW).expect("written");
    assert!(store.memory(NOW).0.use_of(&run(9)) == PlanUse::Used);
}

fn begins_a_journal_once<M: Medium>(store: &Exclusive<M>, own: &OwnRun<M>) {
    assert!(!own.has_journal());
    let journal = store.begin_journal(own, &header(&run(1))).expect("a journal");
    journal.record(&outcome(0)).expect("room");
    journal.record(&end()).expect("room");
    drop(journal);
    assert!(store.begin_journal(own, &header(&run(1))).is_err());
    let (newest, journal) = store.last_journal().expect("readable").expect("a journal");
    assert_eq!((newest, journal.expect("whole").ended()), (run(1), true));
}

fn prunes_by_kind<M: Medium>(store: &Exclusive<M>) {
    for number in 2..=4 {
        store.start_run(&run(number)).expect("room");
    }
    store.prune(2).expect("removed");
    assert_eq!(store.runs().expect("readable"), [run(1), run(3), run(4)]);
    journalled(store, 5).expect("a journal");
    store.prune(1).expect("removed");
    assert_eq!(store.runs().expect("readable"), [run(4), run(5)]);
}

#[test]
fn a_folder_and_a_simulated_disk_keep_the_same_promises() {
    let folder = tempfile::tempdir().expect("a folder");
    keeps_its_promises(&Folder::at(folder.path().join("profile").join("api")));
    keeps_its_promises(&SimulatedDisk::default());
}

fn simulated() -> (SimulatedDisk, Exclusive<SimulatedDisk>) {
    let disk = SimulatedDisk::default();
    let store = Shared::open(disk.clone()).map(|shared| shared.lock(&holder(1)));
    let store = store.expect("usable");
    (disk, store.expect("free"))
}

#[test]
fn a_run_whose_journal_has_no_line_did_not_write_and_pushes_out_nothing() {
    let (disk, store) = simulated();
    journalled(&store, 1).expect("a journal");
    // The night's disk is full after the journal was made.
    disk.fail_as(|operation| (operation == DiskOperation::Append).then_some(DiskFault::Full));
    for number in 2..5 {
        assert!(journalled(&store, number).is_err());
    }
    disk.recover();
    assert_eq!(store.last_journal().expect("listed").expect("one").0, run(1));
    store.prune(1).expect("pruned");
    assert_eq!(store.runs().expect("listed"), [run(1), run(4)]);
}

#[test]
fn a_kill_loses_nothing_that_was_synced() {
    let (disk, store) = simulated();
    let own = store.start_run(&run(1)).expect("room");
    let journal = store.begin_journal(&own, &header(&run(1))).expect("a journal");
    journal.record(&outcome(0)).expect("room");
    disk.kill(|unsynced| unsynced / 2);
    let kept = own.journal().expect("readable");
    assert!(kept.torn && kept.entries.is_empty());
    assert!(Shared::open(disk).expect("usable").lock(&holder(2)).is_ok());
}

#[test]
fn a_fault_leaves_what_was_there() {
    let (disk, store) = simulated();
    store.use_plan(&run(9), NOW).expect("written");
    let own = store.start_run(&run(1)).expect("room");
    let journal = store.begin_journal(&own, &header(&run(1))).expect("a journal");
    disk.fail_as(|operation| match operation {
        DiskOperation::Write => Some(DiskFault::Unrenamed),
        DiskOperation::Append => Some(DiskFault::Torn(7)),
        DiskOperation::Make => Some(DiskFault::Full),
        DiskOperation::CheckLock => None,
    });
    assert!(store.use_plan(&run(8), NOW).is_err() && store.start_run(&run(2)).is_err());
    assert!(journal.record(&end()).is_err());
    disk.recover();
    assert!(
        store.memory(NOW).0.use_of(&run(9)) == PlanUse::Used
            && store.memory(NOW).0.use_of(&run(8)) != PlanUse::Used
    );
    assert!(disk.is_dead());
    disk.kill(|unsynced| unsynced);
    assert!(own.journal().expect("readable").torn);
    let met: Vec<u64> = disk.faults().into_values().filter(|count| *count > 0).collect();
    assert_eq!(met, [1, 1, 1]);
}

/// What counts on the lock fails with it: the next intent, and so the next request.
fn fails_without_its_lock<M: Medium>(store: &Exclusive<M>, lose: impl FnOnce()) {
    let own = store.start_run(&run(1)).expect("room");
    let journal = store.begin_journal(&own, &header(&run(1))).expect("a journal");
    lose();
    assert!(journal.record(&intent()).is_err());
    journal.record(&outcome(0)).expect("what was sent is told in any case");
    journal.record(&end()).expect("and so is the end");
    assert!(store.write_memory(&Memory::default()).is_err());
    assert!(store.prune(1).is_err());
}

#[test]
fn a_lost_lock_ends_the_writing() {
    let (disk, store) = simulated();
    fails_without_its_lock(&store, || {
        disk.fail_as(|operation| {
            (operation == DiskOperation::CheckLock).then_some(DiskFault::LockLost)
        });
    });
    let folder = tempfile::tempdir().expect("a folder");
    let shared = Shared::open(Folder::at(folder.path().join("api"))).expect("usable");
    let store = shared.lock(&holder(1)).expect("free");
    fails_without_its_lock(&store, || {
        std::fs::remove_file(folder.path().join("api").join(LOCK)).expect("removed");
    });
}
