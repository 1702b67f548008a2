//! How runs end: with a report that is kept, whatever ended them.

use std::collections::BTreeSet;

use super::{Audience, Session, run::Reached};
use crate::{
    chain::chain,
    live::ListError,
    report::RunReport,
    run::{Ended, ExitStatus},
    store::{Medium, RunFile, StoreError},
};

/// What ends a run before there is a plan, whoever met it.
pub trait Obstacle {
    /// What the process answers.
    fn status(&self) -> ExitStatus;

    /// What it is, in one line.
    fn message(&self) -> String;

    /// Every single problem, where there are several.
    fn details(&self) -> Vec<String>;
}

/// What a run came to.
#[derive(Debug)]
pub struct Ending<E> {
    /// Everything that is reported of it.
    pub report: RunReport,
    /// What ended it before there was a plan, if anything did.
    pub obstacle: Option<E>,
    /// The files that it left.
    pub kept: Result<Vec<RunFile>, StoreError>,
}

impl<M: Medium, A: Audience> Session<'_, M, A> {
    /// Takes the steps of a run and keeps what it came to: the one place that sees every ending.
    pub async fn whole<E: Obstacle>(
        &self,
        steps: impl AsyncFnOnce(&Self) -> Result<RunReport, E>,
    ) -> Ending<E> {
        let (report, obstacle) = match steps(self).await {
            Ok(report) => (report, None),
            Err(obstacle) => (self.unplanned(&obstacle), Some(obstacle)),
        };
        let kept = match self.keep(&report) {
            // That there is no room was the obstacle, or stands behind one that counts more.
            Err(error) if obstacle.is_some() => {
                if !self.lacks_room() {
                    tracing::warn!("this run is not kept: {}", chain(&error));
                }
                Ok(Vec::new())
            }
            kept => kept,
        };
        Ending { report, obstacle, kept }
    }

    fn unplanned(&self, obstacle: &impl Obstacle) -> RunReport {
        let rows = self.rows();
        let listed: BTreeSet<String> = rows.iter().flat_map(|rows| rows.messages()).collect();
        let ended = Ended::Unplanned {
            message: obstacle.message(),
            // Invalid rows are in the report as what they are.
            details: obstacle.details().into_iter().filter(|one| !listed.contains(one)).collect(),
            exit: obstacle.status(),
        };
        self.report(None, &Reached::at(ended))
    }
}

/// How a run ended whose live memberships could not be listed.
#[must_use]
pub fn unlisted(error: &ListError) -> Ended {
    match error {
        ListError::Stopped(cause) => (*cause).into(),
        ListError::Api(cause) => match crate::apply::ended_by(cause) {
            Ended::Fatal { message } => {
                Ended::Fatal { message: format!("cannot read the live memberships: {message}") }
            }
            ended => ended,
        },
    }
}
