//! From the bytes of a file to the CSV text that rows are read from, whatever it comes in.
//!
//! Owns the order: unpacked, then decoded. Knows no rows.

use std::path::Path;

use super::{
    encoding::{decode, decode_own},
    error::RosterError,
    settings::ReaderSettings,
    source::is_marked,
    unpack::unpack,
};

/// The text of a roster.
pub(super) fn text_of(
    bytes: Vec<u8>,
    path: &Path,
    settings: &ReaderSettings,
) -> Result<String, RosterError> {
    let bytes = unpacked(bytes, path, settings)?;
    let decoded = match is_marked(&bytes) {
        true => decode_own(bytes, settings.encoding),
        false => decode(bytes, settings.encoding),
    };
    decoded.map_err(|problem| RosterError::Decode { path: path.to_owned(), problem })
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
