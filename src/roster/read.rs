//! From a file to a [`ParsedRoster`]: finds file-level damage, and reads the rows one by one.
//!
//! What rows mean together, and whom their names mean, is not known here. Must not know the plan.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use csv::ByteRecord;

use super::{
    container::source_of,
    damage::{Damage, FileProblem},
    error::RosterError,
    header::{self, Header, label},
    input::{read_whole, shown_path},
    meaning::Known,
    name::{NameColumn, PersonRef, ProjectRef},
    naming::Namings,
    note::RosterNote,
    period::{Day, Periods},
    quote::{self, QuoteDamage},
    reading::{Reading, Unusable},
    row::{is_shifted, name_cells, read_rest, read_row},
    settings::ReaderSettings,
    source::{Source, count_lines},
};
use crate::model::{DesiredMembership, MembershipSpec, UserId, WorkspaceId};

/// A roster whose rows may still name people and projects in their own words.
#[derive(Debug)]
pub struct ParsedRoster {
    pub(super) path: PathBuf,
    pub(super) header: Header,
    pub(super) source: Arc<Source>,
    pub(super) rows: Rows,
    pub(super) day: Day,
    /// What is to be known of where it stands.
    pub(super) notes: Vec<RosterNote>,
}

impl ParsedRoster {
    /// Reads a roster file.
    ///
    /// # Errors
    /// When the file cannot be opened or read as a roster.
    pub fn read(path: &Path, settings: &ReaderSettings) -> Result<Self, RosterError> {
        let name = shown_path(path);
        match read_whole(path) {
            Ok(bytes) => Self::parse(bytes, &name, settings),
            Err(source) => Err(RosterError::Open { path: name, source }),
        }
    }

    /// Reads a roster from the bytes of a file; the path only names it.
    ///
    /// # Errors
    /// As [`ParsedRoster::read`], but for opening the file.
    pub fn parse(
        bytes: Vec<u8>,
        path: &Path,
        settings: &ReaderSettings,
    ) -> Result<Self, RosterError> {
        let (source, notes) = source_of(bytes, path, settings)?;
        Self::of_source(source, notes, path, settings)
    }

    pub(super) fn of_source(
        source: Source,
        notes: Vec<RosterNote>,
        path: &Path,
        settings: &ReaderSettings,
    ) -> Result<Self, RosterError> {
        let damaged = |problems| RosterError::Damaged { path: path.to_owned(), problems };
        let header = inspect(&source, settings).map_err(damaged)?;
        let rows = read_rows(&source, &header).map_err(|problem| damaged(vec![problem]))?;
        let (source, day) = (Arc::new(source), settings.day);
        Ok(Self { path: path.to_owned(), header, source, rows, day, notes })
    }

    /// Each name that has to be looked up, once.
    #[must_use]
    pub fn names(&self) -> Names {
        self.rows.names.to_look_up()
    }

    /// What its names would mean if each spelling meant something of its own: enough to hold rows
    /// against each other where nobody can be asked.
    #[must_use]
    pub fn as_spelled(&self) -> Known {
        let RosterNames { projects, people } = &self.rows.names;
        Known {
            people: people.distinct(UserId::new),
            projects: projects.distinct(WorkspaceId::new),
        }
    }
}

/// Everything that is wrong with the file as a whole, or its header.
fn inspect(source: &Source, settings: &ReaderSettings) -> Result<Header, Vec<FileProblem>> {
    if let Some(line) = source.bad_separator {
        return Err(vec![FileProblem { line, column: None, damage: Damage::Separator }]);
    }
    let quotes = match source.is_sheet() {
        true => Vec::new(),
        false => quote::scan(source.body(), source.delimiter.byte()),
    };
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
    let mut problems = of_quotes(&quotes, &names, first_line);
    if damaged_header {
        return Err(problems);
    }
    let mut header = header::read_header(cells, line, settings);
    if let Ok(header) = &mut header {
        header.is_sheet = source.is_sheet();
    }
    if quotes.is_empty() && walk.advance().is_none() {
        problems.push(FileProblem { line, column: None, damage: Damage::NoRows });
    }
    match header {
        Ok(header) if problems.is_empty() => Ok(header),
        Ok(_) => Err(problems),
        Err(more) => Err(in_order(more, problems)),
    }
}

fn of_quotes(quotes: &[QuoteDamage], names: &[String], first_line: u64) -> Vec<FileProblem> {
    let problem = |damage: &QuoteDamage| FileProblem {
        line: damage.line + first_line,
        column: Some(label(names, damage.cell)),
        damage: match damage.unclosed {
            true => Damage::UnclosedQuote,
            false => Damage::TextAfterQuote { opened: damage.opened + first_line },
        },
    };
    quotes.iter().map(problem).collect()
}

/// The header's problems stand before those of later lines.
fn in_order(mut problems: Vec<FileProblem>, more: Vec<FileProblem>) -> Vec<FileProblem> {
    problems.extend(more);
    problems.sort_by_key(|problem| problem.line);
    problems
}

/// The rows one by one: nothing is known yet of what they mean together.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Those that name by ids alone, which is all that most rosters have.
    pub entries: Vec<DesiredMembership>,
    /// What is wanted by those of a file with columns of names.
    pub by_name: Vec<NamedRow>,
    /// Those of such a file in which something else is wrong.
    pub damaged: Vec<DamagedRow>,
    /// People whom rows with shifted cells may be about, by their place among the names.
    pub shifted: Vec<usize>,
    pub names: RosterNames,
    /// From when to when those hold that say so.
    pub periods: Periods,
    pub unusable: Unusable,
    pub count: usize,
    pub blank_lines: usize,
    /// Rows that the settings do not choose.
    pub not_chosen: usize,
}

/// What a row wants of a project and a person who may still have to be looked up, each by its place
/// among the names. As large as what it becomes, so that a million of them become it where they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamedRow {
    pub project: usize,
    pub person: usize,
    pub spec: MembershipSpec,
    pub line: u64,
}

/// A row with something wrong in it that is no name.
#[derive(Debug)]
pub(super) struct DamagedRow {
    pub project: usize,
    pub person: usize,
    pub read: Reading,
}

/// Names that have to be looked up, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Of people.
    pub people: BTreeSet<PersonRef>,
    /// Of projects.
    pub projects: BTreeSet<ProjectRef>,
}

impl Names {
    /// Whether nobody has to be asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.projects.is_empty()
    }
}

/// All that the rows of a roster say of projects and people, each spelling once.
#[derive(Debug, Clone, Default)]
pub(super) struct RosterNames {
    pub projects: Namings<ProjectRef>,
    pub people: Namings<PersonRef>,
}

impl RosterNames {
    pub fn to_look_up(&self) -> Names {
        Names { people: self.people.to_look_up(), projects: self.projects.to_look_up() }
    }
}

pub(super) fn read_rows(source: &Source, header: &Header) -> Result<Rows, FileProblem> {
    let mut rows = Rows::with_room(source, header);
    let mut walk = source.walk();
    let mut before = walk.advance();
    let header_line = before.unwrap_or(1);
    let (has_names, wanted) = (header.has_names(), header.wanted());
    let takes_all = wanted.columns.is_empty();
    while let Some(line) = walk.advance_where(|record| takes_all || wanted.has(record)) {
        // Problems and repeats are told apart by line, so that no two rows may share one.
        if before.replace(line) == Some(line) {
            return Err(FileProblem { line, column: None, damage: Damage::LoneCarriageReturn });
        }
        rows.count += 1;
        if is_shifted(&walk.record, header, line, &mut rows.unusable) {
            rows.note_shifted(&walk.record, header);
            continue;
        }
        let record = &*header.in_our_words(&walk.record);
        if has_names {
            rows.read_by_name(record, header, line);
        } else {
            let (unusable, periods) = (&mut rows.unusable, &mut rows.periods);
            rows.entries.extend(read_row(record, header, line, unusable, periods));
        }
    }
    rows.blank_lines = walk.blank_lines;
    rows.not_chosen = walk.passed_over;
    if rows.count == 0 {
        let damage = Damage::NoRowMatches { rows: rows.not_chosen };
        return Err(FileProblem { line: header_line, column: None, damage });
    }
    Ok(rows)
}

impl Rows {
    /// None yet, with room for one a line: grown step by step, the list would be there twice at its end.
    fn with_room(source: &Source, header: &Header) -> Self {
        // No row is shorter than `1,1,maven`, so that a file of empty lines asks for little.
        let lines = usize::try_from(count_lines(source.body())).unwrap_or(0) + 1;
        let most = lines.min(source.body().len() / 8);
        let mut rows = Self::default();
        if header.has_names() {
            rows.by_name.reserve_exact(most);
        } else {
            rows.entries.reserve_exact(most);
        }
        rows
    }

    /// What is to be known of the file as a whole.
    pub fn notes(&self) -> Vec<RosterNote> {
        let of = self.count + self.not_chosen;
        let not_chosen = RosterNote::NotChosen { rows: self.not_chosen, of };
        (of > self.count).then_some(not_chosen).into_iter().collect()
    }

    fn read_by_name(&mut self, record: &ByteRecord, header: &Header, line: u64) {
        let (project, person) = name_cells(record, header);
        let project = self.names.projects.place(project, header);
        let person = self.names.people.place(person, header);
        let read = read_rest(record, header, line, &mut self.periods);
        match read.spec.filter(|_| read.wrong.is_empty()) {
            Some(spec) => self.by_name.push(NamedRow { project, person, spec, line }),
            None => self.damaged.push(DamagedRow { project, person, read }),
        }
    }

    /// Any of the cells may be the address of somebody.
    fn note_shifted(&mut self, record: &ByteRecord, header: &Header) {
        if header.place_of_names(NameColumn::Email).is_none() {
            return;
        }
        for cell in record.iter().filter(|cell| cell.contains(&b'@')) {
            let people = &mut self.names.people;
            self.shifted.push(people.place([b"", cell.trim_ascii(), b""], header));
        }
    }
}
