//! The managed fields of a membership and their three-valued comparison: equal, different, unknown.
//!
//! The fields themselves are the rows of one table, `field_table`: whatever is done field by field is
//! made of it, here and in the rooms that read values. A field is added as a row there.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{FieldValue, kind};

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

/// The table of fields: all that the tool knows of each, a row a field.
///
/// `field_table!(make)` hands the rows to the macro `make`. Here they become [`Field`], [`Fields`]
/// and [`LiveFields`]; the roster's reader makes its parser of them, the API's client its decoder.
///
/// | part | what it says |
/// |---|---|
/// | `Variant, name` | the field; its name in reports, rosters, plans and journals |
/// | `: kind` | what values it has: a module of `kind`, a function of that name wherever values are read |
/// | `column …` | whether rosters have it, see [`RosterColumn`] |
/// | `sent … as name` | which request carries it, see [`Sent`], and under which name (API.md §3.1) |
/// | `read from …` | the attributes of an answer that say it |
/// | `asked …` | what a request must name for them to be answered, see [`Asked`] (API.md §1.3) |
macro_rules! field_table {
    ($make:ident) => {
        $make! {
            /// What the person may see and do.
            AccessLevel, access_level: level, column Always, sent OnCreate as access_level,
                read from access_level permissions_label, asked OptionalFields;
            /// Whether the person leads their side.
            TeamLead, team_lead: flag, column Always, sent OnUpdate as team_lead,
                read from is_team_lead, asked Nothing;
            /// Whether the person may invite others.
            CanInvite, can_invite: flag, column Always, sent OnCreate as can_invite,
                read from can_invite, asked Nothing;
            /// Whether the person may schedule their own hours.
            CanScheduleTheirHours, can_schedule_their_hours: flag, column Always,
                sent OnCreate as can_schedule_their_hours,
                read from can_schedule_their_hours, asked OptionalFields;
            /// Whether the person may schedule the team's hours.
            CanScheduleTeamHours, can_schedule_team_hours: flag, column Always,
                sent OnCreate as can_schedule_team_hours,
                read from can_schedule_team_hours, asked OptionalFields;
            /// The account's role.
            WorkspaceRoleId, workspace_role_id: role_id, column WhereSet,
                sent OnUpdate as workspace_role_id,
                read from workspace_role_id, asked Include("workspace_role");
            /// Billing rate, in cents.
            RateInCents, rate_in_cents: cents, column WhereSet, sent OnUpdate as rate_in_cents,
                read from rate_in_cents, asked Nothing;
            /// Cost rate, in cents.
            CostInCents, cost_in_cents: cents, column WhereSet, sent OnUpdate as cost_in_cents,
                read from cost_in_cents, asked Nothing;
            /// Whether the record carries this tool's external reference (`ownership = "tagged"`):
            /// the policy and `adopt` ask for it, no roster does.
            Tagged, tagged: tag, column Never, sent OnCreate as external_reference,
                read from external_reference_ids, asked Include("external_references");
        }
    };
}
pub(crate) use field_table;

/// Whether rosters have a column for a field; it is named like the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RosterColumn {
    /// Every roster that the tool writes has it.
    Always,
    /// It is read; one is written only where a row has a value in it.
    WhereSet,
    /// There is none.
    Never,
}

/// Which requests carry a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// A create as well as an update.
    OnCreate,
    /// Only an update, which has to follow a create.
    OnUpdate,
}

/// What a request must name for a field to be in its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It always is.
    Nothing,
    /// Each of its attributes, in `optional_fields`.
    OptionalFields,
    /// This word, in `include`.
    Include(&'static str),
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
    /// The desired value.
    pub after: FieldValue,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} → {}", self.field, self.before, self.after)
    }
}

/// Makes the types of the table, and what has to be done field by field.
macro_rules! define_fields {
    ($(
        $(#[$doc:meta])*
        $variant:ident, $name:ident: $kind:ident, column $column:ident,
            sent $sent:ident as $written:ident,
            read from $($attribute:ident)+, asked $asked:ident $(($include:literal))?;
    )*) => {
        /// A field that is managed: by a column of the roster, or by the policy ([`Field::Tagged`]).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Field {
            $($(#[$doc])* $variant,)*
        }

        impl Field {
            /// All of them, in order.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$variant),*];

            /// The name that reports and rosters use.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($name),)* }
            }

            /// The name that requests use.
            #[must_use]
            pub const fn written_as(self) -> &'static str {
                match self { $(Self::$variant => stringify!($written),)* }
            }

            /// The attributes of an answer that say it.
            #[must_use]
            pub const fn read_from(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$(stringify!($attribute)),+],)* }
            }

            /// Whether rosters have a column for it.
            #[must_use]
            pub const fn column(self) -> RosterColumn {
                match self { $(Self::$variant => RosterColumn::$column,)* }
            }

            /// Which requests carry it.
            #[must_use]
            pub const fn sent(self) -> Sent {
                match self { $(Self::$variant => Sent::$sent,)* }
            }

            /// What has to be named for it to be answered.
            #[must_use]
            pub const fn asked(self) -> Asked {
                match self { $(Self::$variant => Asked::$asked $(($include))?,)* }
            }
        }

        /// What a roster row manages; `None` is unmanaged: never compared, never sent.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Fields {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<kind::$kind::Desired>,
            )*
        }

        /// The same fields as an answer shows them; one that an older journal lacks is hidden.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct LiveFields {
            $($(#[$doc])* pub $name: Seen<kind::$kind::Live>,)*
        }

        impl Fields {
            /// What is desired of one field; none where it is unmanaged.
            #[must_use]
            pub fn value(&self, field: Field) -> Option<FieldValue> {
                match field { $(Field::$variant => self.$name.map(Into::into),)* }
            }

            /// Desires a value of a field; whether that is possible. What is hidden, unset or a
            /// missing tag cannot be: no request takes a value away (API.md §3.1).
            #[must_use]
            pub fn set(&mut self, field: Field, value: FieldValue) -> bool {
                match field {
                    $(Field::$variant => put(&mut self.$name, kind::$kind::from_value(value)),)*
                }
            }

            /// Holds them against what is live, field by field, in the order of [`Field`].
            #[must_use]
            pub fn compare(&self, live: &LiveFields) -> Comparison {
                let mut found = Comparison::default();
                $(found.field(Field::$variant, self.$name, live.$name);)*
                found
            }

            /// Those that `keep` keeps; the others become unmanaged.
            fn only(&self, keep: impl Fn(Field) -> bool) -> Self {
                Self { $($name: self.$name.filter(|_| keep(Field::$variant)),)* }
            }
        }

        impl LiveFields {
            /// A record that was just made, as far as that is known.
            const NEW: Self = Self { $($name: kind::$kind::NEW,)* };

            /// The live value of one field.
            #[must_use]
            pub fn value(&self, field: Field) -> FieldValue {
                match field { $(Field::$variant => self.$name.into(),)* }
            }

            /// These values as desired ones, for a record that is to become so again; what no
            /// request can ask for is left out.
            #[must_use]
            pub fn as_desired(&self) -> Fields {
                Fields { $($name: self.$name.visible().and_then(kind::$kind::desired),)* }
            }
        }
    };
}
field_table!(define_fields);

fn put<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let is_possible = value.is_some();
    if is_possible {
        *slot = value;
    }
    is_possible
}

/// The result of comparing what is desired with what is live; both empty means in sync.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Fields that are known to differ.
    pub drift: Vec<Drift>,
    /// Managed fields whose live value the token cannot see: held, never sent.
    pub hidden: Vec<Drift>,
}

impl Comparison {
    fn field<T, L>(&mut self, field: Field, desired: Option<T>, live: Seen<L>)
    where
        T: Into<FieldValue>,
        L: Into<FieldValue>,
    {
        let Some(desired) = desired else { return };
        let drift = Drift { field, before: live.into(), after: desired.into() };
        if drift.before == FieldValue::Hidden {
            self.hidden.push(drift);
        } else if drift.before != drift.after {
            self.drift.push(drift);
        }
    }
}

impl Fields {
    /// What is managed, with the value desired.
    #[must_use]
    pub fn managed(&self) -> Vec<(Field, FieldValue)> {
        let managed = |field| Some((field, self.value(field)?));
        Field::ALL.into_iter().filter_map(managed).collect()
    }

    /// Splits them into what a create carries and what only an update may (API.md §3.1). What a new
    /// record has by itself, such as that it leads nothing, needs neither.
    #[must_use]
    pub fn split_for_create(&self) -> (Self, Vec<Drift>) {
        let created = self.only(|field| field.sent() == Sent::OnCreate);
        let later = self.only(|field| field.sent() == Sent::OnUpdate);
        let Comparison { mut drift, hidden } = later.compare(&LiveFields::NEW);
        drift.extend(hidden);
        (created, drift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccessLevel;

    #[test]
    fn plans_and_journals_keep_their_form() {
        let mut fields = Fields::default();
        for (field, value) in [
            (Field::Tagged, FieldValue::Flag(true)),
            (Field::CostInCents, FieldValue::Number(3)),
            (Field::RateInCents, FieldValue::Number(-2)),
            (Field::WorkspaceRoleId, FieldValue::Number(7)),
            (Field::CanScheduleTeamHours, FieldValue::Flag(false)),
            (Field::CanScheduleTheirHours, FieldValue::Flag(true)),
            (Field::CanInvite, FieldValue::Flag(false)),
            (Field::TeamLead, FieldValue::Flag(true)),
            (Field::AccessLevel, FieldValue::Access(AccessLevel::Admin)),
        ] {
            assert!(fields.set(field, value), "{field}");
            assert_eq!(serde_json::json!(field), field.name());
        }
        let shown = LiveFields { rate_in_cents: Seen::Visible(None), ..LiveFields::default() };
        let fields = serde_json::to_string(&fields).expect("plain values");
        insta::assert_snapshot!(fields, @r#"{"access_level":"admin","team_lead":true,"can_invite":false,"can_schedule_their_hours":true,"can_schedule_team_hours":false,"workspace_role_id":7,"rate_in_cents":-2,"cost_in_cents":3,"tagged":true}"#);
        let shown = serde_json::to_string(&shown).expect("plain values");
        insta::assert_snapshot!(shown, @r#"{"access_level":"hidden","team_lead":"hidden","can_invite":"hidden","can_schedule_their_hours":"hidden","can_schedule_team_hours":"hidden","workspace_role_id":"hidden","rate_in_cents":{"visible":null},"cost_in_cents":"hidden","tagged":"hidden"}"#);
        let older: LiveFields = serde_json::from_str("{}").expect("a journal without any field");
        assert_eq!(older, LiveFields::default());
    }

    #[test]
    fn what_no_request_can_ask_for_is_not_set() {
        let mut fields = Fields::default();
        for (field, value) in [
            (Field::Tagged, FieldValue::Flag(false)),
            (Field::RateInCents, FieldValue::Unset),
            (Field::CanInvite, FieldValue::Hidden),
            (Field::WorkspaceRoleId, FieldValue::Number(0)),
            (Field::WorkspaceRoleId, FieldValue::Number(-1)),
            (Field::AccessLevel, FieldValue::Flag(true)),
        ] {
            assert!(!fields.set(field, value), "{field} {value}");
        }
        assert_eq!(fields, Fields::default());
    }

    #[test]
    fn an_unmanaged_field_is_never_compared() {
        let live = LiveFields { can_invite: Seen::Visible(true), ..LiveFields::default() };
        assert_eq!(Fields::default().compare(&live), Comparison::default());
    }

    #[test]
    fn equal_different_and_unknown_are_three_things() {
        let desired = Fields {
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
        let found = desired.compare(&live);
        assert_eq!(found.drift.len(), 1);
        assert_eq!(found.drift[0].to_string(), "rate_in_cents: unset → 5");
        assert_eq!(found.hidden.len(), 1);
        assert_eq!(found.hidden[0].field, Field::AccessLevel);
    }

    #[test]
    fn a_create_leaves_update_only_fields_to_an_update() {
        let desired = Fields {
            access_level: Some(AccessLevel::EditTasks),
            team_lead: Some(true),
            cost_in_cents: Some(0),
            ..Fields::default()
        };
        let (created, later) = desired.split_for_create();
        assert_eq!(created.team_lead, None);
        assert_eq!(created.access_level, Some(AccessLevel::EditTasks));
        let fields: Vec<Field> = later.iter().map(|drift| drift.field).collect();
        assert_eq!(fields, [Field::TeamLead, Field::CostInCents]);
        let demoted = Fields { team_lead: Some(false), ..Fields::default() };
        assert!(demoted.split_for_create().1.is_empty());
    }
}
