//! What the dates of a roster say on one day: whom it names and does not want on it, and who starts or
//! ends soon.
//!
//! Knows no row and no time zone: which day it is is said from outside.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{DesiredMembership, MembershipKey};

/// Why somebody whom a roster names is not desired on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNow {
    /// A stated end has passed.
    Ended {
        /// The last day.
        on: Date,
        /// When they are to come back, where the roster says so.
        again: Option<Date>,
    },
    /// They are to come, and were not to be there before.
    NotYet {
        /// The first day.
        starts_on: Date,
    },
}

/// A membership that a roster names, and does not want on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedMembership {
    /// What its row says.
    pub entry: DesiredMembership,
    /// Why that does not hold.
    pub why: NotNow,
}

/// The day that a roster was read for, and what is ahead of it. Only rosters with dates have it, and
/// those that were read for a day that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dates {
    /// The day.
    pub day: Date,
    /// Whether somebody asked for this day: it is a preview.
    pub previewed: bool,
    /// The last day that is looked ahead to.
    pub until: Date,
    /// Who starts, ends or changes by then, by (day, project, person).
    pub upcoming: Vec<Upcoming>,
}

/// Something that a roster says of a day that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Upcoming {
    /// The day.
    pub on: Date,
    /// Who and where.
    pub key: MembershipKey,
    /// What.
    pub turn: Turn,
    /// The roster's line.
    pub line: u64,
}

/// What happens to a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The day is the last one.
    Ends,
    /// The day is the first one.
    Starts,
    /// From this day on another row holds, with other values.
    Changes,
}
