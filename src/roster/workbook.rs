//! Workbooks: what a file is that is no text.
//!
//! Owns what is refused before anybody reads it: what is protected, or of another format. Knows no cell.

use std::io::Cursor;

use zip::ZipArchive;

use super::{
    ods,
    parts::{Parts, WorkbookProblem, damaged},
    settings::ReaderSettings,
    sheet::SheetText,
    xlsx,
};

/// The sheet of a workbook; none of what is text.
pub(super) fn sheet_of(
    bytes: &[u8],
    settings: &ReaderSettings,
) -> Option<Result<SheetText, WorkbookProblem>> {
    const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    if bytes.starts_with(COMPOUND) {
        let package: Vec<u8> =
            "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let is_protected = memchr::memmem::find(bytes, &package).is_some();
        return Some(Err(match is_protected {
            true => WorkbookProblem::Protected,
            false => WorkbookProblem::Old,
        }));
    }
    let is_zip = bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06");
    is_zip.then(|| of_zip(bytes, settings))
}

fn of_zip(bytes: &[u8], settings: &ReaderSettings) -> Result<SheetText, WorkbookProblem> {
    let mut packed = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let has = |name: &str| packed.index_for_name(name).is_some();
    let read: fn(&mut Parts, &ReaderSettings) -> Result<SheetText, WorkbookProblem> = match () {
        () if has("xl/workbook.xml") => xlsx::read,
        () if has("content.xml") && has("mimetype") => ods::read,
        () if has("xl/workbook.bin") => return Err(WorkbookProblem::Binary),
        () if has("Index/Document.iwa") || has("Index.zip") => {
            return Err(WorkbookProblem::Numbers);
        }
        () => return Err(WorkbookProblem::NoWorkbook),
    };
    let most = settings.bounds.of(bytes.len());
    let mut parts = Parts::unpack(&mut packed, most)?;
    read(&mut parts, settings)
}
