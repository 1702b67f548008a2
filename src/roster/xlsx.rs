//! A sheet of an `.xlsx`: its cells as calamine reads them, and of the sheet's XML what that does not
//! tell: hidden rows and columns, merged cells.
//!
//! Knows neither what cells mean nor how they are written.

use std::io::Cursor;

use calamine::{DataRef, Reader as _, Xlsx};
use memchr::{memchr, memmem, memrchr};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::{
    parts::{Parts, WorkbookProblem, choose, damaged, most_text},
    settings::ReaderSettings,
    sheet::{Layout, Merge, SheetText, SheetWriter, write_value},
    spreadsheet::NOT_COMPUTED,
};

pub(super) fn read(
    parts: &mut Parts,
    settings: &ReaderSettings,
) -> Result<SheetText, WorkbookProblem> {
    let mut workbook = Xlsx::new(Cursor::new(parts.archive.as_slice())).map_err(damaged)?;
    let chosen = choose(workbook.sheets_metadata(), settings)?;
    let layout = layout(&parts.text(&part_of(parts, &chosen.name)?)?);
    let most = most_text(settings.bounds)?;
    let mut sheet = SheetWriter::new(layout, settings.bounds.mib, most);
    let mut cells = workbook.worksheet_cells_reader(&chosen.name).map_err(damaged)?;
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(damaged)? {
        let (row, column) = cell.pos;
        match (&cell.value, &cell.formula) {
            (DataRef::Empty, None) => {}
            (DataRef::Empty, Some(_)) => {
                sheet.put(row, column, |cell| cell.push_str(NOT_COMPUTED))?
            }
            (value, _) => sheet.put(row, column, |cell| write_value(value, cell))?,
        }
    }
    sheet.finish(chosen)
}

/// Which part of the workbook the sheet of this name is.
fn part_of(parts: &Parts, name: &str) -> Result<String, WorkbookProblem> {
    let workbook = parts.text("xl/workbook.xml")?;
    let id = find(&workbook, "sheet", |sheet| {
        let is_it = value(sheet, |key| key == "name").is_some_and(|found| found == name);
        is_it.then(|| value(sheet, |key| key.ends_with(":id"))).flatten()
    })?;
    let relations = parts.text("xl/_rels/workbook.xml.rels")?;
    let target = find(&relations, "Relationship", |relation| {
        let is_it = value(relation, |key| key == "Id").is_some_and(|found| found == id);
        is_it.then(|| value(relation, |key| key == "Target")).flatten()
    })?;
    Ok(match target.strip_prefix('/') {
        Some(whole) => whole.to_owned(),
        None => format!("xl/{target}"),
    })
}

/// What the first element of this name says that says it.
fn find(
    xml: &str,
    name: &str,
    says: impl Fn(&BytesStart<'_>) -> Option<String>,
) -> Result<String, WorkbookProblem> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().map_err(damaged)? {
            Event::Start(element) | Event::Empty(element)
                if element.local_name().as_ref() == name =>
            {
                if let Some(found) = says(&element) {
                    return Ok(found);
                }
            }
            Event::Eof => return Err(damaged(format!("no `{name}` of the sheet"))),
            _ => {}
        }
    }
}

fn value(element: &BytesStart<'_>, is_key: impl Fn(&str) -> bool) -> Option<String> {
    let mut attributes = element.attributes().filter_map(Result::ok);
    let found = attributes.find(|attribute| is_key(attribute.key.as_ref()))?;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

/// Found by their own marks: the elements of a hundred thousand rows are read once, by who reads the
/// cells. No text of a cell has a `<`.
fn layout(xml: &str) -> Layout {
    let mut layout = Layout::default();
    for at in memmem::find_iter(xml.as_bytes(), "hidden=") {
        let Some(tag) = tag_around(xml, at) else { continue };
        let is_hidden = matches!(attribute(tag, "hidden"), Some("1" | "true"));
        let number = |name| attribute(tag, name)?.parse::<u32>().ok()?.checked_sub(1);
        match local_name(tag) {
            "row" if is_hidden => layout.hidden_rows.extend(number("r")),
            "col" if is_hidden => layout.hidden_columns.extend(number("min").zip(number("max"))),
            _ => {}
        }
    }
    for at in memmem::find_iter(xml.as_bytes(), "mergeCell ") {
        let Some(tag) = tag_around(xml, at).filter(|tag| local_name(tag) == "mergeCell") else {
            continue;
        };
        layout
            .merges
            .extend(attribute(tag, "ref").and_then(merge).filter(|one| one.rows.0 < one.rows.1));
    }
    layout
}

/// The tag that stands around this place, without its `<` and `>`.
fn tag_around(xml: &str, at: usize) -> Option<&str> {
    let start = memrchr(b'<', &xml.as_bytes()[..at])?;
    let end = start + memchr(b'>', &xml.as_bytes()[start..])?;
    (end > at).then(|| &xml[start + 1..end])
}

fn local_name(tag: &str) -> &str {
    let name = tag.split(|one: char| one.is_whitespace() || one == '/').next().unwrap_or_default();
    name.rsplit(':').next().unwrap_or_default()
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    tag.match_indices(name).find_map(|(at, _)| {
        let before = tag[..at].chars().next_back().is_some_and(char::is_whitespace);
        let rest = tag[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|quote| before && matches!(quote, '"' | '\''))?;
        rest[1..].split(quote).next()
    })
}

/// `B2:B7`
fn merge(text: &str) -> Option<Merge> {
    let (first, last) = text.split_once(':')?;
    let ((first_column, first_row), (last_column, last_row)) = (place(first)?, place(last)?);
    Some(Merge { rows: (first_row, last_row), columns: (first_column, last_column) })
}

/// Column and row of `B7`, from 0.
fn place(text: &str) -> Option<(u32, u32)> {
    let text = text.replace('$', "");
    let (letters, digits) = text.split_at(text.find(|one: char| one.is_ascii_digit())?);
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let letter = letter.to_ascii_uppercase().checked_sub(b'A').filter(|letter| *letter < 26)?;
        column.checked_mul(26)?.checked_add(u32::from(letter) + 1)
    })?;
    Some((column.checked_sub(1)?, digits.parse::<u32>().ok()?.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_says_what_is_hidden_and_what_is_merged() {
        let xml = r#"<worksheet><cols><col min="2" max="3" hidden="1"/><col min="5" max="5" hidden="0"/></cols>
            <sheetData><row r="1"/><x:row spans="1:2" r='4' ht="0" hidden="true"><c r="A4"><v>hidden="1"</v></c></x:row></sheetData>
            <mergeCells count="3"><mergeCell ref="A2:A5"/><x:mergeCell ref="$B$2:C2"/><mergeCell ref="AA10:AB11"/></mergeCells></worksheet>"#;
        let Layout { hidden_rows, hidden_columns, merges } = layout(xml);
        assert_eq!(hidden_rows.into_iter().collect::<Vec<_>>(), [3]);
        assert_eq!(hidden_columns, [(1, 2)]);
        let merge = |rows, columns| Merge { rows, columns };
        assert_eq!(merges, [merge((1, 4), (0, 0)), merge((9, 10), (26, 27))]);
    }
}
