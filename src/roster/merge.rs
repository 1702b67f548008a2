//! Several rosters as one: each is read by itself, and their rows stand under one header.
//!
//! Owns which columns are the same, and that lines keep their numbers. Rosters that do not all say how whole
//! they are in the same way are none together: one that is whole would delete whom another only adds to.

use std::path::PathBuf;

use csv::ByteRecord;

use super::{
    error::{Kind, RosterError},
    header::Header,
    near::folded,
    note::RosterNote,
    read::ParsedRoster,
    settings::ReaderSettings,
    source::{PARTIAL_MARKER, PATCH_MARKER, Source},
    values::Ours,
};
use crate::model::line_of_file;

impl ParsedRoster {
    /// Reads rosters that are one together.
    ///
    /// # Errors
    /// What is wrong with each of them; and where they are not of one kind.
    pub fn read_all(paths: &[PathBuf], settings: &ReaderSettings) -> Result<Self, RosterError> {
        let (mut parsed, mut errors) = (Vec::new(), Vec::new());
        for path in paths {
            match Self::read(path, settings) {
                Ok(one) => parsed.push(one),
                Err(error) => errors.push(error),
            }
        }
        match (errors.len(), parsed.len()) {
            (0, 1) => Ok(parsed.remove(0)),
            (0, _) => merge(&parsed, settings),
            (1, _) => Err(errors.remove(0)),
            _ => Err(RosterError::Several { errors }),
        }
    }
}

fn merge(parsed: &[ParsedRoster], settings: &ReaderSettings) -> Result<ParsedRoster, RosterError> {
    let kind = |one: &ParsedRoster| Kind::of(&one.source);
    let first = &parsed[0];
    if let Some(other) = parsed.iter().find(|one| kind(one) != kind(first)) {
        let named = |one: &ParsedRoster| (one.path.clone(), kind(one));
        return Err(RosterError::Mixed { first: named(first), other: named(other) });
    }
    let names: Vec<String> = parsed.iter().map(|one| one.path.display().to_string()).collect();
    let source = together(parsed, names.clone());
    let all = PathBuf::from(names.join(", "));
    let mut merged = ParsedRoster::of_source(source, Vec::new(), &all, settings)?;
    merged.rows.blank_lines = parsed.iter().map(|one| one.rows.blank_lines).sum();
    for one in parsed {
        let named = |note: &RosterNote| RosterNote::OfFile {
            file: one.path.display().to_string(),
            note: Box::new(note.clone()),
        };
        merged.notes.extend(one.notes.iter().map(named));
    }
    Ok(merged)
}

/// All rows under one header.
fn together(parsed: &[ParsedRoster], names: Vec<String>) -> Source {
    let union = Union::of(parsed.iter().map(|one| &one.header));
    let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let mut lines = Vec::new();
    let mut add = |record: &ByteRecord, line| {
        csv.write_byte_record(record).expect("memory takes every record");
        lines.push(line);
    };
    add(&union.cells.iter().map(String::as_bytes).collect(), 1);
    for (file, one) in parsed.iter().enumerate() {
        let columns = union.columns(&one.header);
        let mut walk = one.source.walk();
        walk.advance(); // the header
        while let Some(line) = walk.advance() {
            let is_shifted = walk.record.len() != one.header.cells.len();
            let record = match is_shifted {
                true => union.shifted(&walk.record),
                false => union.record(&walk.record, &columns, &one.header),
            };
            add(&record, line_of_file(file, line));
        }
    }
    let body = csv.into_inner().expect("memory takes every record");
    let marker = match Kind::of(&parsed[0].source) {
        Kind::Whole => String::new(),
        Kind::Partial => format!("{PARTIAL_MARKER}\n"),
        Kind::Patch => format!("{PATCH_MARKER}\n"),
    };
    Source::of_files(marker + &String::from_utf8_lossy(&body), lines, names)
}

/// The columns of all of them.
struct Union {
    cells: Vec<String>,
    meanings: Vec<Option<Ours>>,
}

impl Union {
    fn of<'h>(headers: impl Iterator<Item = &'h Header> + Clone) -> Self {
        let mut union = Self { cells: Vec::new(), meanings: Vec::new() };
        for header in headers.clone() {
            let mut taken = Vec::new();
            for (cell, meaning) in header.cells.iter().zip(meanings(header)) {
                let at = union.find(cell, meaning, &taken).unwrap_or_else(|| {
                    union.cells.push(cell.clone());
                    union.meanings.push(meaning);
                    union.cells.len() - 1
                });
                taken.push(at);
            }
        }
        // What is the same in all rows of one file is not in those of another that has the column.
        for (ours, _) in headers.clone().flat_map(defaults) {
            let is_of_all =
                headers.clone().all(|header| defaults(header).any(|(other, _)| other == ours));
            if !is_of_all && !union.meanings.contains(&Some(ours)) {
                union.cells.push(ours.name().to_owned());
                union.meanings.push(Some(ours));
            }
        }
        union
    }

    fn find(&self, cell: &str, meaning: Option<Ours>, taken: &[usize]) -> Option<usize> {
        let mut places = (0..self.cells.len()).filter(|at| !taken.contains(at));
        places.find(|at| match meaning {
            Some(_) => self.meanings[*at] == meaning,
            None => self.meanings[*at].is_none() && folded(&self.cells[*at]) == folded(cell),
        })
    }

    /// Where the columns of a file stand.
    fn columns(&self, header: &Header) -> Vec<usize> {
        let mut taken = Vec::new();
        for (cell, meaning) in header.cells.iter().zip(meanings(header)) {
            taken.extend(self.find(cell, meaning, &taken));
        }
        taken
    }

    fn record(&self, record: &ByteRecord, columns: &[usize], header: &Header) -> ByteRecord {
        let mut cells: Vec<&[u8]> = vec![b""; self.cells.len()];
        for (ours, value) in defaults(header) {
            if let Some(at) = self.meanings.iter().position(|other| *other == Some(ours)) {
                cells[at] = value.as_bytes();
            }
        }
        for (cell, at) in record.iter().zip(columns) {
            cells[*at] = cell;
        }
        cells.into_iter().collect()
    }

    /// A row with too few or too many cells stays one.
    fn shifted(&self, record: &ByteRecord) -> ByteRecord {
        let mut shifted = record.clone();
        if shifted.len() == self.cells.len() {
            shifted.push_field(b"");
        }
        shifted
    }
}

/// What each column of a file means.
fn meanings(header: &Header) -> impl Iterator<Item = Option<Ours>> + '_ {
    let ours = header.ours();
    let meaning = move |at| Some(ours.iter().find(|(_, place)| *place == at)?.0);
    (0..header.cells.len()).map(meaning)
}

/// What is the same in all rows of a file.
fn defaults(header: &Header) -> impl Iterator<Item = (Ours, &str)> {
    let width = header.cells.len();
    header.ours().into_iter().filter_map(move |(ours, at)| {
        Some((ours, header.rewriting.defaults.get(at.checked_sub(width)?)?.as_str()))
    })
}
