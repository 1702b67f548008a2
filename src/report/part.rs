//! Which part of a plan was asked for, and how much is outside of it: in words.

use super::{RunReport, words::plural};
use crate::{
    model::MembershipKey,
    plan::{ActionClass, Narrowing, Outside},
};

/// So many ids stand in a line.
const SHOWN: usize = 20;

/// `--workspace 100,200 --only creates`, as it would be asked for again by ids.
#[must_use]
pub fn words(report: &RunReport) -> String {
    let Some(narrowed) = &report.narrowed else { return "the whole plan".to_owned() };
    let Narrowing { workspaces, users, only, first } = &narrowed.by;
    let flags = [
        workspaces.as_ref().map(|ids| flag("workspace", ids)),
        users.as_ref().map(|ids| flag("user", ids)),
        only.as_ref().map(|only| flag("only", only.iter().copied().map(ActionClass::word))),
        first.as_ref().map(|first| flag("first", [first])),
    ];
    flags.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn flag<V: ToString>(name: &str, values: impl IntoIterator<Item = V>) -> String {
    let all: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    let more = all.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(",");
    format!("--{name} {shown}{more}")
}

/// The same, and what is outside; nothing where it is the whole plan.
pub(super) fn head(report: &RunReport) -> Option<String> {
    let Outside { projects, users, only } = report.narrowed.as_ref()?.outside;
    let counted = [
        (users, "action", "outside --user"),
        (only, "action", "outside --only"),
        (projects, "project", "not looked at"),
    ];
    let counted = counted.into_iter().filter(|(count, ..)| *count > 0);
    let counted = counted.map(|(count, what, why)| format!("{} {why}", plural(count, what)));
    let all: Vec<String> = std::iter::once(words(report)).chain(counted).collect();
    Some(all.join("; "))
}

/// Whether a membership is outside, or something of it that nothing was said of.
pub(super) fn leaves_out(report: &RunReport, key: MembershipKey) -> bool {
    report.narrowed.as_ref().is_some_and(|narrowed| {
        narrowed.left_out.contains(&key)
            || !narrowed.by.has_user(key.user)
            || !report.projects.contains_key(&key.workspace)
    })
}
