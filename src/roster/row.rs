//! One row: its cells become a membership, or all that is wrong with them.
//!
//! Spaces around any cell are trimmed; an empty cell is unmanaged. Pure, and allocates only for what
//! is wrong. Must not know files or other rows, nor what a value may be.

use csv::ByteRecord;
use memchr::memchr;

use super::{
    cell,
    column::Column,
    header::Header,
    name::{PersonRef, ProjectRef},
    naming::{InCells, NameCells},
    near::folded,
    period::{Period, Periods, first_day, last_day},
    problem::{Expected, Freezes, RowProblem, shown},
    reading::{Reading, Unusable, Wrong},
    sheet::column_name,
    spreadsheet::{NoValue, is_error},
};
use crate::model::{
    DesiredMembership, Field, Fields, MembershipKey, MembershipSpec, Mention, UserId, WorkspaceId,
    field_table,
};

/// What a row without names wants; `None` when anything is wrong with it, which `unusable` then says.
pub(super) fn read_row(
    record: &ByteRecord,
    header: &Header,
    line: u64,
    unusable: &mut Unusable,
    periods: &mut Periods,
) -> Option<DesiredMembership> {
    let mut cells = Cells { record, header, wrong: doubtful(record, header, line) };
    let workspace = cells.required(Column::WorkspaceId, cell::workspace_id);
    let user = cells.required(Column::UserId, cell::user_id);
    cells.read(line, periods).settle(workspace, user, unusable)
}

/// All of a row but who and where.
pub(super) fn read_rest(
    record: &ByteRecord,
    header: &Header,
    line: u64,
    periods: &mut Periods,
) -> Reading {
    Cells { record, header, wrong: doubtful(record, header, line) }.read(line, periods)
}

/// The cells that say where, and those that say who.
pub(super) fn name_cells<'a>(
    record: &'a ByteRecord,
    header: &'a Header,
) -> (NameCells<'a>, NameCells<'a>) {
    let cells = Cells { record, header, wrong: Vec::new() };
    (cells.names::<ProjectRef>(), cells.names::<PersonRef>())
}

/// Whether cells are missing, or more than there should be; `unusable` then says so, as far as such a
/// row can be trusted to say whom it is about.
#[inline]
pub(super) fn is_shifted(
    record: &ByteRecord,
    header: &Header,
    line: u64,
    unusable: &mut Unusable,
) -> bool {
    let shifted = record.len() != header.cells.len();
    if shifted {
        note_shifted(record, header, line, unusable);
    }
    shifted
}

#[cold]
fn note_shifted(record: &ByteRecord, header: &Header, line: u64, unusable: &mut Unusable) {
    unusable.problems.push(miscounted(record, header, line));
    unusable.mentions.extend(named_somewhere(record));
}

/// Who and where a row is about, as far as it can be trusted to say so.
pub(super) fn read_key(record: &ByteRecord, header: &Header) -> Option<MembershipKey> {
    if record.len() != header.cells.len() {
        return None;
    }
    let record = &*header.in_our_words(record);
    let cells = Cells { record, header, wrong: Vec::new() };
    let workspace = WorkspaceId::from_digits(cells.cell(Column::WorkspaceId))?;
    let user = UserId::from_digits(cells.cell(Column::UserId))?;
    Some(MembershipKey { workspace, user })
}

/// Cells that have no value of their own: what a spreadsheet shows in its place means nothing.
#[inline]
fn doubtful(record: &ByteRecord, header: &Header, line: u64) -> Vec<Wrong> {
    match memchr(b'#', record.as_slice()) {
        None => Vec::new(),
        Some(_) => without_values(record, header, line),
    }
}

#[cold]
fn without_values(record: &ByteRecord, header: &Header, line: u64) -> Vec<Wrong> {
    let is_error = |at: &&usize| {
        let cell = record.get(**at).unwrap_or_default().trim_ascii_start();
        cell.first() == Some(&b'#') && is_error(&folded(&String::from_utf8_lossy(cell)))
    };
    let mut places: Vec<usize> = header.read_places.iter().filter(is_error).copied().collect();
    places.extend(header.wanted().doubtful(record));
    places.dedup();
    places.into_iter().map(|at| without_value(record, at, header, line)).collect()
}

#[cold]
fn without_value(record: &ByteRecord, at: usize, header: &Header, line: u64) -> Wrong {
    let value = text(record[at].trim_ascii());
    let cell = header.is_sheet.then(|| format!("{}{line}", column_name(at)));
    let expected = Expected::OwnValue { why: NoValue::of(&value), cell };
    Wrong { column: header.label(at), value, expected }
}

/// Where cells are shifted, any of them may be the person's.
fn named_somewhere(record: &ByteRecord) -> impl Iterator<Item = Mention> {
    record.iter().filter_map(|cell| UserId::from_digits(cell.trim_ascii())).map(Mention::Anywhere)
}

/// Shifted cells make every cell doubtful, the project's id too: such a row freezes everything.
fn miscounted(record: &ByteRecord, header: &Header, line: u64) -> RowProblem {
    let cells: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
    RowProblem {
        line,
        column: None,
        value: shown(&cells.join(",")),
        expected: Expected::Cells { header: header.cells.len(), row: record.len() },
        freezes: Freezes::Everything,
    }
}

fn text(cell: &[u8]) -> String {
    shown(&String::from_utf8_lossy(cell))
}

struct Cells<'a> {
    record: &'a ByteRecord,
    header: &'a Header,
    wrong: Vec<Wrong>,
}

impl<'a> Cells<'a> {
    /// The trimmed cell; empty also where the file has no such column.
    #[inline]
    fn cell(&self, column: Column) -> &'a [u8] {
        self.at(self.header.place(column))
    }

    #[inline]
    fn at(&self, place: Option<usize>) -> &'a [u8] {
        place.and_then(|at| self.record.get(at)).unwrap_or_default().trim_ascii()
    }

    #[inline]
    fn optional<T>(
        &mut self,
        column: Column,
        parse: impl Fn(&[u8]) -> Result<T, Expected>,
    ) -> Option<T> {
        // Most files have few of the columns that they may have.
        let place = self.header.place(column)?;
        match self.at(Some(place)) {
            b"" => None,
            cell => self.parsed(column, parse(cell)),
        }
    }

    #[inline]
    fn required<T>(
        &mut self,
        column: Column,
        parse: impl Fn(&[u8]) -> Result<T, Expected>,
    ) -> Option<T> {
        match self.cell(column) {
            b"" => self.parsed(column, Err(Expected::Filled)),
            cell => self.parsed(column, parse(cell)),
        }
    }

    #[inline]
    fn parsed<T>(&mut self, column: Column, value: Result<T, Expected>) -> Option<T> {
        value.map_err(|expected| self.is_wrong(column, expected)).ok()
    }

    #[cold]
    fn is_wrong(&mut self, column: Column, expected: Expected) {
        let expected = match expected {
            Expected::Flag { .. } => Expected::Flag { column: Some(column.name().to_owned()) },
            other => other,
        };
        let (column, value) = (self.header.name(column), text(self.cell(column)));
        self.wrong.push(Wrong { column, value, expected });
    }

    /// All that stands after who and where.
    #[inline]
    fn read(mut self, line: u64, periods: &mut Periods) -> Reading {
        let role = self.required(Column::Role, cell::role);
        let fields = read_fields(&mut self);
        if self.header.has_dates() {
            periods.add(line, self.period());
        }
        let spec = role.map(|role| MembershipSpec { role, fields });
        Reading { line, spec, wrong: self.wrong }
    }

    /// From when to when the row holds.
    fn period(&mut self) -> Period {
        let first = self.optional(Column::StartsOn, first_day);
        let last = self.optional(Column::EndsOn, last_day);
        if let (Some(first), Some(last)) = (first, last)
            && last < first
        {
            let column = self.header.name(Column::StartsOn);
            self.is_wrong(Column::EndsOn, Expected::EndFrom { column, first });
        }
        Period::new(first, last)
    }

    fn names<N: InCells>(&self) -> NameCells<'a> {
        let [first, second] = N::NAMES.map(|column| self.at(self.header.place_of_names(column)));
        [self.cell(N::ID), first, second]
    }
}

/// Reads a cell of each field that rosters have; the function of its kind says what it means.
macro_rules! read_fields {
    ($(
        $(#[$doc:meta])*
        $variant:ident, $name:ident: $kind:ident, column $column:ident,
            sent $sent:ident as $written:ident,
            read from $($attribute:ident)+, asked $asked:ident $(($include:literal))?;
    )*) => {
        fn read_fields(cells: &mut Cells<'_>) -> Fields {
            Fields { $($name: read_field!(cells, $variant, $kind, $column),)* }
        }
    };
}
macro_rules! read_field {
    ($cells:ident, $variant:ident, $kind:ident, Never) => {
        None
    };
    ($cells:ident, $variant:ident, $kind:ident, $column:ident) => {
        $cells.optional(Column::Field(Field::$variant), cell::$kind)
    };
}
field_table!(read_fields);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccessLevel, Role};
    use crate::roster::{ReaderSettings, header::read_header};

    const NAMES: [&str; 6] =
        ["workspace_id", "user_id", "role", "access_level", "team_lead", "rate_in_cents"];

    fn read(cells: &[&str]) -> (Option<DesiredMembership>, Vec<RowProblem>) {
        let names = NAMES.map(str::to_owned).to_vec();
        let header = read_header(names, 1, &ReaderSettings::default()).expect("sound");
        let mut unusable = Unusable::default();
        let record = ByteRecord::from(cells);
        if is_shifted(&record, &header, 2, &mut unusable) {
            return (None, unusable.problems);
        }
        let row = read_row(&record, &header, 2, &mut unusable, &mut Periods::default());
        (row, unusable.problems)
    }

    fn freezes(cells: &[&str]) -> Vec<Freezes> {
        read(cells).1.iter().map(|problem| problem.freezes).collect()
    }

    fn project(number: u64) -> Freezes {
        Freezes::Workspace(WorkspaceId::new(number).expect("not 0"))
    }

    #[test]
    fn spaces_and_case_make_no_difference() {
        let (row, problems) = read(&[" 7", "8 ", " Consultant ", "EDIT_TASKS", "Yes", " -5 "]);
        let row = row.expect("valid");
        assert_eq!(problems, []);
        assert_eq!((row.key.workspace.number(), row.key.user.number()), (7, 8));
        assert_eq!(row.spec.role, Role::Maven);
        let fields = Fields {
            access_level: Some(AccessLevel::EditTasks),
            team_lead: Some(true),
            rate_in_cents: Some(-5),
            ..Fields::default()
        };
        assert_eq!(row.spec.fields, fields);
    }

    #[test]
    fn an_empty_cell_is_unmanaged() {
        let (row, _) = read(&["7", "8", "buyer", "", "  ", ""]);
        assert_eq!(row.expect("valid").spec.fields, Fields::default());
    }

    #[test]
    fn a_bad_cell_freezes_its_project_and_every_bad_cell_is_told() {
        assert_eq!(freezes(&["7", "x", "boss", "", "", ""]), [project(7), project(7)]);
        assert_eq!(freezes(&["7", "8", "buyer", "", "", "1.5"]), [project(7)]);
        assert_eq!(freezes(&["7", "", "buyer", "", "", ""]), [project(7)]);
    }

    #[test]
    fn a_row_without_a_readable_project_freezes_everything() {
        assert_eq!(freezes(&["", "8", "maven", "", "", ""]), [Freezes::Everything]);
        assert_eq!(freezes(&["7.0", "8", "maven", "", "perhaps", ""]), [Freezes::Everything; 2]);
    }

    #[test]
    fn a_row_with_too_few_or_too_many_cells_freezes_everything() {
        assert_eq!(freezes(&["7", "8", "maven", "", ""]), [Freezes::Everything]);
        assert_eq!(freezes(&["7", "8", "maven", "", "", "", ""]), [Freezes::Everything]);
    }

    #[test]
    fn a_legacy_level_is_refused_with_the_modern_words() {
        let (row, problems) = read(&["7", "8", "maven", "Financial", "", ""]);
        assert_eq!(row, None);
        let text = problems[0].to_string();
        assert!(text.contains("`edit_financials` or `view_financials`"), "{text}");
    }
}
