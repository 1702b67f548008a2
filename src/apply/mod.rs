//! Carrying out an approved plan: creates, then updates (promotions, others, demotions), then
//! replacements, then deletes; a stage ends before the next begins.
//!
//! Every write has its intent in the journal before it leaves. A create is never sent twice
//! blindly. Knows nothing of rosters, of files or of how anything is shown.

mod bisect;
mod create;
mod delete;
mod explain;
mod settle;
mod stopping;
mod update;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};

use crate::{
    api::{Answered, ApiError, WriteParticipations},
    clock::Clock,
    event::{Event, Listener},
    guard::ApprovedPlan,
    journal::{Entry, JournalError, PresentRow, Record, Request, RequestResult},
    model::{Fate, MembershipKey, Outcome, Participation, ParticipationId, WorkspaceId},
    plan::{Action, Change, Plan, Stage, batches},
    run::Stop,
};

/// What an apply works with besides its plan.
pub struct Tools<'a, A> {
    /// The only way out.
    pub api: &'a A,
    /// Where intents and outcomes are kept.
    pub journal: &'a dyn Record,
    /// Asks to end early.
    pub stop: &'a Stop,
    /// Is told of progress.
    pub listener: Listener<'a>,
    /// Tells when something was read back.
    pub clock: Clock,
    /// Requests under way at once.
    pub max_in_flight: usize,
    /// How often a create that is known not to be there is sent.
    pub tries: u32,
    /// How old a listing may be before its rows are looked at again.
    pub recheck_after: Duration,
}

/// What became of a plan.
#[derive(Debug)]
pub struct Applied {
    /// One fate an action, in the plan's order.
    pub fates: Vec<Fate>,
    /// The API's last word, where it ended the run.
    pub ended_by: Option<ApiError>,
    /// The journal's, where it did.
    pub journal_error: Option<JournalError>,
}

/// Carries out an approved plan; there is no other way in.
pub async fn run<A: WriteParticipations>(approved: &ApprovedPlan, tools: Tools<'_, A>) -> Applied {
    let plan = approved.plan();
    let run = Run {
        tools,
        plan,
        fates: RefCell::new(vec![None; plan.actions.len()]),
        created: RefCell::default(),
        deleted: RefCell::default(),
        index_is_position: Cell::new(true),
        sequence: Cell::new(0),
        account: explain::Account::default(),
        ended_by: RefCell::default(),
        journal_error: RefCell::default(),
    };
    run.creates().await;
    for stage in [Stage::Promote, Stage::Update] {
        run.stage(stage, async |index| run.update(index).await).await;
    }
    run.freeze_leads();
    run.stage(Stage::Demote, async |index| run.update(index).await).await;
    run.replacements_and_deletes().await;
    run.finish()
}

/// A run under way. One task drives it, so plain cells hold its state.
struct Run<'a, A> {
    tools: Tools<'a, A>,
    plan: &'a Plan,
    fates: RefCell<Vec<Option<Fate>>>,
    /// Records that this run's creates made.
    created: RefCell<BTreeMap<MembershipKey, ParticipationId>>,
    /// Records that this run deleted; lagging lists may still show them.
    deleted: RefCell<BTreeSet<ParticipationId>>,
    /// Whether the `index` of an error may still be the row's position in the request.
    index_is_position: Cell<bool>,
    sequence: Cell<u64>,
    /// What is known of the account, for explanations.
    account: explain::Account,
    ended_by: RefCell<Option<ApiError>>,
    journal_error: RefCell<Option<JournalError>>,
}

impl<A: WriteParticipations> Run<'_, A> {
    /// Whether another request may be started.
    fn may_start(&self) -> bool {
        self.tools.stop.cause().is_none() && self.can_go_on()
    }

    /// Whether what is under way can be finished.
    fn can_go_on(&self) -> bool {
        self.ended_by.borrow().is_none() && self.journal_error.borrow().is_none()
    }

    fn decide(&self, index: usize, fate: Fate) {
        self.fates.borrow_mut()[index].get_or_insert(fate);
    }

    fn is_decided(&self, index: usize) -> bool {
        self.fates.borrow()[index].is_some()
    }

    /// Remembers an error that ends the run.
    fn note(&self, error: &ApiError) {
        if error.ends_the_run() {
            self.ended_by.borrow_mut().get_or_insert_with(|| error.clone());
        }
    }

    fn indices(&self, stage: Stage) -> Vec<usize> {
        let of_stage = |(_, action): &(usize, &Action)| action.change.stage() == stage;
        self.plan.actions.iter().enumerate().filter(of_stage).map(|(index, _)| index).collect()
    }

    async fn creates(&self) {
        let creates = self.indices(Stage::Create);
        self.announce(Stage::Create, creates.len());
        stream::iter(batches(&creates))
            .for_each_concurrent(self.tools.max_in_flight, |batch| self.create_batch(batch))
            .await;
    }

    async fn stage(&self, stage: Stage, one: impl AsyncFn(usize)) {
        let indices = self.indices(stage);
        self.announce(stage, indices.len());
        self.each(indices, self.tools.max_in_flight, one).await;
    }

    /// Does one thing for each of these actions that is not decided, so many at once.
    async fn each(&self, indices: Vec<usize>, at_once: usize, one: impl AsyncFn(usize)) {
        let one = &one;
        stream::iter(indices)
            .for_each_concurrent(at_once, |index| async move {
                if self.may_start() && !self.is_decided(index) {
                    one(index).await;
                }
                (self.tools.listener)(Event::ActionsDone { actions: 1 });
            })
            .await;
    }

    fn announce(&self, stage: Stage, actions: usize) {
        if actions > 0 {
            (self.tools.listener)(Event::StageStarted { stage, actions });
        }
    }

    /// Puts an intent on disk; without it nothing may be sent.
    fn intend(&self, request: Request) -> Option<u64> {
        let seq = self.sequence.get();
        self.sequence.set(seq + 1);
        self.record(&Entry::Intent { seq, request }).then_some(seq)
    }

    fn record(&self, entry: &Entry) -> bool {
        match self.tools.journal.record(entry) {
            Ok(()) => true,
            Err(error) => {
                self.journal_error.borrow_mut().get_or_insert(error);
                false
            }
        }
    }

    /// Notes that a record was read back: what became of its request is known.
    fn record_read_back(&self, seq: u64, key: MembershipKey, live: Option<&Participation>) {
        let present = live.map(PresentRow::from);
        self.record(&Entry::Settled {
            seq,
            absent: if present.is_none() { vec![key] } else { Vec::new() },
            present: present.into_iter().collect(),
            unknown: Vec::new(),
        });
    }

    /// Notes how an update or a delete was answered, with the record where the answer shows it.
    fn record_result<T>(
        &self,
        seq: u64,
        result: &Result<Answered<T>, ApiError>,
        shown: Option<&Participation>,
    ) {
        let request_id = request_id(result);
        let result = match result {
            Ok(_) => {
                let present = shown.map(PresentRow::from).into_iter().collect();
                RequestResult::Done { present, request_id }
            }
            Err(error) if error.is_gone() => RequestResult::Gone { message: error.to_string() },
            Err(error) if error.may_have_arrived() => {
                RequestResult::Unknown { message: error.to_string() }
            }
            Err(error) => RequestResult::NotDone { message: error.to_string() },
        };
        self.record(&Entry::Outcome { seq, result });
    }

    /// A lead stays until the successor is seen to lead: where a promotion did not come through,
    /// nobody on that project is demoted, or deleted as a lead.
    fn freeze_leads(&self) {
        let mut causes: BTreeMap<WorkspaceId, String> = BTreeMap::new();
        for index in self.indices(Stage::Promote) {
            let action = &self.plan.actions[index];
            let fate = self.fates.borrow()[index].as_ref().map(|fate| fate.outcome);
            if fate != Some(Outcome::Applied) {
                let outcome = fate.unwrap_or(Outcome::NotReached);
                let words = format!(
                    "the promotion of user {} on this project is {outcome}",
                    action.key.user
                );
                causes.entry(action.key.workspace).or_insert(words);
            }
        }
        for (index, action) in self.plan.actions.iter().enumerate() {
            let ends_a_lead = match &action.change {
                Change::Delete { demote_first, .. } | Change::Replace { demote_first, .. } => {
                    *demote_first
                }
                change => change.stage() == Stage::Demote,
            };
            if let Some(cause) = causes.get(&action.key.workspace).filter(|_| ends_a_lead) {
                self.decide(index, Fate::new(Outcome::Frozen, cause.clone()));
            }
        }
    }

    /// What went wrong freezes its project: somebody may be replacing somebody. A replacement is a
    /// create as well, so what went wrong with it freezes the deletes that come after it.
    fn freeze(&self, indices: &[usize]) {
        let mut causes: BTreeMap<WorkspaceId, (Outcome, String)> = BTreeMap::new();
        for (action, fate) in self.plan.actions.iter().zip(self.fates.borrow().iter()) {
            let Some(Fate { outcome, .. }) = fate else { continue };
            if !outcome.freezes() || matches!(action.change, Change::Delete { .. }) {
                continue;
            }
            let words = on_this_project(action, *outcome);
            let worst = causes.entry(action.key.workspace).or_insert((*outcome, words.clone()));
            if *outcome > worst.0 {
                *worst = (*outcome, words);
            }
        }
        for index in indices {
            if let Some((_, cause)) = causes.get(&self.plan.actions[*index].key.workspace) {
                self.decide(*index, Fate::new(Outcome::Frozen, cause.clone()));
            }
        }
    }

    fn finish(self) -> Applied {
        let ended_by = self.ended_by.into_inner();
        let journal_error = self.journal_error.into_inner();
        let why = match (&journal_error, &ended_by, self.tools.stop.cause()) {
            (Some(error), ..) => error.to_string(),
            (None, Some(error), _) => error.to_string(),
            (None, None, Some(cause)) => crate::run::Ended::from(cause).words(),
            (None, None, None) => "what it needs did not happen".to_owned(),
        };
        let unreached = |action: &Action| {
            Fate::new(Outcome::NotReached, why.clone()).of(action.change.participation())
        };
        let fates = self.fates.into_inner().into_iter().zip(&self.plan.actions);
        let fates = fates.map(|(fate, action)| fate.unwrap_or_else(|| unreached(action))).collect();
        Applied { fates, ended_by, journal_error }
    }

    fn change(&self, index: usize) -> (&MembershipKey, &Change) {
        let action = &self.plan.actions[index];
        (&action.key, &action.change)
    }
}

/// Why an action keeps others of its project from happening.
fn on_this_project(action: &Action, outcome: Outcome) -> String {
    let what = match action.change {
        Change::Replace { .. } => "replacement",
        _ => action.change.word(),
    };
    format!("the {what} of user {} on this project is {outcome}", action.key.user)
}

/// The `x-request-id` of an answer, of an error too.
fn request_id<T>(result: &Result<Answered<T>, ApiError>) -> Option<String> {
    match result {
        Ok(answer) => answer.request_id.clone(),
        Err(error) => error.request_id(),
    }
}

/// The fate of an action whose request failed for good and is known to have changed nothing.
fn refused_fate(error: &ApiError) -> Fate {
    let outcome = match error {
        ApiError::Refused { .. } => Outcome::Rejected,
        _ if error.ends_the_run() => Outcome::NotReached,
        _ => Outcome::Failed,
    };
    Fate::new(outcome, error.to_string()).answered(error.request_id())
}
