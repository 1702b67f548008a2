//! What a run has to know of those before it: the memory, and what the last one left in doubt.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Audience, Job, Order, Part, Session};
use crate::{
    chain::chain,
    config::Settings,
    memory::Memory,
    model::UserId,
    plan::{AbsenceRule, IneffectiveChanges, Policy},
    report::{LeftInDoubt, RunWarning},
    store::{Medium, Shared, StoreError},
};

/// An order, and what is known at its beginning.
pub(super) struct Course<'a> {
    pub order: Order<'a>,
    /// What the last applied run left.
    pub memory: Memory,
    pub policy: Policy,
    pub left_in_doubt: Vec<LeftInDoubt>,
    /// What people are called whom the roster names in its own words.
    pub called: BTreeMap<UserId, String>,
    /// What of the plan is wanted.
    pub part: Part,
}

/// What the configuration and earlier runs allow a plan to contain.
#[must_use]
pub fn policy(settings: &Settings, memory: &Memory, now: Timestamp) -> Policy {
    let (runs, days) = (settings.delete_after_runs, settings.delete_after_days);
    let rule = || AbsenceRule { runs, present_counts: true, days, now, known: memory.absences() };
    Policy {
        absence: (runs > 0 || days > 0).then(rule),
        ineffective: memory.ineffective(),
        mode: settings.mode,
        allow_replace: settings.allow_replace,
        ownership: settings.ownership,
        protection: settings.protect.clone(),
    }
}

impl<M: Medium, A: Audience> Session<'_, M, A> {
    /// Makes the run's room, and reads what earlier ones left: where nothing can be kept, nothing is
    /// sent.
    pub(super) fn recall<'a>(
        &self,
        order: Order<'a>,
        called: BTreeMap<UserId, String>,
        part: Part,
    ) -> Result<Course<'a>, StoreError> {
        let (left_in_doubt, unread) = left_in_doubt(&self.store)?;
        self.room()?;
        let (memory, unreadable) = self.store.memory(self.clock.now());
        let warning = unreadable.map(|message| RunWarning::MemoryUnread { message });
        self.warnings.borrow_mut().extend(warning.into_iter().chain(unread));
        let mut policy = order.purpose.policy(policy(self.settings, &memory, self.started_at));
        if order.retry_stuck {
            policy.ineffective = IneffectiveChanges::default();
        }
        if let Some(rule) = &mut policy.absence {
            rule.present_counts = part.is_whole();
        }
        Ok(Course { order, memory, policy, left_in_doubt, called, part })
    }

    pub(super) fn job<'b>(&'b self, course: &'b Course<'_>) -> Job<'b> {
        let settings = self.settings;
        Job {
            purpose: course.order.purpose.clone(),
            named_workspaces: &settings.scope_workspaces,
            policy: &course.policy,
            limits: &settings.guard,
            requests_per_second: settings.http.requests_per_second,
            max_in_flight: settings.http.max_in_flight,
            tries: settings.http.tries,
            recheck_after: settings.recheck_after,
            approval: course.order.approval,
            called: &course.called,
            part: &course.part,
        }
    }
}

/// What the last run that wrote left in doubt; a warning where its journal cannot be read.
fn left_in_doubt<M: Medium>(
    store: &Shared<M>,
) -> Result<(Vec<LeftInDoubt>, Option<RunWarning>), StoreError> {
    let journal = match store.last_journal()? {
        None => return Ok((Vec::new(), None)),
        Some((_, Ok(journal))) => journal,
        Some((run, Err(error))) => {
            let warning = RunWarning::DoubtsUnknown { run, message: chain(&error) };
            return Ok((Vec::new(), Some(warning)));
        }
    };
    let requests: Vec<String> =
        journal.in_doubt().into_iter().map(|request| request.words()).collect();
    let run = journal.run.clone();
    let damage = journal.damage_words().map(|damage| RunWarning::JournalDamaged { run, damage });
    let left = (!requests.is_empty()).then_some(LeftInDoubt { run: journal.run, requests });
    Ok((left.into_iter().collect(), damage))
}
