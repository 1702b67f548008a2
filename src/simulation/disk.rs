//! The disk of an episode: what a run is configured with on it, and how it fails.

use std::sync::OnceLock;

use fastrand::Rng;

use super::draw::Scenario;
use crate::{
    config::{self, Environment, Flags, Settings},
    store::{DiskFault, DiskOperation, SimulatedDisk},
};

/// A host that cannot exist.
pub(super) const BASE_URL: &str = "http://sandbox.invalid/api/v1";

/// How many runs of a kind are kept; few, so that there is something to remove.
pub(super) const KEEP_RUNS: usize = 2;

/// What decides on the disk of this seed; drawn apart, so that it changes nothing else of it.
pub(super) fn random(seed: u64) -> Rng {
    Rng::with_seed(seed ^ 0x6469_736b)
}

/// The share of operations that fail.
pub(super) fn share(random: &mut Rng) -> f64 {
    [0.0, 0.0, 0.02, 0.1][random.usize(0..4)]
}

/// Says of each operation whether it fails, and how.
pub(super) fn faults(
    mut random: Rng,
    share: f64,
) -> impl FnMut(DiskOperation) -> Option<DiskFault> {
    move |operation| {
        // Lines and looks at the lock are many, and each that fails ends a run.
        let (part, fault) = match operation {
            DiskOperation::Write if random.bool() => (1.0, DiskFault::Unrenamed),
            DiskOperation::Append if random.bool() => (0.2, DiskFault::Torn(random.usize(0..200))),
            DiskOperation::CheckLock => (0.2, DiskFault::LockLost),
            DiskOperation::Append => (0.2, DiskFault::Full),
            DiskOperation::Write | DiskOperation::Make => (1.0, DiskFault::Full),
        };
        (random.f64() < share * part).then_some(fault)
    }
}

/// How often the disk failed by now.
pub(super) fn met(disk: &SimulatedDisk) -> u64 {
    disk.faults().values().sum()
}

/// The settings of a scenario; what it does not say is as nobody configured it.
pub(super) fn settings(scenario: &Scenario) -> Result<Settings, String> {
    static DEFAULT: OnceLock<Result<Settings, String>> = OnceLock::new();
    let load = || {
        let flags = Flags { state_dir: Some("/".to_owned()), ..Flags::default() };
        let nowhere = Environment::new(std::iter::empty(), "/nonexistent");
        let loaded = config::load(&flags, &nowhere);
        loaded.map(|one| one.settings).map_err(|error| error.to_string())
    };
    let policy = &scenario.policy;
    let settings = DEFAULT.get_or_init(load).clone()?;
    let mut roster = settings.roster.clone();
    scenario.calling.iter().for_each(|calling| calling.configure(&mut roster));
    Ok(Settings {
        roster,
        mode: policy.mode,
        allow_replace: policy.allow_replace,
        ownership: policy.ownership,
        protect: policy.protection.clone(),
        delete_after_runs: scenario.absence_runs,
        guard: scenario.limits,
        http: scenario.http.clone(),
        scope_workspaces: scenario.named.clone(),
        recheck_after: scenario.recheck_after,
        keep_runs: KEEP_RUNS,
        ..settings
    })
}
