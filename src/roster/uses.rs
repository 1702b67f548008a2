//! What becomes of each column of a file, and of those that it lacks: managed, ignored, mapped by the
//! configuration, or the same in all rows by a default.
//!
//! Made of the header alone, for people to see before they send a file. Knows no rows.

use serde::Serialize;
use strum::IntoStaticStr;

use super::{
    column::Column,
    header::{Header, label},
    near::folded,
    values::Ours,
};

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ColumnPurpose {
    /// It says who, or on which project.
    Names,
    /// The tool keeps it as the list says.
    Managed,
    /// It says from when to when.
    Dates,
    /// `roster.where` chooses rows by it.
    Chooses,
    /// Nobody reads it.
    Ignored,
}

impl ColumnPurpose {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Names, Self::Managed, Self::Dates, Self::Chooses, Self::Ignored];
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnUse {
    /// What it is for.
    pub purpose: ColumnPurpose,
    /// Our name for it, where it has one.
    pub column: Option<&'static str>,
    /// The file's name for it, for people; none where the file does not have it.
    pub header: Option<String>,
    /// Whether `roster.columns` says what it is.
    pub mapped: bool,
    /// Whether `roster.values` says what words in it mean.
    pub words: bool,
    /// What `roster.defaults` says of it in all rows.
    pub default: Option<String>,
}

impl Header {
    /// What becomes of each column, in the order of the file, and then of those that it lacks.
    pub fn uses(&self) -> Vec<ColumnUse> {
        let ours = self.ours();
        let at = |at: usize| ours.iter().find(|(_, place)| *place == at).map(|(ours, _)| *ours);
        let of_file = (0..self.cells.len()).map(|place| self.of_place(place, at(place)));
        let lacked = self.rewriting.defaults.iter().enumerate().map(|(behind, value)| {
            let ours = at(self.cells.len() + behind);
            ColumnUse {
                purpose: ours.map_or(ColumnPurpose::Ignored, purpose),
                column: ours.map(Ours::name),
                header: None,
                mapped: false,
                words: false,
                default: Some(value.clone()),
            }
        });
        of_file.chain(lacked).collect()
    }

    fn of_place(&self, place: usize, ours: Option<Ours>) -> ColumnUse {
        let chooses = self.wanted().columns.iter().any(|(at, _)| *at == place);
        let unread = if chooses { ColumnPurpose::Chooses } else { ColumnPurpose::Ignored };
        let by_itself = |ours: Ours| Ours::named(&folded(&self.cells[place])) == Some(ours);
        ColumnUse {
            purpose: ours.map_or(unread, purpose),
            column: ours.map(Ours::name),
            header: Some(label(&self.cells, place)),
            mapped: ours.is_some_and(|ours| !by_itself(ours)),
            words: self.rewriting.words.iter().any(|(at, _)| *at == place),
            default: None,
        }
    }
}

const fn purpose(ours: Ours) -> ColumnPurpose {
    match ours {
        Ours::Name(_) | Ours::Value(Column::WorkspaceId | Column::UserId) => ColumnPurpose::Names,
        Ours::Value(Column::Role | Column::Field(_)) => ColumnPurpose::Managed,
        Ours::Value(Column::StartsOn | Column::EndsOn) => ColumnPurpose::Dates,
    }
}
