//! The process of one simulated run: its session's steps, and how it is cut short.

use std::{cell::RefCell, rc::Rc};

use tokio::time::sleep;

use super::{
    disk::BASE_URL,
    draw::Interruption,
    onlooker::{DiskSession, Met},
    run_kind::RunKind,
    witness::Watch,
};
use crate::{
    api::{Client, Transport},
    apply::Applied,
    report::RunReport,
    roster::{ParsedRoster, Roster},
    run::{Ended, Stop, StopCause},
    session::check_approval,
};

/// Lets a run go on until it ends or is killed; asks it to end where that is what happens to it.
pub(super) async fn interrupted<E>(
    whole: impl Future<Output = Result<(), E>>,
    interruption: Interruption,
    watch: &Watch,
    stop: &Stop,
) -> Result<(), E> {
    let happens = async {
        watch.reached.notified().await;
        if let Interruption::Kill { after, .. } = interruption {
            return sleep(after).await;
        }
        watch.stopped.set(true);
        stop.set(StopCause::Terminate);
        std::future::pending().await
    };
    tokio::select! {
        ended = whole => ended,
        () = happens => Ok(()),
    }
}

/// What a run left in memory when it ended by itself.
#[derive(Default)]
pub(super) struct End {
    /// What it told; none of a killed run.
    pub report: Option<RunReport>,
    pub applied: Option<Applied>,
    /// Its rows, once their names were looked up.
    pub roster: Option<Rc<Roster>>,
}

/// What a run does, and with what.
pub(super) struct Process<'a, T> {
    pub client: &'a Client<T>,
    pub kind: &'a RunKind,
    /// The rows as they were read.
    pub parsed: ParsedRoster,
}

impl<T: Transport> Process<'_, T> {
    /// A run from its first step to the end of its lock.
    pub(super) async fn whole(self, session: DiskSession<'_>, end: &RefCell<End>) {
        let applied = RefCell::new(None);
        let ending = session
            .whole(async |session| {
                let (report, done) = self.steps(session).await?;
                *applied.borrow_mut() = done;
                Ok::<RunReport, Met>(report)
            })
            .await;
        let roster = session.rows();
        session.free();
        *end.borrow_mut() = End { report: Some(ending.report), applied: applied.take(), roster };
    }

    async fn steps(self, session: &DiskSession<'_>) -> Result<(RunReport, Option<Applied>), Met> {
        let Self { client, kind, parsed } = self;
        let roster = settled(session, parsed, kind);
        let Some(store) = session.lock(None).await? else { return Ok((session.stopped(), None)) };
        if kind.follows_roster() {
            session.forget_mentioned(store, &roster.desired);
        }
        if let Some(list) = kind.approved() {
            let list = (&list.approval, list.text.as_str());
            check_approval(list, session.store(), BASE_URL, session.clock.now())?;
        }
        let carried = session.apply(client, store, kind.order(&roster)).await?;
        // Where there was nothing to do, all of it was done.
        let nothing = || Applied { decided: Vec::new(), ended: Ended::Complete };
        let complete = carried.report.ended.as_ref().is_some_and(Ended::is_complete);
        let applied = carried.applied.or_else(|| complete.then(nothing));
        Ok((carried.report, applied))
    }
}

/// The rows as far as they are known; reports tell of them once all of their names are looked up.
pub(super) fn settled(
    session: &DiskSession<'_>,
    parsed: ParsedRoster,
    kind: &RunKind,
) -> Rc<Roster> {
    let roster = Rc::new(session.settle(parsed));
    if roster.names().is_empty() && !matches!(kind, RunKind::Undo(_)) {
        session.tell_of(Rc::clone(&roster));
    }
    roster
}
