//! In what two plans differ: action by action, value by value.
//!
//! Everything that a plan's digest covers is a fact here, and nothing else is: whatever makes another
//! digest is listed, and nothing is listed that makes none. Knows no file and no renderer.

use std::collections::BTreeMap;

use super::{ReportEntry, RunReport, reason, words};
use crate::{
    model::{
        Drift, Field, MembershipKey, MembershipSpec, Outcome, Participation, UserId, WorkspaceId,
    },
    plan::{Change, HoldReason, Target, Wait},
};

/// An action that only one of two plans has, or that is another one in each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Whether a record goes or stays by it.
    pub destroys: bool,
    /// Which action, and how it differs.
    pub words: String,
}

/// What an entry says, by name.
struct Facts<'a> {
    entry: &'a ReportEntry,
    /// What becomes of it, where it is left alone.
    left_alone: Option<Outcome>,
    values: Vec<Fact>,
}

#[derive(PartialEq, Eq)]
struct Fact {
    name: String,
    value: String,
    /// What is said where there is no such fact.
    none: &'static str,
}

fn fact(name: impl Into<String>, value: impl ToString, none: &'static str) -> Fact {
    Fact { name: name.into(), value: value.to_string(), none }
}

/// In what the plan computed now is not the approved one; by (project, person).
#[must_use]
pub fn differences(approved: &RunReport, now: &RunReport) -> Vec<Difference> {
    let mut found = Vec::new();
    let both = Both { approved, now };
    for (_, (before, after)) in by_key(approved, now) {
        both.compare(before, after, &mut found);
    }
    found
}

type Sides<'a> = (Vec<Facts<'a>>, Vec<Facts<'a>>);

fn by_key<'a>(approved: &'a RunReport, now: &'a RunReport) -> BTreeMap<MembershipKey, Sides<'a>> {
    let mut found: BTreeMap<MembershipKey, Sides<'a>> = BTreeMap::new();
    for entry in &approved.entries {
        found.entry(entry.key).or_default().0.push(Facts::of(entry));
    }
    for entry in &now.entries {
        found.entry(entry.key).or_default().1.push(Facts::of(entry));
    }
    found
}

#[derive(Clone, Copy)]
struct Both<'a> {
    approved: &'a RunReport,
    now: &'a RunReport,
}

impl Both<'_> {
    /// Takes away what is the same, then pairs what is alike, the most alike first.
    fn compare(self, before: Vec<Facts<'_>>, after: Vec<Facts<'_>>, found: &mut Vec<Difference>) {
        let (mut gone, mut new) = (before, after);
        take_pairs(&mut gone, &mut new, Facts::is_same);
        let alike = take_pairs(&mut gone, &mut new, |a, b| {
            a.class() == b.class() && a.left_alone == b.left_alone
        });
        let of_a_class = take_pairs(&mut gone, &mut new, |a, b| a.class() == b.class());
        for (before, after) in alike.iter().chain(&of_a_class) {
            let changes = before.changes(after).join("; ");
            let destroys = after.destroys() || before.destroys();
            let words = format!("{}: {changes}", self.named(after.entry));
            found.push(Difference { destroys, words });
        }
        for (which, alone) in [("no longer", &gone), ("now", &new)] {
            found.extend(alone.iter().map(|facts| Difference {
                destroys: facts.destroys(),
                words: format!("{which}: {}", self.whole(facts)),
            }));
        }
    }

    fn named(self, entry: &ReportEntry) -> String {
        let MembershipKey { workspace, user } = entry.key;
        let action = match words::action(entry) {
            "" => "difference",
            action => action,
        };
        format!("{action} of {} on {}", self.person(user), self.project(workspace))
    }

    fn whole(self, facts: &Facts<'_>) -> String {
        let Facts { entry, left_alone, .. } = facts;
        let mut text = left_alone.map(|outcome| format!("{outcome}, ")).unwrap_or_default();
        text.push_str(&self.named(entry));
        let why = left_alone.map(|_| reason::of_entry(entry)).unwrap_or_default();
        let parts = [words::change(entry), why];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        match parts.is_empty() {
            true => text,
            false => format!("{text}: {}", parts.join("; ")),
        }
    }

    /// As the report names them that knows them.
    fn person(self, user: UserId) -> String {
        let known = self.now.people.contains_key(&user);
        if known { self.now.person(user) } else { self.approved.person(user) }
    }

    fn project(self, id: WorkspaceId) -> String {
        let known = !words::title(self.now, id).is_empty();
        if known { self.now.project(id) } else { self.approved.project(id) }
    }
}

/// Takes out the pairs that are alike, each of one side and one of the other.
fn take_pairs<'a>(
    gone: &mut Vec<Facts<'a>>,
    new: &mut Vec<Facts<'a>>,
    alike: impl Fn(&Facts<'a>, &Facts<'a>) -> bool,
) -> Vec<(Facts<'a>, Facts<'a>)> {
    let mut pairs = Vec::new();
    for before in std::mem::take(gone) {
        match new.iter().position(|after| alike(&before, after)) {
            Some(at) => pairs.push((before, new.remove(at))),
            None => gone.push(before),
        }
    }
    pairs
}

impl<'a> Facts<'a> {
    fn of(entry: &'a ReportEntry) -> Self {
        let fate = entry.fate.as_ref().map(|fate| fate.outcome);
        let left_alone = fate.filter(|outcome| outcome.is_left_alone());
        let mut values = entry.change.as_ref().map(of_change).unwrap_or_default();
        values.push(fact("because", because(entry), "nothing"));
        Self { entry, left_alone, values }
    }

    fn class(&self) -> &'static str {
        words::action(self.entry)
    }

    fn destroys(&self) -> bool {
        self.entry.change.as_ref().is_some_and(Change::destroys)
    }

    fn is_same(&self, other: &Self) -> bool {
        let Self { entry: _, left_alone, values } = self;
        self.class() == other.class() && *left_alone == other.left_alone && *values == other.values
    }

    /// `name: before → after` for everything that is not the same.
    fn changes(&self, after: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.left_alone != after.left_alone {
            let words = |side: &Self| side.left_alone.map_or("to be done", Outcome::words);
            found.push(format!("{} → {}{}", words(self), words(after), after.why_left_alone()));
        }
        for Fact { name, value, none } in &self.values {
            match after.value(name) {
                Some(new) if new == value => {}
                // Why it is left alone was said with that it is.
                _ if name == "because" && self.left_alone != after.left_alone => {}
                new => found.push(format!("{name}: {value} → {}", new.unwrap_or(none))),
            }
        }
        let added = after.values.iter().filter(|fact| self.value(&fact.name).is_none());
        found.extend(added.map(|Fact { name, value, none }| format!("{name}: {none} → {value}")));
        found
    }

    fn why_left_alone(&self) -> String {
        match &self.entry.fate {
            Some(fate) if self.left_alone.is_some() => {
                let held = || reason::of_plan(&self.entry.reason);
                let why = Some(reason::of_fate(fate)).filter(|why| !why.is_empty());
                format!(" ({})", why.unwrap_or_else(held))
            }
            _ => String::new(),
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self.values.iter().find(|fact| fact.name == name);
        found.map(|fact| fact.value.as_str())
    }
}

/// The reason without the date until which an absence waits: it moves with the clock.
fn because(entry: &ReportEntry) -> String {
    match entry.hold() {
        Some(HoldReason::Waiting { wait }) => Wait { not_before: None, ..*wait }.to_string(),
        _ => reason::of_plan(&entry.reason),
    }
}

fn of_change(change: &Change) -> Vec<Fact> {
    match change {
        Change::Create { spec } => of_spec(spec),
        Change::Update { target, drift, takes_lead_from } => {
            let record = match target {
                Target::Live(id) => id.to_string(),
                Target::Created => "the one that the create makes".to_owned(),
            };
            let mut facts = vec![fact("record", record, "none")];
            facts.extend(of_drift(drift));
            facts.extend(of_lead(*takes_lead_from));
            facts
        }
        Change::Delete { live, demote_first } => of_live(live, *demote_first),
        Change::Replace { live, demote_first, spec, later, takes_lead_from } => {
            let mut facts = of_live(live, *demote_first);
            facts.extend(of_spec(spec));
            facts.extend(of_drift(later));
            facts.extend(of_lead(*takes_lead_from));
            facts
        }
    }
}

fn of_spec(spec: &MembershipSpec) -> Vec<Fact> {
    let MembershipSpec { role, fields } = spec;
    let values = fields.managed().into_iter();
    let values = values.map(|(field, value)| fact(field.name(), value, "not managed"));
    std::iter::once(fact("role", role, "none")).chain(values).collect()
}

fn of_drift(drift: &[Drift]) -> impl Iterator<Item = Fact> + '_ {
    drift.iter().map(|Drift { field, before, after }| {
        fact(field.name(), format_args!("{after} (from {before})"), "unchanged")
    })
}

fn of_lead(taken_from: Option<UserId>) -> Option<Fact> {
    taken_from.map(|user| fact("takes the lead from", format_args!("user {user}"), "nobody"))
}

/// The record that goes, as it was listed.
fn of_live(live: &Participation, demote_first: bool) -> Vec<Fact> {
    // The key is that of the entry.
    let Participation { id, key: _, role, fields, created_at, updated_at } = live;
    let role = role.visible().map_or("hidden".to_owned(), |role| role.to_string());
    let time =
        |time: &Option<jiff::Timestamp>| time.map_or("not said".to_owned(), |t| t.to_string());
    let mut facts = vec![
        fact("record", id, "none"),
        fact("live role", role, "none"),
        fact("record made", time(created_at), "none"),
        fact("record last changed", time(updated_at), "none"),
        fact("demoted first", demote_first, "none"),
    ];
    let values = Field::ALL.into_iter();
    facts.extend(values.map(|field| fact(format!("live {field}"), fields.value(field), "none")));
    facts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        model::{AccessLevel, Seen},
        plan::Mode,
        report::{EntryReason, sample},
        verdict::{Fate, Why},
    };

    fn told(approved: &RunReport, now: &RunReport) -> Vec<String> {
        differences(approved, now).into_iter().map(|one| one.words).collect()
    }

    fn entry(report: &mut RunReport, action: &str) -> usize {
        let found = report.entries.iter().position(|entry| words::action(entry) == action);
        found.expect("an entry")
    }

    /// What is listed when this is done to the first entry of the sample with this action.
    fn after(action: &str, change: impl FnOnce(&mut ReportEntry)) -> Vec<String> {
        let (approved, mut now) = (sample::plan(), sample::plan());
        let at = entry(&mut now, action);
        change(&mut now.entries[at]);
        told(&approved, &now)
    }

    #[test]
    fn two_plans_that_are_the_same_differ_in_nothing() {
        assert_eq!(told(&sample::plan(), &sample::plan()), [""; 0]);
        // Neither lines of the roster, nor names, nor what the guard says are part of a plan.
        let mut now = sample::plan();
        now.people.clear();
        for entry in &mut now.entries {
            entry.line = entry.line.map(|line| line + 1);
            if let Some(fate) = &mut entry.fate {
                fate.request_id = Some("another".to_owned());
            }
        }
        assert_eq!(told(&sample::plan(), &now), [""; 0]);
    }

    #[test]
    fn a_value_is_told_as_it_was_and_as_it_is() {
        let level = after("create", |entry| {
            let Some(Change::Create { spec }) = &mut entry.change else { panic!("a create") };
            spec.fields.access_level = Some(AccessLevel::Admin);
            spec.fields.can_invite = Some(true);
        });
        assert_eq!(
            level,
            [
                "create of Zoë O'Neil (3) on =cmd() (102): access_level: edit_tasks → admin; can_invite: not managed → true"
            ]
        );
        let value = after("update", |entry| {
            let Some(Change::Update { drift, takes_lead_from, .. }) = &mut entry.change else {
                panic!("an update")
            };
            drift[0].after = false.into();
            *takes_lead_from = UserId::new(3);
        });
        assert_eq!(
            value,
            [
                "update of \u{1b}[31mRed\u{1b}[0m (7) on Alpha | <script>alert(1)</script> (101): team_lead: true (from false) → false (from false); takes the lead from: nobody → user 3"
            ]
        );
        let record = after("delete", |entry| {
            let Some(Change::Delete { live, .. }) = &mut entry.change else { panic!("a delete") };
            live.updated_at = "2026-11-24T01:00:00Z".parse().ok();
            live.fields.access_level = Seen::Visible(AccessLevel::Admin);
        });
        assert_eq!(
            record,
            [
                "delete of -Dash (5) on =cmd() (102): record last changed: not said → 2026-11-24T01:00:00Z; live access_level: hidden → admin"
            ]
        );
    }

    #[test]
    fn who_is_new_who_is_gone_and_what_became_another_action_is_told() {
        let (mut approved, mut now) = (sample::plan(), sample::plan());
        approved.entries.retain(|entry| words::action(entry) != "replace");
        let at = entry(&mut now, "delete");
        now.entries.remove(at);
        assert_eq!(
            told(&approved, &now),
            [
                "no longer: delete of -Dash (5) on =cmd() (102): maven",
                "now: replace of Ann\nLee (6) on =cmd() (102): maven → buyer, access edit_tasks",
            ]
        );
        let other = after("replace", |entry| entry.change = Some(sample::delete(entry.key)));
        assert_eq!(other.len(), 2, "{other:?}");
        assert!(other[0].starts_with("no longer: replace") && other[1].starts_with("now: delete"));
    }

    #[test]
    fn what_is_left_alone_now_or_no_longer_is_told_with_why() {
        let held = after("delete", |entry| {
            let hold = HoldReason::Mode { mode: Mode::NoDelete };
            entry.reason = EntryReason::Held(hold);
            entry.fate = Some(Fate::new(Outcome::Held, Why::AsPlanned));
        });
        assert_eq!(
            held,
            [
                "delete of -Dash (5) on =cmd() (102): to be done → held (mode `no-delete` does not do this)"
            ]
        );
        let why = Why::TriesUsedUp { message: "too many".to_owned() };
        let withheld =
            after("delete", |entry| entry.fate = Some(Fate::new(Outcome::Withheld, why.clone())));
        assert_eq!(
            withheld,
            ["delete of -Dash (5) on =cmd() (102): to be done → withheld (too many)"]
        );
        let (mut approved, now) = (sample::plan(), sample::plan());
        let at = entry(&mut approved, "delete");
        approved.entries[at].fate = Some(Fate::new(Outcome::Frozen, Why::AsPlanned));
        assert_eq!(
            told(&approved, &now),
            ["delete of -Dash (5) on =cmd() (102): frozen → to be done"]
        );
        assert!(differences(&approved, &now)[0].destroys);
    }

    #[test]
    fn a_hold_with_another_reason_differs_but_not_by_the_date_it_waits_for() {
        let waiting = |runs, not_before: &str| {
            let not_before = not_before.parse().ok();
            HoldReason::Waiting { wait: Wait { runs, runs_needed: 3, not_before } }
        };
        let with = |hold: HoldReason| {
            let mut report = sample::plan();
            let held = report.entries.iter_mut().rfind(|entry| entry.hold().is_some());
            held.expect("one").reason = EntryReason::Held(hold);
            report
        };
        let first = with(waiting(1, "2026-11-25T00:00:00Z"));
        assert_eq!(told(&first, &with(waiting(1, "2026-11-26T00:00:00Z"))), [""; 0]);
        assert_eq!(
            told(&first, &with(waiting(2, "2026-11-26T00:00:00Z"))),
            [
                "delete of user 4 (name not visible) on =cmd() (102): because: missing from the roster for 1 of 3 runs in a row → missing from the roster for 2 of 3 runs in a row"
            ]
        );
    }

    /// The value with one leaf or branch of it replaced, in every way that may be read.
    fn variants(value: &Value) -> Vec<Value> {
        let mut found = vec![
            json!(true),
            json!(false),
            json!(null),
            json!(1),
            json!("hidden"),
            json!("maven"),
            json!("buyer"),
            json!("admin"),
            json!("created"),
            json!("2026-01-01T00:00:00Z"),
            json!({ "visible": true }),
            json!({ "visible": 7 }),
            json!({ "visible": null }),
            json!({ "visible": "admin" }),
            json!({ "visible": "buyer" }),
            json!({ "live": 5 }),
        ];
        match value {
            Value::Object(members) => {
                // Whose record it is says the entry.
                for (name, member) in members.iter().filter(|(name, _)| *name != "key") {
                    for variant in variants(member) {
                        let mut changed = members.clone();
                        changed.insert(name.clone(), variant);
                        found.push(Value::Object(changed));
                    }
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    for variant in variants(item) {
                        let mut changed = items.clone();
                        changed[at] = variant;
                        found.push(Value::Array(changed));
                    }
                }
                found.push(json!([]));
            }
            _ => {}
        }
        found
    }

    #[test]
    fn whatever_is_another_change_is_another_fact() {
        let key = sample::key(101, 8);
        let lead = UserId::new(3);
        let update = Change::Update {
            target: Target::Created,
            drift: vec![Drift { field: Field::TeamLead, before: false.into(), after: true.into() }],
            takes_lead_from: lead,
        };
        let mut replace = sample::replace(key);
        if let (
            Change::Replace { later, takes_lead_from, spec, .. },
            Change::Update { drift, .. },
        ) = (&mut replace, &update)
        {
            later.clone_from(drift);
            *takes_lead_from = lead;
            spec.fields.can_invite = Some(true);
        }
        let mut tried = 0;
        for change in [sample::create(), update, sample::delete(key), replace] {
            let text = serde_json::to_value(&change).expect("plain");
            for variant in variants(&text) {
                let Ok(other) = serde_json::from_value::<Change>(variant) else { continue };
                let report = |change: &Change| {
                    let entry =
                        sample::entry(key, None, change.clone(), crate::plan::Reason::Differs);
                    RunReport { entries: vec![entry], ..sample::empty() }
                };
                let found = told(&report(&change), &report(&other));
                assert_eq!(found.is_empty(), change == other, "{change:?} {other:?}: {found:?}");
                tried += usize::from(change != other);
            }
        }
        assert!(tried > 50, "{tried}");
    }
}
