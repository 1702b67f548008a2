//! One seed from its first run to the last: runs under faults, then a run that must converge, then
//! one that must find nothing to do.

use std::{cell::RefCell, path::Path, rc::Rc, time::Duration};

use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::{
    Tally,
    draw::{Interruption, Scenario, scenario},
    invariant::{self, Snapshot},
    witness::{Watch, Witness},
};
use crate::{
    api::{Client, ServiceTransport},
    apply::Applied,
    clock::Clock,
    desired::{ReaderSettings, Roster, parse_roster},
    live::ListError,
    reconcile::{self, Job, Preview, Surroundings, Wish},
    run::{Stop, StopCause},
    sandbox::Sandbox,
};

const BASE_URL: &str = "http://sandbox.invalid/api/v1";

/// No run takes longer, whatever goes wrong; a run that does hangs.
const LONGEST_RUN: Duration = Duration::from_secs(7 * 24 * 3600);

/// One run as the checks see it.
pub(super) struct RunRecord {
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
}

pub(super) async fn episode(seed: u64, faults: Option<f64>) -> Result<Tally, String> {
    let scenario = scenario(seed, faults);
    let bytes = scenario.roster.clone().into_bytes();
    let roster = parse_roster(bytes, Path::new("drawn.csv"), &ReaderSettings::default())
        .map_err(|error| format!("the drawn roster is refused: {error}"))?;
    let sandbox = Sandbox::new(scenario.world.clone(), scenario.sandbox.clone());
    let stage = Stage {
        scenario: &scenario,
        roster: &roster,
        clock: Clock::starting_at(Timestamp::UNIX_EPOCH),
        sandbox,
        seed,
    };
    let mut runs = 0;
    for interruption in &scenario.interruptions {
        stage.run(*interruption, runs).await?;
        runs += 1;
        sleep(Duration::from_secs(10)).await;
    }
    stage.sandbox.calm();
    let converging = stage.run(Interruption::None, runs).await?;
    invariant::converged(&converging)?;
    sleep(Duration::from_secs(10)).await;
    let last = stage.run(Interruption::None, runs + 1).await?;
    invariant::nothing_left(&converging, &last)?;
    let log = stage.sandbox.log();
    let went_wrong = log.iter().filter(|entry| entry.fault.is_some()).count();
    Ok(Tally {
        seeds: 1,
        runs: runs + 2,
        requests: log.len() as u64,
        faults: went_wrong as u64,
        violations: Vec::new(),
    })
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
        stop.set(StopCause::Terminate);
        std::future::pending().await
    };
    tokio::select! {
        ended = whole => ended,
        () = happens => Ok(()),
    }
}

impl Stage<'_> {
    async fn run(&self, interruption: Interruption, number: u64) -> Result<RunRecord, String> {
        let calm = number as usize >= self.scenario.interruptions.len();
        let watch = Watch::new(interruption.requests());
        let transport = Witness {
            inner: ServiceTransport::new(self.sandbox.router().into_service()),
            watch: Rc::clone(&watch),
            unconnected: if calm { 0.0 } else { self.scenario.unconnected },
            random: RefCell::new(fastrand::Rng::with_seed(self.seed ^ number)),
        };
        let token = self.sandbox.settings().token.into();
        let http = self.scenario.http.clone();
        let client = Client::new(transport, BASE_URL, token, http, (self.clock, self.seed));
        let mut record = RunRecord {
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
        invariant::after_a_run(&record, &self.sandbox, self.scenario, self.roster)
            .map_err(|what| format!("run {number} ({interruption:?}): {what}"))?;
        Ok(record)
    }

    async fn whole_run<T: crate::api::Transport>(
        &self,
        client: &Client<T>,
        record: &mut RunRecord,
        stop: &Stop,
    ) {
        let job = Job {
            wish: Wish::Roster(self.roster),
            named_workspaces: &self.scenario.named,
            policy: &self.scenario.policy,
            limits: &self.scenario.limits,
            requests_per_second: self.scenario.http.requests_per_second,
            max_in_flight: self.scenario.http.max_in_flight,
            tries: self.scenario.http.tries,
            recheck_after: self.scenario.recheck_after,
            approval: None,
        };
        let around = Surroundings { clock: self.clock, stop, listener: &|_| {} };
        match reconcile::preview(client, &job, around).await {
            Ok(preview) => record.preview = Some(preview),
            Err(ListError::Api(error)) => record.failed_listing = Some(error.to_string()),
            Err(error) => record.failed_listing = Some(error.to_string()),
        }
        let journal = Rc::clone(&record.watch.journal);
        if let Some(preview) = &record.preview {
            let applied = reconcile::apply(client, preview, journal.as_ref(), &job, around).await;
            record.applied = Some(applied);
        }
    }
}
