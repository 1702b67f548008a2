//! The managed fields of a membership and their three-valued comparison: equal, different, unknown.
//!
//! Every comparison destructures both sides, so that a field added later stops compiling
//! until somebody decides how it compares.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AccessLevel, FieldValue, RoleId};

/// A value as the token sees it. Absent means unknown, never false or empty (API.md §1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen<T> {
    /// The answer carried it.
    Visible(T),
    /// The answer did not: neither equal to anything nor different from it.
    #[default]
    Hidden,
}

impl<T> Seen<T> {
    /// The value, where it is visible.
    pub fn visible(self) -> Option<T> {
        match self {
            Self::Visible(value) => Some(value),
            Self::Hidden => None,
        }
    }
}

impl<T> From<Option<T>> for Seen<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Hidden, Self::Visible)
    }
}

/// A field that is managed: by a column of the roster, or by the policy ([`Field::Tagged`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What the person may see and do.
    AccessLevel,
    /// Whether the person leads his side; read as `is_team_lead`, written as `team_lead`.
    TeamLead,
    /// Whether the person may invite others.
    CanInvite,
    /// Whether the person may schedule his own hours.
    CanScheduleTheirHours,
    /// Whether the person may schedule the team's hours.
    CanScheduleTeamHours,
    /// The account's role; update only.
    WorkspaceRoleId,
    /// Billing rate, in cents; update only.
    RateInCents,
    /// Cost rate, in cents; update only.
    CostInCents,
    /// Whether the record carries this tool's external reference (`ownership = "tagged"`). No
    /// roster column: the policy and `adopt` wish it.
    Tagged,
}

impl Field {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::AccessLevel,
        Self::TeamLead,
        Self::CanInvite,
        Self::CanScheduleTheirHours,
        Self::CanScheduleTeamHours,
        Self::WorkspaceRoleId,
        Self::RateInCents,
        Self::CostInCents,
        Self::Tagged,
    ];

    /// The name that reports use; rosters and requests too, but for [`Field::Tagged`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessLevel => "access_level",
            Self::TeamLead => "team_lead",
            Self::CanInvite => "can_invite",
            Self::CanScheduleTheirHours => "can_schedule_their_hours",
            Self::CanScheduleTeamHours => "can_schedule_team_hours",
            Self::WorkspaceRoleId => "workspace_role_id",
            Self::RateInCents => "rate_in_cents",
            Self::CostInCents => "cost_in_cents",
            Self::Tagged => "tagged",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One field that is not as the roster says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Which field.
    pub field: Field,
    /// The live value.
    pub before: FieldValue,
    /// The wish.
    pub after: FieldValue,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} → {}", self.field, self.before, self.after)
    }
}

/// What a roster row manages; `None` is unmanaged: never compared, never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of `Field`, documented there")]
pub struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_level: Option<AccessLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_lead: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_invite: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_schedule_their_hours: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_schedule_team_hours: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_role_id: Option<RoleId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_in_cents: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_in_cents: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tagged: Option<bool>,
}

/// The same fields as an answer shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of `Field`, documented there")]
pub struct LiveFields {
    pub access_level: Seen<AccessLevel>,
    pub team_lead: Seen<bool>,
    pub can_invite: Seen<bool>,
    pub can_schedule_their_hours: Seen<bool>,
    pub can_schedule_team_hours: Seen<bool>,
    pub workspace_role_id: Seen<Option<RoleId>>,
    pub rate_in_cents: Seen<Option<i64>>,
    pub cost_in_cents: Seen<Option<i64>>,
    #[serde(default)]
    pub tagged: Seen<bool>,
}

/// The result of holding a wish against what is live; both empty means in sync.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Fields that are known to differ.
    pub drift: Vec<Drift>,
    /// Managed fields whose live value the token cannot see: held, never sent.
    pub hidden: Vec<Drift>,
}

impl Comparison {
    fn field<T, L>(&mut self, field: Field, wish: Option<T>, live: Seen<L>)
    where
        T: Into<FieldValue>,
        L: Into<FieldValue>,
    {
        let Some(wish) = wish else { return };
        let drift = Drift { field, before: live.into(), after: wish.into() };
        if drift.before == FieldValue::Hidden {
            self.hidden.push(drift);
        } else if drift.before != drift.after {
            self.drift.push(drift);
        }
    }
}

impl Fields {
    /// What is managed, with the wish.
    #[must_use]
    pub fn managed(&self) -> Vec<(Field, FieldValue)> {
        // Held against a record of which nothing is visible, every managed field is hidden.
        let found = self.compare(&LiveFields::default());
        found.hidden.iter().map(|drift| (drift.field, drift.after)).collect()
    }

    /// Wishes a value of a field; whether it can be wished. What is hidden, unset or a missing tag
    /// cannot: no request takes a value away (API.md §3.1).
    #[must_use]
    pub fn set(&mut self, field: Field, value: FieldValue) -> bool {
        fn put<T>(slot: &mut Option<T>, value: T) -> bool {
            *slot = Some(value);
            true
        }
        match (field, value) {
            (Field::AccessLevel, FieldValue::Access(level)) => put(&mut self.access_level, level),
            (Field::TeamLead, FieldValue::Flag(lead)) => put(&mut self.team_lead, lead),
            (Field::CanInvite, FieldValue::Flag(can)) => put(&mut self.can_invite, can),
            (Field::CanScheduleTheirHours, FieldValue::Flag(can)) => {
                put(&mut self.can_schedule_their_hours, can)
            }
            (Field::CanScheduleTeamHours, FieldValue::Flag(can)) => {
                put(&mut self.can_schedule_team_hours, can)
            }
            (Field::WorkspaceRoleId, FieldValue::Number(number)) => {
                let role = u64::try_from(number).ok().and_then(RoleId::new);
                role.is_some_and(|role| put(&mut self.workspace_role_id, role))
            }
            (Field::RateInCents, FieldValue::Number(cents)) => put(&mut self.rate_in_cents, cents),
            (Field::CostInCents, FieldValue::Number(cents)) => put(&mut self.cost_in_cents, cents),
            (Field::Tagged, FieldValue::Flag(true)) => put(&mut self.tagged, true),
            _ => false,
        }
    }

    /// Holds these wishes against what is live, field by field, in the order of [`Field`].
    #[must_use]
    pub fn compare(&self, live: &LiveFields) -> Comparison {
        let Self {
            access_level,
            team_lead,
            can_invite,
            can_schedule_their_hours,
            can_schedule_team_hours,
            workspace_role_id,
            rate_in_cents,
            cost_in_cents,
            tagged,
        } = *self;
        let mut found = Comparison::default();
        found.field(Field::AccessLevel, access_level, live.access_level);
        found.field(Field::TeamLead, team_lead, live.team_lead);
        found.field(Field::CanInvite, can_invite, live.can_invite);
        found.field(
            Field::CanScheduleTheirHours,
            can_schedule_their_hours,
            live.can_schedule_their_hours,
        );
        found.field(
            Field::CanScheduleTeamHours,
            can_schedule_team_hours,
            live.can_schedule_team_hours,
        );
        found.field(Field::WorkspaceRoleId, workspace_role_id, live.workspace_role_id);
        found.field(Field::RateInCents, rate_in_cents, live.rate_in_cents);
        found.field(Field::CostInCents, cost_in_cents, live.cost_in_cents);
        found.field(Field::Tagged, tagged, live.tagged);
        found
    }

    /// Splits the wishes into what a create carries and what only an update may (API.md §3.1).
    /// `team_lead = false` needs neither: a new member leads nothing.
    #[must_use]
    pub fn split_for_create(&self) -> (Self, Vec<Drift>) {
        let Self {
            access_level,
            team_lead,
            can_invite,
            can_schedule_their_hours,
            can_schedule_team_hours,
            workspace_role_id,
            rate_in_cents,
            cost_in_cents,
            tagged,
        } = *self;
        let created = Self {
            access_level,
            can_invite,
            can_schedule_their_hours,
            can_schedule_team_hours,
            tagged,
            ..Self::default()
        };
        let mut later = Comparison::default();
        let nothing: Seen<Option<i64>> = Seen::Visible(None);
        later.field(Field::TeamLead, team_lead.filter(|lead| *lead), Seen::Visible(false));
        later.field(Field::WorkspaceRoleId, workspace_role_id, nothing);
        later.field(Field::RateInCents, rate_in_cents, nothing);
        later.field(Field::CostInCents, cost_in_cents, nothing);
        (created, later.drift)
    }
}

impl LiveFields {
    /// These values as wishes, for who is to become so again; what cannot be wished is left out.
    #[must_use]
    pub fn as_wishes(&self) -> Fields {
        let Self {
            access_level,
            team_lead,
            can_invite,
            can_schedule_their_hours,
            can_schedule_team_hours,
            workspace_role_id,
            rate_in_cents,
            cost_in_cents,
            tagged,
        } = *self;
        Fields {
            access_level: access_level.visible(),
            team_lead: team_lead.visible(),
            can_invite: can_invite.visible(),
            can_schedule_their_hours: can_schedule_their_hours.visible(),
            can_schedule_team_hours: can_schedule_team_hours.visible(),
            workspace_role_id: workspace_role_id.visible().flatten(),
            rate_in_cents: rate_in_cents.visible().flatten(),
            cost_in_cents: cost_in_cents.visible().flatten(),
            tagged: tagged.visible().filter(|tagged| *tagged),
        }
    }

    /// The live value of one field.
    #[must_use]
    pub fn value(&self, field: Field) -> FieldValue {
        match field {
            Field::AccessLevel => self.access_level.into(),
            Field::TeamLead => self.team_lead.into(),
            Field::CanInvite => self.can_invite.into(),
            Field::CanScheduleTheirHours => self.can_schedule_their_hours.into(),
            Field::CanScheduleTeamHours => self.can_schedule_team_hours.into(),
            Field::WorkspaceRoleId => self.workspace_role_id.into(),
            Field::RateInCents => self.rate_in_cents.into(),
            Field::CostInCents => self.cost_in_cents.into(),
            Field::Tagged => self.tagged.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unmanaged_field_is_never_compared() {
        let live = LiveFields { can_invite: Seen::Visible(true), ..LiveFields::default() };
        assert_eq!(Fields::default().compare(&live), Comparison::default());
    }

    #[test]
    fn equal_different_and_unknown_are_three_things() {
        let wish = Fields {
            can_invite: Some(true),
            access_level: Some(AccessLevel::Admin),
            rate_in_cents: Some(5),
            ..Fields::default()
        };
        let live = LiveFields {
            can_invite: Seen::Visible(true),
            rate_in_cents: Seen::Visible(None),
            ..LiveFields::default()
        };
        let found = wish.compare(&live);
        assert_eq!(found.drift.len(), 1);
        assert_eq!(found.drift[0].to_string(), "rate_in_cents: unset → 5");
        assert_eq!(found.hidden.len(), 1);
        assert_eq!(found.hidden[0].field, Field::AccessLevel);
    }

    #[test]
    fn a_create_leaves_update_only_fields_to_an_update() {
        let wish = Fields {
            access_level: Some(AccessLevel::EditTasks),
            team_lead: Some(true),
            cost_in_cents: Some(0),
            ..Fields::default()
        };
        let (created, later) = wish.split_for_create();
        assert_eq!(created.team_lead, None);
        assert_eq!(created.access_level, Some(AccessLevel::EditTasks));
        let fields: Vec<Field> = later.iter().map(|drift| drift.field).collect();
        assert_eq!(fields, [Field::TeamLead, Field::CostInCents]);
        let demoted = Fields { team_lead: Some(false), ..Fields::default() };
        assert!(demoted.split_for_create().1.is_empty());
    }
}
