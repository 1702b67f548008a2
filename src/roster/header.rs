//! The header: which column stands where, or everything that is wrong with it.
//!
//! Owns the names of PRODUCT.md §2, their aliases, and what is done about names that are not
//! among them. Knows nothing of rows.

use std::fmt;

use super::{
    damage::{Damage, FileProblem},
    name::{NameColumn, PERSON_NAME},
    problem::shown,
    settings::{Delimiter, ReaderSettings},
    source::{PARTIAL_MARKER, PATCH_MARKER},
};
use crate::model::{Field, RosterColumn};

/// From this likeness on (Jaro-Winkler, 0 to 1) a name is worth hinting at.
const NEAR: f64 = 0.8;

/// Columns that the tool writes for people, and that mean nothing in a roster.
const UNREAD: [&str; 2] = ["reason", PERSON_NAME];

/// A column that the reader understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Whose project.
    WorkspaceId,
    /// Who.
    UserId,
    /// On which side.
    Role,
    /// A managed field.
    Field(Field),
    /// The first day on which the row holds; no part of a membership.
    StartsOn,
    /// The last one.
    EndsOn,
}

impl Column {
    /// The columns that every roster must have.
    const REQUIRED: [Self; 3] = [Self::WorkspaceId, Self::UserId, Self::Role];
    /// Say from when to when a row holds.
    const DATES: [Self; 2] = [Self::StartsOn, Self::EndsOn];
    /// More than the highest place of a column.
    const PLACES: usize = Self::REQUIRED.len() + Field::ALL.len() + Self::DATES.len();

    /// All columns, in the order in which rosters are written.
    pub fn all() -> impl Iterator<Item = Self> {
        let fields = Field::ALL.into_iter();
        let of_rosters = fields.filter(|field| field.column() != RosterColumn::Never);
        Self::REQUIRED.into_iter().chain(of_rosters.map(Self::Field)).chain(Self::DATES)
    }

    /// The name that the tool itself writes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WorkspaceId => "workspace_id",
            Self::UserId => "user_id",
            Self::Role => "role",
            Self::Field(field) => field.name(),
            Self::StartsOn => "starts_on",
            Self::EndsOn => "ends_on",
        }
    }

    /// Whether a roster has it that the tool writes, even where no row has a value in it.
    #[must_use]
    pub fn is_always_written(self) -> bool {
        match self {
            Self::WorkspaceId | Self::UserId | Self::Role => true,
            Self::Field(field) => field.column() == RosterColumn::Always,
            Self::StartsOn | Self::EndsOn => false,
        }
    }

    #[inline]
    const fn place(self) -> usize {
        match self {
            Self::WorkspaceId => 0,
            Self::UserId => 1,
            Self::Role => 2,
            Self::Field(field) => Self::REQUIRED.len() + field as usize,
            Self::StartsOn => Self::REQUIRED.len() + Field::ALL.len(),
            Self::EndsOn => Self::REQUIRED.len() + Field::ALL.len() + 1,
        }
    }

    fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("project_id") {
            return Some(Self::WorkspaceId);
        }
        Self::all().find(|column| column.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the columns stand.
#[derive(Debug, Clone, Default)]
struct Places {
    /// By their [`Column::place`].
    columns: [Option<usize>; Column::PLACES],
    /// Those of names, by the place in [`NameColumn::ALL`].
    names: [Option<usize>; NameColumn::ALL.len()],
}

impl Places {
    /// Whether who or where, or whatever this column says, stands anywhere.
    fn has(&self, column: Column) -> bool {
        let names = |of_people: bool| {
            let of = |column: &NameColumn| column.is_of_people() == of_people;
            NameColumn::ALL.into_iter().filter(of).any(|one| self.names[one as usize].is_some())
        };
        self.columns[column.place()].is_some()
            || match column {
                Column::WorkspaceId => names(false),
                Column::UserId => names(true),
                Column::Role | Column::Field(_) | Column::StartsOn | Column::EndsOn => false,
            }
    }
}

/// A sound header.
#[derive(Debug, Clone)]
pub(super) struct Header {
    /// The cells as the file has them.
    pub cells: Vec<String>,
    places: Places,
}

impl Header {
    /// Where a column stands; none when the file does not have it.
    #[inline]
    pub fn place(&self, column: Column) -> Option<usize> {
        self.places.columns[column.place()]
    }

    /// Where a column of names stands; none when the file does not have it.
    pub fn place_of_names(&self, column: NameColumn) -> Option<usize> {
        self.places.names[column as usize]
    }

    /// Whether rows may have names that have to be looked up.
    pub fn has_names(&self) -> bool {
        self.places.names.iter().any(Option::is_some)
    }

    /// Whether rows may say from when to when they hold.
    pub fn has_dates(&self) -> bool {
        Column::DATES.into_iter().any(|column| self.place(column).is_some())
    }

    /// The column's name as the file writes it, for people.
    pub fn name(&self, column: Column) -> String {
        self.place(column).map_or_else(|| column.name().to_owned(), |at| self.label(at))
    }

    /// The name of the column that stands here, for people.
    pub fn label(&self, at: usize) -> String {
        label(&self.cells, at)
    }
}

/// A cell's column for people: by name, or by number where it has none.
pub(super) fn label(cells: &[String], at: usize) -> String {
    match cells.get(at).map(|name| name.trim()) {
        None | Some("") => format!("column {}", at + 1),
        Some(name) => shown(name),
    }
}

/// Assigns a column to each name of the header that stands on this line.
pub(super) fn read_header(
    cells: Vec<String>,
    line: u64,
    settings: &ReaderSettings,
) -> Result<Header, Vec<FileProblem>> {
    let mut reader = HeaderReader { line, settings, problems: Vec::new() };
    reader.check_mappings();
    let meanings: Vec<Meaning> = cells.iter().map(|cell| reader.meaning(cell.trim())).collect();
    if meanings.iter().all(|meaning| matches!(meaning, Meaning::Unknown | Meaning::Unnamed)) {
        reader.no_header(&cells);
        return Err(reader.problems);
    }
    let places = reader.assign(&cells, &meanings);
    if reader.problems.is_empty() { Ok(Header { cells, places }) } else { Err(reader.problems) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Known(Column),
    Names(NameColumn),
    Ignored,
    Email,
    Unnamed,
    Unknown,
}

struct HeaderReader<'a> {
    line: u64,
    settings: &'a ReaderSettings,
    problems: Vec<FileProblem>,
}

impl HeaderReader<'_> {
    fn report(&mut self, column: Option<String>, damage: Damage) {
        self.problems.push(FileProblem { line: self.line, column, damage });
    }

    fn check_mappings(&mut self) {
        for ours in self.settings.columns.keys() {
            if self.known(ours.trim()).is_none() {
                let nearest = nearest(ours);
                self.report(Some(shown(ours)), Damage::UnknownMapping { nearest });
            }
        }
    }

    fn known(&self, name: &str) -> Option<Meaning> {
        let names = || NameColumn::named(name).filter(|_| self.settings.names);
        Column::named(name).map(Meaning::Known).or_else(|| names().map(Meaning::Names))
    }

    /// What the settings say of a name goes before what it means by itself.
    fn meaning(&self, name: &str) -> Meaning {
        let same = |other: &str| other.trim().to_lowercase() == name.to_lowercase();
        let mapped = self.settings.columns.iter().find(|(_, foreign)| same(foreign));
        if let Some(meaning) = mapped.and_then(|(ours, _)| self.known(ours.trim())) {
            return meaning;
        }
        let ignored = self.settings.ignore_columns.iter().any(|other| same(other));
        match self.known(name) {
            _ if ignored || UNREAD.into_iter().any(same) => Meaning::Ignored,
            Some(meaning) => meaning,
            None if same("email") => Meaning::Email,
            None if name.is_empty() => Meaning::Unnamed,
            None => Meaning::Unknown,
        }
    }

    /// Keys of another system mean nothing until somebody says of which.
    fn check_services(&mut self, cells: &[String], places: &Places) {
        let ReaderSettings { person_service, project_service, .. } = self.settings;
        for column in NameColumn::ALL {
            let service = if column.is_of_people() { person_service } else { project_service };
            if let (Some(at), Some(key), None) =
                (places.names[column as usize], column.service_key(), service)
            {
                self.report(Some(label(cells, at)), Damage::NoService { key: key.to_owned() });
            }
        }
    }

    fn no_header(&mut self, cells: &[String]) {
        let delimiter = char::from(self.settings.delimiter.byte());
        let found = cells.join(&delimiter.to_string());
        let other = Delimiter::ALL.into_iter().find(|other| {
            *other != self.settings.delimiter && found.contains(char::from(other.byte()))
        });
        let hint = match other {
            _ if found.starts_with('#') => Some(format!(
                "the only comment line that a roster may have is `{PARTIAL_MARKER}` or `{PATCH_MARKER}`, as its first"
            )),
            Some(other) if cells.len() == 1 => {
                Some(format!("is `{other}` the delimiter? `roster.delimiter` says so"))
            }
            _ => None,
        };
        self.report(None, Damage::NoHeader { found: shown(&found), hint });
    }

    fn assign(&mut self, cells: &[String], meanings: &[Meaning]) -> Places {
        let mut places = Places::default();
        for (at, meaning) in meanings.iter().enumerate() {
            let name = label(cells, at);
            let place = match *meaning {
                Meaning::Ignored => continue,
                Meaning::Email => {
                    self.report(Some(name), Damage::Email);
                    continue;
                }
                Meaning::Unnamed => {
                    self.report(None, Damage::Unnamed { position: at + 1 });
                    continue;
                }
                Meaning::Unknown => {
                    let nearest = nearest(cells[at].trim());
                    self.report(Some(name), Damage::Unknown { nearest });
                    continue;
                }
                Meaning::Known(column) => &mut places.columns[column.place()],
                Meaning::Names(column) => &mut places.names[column as usize],
            };
            match *place {
                Some(first) => {
                    self.report(Some(name), Damage::Doubled { first: label(cells, first) });
                }
                None => *place = Some(at),
            }
        }
        self.check_services(cells, &places);
        for column in Column::REQUIRED {
            if !places.has(column) {
                self.report(Some(column.name().to_owned()), Damage::Missing);
            }
        }
        places
    }
}

fn nearest(name: &str) -> Option<String> {
    let name = name.to_lowercase().replace([' ', '-'], "_");
    let known = Column::all().map(Column::name).chain(["project_id"]);
    let likeness = |known: &&str| strsim::jaro_winkler(known, &name);
    let best = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) >= NEAR).then(|| best.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &[&str], settings: &ReaderSettings) -> Result<Header, Vec<String>> {
        let cells = names.iter().map(|name| (*name).to_owned()).collect();
        let found = read_header(cells, 1, settings);
        found.map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn columns_are_found_in_any_order_and_case() {
        let names = [" ROLE", "User_ID ", "reason", "Project_Id", "cost_in_cents"];
        let header = read(&names, &ReaderSettings::default()).expect("sound");
        assert_eq!(header.place(Column::Role), Some(0));
        assert_eq!(header.place(Column::UserId), Some(1));
        assert_eq!(header.place(Column::WorkspaceId), Some(3));
        assert_eq!(header.place(Column::Field(Field::AccessLevel)), None);
        assert_eq!(header.name(Column::WorkspaceId), "Project_Id");
    }

    #[test]
    fn every_column_has_a_place_of_its_own_and_a_field_of_the_policy_has_no_column() {
        let places: std::collections::BTreeSet<usize> = Column::all().map(Column::place).collect();
        assert_eq!(places.len(), Column::all().count());
        assert!(places.last() < Some(&Column::PLACES), "{places:?}");
        assert_eq!(Column::named("tagged"), None);
    }

    #[test]
    fn settings_map_and_ignore_columns() {
        let settings = ReaderSettings {
            ignore_columns: vec!["Name".to_owned(), "email".to_owned(), "Rate_In_Cents".to_owned()],
            columns: [("user_id".to_owned(), "Kantata ID".to_owned())].into(),
            ..ReaderSettings::default()
        };
        let names = ["workspace_id", "kantata id", "role", "name", "Email", "rate_in_cents"];
        let header = read(&names, &settings).expect("sound");
        assert_eq!(header.place(Column::UserId), Some(1));
        assert_eq!(header.place(Column::Field(Field::RateInCents)), None);
        let doubled = ["workspace_id", "kantata id", "role", "user_id"];
        let problems = read(&doubled, &settings).expect_err("user_id twice");
        assert_eq!(problems, ["1: user_id: this column is there twice, first as `kantata id`"]);
    }

    #[test]
    fn a_mapping_of_no_column_is_told() {
        let settings = ReaderSettings {
            columns: [("user".to_owned(), "Kantata ID".to_owned())].into(),
            ..ReaderSettings::default()
        };
        let problems = read(&["workspace_id", "user_id", "role"], &settings).expect_err("mapping");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("did you mean `user_id`?"), "{problems:?}");
    }

    #[test]
    fn a_name_that_is_far_from_all_gets_no_hint() {
        assert_eq!(nearest("usr_id").as_deref(), Some("user_id"));
        assert_eq!(nearest("Access-Level").as_deref(), Some("access_level"));
        assert_eq!(nearest("Project ID").as_deref(), Some("project_id"));
        assert_eq!(nearest("favourite colour"), None);
    }
}
