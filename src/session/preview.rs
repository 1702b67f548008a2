//! The two halves of a run: what it would do now, and carrying out what was approved of that.
//!
//! [`preview()`] holds no writer. What it returns is reviewed, and [`apply()`] takes nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Part, Purpose, UnknownPart, names};
use crate::{
    api::{BATCH_LIMIT, ReadParticipations, Traffic, WriteParticipations},
    apply::{self, Applied},
    clock::Clock,
    event::Listener,
    guard::{Approval, Limits, Reviewed, review, review_part},
    journal::Record,
    live::{ListError, Lister},
    model::{LiveSet, LiveWorkspace, Scope, Unreadable, UserId, WorkspaceId},
    plan::{Change, Forecast, Ground, Plan, Policy, narrow},
    report::RunWarning,
    run::Stop,
};

/// How often a project of several pages is read before two readings must have agreed.
const CONFIRM_TRIES: u32 = 4;

/// What is to be reconciled, and within which bounds.
pub struct Job<'a> {
    /// What the run is for.
    pub purpose: Purpose<'a>,
    /// `scope.workspaces`.
    pub named_workspaces: &'a [WorkspaceId],
    /// What a plan may contain.
    pub policy: &'a Policy,
    /// How much it may destroy.
    pub limits: &'a Limits,
    /// The configured rate, for the forecast.
    pub requests_per_second: f64,
    /// Requests under way at once.
    pub max_in_flight: usize,
    /// How often a create that is known not to be there is sent.
    pub tries: u32,
    /// How old a listing may be before its rows are looked at again.
    pub recheck_after: Duration,
    /// A reviewed list: a ceiling over what may be destroyed.
    pub approval: Option<&'a Approval>,
    /// What people are called whom the roster names in its own words.
    pub called: &'a BTreeMap<UserId, String>,
    /// What of the plan is wanted.
    pub part: &'a Part,
}

/// What a run works with besides its job.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// The time.
    pub clock: Clock,
    /// Asks to end early.
    pub stop: &'a Stop,
    /// Is told of progress.
    pub listener: Listener<'a>,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// Nothing could be listed.
    #[error(transparent)]
    List(#[from] ListError),
    /// Somebody was named who is nobody.
    #[error(transparent)]
    Part(#[from] UnknownPart),
}

/// What a run would do now.
pub struct Preview {
    /// What may happen, and what the guard keeps back.
    pub reviewed: Reviewed,
    /// The live memberships that it was planned from.
    pub live: LiveSet,
    /// What it would take.
    pub forecast: Forecast,
    /// What a person should know besides.
    pub warnings: Vec<RunWarning>,
}

/// Lists the live memberships, plans, and passes the guard. Cannot write.
///
/// # Errors
/// When the API cannot be read at all, the run is to end, or the part that is wanted names nobody.
pub async fn preview(
    api: &impl ReadParticipations,
    job: &Job<'_>,
    context: RunContext<'_>,
) -> Result<Preview, PreviewError> {
    let scope = job.purpose.scope(job.named_workspaces);
    let RunContext { clock, stop, listener } = context;
    let lister = Lister { clock, max_in_flight: job.max_in_flight, stop, listener };
    let (mut plan, live) = listed_plan(api, job, &lister, &scope).await?;
    let mut whole = None;
    if !job.part.is_whole() {
        let desired = job.purpose.roster().map(|roster| &roster.desired);
        if live.workspaces.len() == job.part.within(scope.clone()).workspaces.len() {
            job.part.demand_people(desired, &live)?;
        }
        whole = Some(plan.clone());
        plan = job.narrowed(plan, &live, scope.workspaces.len());
    }
    names::know(job.called, &mut plan);
    names::add(api, &mut plan, stop).await;
    let warnings = job.warnings(&plan, &live);
    let reviewed = match whole {
        None => review(plan, job.limits, job.approval),
        Some(whole) => review_part(plan, whole, job.limits, job.approval),
    };
    let actions = &reviewed.approved.plan().actions;
    let forecast = Forecast::new(actions, BATCH_LIMIT, job.requests_per_second);
    Ok(Preview { reviewed, live, forecast, warnings })
}

impl Job<'_> {
    fn narrowed(&self, plan: Plan, live: &LiveSet, scope: usize) -> Plan {
        let Some(roster) = self.purpose.roster() else { return plan };
        let ground = Ground { desired: &roster.desired, live, scope };
        narrow(plan, &ground, &self.part.narrowing(live))
    }

    fn warnings(&self, plan: &Plan, live: &LiveSet) -> Vec<RunWarning> {
        let unmatched = self.policy.protection.unmatched(live.people.values());
        // Whom an entry means may be on a project that was not looked at.
        let unmatched = unmatched.into_iter().filter(|_| !self.part.skips_projects());
        let warnings = unmatched.map(|entry| RunWarning::ProtectsNobody { entry });
        let warnings = warnings.chain(plan.remarks.iter().cloned().map(RunWarning::from));
        warnings.chain(self.purpose.warnings(plan)).collect()
    }
}

/// Lists what the plan needs, and plans: the whole of what was listed.
async fn listed_plan(
    api: &impl ReadParticipations,
    job: &Job<'_>,
    lister: &Lister<'_>,
    scope: &Scope,
) -> Result<(Plan, LiveSet), ListError> {
    let wanted = job.part.within(scope.clone());
    let Some(first) = job.part.first() else {
        let mut live = lister.list(api, &wanted).await?;
        let plan = confirmed_plan(api, job, lister, &mut live).await?;
        return Ok((plan, live));
    };
    let mut found = 0;
    let is_enough = async |alone: &mut LiveSet| {
        let plan = confirmed_plan(api, job, lister, alone).await?;
        found += job.narrowed(plan, alone, scope.workspaces.len()).actions.len();
        Ok(found >= first.get())
    };
    let live = lister.list_until(api, &wanted, is_enough).await?;
    // Each project was confirmed by itself.
    Ok((job.purpose.plan(&live, job.policy), live))
}

/// Plans, and reads the projects of several pages again where the plan creates somebody; until two
/// listings in a row agree, nothing is planned for such a project.
async fn confirmed_plan(
    api: &impl ReadParticipations,
    job: &Job<'_>,
    lister: &Lister<'_>,
    live: &mut LiveSet,
) -> Result<Plan, ListError> {
    let mut found = job.purpose.plan(live, job.policy);
    let mut confirmed = BTreeSet::new();
    for attempt in 1.. {
        let open: BTreeSet<WorkspaceId> = found
            .actions
            .iter()
            .filter(|action| matches!(action.change, Change::Create { .. }))
            .map(|action| action.key.workspace)
            .filter(|id| !confirmed.contains(id) && has_pages(live, *id))
            .collect();
        if open.is_empty() {
            break;
        }
        for id in open {
            if lister.confirm(api, live, id).await? {
                confirmed.insert(id);
            } else if attempt >= CONFIRM_TRIES {
                let reason = Unreadable::NeverStill;
                live.workspaces.insert(id, LiveWorkspace::Unreadable { title: None, reason });
            }
        }
        found = job.purpose.plan(live, job.policy);
    }
    Ok(found)
}

fn has_pages(live: &LiveSet, id: WorkspaceId) -> bool {
    matches!(live.workspaces.get(&id), Some(LiveWorkspace::Listed(listing)) if listing.pages > 1)
}

/// Carries out what a preview approved.
pub async fn apply<A: WriteParticipations>(
    api: &A,
    preview: &Preview,
    journal: &dyn Record,
    job: &Job<'_>,
    context: RunContext<'_>,
) -> Applied {
    let RunContext { clock, stop, listener } = context;
    let Job { max_in_flight, tries, recheck_after, .. } = *job;
    let tools =
        apply::Tools { api, journal, stop, listener, clock, max_in_flight, tries, recheck_after };
    // The preview is told of after the run, too, so that it keeps its plan.
    apply::run(preview.reviewed.approved.clone(), tools).await
}

/// The traffic of a run as its report has it.
#[must_use]
pub fn pace_report(configured: f64, traffic: Traffic) -> crate::report::PaceReport {
    crate::report::PaceReport {
        configured,
        last: traffic.rate,
        throttled: traffic.throttled,
        held_seconds: traffic.held.as_secs_f64(),
        requests: traffic.requests,
        writes: traffic.writes,
    }
}
