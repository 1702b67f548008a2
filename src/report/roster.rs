//! A live set as a roster: what `export` writes, and the backup before an apply.
//!
//! What is hidden or not set becomes an empty cell, so that the roster manages only what was seen.
//! What no roster can say makes it a partial one, which never deletes. Knows no file and no other
//! renderer.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use super::escape::visible as harmless;
use super::reason;
use crate::{
    model::{Listing, LiveSet, LiveWorkspace, Participation, Role, Unreadable, WorkspaceId},
    roster::{
        PARTIAL_MARKER, PATCH_MARKER, RosterForm, RosterRow, RowDates, roster_workbook,
        write_roster,
    },
};

/// A roster, and what a person should know of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RosterTable {
    /// By (project, person).
    pub rows: Vec<RosterRow>,
    /// What is live, or may be, and not in the rows: these make the roster a partial one.
    pub gaps: Vec<String>,
    /// What takes nothing away from the roster.
    pub notes: Vec<String>,
    /// Whether the rows are a patch: never the whole truth.
    pub patch: bool,
}

impl RosterTable {
    /// The roster that a plan would find in sync with this live set.
    #[must_use]
    pub fn of(live: &LiveSet) -> Self {
        let mut table = Self::default();
        for (id, state) in &live.workspaces {
            match state {
                LiveWorkspace::Listed(listing) => table.project(*id, listing),
                LiveWorkspace::Archived { title } => {
                    table.notes.push(format!("{}: archived, not exported", named(*id, title)));
                }
                LiveWorkspace::Unreadable { title, reason } => {
                    table.gaps.push(unreadable(*id, title.as_deref(), reason));
                }
            }
        }
        table
    }

    /// Whether the rows are not the whole truth.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.gaps.is_empty()
    }

    fn marker(&self) -> Option<&'static str> {
        match self.patch {
            true => Some(PATCH_MARKER),
            false => self.is_partial().then_some(PARTIAL_MARKER),
        }
    }

    fn project(&mut self, id: WorkspaceId, listing: &Listing) {
        let name = named(id, &listing.title);
        if listing.total() == 0 {
            self.notes.push(format!("{name}: nobody is on it, so it has no rows"));
        }
        for row in &listing.userless {
            self.gaps.push(format!("{name}: participation {} names no person", row.id));
        }
        let doubtful = self.doubtful_leads(&name, listing);
        for rows in listing.participations.chunk_by(|a, b| a.key.user == b.key.user) {
            let [row] = rows else {
                let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
                let (user, ids) = (rows[0].key.user, ids.join(", "));
                self.gaps.push(format!(
                    "{name}: user {user} is on it more than once: participations {ids}"
                ));
                continue;
            };
            let Some(role) = row.role.visible() else {
                let user = row.key.user;
                self.gaps.push(format!("{name}: the side of user {user} is not visible"));
                continue;
            };
            let mut fields = row.fields.as_desired();
            if fields.team_lead == Some(true) && doubtful.contains(role.word()) {
                fields.team_lead = None;
            }
            let (key, dates) = (row.key, RowDates::default());
            self.rows.push(RosterRow { key, role, fields, dates });
        }
    }

    /// The sides with more than one lead, which no roster may have.
    fn doubtful_leads(&mut self, name: &str, listing: &Listing) -> BTreeSet<&'static str> {
        let leads = |role: Role| {
            let leads = |row: &&Participation| row.fields.team_lead.visible() == Some(true);
            let of_side = |row: &&Participation| row.role.visible() == Some(role);
            listing.participations.iter().filter(of_side).filter(leads).count()
        };
        let sides = [Role::Maven, Role::Buyer].into_iter().filter(|role| leads(*role) > 1);
        let sides: BTreeSet<&'static str> = sides.map(Role::word).collect();
        for side in &sides {
            self.notes.push(format!(
                "{name}: more than one lead on the {side} side; their `team_lead` is left empty"
            ));
        }
        sides
    }
}

/// That nothing can be said of a project.
pub(super) fn unreadable(id: WorkspaceId, title: Option<&str>, reason: &Unreadable) -> String {
    let name = named(id, title.unwrap_or_default());
    let words = reason::unreadable(reason);
    format!("{name}: unreadable, nothing is written: {}", harmless(&words))
}

/// A project for people: its title, where it has one, and its id.
#[must_use]
pub fn named(id: WorkspaceId, title: &str) -> String {
    if title.is_empty() {
        return format!("project {id}");
    }
    format!("{} ({id})", harmless(title))
}

/// Writes the roster, marked as partial where it is.
///
/// # Errors
/// What the writer returns.
pub fn render(table: &RosterTable, form: RosterForm<'_>, out: &mut dyn Write) -> io::Result<()> {
    write_roster(&table.rows, table.marker(), form, out)
}

/// The roster as a workbook, marked as partial where it is.
///
/// # Errors
/// When a sheet cannot hold it.
pub fn workbook(table: &RosterTable, form: RosterForm<'_>) -> io::Result<Vec<u8>> {
    roster_workbook(&table.rows, table.marker(), form)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::model::{
        AccessLevel, LiveFields, MembershipKey, ParticipationId, Person, Seen, UserId, UserlessRow,
    };
    use crate::roster::Where;

    fn row(id: u64, user: u64, role: Seen<Role>, fields: LiveFields) -> Participation {
        let workspace = WorkspaceId::new(5).expect("not 0");
        Participation {
            id: ParticipationId::new(id).expect("not 0"),
            key: MembershipKey { workspace, user: UserId::new(user).expect("not 0") },
            role,
            fields,
            created_at: None,
            updated_at: None,
        }
    }

    fn table(participations: Vec<Participation>, userless: Vec<UserlessRow>) -> RosterTable {
        let user = UserId::new(1).expect("not 0");
        let token_user =
            Person { id: user, name: String::new(), email: None, disabled: Seen::Hidden };
        let listed_at = Timestamp::UNIX_EPOCH;
        let title = "At\u{1b}las".to_owned();
        let listing = Listing { title, participations, userless, listed_at, pages: 1 };
        let listed = (WorkspaceId::new(5).expect("not 0"), LiveWorkspace::Listed(listing));
        let workspaces = BTreeMap::from([listed]);
        RosterTable::of(&LiveSet { token_user, workspaces, people: BTreeMap::new() })
    }

    fn rendered(table: &RosterTable, delimiter: u8) -> String {
        let mut out = Vec::new();
        let names = BTreeMap::from([("user_id".to_owned(), "Kantata ID".to_owned())]);
        render(
            table,
            RosterForm { delimiter, names: &names, called: None, filter: &Where::default() },
            &mut out,
        )
        .expect("memory");
        String::from_utf8(out).expect("UTF-8")
    }

    const MAVEN: Seen<Role> = Seen::Visible(Role::Maven);

    #[test]
    fn what_is_hidden_or_not_set_is_an_empty_cell_and_needs_no_column() {
        let shown = LiveFields {
            access_level: Seen::Visible(AccessLevel::ViewTasks),
            team_lead: Seen::Visible(false),
            can_invite: Seen::Visible(true),
            rate_in_cents: Seen::Visible(Some(-5)),
            cost_in_cents: Seen::Visible(None),
            ..LiveFields::default()
        };
        let rows = vec![
            row(1, 7, MAVEN, shown),
            row(2, 8, Seen::Visible(Role::Buyer), LiveFields::default()),
        ];
        insta::assert_snapshot!(rendered(&table(rows, Vec::new()), b';'), @r"
        workspace_id;Kantata ID;role;access_level;team_lead;can_invite;can_schedule_their_hours;can_schedule_team_hours;rate_in_cents
        5;7;maven;view_tasks;false;true;;;-5
        5;8;buyer;;;;;;
        ");
    }

    #[test]
    fn what_no_roster_can_say_makes_it_partial() {
        let lead = LiveFields { team_lead: Seen::Visible(true), ..LiveFields::default() };
        let rows = vec![
            row(1, 7, MAVEN, LiveFields::default()),
            row(2, 7, MAVEN, LiveFields::default()),
            row(3, 8, Seen::Hidden, LiveFields::default()),
            row(4, 9, MAVEN, lead),
            row(5, 10, MAVEN, lead),
        ];
        let nobody = UserlessRow { id: ParticipationId::new(6).expect("not 0") };
        let table = table(rows, vec![nobody]);
        insta::assert_snapshot!(table.gaps.join("\n"), @r"
        At\u{1b}las (5): participation 6 names no person
        At\u{1b}las (5): user 7 is on it more than once: participations 1, 2
        At\u{1b}las (5): the side of user 8 is not visible
        ");
        insta::assert_snapshot!(table.notes.join("\n"), @r"At\u{1b}las (5): more than one lead on the maven side; their `team_lead` is left empty");
        insta::assert_snapshot!(rendered(&table, b','), @r"
        # kantata-sync: partial roster
        workspace_id,Kantata ID,role,access_level,team_lead,can_invite,can_schedule_their_hours,can_schedule_team_hours
        5,9,maven,,,,,
        5,10,maven,,,,,
        ");
    }
}
