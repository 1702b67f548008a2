//! Reading one request of the sandbox's log, or one entry of the journal, against the plan.

use jiff::Timestamp;

use crate::{
    journal::{self, Entry, JOURNAL_FORMAT, Request},
    model::{AccessLevel, Drift, Field, FieldValue},
    plan::{Action, Change, Plan, Stage},
    run::RunId,
    sandbox::{self, RequestKind},
};

/// The request that an outcome, or what it was settled as, belongs to.
pub(super) fn outcome_seq(entry: &Entry) -> Option<u64> {
    match entry {
        Entry::Outcome { seq, .. } => Some(*seq),
        Entry::Settled { seq, unknown, .. } if unknown.is_empty() => Some(*seq),
        _ => None,
    }
}

/// The text of a journal with these entries.
pub(super) fn journal_text(entries: &[Entry]) -> Result<Vec<u8>, String> {
    let header = Entry::Header {
        format: JOURNAL_FORMAT,
        run: RunId::new(Timestamp::UNIX_EPOCH, 0),
        started_at: Timestamp::UNIX_EPOCH,
        digest: "000000000000".parse().map_err(|_| "no digest".to_owned())?,
        tool: String::new(),
        base_url: String::new(),
    };
    journal::journal_text(std::iter::once(&header).chain(entries))
        .map_err(|error| error.to_string())
}

/// Whether a row carries this tool's reference.
pub(super) fn is_tagged(row: &sandbox::Participation) -> bool {
    row.external_references.iter().any(|one| one.service_name == "kantata-sync")
}

/// What the sandbox's record has in a field.
pub(super) fn value(row: &sandbox::Participation, field: Field) -> FieldValue {
    let number = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
    match field {
        Field::AccessLevel => {
            let level = row.level.word().parse::<AccessLevel>();
            level.map_or(FieldValue::Unset, FieldValue::Access)
        }
        Field::TeamLead => row.is_team_lead.into(),
        Field::CanInvite => row.can_invite.into(),
        Field::CanScheduleTheirHours => row.can_schedule_their_hours.into(),
        Field::CanScheduleTeamHours => row.can_schedule_team_hours.into(),
        Field::WorkspaceRoleId => row.workspace_role_id.map(number).into(),
        Field::RateInCents => row.rate_in_cents.into(),
        Field::CostInCents => row.cost_in_cents.into(),
        Field::Tagged => is_tagged(row).into(),
    }
}

/// Whether a live row is as a drift wants it.
pub(super) fn is_so(row: &sandbox::Participation, drift: &Drift) -> bool {
    value(row, drift.field) == drift.after
}

/// The stage that a write belongs to. What is sent for a pair that is to be destroyed belongs to
/// the last stage.
pub(super) fn stage_of(entry: &sandbox::LoggedRequest, plan: &Plan, journal: &[Entry]) -> Stage {
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
            let planned = intended.and_then(|(key, desired)| {
                plan.actions.iter().find(|action| match &action.change {
                    Change::Update { drift, .. } => action.key == *key && drift == desired,
                    _ => false,
                })
            });
            planned.map_or(Stage::Delete, |action| action.change.stage())
        }
        _ => Stage::Delete,
    }
}
