//! The steps of a run under way, and what is known of it meanwhile.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::sleep;

use super::{
    Approved, AskedPart, Audience, Preview, Purpose, RunFacts, assemble, pace_report,
    recall::Course,
};
use crate::{
    api::Traffic,
    apply::Applied,
    chain::chain,
    clock::Clock,
    config::Settings,
    guard::Approval,
    model::DesiredSet,
    report::{ReportedCommand, RunReport, RunWarning, UndoneRun},
    roster::Roster,
    run::{Ended, RunId, Stop, StopCause},
    store::{Exclusive, LockError, LockHolder, Medium, OwnRun, RunFile, Shared, StoreError},
};

/// How often a lock that is waited for is tried.
const LOCK_STEP: Duration = Duration::from_millis(200);

/// What a run is begun with.
pub struct Beginning<'a, M> {
    /// The configuration.
    pub settings: &'a Settings,
    /// Which command.
    pub command: ReportedCommand,
    /// The API, as reports name it.
    pub base_url: String,
    /// The roster, as reports name it where it could not be read.
    pub roster: String,
    /// Where it is kept.
    pub store: Shared<M>,
    /// Asks it to end early.
    pub stop: &'a Stop,
    /// The time.
    pub clock: Clock,
    /// Tells it from other runs of its time.
    pub salt: u32,
    /// What is known by now that a person should know.
    pub warnings: Vec<RunWarning>,
}

/// What is wanted of the live memberships.
#[derive(Clone)]
pub struct Order<'a> {
    /// What the run is for.
    pub purpose: Purpose<'a>,
    /// A reviewed list: a ceiling over what may be destroyed.
    pub approval: Option<&'a Approval>,
    /// The only plan that may be carried out, where one is named.
    pub approved: Option<&'a Approved>,
    /// Whether what had no effect before is tried again.
    pub retry_stuck: bool,
    /// Whether a difference is an answer by itself.
    pub check: bool,
    /// Whether any invalid row ends the run.
    pub strict: bool,
    /// What of the plan is wanted.
    pub part: AskedPart,
}

/// A run under way.
pub struct Session<'a, M: Medium, A> {
    pub(super) settings: &'a Settings,
    pub(super) store: Shared<M>,
    /// The time.
    pub clock: Clock,
    /// Asks it to end early.
    pub stop: &'a Stop,
    /// Who is told, and asked.
    pub audience: &'a A,
    /// Its name.
    pub run: RunId,
    command: ReportedCommand,
    pub(super) base_url: String,
    roster: String,
    pub(super) started_at: Timestamp,
    held: OnceCell<Exclusive<M>>,
    room: OnceCell<OwnRun<M>>,
    lacks_room: Cell<bool>,
    rows: RefCell<Option<Rc<Roster>>>,
    pub(super) warnings: RefCell<Vec<RunWarning>>,
}

/// How far a run came.
pub(super) struct Reached<'b> {
    pub ended: Option<Ended>,
    pub preview: Option<&'b Preview>,
    pub applied: Option<&'b Applied>,
    pub traffic: Traffic,
}

impl Reached<'_> {
    /// Ended before anything was asked of the API.
    pub(super) fn at(ended: Ended) -> Self {
        let traffic = Traffic::default();
        Self { ended: Some(ended), preview: None, applied: None, traffic }
    }
}

impl<'a, M: Medium, A: Audience> Session<'a, M, A> {
    /// Names a run. Nothing is kept of it yet: a run that writes waits for the lock first.
    pub fn begin(beginning: Beginning<'a, M>, audience: &'a A) -> Self {
        let Beginning { settings, command, base_url, roster, store, stop, clock, salt, warnings } =
            beginning;
        let started_at = clock.now();
        Self {
            settings,
            store,
            clock,
            stop,
            audience,
            run: RunId::new(started_at, salt),
            command,
            base_url,
            roster,
            started_at,
            held: OnceCell::new(),
            room: OnceCell::new(),
            lacks_room: Cell::new(false),
            rows: RefCell::new(None),
            warnings: RefCell::new(warnings),
        }
    }

    /// The state, to be read.
    pub fn store(&self) -> &Shared<M> {
        &self.store
    }

    /// From now on reports tell of these rows.
    pub fn tell_of(&self, rows: Rc<Roster>) {
        *self.rows.borrow_mut() = Some(rows);
    }

    /// The rows that reports tell of.
    pub fn rows(&self) -> Option<Rc<Roster>> {
        self.rows.borrow().clone()
    }

    /// The room that the run keeps its files in; made when it is first needed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn room(&self) -> Result<&OwnRun<M>, StoreError> {
        if let Some(room) = self.room.get() {
            return Ok(room);
        }
        let made = self.store.start_run(&self.run);
        let made = made.inspect_err(|_| self.lacks_room.set(true))?;
        Ok(self.room.get_or_init(|| made))
    }

    /// The room, if the run has one.
    pub fn kept_in(&self) -> Option<&OwnRun<M>> {
        self.room.get()
    }

    /// Whether the room could not be made.
    pub(super) fn lacks_room(&self) -> bool {
        self.lacks_room.get()
    }

    /// Takes the lock, waiting for it so long; none when the run is asked to end meanwhile.
    ///
    /// # Errors
    /// When another run holds it, until the deadline too, or it cannot be used.
    pub async fn lock(&self, wait: Option<Duration>) -> Result<Option<&Exclusive<M>>, LockError> {
        let started = self.clock.now();
        let waited = || Duration::try_from(self.clock.now().duration_since(started));
        let mut said = false;
        loop {
            let since = self.clock.now();
            let own = LockHolder { run: self.run.clone(), since, process: None };
            match self.store.lock(&own) {
                Err(LockError::Held(held))
                    if wait.is_some_and(|wait| waited().is_ok_and(|waited| waited < wait)) =>
                {
                    if !std::mem::replace(&mut said, true) {
                        self.audience.waits_for_lock(&held);
                    }
                    tokio::select! {
                        () = sleep(LOCK_STEP) => {}
                        cause = self.stop.stopped() => return match cause {
                            StopCause::Deadline => Err(LockError::OutOfTime(held)),
                            StopCause::Interrupt | StopCause::Terminate => Ok(None),
                        },
                    }
                }
                locked => return locked.map(|store| Some(self.held.get_or_init(|| store))),
            }
        }
    }

    /// Ends the absence of whom a roster names, and of whom those named that came while another run had the
    /// lock. Whatever becomes of the run that was given it, and
    /// whether it comes to a plan or not, the roster named them.
    pub fn forget_mentioned(&self, store: &Exclusive<M>, desired: &DesiredSet) {
        let (mut memory, _) = store.memory(self.clock.now());
        let left = store.left_mentions();
        let by_roster = memory.forget_mentioned(desired);
        let by_others =
            left.iter().filter(|(_, mentions)| memory.end_absences(|key| mentions.may_mean(key)));
        let forgotten = by_others.count() > 0 || by_roster;
        if forgotten && let Err(error) = store.write_memory(&memory) {
            tracing::warn!("{error}: who is in the roster may still be counted as missing");
            return;
        }
        for (run, _) in &left {
            if let Err(error) = store.remove_mentions(run) {
                tracing::warn!("{}: the absences that it ended are ended again", chain(&error));
            }
        }
    }

    /// Keeps whom a roster names for the next run that has the lock: this one has it not.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn leave_mentions(&self, desired: &DesiredSet) -> Result<(), StoreError> {
        let counts = self.settings.delete_after_runs > 0 || self.settings.delete_after_days > 0;
        if !counts {
            return Ok(());
        }
        let mentions = desired.all_mentions();
        self.room()?.write(RunFile::Mentions, |out| Ok(serde_json::to_writer(out, &mentions)?))
    }

    /// The report of a run that was asked to end before there was a plan.
    pub fn stopped(&self) -> RunReport {
        let ended = self.stop.cause().map_or(Ended::Terminated, Ended::from);
        self.report(None, &Reached::at(ended))
    }

    pub(super) fn report(&self, course: Option<&Course<'_>>, reached: &Reached<'_>) -> RunReport {
        let configured = self.settings.http.requests_per_second;
        let facts = RunFacts {
            run: self.run.clone(),
            command: self.command,
            base_url: self.base_url.clone(),
            roster: self.roster.clone(),
            mode: course.map_or(self.settings.mode, |course| course.policy.mode),
            times: (self.started_at, self.clock.now()),
            ended: reached.ended.clone(),
            check: course.is_some_and(|course| course.order.check),
            warnings: self.all_warnings(course, reached.preview),
            left_in_doubt: course.map(|one| one.left_in_doubt.clone()).unwrap_or_default(),
            pace: pace_report(configured, reached.traffic),
            undoes: course.and_then(|course| undoes(&course.order.purpose)),
        };
        assemble(facts, self.rows().as_deref(), reached.preview, reached.applied)
    }

    fn all_warnings(
        &self,
        course: Option<&Course<'_>>,
        preview: Option<&Preview>,
    ) -> Vec<RunWarning> {
        let is_whole = |course: &&Course<'_>| {
            course.part.is_whole()
                && matches!(&course.order.purpose, Purpose::Roster(roster) if !roster.desired.is_partial())
        };
        let changes = course.filter(is_whole).zip(preview).map(|(course, preview)| {
            course.memory.changes(&preview.reviewed.approved.plan().workspaces)
        });
        let changes = changes.unwrap_or_default().into_iter().map(RunWarning::from);
        self.warnings.borrow().iter().cloned().chain(changes).collect()
    }

    /// Removes runs that are older than is to be kept, and frees the lock, if it is held. The run's
    /// own room is left.
    pub fn free(self) -> Option<OwnRun<M>> {
        if let Some(store) = self.held.into_inner()
            && let Err(error) = store.prune(self.settings.keep_runs)
        {
            tracing::warn!("the oldest runs could not be removed: {}", chain(&error));
        }
        self.room.into_inner()
    }
}

fn undoes(purpose: &Purpose<'_>) -> Option<UndoneRun> {
    let Purpose::Undo(undo) = purpose else { return None };
    Some(UndoneRun { run: undo.run.clone(), memberships: undo.membership_count() })
}
