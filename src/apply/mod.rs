//! Carrying out an approved plan: creates, then updates (promotions, others, demotions), then
//! replacements, then deletes; a stage ends before the next begins.
//!
//! Every write has its intent in the journal before it leaves, and what became of an action is read
//! from the same entries. A create is never sent twice blindly. Knows nothing of rosters, of files or of how anything is shown.

mod bisect;
mod create;
mod delete;
mod explain;
mod settle;
mod stopping;
mod update;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};

use crate::{
    api::{
        Answered, ApiError, BATCH_LIMIT, Disposition, FetchedParticipation, Repeat,
        WriteParticipations,
    },
    chain::chain,
    clock::Clock,
    event::{Event, Listener},
    guard::ApprovedPlan,
    journal::{Entry, JournalError, PresentRow, Record, Request, RequestResult, UnknownRow},
    model::{MembershipKey, Participation, ParticipationId},
    plan::{Action, Change, Plan, Stage},
    run::{Ended, Stop},
    verdict::{Decided, Fate, Fates, FrozenSoFar, Ledger, Planned, unreached},
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
    /// Every action of the plan with its fate, in the plan's order.
    pub decided: Vec<Decided>,
    /// How the run ended.
    pub ended: Ended,
}

/// Carries out an approved plan; there is no other way in.
pub async fn run<A: WriteParticipations>(approved: ApprovedPlan, tools: Tools<'_, A>) -> Applied {
    let plan = approved.into_plan();
    let (ledger, ended) = carry_out(&plan, tools).await;
    let fates = Fates::of(plan.actions.iter().map(Planned::from), &ledger, unreached(&ended));
    let decided = |action| Decided { fate: fates.fate(Planned::from(&action)), action };
    Applied { decided: plan.actions.into_iter().map(decided).collect(), ended }
}

/// Does what can be done of a plan; what is then on record of it, and how that ended.
async fn carry_out<A: WriteParticipations>(plan: &Plan, tools: Tools<'_, A>) -> (Ledger, Ended) {
    let run = Run {
        tools,
        plan,
        ledger: RefCell::default(),
        frozen: RefCell::default(),
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
    run.freeze();
    run.stage(Stage::Demote, async |index| run.update(index).await).await;
    run.replacements_and_deletes().await;
    run.finish()
}

/// A run under way. One task drives it, so plain cells hold its state.
struct Run<'a, A> {
    tools: Tools<'a, A>,
    plan: &'a Plan,
    /// What is on record: the only thing that fates are made of.
    ledger: RefCell<Ledger>,
    /// What must not be begun any more.
    frozen: RefCell<FrozenSoFar>,
    /// Records that this run deleted, with the number of the request; lagging lists may still show
    /// them.
    deleted: RefCell<BTreeMap<ParticipationId, u64>>,
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

    fn is_decided(&self, index: usize) -> bool {
        let action = Planned::from(&self.plan.actions[index]);
        self.fate(index).is_some() || self.frozen.borrow().fate(action).is_some()
    }

    /// What is on record of an action.
    fn fate(&self, index: usize) -> Option<Fate> {
        self.ledger.borrow().fate(Planned::from(&self.plan.actions[index]))
    }

    /// Sees anew what must not be begun any more.
    fn freeze(&self) {
        let plan = self.plan.actions.iter().map(Planned::from);
        self.frozen.replace(FrozenSoFar::of(plan, &self.ledger.borrow()));
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
        stream::iter(creates.chunks(BATCH_LIMIT))
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

    /// Records first, and learns from what is recorded.
    fn record(&self, entry: &Entry) -> bool {
        match self.tools.journal.record(entry) {
            Ok(()) => {
                self.ledger.borrow_mut().take(entry);
                true
            }
            Err(error) => {
                self.journal_error.borrow_mut().get_or_insert(error);
                false
            }
        }
    }

    /// Notes what a look at one record showed: what became of its request is known, or why not.
    fn record_look(
        &self,
        seq: u64,
        key: MembershipKey,
        looked: &Result<Option<FetchedParticipation>, ApiError>,
    ) {
        let (mut present, mut absent, mut why) = (Vec::new(), Vec::new(), Vec::new());
        match looked {
            Ok(Some(found)) => present.push(PresentRow::from(&found.live)),
            Ok(None) => absent.push(key),
            Err(error) => {
                self.note(error);
                why.push(UnknownRow { key, why: format!("reading back failed: {error}") });
            }
        }
        let unknown = why.iter().map(|row| row.key).collect();
        self.record(&Entry::Settled { seq, present, absent, unknown, why });
    }

    /// Notes how an update or a delete was answered, with the record where the answer shows it.
    fn record_result<T>(
        &self,
        seq: u64,
        result: &Result<Answered<T>, ApiError>,
        shown: Option<&Participation>,
    ) {
        let result = match result {
            Ok(answer) => {
                let present = shown.map(PresentRow::from).into_iter().collect();
                RequestResult::Done { present, request_id: answer.request_id.clone() }
            }
            Err(error) => not_done(error, Repeat::Safe),
        };
        self.record(&Entry::Outcome { seq, result });
    }

    fn finish(self) -> (Ledger, Ended) {
        let ended_by = self.ended_by.into_inner();
        let journal_error = self.journal_error.into_inner();
        let ended = ended(journal_error.as_ref(), ended_by.as_ref(), self.tools.stop);
        (self.ledger.into_inner(), ended)
    }

    fn change(&self, index: usize) -> (&MembershipKey, &Change) {
        let action = &self.plan.actions[index];
        (&action.key, &action.change)
    }
}

/// How a run ended: a journal that cannot be written stands above the API's last word, and that
/// above what asked the run to end.
fn ended(journal: Option<&JournalError>, api: Option<&ApiError>, stop: &Stop) -> Ended {
    if let Some(error) = journal {
        return Ended::Fatal { message: chain(error) };
    }
    match (api, stop.cause()) {
        (Some(error), _) => ended_by(error),
        (None, cause) => cause.map_or(Ended::Complete, Ended::from),
    }
}

/// How a run ended that an API error ended.
#[must_use]
pub fn ended_by(error: &ApiError) -> Ended {
    match error {
        // These two are said with what they mean for the run, which is not to be said twice.
        ApiError::Unauthorized { message } => Ended::Unauthorized { message: message.clone() },
        ApiError::Stopped { message } => Ended::BreakerOpen { message: message.clone() },
        ApiError::GivenUp { last, .. } if last.ends_the_run() => ended_by(last),
        _ => Ended::Fatal { message: error.to_string() },
    }
}

/// How a request that failed is recorded.
fn not_done(error: &ApiError, repeat: Repeat) -> RequestResult {
    let (message, request_id) = (error.to_string(), error.request_id());
    if error.is_gone() && repeat == Repeat::Safe {
        return RequestResult::Gone { message, request_id };
    }
    match error.disposition(repeat) {
        Disposition::Reject => RequestResult::Refused { message, request_id },
        Disposition::InDoubt => RequestResult::Unknown { message, request_id },
        _ if error.may_have_arrived() => RequestResult::Unknown { message, request_id },
        _ => {
            let ends_run = error.ends_the_run() || error.is_dropped();
            RequestResult::NotDone { message, ends_run }
        }
    }
}
