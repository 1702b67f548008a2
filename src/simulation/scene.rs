//! An episode's world, disk and clock, and one run in it: what it is begun with, how it is cut short,
//! and what is checked when it is over. In which order runs come is not known here.

use std::{
    cell::{Cell, RefCell},
    path::Path,
    rc::Rc,
    time::Duration,
};

use fastrand::Rng;
use jiff::{Timestamp, civil::Date};
use tokio::time::{sleep, timeout};

use super::{
    Tally, dated,
    disk::{self, BASE_URL},
    draw::{Interruption, Scenario},
    evidence::{Check, check},
    invariant,
    kept::{self, Disk, Kept},
    onlooker::Onlooker,
    process::{End, Process, interrupted},
    record::{RunRecord, Snapshot},
    run_kind::RunKind,
    turnover,
    witness::{Meanwhile, Watch, Witness},
};
use crate::{
    api::{Client, Endpoint, ServiceTransport, Transport},
    clock::Clock,
    config::Settings,
    report::ReportedCommand,
    roster::{Day, ParsedRoster, ReaderSettings},
    run::Stop,
    sandbox::Sandbox,
    session::{Beginning, Session},
    store::{Shared, SimulatedDisk},
};

/// No run takes longer, whatever goes wrong; a run that does hangs.
const LONGEST_RUN: Duration = Duration::from_secs(7 * 24 * 3600);

/// Tells a run that is begun beside another from that.
const BESIDE: u32 = 0x8_0000;

/// Marks a run for which nothing remembered is young enough.
pub(super) const REFRESHING: u32 = 0x10_0000;

/// See the module.
pub(super) struct Scene<'a> {
    pub(super) scenario: &'a Scenario,
    settings: Settings,
    /// The same with nothing young enough to be remembered.
    refreshing: Settings,
    pub(super) sandbox: Sandbox,
    clock: Clock,
    seed: u64,
    pub(super) disk: SimulatedDisk,
    pub(super) store: Disk,
    /// Decides what becomes of the account, and when.
    pub(super) fate: RefCell<Rng>,
    /// The day by now.
    pub(super) today: Cell<Date>,
    /// Decides what goes wrong with the disk, and when.
    pub(super) random: RefCell<Rng>,
    share: f64,
    never: Stop,
    /// Whether nothing goes wrong any more.
    pub(super) calm: Cell<bool>,
    pub(super) runs: Cell<u32>,
    /// Runs that came to their end, and so count for absences.
    ended: Cell<u32>,
    pub(super) tally: RefCell<Tally>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(scenario: &'a Scenario, seed: u64) -> Result<Self, String> {
        let disk = SimulatedDisk::default();
        let mut random = disk::random(seed);
        let settings = disk::settings(scenario)?;
        let mut refreshing = settings.clone();
        refreshing.roster.directory_max_age = Duration::ZERO;
        Ok(Self {
            scenario,
            settings,
            refreshing,
            clock: Clock::starting_at(Timestamp::UNIX_EPOCH),
            sandbox: Sandbox::new(scenario.world.clone(), scenario.sandbox.clone()),
            seed,
            store: Shared::open(disk.clone()).map_err(|error| error.to_string())?,
            disk,
            fate: RefCell::new(turnover::random(seed)),
            today: Cell::new(dated::DAY),
            share: disk::share(&mut random),
            random: RefCell::new(random),
            never: Stop::default(),
            calm: Cell::new(false),
            runs: Cell::new(0),
            ended: Cell::new(0),
            tally: RefCell::new(Tally { seeds: 1, ..Tally::default() }),
        })
    }
}

impl Scene<'_> {
    fn beginning<'s>(
        &'s self,
        command: ReportedCommand,
        salt: u32,
        stop: &'s Stop,
    ) -> Beginning<'s, SimulatedDisk> {
        Beginning {
            settings: if salt & REFRESHING > 0 { &self.refreshing } else { &self.settings },
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
        (self.random.borrow_mut().u8(..) < 24).then(|| self.beside(0))
    }

    /// What a run begins with that is begun beside another.
    pub(super) fn beside(&self, mark: u32) -> Beginning<'_, SimulatedDisk> {
        let salt = BESIDE | mark | self.runs.get();
        self.beginning(ReportedCommand::Apply, salt, &self.never)
    }

    pub(super) fn client(&self, watch: &Rc<Watch>, number: u32) -> Client<impl Transport + use<>> {
        let transport = Witness {
            inner: ServiceTransport::new(self.sandbox.router().into_service()),
            watch: Rc::clone(watch),
            unconnected: if self.calm.get() { 0.0 } else { self.scenario.unconnected },
            random: RefCell::new(Rng::with_seed(self.seed ^ u64::from(number))),
        };
        let token = self.sandbox.settings().token.into();
        let http = self.scenario.http.clone();
        let endpoint = Endpoint { base_url: BASE_URL, token };
        Client::new(transport, endpoint, http, self.clock, self.seed)
    }

    /// The roster as it is on the disk of whoever has it, read for a day.
    pub(super) fn read(&self, day: Day) -> Result<ParsedRoster, String> {
        let roster = &self.settings.roster;
        let reader = ReaderSettings {
            day,
            names: true,
            person_service: roster.person_service.clone(),
            project_service: roster.project_service.clone(),
            ..ReaderSettings::default()
        };
        let bytes = self.scenario.sheet.text().into_bytes();
        ParsedRoster::parse(bytes, Path::new("drawn.csv"), &reader).map_err(|error| {
            format!("the drawn roster is refused: {error}: {:?}", error.messages())
        })
    }

    /// A run from its beginning to its end, and what must hold of it.
    pub(super) async fn run(
        &self,
        interruption: Interruption,
        kind: RunKind,
    ) -> Result<RunRecord, String> {
        let number = self.runs.replace(self.runs.get() + 1);
        let (kept, met) = (self.disk.synced(), disk::met(&self.disk));
        let doubts = kept::left_in_doubt(&self.store)?;
        self.disk_goes_wrong();
        let (mut record, right, kept_out) = self.carried(number, interruption, kind).await?;
        record.disk_faults = disk::met(&self.disk) - met;
        self.process_ends(&record);
        record.entries = record.watch.entries();
        let right = right.and_then(|()| self.is_right(&record, &kept, &doubts));
        let name = record.kind.name();
        right.map_err(|what| format!("run {number} ({name}, {interruption:?}): {what}"))?;
        self.count(&record, kept_out);
        sleep(Duration::from_secs(10)).await;
        Ok(record)
    }

    /// The process of a run; what a run beside it showed, and whether that was kept out.
    async fn carried(
        &self,
        number: u32,
        interruption: Interruption,
        kind: RunKind,
    ) -> Result<(RunRecord, Check, bool), String> {
        let (stop, onlooker) = (Stop::default(), Onlooker::new(self.rival()));
        let day = self.today.get();
        let parsed = self.read(Day::of(day))?;
        let session = Session::begin(self.beginning(kind.command(), number, &stop), &onlooker);
        let run = session.run.clone();
        let watch = Watch::new(self.disk.clone(), run.clone(), interruption.requests());
        watch.meanwhile.replace(self.meanwhile());
        let before = Snapshot::of(&self.sandbox);
        let end = RefCell::new(End::default());
        let client = self.client(&watch, number);
        let process = Process { client: &client, kind: &kind, parsed };
        let whole = timeout(LONGEST_RUN, process.whole(session, &end));
        let ended = interrupted(whole, interruption, &watch, &stop).await;
        ended.map_err(|_| format!("run {number} hangs"))?;
        let End { report, applied, roster } = end.into_inner();
        let record = RunRecord {
            kind,
            run,
            entries: Vec::new(),
            ended_before: self.ended.get(),
            before,
            preview: onlooker.preview.take(),
            applied,
            report,
            roster,
            day: day.to_string(),
            watch,
            disk_faults: 0,
        };
        let broken = onlooker.broken.take().map_or(Ok(()), Err);
        Ok((record, broken, onlooker.kept_out.get()))
    }

    /// Now and then a name comes to mean something else while a run is under way; at which request.
    fn meanwhile(&self) -> Option<Meanwhile> {
        let calling = self.scenario.calling.clone().filter(|_| !self.calm.get())?;
        let fate = &mut *self.fate.borrow_mut();
        if fate.u8(..) >= 48 {
            return None;
        }
        self.tally.borrow_mut().renamed += 1;
        let (sandbox, mut random) = (self.sandbox.clone(), Rng::with_seed(fate.u64(..)));
        let rename = move || {
            sandbox.with_world(|world| turnover::rename(&mut random, world, &calling));
        };
        Some((fate.u64(1..40), Box::new(rename)))
    }

    fn disk_goes_wrong(&self) {
        if self.calm.get() {
            return self.disk.recover();
        }
        let random = Rng::with_seed(self.random.borrow_mut().u64(..));
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
        invariant::after_a_run(record, &self.sandbox, self.scenario)?;
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
        let names = record.roster.as_ref().filter(|roster| !roster.names().is_empty());
        tally.named += u64::from(names.is_some());
        tally.kept_out += u64::from(kept_out);
        tally.killed += u64::from(record.report.is_none());
        if !self.calm.get() || matches!(record.kind, RunKind::ApplyApproved(_)) {
            tally.count(record);
        }
    }
}
