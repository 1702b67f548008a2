//! Foreign words, values for columns that a list does not have, and which rows are there at all.
//!
//! Owns what the settings `values`, `defaults` and `where` may say, and what they make of a record:
//! rows are read as if the file had said everything in our words. Knows no file.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use csv::ByteRecord;

use super::{
    cell,
    column::Column,
    name::NameColumn,
    near::{folded, nearest},
    problem::{Expected, shown},
    spreadsheet::is_error,
};

/// A column that the settings may speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ours {
    Value(Column),
    Name(NameColumn),
}

impl Ours {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Column::all().map(Self::Value).chain(NameColumn::ALL.into_iter().map(Self::Name))
    }

    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim();
        let value = Column::named(name).map(Self::Value);
        value.or_else(|| NameColumn::named(name).map(Self::Name))
    }

    /// Our name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Value(column) => column.name(),
            Self::Name(column) => column.name(),
        }
    }

    /// What is wrong with a value of this column, if anything is.
    fn check(self, value: &str) -> Result<(), Expected> {
        match self {
            Self::Value(column) => cell::check(column, value.as_bytes()),
            Self::Name(_) => Ok(()),
        }
    }

    const fn is_of_people(self) -> bool {
        match self {
            Self::Value(column) => matches!(column, Column::UserId),
            Self::Name(column) => column.is_of_people(),
        }
    }
}

/// What the settings say that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// No column of ours.
    #[error("no roster has a column `{column}`{}", did_you_mean(nearest.as_deref()))]
    Column {
        /// As it was written.
        column: String,
        /// The nearest one that is known, where one is near.
        nearest: Option<String>,
    },
    /// Not a value of its column.
    #[error("`{value}` is no value of `{column}`: expected {expected}{}", did_you_mean(nearest.as_deref()))]
    Value {
        /// As it was written.
        column: String,
        /// As it was written.
        value: String,
        /// What the column takes.
        expected: Box<Expected>,
        /// The nearest word that it takes, where one is near.
        nearest: Option<String>,
    },
    /// A foreign word with two meanings; case makes no difference.
    #[error("`{word}` of `{column}` is there twice, with two meanings")]
    Twice {
        /// As it was written.
        column: String,
        /// As it was written.
        word: String,
    },
    /// An empty cell is unmanaged, and nothing else.
    #[error("an empty cell of `{column}` is unmanaged and cannot mean anything else")]
    EmptyWord {
        /// As it was written.
        column: String,
    },
    /// Who is on a project stands in each row.
    #[error("`{column}` says whom a row is about; no value of it is right for all rows")]
    Person {
        /// As it was written.
        column: String,
    },
    /// A column none of whose values is taken.
    #[error("`{column}` names no value, so that no row would match")]
    NoValues {
        /// As it was written.
        column: String,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// What foreign words mean, by column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values(Vec<(Ours, BTreeMap<String, String>)>);

impl Values {
    /// Words by column of ours: `role` → `Berater` → `maven`.
    ///
    /// # Errors
    /// Everything in it that cannot be.
    pub fn new(
        table: &BTreeMap<String, BTreeMap<String, String>>,
    ) -> Result<Self, Vec<ValueError>> {
        let mut problems = Vec::new();
        let mut values: Vec<(Ours, BTreeMap<String, String>)> = Vec::new();
        for (column, words) in table {
            let ours = match known(column) {
                Ok(ours) => ours,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            let at = values.iter().position(|(other, _)| *other == ours).unwrap_or(values.len());
            if at == values.len() {
                values.push((ours, BTreeMap::new()));
            }
            add_words((&mut values[at], column), words, &mut problems);
        }
        if problems.is_empty() { Ok(Self(values)) } else { Err(problems) }
    }

    /// The words of the column that stands at each place.
    pub(super) fn at(
        &self,
        place: impl Fn(Ours) -> Option<usize>,
    ) -> Vec<(usize, BTreeMap<String, String>)> {
        let placed = self.0.iter().filter_map(|(ours, words)| Some((place(*ours)?, words.clone())));
        placed.collect()
    }
}

fn known(column: &str) -> Result<Ours, ValueError> {
    Ours::named(column).ok_or_else(|| {
        let nearest = nearest_column(column, true);
        ValueError::Column { column: shown(column), nearest }
    })
}

/// Adds what words mean to those of the column, which may be written in several ways.
fn add_words(
    ((ours, meanings), column): (&mut (Ours, BTreeMap<String, String>), &str),
    words: &BTreeMap<String, String>,
    problems: &mut Vec<ValueError>,
) {
    let column = shown(column);
    for (word, meaning) in words {
        let (key, meaning) = (folded(word), meaning.trim().to_owned());
        if key.is_empty() {
            problems.push(ValueError::EmptyWord { column: column.clone() });
        }
        problems.extend(no_value(*ours, &column, &meaning).filter(|_| {
            // A word may say that there is nothing to manage.
            !meaning.is_empty() || !matches!(ours, Ours::Value(Column::Field(_)))
        }));
        let earlier = meanings.insert(key, meaning.clone());
        if earlier.is_some_and(|earlier| folded(&earlier) != folded(&meaning)) {
            problems.push(ValueError::Twice { column: column.clone(), word: shown(word) });
        }
    }
}

fn no_value(ours: Ours, column: &str, value: &str) -> Option<ValueError> {
    let expected = match value {
        "" => Expected::Filled,
        value => ours.check(value).err()?,
    };
    let nearest = expected.nearest_word(value).map(str::to_owned);
    let (column, value) = (column.to_owned(), shown(value));
    Some(ValueError::Value { column, value, expected: Box::new(expected), nearest })
}

/// Values for the columns that a list does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Defaults(Vec<(Ours, String)>);

impl Defaults {
    /// Values by column of ours.
    ///
    /// # Errors
    /// Everything in it that cannot be.
    pub fn new(table: &BTreeMap<String, String>) -> Result<Self, Vec<ValueError>> {
        let mut problems = Vec::new();
        let mut defaults = Vec::new();
        for (column, value) in table {
            let value = value.trim();
            let name = || shown(column);
            match known(column) {
                Ok(ours) if ours.is_of_people() => {
                    problems.push(ValueError::Person { column: name() });
                }
                Ok(ours) => {
                    problems.extend(no_value(ours, &name(), value));
                    if defaults.iter().any(|(other, _)| *other == ours) {
                        problems.push(ValueError::Twice { column: name(), word: shown(value) });
                    }
                    defaults.push((ours, value.to_owned()));
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self(defaults)) } else { Err(problems) }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Ours, &str)> {
        self.0.iter().map(|(ours, value)| (*ours, value.as_str()))
    }
}

/// Which rows are there: by column of the file, the values that one of is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Where(Vec<(String, BTreeSet<String>)>);

impl Where {
    /// Values by header of the file.
    ///
    /// # Errors
    /// Everything in it that cannot be.
    pub fn new(table: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<ValueError>> {
        let empty = table.iter().filter(|(_, values)| values.is_empty());
        let problems: Vec<ValueError> =
            empty.map(|(column, _)| ValueError::NoValues { column: shown(column) }).collect();
        let entry = |(column, values): (&String, &Vec<String>)| {
            (column.trim().to_owned(), values.iter().map(|value| folded(value)).collect())
        };
        if problems.is_empty() {
            Ok(Self(table.iter().map(entry).collect()))
        } else {
            Err(problems)
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        self.0.iter().map(|(column, values)| (column.as_str(), values))
    }
}

/// What the settings make of the records of one file.
#[derive(Debug, Clone, Default)]
pub(super) struct Rewriting {
    /// The words of the cells that stand here.
    pub words: Vec<(usize, BTreeMap<String, String>)>,
    /// Cells behind the last one of the file.
    pub defaults: Vec<String>,
}

impl Rewriting {
    /// The record in our words, the columns that the file lacks behind its own.
    #[inline]
    pub fn of<'r>(&self, record: &'r ByteRecord) -> Cow<'r, ByteRecord> {
        let Self { words, defaults } = self;
        if words.is_empty() && defaults.is_empty() {
            return Cow::Borrowed(record);
        }
        Cow::Owned(self.rewritten(record))
    }

    fn rewritten(&self, record: &ByteRecord) -> ByteRecord {
        let Self { defaults, .. } = self;
        let mut ours = ByteRecord::with_capacity(record.as_slice().len() + 32, record.len() + 8);
        for (at, cell) in record.iter().enumerate() {
            ours.push_field(self.meaning(at, cell).map_or(cell, str::as_bytes));
        }
        defaults.iter().for_each(|value| ours.push_field(value.as_bytes()));
        ours
    }

    /// What the settings say that a cell means.
    pub fn meaning(&self, at: usize, cell: &[u8]) -> Option<&str> {
        let (_, words) = self.words.iter().find(|(place, _)| *place == at)?;
        words.get(&folded(&String::from_utf8_lossy(cell))).map(String::as_str)
    }
}

/// Which of the records of one file are rows that are there.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// The values that are taken of the cells that stand here.
    pub columns: Vec<(usize, BTreeSet<String>)>,
    /// How many cells a row has; nobody can say what stands where in any other.
    pub width: usize,
}

impl Wanted {
    /// Whether the row is there. One that cannot be told is.
    #[inline]
    pub fn has(&self, record: &ByteRecord) -> bool {
        let Self { columns, width } = self;
        columns.is_empty()
            || record.len() != *width
            || columns.iter().all(|(at, values)| {
                let cell = folded(&String::from_utf8_lossy(&record[*at]));
                values.contains(&cell) || is_error(&cell)
            })
    }

    /// The place of a cell that should tell whether the row is there, and does not.
    #[inline]
    pub fn doubtful(&self, record: &ByteRecord) -> Option<usize> {
        if self.columns.is_empty() {
            return None;
        }
        let is_doubtful = |(at, values): &&(usize, BTreeSet<String>)| {
            let cell = folded(&String::from_utf8_lossy(&record[*at]));
            is_error(&cell) && !values.contains(&cell)
        };
        Some(self.columns.iter().find(is_doubtful)?.0)
    }
}

/// The column that may be meant, where one is near.
pub(super) fn nearest_column(name: &str, names: bool) -> Option<String> {
    let known = Column::all().map(Column::name).chain(["project_id"]);
    let of_names = NameColumn::ALL.into_iter().filter(|_| names).map(NameColumn::name);
    nearest(known.chain(of_names), name).map(str::to_owned)
}
