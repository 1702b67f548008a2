//! What must hold of names: nobody is created or deleted on the word of a directory entry that the
//! server would not give now.
//!
//! Now is the run: whatever a name meant at some moment between its beginning and its end may have been
//! its last look, which no run can do without. What it meant before the run may not.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    draw::Scenario,
    evidence::{Check, Evidence, Pair, check, pair},
    truth::{Account, Said, Truth},
};
use crate::{
    plan::{Change, Plan},
    sandbox::{RequestKind, World},
    session::Preview,
};

/// What the roster said when the run began, and when it ended: the same, unless names changed meanwhile.
pub(super) struct Word {
    truths: [Truth; 2],
    /// Whether answers hide names: then a row that contradicts another may not be known to.
    hides: bool,
}

impl Word {
    pub(super) fn of(scenario: &Scenario, worlds: [&World; 2], day: &str) -> Self {
        let calling = scenario.calling.as_ref();
        let hides = calling.is_some() && scenario.sandbox.odd_values.share > 0.0;
        let truths = worlds.map(|world| {
            let account = Account {
                world,
                only_active: calling.is_some_and(|calling| calling.only_active),
                people_show_keys: scenario.sandbox.lookups.users_show_references,
            };
            Truth::of(&scenario.sheet, &account, day)
        });
        Self { truths, hides }
    }

    /// Whether a row wants them there at some moment of the run.
    fn wants(&self, pair: Pair) -> bool {
        self.said(pair, Said::Wanted)
            || (self.hides && self.truths.iter().any(|one| one.may_want(pair)))
    }

    /// Whether it said so at some moment of the run.
    pub(super) fn said(&self, pair: Pair, what: Said) -> bool {
        self.truths.iter().any(|truth| truth.said(pair) == what)
    }

    /// Whether it said so all the time.
    pub(super) fn always_said(&self, pair: Pair, what: Said) -> bool {
        self.truths.iter().all(|truth| truth.said(pair) == what)
    }

    pub(super) fn always_freezes(&self, project: u64) -> bool {
        self.truths.iter().all(|truth| truth.freezes(project))
    }

    /// Whom a project wants, and in which role, is among those who were wanted there at some moment,
    /// and has all who were wanted all the time.
    pub(super) fn agrees(&self, project: u64, wanted: &BTreeMap<Pair, &str>) -> Check {
        if self.hides {
            return Ok(());
        }
        let truths = self
            .truths
            .each_ref()
            .map(|truth| truth.wanted_on(project).collect::<BTreeMap<_, _>>());
        for (pair, role) in wanted {
            check(truths.iter().any(|truth| truth.get(pair) == Some(role)), || {
                format!("{pair:?} is to be a {role} on the word of the run, and of nobody else")
            })?;
        }
        let missed = truths[0]
            .iter()
            .find(|(pair, role)| truths[1].get(*pair) == Some(role) && !wanted.contains_key(*pair));
        check(missed.is_none(), || format!("{missed:?} is wanted, and the run does not know"))
    }
}

impl Evidence<'_> {
    /// Each write, and each that was planned, is on the word of what names mean in this run; so is all
    /// that the roster says of a project that the plan touches.
    pub(super) fn names_are_of_now(&self, preview: &Preview, word: &Word) -> Check {
        let plan = preview.reviewed.approved.plan();
        let comes = plan.actions.iter().filter(|one| !matches!(one.change, Change::Delete { .. }));
        for action in comes {
            check(word.wants(pair(action.key)), || {
                format!("{} is planned, and no row wants it: {:?}", action.key, action.change)
            })?;
        }
        let creates = self.writes().filter(|one| one.kind == RequestKind::Create && one.committed);
        for target in creates.flat_map(|entry| &entry.targets) {
            let pair = (target.workspace, target.user.unwrap_or_default());
            check(word.wants(pair), || format!("created {pair:?}, whom no row wants"))?;
        }
        self.touched_projects_are_known(preview, word)
    }

    fn touched_projects_are_known(&self, preview: &Preview, word: &Word) -> Check {
        let Some(roster) = &self.record.roster else { return Ok(()) };
        let plan = preview.reviewed.approved.plan();
        for project in touched(preview, plan) {
            let entries = roster.desired.entries().iter();
            let wanted = entries.filter(|entry| entry.key.workspace.number() == project);
            let wanted = wanted.map(|entry| (pair(entry.key), entry.spec.role.word()));
            word.agrees(project, &wanted.collect())?;
        }
        Ok(())
    }
}

/// The projects that a plan changes, or would.
fn touched(preview: &Preview, plan: &Plan) -> BTreeSet<u64> {
    let withheld = preview.reviewed.withheld.iter().map(|one| &one.action);
    let frozen = plan.frozen.iter().map(|one| &one.action);
    let actions = plan.actions.iter().chain(withheld).chain(frozen);
    actions.map(|action| action.key.workspace.number()).collect()
}
