//! What must hold after every run, checked from the sandbox's own state and log.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    draw::Scenario,
    evidence::{Check, Evidence, Pair, check, pair},
    record::RunRecord,
    refusals::obstacle,
    trace::{is_so, journal_text, outcome_seq, stage_of},
    word::Word,
};
use crate::{
    apply::Applied,
    journal::{Entry, Request, parse_journal},
    model::{MembershipKey, Outcome, Unreadable},
    plan::{Action, Change, Plan, Stage},
    roster::{RecordStatus, Roster},
    sandbox::{self, ForeignChange, Sandbox},
    verdict::Decided,
};

/// Checks everything that must hold after a run, killed or not.
pub(super) fn after_a_run(record: &RunRecord, sandbox: &Sandbox, scenario: &Scenario) -> Check {
    let evidence = Evidence {
        record,
        world: sandbox.world(),
        log: sandbox.log().split_off(record.before.log),
        foreign: sandbox.foreign_edits(),
        foreign_here: record.before.foreign,
    };
    evidence.nobody_is_doubled(scenario)?;
    evidence.no_write_without_intent()?;
    evidence.killed_writes_are_in_doubt()?;
    let Some(preview) = &record.preview else {
        let writes = evidence.writes().count();
        return check(writes == 0, || format!("{writes} writes without a plan"));
    };
    let plan = preview.reviewed.approved.plan();
    evidence.a_stop_starts_nothing(plan)?;
    let word = Word::of(scenario, [&record.before.world, &evidence.world], &record.day);
    evidence.deletes_keep_their_promises(plan, (scenario, &word), sandbox)?;
    if record.kind.follows_roster() {
        record.roster.iter().try_for_each(|roster| every_row_has_one_fate(roster, plan))?;
        evidence.names_are_of_now(preview, &word)?;
    }
    evidence.stages_keep_their_order(plan)?;
    evidence.requests_are_bounded(plan, scenario)?;
    match &record.applied {
        Some(applied) => {
            evidence.applied_is_true(plan, applied)?;
            evidence.rejected_creates_are_bad(applied, scenario)?;
            evidence.a_loss_is_the_last(plan, applied)?;
            evidence.frozen_projects_lose_nobody(applied)
        }
        None => Ok(()),
    }
}

impl Evidence<'_> {
    /// (a) Nobody is live twice on a project unless somebody else put them there.
    fn nobody_is_doubled(&self, scenario: &Scenario) -> Check {
        let by_others: BTreeSet<Pair> = self
            .foreign
            .iter()
            .filter(|edit| edit.change == ForeignChange::Created)
            .filter_map(|edit| Some((edit.target.workspace, edit.target.user?)))
            .collect();
        let mut live: BTreeMap<Pair, usize> = BTreeMap::new();
        for row in self.world.participations().values() {
            if let Some(user) = row.user {
                *live.entry((row.workspace, user)).or_default() += 1;
            }
        }
        live.retain(|pair, count| {
            *count > 1 && !by_others.contains(pair) && scenario.world.of(pair.0, pair.1).len() < 2
        });
        check(live.is_empty(), || format!("live twice by our doing: {live:?}"))
    }

    /// (f) Every write had an intent in the journal before it left.
    fn no_write_without_intent(&self) -> Check {
        let unannounced = self.record.watch.unannounced.borrow();
        check(unannounced.is_empty(), || format!("sent without an intent: {unannounced:?}"))
    }

    /// What a killed run wrote without noting its end is in doubt for whoever reads its journal,
    /// with its last line torn as well.
    fn killed_writes_are_in_doubt(&self) -> Check {
        let entries = &self.record.entries;
        let mut text = journal_text(entries)?;
        let whole = parse_journal(&text).map_err(|error| error.to_string())?;
        check(whole.entries == *entries, || "the journal reads back otherwise".to_owned())?;
        if !entries.is_empty() {
            text.truncate(text.len().saturating_sub(3));
            parse_journal(&text).map_err(|error| format!("torn journal: {error}"))?;
        }
        let answered: BTreeSet<u64> = entries.iter().filter_map(outcome_seq).collect();
        let open = entries
            .iter()
            .filter(|entry| matches!(entry, Entry::Intent { seq, .. } if !answered.contains(seq)));
        let in_doubt = whole.in_doubt();
        check(open.count() <= in_doubt.len(), || "an open intent is not in doubt".to_owned())
    }

    /// (i) Once a run is asked to end, no write leaves but the second half of a replacement whose
    /// first half did.
    fn a_stop_starts_nothing(&self, plan: &Plan) -> Check {
        let destroyed: BTreeSet<MembershipKey> = self
            .record
            .entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Intent { request: Request::Delete { live }, .. } => Some(live.key),
                _ => None,
            })
            .collect();
        let replaced = |key: &MembershipKey| {
            let is_it = |action: &Action| action.key == *key;
            let replaces = |action: &Action| matches!(action.change, Change::Replace { .. });
            plan.actions.iter().any(|action| is_it(action) && replaces(action))
        };
        for request in self.record.watch.sent_after_stop.borrow().iter() {
            let second_half = match request {
                Request::Delete { .. } => false,
                Request::Create { .. } | Request::Update { .. } => {
                    request.keys().iter().all(|key| replaced(key) && destroyed.contains(key))
                }
            };
            check(second_half, || format!("after a stop: {}", request.words()))?;
        }
        Ok(())
    }

    /// (g) A stage ends before the next begins.
    fn stages_keep_their_order(&self, plan: &Plan) -> Check {
        let mut reached = Stage::Create;
        for entry in self.writes() {
            let mut stage = stage_of(entry, plan, &self.record.entries);
            if stage == Stage::Create && entry.objects == 1 && plan.counts.replacements > 0 {
                // The second half of a replacement looks like any create of one row.
                stage = reached;
            }
            check(stage >= reached, || {
                format!("{} {} of stage {stage:?} after {reached:?}", entry.method, entry.path)
            })?;
            reached = stage;
        }
        Ok(())
    }

    /// (h) Requests stay under what the plan can cost at the worst.
    fn requests_are_bounded(&self, plan: &Plan, scenario: &Scenario) -> Check {
        let smallest_page = scenario.sandbox.page_limit as u64;
        let people = self.world.users().len() as u64 * 2;
        let pages = people.div_ceil(smallest_page) + 1;
        let projects = plan.workspaces.len() as u64;
        let tries = u64::from(scenario.http.tries);
        // A plan may be made anew when a name means something else by now; looking names up reads
        // the people twice, and each answer three times at most.
        let (plans, looks) = match &scenario.calling {
            Some(_) => (4, 3 * (4 * pages * people.div_ceil(50) + 2 * 6)),
            None => (1, 0),
        };
        let listing = 4 * pages * projects * plans;
        let (creates, again) = (plan.counts.creates as u64, plan.counts.replacements as u64);
        // Isolating sends a row in less than 3 requests of its own on average.
        let posts = creates * (2 + tries) + 3 * creates.div_ceil(100) + again * tries;
        let others = (4 * (plan.counts.updates + plan.counts.deletes)) as u64 + 5 * again;
        let bound =
            tries * (2 * plans + plans * looks + listing + posts * (1 + 2 * listing) + others);
        let attempts =
            self.log.iter().filter(|entry| !matches!(entry.answered, sandbox::Reply::Status(429)));
        let attempts = attempts.count() as u64;
        check(attempts <= bound, || format!("{attempts} requests where {bound} bound them"))
    }

    /// (e) What the report calls applied is so.
    fn applied_is_true(&self, plan: &Plan, applied: &Applied) -> Check {
        check(applied.decided.len() == plan.actions.len(), || "not one fate an action".to_owned())?;
        let touched = self.touched_by_others();
        let mut last: BTreeMap<Pair, bool> = BTreeMap::new();
        for action in &plan.actions {
            last.insert(pair(action.key), action.change.destroys());
        }
        for Decided { action, fate } in &applied.decided {
            let pair = pair(action.key);
            if fate.outcome != Outcome::Applied || touched.contains(&pair) {
                continue;
            }
            let rows = self.world.of(pair.0, pair.1);
            let holds = match &action.change {
                Change::Create { spec } => {
                    rows.first().is_some_and(|row| row.side.word() == spec.role.word())
                }
                Change::Update { drift, .. } => {
                    rows.first().is_some_and(|row| drift.iter().all(|drift| is_so(row, drift)))
                }
                Change::Delete { .. } => rows.is_empty(),
                Change::Replace { spec, .. } => {
                    rows.first().is_some_and(|row| row.side.word() == spec.role.word())
                }
            };
            check(holds, || format!("{:?} is called applied and is not so", action.change))?;
        }
        Ok(())
    }
}

/// (e) Every valid row is decided by the plan exactly once: in sync, or by actions of one class.
fn every_row_has_one_fate(roster: &Roster, plan: &Plan) -> Check {
    let mut seen: BTreeSet<MembershipKey> = BTreeSet::new();
    for action in plan.actions.iter().filter(|action| action.change.stage() == Stage::Create) {
        check(seen.insert(action.key), || format!("{} is created twice", action.key))?;
    }
    for action in plan.actions.iter().filter(|action| action.change.destroys()) {
        check(seen.insert(action.key), || format!("{} is created and destroyed", action.key))?;
    }
    let valid = roster.records().filter(|record| record.status == RecordStatus::Valid).count();
    let entries = roster.desired.entries().len();
    check(valid == entries, || format!("{valid} valid rows, {entries} memberships"))
}

/// (d) Without faults a run comes to its end, and nothing is left in doubt.
pub(super) fn converged(record: &RunRecord, sandbox: &Sandbox) -> Check {
    let Some(preview) = &record.preview else {
        return Err(format!(
            "no faults, and no plan: {:?}",
            record.report.as_ref().map(|report| &report.ended)
        ));
    };
    let plan = preview.reviewed.approved.plan();
    check(plan.unreadable().all(|(_, reason)| *reason == Unreadable::NotVisible), || {
        "no faults, and a project is unreadable".to_owned()
    })?;
    let Some(applied) = &record.applied else { return Err("no apply".to_owned()) };
    let rejected: BTreeSet<MembershipKey> = with_outcome(applied, Outcome::Rejected);
    let after = (&sandbox.world(), &sandbox.settings());
    let a_loss = !with_outcome(applied, Outcome::Lost).is_empty();
    for Decided { action, fate } in &applied.decided {
        let fine = match fate.outcome {
            Outcome::Applied | Outcome::Rejected | Outcome::NotStuck | Outcome::Frozen => true,
            Outcome::NotReached => a_loss || rejected.contains(&action.key),
            Outcome::Lost => obstacle(after, action).is_some(),
            _ => false,
        };
        check(fine, || format!("no faults, and {action:?} ended {fate:?}"))?;
    }
    Ok(())
}

fn with_outcome(applied: &Applied, outcome: Outcome) -> BTreeSet<MembershipKey> {
    let of_outcome = applied.decided.iter().filter(|one| one.fate.outcome == outcome);
    of_outcome.map(|one| one.action.key).collect()
}

/// (d) What one run without faults applied, the next leaves alone.
pub(super) fn nothing_left(converging: &RunRecord, last: &RunRecord, sandbox: &Sandbox) -> Check {
    converged(last, sandbox)?;
    let (Some(first), Some(applied), Some(second)) =
        (&converging.preview, &converging.applied, &last.preview)
    else {
        return Err("no plan".to_owned());
    };
    let plan = first.reviewed.approved.plan();
    let done = with_outcome(applied, Outcome::Applied);
    let open: BTreeSet<MembershipKey> = applied
        .decided
        .iter()
        .filter(|one| one.fate.outcome != Outcome::Applied)
        .map(|one| one.action.key)
        // What was held of a row may go through once the rest of the run is done.
        .chain(plan.held.iter().map(|held| held.key))
        .collect();
    for action in &second.reviewed.approved.plan().actions {
        let again = done.contains(&action.key) && !open.contains(&action.key);
        check(!again, || format!("applied, and planned again: {action:?}"))?;
    }
    let all_applied = open.is_empty() && first.reviewed.withheld.is_empty() && plan.held.is_empty();
    let left = second.reviewed.approved.plan().actions.len();
    check(!all_applied || left == 0, || format!("all was applied, and {left} actions are left"))
}
