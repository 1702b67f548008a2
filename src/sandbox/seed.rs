//! The seed of a world: one CSV with projects, people and participations in the same rows.
//!
//! A row without a project is a person who is on none; a row with neither person nor role is a
//! project without members. Knows no file and no request; says line and column of what is wrong.

use std::collections::BTreeSet;

use csv::StringRecord;
use jiff::Timestamp;

use super::access::Level;
use super::clock::timestamp;
use super::field::{FIELDS, Held, Slot};
use super::state::{Participation, Side, Subject, User, Workspace, World};

/// 2026-01-01T00:00:00Z: seeded rows are older than everything the sandbox does.
const SEEDED_AT: i64 = 1_767_225_600;
/// The id of the first seeded participation.
const FIRST_ID: u64 = 9001;

/// The columns of a seed, in any order and with those of [`FIELDS`]; all but the first three may be
/// left out. A reference is `service:key`, several are parted by `;`.
const COLUMNS: [&str; 14] = [
    "workspace_id",
    "project",
    "user_id",
    "archived",
    "name",
    "email",
    "disabled",
    "on_account",
    "account_admin",
    "token",
    "role",
    "access_level",
    "person_reference",
    "project_reference",
];

/// Why a seed could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// No CSV at all, or a row that is too short or too long.
    #[error("the seed is not a proper CSV file")]
    Csv(#[source] csv::Error),
    /// The header lacks a column that is needed.
    #[error("line 1: the seed has no column `{0}`")]
    NoColumn(&'static str),
    /// The header has a column that means nothing.
    #[error("line 1: `{0}` is no column of a seed")]
    UnknownColumn(String),
    /// A cell that cannot be read.
    #[error("line {line}: {column}: `{value}` is not {expected}")]
    Cell {
        /// The line of the row.
        line: u64,
        /// The name of the column.
        column: &'static str,
        /// What was found.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// There is nobody the token could act as.
    #[error("the seed has no people, so the token would act as nobody")]
    Nobody,
}

impl World {
    /// Reads a world from a seed. The token acts as the person whose `token` is `true`, else as
    /// the first one.
    ///
    /// # Errors
    /// At the first row that cannot be read.
    pub fn from_csv(text: &str) -> Result<Self, SeedError> {
        let mut reader =
            csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let header = reader.headers().map_err(SeedError::Csv)?.clone();
        check(&header)?;
        let mut seed = Seed { world: Self::new(), people: BTreeSet::new(), rows: 0 };
        for record in reader.records() {
            let record = record.map_err(SeedError::Csv)?;
            let line = record.position().map_or(0, csv::Position::line);
            seed.read(&Row { header: &header, record: &record, line })?;
        }
        if seed.people.is_empty() { Err(SeedError::Nobody) } else { Ok(seed.world) }
    }
}

fn check(header: &StringRecord) -> Result<(), SeedError> {
    let is_column =
        |name: &str| COLUMNS.contains(&name) || FIELDS.iter().any(|field| field.name == name);
    if let Some(unknown) = header.iter().find(|name| !is_column(name)) {
        return Err(SeedError::UnknownColumn(unknown.to_owned()));
    }
    let missing = COLUMNS[..3].iter().find(|name| !header.iter().any(|one| one == **name));
    missing.map_or(Ok(()), |name| Err(SeedError::NoColumn(name)))
}

struct Row<'a> {
    header: &'a StringRecord,
    record: &'a StringRecord,
    line: u64,
}

impl Row<'_> {
    fn text(&self, column: &'static str) -> &str {
        let at = self.header.iter().position(|name| name == column);
        at.and_then(|at| self.record.get(at)).unwrap_or_default().trim()
    }

    /// A cell that may be empty.
    fn cell<T>(
        &self,
        column: &'static str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SeedError> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        let wrong =
            || SeedError::Cell { line: self.line, column, value: text.to_owned(), expected };
        read(text).map(Some).ok_or_else(wrong)
    }

    fn number<T: std::str::FromStr>(&self, column: &'static str) -> Result<Option<T>, SeedError> {
        self.cell(column, "a whole number", |text| text.parse().ok())
    }

    /// The references of a cell, each a service and a key; a key may have colons.
    fn references(&self, column: &'static str) -> Result<Vec<(&str, &str)>, SeedError> {
        let text = self.text(column);
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let expected = "`service:key`, several parted by `;`";
        let wrong =
            || SeedError::Cell { line: self.line, column, value: text.to_owned(), expected };
        parts.map(|part| reference(part).ok_or_else(wrong)).collect()
    }

    fn flag(&self, column: &'static str) -> Result<Option<bool>, SeedError> {
        self.cell(column, "true or false", |text| text.parse().ok())
    }
}

/// A service and a key.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (service, key) = text.split_once(':')?;
    let (service, key) = (service.trim(), key.trim());
    (!service.is_empty() && !key.is_empty()).then_some((service, key))
}

struct Seed {
    world: World,
    people: BTreeSet<u64>,
    rows: u32,
}

impl Seed {
    fn read(&mut self, row: &Row<'_>) -> Result<(), SeedError> {
        self.rows += 1;
        let at = timestamp(SEEDED_AT + i64::from(self.rows));
        let (workspace, user) = (row.number("workspace_id")?, row.number("user_id")?);
        if let Some(id) = workspace {
            self.workspace(row, id, at)?;
        }
        if let Some(id) = user {
            self.user(row, id)?;
        }
        let side = row.cell("role", "`maven` or `buyer`", Side::of)?;
        match (workspace, user, side) {
            (Some(workspace), Some(user), side) => {
                let side = side.unwrap_or(Side::Maven);
                self.participation(row, Participation::new(workspace, Some(user), side), at)
            }
            (Some(workspace), None, Some(side)) => {
                self.participation(row, Participation::new(workspace, None, side), at)
            }
            _ => Ok(()),
        }
    }

    /// The first row of a project says all about it.
    fn workspace(&mut self, row: &Row<'_>, id: u64, at: Timestamp) -> Result<(), SeedError> {
        let archived = row.flag("archived")?.unwrap_or(false);
        let references = row.references("project_reference")?;
        if !self.world.workspaces().contains_key(&id) {
            self.world.put_references(Subject::Workspace(id), &references);
            let title = row.text("project").to_owned();
            let (created_at, updated_at) = (at, at);
            self.world.put_workspace(Workspace { id, title, archived, created_at, updated_at });
        }
        Ok(())
    }

    /// The first row of a person says all about them.
    fn user(&mut self, row: &Row<'_>, id: u64) -> Result<(), SeedError> {
        let user = User {
            id,
            name: row.text("name").to_owned(),
            email: row.text("email").to_owned(),
            disabled: row.flag("disabled")?.unwrap_or(false),
            on_account: row.flag("on_account")?.unwrap_or(true),
            account_admin: row.flag("account_admin")?.unwrap_or(false),
        };
        let acts = row.flag("token")?.unwrap_or(false);
        if acts || self.people.is_empty() {
            self.world.token_user = id;
        }
        let references = row.references("person_reference")?;
        if self.people.insert(id) {
            self.world.put_references(Subject::User(id), &references);
            self.world.put_user(user);
        }
        Ok(())
    }

    fn participation(
        &mut self,
        row: &Row<'_>,
        blank: Participation,
        at: Timestamp,
    ) -> Result<(), SeedError> {
        let level = row.cell("access_level", "an access level", Level::written)?;
        let id = if self.world.participations().is_empty() { FIRST_ID } else { 0 };
        let level = level.unwrap_or(blank.level);
        let mut one = Participation { id, level, created_at: at, updated_at: at, ..blank };
        for field in &FIELDS {
            let held = match field.slot {
                Slot::Flag(..) => row.flag(field.name)?.map(Held::Flag),
                Slot::Cents(..) => row.number(field.name)?.map(Held::Cents),
                Slot::Id(..) => row.number(field.name)?.map(Held::Id),
            };
            if let Some(held) = held {
                field.set(&mut one, held);
            }
        }
        self.world.place(one);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_knows_projects_people_and_who_is_on_what() {
        let world = World::from_csv(
            "workspace_id,project,user_id,name,token,role,access_level,rate_in_cents\n\
             501,Harbour,7,Ada Byron,,maven,admin,12500\n\
             501,Harbour,8,Bo Lind,true,buyer,,\n\
             501,Harbour,,,,buyer,,\n\
             502,Quay,,,,,,\n\
             ,,9,Cy Moss,,,,\n",
        )
        .expect("a good seed");
        assert_eq!(world.workspaces().len(), 2);
        assert_eq!(world.users().len(), 3);
        assert_eq!(world.token_user, 8);
        let rows: Vec<_> =
            world.on(501).map(|one| (one.id, one.user, one.level, one.rate_in_cents)).collect();
        assert_eq!(
            rows,
            [
                (9001, Some(7), Level::Admin, Some(12_500)),
                (9002, Some(8), Level::EditTasks, None),
                (9003, None, Level::EditTasks, None),
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_column() {
        let told = |text: &str| World::from_csv(text).expect_err("a bad seed").to_string();
        let header = "workspace_id,project,user_id,access_level\n";
        insta::assert_snapshot!(told(&format!("{header}1,A,2,\n1,A,3,financial\n")),
            @"line 3: access_level: `financial` is not an access level");
        insta::assert_snapshot!(told(&format!("{header}x,A,2,\n")),
            @"line 2: workspace_id: `x` is not a whole number");
        insta::assert_snapshot!(told("workspace_id,user_id\n"),
            @"line 1: the seed has no column `project`");
        insta::assert_snapshot!(told("workspace_id,project,user_id,rank\n"),
            @"line 1: `rank` is no column of a seed");
        insta::assert_snapshot!(told(header),
            @"the seed has no people, so the token would act as nobody");
    }
}
