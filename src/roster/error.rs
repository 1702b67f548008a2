//! Why a roster cannot be used at all. Owns the error of the reader; which exit code it becomes
//! is the caller's business.

use std::{io, path::PathBuf};

use super::{
    FileProblem, RowProblem, encoding::EncodingProblem, parts::WorkbookProblem, unpack::PackProblem,
};

/// A roster that cannot be used: nothing is planned from it.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The file could not be read.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The bytes of the file are no text in its encoding.
    #[error("`{}` {problem}", path.display())]
    Decode {
        /// Which file.
        path: PathBuf,
        /// Why not.
        problem: EncodingProblem,
    },
    /// The file is packed and cannot be unpacked.
    #[error("`{}` {problem}", path.display())]
    Packed {
        /// Which file.
        path: PathBuf,
        /// Why not.
        problem: PackProblem,
    },
    /// The file is a workbook that cannot be read.
    #[error("`{}` {problem}", path.display())]
    Workbook {
        /// Which file.
        path: PathBuf,
        /// Why not.
        problem: WorkbookProblem,
    },
    /// The file as a whole is damaged; these are all its file-level problems.
    #[error("`{}` cannot be read as a roster ({})", path.display(), count(problems.len()))]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// By line.
        problems: Vec<FileProblem>,
    },
    /// Strict, and there are invalid rows.
    #[error("`{}` has invalid rows ({}); strict reading takes none", path.display(), count(problems.len()))]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// By line.
        problems: Vec<RowProblem>,
    },
}

fn count(problems: usize) -> String {
    match problems {
        1 => "1 problem".to_owned(),
        more => format!("{more} problems"),
    }
}

impl RosterError {
    /// Whether one of its problems has a line for the configuration.
    #[must_use]
    pub fn has_lines_to_paste(&self) -> bool {
        match self {
            Self::Open { .. }
            | Self::Decode { .. }
            | Self::Packed { .. }
            | Self::Workbook { .. } => false,
            Self::Damaged { problems, .. } => problems.iter().any(FileProblem::has_line_to_paste),
            Self::Invalid { problems, .. } => problems.iter().any(RowProblem::has_line_to_paste),
        }
    }

    /// Every single problem as `file:line: column: …`; empty where the error itself says it all.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        match self {
            Self::Open { .. }
            | Self::Decode { .. }
            | Self::Packed { .. }
            | Self::Workbook { .. } => Vec::new(),
            Self::Damaged { path, problems } => {
                problems.iter().map(|problem| format!("{}:{problem}", path.display())).collect()
            }
            Self::Invalid { path, problems } => {
                problems.iter().map(|problem| format!("{}:{problem}", path.display())).collect()
            }
        }
    }
}
