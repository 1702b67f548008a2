//! A roster that says the same as another one, but for its form, and a few rows more that are right.
//!
//! Owns which repairs are made. A right row keeps its meaning. A row that is wrong is repaired as a whole
//! or left as it is, to be marked: nobody has to tell what is still theirs of a row that was changed in
//! part. What a repair would turn against a right row is not made either. Knows no file.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    sync::Arc,
};

use csv::{ByteRecord, Terminator, WriterBuilder};

use super::{
    header::{Header, PROBLEM},
    meaning::Known,
    name::{PersonRef, ProjectRef},
    naming::read_names,
    near::folded,
    period::{Period, Periods},
    problem::{RowProblem, shown},
    read::{ParsedRoster, read_rows},
    repair::repaired,
    row::{name_cells, read_rest},
    settled::Roster,
    source::{Source, count_lines},
    values::Ours,
};
use crate::model::MembershipSpec;

/// One cell that says the same in another way now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Repair {
    /// The line of its row, before and after.
    pub line: u64,
    /// The column as the file names it, for people.
    pub column: String,
    /// What it said, for people.
    pub before: String,
    /// What it says.
    pub after: String,
    /// Whether the row was wrong before; otherwise it was read as it is written now.
    pub was_wrong: bool,
}

/// A roster, and what can be repaired in it.
#[derive(Debug)]
pub struct Fix {
    original: ParsedRoster,
    rows: BTreeMap<u64, RepairedRow>,
}

#[derive(Debug)]
struct RepairedRow {
    cells: Vec<(usize, String)>,
    repairs: Vec<Repair>,
    was_wrong: bool,
}

/// A repaired roster.
#[derive(Debug)]
pub struct Fixed {
    /// It as it is read.
    pub roster: Roster,
    /// All that was repaired, by line.
    pub repairs: Vec<Repair>,
    source: Arc<Source>,
    header: Header,
}

/// What a row says of itself.
#[derive(Debug, PartialEq)]
struct RowMeaning {
    projects: Vec<ProjectRef>,
    people: Vec<PersonRef>,
    spec: MembershipSpec,
    period: Period,
}

impl Fix {
    /// Finds what can be repaired. `None` where the column that says what cannot is one of the
    /// roster's own, with another meaning.
    #[must_use]
    pub fn new(original: ParsedRoster) -> Option<Self> {
        let ParsedRoster { source, header, .. } = &original;
        let named = |cell: &String| folded(cell) == PROBLEM;
        if header.cells.iter().any(named) && own_mark(header).is_none() {
            return None;
        }
        let mut columns: Vec<(Ours, usize)> = header.ours();
        columns.sort_by_key(|(_, at)| *at);
        let mut rows = BTreeMap::new();
        let mut walk = source.walk();
        walk.advance(); // the header
        while let Some(line) = walk.advance() {
            let is_read = walk.record.len() == header.cells.len();
            if is_read && header.wanted().has(&walk.record) {
                let row = repaired_row((&walk.record, header), &columns, line);
                rows.extend(row.map(|row| (line, row)));
            }
        }
        Some(Self { original, rows })
    }

    /// The roster with all that can be repaired in it.
    ///
    /// # Errors
    /// As reading does; not where the original could be read.
    pub fn repaired(&self) -> Result<ParsedRoster, io::Error> {
        self.without(&BTreeSet::new())
    }

    /// The roster with all that is repaired in it, where this is what its names mean.
    ///
    /// # Errors
    /// As reading does; not where the original could be read.
    pub fn settle(self, known: &Known) -> Result<Fixed, io::Error> {
        let mut left = BTreeSet::new();
        loop {
            let parsed = self.without(&left)?;
            let (source, header) = (Arc::clone(&parsed.source), parsed.header.clone());
            let roster = parsed.settle(known);
            // What stands against others now, and was no row before.
            let lines = roster.problems.iter().map(|problem| problem.line);
            let is_new = |line: &u64| self.rows.get(line).is_some_and(|row| row.was_wrong);
            let before = left.len();
            left.extend(lines.filter(is_new));
            if left.len() == before {
                let rows = self.rows.into_iter().filter(|(line, _)| !left.contains(line));
                let repairs = rows.flat_map(|(_, row)| row.repairs).collect();
                return Ok(Fixed { roster, repairs, source, header });
            }
        }
    }

    /// The roster, but for what would be repaired on these lines.
    fn without(&self, left: &BTreeSet<u64>) -> Result<ParsedRoster, io::Error> {
        let ParsedRoster { path, header, source, day, notes, .. } = &self.original;
        let (mut lines, mut walk) = (Lines::of(source), source.walk());
        while let Some(line) = walk.advance() {
            match self.rows.get(&line).filter(|_| !left.contains(&line)) {
                Some(row) => lines.add(line, &with_cells(&walk.record, &row.cells))?,
                None => lines.add(line, &walk.record)?,
            }
        }
        let source = Arc::new(source.with_body(&lines.text));
        let rows =
            read_rows(&source, header).map_err(|problem| io::Error::other(problem.to_string()))?;
        let (path, header, notes) = (path.clone(), header.clone(), notes.clone());
        Ok(ParsedRoster { path, header, source, rows, day: *day, notes })
    }
}

/// Where the file has a column for what is wrong that nobody reads.
fn own_mark(header: &Header) -> Option<usize> {
    let at = header.cells.iter().position(|cell| folded(cell) == PROBLEM)?;
    let is_read = header.ours().iter().any(|(_, place)| *place == at)
        || header.wanted().columns.iter().any(|(place, _)| *place == at);
    (!is_read).then_some(at)
}

fn repaired_row(
    (record, header): (&ByteRecord, &Header),
    columns: &[(Ours, usize)],
    line: u64,
) -> Option<RepairedRow> {
    let cells: Vec<(usize, String)> = columns
        .iter()
        .filter_map(|(ours, at)| {
            let cell = record.get(*at)?;
            // What the settings have a word for, they read.
            let is_word = header.rewriting.meaning(*at, cell).is_some();
            let text = std::str::from_utf8(cell).ok().filter(|_| !is_word)?;
            Some((*at, repaired(*ours, text)?))
        })
        .collect();
    if cells.is_empty() {
        return None;
    }
    let after = with_cells(record, &cells);
    let (before, meaning) = (meaning(record, header, line), meaning(&after, header, line)?);
    let was_wrong = before.is_none();
    let is_same = before.is_none_or(|before| before == meaning);
    // What chooses rows may be one of these cells.
    let is_chosen = header.wanted().has(&after);
    if !is_same || !is_chosen || !names_the_same((record, &after), header) {
        return None;
    }
    let text = |record: &ByteRecord, at: usize| String::from_utf8_lossy(&record[at]).into_owned();
    let repairs = cells
        .iter()
        .map(|(at, cell)| {
            let (column, before) = (header.label(*at), shown(&text(record, *at)));
            Repair { line, column, before, after: cell.clone(), was_wrong }
        })
        .collect();
    Some(RepairedRow { cells, repairs, was_wrong })
}

fn with_cells(record: &ByteRecord, cells: &[(usize, String)]) -> ByteRecord {
    let cell = |(at, old)| {
        let new = cells.iter().find(|(place, _)| *place == at);
        new.map_or(old, |(_, new)| new.as_bytes())
    };
    record.iter().enumerate().map(cell).collect()
}

/// What a row means; `None` where something is wrong with it.
fn meaning(record: &ByteRecord, header: &Header, line: u64) -> Option<RowMeaning> {
    let record = &*header.in_our_words(record);
    let (project, person) = name_cells(record, header);
    let mut periods = Periods::default();
    let read = read_rest(record, header, line, &mut periods);
    Some(RowMeaning {
        projects: read_names(project, header)?,
        people: read_names(person, header)?,
        spec: read.spec.filter(|_| read.wrong.is_empty())?,
        period: periods.of(line),
    })
}

/// Whether a row is about the same project and person as before, as far as it said so.
fn names_the_same((before, after): (&ByteRecord, &ByteRecord), header: &Header) -> bool {
    let (before, after) = (header.in_our_words(before), header.in_our_words(after));
    let (projects, people) = name_cells(&before, header);
    let (same_projects, same_people) = name_cells(&after, header);
    let is_same_project = read_names::<ProjectRef>(projects, header)
        .is_none_or(|names| Some(names) == read_names(same_projects, header));
    let is_same_person = read_names::<PersonRef>(people, header)
        .is_none_or(|names| Some(names) == read_names(same_people, header));
    is_same_project && is_same_person
}

impl Fixed {
    /// Writes it, with what is still wrong in a column of its own. A right roster gets none.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn write(
        &self,
        words: impl Fn(&[RowProblem]) -> String,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Self { roster, source, header, .. } = self;
        out.write_all(source.preamble().as_bytes())?;
        let own = own_mark(header);
        let problems: BTreeMap<u64, &[RowProblem]> = roster
            .problems
            .chunk_by(|a, b| a.line == b.line)
            .map(|of_line| (of_line[0].line, of_line))
            .collect();
        let mark = |record: &mut ByteRecord, text: &str| match own {
            // Nobody knows what stands where in a row that is too short or too long.
            Some(at) if record.len() == header.cells.len() => {
                *record = with_cells(record, &[(at, text.to_owned())]);
            }
            None if !problems.is_empty() => record.push_field(text.as_bytes()),
            _ => {}
        };
        let (mut lines, mut walk) = (Lines::of(source), source.walk());
        if let Some(line) = walk.advance() {
            let own = own.map_or(PROBLEM, |at| &header.cells[at]);
            mark(&mut walk.record, own);
            lines.add(line, &walk.record)?;
        }
        while let Some(line) = walk.advance() {
            let problem = problems.get(&line).map(|of_line| words(of_line)).unwrap_or_default();
            mark(&mut walk.record, &problem);
            lines.add(line, &walk.record)?;
        }
        out.write_all(&lines.text)
    }

    /// How many rows were repaired that were wrong.
    #[must_use]
    pub fn repaired_rows(&self) -> usize {
        let wrong = self.repairs.iter().filter(|repair| repair.was_wrong);
        wrong.map(|repair| repair.line).collect::<BTreeSet<u64>>().len()
    }
}

/// The text of a roster, record by record, each on the line that it had.
struct Lines {
    text: Vec<u8>,
    /// The line that is written next.
    next: u64,
    end: Terminator,
    delimiter: u8,
    /// A record is a row, a blank one too.
    is_sheet: bool,
}

impl Lines {
    fn of(source: &Source) -> Self {
        let first_line = source.body().split_inclusive(|byte| *byte == b'\n').next();
        let is_crlf = first_line.is_some_and(|line| line.ends_with(b"\r\n"));
        let end = if is_crlf { Terminator::CRLF } else { Terminator::Any(b'\n') };
        let (next, delimiter) = (source.lines_before() + 1, source.delimiter.byte());
        let (text, is_sheet) = (Vec::with_capacity(source.body().len()), source.is_sheet());
        Self { text, next, end, delimiter, is_sheet }
    }

    fn add(&mut self, line: u64, record: &ByteRecord) -> io::Result<()> {
        while self.next < line {
            if self.is_sheet {
                self.text.extend(b"\"\"");
            }
            self.text.extend(if matches!(self.end, Terminator::CRLF) {
                &b"\r\n"[..]
            } else {
                b"\n"
            });
            self.next += 1;
        }
        let from = self.text.len();
        let mut csv = WriterBuilder::new()
            .delimiter(self.delimiter)
            .terminator(self.end)
            .flexible(true)
            .buffer_capacity(1 << 9)
            .from_writer(&mut self.text);
        csv.write_byte_record(record)?;
        csv.flush()?;
        drop(csv);
        self.next += if self.is_sheet { 1 } else { count_lines(&self.text[from..]) };
        Ok(())
    }
}
