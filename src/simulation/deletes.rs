//! What must hold of the deletes of a run: who may go, how many, and under whose word.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    draw::{Scenario, TOKEN_USER},
    evidence::{Check, Evidence, check, pair},
    floor::Intended,
    run_kind::RunKind,
    trace::is_tagged,
    truth::Said,
    word::Word,
};
use crate::{
    apply::Applied,
    guard::Limits,
    model::{Field, UserId, WorkspaceId},
    plan::{Action, Change, Ownership, Plan, WorkspaceState},
    sandbox::{self, ForeignChange, RequestKind, RequestTarget, Sandbox, World},
};

impl Evidence<'_> {
    /// All that must hold of deletes, whatever the run was for.
    pub(super) fn deletes_keep_their_promises(
        &self,
        plan: &Plan,
        (scenario, word): (&Scenario, &Word),
        sandbox: &Sandbox,
    ) -> Check {
        self.deletes_are_planned(plan, scenario)?;
        match &self.record.kind {
            RunKind::Undo(_) => self.an_undo_deletes_only_what_was_created(sandbox)?,
            RunKind::Adopt => self.an_adoption_only_tags(plan)?,
            RunKind::Apply | RunKind::ApplyApproved(_) | RunKind::ApplyPlan(_) => {
                self.a_roster_deletes_only_whom_it_may(plan, scenario, word)?;
            }
        }
        match self.record.kind.approved() {
            Some(approved) => self.deletes_are_approved(&approved.records),
            None => self.deletes_are_within_limits(plan, scenario),
        }
    }

    /// Every row that we deleted.
    fn deleted(&self) -> impl Iterator<Item = &RequestTarget> {
        let deletes = self.writes().filter(|entry| entry.kind == RequestKind::Delete);
        deletes.filter(|entry| entry.committed).flat_map(|entry| &entry.targets)
    }

    /// (b) We deleted only what the plan has, never the token's own user or who is protected, and
    /// under `tagged` only what carried the tag.
    fn deletes_are_planned(&self, plan: &Plan, scenario: &Scenario) -> Check {
        for target in self.deleted() {
            let Some(user) = target.user else { return Err("deleted nobody's row".to_owned()) };
            planned(plan, target)?;
            check(user != TOKEN_USER, || "deleted the token's own user".to_owned())?;
            let id = UserId::new(user).ok_or("no user")?;
            let person = crate::model::Person {
                id,
                name: String::new(),
                email: self.world.users().get(&user).map(|user| user.email.clone()),
                disabled: crate::model::Seen::Hidden,
            };
            let protected = scenario.policy.protection.entry_for(id, Some(&person));
            check(protected.is_none(), || format!("deleted {target:?}, who is protected"))?;
            let row = self.record.before.world.participations().get(&target.participation);
            let ours = scenario.policy.ownership == Ownership::All || row.is_some_and(is_tagged);
            check(ours, || format!("deleted {target:?}, which is not tagged"))?;
        }
        Ok(())
    }

    /// (b) A roster deletes nobody whom it wants, nobody while it is not to be trusted, and nobody
    /// who was not missing for long enough.
    fn a_roster_deletes_only_whom_it_may(
        &self,
        plan: &Plan,
        scenario: &Scenario,
        word: &Word,
    ) -> Check {
        for target in self.deleted() {
            let action = planned(plan, target)?;
            let pair = pair(action.key);
            let replaced = matches!(action.change, Change::Replace { .. });
            let wanted = word.always_said(pair, Said::Wanted);
            check(replaced || !wanted, || format!("deleted {target:?}, whom the roster wants"))?;
            let to_come = word.always_said(pair, Said::ToCome);
            check(!to_come, || format!("deleted {target:?}, who is to come"))?;
            let frozen = word.always_freezes(pair.0);
            check(!frozen && !scenario.sheet.is_partial, || {
                format!("deleted {target:?} under an untrusted roster")
            })?;
            let missing = self.record.ended_before + 1;
            let ended = word.said(pair, Said::Ended);
            check(replaced || ended || missing >= scenario.absence_runs, || {
                format!("deleted {target:?}, who was missing in {missing} runs at most")
            })?;
        }
        Ok(())
    }

    /// An undo deletes only records that earlier runs of this tool created. One case cannot be told
    /// from that: a colleague makes the very record in the second in which the create of it arrives,
    /// and the server names it in its answer for the duplicate; times are to the second.
    fn an_undo_deletes_only_what_was_created(&self, sandbox: &Sandbox) -> Check {
        let log = sandbox.log();
        let created: BTreeSet<u64> = log
            .iter()
            .filter(|entry| entry.kind == RequestKind::Create && entry.committed)
            .flat_map(|entry| entry.targets.iter().map(|target| target.participation))
            .collect();
        let creates: Vec<Timestamp> = log
            .iter()
            .filter(|entry| entry.kind == RequestKind::Create)
            .map(|one| one.at)
            .collect();
        let near = |at: Timestamp, create: &Timestamp| {
            at.duration_since(*create).abs() <= SignedDuration::from_secs(2)
        };
        let at_once = |target: &RequestTarget| {
            self.foreign.iter().any(|edit| {
                edit.change == ForeignChange::Created
                    && edit.target.participation == target.participation
                    && creates.iter().any(|create| near(edit.at, create))
            })
        };
        for target in self.deleted() {
            check(created.contains(&target.participation) || at_once(target), || {
                format!("an undo deleted {target:?}, which nobody created")
            })?;
        }
        Ok(())
    }

    /// An adoption sends updates that set the tag, and nothing else.
    fn an_adoption_only_tags(&self, plan: &Plan) -> Check {
        let only_tags = plan.actions.iter().all(|action| match &action.change {
            Change::Update { drift, .. } => drift.iter().all(|drift| drift.field == Field::Tagged),
            _ => false,
        });
        let updates = self.writes().all(|entry| entry.kind == RequestKind::Update);
        check(only_tags && updates, || "an adoption did more than to tag".to_owned())
    }

    /// (c) With an approved list, nothing is deleted that is not on it.
    fn deletes_are_approved(&self, records: &BTreeSet<u64>) -> Check {
        for target in self.deleted() {
            check(records.contains(&target.participation), || {
                format!("deleted {target:?}, which is not on the approved list")
            })?;
        }
        Ok(())
    }

    /// (c) Deletes stay within the limits, and what is withheld has to be: held against who was on
    /// the projects, whatever the listing and the guard made of that.
    fn deletes_are_within_limits(&self, plan: &Plan, scenario: &Scenario) -> Check {
        let Some(preview) = &self.record.preview else { return Ok(()) };
        let limits = &scenario.limits;
        let gone = self.deleted().count();
        check(gone <= limits.max_deletes, || format!("{gone} deleted; {limits:?}"))?;
        if self.others_were_here() {
            return Ok(());
        }
        let withheld: Vec<&Action> =
            preview.reviewed.withheld.iter().map(|one| &one.action).collect();
        let verdict = self.intended(plan, &withheld).verdict(limits);
        let odd = scenario.sandbox.odd_values.share > 0.0;
        let fits = |action: &&Action, is_withheld: bool| {
            let must = verdict.withholds(action.key.workspace.number());
            // Who cannot be seen to lead may lead, so more than that may be withheld.
            !action.change.destroys() || must == is_withheld || (odd && is_withheld)
        };
        let wrong = plan.actions.iter().find(|action| !fits(action, false));
        let wrong = wrong.or_else(|| withheld.into_iter().find(|action| !fits(action, true)));
        check(wrong.is_none(), || {
            let which = wrong.map(|action| format!("{} {}", action.change.word(), action.key));
            format!("{which:?} is passed or withheld, and the rule says {verdict:?}; {limits:?}")
        })?;
        self.no_floor_leaves_nobody(plan, limits)
    }

    /// Everything that the run would have done, on the projects as they were.
    fn intended(&self, plan: &Plan, withheld: &[&Action]) -> Intended {
        let read = plan
            .workspaces
            .iter()
            .filter(|(_, workspace)| matches!(workspace.state, WorkspaceState::Listed { .. }));
        let mut intended = Intended::on(read.map(|(id, _)| id.number()), TOKEN_USER);
        for row in self.record.before.world.participations().values() {
            intended.member(row.workspace, row.user, row.is_team_lead);
        }
        plan.actions.iter().chain(withheld.iter().copied()).for_each(|one| intended.action(one));
        intended
    }

    /// Who was really deleted over a share left somebody behind who is really there. Of a
    /// replacement that was lost nobody is left, and that is told as such.
    fn no_floor_leaves_nobody(&self, plan: &Plan, limits: &Limits) -> Check {
        let members = |world: &World, project: u64| world.on(project).count();
        let before = &self.record.before.world;
        let listed = plan.workspaces.keys().map(|id| id.number());
        let total: usize = listed.map(|id| members(before, id)).sum();
        let mut gone: BTreeMap<u64, usize> = BTreeMap::new();
        for target in self.deleted() {
            *gone.entry(target.workspace).or_default() += 1;
        }
        let run_is_over = gone.values().sum::<usize>() > total * limits.max_delete_percent / 100;
        let replaces = |project: u64| {
            let of_project = |one: &&Action| one.key.workspace.number() == project;
            let is_one = |one: &Action| matches!(one.change, Change::Replace { .. });
            plan.actions.iter().filter(of_project).any(is_one)
        };
        for (project, gone) in gone.into_iter().filter(|(project, _)| !replaces(*project)) {
            let share = members(before, project) * limits.max_project_delete_percent / 100;
            let is_ordinary = |row: &sandbox::Participation| {
                row.user.is_some_and(|user| user != TOKEN_USER) && !row.is_team_lead
            };
            let somebody = self.world.on(project).any(is_ordinary);
            check(somebody || !(run_is_over || gone > share), || {
                format!("a floor let {gone} go from project {project}, and nobody is left there")
            })?;
        }
        Ok(())
    }

    /// (b) A project where a create or update went wrong loses nobody.
    pub(super) fn frozen_projects_lose_nobody(&self, applied: &Applied) -> Check {
        let wrong: BTreeSet<WorkspaceId> = applied
            .decided
            .iter()
            .filter(|one| !one.action.change.destroys() && one.fate.outcome.freezes())
            .map(|one| one.action.key.workspace)
            .collect();
        for entry in self.writes().filter(|entry| entry.kind == RequestKind::Delete) {
            for target in &entry.targets {
                let frozen = wrong.iter().any(|id| id.number() == target.workspace);
                check(!frozen || !entry.committed, || {
                    format!("deleted {target:?} on a project where something went wrong")
                })?;
            }
        }
        Ok(())
    }
}

/// The action that deletes a row.
fn planned<'a>(plan: &'a Plan, target: &RequestTarget) -> Result<&'a Action, String> {
    let is_it = |action: &&Action| {
        let record = action.change.participation().map(|id| id.number());
        action.change.destroys() && record == Some(target.participation)
    };
    let action = plan.actions.iter().find(is_it);
    action.ok_or_else(|| format!("deleted {target:?}, which no plan has"))
}
