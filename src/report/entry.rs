//! The entries of a report, and how they stand in `report.json`: each reason with a code that
//! scripts match and the words that people read. Reports of format 1 had the words alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};
use serde_json::Value;

use super::reason;
use crate::{
    model::{Drift, MembershipKey, Outcome, ParticipationId, WorkspaceId},
    plan::{Change, HoldReason, Reason, WorkspacePlan, WorkspaceState},
    verdict::{Fate, Why},
};

/// One difference or action with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportEntry {
    /// Who and where.
    pub key: MembershipKey,
    /// The roster's line, where the roster has one.
    pub line: Option<u64>,
    /// What is done; none where the plan could not say.
    pub change: Option<Change>,
    /// Why it is in the plan, or why it is held.
    pub reason: EntryReason,
    /// What became of it: none in a plan that was not carried out, except for what is held,
    /// frozen or withheld already.
    pub fate: Option<Fate>,
}

/// Why an entry is in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryReason {
    /// Why the action is in the plan.
    Planned(Reason),
    /// Why the difference is left alone.
    Held(HoldReason),
    /// As an earlier version said it.
    Earlier(String),
}

impl EntryReason {
    /// What the words of a planned one are made of besides its code.
    fn data(&self) -> Option<Value> {
        let Self::Planned(reason) = self else { return None };
        match serde_json::to_value(reason).ok()? {
            Value::Object(coded) => coded.into_iter().next().map(|(_, data)| data),
            _ => None,
        }
    }
}

impl ReportEntry {
    /// What holds it, where it is held.
    #[must_use]
    pub fn hold(&self) -> Option<&HoldReason> {
        match &self.reason {
            EntryReason::Held(hold) => Some(hold),
            EntryReason::Planned(_) | EntryReason::Earlier(_) => None,
        }
    }
}

/// A reason as it is written.
#[derive(Serialize)]
struct WrittenReason<D> {
    code: &'static str,
    text: String,
    /// What the words are made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
}

#[derive(Serialize)]
struct WrittenFate<'a> {
    outcome: Outcome,
    reason: WrittenReason<&'a Why>,
    participation: Option<ParticipationId>,
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Drift]>::is_empty")]
    unchanged: &'a [Drift],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    account_admin: bool,
}

#[derive(Serialize)]
struct WrittenEntry<'a> {
    key: MembershipKey,
    line: Option<u64>,
    change: Option<&'a Change>,
    reason: WrittenReason<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<&'a HoldReason>,
    fate: Option<WrittenFate<'a>>,
}

impl Serialize for ReportEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { key, line, change, reason, fate } = self;
        let (code, text) = (reason::plan_code(reason), reason::of_plan(reason));
        WrittenEntry {
            key: *key,
            line: *line,
            change: change.as_ref(),
            reason: WrittenReason { code, text, data: reason.data() },
            hold: self.hold(),
            fate: fate.as_ref().map(written),
        }
        .serialize(serializer)
    }
}

fn written(fate: &Fate) -> WrittenFate<'_> {
    let Fate { outcome, why, participation, request_id, unchanged, account_admin } = fate;
    let data = (*why != Why::AsPlanned).then_some(why);
    WrittenFate {
        outcome: *outcome,
        reason: WrittenReason { code: reason::fate_code(fate), text: reason::of_fate(fate), data },
        participation: *participation,
        request_id: request_id.as_deref(),
        unchanged,
        account_admin: *account_admin,
    }
}

/// A reason as it is read: of format 1 words alone.
#[derive(Deserialize)]
#[serde(untagged, bound(deserialize = "D: Deserialize<'de>"))]
enum ReadReason<D> {
    Words(String),
    Coded {
        code: String,
        text: String,
        #[serde(default = "none")]
        data: Option<D>,
    },
}

const fn none<D>() -> Option<D> {
    None
}

#[derive(Deserialize)]
struct ReadFate {
    outcome: Outcome,
    reason: Option<ReadReason<Why>>,
    /// The words of format 1.
    detail: Option<String>,
    participation: Option<ParticipationId>,
    request_id: Option<String>,
    #[serde(default)]
    unchanged: Vec<Drift>,
    #[serde(default)]
    account_admin: bool,
}

#[derive(Deserialize)]
struct ReadEntry {
    key: MembershipKey,
    line: Option<u64>,
    change: Option<Change>,
    reason: ReadReason<Value>,
    hold: Option<HoldReason>,
    fate: Option<ReadFate>,
}

impl<'de> Deserialize<'de> for ReportEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ReadEntry { key, line, change, reason, hold, fate } =
            ReadEntry::deserialize(deserializer)?;
        let reason = match (hold, reason) {
            (Some(hold), _) => EntryReason::Held(hold),
            (None, ReadReason::Words(words)) => EntryReason::Earlier(words),
            (None, ReadReason::Coded { code, text, data }) => planned(code, text, data),
        };
        let fate = fate.map(|fate| fate_of(fate, &reason));
        Ok(Self { key, line, change, reason, fate })
    }
}

fn planned(code: String, text: String, data: Option<Value>) -> EntryReason {
    let reason = match data {
        Some(data) => Value::Object([(code, data)].into_iter().collect()),
        None => Value::String(code),
    };
    let known = serde_json::from_value(reason);
    known.map_or(EntryReason::Earlier(text), EntryReason::Planned)
}

fn fate_of(read: ReadFate, held: &EntryReason) -> Fate {
    let ReadFate { outcome, reason, detail, participation, request_id, unchanged, account_admin } =
        read;
    let words = detail.filter(|words| !words.is_empty() && *words != reason::of_plan(held));
    let why = match (reason, words) {
        (Some(ReadReason::Coded { data, .. }), _) => data.unwrap_or(Why::AsPlanned),
        (Some(ReadReason::Words(words)), _) | (None, Some(words)) => Why::Earlier { words },
        (None, None) => Why::AsPlanned,
    };
    // The words of format 1 have this in them already.
    let account_admin = account_admin && !matches!(why, Why::Earlier { .. });
    Fate { outcome, why, participation, request_id, unchanged, account_admin }
}

/// Writes the projects; why one cannot be read has words beside its code, as all reasons have.
pub(super) fn write_projects<S: Serializer>(
    projects: &BTreeMap<WorkspaceId, WorkspacePlan>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(projects.iter().map(|(id, project)| (id, WrittenProject(project))))
}

struct WrittenProject<'a>(&'a WorkspacePlan);

impl Serialize for WrittenProject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(project) = self;
        let WorkspaceState::Unreadable { reason } = &project.state else {
            return project.serialize(serializer);
        };
        let mut value = serde_json::to_value(project).map_err(S::Error::custom)?;
        value["state"]["reason"]["text"] = reason::unreadable(reason).into();
        value.serialize(serializer)
    }
}
