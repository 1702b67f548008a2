//! Rows of a roster from values to a file: what an export and a backup write, and original rows that
//! go back to a person with a reason.
//!
//! Owns which columns are written and how. Makes no cell harmless: what is fed back has to stay as
//! it was. Knows no file and no reason.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::civil::Date;

use super::{
    column::Column,
    name::{NameColumn, PERSON_NAME},
    near::folded,
    source::{PARTIAL_MARKER, PATCH_MARKER},
    values::Where,
};
use crate::model::{Field, Fields, MembershipKey, Role, UserId, WorkspaceId};

/// One row of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterRow {
    /// Who and where.
    pub key: MembershipKey,
    /// The side.
    pub role: Role,
    /// What is visible and set.
    pub fields: Fields,
    /// From when to when; what is live holds today, and nobody knows for how long.
    pub dates: RowDates,
}

/// From when to when a row holds, where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowDates {
    /// The first day.
    pub starts_on: Option<Date>,
    /// The last one.
    pub ends_on: Option<Date>,
}

/// What the account calls projects and people: cells beside their ids, empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Called {
    /// Titles, of which each means the project.
    pub projects: BTreeMap<WorkspaceId, String>,
    /// Names, for people to read.
    pub people: BTreeMap<UserId, String>,
    /// Addresses, of which each means the person.
    pub addresses: BTreeMap<UserId, String>,
}

/// How a roster is written where that is configured.
#[derive(Debug, Clone, Copy)]
pub struct RosterForm<'a> {
    /// `,`, `;` or tab.
    pub delimiter: u8,
    /// Our column names to theirs.
    pub names: &'a BTreeMap<String, String>,
    /// What stands beside the ids, where that is wanted.
    pub called: Option<&'a Called>,
    /// By which columns rows are chosen when it is read: a roster that the tool writes has them, each
    /// with a value that is taken.
    pub filter: &'a Where,
}

/// A column of a roster that is written.
#[derive(Debug, Clone, Copy)]
enum WrittenColumn<'a> {
    /// One that every roster may have.
    Of(Column),
    /// One beside the ids, by its name.
    Beside(&'static str, &'a Called),
}

impl WrittenColumn<'_> {
    const fn is_numeric(self) -> bool {
        matches!(
            self,
            Self::Of(
                Column::WorkspaceId
                    | Column::UserId
                    | Column::Field(
                        Field::WorkspaceRoleId | Field::RateInCents | Field::CostInCents
                    )
            )
        )
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Of(column) => column.name(),
            Self::Beside(name, _) => name,
        }
    }

    fn cell(self, row: &RosterRow) -> String {
        let (name, Called { projects, people, addresses }) = match self {
            Self::Of(column) => return cell(row, column),
            Self::Beside(name, called) => (name, called),
        };
        let MembershipKey { workspace, user } = row.key;
        let found = match name {
            PERSON_NAME => people.get(&user),
            _ if name == NameColumn::Email.name() => addresses.get(&user),
            _ => projects.get(&workspace),
        };
        found.cloned().unwrap_or_default()
    }
}

/// Values as the cells of a file.
#[derive(Debug)]
pub(super) struct Written {
    pub header: Vec<String>,
    /// As many cells each as the header has.
    pub rows: Vec<Vec<String>>,
    /// Which columns are numbers, as far as they are filled.
    pub numeric: Vec<bool>,
}

impl Written {
    pub fn new(
        rows: &[RosterRow],
        names: &BTreeMap<String, String>,
        called: Option<&Called>,
    ) -> Self {
        let columns = columns(rows, names, called);
        let cells = |row| columns.iter().map(|(_, column)| column.cell(row)).collect();
        let rows = rows.iter().map(cells).collect();
        let numeric = columns.iter().map(|(_, column)| column.is_numeric()).collect();
        Self { header: columns.into_iter().map(|(name, _)| name).collect(), rows, numeric }
    }
}

impl Written {
    /// The cells of a roster that is read under the settings that it is written under.
    pub fn of(rows: &[RosterRow], form: RosterForm<'_>) -> Self {
        let mut written = Self::new(rows, form.names, form.called);
        for (name, values) in form.filter.iter() {
            let is_there = written.header.iter().any(|other| folded(other) == folded(name));
            let Some(value) = values.first().filter(|_| !is_there) else { continue };
            written.header.push(name.to_owned());
            written.numeric.push(false);
            written.rows.iter_mut().for_each(|cells| cells.push(value.clone()));
        }
        written
    }
}

/// The columns, each under the name that the file has for it.
fn columns<'a>(
    rows: &[RosterRow],
    names: &BTreeMap<String, String>,
    called: Option<&'a Called>,
) -> Vec<(String, WrittenColumn<'a>)> {
    let has_value = |column| rows.iter().any(|row| !cell(row, column).is_empty());
    let is_written = |column: &Column| column.is_always_written() || has_value(*column);
    let named = |column: WrittenColumn<'a>| {
        let name = names.get(column.name()).map_or(column.name(), String::as_str);
        (name.to_owned(), column)
    };
    let columns = Column::all().filter(is_written).map(WrittenColumn::Of).map(named);
    let mut columns: Vec<(String, WrittenColumn<'_>)> = columns.collect();
    let ids = columns.iter().take_while(|(_, column)| {
        matches!(column, WrittenColumn::Of(Column::WorkspaceId | Column::UserId))
    });
    let mut place = ids.count();
    let beside = [NameColumn::Project.name(), PERSON_NAME, NameColumn::Email.name()];
    for name in called.into_iter().flat_map(|_| beside) {
        let Some(called) = called else { continue };
        let column = named(WrittenColumn::Beside(name, called));
        // The file has another meaning for this name.
        if columns.iter().any(|(other, _)| other.eq_ignore_ascii_case(&column.0)) {
            continue;
        }
        columns.insert(place, column);
        place += 1;
    }
    columns
}

fn cell(row: &RosterRow, column: Column) -> String {
    let RosterRow { key, role, fields, dates } = row;
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    match column {
        Column::WorkspaceId => key.workspace.to_string(),
        Column::UserId => key.user.to_string(),
        Column::Role => role.to_string(),
        Column::Field(field) => {
            fields.value(field).map(|value| value.to_string()).unwrap_or_default()
        }
        Column::StartsOn => day(dates.starts_on),
        Column::EndsOn => day(dates.ends_on),
    }
}

/// Writes a roster of these rows, under the marker that it has, if any.
///
/// # Errors
/// What the writer returns.
pub fn write_roster(
    rows: &[RosterRow],
    marker: Option<&str>,
    form: RosterForm<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(marker) = marker {
        writeln!(out, "{marker}")?;
    }
    let Written { header, rows, .. } = Written::of(rows, form);
    let mut csv = csv::WriterBuilder::new().delimiter(form.delimiter).from_writer(out);
    csv.write_record(header)?;
    for row in rows {
        csv.write_record(row)?;
    }
    csv.flush()
}

/// A roster's header as it stands in the file, and what separates its cells.
#[derive(Debug, Clone, Copy)]
pub struct RosterHeader<'a> {
    /// The column names, untouched.
    pub names: &'a [String],
    /// `,`, `;` or tab.
    pub delimiter: u8,
    /// Whether it is a patch, of which a part is one too.
    pub patch: bool,
}

/// Writes original rows as a partial roster, each with a reason in the column `reason` (the roster's
/// own if it has one).
pub struct ReasonedRows<'a> {
    csv: csv::Writer<&'a mut dyn Write>,
    columns: usize,
    /// Where the roster has that column itself.
    own: Option<usize>,
}

impl<'a> ReasonedRows<'a> {
    /// Writes what stands above the rows.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn new(header: RosterHeader<'_>, out: &'a mut dyn Write) -> io::Result<Self> {
        let RosterHeader { names, delimiter, patch } = header;
        writeln!(out, "{}", if patch { PATCH_MARKER } else { PARTIAL_MARKER })?;
        let mut csv =
            csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(out);
        let own = names.iter().position(|name| name.trim().eq_ignore_ascii_case("reason"));
        let added = own.is_none().then_some("reason");
        csv.write_record(names.iter().map(String::as_str).chain(added))?;
        Ok(Self { csv, columns: names.len(), own })
    }

    /// Writes a row. One with too few or too many cells keeps a wrong number of them: fed back as it
    /// is, it is refused again.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn write(&mut self, cells: &[String], reason: String) -> io::Result<()> {
        Ok(self.csv.write_record(with_reason(cells, reason, self.columns, self.own))?)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }
}

/// The cells with the reason in its column; `own` is where the roster has that column itself.
fn with_reason(
    cells: &[String],
    reason: String,
    columns: usize,
    own: Option<usize>,
) -> Vec<String> {
    let mut cells = cells.to_vec();
    match own {
        Some(at) if at < cells.len() => cells[at] = reason,
        // Too short to have it: one cell too many, lest it be taken for a row of the right length.
        Some(_) => {
            cells.push(reason);
            cells.resize(cells.len().max(columns + 1), String::new());
        }
        None => cells.push(reason),
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_wrong_length_never_gets_the_right_one() {
        for own in [None, Some(0), Some(2)] {
            for length in [0, 1, 2, 4, 5] {
                let cells = vec!["x".to_owned(); length];
                let columns = 3;
                let expected = columns + usize::from(own.is_none());
                let fed_back = with_reason(&cells, "why".to_owned(), columns, own);
                assert_ne!(fed_back.len(), expected, "{own:?} {length}");
                assert!(fed_back.contains(&"why".to_owned()));
            }
        }
    }
}
