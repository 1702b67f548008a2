//! From a [`ParsedRoster`] and what its names mean to a [`Roster`]: every row is by id, rows are
//! settled against each other, and invalid ones freeze what they must.
//!
//! Owns what a roster keeps: the text, once, from which the original rows are read again for
//! reports. Must not know the plan, what a report looks like, or who was asked for the names.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use csv::StringRecord;

use super::{
    conflict,
    error::RosterError,
    header::Header,
    named::Known,
    problem::{Freezes, RosterWarning, RowProblem},
    read::{ParsedRoster, Rows},
    reading::Unusable,
    row::read_key,
    source::Source,
    write::{RosterRow, Written},
};
use crate::model::{DesiredMembership, DesiredSet, Freeze, MembershipKey, Unnamed};

/// A roster that can be used, invalid rows and all.
#[derive(Debug)]
pub struct Roster {
    /// Where it came from, as problems name it.
    pub path: PathBuf,
    /// What it wants, without the invalid rows.
    pub desired: DesiredSet,
    /// What is wrong with the invalid rows, by line; a row may have several.
    pub problems: Vec<RowProblem>,
    /// What was put right, by line.
    pub warnings: Vec<RosterWarning>,
    /// How many rows there are: invalid and repeated ones included, blank lines and header not.
    pub rows: usize,
    /// How many lines have no cell that is not empty.
    pub blank_lines: usize,
    original: Original,
}

/// What the rows stand in.
#[derive(Debug)]
enum Original {
    /// A file's text, from which they are read again.
    Text {
        header: Box<Header>,
        source: Source,
        /// Who and where the valid rows are about that have it in other words, by line.
        by_name: Vec<(u64, MembershipKey)>,
    },
    /// No file: they were made from values.
    Values { written: Written, keys: Vec<MembershipKey> },
}

/// One original row of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterRecord {
    /// The line where it begins, from 1.
    pub line: u64,
    /// Its cells as the file has them, untrimmed; as many as the row has.
    pub cells: StringRecord,
    /// Who and where, where that can be read.
    pub key: Option<MembershipKey>,
    /// What became of it.
    pub status: RecordStatus,
}

/// What became of a row in reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordStatus {
    /// It is in the desired set.
    Valid,
    /// It has problems.
    Invalid,
    /// It says what this line said before.
    RepeatOf(u64),
}

impl ParsedRoster {
    /// The roster, where this is what its names mean.
    pub(super) fn settle(self, known: &Known) -> Roster {
        let Self { path, header, source, rows } = self;
        let Rows { mut entries, by_name: rows_by_name, mut unusable, count, blank_lines } = rows;
        let mut by_name = Vec::new();
        for row in rows_by_name {
            if let Some(entry) = row.settle(known, &header, &mut unusable) {
                by_name.push((entry.line, entry.key));
                entries.push(entry);
            }
        }
        let mut warnings = conflict::settle(&mut entries, &header, &mut unusable);
        let Unusable { mut problems, mentions } = unusable;
        problems.sort_by_key(|problem| problem.line);
        warnings.sort_by_key(RosterWarning::line);
        let mut desired = desired_set(entries, &problems, source.partial);
        desired.mentions = mentions;
        Roster {
            path,
            desired,
            problems,
            warnings,
            rows: count,
            blank_lines,
            original: Original::Text { header: Box::new(header), source, by_name },
        }
    }
}

fn desired_set(
    entries: Vec<DesiredMembership>,
    problems: &[RowProblem],
    partial: bool,
) -> DesiredSet {
    let mut freeze = Freeze::default();
    for problem in problems {
        let lines = match problem.freezes {
            Freezes::Everything => &mut freeze.everywhere,
            Freezes::Workspace(workspace) => freeze.workspaces.entry(workspace).or_default(),
        };
        if lines.last() != Some(&problem.line) {
            lines.push(problem.line);
        }
    }
    let mut desired = DesiredSet::new(entries);
    desired.workspaces.extend(freeze.workspaces.keys());
    desired.freeze = freeze;
    if partial {
        desired.unnamed = Unnamed::Keep;
    }
    desired
}

impl Roster {
    /// Rows that stand in no file and want nothing; lines are counted as if the path named one.
    #[must_use]
    pub fn of_rows(path: &Path, rows: &[RosterRow], names: &BTreeMap<String, String>) -> Self {
        Self {
            path: path.to_owned(),
            desired: DesiredSet::default(),
            problems: Vec::new(),
            warnings: Vec::new(),
            rows: rows.len(),
            blank_lines: 0,
            original: Original::Values {
                written: Written::new(rows, names),
                keys: rows.iter().map(|row| row.key).collect(),
            },
        }
    }

    /// Makes sure that every row can be used: what a strict run asks for.
    ///
    /// # Errors
    /// When one cannot.
    pub fn demand_valid_rows(&self) -> Result<(), RosterError> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(RosterError::Invalid { path: self.path.clone(), problems: self.problems.clone() })
    }

    /// The header's cells as the file has them.
    #[must_use]
    pub fn header(&self) -> &[String] {
        match &self.original {
            Original::Text { header, .. } => &header.cells,
            Original::Values { written, .. } => &written.header,
        }
    }

    /// The original rows in the order of the file, read again from the text; blank lines are left out.
    pub fn records(&self) -> Box<dyn Iterator<Item = RosterRecord> + '_> {
        match &self.original {
            Original::Text { header, source, by_name } => {
                let mut walk = source.walk();
                walk.advance(); // the header
                Box::new(std::iter::from_fn(move || {
                    let line = walk.advance()?;
                    let named = || key_by_name(by_name, line);
                    let key = read_key(&walk.record, header).or_else(named);
                    let cells = walk.record.iter().map(String::from_utf8_lossy).collect();
                    Some(RosterRecord { line, cells, key, status: self.status(line) })
                }))
            }
            Original::Values { written, keys } => {
                let rows = (2..).zip(&written.rows).zip(keys);
                Box::new(rows.map(|((line, cells), key)| RosterRecord {
                    line,
                    cells: cells.iter().collect(),
                    key: Some(*key),
                    status: RecordStatus::Valid,
                }))
            }
        }
    }

    fn status(&self, line: u64) -> RecordStatus {
        if self.problems.binary_search_by_key(&line, |problem| problem.line).is_ok() {
            return RecordStatus::Invalid;
        }
        match self.warnings.binary_search_by_key(&line, RosterWarning::line) {
            Ok(at) => {
                let RosterWarning::Repeated { first, .. } = self.warnings[at];
                RecordStatus::RepeatOf(first)
            }
            Err(_) => RecordStatus::Valid,
        }
    }

    /// Every row problem as `file:line: column: …`.
    pub fn messages(&self) -> impl Iterator<Item = String> + '_ {
        self.problems.iter().map(|problem| format!("{}:{problem}", self.path.display()))
    }

    /// How many rows are invalid.
    #[must_use]
    pub fn invalid_rows(&self) -> usize {
        self.problems.chunk_by(|a, b| a.line == b.line).count()
    }
}

fn key_by_name(keys: &[(u64, MembershipKey)], line: u64) -> Option<MembershipKey> {
    let at = keys.binary_search_by_key(&line, |(line, _)| *line).ok()?;
    Some(keys[at].1)
}
