//! A run from its folder to its report, whoever serves the API: what `plan`, `apply` and
//! `rehearse` share.

use std::{cell::RefCell, sync::Arc};

use jiff::Timestamp;

use super::{
    Common, Failure, material,
    output::{self, Outputs},
};
use crate::{
    api::{Client, Transport, Waits},
    apply::Applied,
    clock::Clock,
    config::Settings,
    event::Listener,
    guard::Approval,
    journal::{Entry, JOURNAL_FORMAT, Record as _},
    live::ListError,
    memory::Memory,
    model::{DesiredSet, LiveSet},
    plan::{Digest, Policy, StuckWishes},
    progress::Progress,
    report::{self, LeftInDoubt, ReportedCommand, RunReport, UndoneRun, json},
    roster::Roster,
    run::{Ended, ExitStatus, RunId, Stop},
    session::{self, Job, Preview, Purpose, RunFacts, Surroundings, assemble},
    store::{Exclusive, Folder, OwnRun, RunFile, Shared},
    talk,
    verdict::Decided,
};

/// What a person, a flag or a digest says of a plan.
pub(super) enum Decision {
    /// Carry it out.
    Go,
    /// Do not, and end so.
    End(Ended),
}

/// What a command wants of the live memberships.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    pub settings: &'a Settings,
    pub command: ReportedCommand,
    pub purpose: Purpose<'a>,
    /// The rows that reports tell of, where there are any.
    pub rows: Option<&'a Roster>,
    pub approval: Option<&'a Approval>,
    pub retry_stuck: bool,
}

/// A run under way.
pub(super) struct Session<'a> {
    pub common: &'a Common,
    order: Order<'a>,
    base_url: String,
    pub clock: Clock,
    pub stop: Arc<Stop>,
    run: RunId,
    folder: OwnRun<Folder>,
    policy: Policy,
    progress: RefCell<Progress>,
    left_in_doubt: Vec<LeftInDoubt>,
    started_at: Timestamp,
    /// What the last applied run left.
    pub memory: Memory,
    warnings: RefCell<Vec<String>>,
}

impl<'a> Session<'a> {
    /// Makes the run's folder: where nothing can be kept, nothing is sent.
    pub(super) fn start(
        common: &'a Common,
        order: Order<'a>,
        base_url: String,
        store: &Shared<Folder>,
    ) -> Result<Self, Failure> {
        let started_at = Timestamp::now();
        let run = RunId::new(started_at, fastrand::u32(..));
        let (left_in_doubt, unread) = left_in_doubt(store)?;
        let rehearsed = order.command == ReportedCommand::Rehearse;
        let other_api =
            (!rehearsed).then(|| material::name_other_api(common, order.settings)).flatten();
        let folder = store.start_run(&run)?;
        talk::set_run(&run.to_string());
        let (memory, warning) = store.memory(Timestamp::now());
        let policy = material::policy(order.settings, &memory, started_at);
        let mut policy = order.purpose.policy(policy);
        if order.retry_stuck {
            policy.stuck = StuckWishes::default();
        }
        Ok(Self {
            common,
            order,
            base_url,
            clock: Clock::starting_at(started_at),
            stop: Arc::new(Stop::default()),
            run,
            folder,
            policy,
            progress: RefCell::new(Progress::new(talk::draws() && !common.quiet)),
            left_in_doubt,
            started_at,
            memory,
            warnings: RefCell::new(other_api.into_iter().chain(warning).chain(unread).collect()),
        })
    }

    fn job(&self) -> Job<'_> {
        Job {
            purpose: self.order.purpose,
            named_workspaces: &self.order.settings.scope_workspaces,
            policy: &self.policy,
            limits: &self.order.settings.guard,
            requests_per_second: self.order.settings.http.requests_per_second,
            max_in_flight: self.order.settings.http.max_in_flight,
            tries: self.order.settings.http.tries,
            recheck_after: self.order.settings.recheck_after,
            approval: self.order.approval,
        }
    }

    fn around<'b>(&'b self, waits: Waits, listener: Listener<'b>) -> Surroundings<'b> {
        self.progress.borrow_mut().follow(waits);
        Surroundings { clock: self.clock, stop: &self.stop, listener }
    }

    /// Shows what would be done; there is no writer here.
    pub(super) async fn plan<T: Transport>(&self, client: &Client<T>, check: bool) -> RunReport {
        let listener = |event| self.progress.borrow_mut().take(event);
        let around = self.around(client.waits(), &listener);
        let preview = session::preview(client, &self.job(), around).await;
        self.progress.borrow_mut().finish();
        match preview {
            Ok(preview) => self.report(client, Ended::Complete, Some(&preview), None, check),
            Err(error) => self.report(client, unlisted(error), None, None, check),
        }
    }

    /// Plans, asks `decide` of the plan and of what is live, and carries the plan out.
    pub(super) async fn apply<T: Transport>(
        &self,
        client: &Client<T>,
        store: &Exclusive<Folder>,
        decide: impl AsyncFnOnce(&RunReport, &LiveSet) -> Result<Decision, Failure>,
    ) -> Result<RunReport, Failure> {
        let listener = |event| self.progress.borrow_mut().take(event);
        let around = self.around(client.waits(), &listener);
        let preview = session::preview(client, &self.job(), around).await;
        self.progress.borrow_mut().finish();
        let preview = match preview {
            Ok(preview) => preview,
            Err(error) => return Ok(self.report(client, unlisted(error), None, None, false)),
        };
        // Nothing has ended yet: a preview says so.
        let planned = self.report(client, None, Some(&preview), None, false);
        if let Decision::End(ended) = decide(&planned, &preview.live).await? {
            return Ok(self.report(client, ended, Some(&preview), None, false));
        }
        if preview.reviewed.approved.plan().actions.is_empty() {
            self.remember(store, &preview, &[]);
            return Ok(self.report(client, Ended::Complete, Some(&preview), None, false));
        }
        // Nothing is written unless it was shown: the plan is kept before the first write.
        self.folder.write(RunFile::Plan, |out| json::render(&planned, out))?;
        let header = self.header(preview.reviewed.approved.plan().digest.clone());
        let journal = store
            .begin_journal(&self.folder, &header)
            .map_err(|error| Failure::new(ExitStatus::Unexpected, error))?;
        let applied = session::apply(client, &preview, &journal, &self.job(), around).await;
        self.progress.borrow_mut().finish();
        let ended = applied.ended.clone();
        if let Err(error) = journal.record(&Entry::End { result: ended.clone() }) {
            tracing::error!(%error, "the journal's end could not be written");
        }
        self.remember(store, &preview, &applied.decided);
        Ok(self.report(client, ended, Some(&preview), Some(&applied), false))
    }

    /// Keeps what the next run has to know.
    fn remember(&self, store: &Exclusive<Folder>, preview: &Preview, decided: &[Decided]) {
        // What an undo or an adoption leaves says nothing of a roster.
        let Purpose::Roster(roster) = self.order.purpose else { return };
        let mut memory = self.memory.clone();
        memory.learn(&roster.desired, &preview.reviewed, decided, self.clock.now());
        // What was done is told in any case; the report says that this was not kept.
        if let Err(error) = store.write_memory(&memory) {
            let message = format!("{error}: this run does not count for absences and vain wishes");
            self.warnings.borrow_mut().push(message);
        }
    }

    fn header(&self, digest: Digest) -> Entry {
        Entry::Header {
            format: JOURNAL_FORMAT,
            run: self.run.clone(),
            started_at: self.started_at,
            digest,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            base_url: self.base_url.clone(),
        }
    }

    fn report<T: Transport>(
        &self,
        client: &Client<T>,
        ended: impl Into<Option<Ended>>,
        preview: Option<&Preview>,
        applied: Option<&Applied>,
        check: bool,
    ) -> RunReport {
        let configured = self.order.settings.http.requests_per_second;
        let facts = RunFacts {
            run: self.run.clone(),
            command: self.order.command,
            base_url: self.base_url.clone(),
            mode: self.policy.mode,
            times: (self.started_at, self.clock.now()),
            ended: ended.into(),
            check,
            warnings: self.all_warnings(preview),
            left_in_doubt: self.left_in_doubt.clone(),
            pace: session::pace_report(configured, client.traffic()),
            undoes: self.undoes(),
        };
        assemble(facts, self.order.rows, preview, applied)
    }

    fn undoes(&self) -> Option<UndoneRun> {
        let Purpose::Undo(undo) = self.order.purpose else { return None };
        Some(UndoneRun { run: undo.run.clone(), memberships: undo.membership_count() })
    }

    fn all_warnings(&self, preview: Option<&Preview>) -> Vec<String> {
        let plan = preview.map(|preview| preview.reviewed.approved.plan());
        let whole =
            matches!(self.order.purpose, Purpose::Roster(roster) if !roster.desired.is_partial());
        let plan = plan.filter(|_| whole);
        let changes = plan.map(|plan| self.memory.changes(&plan.workspaces)).unwrap_or_default();
        self.warnings.borrow().iter().cloned().chain(changes).collect()
    }

    /// Keeps the run's files, frees the lock, and writes the report where it was asked for. What the
    /// run came to stands above what could not be written of it.
    pub(super) fn finish(
        &self,
        report: &RunReport,
        outputs: Outputs,
        store: Option<Exclusive<Folder>>,
    ) -> Result<ExitStatus, Failure> {
        let delimiter = self.order.settings.roster.delimiter.byte();
        let kept = output::keep(&self.folder, report, self.order.rows, delimiter);
        let written = outputs.write(report, self.order.rows);
        if let Some(store) = store {
            self.prune(&store);
        }
        let mut failures = own(report).into_iter().collect::<Vec<_>>();
        failures.extend(written.print());
        match kept {
            Ok(kept) => self.tell_kept(&kept),
            // Not as at the start of a run: by now something may have been sent.
            Err(error) => failures.push(Failure::new(ExitStatus::Unexpected, error)),
        }
        Failure::joined(failures).map_or(Ok(ExitStatus::Done), |failure| {
            let told = own(report).is_some();
            Err(if told {
                failure
            } else {
                failure.context("the run is complete, but not all of its output could be written")
            })
        })
    }

    fn tell_kept(&self, kept: &[RunFile]) {
        // The folder of a rehearsal goes with it, unless one is named.
        let lasts =
            self.order.command != ReportedCommand::Rehearse || self.common.state_dir.is_some();
        if !lasts {
            return;
        }
        talk::set_report(&self.folder.place_of(RunFile::Report));
        if !self.common.quiet {
            let names: Vec<&str> = kept.iter().map(|file| file.name()).collect();
            let folder = self.folder.place();
            output::say(&format!("kept in {folder}: {}\n", names.join(", ")));
        }
    }

    fn prune(&self, store: &Exclusive<Folder>) {
        if let Err(error) = store.prune(self.order.settings.keep_runs) {
            let error = anyhow::Error::new(error);
            tracing::warn!("the oldest runs could not be removed: {error:#}");
        }
    }
}

/// Why the run's own code is not 0.
fn own(report: &RunReport) -> Option<Failure> {
    let status = report.exit.filter(|status| *status != ExitStatus::Done)?;
    Some(Failure::new(status, anyhow::anyhow!(report::trouble(report))))
}

/// How a run ended whose live memberships could not be listed.
pub(super) fn unlisted(error: ListError) -> Ended {
    match error {
        ListError::Stopped(cause) => cause.into(),
        ListError::Api(cause) => match crate::apply::ended_by(&cause) {
            Ended::Fatal { message } => {
                Ended::Fatal { message: format!("cannot read the live memberships: {message}") }
            }
            ended => ended,
        },
    }
}

/// Ends the absence of whom a roster names. Whatever becomes of the apply that was given it, and
/// whether it comes to a run or not, the roster named them.
pub(super) fn forget_mentioned(store: &Exclusive<Folder>, desired: &DesiredSet) {
    let (mut memory, _) = store.memory(Timestamp::now());
    if memory.forget_mentioned(desired)
        && let Err(error) = store.write_memory(&memory)
    {
        tracing::warn!("{error}: who is in the roster may still be counted as missing");
    }
}

/// What the last run that wrote left in doubt; a warning where its journal cannot be read.
fn left_in_doubt(store: &Shared<Folder>) -> Result<(Vec<LeftInDoubt>, Option<String>), Failure> {
    let journal = match store.last_journal()? {
        None => return Ok((Vec::new(), None)),
        Some((_, Ok(journal))) => journal,
        Some((run, Err(error))) => {
            let error = anyhow::Error::new(error);
            let warning = format!("what run {run} left in doubt is not known: {error:#}");
            return Ok((Vec::new(), Some(warning)));
        }
    };
    let requests: Vec<String> =
        journal.in_doubt().into_iter().map(|request| request.words()).collect();
    let damage = journal.damage_words().map(|damage| format!("run {}: {damage}", journal.run));
    let left = (!requests.is_empty()).then_some(LeftInDoubt { run: journal.run, requests });
    Ok((left.into_iter().collect(), damage))
}

/// Runs a future on one thread; `paused` lets hours pass in no time.
pub(super) fn block_on<F: Future>(paused: bool, future: F) -> Result<F::Output, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(paused).build()?;
    let output = runtime.block_on(future);
    // A prompt that nobody answered still waits for its line; do not wait for it.
    runtime.shutdown_background();
    Ok(output)
}
