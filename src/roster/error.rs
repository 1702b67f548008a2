//! Why a roster cannot be used at all. Owns the error of the reader; which exit code it becomes
//! is the caller's business.

use std::{fmt, io, path::PathBuf};

use crate::chain::chain;

use super::{
    FileProblem, RowProblem, encoding::EncodingProblem, parts::WorkbookProblem, source::Source,
    unpack::PackProblem,
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
    /// Rosters that are to be one are not of one kind.
    #[error(
        "`{}` is {}, and `{}` is {}: rosters that are read together are all whole, or all marked in the same way",
        first.0.display(), first.1, other.0.display(), other.1
    )]
    Mixed {
        /// One of them.
        first: (PathBuf, Kind),
        /// One of another kind.
        other: (PathBuf, Kind),
    },
    /// Several of the rosters that are to be one cannot be used.
    #[error("{} of the rosters cannot be used", errors.len())]
    Several {
        /// Why, each.
        errors: Vec<RosterError>,
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
    #[error("`{}` has invalid rows ({}); strict reading takes none", path.display(), count(messages.len()))]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// By line.
        problems: Vec<RowProblem>,
        /// In words, each with its place.
        messages: Vec<String>,
    },
}

/// How whole a roster says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whoever is not in it is not wanted.
    Whole,
    /// Who is not in it may be wanted.
    Partial,
    /// The same, but for those whose end it states.
    Patch,
}

impl Kind {
    pub(super) const fn of(source: &Source) -> Self {
        match (source.patch, source.partial) {
            (true, _) => Self::Patch,
            (false, true) => Self::Partial,
            (false, false) => Self::Whole,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "a whole roster",
            Self::Partial => "a partial roster",
            Self::Patch => "a patch roster",
        })
    }
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
            | Self::Workbook { .. }
            | Self::Mixed { .. } => false,
            Self::Several { errors } => errors.iter().any(Self::has_lines_to_paste),
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
            | Self::Workbook { .. }
            | Self::Mixed { .. } => Vec::new(),
            Self::Several { errors } => {
                let of_each = |error: &Self| [vec![chain(error)], error.messages()].concat();
                errors.iter().flat_map(of_each).collect()
            }
            Self::Damaged { path, problems } => {
                problems.iter().map(|problem| format!("{}:{problem}", path.display())).collect()
            }
            Self::Invalid { messages, .. } => messages.clone(),
        }
    }
}
