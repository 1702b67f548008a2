//! The roster of a drawn scenario, as text: who stays, comes, goes, leads or changes sides, and rows
//! that cannot be used. Which fields have a column in it is decided here.

use fastrand::Rng;

use crate::{
    model::Field,
    roster::PARTIAL_MARKER,
    sandbox::{Level, Participation, Side, World},
};

/// The roster as text, so that its reader is part of what is simulated.
pub(super) fn roster(random: &mut Rng, world: &World, crowd: bool) -> String {
    let mut text = String::new();
    if random.u8(..) < 12 {
        text.push_str(&format!("{PARTIAL_MARKER}\n"));
    }
    let columns = drawn_fields().map(|field| format!(",{field}"));
    text.push_str(&format!("workspace_id,user_id,role{}\n", columns.collect::<String>()));
    let joins = if crowd { 200 } else { random.u8(0..60) };
    let leaves = random.u8(0..60);
    let mut rows = 0;
    for workspace in world.workspaces().keys() {
        if random.u8(..) < 30 {
            continue;
        }
        let mut new_leads = [random.u8(..) < 80, random.u8(..) < 80];
        for user in world.users().keys() {
            let live = world.of(*workspace, *user).first().map(|live| (*live).clone());
            let wanted = match &live {
                Some(_) => random.u8(..) >= leaves,
                None => random.u8(..) < joins,
            };
            if wanted {
                row(&mut text, random, ((*workspace, *user), live), &mut new_leads);
                rows += 1;
            }
        }
    }
    if rows == 0 {
        text.push_str(&unmanaged("11,2,maven"));
    }
    damage(&mut text, random);
    text
}

fn row(
    text: &mut String,
    random: &mut Rng,
    ((workspace, user), live): ((u64, u64), Option<Participation>),
    new_leads: &mut [bool; 2],
) {
    let mut side = live.as_ref().map_or(Side::Maven, |live| live.side);
    if random.u8(..) < 20 {
        side = if side == Side::Maven { Side::Buyer } else { Side::Maven };
    }
    let changes = random.u8(..) < 80;
    let word = side.word();
    text.push_str(&format!("{workspace},{user},{word}"));
    for field in drawn_fields() {
        let lead = &mut new_leads[usize::from(side == Side::Buyer)];
        text.push(',');
        text.push_str(cell(random, field, (live.as_ref(), changes), lead));
    }
    text.push('\n');
}

/// A row that manages no field.
fn unmanaged(place: &str) -> String {
    format!("{place}{}\n", ",".repeat(drawn_fields().count()))
}

/// The fields that rosters which are drawn have columns for.
fn drawn_fields() -> impl Iterator<Item = Field> {
    Field::ALL.into_iter().filter(|field| is_drawn(*field))
}

/// Whether rosters that are drawn have a column for a field.
const fn is_drawn(field: Field) -> bool {
    match field {
        Field::AccessLevel | Field::TeamLead | Field::CanInvite | Field::RateInCents => true,
        // Like those that are drawn: one flag for all flags, one amount for all numbers.
        Field::CanScheduleTheirHours
        | Field::CanScheduleTeamHours
        | Field::WorkspaceRoleId
        | Field::CostInCents => false,
        // No roster has it.
        Field::Tagged => false,
    }
}

fn cell(
    random: &mut Rng,
    field: Field,
    (live, changes): (Option<&Participation>, bool),
    new_lead: &mut bool,
) -> &'static str {
    match field {
        Field::AccessLevel => match live {
            Some(live) if !changes => live.level.word(),
            _ if random.bool() => "",
            _ => random.choice(Level::ALL).unwrap_or(Level::EditTasks).word(),
        },
        Field::TeamLead => match (live.is_some_and(|live| live.is_team_lead), random.u8(..)) {
            (false, 0..40) if std::mem::take(new_lead) => "true",
            (true, 0..128) => "false",
            (false, 40..80) => "false",
            _ => "",
        },
        Field::CanInvite | Field::CanScheduleTheirHours | Field::CanScheduleTeamHours => {
            ["", "true", "false"][random.usize(0..3)]
        }
        Field::WorkspaceRoleId | Field::RateInCents | Field::CostInCents => {
            if random.u8(..) < 40 {
                "2"
            } else {
                ""
            }
        }
        Field::Tagged => "",
    }
}

/// Rows that cannot be used, so that freezing is part of what is simulated.
fn damage(text: &mut String, random: &mut Rng) {
    match random.u8(..) {
        0..10 => text.push_str(&unmanaged("11,2,consultnat")),
        10..15 => text.push_str(&unmanaged("1.1E+1,2,maven")),
        15..20 => text.push_str("12,2,maven\n"),
        20..25 => text.extend(["12,3,maven", "12,3,buyer"].map(unmanaged)),
        _ => {}
    }
}
