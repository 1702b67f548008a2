//! Why an action is in a plan, is left alone or ended as it did: the words for people and the codes
//! for scripts, made here and nowhere else from the values that the phases return.

use crate::{
    model::{ACCOUNT_ADMIN_REASON, Drift, Unreadable},
    report::{EntryReason, ReportEntry},
    verdict::{Doubt, Fate, OtherRole, Trouble, TroubleWith, Why},
};

/// The words for why an entry is in the plan, or is held.
pub(super) fn of_plan(reason: &EntryReason) -> String {
    match reason {
        EntryReason::Planned(reason) => reason.to_string(),
        EntryReason::Held(hold) => hold.to_string(),
        EntryReason::Earlier(words) => words.clone(),
    }
}

/// The code for the same.
pub(super) fn plan_code(reason: &EntryReason) -> &'static str {
    match reason {
        EntryReason::Planned(reason) => reason.into(),
        EntryReason::Held(hold) => hold.into(),
        EntryReason::Earlier(_) => EARLIER,
    }
}

/// What has words only: it was written by a version that knew no codes.
const EARLIER: &str = "earlier";

/// The words for why an entry ended as it did; empty where there is nothing to add.
pub(super) fn of_fate(fate: &Fate) -> String {
    let words = why(&fate.why, &fate.unchanged);
    match fate.account_admin {
        true if words.is_empty() => ACCOUNT_ADMIN_REASON.to_owned(),
        true => format!("{words}; {ACCOUNT_ADMIN_REASON}"),
        false => words,
    }
}

/// The code for the same: of what is frozen or withheld, that of the cause.
pub(super) fn fate_code(fate: &Fate) -> &'static str {
    match &fate.why {
        Why::Frozen(cause) => cause.into(),
        Why::Withheld(refusal) => refusal.into(),
        why => why.into(),
    }
}

/// The words for why a project cannot be read.
#[must_use]
pub fn unreadable(reason: &Unreadable) -> String {
    match reason {
        Unreadable::NotVisible => "not visible to this token, or no such project".to_owned(),
        Unreadable::NotAsked { message } => message.clone(),
        Unreadable::PageNotRead { message } => {
            format!("a page of the list could not be read: {message}")
        }
        Unreadable::NeverProved { contradiction } => {
            format!("the list was never proved complete: {contradiction}")
        }
        Unreadable::NeverStill => "its members changed every time it was read".to_owned(),
        Unreadable::Earlier { words } => words.clone(),
    }
}

/// Which reason tells most of an entry: why it is in the plan, why it ended so, or both.
enum Telling<'a> {
    Plan,
    Fate(&'a Fate),
    Both(&'a Fate),
}

fn telling(entry: &ReportEntry) -> Telling<'_> {
    match &entry.fate {
        None => Telling::Plan,
        Some(fate) if fate.why == Why::AsPlanned => Telling::Plan,
        Some(fate) if fate.outcome.is_left_alone() => Telling::Both(fate),
        Some(fate) => Telling::Fate(fate),
    }
}

/// Why an entry is as it is: what went wrong in the server's words, else why it is in the plan; of
/// what is left alone both.
pub(super) fn of_entry(entry: &ReportEntry) -> String {
    match telling(entry) {
        Telling::Plan => of_plan(&entry.reason),
        Telling::Fate(fate) => of_fate(fate),
        Telling::Both(fate) => match of_plan(&entry.reason) {
            plan if plan.is_empty() => of_fate(fate),
            plan => format!("{plan}; {}", of_fate(fate)),
        },
    }
}

/// The code for the same.
pub(super) fn entry_code(entry: &ReportEntry) -> &'static str {
    match telling(entry) {
        Telling::Plan => plan_code(&entry.reason),
        Telling::Fate(fate) | Telling::Both(fate) => fate_code(fate),
    }
}

fn why(why: &Why, unchanged: &[Drift]) -> String {
    let inner = |one: &Why| self::why(one, unchanged);
    match why {
        Why::SentAgain { times, last } => format!("sent {times} times; {}", inner(last)),
        Why::StillLeads { demotion } => format!("still leads this side; {}", inner(demotion)),
        Why::CreateFailed { create } => {
            format!("deleted, and the create failed: {}", inner(create))
        }
        Why::DeleteDidNothing { create } => format!(
            "the delete was answered as done, and the record is still there; the create failed: {}",
            inner(create)
        ),
        Why::SomebodyElseActed { create } => {
            format!("deleted, and somebody else created a record meanwhile: {}", inner(create))
        }
        Why::OtherValues { role } => differing(*role, unchanged),
        Why::FoundWithOtherValues { role, values } => {
            format!("on the project with other values: {}", differing(*role, values))
        }
        Why::StillUnchanged => format!("answered as done, but still {}", still(unchanged)),
        Why::StillAsBefore { doubt, values } => {
            format!("{}; still {}", words(doubt), still(values))
        }
        one => without_values(one).unwrap_or_else(|| short(one).to_owned()),
    }
}

/// The words of those that hold text or a doubt.
fn without_values(why: &Why) -> Option<String> {
    Some(match why {
        Why::Refused { message } | Why::TriesUsedUp { message } | Why::RunWasToEnd { message } => {
            message.clone()
        }
        Why::RefusedWithOthers { message } => {
            format!("refused together with other rows, and not sent again: {message}")
        }
        Why::NotThere { doubt: Doubt::ShowsNoRecord } => {
            "certainly not on the project; the answer does not name the row".to_owned()
        }
        Why::NotThere { doubt } => format!("certainly not on the project; {}", words(doubt)),
        Why::RecordIsGone { doubt } => format!("{}; the record is gone", words(doubt)),
        Why::StillThere { doubt } => format!("{}; still there", words(doubt)),
        Why::AnswerTellsNothing { doubt } => words(doubt).to_owned(),
        Why::CannotTell { doubt, look } => format!("{}; {look}", words(doubt)),
        Why::JournalDamaged { damage } => damage.clone(),
        Why::LookFailed { message } => {
            format!("could not be checked again, so nothing was deleted: {message}")
        }
        Why::RunEnded { ended } => ended.words(),
        Why::AfterTrouble { trouble } => troubled(trouble),
        Why::AfterLostReplacement { user, workspace, outcome } => format!(
            "nothing was deleted: the replacement of user {user} on project {workspace} is \
             {outcome}, and what kept that person from coming back may keep this one; see to it, \
             then run again"
        ),
        Why::Frozen(cause) => cause.to_string(),
        Why::Withheld(refusal) => refusal.to_string(),
        Why::Earlier { words } => words.clone(),
        _ => return None,
    })
}

/// The words of those that have nothing to add.
fn short(why: &Why) -> &'static str {
    match why {
        Why::SeenOnReadingBack => "seen on reading back",
        Why::GoneOnReadingBack => "gone on reading back",
        Why::WasGoneAlready => "was gone already",
        Why::RecordWasGone => "the record is gone: somebody removed it since the plan",
        Why::LeadsNoMore => "is no longer lead; the run ended before the delete",
        Why::ChangedSincePlan => "somebody else changed the record since the plan; it stays",
        Why::Deactivated => {
            "the person is deactivated and could not be created again; nothing was deleted"
        }
        Why::GoneBeforeReplacement => "the record is gone: the next run creates the person again",
        Why::CreateNotSent => "deleted, and the run ended before the create",
        Why::UpdateNotSent => "created again; what only an update may carry was not sent",
        Why::WithoutItsCreate => "the create that it follows is not known to have happened",
        Why::WithoutWhatItNeeds => "an action that it depends on did not happen",
        Why::RunKilled => "the run ended before it was sent",
        _ => "",
    }
}

fn words(doubt: &Doubt) -> &str {
    match doubt {
        Doubt::NotWrittenDown => "the run ended before its answer was written down",
        Doubt::ShowsNoRecord => "the answer does not show the record",
        Doubt::Error { message } => message,
    }
}

fn troubled(Trouble { with, user, outcome }: &Trouble) -> String {
    let what = match with {
        TroubleWith::Create => "create",
        TroubleWith::Update => "update",
        TroubleWith::Promotion => "promotion",
        TroubleWith::Replacement => "replacement",
    };
    format!("the {what} of user {user} on this project is {outcome}")
}

/// Where a record is not as its create asked for.
fn differing(role: Option<OtherRole>, values: &[Drift]) -> String {
    let role = role.map(|OtherRole { live, desired }| format!("role: {live} → {desired}"));
    let values = values.iter().map(ToString::to_string);
    role.into_iter().chain(values).collect::<Vec<_>>().join(", ")
}

/// What a record has instead of what its update asked for.
fn still(values: &[Drift]) -> String {
    let one =
        |drift: &Drift| format!("{}: {} (desired {})", drift.field, drift.before, drift.after);
    values.iter().map(one).collect::<Vec<_>>().join(", ")
}
