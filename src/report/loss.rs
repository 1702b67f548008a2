//! What of a report destroys records: which entries, and the words for what is lost with them.
//!
//! Nothing is written unless it was shown: these are never left out, and stand last in a plan.
//! Knows no medium and no renderer.

use std::collections::BTreeSet;

use super::{ReportEntry, RunReport, words};
use crate::{model::LOST_WITH_A_RECORD, plan::Change};

/// What is still to be sent, by (project, person): what destroys a record, or all else.
pub(super) fn planned(report: &RunReport, destroys: bool) -> Vec<&ReportEntry> {
    let mut entries = words::with_outcome(report, None);
    entries.retain(|entry| is_destroyed(entry) == destroys);
    entries
}

/// Whether it destroys a record, unless it is left alone: such lines are never cut.
pub(super) fn is_destroyed(entry: &ReportEntry) -> bool {
    let left_alone = entry.fate.as_ref().is_some_and(|fate| fate.outcome.is_left_alone());
    !left_alone && entry.change.as_ref().is_some_and(Change::destroys)
}

/// Whether it destroys a record and is still to be sent: such lines stand last in a plan.
pub(super) fn is_to_be_destroyed(entry: &ReportEntry) -> bool {
    entry.fate.is_none() && is_destroyed(entry)
}

/// How many lines are left out, class by class: `230 more creates and 1 more update`.
pub(super) fn more(entries: &[&ReportEntry]) -> String {
    let mut found = Vec::new();
    for class in ["create", "update", "delete", "replace", ""] {
        let count = entries.iter().filter(|entry| words::action(entry) == class).count();
        let noun = match class {
            "replace" => "replacement",
            "" => "difference",
            class => class,
        };
        if count > 0 {
            found.push(words::plural(count, &format!("more {noun}")));
        }
    }
    found.join(" and ")
}

/// What the deletes and replacements that are to be sent destroy; none for a run that is over.
pub(super) fn note(report: &RunReport) -> Option<String> {
    let planned = report.entries.iter().filter(|entry| is_to_be_destroyed(entry));
    let (mut deletes, mut replacements) = (0, 0);
    let (mut people, mut projects) = (BTreeSet::new(), BTreeSet::new());
    for entry in planned {
        match entry.change {
            Some(Change::Replace { .. }) => replacements += 1,
            _ => deletes += 1,
        }
        people.insert(entry.key.user);
        projects.insert(entry.key.workspace);
    }
    let parts = [(deletes, "delete"), (replacements, "replacement")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| words::plural(count, noun))
        .collect();
    let destroy = match deletes + replacements {
        0 => return None,
        1 => "destroys",
        _ => "destroy",
    };
    let whose = if people.len() == 1 { "this person's" } else { "these people's" };
    let s = if projects.len() == 1 { "" } else { "s" };
    Some(format!(
        "{} {destroy} {whose} {LOST_WITH_A_RECORD} on the project{s}; nothing brings them back",
        parts.join(" and ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn what_deletes_and_replacements_destroy_is_said_until_they_are_carried_out() {
        let plan = sample::plan();
        // People and projects by number: who loses what on how many.
        let told = |places: &[(&str, usize, usize)]| {
            let (people, projects): (BTreeSet<_>, BTreeSet<_>) =
                plan.entries.iter().map(|entry| (entry.key.user, entry.key.workspace)).unzip();
            let (people, projects): (Vec<_>, Vec<_>) =
                (people.into_iter().collect(), projects.into_iter().collect());
            let of = |(word, person, project): &(&str, usize, usize)| {
                let found = plan.entries.iter().find(|entry| words::action(entry) == *word);
                let mut entry = found.expect("an entry").clone();
                entry.key.user = people[*person];
                entry.key.workspace = projects[*project];
                entry
            };
            note(&RunReport { entries: places.iter().map(of).collect(), ..plan.clone() })
        };
        assert_eq!(told(&[]), None);
        let lost = "assignments, scheduled and allocated hours on the project";
        let back = "; nothing brings them back";
        for (places, words) in [
            (&[("delete", 0, 0)][..], format!("1 delete destroys this person's {lost}{back}")),
            (
                &[("replace", 0, 0), ("replace", 1, 1)],
                format!("2 replacements destroy these people's {lost}s{back}"),
            ),
            (
                &[("delete", 0, 0), ("delete", 1, 0), ("replace", 2, 0)],
                format!("2 deletes and 1 replacement destroy these people's {lost}{back}"),
            ),
            (
                &[("delete", 0, 0), ("delete", 0, 1)],
                format!("2 deletes destroy this person's {lost}s{back}"),
            ),
        ] {
            assert_eq!(told(places), Some(words));
        }
        assert_eq!(note(&sample::everything()), None);
    }
}
