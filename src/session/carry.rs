//! The steps of a run that ask something of the API: its plan, the decision, and carrying it out.

use std::{error::Error, rc::Rc};

use super::{
    Approved, Audience, Decision, Order, Preview, Purpose, RunContext, Session, UnknownPart,
    ending::unlisted,
    preview::{self, PreviewError},
    recall::Course,
    resolve::{CarryError, Planned},
    run::Reached,
};
use crate::{
    api::{Client, Transport},
    apply::Applied,
    chain::chain,
    journal::{Entry, JOURNAL_FORMAT, Record as _},
    plan::Digest,
    report::{RunReport, RunWarning, json},
    run::Ended,
    store::{Exclusive, HeldJournal, Medium, RunFile},
    verdict::Decided,
};

/// What a run came to.
#[derive(Debug)]
pub struct Carried {
    /// Everything that is reported of it.
    pub report: RunReport,
    /// What became of the actions, where it came to that.
    pub applied: Option<Applied>,
}

impl<M: Medium, A: Audience> Session<'_, M, A> {
    pub(super) async fn preview<T: Transport>(
        &self,
        client: &Client<T>,
        course: &Course<'_>,
    ) -> Result<Result<Preview, Ended>, UnknownPart> {
        self.audience.follow(client.waits());
        let listener = |event| self.audience.hear(event);
        let context = RunContext { clock: self.clock, stop: self.stop, listener: &listener };
        let previewed = preview::preview(client, &self.job(course), context).await;
        self.audience.phase_ended();
        match previewed {
            Ok(preview) => Ok(Ok(preview)),
            Err(PreviewError::List(error)) => Ok(Err(unlisted(&error))),
            Err(PreviewError::Part(unknown)) => Err(unknown),
        }
    }

    /// Shows what would be done; there is no writer here.
    ///
    /// # Errors
    /// When there is no room to keep it, or its rows are not as they must be.
    pub async fn plan<T: Transport>(
        &self,
        client: &Client<T>,
        order: Order<'_>,
    ) -> Result<Carried, CarryError> {
        let Planned { course, preview } = self.planned(client, None, order).await?;
        let (ended, preview) = match &preview {
            Ok(preview) => (Ended::Complete, Some(preview)),
            Err(ended) => (ended.clone(), None),
        };
        let traffic = client.traffic();
        let reached = Reached { ended: Some(ended), preview, applied: None, traffic };
        Ok(Carried { report: self.report(Some(&course), &reached), applied: None })
    }

    /// Plans, lets the audience decide, and carries the plan out.
    ///
    /// # Errors
    /// When there is no room to keep it, or its rows are not as they must be; nothing was sent then.
    pub async fn apply<T: Transport>(
        &self,
        client: &Client<T>,
        store: &Exclusive<M>,
        order: Order<'_>,
    ) -> Result<Carried, CarryError> {
        let Planned { course, preview } = self.planned(client, Some(store), order).await?;
        let preview = match preview {
            Ok(preview) => Rc::new(preview),
            Err(ended) => {
                let reached = Reached { traffic: client.traffic(), ..Reached::at(ended) };
                return Ok(Carried { report: self.report(Some(&course), &reached), applied: None });
            }
        };
        // Nothing has ended yet: a preview says so.
        let preview_alone = Reached {
            ended: None,
            preview: Some(&preview),
            applied: None,
            traffic: client.traffic(),
        };
        let planned = self.report(Some(&course), &preview_alone);
        let (ended, applied) = match self.decide(&course, &planned, &preview).await {
            Decision::End(ended) => (ended, None),
            Decision::Go => self.carry_out(client, store, &course, (&planned, &preview)).await,
        };
        let applied_now = applied.as_ref();
        let traffic = client.traffic();
        let reached =
            Reached { ended: Some(ended), preview: Some(&preview), applied: applied_now, traffic };
        let report = self.report(Some(&course), &reached);
        use_up(course.order.approved, store, &report);
        Ok(Carried { report, applied })
    }

    async fn decide(
        &self,
        course: &Course<'_>,
        planned: &RunReport,
        preview: &Rc<Preview>,
    ) -> Decision {
        let approved = course.order.approved;
        match approved.and_then(|approved| approved.refusal(planned, &course.memory)) {
            Some((ended, details)) => {
                self.audience.differs(&details);
                Decision::End(ended)
            }
            None => self.audience.decide(planned, preview).await,
        }
    }

    /// Carries a plan out that was decided on, if there is anything in it.
    async fn carry_out<T: Transport>(
        &self,
        client: &Client<T>,
        store: &Exclusive<M>,
        course: &Course<'_>,
        (planned, preview): (&RunReport, &Preview),
    ) -> (Ended, Option<Applied>) {
        if preview.reviewed.approved.plan().actions.is_empty() {
            self.remember(store, course, preview, &[]);
            return (Ended::Complete, None);
        }
        let journal = match self.begin_journal(store, planned, preview) {
            Ok(journal) => journal,
            Err(ended) => return (ended, None),
        };
        let listener = |event| self.audience.hear(event);
        let context = RunContext { clock: self.clock, stop: self.stop, listener: &listener };
        let applied = preview::apply(client, preview, &journal, &self.job(course), context).await;
        self.audience.phase_ended();
        if let Err(error) = journal.record(&Entry::End { result: applied.ended.clone() }) {
            tracing::error!(%error, "the journal's end could not be written");
        }
        self.remember(store, course, preview, &applied.decided);
        (applied.ended.clone(), Some(applied))
    }

    /// Nothing is written unless it was shown: the plan is kept before the first write.
    fn begin_journal<'s>(
        &self,
        store: &'s Exclusive<M>,
        planned: &RunReport,
        preview: &Preview,
    ) -> Result<HeldJournal<'s, M>, Ended> {
        let fatal = |error: &dyn Error| Ended::Fatal {
            message: format!("{}; nothing was sent", chain(error)),
        };
        let room = self.room().map_err(|error| fatal(&error))?;
        room.write(RunFile::Plan, |out| json::render(planned, out))
            .map_err(|error| fatal(&error))?;
        let header = self.header(preview.reviewed.approved.plan().digest.clone());
        let begun = store.begin_journal(room, &header);
        begun.map_err(|error| Ended::Fatal { message: chain(&error) })
    }

    /// Keeps what the next run has to know.
    fn remember(
        &self,
        store: &Exclusive<M>,
        course: &Course<'_>,
        preview: &Preview,
        decided: &[Decided],
    ) {
        // What an undo or an adoption leaves says nothing of a roster.
        let Purpose::Roster(roster) = &course.order.purpose else { return };
        // Nor does a part of a plan: whom it names was known before.
        if !course.part.is_whole() {
            return;
        }
        let mut memory = course.memory.clone();
        memory.learn(&roster.desired, &preview.reviewed, decided, self.clock.now());
        // What was done is told in any case; the report says that this was not kept.
        if let Err(error) = store.write_memory(&memory) {
            let message = error.to_string();
            self.warnings.borrow_mut().push(RunWarning::NotRemembered { message });
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
}

/// A plan file works once.
fn use_up<M: Medium>(approved: Option<&Approved>, store: &Exclusive<M>, report: &RunReport) {
    if let Some(Approved::Plan(plan)) = approved
        && (report.ended.as_ref().is_some_and(Ended::is_complete) || report.pace.writes > 0)
    {
        // What was done is told in any case.
        if let Err(error) = store.use_plan(&plan.run, report.finished_at) {
            tracing::error!(%error, "the plan file could not be marked as used");
        }
    }
}
