//! One seed from its first run to the last: runs under faults, then a run that must converge, then
//! one that must find nothing to do.

use std::{
    cell::{Cell, RefCell},
    path::Path,
    rc::Rc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::{
    Tally,
    draw::{DrawnRun, ErrandKind, Interruption, Scenario, scenario},
    earlier::EarlierRuns,
    errand::Errand,
    invariant::{self, Snapshot},
    reversal,
    witness::{Watch, Witness},
};
use crate::{
    api::{Client, Endpoint, ServiceTransport},
    apply::Applied,
    clock::Clock,
    live::ListError,
    plan::Policy,
    roster::{ReaderSettings, Roster, parse_roster},
    run::{Stop, StopCause},
    sandbox::Sandbox,
    session::{self, Job, Preview, Surroundings, Undo},
};

pub(super) const BASE_URL: &str = "http://sandbox.invalid/api/v1";

/// No run takes longer, whatever goes wrong; a run that does hangs.
const LONGEST_RUN: Duration = Duration::from_secs(7 * 24 * 3600);

/// One run as the checks see it.
pub(super) struct RunRecord {
    pub errand: Errand,
    /// The policy in force, for a roster.
    pub policy: Policy,
    /// Runs before it that count for absences.
    pub ended_before: u32,
    pub before: Snapshot,
    pub preview: Option<Preview>,
    pub applied: Option<Applied>,
    pub watch: Rc<Watch>,
    pub failed_listing: Option<String>,
}

struct Stage<'a> {
    scenario: &'a Scenario,
    roster: &'a Roster,
    sandbox: Sandbox,
    clock: Clock,
    seed: u64,
    earlier: EarlierRuns,
    runs: Cell<u64>,
}

pub(super) async fn episode(seed: u64, faults: Option<f64>) -> Result<Tally, String> {
    let scenario = scenario(seed, faults);
    let bytes = scenario.roster.clone().into_bytes();
    let roster = parse_roster(bytes, Path::new("drawn.csv"), &ReaderSettings::default())
        .map_err(|error| format!("the drawn roster is refused: {error}"))?;
    let stage = Stage {
        scenario: &scenario,
        roster: &roster,
        clock: Clock::starting_at(Timestamp::UNIX_EPOCH),
        sandbox: Sandbox::new(scenario.world.clone(), scenario.sandbox.clone()),
        seed,
        earlier: EarlierRuns::default(),
        runs: Cell::new(0),
    };
    // Who is on a project before the first run has been there for a while.
    sleep(Duration::from_secs(3600)).await;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut tally = Tally { seeds: 1, ..Tally::default() };
    for DrawnRun { errand, interruption } in &scenario.runs {
        let errand = stage.earlier.errand(*errand, &mut random)?;
        tally.count(&stage.run(*interruption, errand).await?);
    }
    stage.sandbox.calm();
    let converging = stage.run(Interruption::None, Errand::Apply).await?;
    invariant::converged(&converging, &stage.sandbox)?;
    let undo = stage.earlier.undo()?;
    let last = stage.run(Interruption::None, Errand::Apply).await?;
    invariant::nothing_left(&converging, &last, &stage.sandbox)?;
    if let (Some(undo), true) = (undo, wrote(&converging)) {
        tally.restored += stage.there_and_back(&converging, undo).await?;
    }
    // What was withheld is looked through once more, now that nothing goes wrong.
    let approved = stage.earlier.errand(ErrandKind::ApplyApproved, &mut random)?;
    if let Errand::ApplyApproved(_) = approved {
        tally.count(&stage.run(Interruption::None, approved).await?);
    }
    let log = stage.sandbox.log();
    tally.runs = stage.runs.get();
    tally.requests = log.len() as u64;
    tally.faults = log.iter().filter(|entry| entry.fault.is_some()).count() as u64;
    Ok(tally)
}

/// Whether a run has a journal of its own.
fn wrote(record: &RunRecord) -> bool {
    !record.watch.journal.entries().is_empty()
}

/// Lets a run go on until it ends or is killed; asks it to end where that is what happens to it.
async fn interrupted<E>(
    whole: impl Future<Output = Result<(), E>>,
    interruption: Interruption,
    watch: &Watch,
    stop: &Stop,
) -> Result<(), E> {
    let happens = async {
        watch.reached.notified().await;
        if let Interruption::Kill { after, .. } = interruption {
            return sleep(after).await;
        }
        watch.stopped.set(true);
        stop.set(StopCause::Terminate);
        std::future::pending().await
    };
    tokio::select! {
        ended = whole => ended,
        () = happens => Ok(()),
    }
}

impl Stage<'_> {
    /// Undoes a run, and undoes that; how many memberships were seen to come back.
    async fn there_and_back(&self, run: &RunRecord, undo: Undo) -> Result<u64, String> {
        let undone = self.run(Interruption::None, Errand::Undo(undo)).await?;
        let restored =
            reversal::restored(run, &undone, (&self.sandbox.world(), &self.scenario.sandbox))?;
        let Some(undo) = self.earlier.undo()?.filter(|_| wrote(&undone)) else {
            return Ok(restored);
        };
        let again = self.run(Interruption::None, Errand::Undo(undo)).await?;
        Ok(restored
            + reversal::restored(&undone, &again, (&self.sandbox.world(), &self.scenario.sandbox))?)
    }

    async fn run(&self, interruption: Interruption, errand: Errand) -> Result<RunRecord, String> {
        let number = self.runs.replace(self.runs.get() + 1);
        let calm = number as usize >= self.scenario.runs.len();
        let watch = Watch::new(interruption.requests());
        let transport = Witness {
            inner: ServiceTransport::new(self.sandbox.router().into_service()),
            watch: Rc::clone(&watch),
            unconnected: if calm { 0.0 } else { self.scenario.unconnected },
            random: RefCell::new(fastrand::Rng::with_seed(self.seed ^ number)),
        };
        let token = self.sandbox.settings().token.into();
        let http = self.scenario.http.clone();
        let endpoint = Endpoint { base_url: BASE_URL, token };
        let client = Client::new(transport, endpoint, http, self.clock, self.seed);
        let Scenario { policy, absence_runs, .. } = self.scenario;
        let mut record = RunRecord {
            errand,
            policy: self.earlier.policy(policy, *absence_runs, self.clock.now()),
            ended_before: self.earlier.ended(),
            before: Snapshot::of(&self.sandbox),
            preview: None,
            applied: None,
            watch: Rc::clone(&watch),
            failed_listing: None,
        };
        let stop = Stop::default();
        let whole = timeout(LONGEST_RUN, self.whole_run(&client, &mut record, &stop));
        let ended = interrupted(whole, interruption, &watch, &stop).await;
        ended.map_err(|_| format!("run {number} hangs"))?;
        invariant::after_a_run(&record, &self.sandbox, self.scenario, self.roster).map_err(
            |what| format!("run {number} ({:?}, {interruption:?}): {what}", record.errand.name()),
        )?;
        self.earlier.keep(&record, self.roster, self.clock.now())?;
        sleep(Duration::from_secs(10)).await;
        Ok(record)
    }

    async fn whole_run<T: crate::api::Transport>(
        &self,
        client: &Client<T>,
        record: &mut RunRecord,
        stop: &Stop,
    ) {
        let purpose = record.errand.purpose(self.roster);
        let job = Job {
            purpose,
            named_workspaces: &self.scenario.named,
            policy: &purpose.policy(record.policy.clone()),
            limits: &self.scenario.limits,
            requests_per_second: self.scenario.http.requests_per_second,
            max_in_flight: self.scenario.http.max_in_flight,
            tries: self.scenario.http.tries,
            recheck_after: self.scenario.recheck_after,
            approval: record.errand.approved().map(|approved| &approved.approval),
        };
        let around = Surroundings { clock: self.clock, stop, listener: &|_| {} };
        match session::preview(client, &job, around).await {
            Ok(preview) => record.preview = Some(preview),
            Err(ListError::Api(error)) => record.failed_listing = Some(error.to_string()),
            Err(error) => record.failed_listing = Some(error.to_string()),
        }
        let journal = Rc::clone(&record.watch.journal);
        if let Some(preview) = &record.preview {
            let applied = session::apply(client, preview, journal.as_ref(), &job, around).await;
            record.applied = Some(applied);
        }
    }
}
