//! The table of what a participation has besides its place, side, level and links: a row a field.
//!
//! A row says under which names a field is seeded, read and written, who is shown it, and which
//! requests may write it (API.md §3). The rules that concern one field alone are in `write.rs`.

use serde_json::Value;

use super::state::Participation;

/// One field.
#[derive(Debug)]
pub(super) struct FieldRow {
    /// Its name in bodies of requests and in seeds.
    pub name: &'static str,
    /// Its name in answers.
    pub read: &'static str,
    pub shown: Shown,
    /// Whether a POST takes it; a PUT takes all.
    pub on_create: bool,
    pub slot: Slot,
}

/// Who is shown a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Always,
    /// Whoever has financial access; nobody else can write it either.
    Financial,
    /// Whoever names it in `optional_fields`.
    Optional,
    /// Whoever names this in `include`.
    Included(&'static str),
}

/// Where a participation has it, by the type of its values.
#[derive(Debug)]
pub(super) enum Slot {
    Flag(fn(&Participation) -> bool, fn(&mut Participation, bool)),
    Cents(fn(&Participation) -> Option<i64>, fn(&mut Participation, i64)),
    Id(fn(&Participation) -> Option<u64>, fn(&mut Participation, u64)),
}

macro_rules! row {
    ($name:ident, $kind:ident $place:ident, $shown:expr, $on_create:literal) => {
        FieldRow {
            name: stringify!($name),
            read: stringify!($place),
            shown: $shown,
            on_create: $on_create,
            slot: Slot::$kind(|one| one.$place, |one, value| one.$place = value.into()),
        }
    };
}

/// All of them, in the order of answers.
#[rustfmt::skip]
pub(super) static FIELDS: [FieldRow; 7] = [
    // name, type and place, shown, on create
    row!(team_lead, Flag is_team_lead, Shown::Always, false),
    row!(can_invite, Flag can_invite, Shown::Always, true),
    row!(rate_in_cents, Cents rate_in_cents, Shown::Financial, false),
    row!(cost_in_cents, Cents cost_in_cents, Shown::Financial, false),
    row!(can_schedule_their_hours, Flag can_schedule_their_hours, Shown::Optional, true),
    row!(can_schedule_team_hours, Flag can_schedule_team_hours, Shown::Optional, true),
    row!(workspace_role_id, Id workspace_role_id, Shown::Included("workspace_role"), false),
];

/// A value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Flag(bool),
    Cents(i64),
    Id(u64),
}

impl FieldRow {
    /// As an answer has it: ids are strings.
    pub(super) fn shown_value(&self, one: &Participation) -> Value {
        match self.slot {
            Slot::Flag(get, _) => get(one).into(),
            Slot::Cents(get, _) => get(one).into(),
            Slot::Id(get, _) => get(one).map(|id| id.to_string()).into(),
        }
    }

    pub(super) fn set(&self, one: &mut Participation, value: Held) {
        match (&self.slot, value) {
            (Slot::Flag(_, set), Held::Flag(flag)) => set(one, flag),
            (Slot::Cents(_, set), Held::Cents(cents)) => set(one, cents),
            (Slot::Id(_, set), Held::Id(id)) => set(one, id),
            (Slot::Flag(..) | Slot::Cents(..) | Slot::Id(..), _) => {}
        }
    }

    /// Whether it may have no value, which answers say with null.
    pub(super) const fn may_be_unset(&self) -> bool {
        match self.slot {
            Slot::Flag(..) => false,
            Slot::Cents(..) | Slot::Id(..) => true,
        }
    }
}
