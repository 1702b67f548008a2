//! From the cells of a sheet to CSV text, one record a row, so that every rule of the reader is one.
//!
//! Owns what a cell's value is as text, and what is written where a cell has no value of its own: such a
//! cell must not pass for an empty one. Knows no workbook.

use std::collections::BTreeSet;

use calamine::DataRef;

use super::{
    note::RosterNote,
    parts::{Chosen, WorkbookProblem, damaged},
    source::OWN_LINE,
    spreadsheet::MERGED,
    unpack::PackProblem,
};

const MOST_ROWS: u32 = 1 << 20;
const MOST_COLUMNS: u32 = 1 << 14;

/// A sheet as text: the n-th record is the n-th row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SheetText {
    pub text: String,
    pub notes: Vec<RosterNote>,
}

/// What is to be known of a sheet besides its cells; all places are counted from 0.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub hidden_rows: BTreeSet<u32>,
    /// First and last of each.
    pub hidden_columns: Vec<(u32, u32)>,
    /// Those that cover more than one row.
    pub merges: Vec<Merge>,
}

/// Cells that show one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Merge {
    /// First and last.
    pub rows: (u32, u32),
    /// First and last.
    pub columns: (u32, u32),
}

/// Writes rows in their order.
pub(super) struct SheetWriter {
    text: String,
    most: (usize, u32),
    layout: Layout,
    /// The cells of the row that is being written.
    cells: Vec<String>,
    row: u32,
    /// Rows without cells that are written once one with some follows.
    blank: usize,
    /// As many as the header has.
    width: usize,
    next_merge: usize,
    /// Those that have a value and may cover the row.
    merged: Vec<Merge>,
    hidden: Vec<u64>,
}

impl SheetWriter {
    /// Writes at most so many MiB.
    pub fn new(mut layout: Layout, mib: u32, most: usize) -> Self {
        layout.merges.sort_unstable();
        Self {
            text: String::new(),
            most: (most, mib),
            layout,
            cells: Vec::new(),
            row: 0,
            blank: 0,
            width: 0,
            next_merge: 0,
            merged: Vec::new(),
            hidden: Vec::new(),
        }
    }

    /// A cell with a value; rows come one after the other.
    #[inline]
    pub fn put(
        &mut self,
        row: u32,
        column: u32,
        write: impl FnOnce(&mut String),
    ) -> Result<(), WorkbookProblem> {
        if row != self.row {
            self.go_to(row)?;
        }
        let at = column as usize;
        if at >= self.cells.len() {
            if column >= MOST_COLUMNS {
                return Err(damaged(format!("a cell stands in column {column}")));
            }
            self.cells.resize_with(at + 1, String::new);
        }
        let cell = &mut self.cells[at];
        cell.clear();
        write(cell);
        Ok(())
    }

    fn go_to(&mut self, row: u32) -> Result<(), WorkbookProblem> {
        if row < self.row || row >= MOST_ROWS {
            return Err(damaged(format!("row {} stands after row {}", row + 1, self.row + 1)));
        }
        self.end_row()?;
        self.blank += (row - self.row - 1) as usize;
        self.row = row;
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), WorkbookProblem> {
        let filled = self.cells.iter().rposition(|cell| !cell.trim().is_empty());
        let Some(last) = filled else {
            self.blank += 1;
            self.cells.clear();
            return Ok(());
        };
        self.begin_merges();
        for _ in 0..self.blank {
            self.text.push_str("\"\"\n");
        }
        self.blank = 0;
        let count = (last + 1).max(self.width);
        if self.width == 0 && !self.cells[0].starts_with(OWN_LINE) {
            self.width = count;
        } else {
            self.cover();
        }
        self.write_row(count);
        if self.layout.hidden_rows.contains(&self.row) {
            self.hidden.push(u64::from(self.row) + 1);
        }
        for cell in &mut self.cells {
            cell.clear();
        }
        let (most, mib) = self.most;
        if self.text.len() > most {
            return Err(WorkbookProblem::Size(PackProblem::TooLarge { mib }));
        }
        Ok(())
    }

    /// Merges that begin in this row, or began in one that was passed, and show a value.
    fn begin_merges(&mut self) {
        let row = self.row;
        while let Some(merge) =
            self.layout.merges.get(self.next_merge).filter(|one| one.rows.0 <= row)
        {
            let has_value = |cell: &String| !cell.trim().is_empty();
            let first = self.cells.get(merge.columns.0 as usize);
            if merge.rows.0 == row && first.is_some_and(has_value) {
                self.merged.push(*merge);
            }
            self.next_merge += 1;
        }
        self.merged.retain(|merge| merge.rows.1 >= row);
    }

    /// Marks the cells that show the value of another row.
    fn cover(&mut self) {
        for Merge { rows, columns } in &self.merged {
            if rows.0 == self.row {
                continue;
            }
            for column in columns.0 as usize..=(columns.1 as usize).min(self.width.max(1) - 1) {
                if column >= self.cells.len() {
                    self.cells.resize_with(column + 1, String::new);
                }
                MERGED.clone_into(&mut self.cells[column]);
            }
        }
    }

    fn write_row(&mut self, count: usize) {
        for at in 0..count {
            if at > 0 {
                self.text.push(',');
            }
            let cell = self.cells.get(at).map_or("", String::as_str);
            // A row of one empty cell would be no record.
            let is_plain = !cell.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
            if is_plain && (count > 1 || !cell.is_empty()) {
                self.text.push_str(cell);
            } else {
                self.text.push('"');
                self.text.push_str(&cell.replace('"', "\"\""));
                self.text.push('"');
            }
        }
        self.text.push('\n');
    }

    /// The whole sheet.
    pub fn finish(mut self, chosen: Chosen) -> Result<SheetText, WorkbookProblem> {
        self.end_row()?;
        let Chosen { name, of } = chosen;
        let of_several = (of > 1).then_some(RosterNote::Sheet { name, of });
        let Self { text, hidden: rows, width, layout, .. } = self;
        let within = |column: &u32| (*column as usize) < width;
        let columns = layout.hidden_columns.iter();
        let columns: Vec<String> = columns
            .flat_map(|(first, last)| *first..=(*last).min(MOST_COLUMNS))
            .filter(within)
            .map(|column| column_name(column as usize))
            .collect();
        let is_hidden = !rows.is_empty() || !columns.is_empty();
        let hidden = is_hidden.then_some(RosterNote::Hidden { rows, columns });
        Ok(SheetText { text, notes: of_several.into_iter().chain(hidden).collect() })
    }
}

/// `A` to `Z`, then `AA`.
pub(super) fn column_name(mut at: usize) -> String {
    let mut name = Vec::new();
    loop {
        name.push(char::from(b'A' + u8::try_from(at % 26).unwrap_or_default()));
        match at / 26 {
            0 => return name.into_iter().rev().collect(),
            more => at = more - 1,
        }
    }
}

/// A value as the reader takes it: numbers that are whole and exact by their digits, days as ISO
/// dates, errors as they show.
pub(super) fn write_value(value: &DataRef<'_>, into: &mut String) {
    match value {
        DataRef::Empty => {}
        DataRef::String(text) | DataRef::DurationIso(text) => into.push_str(text),
        DataRef::SharedString(text) => into.push_str(text),
        DataRef::Bool(yes) => into.push_str(if *yes { "true" } else { "false" }),
        DataRef::Int(number) => into.push_str(itoa::Buffer::new().format(*number)),
        DataRef::Float(number) => write_number(*number, into),
        DataRef::DateTime(time) if time.is_duration() => write_number(time.as_f64(), into),
        DataRef::DateTime(time) => {
            let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
            into.push_str(&format!("{year:04}-{month:02}-{day:02}"));
            if (hour, minute, second, milli) != (0, 0, 0, 0) {
                into.push_str(&format!(" {hour:02}:{minute:02}:{second:02}"));
            }
        }
        DataRef::DateTimeIso(text) => {
            let midnight = ["T00:00:00", "T00:00:00.000", "T00:00:00.000000000", "T00:00"];
            let day = midnight.iter().find_map(|end| text.strip_suffix(end));
            into.push_str(day.unwrap_or(text));
        }
        DataRef::Error(error) => into.push_str(&error.to_string()),
    }
}

/// Spreadsheets keep 15 digits: what has more of them lost some.
fn write_number(number: f64, into: &mut String) {
    const EXACT: f64 = 1e15;
    if number.fract() == 0.0 && number.abs() < EXACT {
        // Whole, and far within the range of the type.
        into.push_str(itoa::Buffer::new().format(number as i64));
    } else if number.abs() >= EXACT {
        into.push_str(&format!("{number:E}").replace('E', "E+"));
    } else {
        into.push_str(&number.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(layout: Layout, cells: &[(u32, u32, &str)]) -> SheetText {
        let mut writer = SheetWriter::new(layout, 1, 1 << 20);
        for (row, column, text) in cells {
            writer.put(*row, *column, |cell| cell.push_str(text)).expect("in order");
        }
        writer.finish(Chosen { name: "List".to_owned(), of: 1 }).expect("small")
    }

    #[test]
    fn a_row_is_a_record_as_wide_as_the_header() {
        let cells = [
            (1, 0, "a"),
            (1, 1, "b"),
            (1, 2, "c"),
            (3, 1, "x, \"y\"\nz"),
            (4, 3, "more"),
            (9, 0, " "),
        ];
        let SheetText { text, notes } = sheet(Layout::default(), &cells);
        assert_eq!(text, "\"\"\na,b,c\n\"\"\n,\"x, \"\"y\"\"\nz\",\n,,,more\n");
        assert_eq!(notes, []);
        let marked = [(0, 0, OWN_LINE), (1, 0, "a"), (1, 1, "b"), (2, 0, "1")];
        assert_eq!(sheet(Layout::default(), &marked).text, format!("{OWN_LINE}\na,b\n1,\n"));
    }

    #[test]
    fn cells_that_show_another_rows_value_are_marked() {
        let merge = |rows, columns| Merge { rows, columns };
        let layout = Layout {
            merges: vec![merge((1, 3), (1, 1)), merge((1, 2), (2, 2)), merge((4, 5), (0, 9))],
            ..Layout::default()
        };
        let cells = [
            (0, 0, "a"),
            (0, 1, "b"),
            (0, 2, "c"),
            (1, 0, "1"),
            (1, 1, "x"),
            (2, 0, "2"),
            (3, 0, "3"),
            (4, 0, "4"),
            (6, 0, "6"),
        ];
        // The second merge shows nothing, and nothing else stands in the last row of the third.
        assert_eq!(
            sheet(layout, &cells).text,
            "a,b,c\n1,x,\n2,#MERGED,\n3,#MERGED,\n4,,\n\"\"\n6,,\n"
        );
    }

    #[test]
    fn numbers_are_exact_or_show_that_they_are_not() {
        for (number, text) in [
            (7.0, "7"),
            (-12.0, "-12"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1E+15"),
            (9_007_199_254_740_993.0, "9.007199254740992E+15"),
            (7.5, "7.5"),
            (0.1, "0.1"),
        ] {
            let mut cell = String::new();
            write_number(number, &mut cell);
            assert_eq!(cell, text);
        }
    }

    #[test]
    fn columns_have_letters() {
        let names = [0, 1, 25, 26, 51, 52, 701, 702, 16_383].map(column_name);
        assert_eq!(names, ["A", "B", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"]);
    }

    #[test]
    fn rows_out_of_order_and_out_of_bounds_are_damage() {
        for (row, column) in [(0, 0), (MOST_ROWS, 0), (2, MOST_COLUMNS)] {
            let mut writer = SheetWriter::new(Layout::default(), 1, 1 << 20);
            writer.put(1, 0, |cell| cell.push('a')).expect("a cell");
            assert!(writer.put(row, column, |cell| cell.push('a')).is_err(), "{row} {column}");
        }
    }
}
