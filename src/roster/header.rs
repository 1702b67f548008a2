//! The header: which column stands where, or everything that is wrong with it.
//!
//! Owns the names of PRODUCT.md §2, their aliases, and what is done about names that are not
//! among them. Knows nothing of rows.

use std::borrow::Cow;

use csv::ByteRecord;

use super::{
    column::Column,
    damage::{Damage, FileProblem, mapping_line},
    name::{NameColumn, PERSON_NAME},
    near::folded,
    problem::shown,
    settings::{Delimiter, ReaderSettings},
    source::{PARTIAL_MARKER, PATCH_MARKER},
    values::{Ours, Rewriting, Wanted, nearest_column},
};
/// Columns that the tool writes for people, and that mean nothing in a roster.
const UNREAD: [&str; 3] = ["reason", PROBLEM, PERSON_NAME];
/// The column in which a repaired roster says what is still wrong with a row.
pub(super) const PROBLEM: &str = "problem";

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

    const fn of(&self, ours: Ours) -> Option<usize> {
        match ours {
            Ours::Value(column) => self.columns[column.place()],
            Ours::Name(column) => self.names[column as usize],
        }
    }

    /// Whether the file says itself what a default would say.
    fn answer(&self, ours: Ours) -> bool {
        match ours {
            Ours::Value(column) => self.has(column),
            Ours::Name(column) if column.is_of_people() => self.has(Column::UserId),
            Ours::Name(_) => self.has(Column::WorkspaceId),
        }
    }

    fn put(&mut self, ours: Ours, at: usize) {
        match ours {
            Ours::Value(column) => self.columns[column.place()] = Some(at),
            Ours::Name(column) => self.names[column as usize] = Some(at),
        }
    }
}

/// A sound header.
#[derive(Debug, Clone)]
pub(super) struct Header {
    /// The cells as the file has them.
    pub cells: Vec<String>,
    places: Places,
    /// Where the columns stand that the file has and that mean something.
    pub read_places: Vec<usize>,
    pub rewriting: Rewriting,
    wanted: Wanted,
    /// Whether it stands in a sheet, whose cells have addresses.
    pub is_sheet: bool,
}

impl Header {
    /// The columns of ours that the file or a default has, each with its place.
    pub fn ours(&self) -> Vec<(Ours, usize)> {
        Ours::all().filter_map(|ours| Some((ours, self.places.of(ours)?))).collect()
    }

    /// Where a column stands; none when neither the file nor a default has it.
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
        let place = self.place(column).filter(|at| *at < self.cells.len());
        place.map_or_else(|| column.name().to_owned(), |at| self.label(at))
    }

    /// A record of the right length in our words, and with the defaults that are for this file.
    #[inline]
    pub fn in_our_words<'r>(&self, record: &'r ByteRecord) -> Cow<'r, ByteRecord> {
        self.rewriting.of(record)
    }

    /// Which records are rows that are there.
    pub const fn wanted(&self) -> &Wanted {
        &self.wanted
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
    let mut places = reader.assign(&cells, &meanings);
    let mut rewriting = Rewriting::default();
    for (ours, value) in settings.defaults.iter() {
        if !places.answer(ours) {
            places.put(ours, cells.len() + rewriting.defaults.len());
            rewriting.defaults.push(value.to_owned());
        }
    }
    rewriting.words = settings.values.at(|ours| places.of(ours).filter(|at| *at < cells.len()));
    reader.check_services(&cells, &places);
    reader.require(&places, &unknown(&cells, &meanings));
    let wanted = reader.wanted(&cells);
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let Places { columns, names } = &places;
    let read_places = columns.iter().chain(names).copied().flatten();
    let read_places = read_places.filter(|at| *at < cells.len()).collect();
    Ok(Header { cells, places, read_places, rewriting, wanted, is_sheet: false })
}

/// The names that mean nothing, not even nearly, and may be those of columns that are missing.
fn unknown<'c>(cells: &'c [String], meanings: &[Meaning]) -> Vec<&'c str> {
    let named = cells.iter().zip(meanings);
    named
        .filter(|(_, meaning)| **meaning == Meaning::Unknown)
        .map(|(name, _)| name.trim())
        .collect()
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
                let nearest = nearest_column(ours, self.settings.names);
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
        let folded_name = folded(name);
        let same = |other: &str| folded(other) == folded_name;
        let mapped = self.settings.columns.iter().find(|(_, foreign)| same(foreign));
        if let Some(meaning) = mapped.and_then(|(ours, _)| self.known(ours.trim())) {
            return meaning;
        }
        let ignored = self.settings.ignore_columns.iter().any(|other| same(other));
        let is_filter = self.settings.filter.iter().any(|(other, _)| same(other));
        match self.known(name) {
            _ if ignored || UNREAD.into_iter().any(same) => Meaning::Ignored,
            Some(meaning) => meaning,
            None if is_filter => Meaning::Ignored,
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
            Some(other) if cells.len() == 1 => Some(format!(
                "is `{other}` the delimiter? `--delimiter \"{other}\"` or `roster.delimiter` says so"
            )),
            _ => mapping_hint(cells),
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
                    let nearest = nearest_column(&cells[at], self.settings.names);
                    let header = cells[at].trim().to_owned();
                    self.report(Some(name), Damage::Unknown { header, nearest });
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
        places
    }

    fn require(&mut self, places: &Places, unknown: &[&str]) {
        for column in Column::REQUIRED.into_iter().filter(|column| !places.has(*column)) {
            let like = most_alike(column, unknown).map(str::to_owned);
            self.report(Some(column.name().to_owned()), Damage::Missing { like });
        }
    }

    /// Where the columns stand that say which rows are there.
    fn wanted(&mut self, cells: &[String]) -> Wanted {
        let mut wanted = Wanted { columns: Vec::new(), width: cells.len() };
        for (name, values) in self.settings.filter.iter() {
            let is_it = |cell: &&String| folded(cell) == folded(name);
            let mut places = cells.iter().enumerate().filter(|(_, cell)| is_it(cell));
            match (places.next(), places.next()) {
                (None, _) => self.report(Some(shown(name)), Damage::NoFilterColumn),
                (Some((first, _)), Some((at, _))) => {
                    let first = label(cells, first);
                    self.report(Some(label(cells, at)), Damage::Doubled { first });
                }
                (Some((at, _)), None) => wanted.columns.push((at, values.clone())),
            }
        }
        wanted
    }
}

/// Of these names the one that is most like the column's.
fn most_alike<'c>(column: Column, names: &[&'c str]) -> Option<&'c str> {
    let likeness = |name: &&&str| strsim::jaro_winkler(&folded(name), column.name());
    names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).copied()
}

/// How a header is mapped of which nothing is known; none where it looks like a row.
fn mapping_hint(cells: &[String]) -> Option<String> {
    let names: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
    let is_name = |name: &&str| name.starts_with(char::is_alphabetic);
    if names.len() < Column::REQUIRED.len() || !names.iter().all(is_name) {
        return None;
    }
    // Nobody can say which is which; most lists begin with these three in this order.
    let lines = Column::REQUIRED.into_iter().zip(names);
    let lines: Vec<String> = lines
        .map(|(column, header)| format!("`{}`", mapping_line(column.name(), header)))
        .collect();
    Some(format!(
        "if it is the header in other words, `roster.columns` maps it, such as {}",
        lines.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Field;

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
        let nearest = |name, names| nearest_column(name, names);
        assert_eq!(nearest("usr_id", false).as_deref(), Some("user_id"));
        assert_eq!(nearest("Access-Level", false).as_deref(), Some("access_level"));
        assert_eq!(nearest("Project ID", false).as_deref(), Some("project_id"));
        assert_eq!(nearest("favourite colour", true), None);
        assert_eq!(nearest("e-mail", true).as_deref(), Some("email"));
        assert_eq!(nearest("e-mail", false), None);
    }
}
