//! A handover as a patch roster: on every project of one person, another one in their place.
//!
//! Nobody loses anything by it but the one who hands over: what the other has on a project already
//! is only ever raised. Looks nothing up, and knows no file.

use jiff::civil::Date;

use super::roster::{RosterTable, named, unreadable};
use crate::{
    model::{
        Fields, Listing, LiveFields, LiveSet, LiveWorkspace, MembershipKey, Participation, Seen,
        UserId, WorkspaceId,
    },
    roster::{RosterRow, RowDates},
};

/// Who hands over to whom, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover {
    /// Who hands over.
    pub from: UserId,
    /// Who is to be in their place.
    pub to: UserId,
    /// The first day of the other; none where that is today.
    pub first_day: Option<Date>,
    /// The last day of the one who hands over; none where they stay.
    pub last_day: Option<Date>,
}

impl Handover {
    /// The patch for these projects. What it cannot say of one of them is a gap.
    #[must_use]
    pub fn patch(self, live: &LiveSet) -> RosterTable {
        let mut table = RosterTable { patch: true, ..RosterTable::default() };
        for (id, state) in &live.workspaces {
            match state {
                LiveWorkspace::Listed(listing) => self.project(*id, listing, &mut table),
                LiveWorkspace::Archived { title } => {
                    let name = named(*id, title);
                    table.notes.push(format!("{name}: archived, not handed over"));
                }
                LiveWorkspace::Unreadable { title, reason } => {
                    table.gaps.push(unreadable(*id, title.as_deref(), reason));
                }
            }
        }
        table
    }

    fn project(self, id: WorkspaceId, listing: &Listing, table: &mut RosterTable) {
        let Self { from, to, .. } = self;
        let name = named(id, &listing.title);
        let (row, there) = match (listing.of(from), listing.of(to)) {
            ([], _) => return,
            ([row], []) => (row, None),
            ([row], [there]) => (row, Some(there)),
            _ => {
                let twice = if listing.of(from).len() > 1 { from } else { to };
                return table.gaps.push(format!("{name}: user {twice} is on it more than once"));
            }
        };
        let Seen::Visible(role) = row.role else {
            return table.gaps.push(format!("{name}: the side of user {from} is not visible"));
        };
        if there.is_some_and(|there| there.role != row.role) {
            return table.gaps.push(format!(
                "{name}: user {from} is a {role} there, and user {to} is not; a patch moves nobody to the other side"
            ));
        }
        if row.fields.access_level == Seen::Hidden && there.is_none() {
            table.notes.push(format!(
                "{name}: the access level of user {from} is not visible; user {to} gets the one that Kantata gives"
            ));
        }
        let key = |user| MembershipKey { workspace: id, user };
        let fields = taken_over(&row.fields, there.map(|there| &there.fields));
        let dates = RowDates { starts_on: self.first_day, ends_on: None };
        table.rows.push(RosterRow { key: key(to), role, fields, dates });
        if let Some((fields, ends_on)) = self.left_to(row) {
            let dates = RowDates { starts_on: None, ends_on };
            table.rows.push(RosterRow { key: key(from), role, fields, dates });
        }
    }

    /// What becomes of who hands over; none where nothing does.
    fn left_to(self, row: &Participation) -> Option<(Fields, Option<Date>)> {
        if self.last_day.is_some() {
            return Some((Fields::default(), self.last_day));
        }
        let leads = row.fields.team_lead == Seen::Visible(true);
        leads.then(|| (Fields { team_lead: Some(false), ..Fields::default() }, None))
    }
}

/// What the other is to have: what the one has, but nothing lower than what they have already. Rates
/// and the account's role are a person's own, and stay out of it.
fn taken_over(from: &LiveFields, there: Option<&LiveFields>) -> Fields {
    let Some(own) = there else {
        return Fields {
            access_level: from.access_level.visible(),
            team_lead: from.team_lead.visible(),
            can_invite: from.can_invite.visible(),
            can_schedule_their_hours: from.can_schedule_their_hours.visible(),
            can_schedule_team_hours: from.can_schedule_team_hours.visible(),
            ..Fields::default()
        };
    };
    let level = from.access_level.visible();
    let raised = |of: Seen<bool>, own: Seen<bool>| {
        (of == Seen::Visible(true) && own == Seen::Visible(false)).then_some(true)
    };
    Fields {
        access_level: level
            .filter(|level| own.access_level.visible().is_some_and(|own| own.is_below(*level))),
        team_lead: raised(from.team_lead, own.team_lead),
        can_invite: raised(from.can_invite, own.can_invite),
        can_schedule_their_hours: raised(
            from.can_schedule_their_hours,
            own.can_schedule_their_hours,
        ),
        can_schedule_team_hours: raised(from.can_schedule_team_hours, own.can_schedule_team_hours),
        ..Fields::default()
    }
}
