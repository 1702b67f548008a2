//! From the bytes of a file to the CSV text that rows are read from, whatever it comes in.
//!
//! Owns the order: unpacked; then a sheet of a workbook, or decoded. Knows no rows.

use std::path::Path;

use super::{
    encoding::{decode, decode_own},
    error::RosterError,
    note::RosterNote,
    settings::ReaderSettings,
    sheet::SheetText,
    source::{Source, is_marked},
    unpack::unpack,
    workbook::sheet_of,
};

/// The text of a roster, and what is to be known of where it stands.
pub(super) fn source_of(
    bytes: Vec<u8>,
    path: &Path,
    settings: &ReaderSettings,
) -> Result<(Source, Vec<RosterNote>), RosterError> {
    let bytes = unpacked(bytes, path, settings)?;
    if let Some(SheetText { text, notes }) = sheet(&bytes, path, settings)? {
        return Ok((Source::of_sheet(text), notes));
    }
    let decoded = match is_marked(&bytes) {
        true => decode_own(bytes, settings.encoding),
        false => decode(bytes, settings.encoding),
    };
    let text = decoded.map_err(|problem| RosterError::Decode { path: path.to_owned(), problem })?;
    Ok((Source::new(text, settings.delimiter), Vec::new()))
}

fn sheet(
    bytes: &[u8],
    path: &Path,
    settings: &ReaderSettings,
) -> Result<Option<SheetText>, RosterError> {
    let sheet = sheet_of(bytes, settings).transpose();
    sheet.map_err(|problem| RosterError::Workbook { path: path.to_owned(), problem })
}

/// The text of a file that this tool wrote, and a person may have saved in their own way; the path only
/// names it.
///
/// # Errors
/// When it is no text.
pub fn own_text(
    bytes: Vec<u8>,
    path: &Path,
    settings: &ReaderSettings,
) -> Result<String, RosterError> {
    let bytes = unpacked(bytes, path, settings)?;
    if let Some(SheetText { text, .. }) = sheet(&bytes, path, settings)? {
        return Ok(text);
    }
    decode_own(bytes, settings.encoding)
        .map_err(|problem| RosterError::Decode { path: path.to_owned(), problem })
}

fn unpacked(
    bytes: Vec<u8>,
    path: &Path,
    settings: &ReaderSettings,
) -> Result<Vec<u8>, RosterError> {
    unpack(bytes, settings.bounds)
        .map_err(|problem| RosterError::Packed { path: path.to_owned(), problem })
}
