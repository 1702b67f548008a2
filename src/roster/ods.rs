//! A sheet of an `.ods`: its values as calamine reads them, and of its XML what that does not tell:
//! hidden rows and columns, merged cells, formulas without a value, and how much it would become.
//!
//! Knows neither what cells mean nor how they are written.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Cursor,
};

use calamine::{Data, DataRef, Ods, OdsError, Range, Reader as _};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::{
    parts::{Parts, WorkbookProblem, choose, damaged, most_text},
    settings::ReaderSettings,
    sheet::{Layout, Merge, SheetText, SheetWriter, write_value},
    spreadsheet::NOT_COMPUTED,
    unpack::PackProblem,
};

/// So many bytes of memory a cell takes.
const OF_A_CELL: usize = 64;

pub(super) fn read(
    parts: &mut Parts,
    settings: &ReaderSettings,
) -> Result<SheetText, WorkbookProblem> {
    let most = most_text(settings.bounds)?;
    let manifest = parts.text("META-INF/manifest.xml")?;
    if manifest.contains("encryption-data") {
        return Err(WorkbookProblem::Protected);
    }
    let mut tables = tables(&parts.text("content.xml")?, most / OF_A_CELL).map_err(|problem| {
        problem.unwrap_or(WorkbookProblem::Size(PackProblem::TooLarge { mib: settings.bounds.mib }))
    })?;
    let archive = Cursor::new(std::mem::take(&mut parts.archive));
    let mut workbook = Ods::new(archive).map_err(|error| match error {
        OdsError::Password => WorkbookProblem::Protected,
        error => damaged(error),
    })?;
    let chosen = choose(workbook.sheets_metadata(), settings)?;
    let range = workbook.worksheet_range(&chosen.name).map_err(damaged)?;
    let Table { layout, no_value, .. } = tables.remove(&chosen.name).unwrap_or_default();
    let mut sheet = SheetWriter::new(layout, settings.bounds.mib, most);
    write_cells(&range, &no_value, &mut sheet)?;
    sheet.finish(chosen)
}

fn write_cells(
    range: &Range<Data>,
    no_value: &BTreeSet<(u32, u32)>,
    sheet: &mut SheetWriter,
) -> Result<(), WorkbookProblem> {
    let mut missing = no_value.iter().copied().peekable();
    let mut put_missing = |sheet: &mut SheetWriter, before: (u32, u32)| {
        while let Some((row, column)) = missing.next_if(|place| *place < before) {
            sheet.put(row, column, |cell| cell.push_str(NOT_COMPUTED))?;
        }
        Ok::<(), WorkbookProblem>(())
    };
    let (first_row, first_column) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        let number = |at: usize| u32::try_from(at).map_err(damaged);
        let place = (first_row + number(row)?, first_column + number(column)?);
        put_missing(sheet, place)?;
        sheet.put(place.0, place.1, |cell| write_value(&borrowed(value), cell))?;
    }
    put_missing(sheet, (u32::MAX, u32::MAX))
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(yes) => DataRef::Bool(*yes),
        Data::DateTime(time) => DataRef::DateTime(*time),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// What the XML says of a sheet.
#[derive(Debug, Default)]
struct Table {
    layout: Layout,
    /// Cells with a formula that nobody computed.
    no_value: BTreeSet<(u32, u32)>,
    /// The place of what comes next.
    row: u32,
    column: u32,
    columns: u32,
    /// How often the row stands there.
    repeated: u32,
    /// Columns of the row with a formula that nobody computed.
    missing: Vec<u32>,
    is_filled: bool,
    /// The widest row, how many rows there are down to the last with something in it, and after that.
    widest: usize,
    rows: usize,
    blank: usize,
    cells: usize,
}

/// All sheets by name; none within where they would become more cells than this.
fn tables(xml: &str, most: usize) -> Result<BTreeMap<String, Table>, Option<WorkbookProblem>> {
    let mut reader = Reader::from_str(xml);
    let (mut tables, mut open) = (BTreeMap::new(), None);
    loop {
        let event = reader.read_event().map_err(|error| Some(damaged(error)))?;
        let is_empty = matches!(event, Event::Empty(_));
        match (event, &mut open) {
            (Event::Start(element) | Event::Empty(element), None) => {
                if let ("table", false) = (element.local_name().as_ref(), is_empty) {
                    let name = value(&element, "table:name").unwrap_or_default();
                    open = Some((name, Table::default()));
                }
            }
            (Event::Start(element) | Event::Empty(element), Some((_, table))) => {
                table.begin(&element);
                if is_empty && element.local_name().as_ref() == "table-row" {
                    table.end_row();
                }
            }
            (Event::End(element), Some((_, table))) => match element.local_name().as_ref() {
                "table-row" => {
                    table.end_row();
                    if table.cells > most || table.rows.saturating_mul(table.widest) > most {
                        return Err(None);
                    }
                }
                "table" => tables.extend(open.take()),
                _ => {}
            },
            (Event::Eof, _) => return Ok(tables),
            _ => {}
        }
    }
}

impl Table {
    fn begin(&mut self, element: &BytesStart<'_>) {
        let number = |name| {
            let most = 1_u64 << 20;
            // Larger numbers than fit are as good as the most that there can be.
            let read = |text: String| text.parse().unwrap_or(most).min(most);
            value(element, name).and_then(|text| u32::try_from(read(text)).ok())
        };
        let hidden = || {
            let visibility = value(element, "table:visibility");
            visibility.is_some_and(|how| how == "collapse" || how == "filter")
        };
        match element.local_name().as_ref() {
            "table-column" => {
                let next = self
                    .columns
                    .saturating_add(number("table:number-columns-repeated").unwrap_or(1));
                if hidden() {
                    self.layout.hidden_columns.push((self.columns, next.saturating_sub(1)));
                }
                self.columns = next;
            }
            "table-row" => {
                (self.column, self.is_filled) = (0, false);
                self.repeated = number("table:number-rows-repeated").unwrap_or(1);
                if hidden() {
                    self.layout
                        .hidden_rows
                        .extend(self.row..self.row.saturating_add(self.repeated));
                }
            }
            "table-cell" | "covered-table-cell" => {
                let repeated = number("table:number-columns-repeated").unwrap_or(1);
                self.cell(element, repeated, number("table:number-rows-spanned"));
                self.column = self.column.saturating_add(repeated);
            }
            _ => {}
        }
    }

    fn cell(&mut self, element: &BytesStart<'_>, repeated: u32, rows: Option<u32>) {
        let has_value = value(element, "office:value-type").is_some();
        let has_formula = value(element, "table:formula").is_some();
        if !has_value && !has_formula {
            return;
        }
        self.is_filled = true;
        let width = (self.column.saturating_add(repeated)).min(1 << 14) as usize;
        self.widest = self.widest.max(width);
        self.cells = self.cells.saturating_add(repeated.min(1 << 14) as usize);
        if !has_value {
            let columns = self.column..self.column.saturating_add(repeated.min(1 << 14));
            self.missing.extend(columns);
        }
        if let Some(rows) = rows.filter(|rows| *rows > 1) {
            let columns = value(element, "table:number-columns-spanned");
            let columns = columns.and_then(|text| text.parse().ok()).unwrap_or(1_u32).max(1);
            self.layout.merges.push(Merge {
                rows: (self.row, self.row.saturating_add(rows - 1)),
                columns: (self.column, self.column.saturating_add(columns - 1)),
            });
        }
    }

    fn end_row(&mut self) {
        let repeated = self.repeated as usize;
        if self.is_filled {
            self.rows = self.rows.saturating_add(self.blank).saturating_add(repeated);
            self.blank = 0;
        } else {
            self.blank = self.blank.saturating_add(repeated);
        }
        let next = self.row.saturating_add(self.repeated);
        for column in self.missing.drain(..) {
            self.no_value.extend((self.row..next).map(|row| (row, column)));
        }
        self.row = next;
    }
}

fn value(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok().flatten()?;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}
