//! A roster as a workbook of one sheet, for those who keep their lists in a spreadsheet.
//!
//! Numbers are numbers as long as a spreadsheet keeps all their digits, everything else is text: no cell
//! is ever a formula. Columns are formatted as a whole, so that lines that are added or copied stay as
//! they are typed. The same rows give the same bytes. Knows no file.

use std::io;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::write::{RosterForm, RosterRow, Written};

/// The whole numbers that a spreadsheet has exactly.
const EXACT: i64 = 1 << 53;
/// Wide enough for ids and words; titles and addresses get more.
const WIDTHS: [f64; 2] = [16.0, 32.0];
/// Cells that take any text, and columns of numbers: their formats.
const TEXT: &str = "@";
const NUMBER: &str = "0";

/// A workbook of these rows, under the marker that it has, if any.
///
/// # Errors
/// When there are more rows than a sheet holds, or a cell is longer than a spreadsheet's.
pub fn roster_workbook(
    rows: &[RosterRow],
    marker: Option<&str>,
    form: RosterForm<'_>,
) -> io::Result<Vec<u8>> {
    let written = Written::of(rows, form);
    workbook(&written, marker).map_err(io::Error::other)
}

fn workbook(written: &Written, marker: Option<&str>) -> Result<Vec<u8>, XlsxError> {
    let Written { header, rows, .. } = written;
    let mut workbook = Workbook::new();
    // When it was made is nobody's business, and would differ each time.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let sheet = workbook.add_worksheet().set_name("roster")?;
    let top = u32::from(marker.is_some());
    let bold = Format::new().set_bold().set_num_format(TEXT);
    columns(written, sheet)?;
    if let Some(marker) = marker {
        sheet.write_string(0, 0, marker)?;
    }
    for (column, name) in (0..).zip(header) {
        sheet.write_string_with_format(top, column, name, &bold)?;
    }
    for (line, cells) in (top + 1..).zip(rows) {
        for (column, (cell, numeric)) in (0..).zip(cells.iter().zip(&written.numeric)) {
            put(sheet, (line, column), cell, *numeric)?;
        }
    }
    let last = u16::try_from(header.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let bottom = top + u32::try_from(rows.len()).unwrap_or(u32::MAX);
    sheet.set_freeze_panes(top + 1, 0)?;
    sheet.autofilter(top, 0, bottom, last)?;
    workbook.save_to_buffer()
}

fn columns(written: &Written, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    for (column, numeric) in (0..).zip(&written.numeric) {
        let long = |cells: &Vec<String>| cells[usize::from(column)].len() > 16;
        let is_wide = !numeric && written.rows.iter().any(long);
        let format = if *numeric { NUMBER } else { TEXT };
        sheet.set_column_width(column, WIDTHS[usize::from(is_wide)])?;
        sheet.set_column_format(column, &Format::new().set_num_format(format))?;
    }
    Ok(())
}

fn put(
    sheet: &mut Worksheet,
    (line, column): (u32, u16),
    cell: &str,
    numeric: bool,
) -> Result<(), XlsxError> {
    let number = cell.parse::<i64>().ok().filter(|number| numeric && number.abs() <= EXACT);
    match number {
        _ if cell.is_empty() => {}
        Some(number) => {
            #[expect(clippy::cast_precision_loss, reason = "no larger than what is exact")]
            sheet.write_number(line, column, number as f64)?;
        }
        None => {
            sheet.write_string(line, column, cell)?;
        }
    }
    Ok(())
}
