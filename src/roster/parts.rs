//! The parts of a workbook, unpacked within bounds, and which of its sheets is read.
//!
//! What the file says of its own sizes is not believed. Knows no cell.

use std::io::{Cursor, Read as _, Write as _};

use serde::Serialize;
use zip::{CompressionMethod, ZipArchive, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::{
    settings::ReaderSettings,
    unpack::{PackProblem, UnpackBounds},
};

/// Why a workbook cannot be read as a roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "workbook", rename_all = "snake_case")]
pub enum WorkbookProblem {
    /// Nobody reads it without a password.
    #[error("is protected with a password; save it without one")]
    Protected,
    /// Excel's format of before 2007.
    #[error("is an .xls, or another document of its time; save it as .xlsx or as CSV")]
    Old,
    /// Excel's binary format.
    #[error("is an .xlsb; save it as .xlsx or as CSV")]
    Binary,
    /// Apple's format.
    #[error("is a Numbers document; export it as .xlsx or as CSV")]
    Numbers,
    /// An archive of something else.
    #[error("is a zip archive without a workbook; unpack it")]
    NoWorkbook,
    /// It cannot be read.
    #[error("is a damaged workbook: {why}")]
    Damaged {
        /// Why.
        why: String,
    },
    /// It has no sheet of the name that was given.
    #[error("has no sheet `{name}`; it has {}", listed(sheets))]
    NoSheet {
        /// As it was given.
        name: String,
        /// Those that it has.
        sheets: Vec<String>,
    },
    /// It has no sheet that is not hidden.
    #[error(
        "has no sheet that is not hidden; `--sheet` or `roster.sheet` names one: it has {}",
        listed(sheets)
    )]
    AllHidden {
        /// Those that it has.
        sheets: Vec<String>,
    },
    /// It is too large.
    #[error(transparent)]
    #[serde(untagged)]
    Size(PackProblem),
}

fn listed(sheets: &[String]) -> String {
    let named: Vec<String> = sheets.iter().map(|sheet| format!("`{sheet}`")).collect();
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}

pub(super) fn damaged(why: impl ToString) -> WorkbookProblem {
    WorkbookProblem::Damaged { why: why.to_string() }
}

/// Parts that a list does not need, and that may be large.
const UNREAD: [&str; 6] =
    ["xl/media/", "xl/drawings/", "xl/charts/", "xl/pivot", "Pictures/", "Thumbnails/"];

/// More parts than any workbook with a list has.
const MOST_PARTS: usize = 10_000;

/// The parts of a workbook, in an archive of its own in which nothing is packed.
pub(super) struct Parts {
    pub archive: Vec<u8>,
}

impl Parts {
    /// Unpacks until that is too much.
    pub fn unpack(
        packed: &mut ZipArchive<Cursor<&[u8]>>,
        (most, beyond): (u64, PackProblem),
    ) -> Result<Self, WorkbookProblem> {
        if packed.len() > MOST_PARTS {
            return Err(damaged("it has too many parts"));
        }
        let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let mut left = most;
        for at in 0..packed.len() {
            let mut part = match packed.by_index(at) {
                Ok(part) => part,
                Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                    return Err(WorkbookProblem::Protected);
                }
                Err(error) => return Err(damaged(error)),
            };
            let name = part.name().map_err(damaged)?.into_owned();
            if part.is_dir() || UNREAD.iter().any(|unread| name.starts_with(unread)) {
                continue;
            }
            archive.start_file(name, plain).map_err(damaged)?;
            let mut within = part.by_ref().take(left + 1);
            let copied = std::io::copy(&mut within, &mut archive).map_err(damaged)?;
            left = left.checked_sub(copied).ok_or(WorkbookProblem::Size(beyond.clone()))?;
        }
        archive.flush().map_err(damaged)?;
        let archive = archive.finish().map_err(damaged)?.into_inner();
        Ok(Self { archive })
    }

    /// A part as text.
    pub fn text(&self, name: &str) -> Result<String, WorkbookProblem> {
        let mut archive = ZipArchive::new(Cursor::new(&self.archive)).map_err(damaged)?;
        let mut part = archive.by_name(name).map_err(|_| damaged(format!("no `{name}` in it")))?;
        let mut text = String::new();
        part.read_to_string(&mut text).map_err(damaged)?;
        Ok(text)
    }
}

/// The sheet that is read: the one that was named, or the first that is not hidden.
pub(super) fn choose(
    sheets: &[calamine::Sheet],
    settings: &ReaderSettings,
) -> Result<Chosen, WorkbookProblem> {
    let all = || sheets.iter().map(|sheet| sheet.name.clone()).collect();
    let shown = |sheet: &&calamine::Sheet| {
        sheet.visible == calamine::SheetVisible::Visible
            && sheet.typ == calamine::SheetType::WorkSheet
    };
    let visible = sheets.iter().filter(shown).count();
    let found = match &settings.sheet {
        Some(name) => sheets
            .iter()
            .find(|sheet| sheet.name == *name)
            .ok_or_else(|| WorkbookProblem::NoSheet { name: name.clone(), sheets: all() }),
        None => {
            sheets.iter().find(shown).ok_or_else(|| WorkbookProblem::AllHidden { sheets: all() })
        }
    };
    let of = if settings.sheet.is_none() { visible } else { 1 };
    found.map(|sheet| Chosen { name: sheet.name.clone(), of })
}

/// The sheet that is read.
pub(super) struct Chosen {
    pub name: String,
    /// Of how many that could have been meant.
    pub of: usize,
}

/// So many bytes of text may a sheet become.
pub(super) fn most_text(bounds: UnpackBounds) -> Result<usize, WorkbookProblem> {
    usize::try_from(u64::from(bounds.mib) << 20).map_err(damaged)
}
