//! From a file to a [`Roster`]: opens it (the reader's only I/O), finds file-level damage, reads
//! the rows and settles them against each other.
//!
//! Owns the order of these steps and what a roster keeps: the text, once, from which the original
//! rows are read again for reports. Must not know the plan or what a report looks like.

use std::{
    fs,
    path::{Path, PathBuf},
};

use csv::StringRecord;

use super::{
    Damage, FileProblem, Freezes, ReaderSettings, RosterError, RosterWarning, RowProblem, conflict,
    header::{self, Header, label},
    quote,
    row::{Unusable, read_key, read_row},
    source::{Source, Walk, count_lines},
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
    header: Header,
    source: Source,
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

/// Reads a roster file.
///
/// # Errors
/// When the file cannot be opened or read as a roster, or (strict) has invalid rows.
pub fn read_roster(path: &Path, settings: &ReaderSettings) -> Result<Roster, RosterError> {
    let bytes =
        fs::read(path).map_err(|source| RosterError::Open { path: path.to_owned(), source })?;
    parse_roster(bytes, path, settings)
}

/// Reads a roster from the bytes of a file; the path only names it.
///
/// # Errors
/// As [`read_roster`], but for opening the file.
pub fn parse_roster(
    bytes: Vec<u8>,
    path: &Path,
    settings: &ReaderSettings,
) -> Result<Roster, RosterError> {
    let source = Source::new(bytes, path, settings.delimiter)?;
    let damaged = |problems| RosterError::Damaged { path: path.to_owned(), problems };
    let header = inspect(&source, settings).map_err(damaged)?;
    let mut rows = read_rows(&source, &header).map_err(|problem| damaged(vec![problem]))?;
    let mut warnings = conflict::settle(&mut rows.entries, &header, &mut rows.unusable);
    let Unusable { mut problems, mentions } = rows.unusable;
    problems.sort_by_key(|problem| problem.line);
    warnings.sort_by_key(RosterWarning::line);
    if settings.strict && !problems.is_empty() {
        return Err(RosterError::Invalid { path: path.to_owned(), problems });
    }
    let mut desired = desired_set(rows.entries, &problems, source.partial);
    desired.mentions = mentions;
    Ok(Roster {
        path: path.to_owned(),
        desired,
        problems,
        warnings,
        rows: rows.count,
        blank_lines: rows.blank_lines,
        header,
        source,
    })
}

/// Everything that is wrong with the file as a whole, or its header.
fn inspect(source: &Source, settings: &ReaderSettings) -> Result<Header, Vec<FileProblem>> {
    let quotes = quote::scan(source.body(), source.delimiter.byte());
    let mut walk = source.walk();
    let Some(line) = walk.advance() else {
        let line = source.lines_before() + 1;
        return Err(vec![FileProblem { line, column: None, damage: Damage::Empty }]);
    };
    let cells: Vec<String> =
        walk.record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
    let first_line = source.lines_before() + 1;
    // What a damaged header line seems to say would only be noise.
    let damaged_header = quotes.iter().any(|damage| damage.opened + first_line <= line);
    let names = if damaged_header { Vec::new() } else { cells.clone() };
    let mut problems: Vec<FileProblem> = quotes
        .iter()
        .map(|damage| FileProblem {
            line: damage.line + first_line,
            column: Some(label(&names, damage.cell)),
            damage: if damage.unclosed {
                Damage::UnclosedQuote
            } else {
                Damage::TextAfterQuote { opened: damage.opened + first_line }
            },
        })
        .collect();
    if damaged_header {
        return Err(problems);
    }
    let header = header::read_header(cells, line, settings);
    if quotes.is_empty() && walk.advance().is_none() {
        problems.push(FileProblem { line, column: None, damage: Damage::NoRows });
    }
    match header {
        Ok(header) if problems.is_empty() => Ok(header),
        Ok(_) => Err(problems),
        Err(more) => Err(in_order(more, problems)),
    }
}

/// The header's problems stand before those of later lines.
fn in_order(mut problems: Vec<FileProblem>, more: Vec<FileProblem>) -> Vec<FileProblem> {
    problems.extend(more);
    problems.sort_by_key(|problem| problem.line);
    problems
}

struct Rows {
    entries: Vec<DesiredMembership>,
    unusable: Unusable,
    count: usize,
    blank_lines: usize,
}

fn read_rows(source: &Source, header: &Header) -> Result<Rows, FileProblem> {
    // Room for one entry a line: grown step by step, the list would be there twice at its end.
    // No row is shorter than `1,1,maven`, so that a file of empty lines asks for little.
    let lines = usize::try_from(count_lines(source.body())).unwrap_or(0) + 1;
    let most = lines.min(source.body().len() / 8);
    let entries = Vec::with_capacity(most);
    let mut rows = Rows { entries, unusable: Unusable::default(), count: 0, blank_lines: 0 };
    let mut walk = source.walk();
    let mut before = walk.advance();
    while let Some(line) = walk.advance() {
        // Problems and repeats are told apart by line, so that no two rows may share one.
        if before.replace(line) == Some(line) {
            return Err(FileProblem { line, column: None, damage: Damage::LoneCarriageReturn });
        }
        rows.count += 1;
        rows.entries.extend(read_row(&walk.record, header, line, &mut rows.unusable));
    }
    rows.blank_lines = walk.blank_lines;
    Ok(rows)
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
    /// The header's cells as the file has them.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header.cells
    }

    /// The original rows in the order of the file, read again from the text; blank lines are left out.
    pub fn records(&self) -> impl Iterator<Item = RosterRecord> + '_ {
        let mut walk = self.source.walk();
        walk.advance(); // the header
        std::iter::from_fn(move || self.next_record(&mut walk))
    }

    fn next_record(&self, walk: &mut Walk<'_>) -> Option<RosterRecord> {
        let line = walk.advance()?;
        let cells: StringRecord = walk.record.iter().map(String::from_utf8_lossy).collect();
        let key = read_key(&walk.record, &self.header);
        Some(RosterRecord { line, cells, key, status: self.status(line) })
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
