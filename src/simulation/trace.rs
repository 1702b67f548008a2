//! Reading one request of the sandbox's log, or one entry of the journal, against the plan.

use crate::{
    journal::{Entry, Request},
    model::{Drift, Field, FieldValue},
    plan::{Action, Change, Plan, Stage},
    sandbox::{self, RequestKind},
};

/// The request that an outcome belongs to.
pub(super) fn outcome_seq(entry: &Entry) -> Option<u64> {
    match entry {
        Entry::Outcome { seq, .. } => Some(*seq),
        _ => None,
    }
}

/// Whether a live row is as a drift wished.
pub(super) fn is_so(row: &sandbox::Participation, drift: &Drift) -> bool {
    match (drift.field, drift.after) {
        (Field::AccessLevel, FieldValue::Access(level)) => row.level.word() == level.word(),
        (Field::TeamLead, FieldValue::Flag(lead)) => row.is_team_lead == lead,
        (Field::CanInvite, FieldValue::Flag(flag)) => row.can_invite == flag,
        (Field::RateInCents, FieldValue::Number(cents)) => row.rate_in_cents == Some(cents),
        _ => false,
    }
}

/// The stage that a write belongs to. What is sent for a pair that is to be destroyed belongs to
/// the last stage.
pub(super) fn stage_of(entry: &sandbox::Entry, plan: &Plan, journal: &[Entry]) -> Stage {
    let id = entry.path.split('?').next().and_then(|path| path.rsplit('/').next());
    let id = id.and_then(|id| id.trim_end_matches(".json").parse::<u64>().ok());
    match entry.kind {
        RequestKind::Create => {
            let planned = |action: &Action| action.change.stage() == Stage::Create;
            let only_replacements = !plan.actions.iter().any(planned);
            if only_replacements { Stage::Delete } else { Stage::Create }
        }
        RequestKind::Update => {
            let intended =
                journal.iter().find_map(|entry| match entry {
                    Entry::Intent {
                        request: Request::Update { key, id: of, drift, .. }, ..
                    } if Some(of.number()) == id => Some((key, drift)),
                    _ => None,
                });
            let planned = intended.and_then(|(key, wishes)| {
                plan.actions.iter().find(|action| match &action.change {
                    Change::Update { drift, .. } => action.key == *key && drift == wishes,
                    _ => false,
                })
            });
            planned.map_or(Stage::Delete, |action| action.change.stage())
        }
        _ => Stage::Delete,
    }
}
