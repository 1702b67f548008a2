//! One seed from its first run to the last: runs under faults, then a run that must converge, then
//! one that must find nothing to do. All are whole sessions on one disk.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    Tally,
    draw::{DrawnKind, DrawnRun, Interruption, scenario},
    evidence::{Check, check},
    invariant, kept,
    record::RunRecord,
    reversal,
    run_kind::RunKind,
    scene::Scene,
};
use crate::{report::RunReport, run::Ended, session::Undo};

pub(super) async fn episode(seed: u64, faults: Option<f64>) -> Result<Tally, String> {
    let scenario = scenario(seed, faults);
    let scene = Scene::new(&scenario, seed)?;
    // Who is on a project before the first run has been there for a while.
    sleep(Duration::from_secs(3600)).await;
    let mut random = fastrand::Rng::with_seed(seed);
    for drawn in &scenario.runs {
        scene.time_passes().await;
        scene.drawn(*drawn, &mut random).await?;
    }
    scene.time_passes().await;
    scene.calm_runs(&mut random).await?;
    scene.once_more().await?;
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
        self.sandbox.change_settings(|settings| settings.lookups.short_page = false);
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

    /// What all was applied from before is looked at once more after a while: nobody has to be asked
    /// for, and yet nothing is done on the word of what was true then.
    async fn once_more(&self) -> Check {
        if self.scenario.calling.is_none() {
            return Ok(());
        }
        self.foresee().await?;
        self.time_passes().await;
        let run = self.run(Interruption::None, RunKind::Apply).await?;
        invariant::converged(&run, &self.sandbox)
    }
}
