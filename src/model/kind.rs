//! The kinds of values that fields have: what a roster can ask for, what an answer can show, and the
//! way between them and [`FieldValue`].
//!
//! Each kind is a module with the same five names; the table of fields names it. Knows no field.

use super::{AccessLevel, FieldValue, RoleId, Seen};

/// A level of access; which one a new record has is the account's business.
pub(super) mod level {
    use super::{AccessLevel, FieldValue, Seen};

    pub type Desired = AccessLevel;
    pub type Live = AccessLevel;
    pub const NEW: Seen<Live> = Seen::Hidden;

    pub const fn desired(live: Live) -> Option<Desired> {
        Some(live)
    }

    pub const fn from_value(value: FieldValue) -> Option<Desired> {
        if let FieldValue::Access(level) = value { Some(level) } else { None }
    }
}

/// A yes or no; a new record has a no.
pub(super) mod flag {
    use super::{FieldValue, Seen};

    pub type Desired = bool;
    pub type Live = bool;
    pub const NEW: Seen<Live> = Seen::Visible(false);

    pub const fn desired(live: Live) -> Option<Desired> {
        Some(live)
    }

    pub const fn from_value(value: FieldValue) -> Option<Desired> {
        if let FieldValue::Flag(flag) = value { Some(flag) } else { None }
    }
}

/// An amount of cents; nothing unsets it.
pub(super) mod cents {
    use super::{FieldValue, Seen};

    pub type Desired = i64;
    pub type Live = Option<i64>;
    pub const NEW: Seen<Live> = Seen::Visible(None);

    pub const fn desired(live: Live) -> Option<Desired> {
        live
    }

    pub const fn from_value(value: FieldValue) -> Option<Desired> {
        if let FieldValue::Number(cents) = value { Some(cents) } else { None }
    }
}

/// The id of a role; nothing unsets it.
pub(super) mod role_id {
    use super::{FieldValue, RoleId, Seen};

    pub type Desired = RoleId;
    pub type Live = Option<RoleId>;
    pub const NEW: Seen<Live> = Seen::Visible(None);

    pub const fn desired(live: Live) -> Option<Desired> {
        live
    }

    pub fn from_value(value: FieldValue) -> Option<Desired> {
        let FieldValue::Number(number) = value else { return None };
        u64::try_from(number).ok().and_then(RoleId::new)
    }
}

/// This tool's mark: it is there or not, and can only be put there.
pub(super) mod tag {
    use super::{FieldValue, Seen};

    pub type Desired = bool;
    pub type Live = bool;
    pub const NEW: Seen<Live> = Seen::Visible(false);

    pub const fn desired(live: Live) -> Option<Desired> {
        if live { Some(true) } else { None }
    }

    pub const fn from_value(value: FieldValue) -> Option<Desired> {
        if let FieldValue::Flag(tagged) = value { desired(tagged) } else { None }
    }
}
