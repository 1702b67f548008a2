//! One seed from its first run to the last: runs under faults, then a run that must converge, then
//! one that must find nothing to do. All are whole sessions on one disk.

use std::{
    cell::{Cell, RefCell},
    path::Path,
    rc::Rc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::{
    Tally, dated,
    disk::{self, BASE_URL},
    draw::{DrawnKind, DrawnRun, Interruption, Scenario, scenario},
    evidence::{Check, check},
    invariant,
    kept::{self, Disk, Kept},
    onlooker::{DiskSession, Met, Onlooker},
    process::{End, Process, interrupted},
    record::{RunRecord, Snapshot},
    reversal,
    run_kind::RunKind,
    witness::{Watch, Witness},
};
use crate::{
    api::{Client, Endpoint, ServiceTransport, Transport},
    clock::Clock,
    config::Settings,
    report::{ReportedCommand, RunReport},
    roster::{Day, ReaderSettings, Roster, parse_roster},
    run::{Ended, Stop},
    sandbox::Sandbox,
    session::{Approved, Beginning, Session, Undo},
    store::{RunFile, Shared, SimulatedDisk},
};

/// No run takes longer, whatever goes wrong; a run that does hangs.
const LONGEST_RUN: Duration = Duration::from_secs(7 * 24 * 3600);

/// Tells a run that is begun beside another from that.
const BESIDE: u32 = 0x8_0000;

pub(super) struct Scene<'a> {
    scenario: &'a Scenario,
    roster: Rc<Roster>,
    settings: Settings,
    sandbox: Sandbox,
    clock: Clock,
    seed: u64,
    disk: SimulatedDisk,
    store: Disk,
    /// Decides what goes wrong with the disk, and when.
    random: RefCell<fastrand::Rng>,
    share: f64,
    never: Stop,
    /// Whether nothing goes wrong any more.
    calm: Cell<bool>,
    runs: Cell<u32>,
    /// Runs that came to their end, and so count for absences.
    ended: Cell<u32>,
    tally: RefCell<Tally>,
}

pub(super) async fn episode(seed: u64, faults: Option<f64>) -> Result<Tally, String> {
    let scenario = scenario(seed, faults);
    let bytes = scenario.roster.clone().into_bytes();
    let reader = ReaderSettings { day: Day::of(dated::DAY), ..ReaderSettings::default() };
    let roster = parse_roster(bytes, Path::new("drawn.csv"), &reader)
        .map_err(|error| format!("the drawn roster is refused: {error}"))?;
    let disk = SimulatedDisk::default();
    let mut random = disk::random(seed);
    let scene = Scene {
        scenario: &scenario,
        roster: Rc::new(roster),
        settings: disk::settings(&scenario)?,
        clock: Clock::starting_at(Timestamp::UNIX_EPOCH),
        sandbox: Sandbox::new(scenario.world.clone(), scenario.sandbox.clone()),
        seed,
        store: Shared::open(disk.clone()).map_err(|error| error.to_string())?,
        disk,
        share: disk::share(&mut random),
        random: RefCell::new(random),
        never: Stop::default(),
        calm: Cell::new(false),
        runs: Cell::new(0),
        ended: Cell::new(0),
        tally: RefCell::new(Tally { seeds: 1, ..Tally::default() }),
    };
    // Who is on a project before the first run has been there for a while.
    sleep(Duration::from_secs(3600)).await;
    let mut random = fastrand::Rng::with_seed(seed);
    for drawn in &scenario.runs {
        scene.drawn(*drawn, &mut random).await?;
    }
    scene.calm_runs(&mut random).await?;
    Ok(scene.told())
}

impl Scene<'_> {
    /// A run under faults.
    async fn drawn(&self, drawn: DrawnRun, random: &mut fastrand::Rng) -> Result<(), String> {
        let mut kind = kept::kind(&self.store, drawn.kind, random)?;
        if matches!(kind, RunKind::Apply) && self.random.borrow_mut().u8(..) < 40 {
            kind = self.plan_file().await?.map_or(RunKind::Apply, RunKind::ApplyPlan);
        }
        let record = self.run(drawn.interruption, kind).await?;
        let is_used = |report: &RunReport| {
            report.pace.writes > 0 || report.ended.as_ref().is_some_and(Ended::is_complete)
        };
        if let RunKind::ApplyPlan(plan) = record.kind
            && record.disk_faults == 0
            && record.report.as_ref().is_some_and(is_used)
        {
            let again = self.run(Interruption::None, RunKind::ApplyPlan(plan)).await?;
            let done = again.report.as_ref().is_some_and(is_used);
            check(!done, || "a plan file was applied twice".to_owned())?;
        }
        Ok(())
    }

    /// The runs without faults: one that must converge, one that must find nothing to do, and what can
    /// be undone of the first.
    async fn calm_runs(&self, random: &mut fastrand::Rng) -> Result<(), String> {
        self.sandbox.calm();
        self.calm.set(true);
        let converging = self.run(Interruption::None, RunKind::Apply).await?;
        invariant::converged(&converging, &self.sandbox)?;
        let undo = kept::undo(&self.store)?;
        let last = self.run(Interruption::None, RunKind::Apply).await?;
        invariant::nothing_left(&converging, &last, &self.sandbox)?;
        if let (Some(undo), true) = (undo, converging.wrote()) {
            let restored = self.there_and_back(&converging, undo).await?;
            self.tally.borrow_mut().restored += restored;
        }
        // What was withheld is looked through once more, now that nothing goes wrong.
        let approved = kept::kind(&self.store, DrawnKind::ApplyApproved, random)?;
        if let RunKind::ApplyApproved(_) = approved {
            self.run(Interruption::None, approved).await?;
        }
        Ok(())
    }

    fn told(self) -> Tally {
        let log = self.sandbox.log();
        let mut tally = self.tally.into_inner();
        tally.runs = u64::from(self.runs.get());
        tally.requests = log.len() as u64;
        tally.faults = log.iter().filter(|entry| entry.fault.is_some()).count() as u64;
        tally.disk = self.disk.faults();
        tally
    }

    /// Undoes a run, and undoes that; how many memberships were seen to come back.
    async fn there_and_back(&self, run: &RunRecord, undo: Undo) -> Result<u64, String> {
        let undone = self.run(Interruption::None, RunKind::Undo(undo)).await?;
        let restored =
            reversal::restored(run, &undone, (&self.sandbox.world(), &self.scenario.sandbox))?;
        let Some(undo) = kept::undo(&self.store)?.filter(|_| undone.wrote()) else {
            return Ok(restored);
        };
        let again = self.run(Interruption::None, RunKind::Undo(undo)).await?;
        Ok(restored
            + reversal::restored(&undone, &again, (&self.sandbox.world(), &self.scenario.sandbox))?)
    }

    fn beginning<'s>(
        &'s self,
        command: ReportedCommand,
        salt: u32,
        stop: &'s Stop,
    ) -> Beginning<'s, SimulatedDisk> {
        Beginning {
            settings: &self.settings,
            command,
            base_url: BASE_URL.to_owned(),
            roster: String::new(),
            store: self.store.clone(),
            stop,
            clock: self.clock,
            salt,
            warnings: Vec::new(),
        }
    }

    /// Now and then a run is begun beside another.
    fn rival(&self) -> Option<Beginning<'_, SimulatedDisk>> {
        (self.random.borrow_mut().u8(..) < 24).then(|| self.beside())
    }

    /// What a run begins with that is begun beside another.
    pub(super) fn beside(&self) -> Beginning<'_, SimulatedDisk> {
        self.beginning(ReportedCommand::Apply, BESIDE | self.runs.get(), &self.never)
    }

    fn client(&self, watch: &Rc<Watch>, number: u32) -> Client<impl Transport + use<>> {
        let transport = Witness {
            inner: ServiceTransport::new(self.sandbox.router().into_service()),
            watch: Rc::clone(watch),
            unconnected: if self.calm.get() { 0.0 } else { self.scenario.unconnected },
            random: RefCell::new(fastrand::Rng::with_seed(self.seed ^ u64::from(number))),
        };
        let token = self.sandbox.settings().token.into();
        let http = self.scenario.http.clone();
        let endpoint = Endpoint { base_url: BASE_URL, token };
        Client::new(transport, endpoint, http, self.clock, self.seed)
    }

    /// A plan as it is kept, where the disk takes it.
    async fn plan_file(&self) -> Result<Option<Approved>, String> {
        let audience = Onlooker::new(None);
        let session = Session::begin(self.beside(), &audience);
        let watch = Watch::new(self.disk.clone(), session.run.clone(), 0);
        let client = self.client(&watch, self.runs.get());
        let steps = async |session: &DiskSession<'_>| -> Result<RunReport, Met> {
            Ok(session.plan(&client, RunKind::Apply.order(&self.roster)).await?.report)
        };
        let ending = session.whole(steps).await;
        if ending.report.digest.is_none() || ending.kept.is_err() {
            return Ok(None);
        }
        let kept = self.store.run(&session.run).read(RunFile::Report);
        let Ok(Some(bytes)) = kept else { return Ok(None) };
        Approved::parse(&bytes).map(Some).map_err(|error| error.to_string())
    }

    async fn run(&self, interruption: Interruption, kind: RunKind) -> Result<RunRecord, String> {
        let number = self.runs.replace(self.runs.get() + 1);
        let (kept, met) = (self.disk.synced(), disk::met(&self.disk));
        let doubts = kept::left_in_doubt(&self.store)?;
        self.disk_goes_wrong();
        let stop = Stop::default();
        let onlooker = Onlooker::new(self.rival());
        let session = Session::begin(self.beginning(kind.command(), number, &stop), &onlooker);
        let run = session.run.clone();
        let watch = Watch::new(self.disk.clone(), run.clone(), interruption.requests());
        let before = Snapshot::of(&self.sandbox);
        let end: RefCell<End> = RefCell::new(None);
        let client = self.client(&watch, number);
        let process = Process { client: &client, kind: &kind, roster: &self.roster };
        let whole = timeout(LONGEST_RUN, process.whole(session, &end));
        let ended = interrupted(whole, interruption, &watch, &stop).await;
        ended.map_err(|_| format!("run {number} hangs"))?;
        let (report, applied) = end.into_inner().unzip();
        let mut record = RunRecord {
            kind,
            run,
            entries: Vec::new(),
            ended_before: self.ended.get(),
            before,
            preview: onlooker.preview.take(),
            applied: applied.flatten(),
            report,
            watch,
            disk_faults: disk::met(&self.disk) - met,
        };
        self.process_ends(&record);
        record.entries = record.watch.entries();
        let right = onlooker.broken.take().map_or(Ok(()), Err);
        let right = right.and_then(|()| self.is_right(&record, &kept, &doubts));
        let name = record.kind.name();
        right.map_err(|what| format!("run {number} ({name}, {interruption:?}): {what}"))?;
        self.count(&record, onlooker.kept_out.get());
        sleep(Duration::from_secs(10)).await;
        Ok(record)
    }

    fn disk_goes_wrong(&self) {
        if self.calm.get() {
            return self.disk.recover();
        }
        let random = fastrand::Rng::with_seed(self.random.borrow_mut().u64(..));
        self.disk.fail_as(disk::faults(random, self.share));
    }

    /// What the end of a process does to its disk: a kill may lose what was not synced.
    fn process_ends(&self, record: &RunRecord) {
        if record.report.is_none() || self.disk.is_dead() {
            let random = &mut *self.random.borrow_mut();
            self.disk.kill(|unsynced| random.usize(0..=unsynced));
        } else {
            self.disk.others_end();
        }
    }

    fn is_right(&self, record: &RunRecord, kept: &Kept, doubts: &[String]) -> Check {
        kept::nothing_is_lost(kept, &self.disk.synced())?;
        invariant::after_a_run(record, &self.sandbox, self.scenario, &self.roster)?;
        if let Some(report) = record.report.as_ref().filter(|report| report.digest.is_some()) {
            let told: Vec<&String> =
                report.left_in_doubt.iter().flat_map(|left| &left.requests).collect();
            let found = told.iter().map(|one| one.as_str()).eq(doubts.iter().map(String::as_str));
            check(found, || format!("left in doubt were {doubts:?}, and told {told:?}"))?;
        }
        if record.disk_faults > 0 {
            return Ok(());
        }
        kept::is_shown_as_it_was(&self.store, record)?;
        kept::is_told_again_as_it_was(&self.store, record)
    }

    fn count(&self, record: &RunRecord, kept_out: bool) {
        if record.applied.is_some() && record.kind.follows_roster() {
            self.ended.set(self.ended.get() + 1);
        }
        let tally = &mut *self.tally.borrow_mut();
        tally.kept_out += u64::from(kept_out);
        tally.killed += u64::from(record.report.is_none());
        if !self.calm.get() || matches!(record.kind, RunKind::ApplyApproved(_)) {
            tally.count(record);
        }
    }
}
