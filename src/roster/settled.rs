//! From a [`ParsedRoster`] and what its names mean to a [`Roster`]: every row is by id, rows are
//! settled against each other, and invalid ones freeze what they must.
//!
//! Owns what a roster keeps: the text, once, from which the original rows are read again for
//! reports. Must not know the plan, what a report looks like, or who was asked for the names.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use csv::StringRecord;

use super::{
    conflict,
    desire::desired_set,
    error::RosterError,
    header::Header,
    meaning::Known,
    naming::Resolved,
    note::RosterNote,
    period::Day,
    problem::{RosterWarning, RowProblem},
    read::{DamagedRow, NamedRow, Names, ParsedRoster, RosterNames, Rows, read_rows},
    reading::{Reading, Unusable},
    row::{name_cells, read_key},
    source::Source,
    uses::ColumnUse,
    write::{RosterRow, Written},
};
use crate::model::{
    DesiredMembership, DesiredSet, MembershipKey, Mention, NotNow, UserId, WorkspaceId,
    file_and_line,
};

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
    /// The day that its dates were held against.
    day: Day,
    /// What is to be known of it as a whole.
    pub notes: Vec<RosterNote>,
    original: Original,
}

/// What the rows stand in.
#[derive(Debug)]
enum Original {
    /// A file's text, from which they are read again.
    Text {
        header: Box<Header>,
        source: Arc<Source>,
        /// What the names of the rows mean.
        names: Box<SettledNames>,
    },
    /// No file: they were made from values.
    Values { written: Written, keys: Vec<MembershipKey> },
}

/// The names of a roster, and what each means.
#[derive(Debug, Default)]
struct SettledNames {
    names: RosterNames,
    projects: Vec<Resolved<WorkspaceId>>,
    people: Vec<Resolved<UserId>>,
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
    /// It does not hold on the day, and neither does another row of the person.
    NotNow(NotNow),
    /// On the day, another line says what becomes of the person.
    OtherPeriod(u64),
}

impl ParsedRoster {
    /// The roster, where this is what its names mean.
    #[must_use]
    pub fn settle(self, known: &Known) -> Roster {
        let Self { path, header, source, rows, day, mut notes } = self;
        notes.extend(rows.notes());
        let Rows { entries, by_name, damaged, shifted, names, periods, mut unusable, .. } = rows;
        let Rows { count, blank_lines, .. } = rows;
        let settled = SettledNames {
            projects: names.projects.resolve(&known.projects, &header),
            people: names.people.resolve(&known.people, &header),
            names,
        };
        let mut entries = settled.entries(entries, by_name, &mut unusable);
        settled.note(damaged, &shifted, &mut unusable);
        let mut warnings = conflict::settle(&mut entries, (&header, &periods), &mut unusable);
        let Unusable { mut problems, mentions } = unusable;
        problems.iter_mut().for_each(|problem| problem.name_file(source.files()));
        problems.sort_by_key(|problem| problem.line);
        warnings.sort_by_key(RosterWarning::line);
        let dates = header.has_dates() || day.previewed;
        let dates = dates.then(|| periods.ahead(&entries, day));
        let not_now = periods.take_not_now(&mut entries, day.date);
        let mut desired = desired_set(entries, &problems, &source).naming(not_now);
        (desired.mentions, desired.dates) = (mentions, dates);
        let (header, names) = (Box::new(header), Box::new(settled));
        Roster {
            path,
            desired,
            problems,
            warnings,
            rows: count,
            blank_lines,
            day,
            notes,
            original: Original::Text { header, source, names },
        }
    }
}

impl SettledNames {
    /// What all sound rows want: those by id, and those whose names mean something.
    fn entries(
        &self,
        mut by_id: Vec<DesiredMembership>,
        by_name: Vec<NamedRow>,
        unusable: &mut Unusable,
    ) -> Vec<DesiredMembership> {
        let settled = by_name.into_iter().filter_map(|row| self.entry(row, unusable)).collect();
        if by_id.is_empty() {
            return settled;
        }
        by_id.extend(settled);
        by_id
    }

    fn entry(&self, row: NamedRow, unusable: &mut Unusable) -> Option<DesiredMembership> {
        let NamedRow { project, person, spec, line } = row;
        if let (Some(workspace), Some(user)) = (self.projects[project].id, self.people[person].id) {
            return Some(DesiredMembership { key: MembershipKey { workspace, user }, spec, line });
        }
        self.refuse(
            project,
            person,
            Reading { line, spec: Some(spec), wrong: Vec::new() },
            unusable,
        );
        None
    }

    #[cold]
    fn refuse(&self, project: usize, person: usize, mut read: Reading, unusable: &mut Unusable) {
        let (project, person) = (&self.projects[project], &self.people[person]);
        read.wrong.splice(0..0, project.wrong.iter().chain(&person.wrong).cloned());
        let wanted = read.settle(project.id, person.id, unusable);
        debug_assert!(wanted.is_none(), "a row without names that mean something is none");
    }

    /// Rows that ask for nothing, and whom rows with shifted cells may be about.
    fn note(&self, damaged: Vec<DamagedRow>, shifted: &[usize], unusable: &mut Unusable) {
        for DamagedRow { project, person, read } in damaged {
            self.refuse(project, person, read, unusable);
        }
        let people = shifted.iter().filter_map(|place| self.people[*place].id);
        unusable.mentions.extend(people.map(Mention::Anywhere));
    }

    /// Who and where the names of a row that was read mean.
    fn key(&self, record: &csv::ByteRecord, header: &Header) -> Option<MembershipKey> {
        let (project, person) = name_cells(record, header);
        let workspace = self.projects[self.names.projects.find(project)?].id?;
        let user = self.people[self.names.people.find(person)?].id?;
        Some(MembershipKey { workspace, user })
    }
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
            day: Day::default(),
            notes: Vec::new(),
            original: Original::Values {
                written: Written::new(rows, names, None),
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
        let (path, problems) = (self.path.clone(), self.problems.clone());
        Err(RosterError::Invalid { path, problems, messages: self.messages().collect() })
    }

    /// Each name of its rows that had to be looked up, once.
    #[must_use]
    pub fn names(&self) -> Names {
        match &self.original {
            Original::Text { names, .. } => names.names.to_look_up(),
            Original::Values { .. } => Names::default(),
        }
    }

    /// The names on whose word these projects are changed: those of the people in their rows, and of
    /// every project, for a row that means another one so far may be about one of these.
    #[must_use]
    pub fn names_behind(&self, workspaces: &BTreeSet<WorkspaceId>) -> Names {
        let Original::Text { header, source, names } = &self.original else {
            return Names::default();
        };
        if !header.has_names() || workspaces.is_empty() {
            return Names::default();
        }
        let mut people = BTreeSet::new();
        let mut walk = source.walk();
        walk.advance(); // the header
        while walk.advance_where(|record| header.wanted().has(record)).is_some() {
            let record = header.in_our_words(&walk.record);
            let (project, person) = name_cells(&record, header);
            let Some(project) = names.names.projects.find(project) else { continue };
            if names.projects[project].id.is_some_and(|id| workspaces.contains(&id)) {
                people.extend(names.names.people.find(person));
            }
        }
        Names {
            people: names.names.people.at(&people),
            projects: names.names.projects.to_look_up(),
        }
    }

    /// The same rows, where this is what their names mean; none of rows that stand in no file.
    #[must_use]
    pub fn settle_again(&self, known: &Known) -> Option<Self> {
        let Original::Text { header, source, .. } = &self.original else { return None };
        let rows = read_rows(source, header).ok()?;
        let (path, header, source) = (self.path.clone(), (**header).clone(), Arc::clone(source));
        // What is known of where the rows stand is known already.
        let parsed = ParsedRoster { path, header, source, rows, day: self.day, notes: Vec::new() };
        let settled = parsed.settle(known);
        Some(Self { notes: self.notes.clone(), ..settled })
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
            Original::Text { header, source, names } => {
                let mut walk = source.walk();
                walk.advance(); // the header
                Box::new(std::iter::from_fn(move || {
                    let line = walk.advance_where(|record| header.wanted().has(record))?;
                    let key = match header.has_names() {
                        true if walk.record.len() == header.cells.len() => {
                            names.key(&header.in_our_words(&walk.record), header)
                        }
                        true => None,
                        false => read_key(&walk.record, header),
                    };
                    let cells = walk.record.iter().map(String::from_utf8_lossy).collect();
                    Some(RosterRecord { line, cells, key, status: self.status(line, key) })
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

    fn status(&self, line: u64, key: Option<MembershipKey>) -> RecordStatus {
        if self.problems.binary_search_by_key(&line, |problem| problem.line).is_ok() {
            return RecordStatus::Invalid;
        }
        match self.warnings.binary_search_by_key(&line, RosterWarning::line) {
            Ok(at) => {
                let RosterWarning::Repeated { first, .. } = self.warnings[at];
                RecordStatus::RepeatOf(first)
            }
            Err(_) => key.map_or(RecordStatus::Valid, |key| self.status_by_date(line, key)),
        }
    }

    /// Of a valid row: what it says on the day that the roster was read for.
    fn status_by_date(&self, line: u64, key: MembershipKey) -> RecordStatus {
        let desired = &self.desired;
        if desired.dates.is_none() {
            return RecordStatus::Valid;
        }
        match (desired.entry(key), desired.not_now_entry(key)) {
            (Some(entry), _) if entry.line != line => RecordStatus::OtherPeriod(entry.line),
            (None, Some(dated)) if dated.entry.line == line => RecordStatus::NotNow(dated.why),
            (None, Some(dated)) => RecordStatus::OtherPeriod(dated.entry.line),
            _ => RecordStatus::Valid,
        }
    }

    /// Every row problem as `file:line: column: …`.
    pub fn messages(&self) -> impl Iterator<Item = String> + '_ {
        self.problems.iter().map(|problem| format!("{}:{problem}", self.file_of(problem.line)))
    }

    /// Which of several files a line is of, as problems name it.
    #[must_use]
    pub fn file_of(&self, line: u64) -> String {
        let files = match &self.original {
            Original::Text { source, .. } => source.files(),
            Original::Values { .. } => &[],
        };
        let (file, _) = file_and_line(line);
        files.get(file).cloned().unwrap_or_else(|| self.path.display().to_string())
    }

    /// Whether it was put together from several files.
    #[must_use]
    pub fn is_of_several(&self) -> bool {
        matches!(&self.original, Original::Text { source, .. } if !source.files().is_empty())
    }

    /// What becomes of each column; none where it was made from no file.
    #[must_use]
    pub fn columns(&self) -> Vec<ColumnUse> {
        match &self.original {
            Original::Text { header, .. } => header.uses(),
            Original::Values { .. } => Vec::new(),
        }
    }

    /// How many rows are invalid.
    #[must_use]
    pub fn invalid_rows(&self) -> usize {
        self.problems.chunk_by(|a, b| a.line == b.line).count()
    }
}
