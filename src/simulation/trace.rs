//! Reading one request of the sandbox's log, or one entry of the journal, against the plan.

use jiff::Timestamp;

use crate::{
    journal::{self, Entry, JOURNAL_FORMAT, Request},
    model::{Drift, Field, FieldValue},
    plan::{Action, Change, Plan, Stage},
    run::RunId,
    sandbox::{self, RequestKind},
};

/// The request that an outcome belongs to.
pub(super) fn outcome_seq(entry: &Entry) -> Option<u64> {
    match entry {
        Entry::Outcome { seq, .. } => Some(*seq),
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

/// Whether a live row is as a drift wished.
pub(super) fn is_so(row: &sandbox::Participation, drift: &Drift) -> bool {
    match (drift.field, drift.after) {
        (Field::AccessLevel, FieldValue::Access(level)) => row.level.word() == level.word(),
        (Field::TeamLead, FieldValue::Flag(lead)) => row.is_team_lead == lead,
        (Field::CanInvite, FieldValue::Flag(flag)) => row.can_invite == flag,
        (Field::CanScheduleTheirHours, FieldValue::Flag(flag)) => {
            row.can_schedule_their_hours == flag
        }
        (Field::CanScheduleTeamHours, FieldValue::Flag(flag)) => {
            row.can_schedule_team_hours == flag
        }
        (Field::Tagged, FieldValue::Flag(tagged)) => is_tagged(row) == tagged,
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
