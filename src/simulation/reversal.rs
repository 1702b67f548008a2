//! What an undo must have given back: side, level and flags of every membership that the run touched
//! and the undo did not hold.

use std::collections::BTreeSet;

use super::{record::RunRecord, trace};
use crate::{
    model::{Field, FieldValue, MembershipKey, Outcome},
    plan::{Action, Change},
    sandbox::{Participation, SandboxSettings, World},
    verdict::Decided,
};

/// Checks that what a run did to each membership is taken back; how many were held to that.
pub(super) fn restored(
    run: &RunRecord,
    undone: &RunRecord,
    (now, settings): (&World, &SandboxSettings),
) -> Result<u64, String> {
    let open = open(undone)?;
    let mut restored = 0;
    for key in done(run)?.into_iter().filter(|key| !open.contains(key)) {
        let (workspace, user) = (key.workspace.number(), key.user.number());
        let fields = given_back(run, key, settings);
        let was = standing(&run.before.world.of(workspace, user), &fields);
        let is = standing(&now.of(workspace, user), &fields);
        if was != is {
            return Err(format!("undone, and {key} was {was:?} and is {is:?}"));
        }
        restored += 1;
    }
    Ok(restored)
}

/// What an undo gives back of a membership: of a record that the run destroyed only what was seen, of
/// all others the run changed only what it saw.
fn given_back(run: &RunRecord, key: MembershipKey, settings: &SandboxSettings) -> Vec<Field> {
    // Odd answers may hide from the undo, too, what it gave back and what did not stick.
    if settings.odd_values.share > 0.0 {
        return Vec::new();
    }
    let plan = run.preview.iter().flat_map(|preview| &preview.reviewed.approved.plan().actions);
    let destroyed =
        plan.filter(|action| action.key == key).find_map(|action| match &action.change {
            Change::Delete { live, .. } | Change::Replace { live, .. } => Some(live.fields),
            Change::Create { .. } | Change::Update { .. } => None,
        });
    let is_seen = |field| destroyed.is_none_or(|seen| seen.value(field) != FieldValue::Hidden);
    let is_given_back = |field: &Field| match field {
        Field::AccessLevel => is_seen(*field) && (destroyed.is_some() || settings.token_is_admin),
        Field::TeamLead
        | Field::CanInvite
        | Field::CanScheduleTheirHours
        | Field::CanScheduleTeamHours => is_seen(*field),
        // No request takes away what was not set before, nor a tag.
        Field::WorkspaceRoleId | Field::RateInCents | Field::CostInCents | Field::Tagged => false,
    };
    Field::ALL.into_iter().filter(is_given_back).collect()
}

fn standing(
    rows: &[&Participation],
    fields: &[Field],
) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
    let one = |row: &&Participation| {
        let values = fields.iter().map(|field| (*field, trace::value(row, *field)));
        (row.side, values.collect::<Vec<_>>())
    };
    rows.iter().map(one).collect()
}

/// The memberships of which a run did all that it planned, and whom it took a lead from.
fn done(run: &RunRecord) -> Result<BTreeSet<MembershipKey>, String> {
    let Some(applied) = &run.applied else { return Err("no run to be undone".to_owned()) };
    let (mut done, mut open) = (BTreeSet::new(), BTreeSet::new());
    for Decided { action, fate } in &applied.decided {
        let keys = std::iter::once(action.key).chain(displaced(action));
        let set = if fate.outcome == Outcome::Applied { &mut done } else { &mut open };
        set.extend(keys);
    }
    Ok(done.difference(&open).copied().collect())
}

fn displaced(action: &Action) -> Option<MembershipKey> {
    let (Change::Update { takes_lead_from, .. } | Change::Replace { takes_lead_from, .. }) =
        &action.change
    else {
        return None;
    };
    takes_lead_from.map(|user| MembershipKey { user, ..action.key })
}

/// The memberships that the undo left alone, or could not do, each with a reason that it tells.
fn open(undone: &RunRecord) -> Result<BTreeSet<MembershipKey>, String> {
    let (Some(preview), Some(applied)) = (&undone.preview, &undone.applied) else {
        return Err(format!(
            "no faults, and no undo: {:?}",
            undone.report.as_ref().map(|report| &report.ended)
        ));
    };
    let plan = preview.reviewed.approved.plan();
    let held = plan.held.iter().map(|held| held.key);
    let withheld = preview.reviewed.withheld.iter().map(|withheld| withheld.action.key);
    let failed = applied.decided.iter().filter(|one| one.fate.outcome != Outcome::Applied);
    Ok(held.chain(withheld).chain(failed.map(|one| one.action.key)).collect())
}
