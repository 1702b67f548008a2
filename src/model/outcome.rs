//! What became of an action: every row and every action ends with exactly one of these.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The fate of an action, the mildest first; a roster row's outcome is the worst of its actions'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Seen in the server's answer, or on reading back.
    Applied,
    /// Policy or knowledge forbids it; listed, not sent.
    Held,
    /// A problem nearby forbids it in this run.
    Frozen,
    /// The guard keeps it back.
    Withheld,
    /// The run ended before it, or an action that it depends on did not happen.
    NotReached,
    /// Somebody else changed the record since the plan; left as it is.
    Stale,
    /// Answered 2xx, and the value is unchanged.
    NotStuck,
    /// The server refused.
    Rejected,
    /// Tries used up, and known not to be there.
    Failed,
    /// Nobody knows whether it happened.
    InDoubt,
    /// A replacement whose delete happened and whose create did not.
    Lost,
}

impl Outcome {
    /// Whether it was done and the record is there, as desired in all or in part.
    #[must_use]
    pub const fn is_there(self) -> bool {
        matches!(self, Self::Applied | Self::NotStuck)
    }

    /// The words for people and for CSV cells.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Held => "held",
            Self::Frozen => "frozen",
            Self::Withheld => "withheld",
            Self::NotReached => "not reached",
            Self::Stale => "stale",
            Self::NotStuck => "not stuck",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::InDoubt => "in doubt",
            Self::Lost => "lost",
        }
    }

    /// Whether nothing was tried: policy, a problem nearby or the guard forbade it.
    #[must_use]
    pub const fn is_left_alone(self) -> bool {
        matches!(self, Self::Held | Self::Frozen | Self::Withheld)
    }

    /// Whether it makes the run partly applied (exit 5).
    #[must_use]
    pub const fn is_partial(self) -> bool {
        !matches!(self, Self::Applied | Self::Held | Self::Withheld)
    }

    /// Whether the roster row belongs in `rejected.csv`, to be corrected and fed back.
    #[must_use]
    pub const fn is_fed_back(self) -> bool {
        matches!(self, Self::Rejected | Self::Failed | Self::InDoubt | Self::Lost)
    }

    /// Whether a create, an update or a replacement that ended so freezes its project's deletes.
    #[must_use]
    pub const fn freezes(self) -> bool {
        matches!(
            self,
            Self::Rejected | Self::Failed | Self::InDoubt | Self::NotReached | Self::Lost
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
