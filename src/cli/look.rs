//! Looking at what is live outside a run: nothing is kept, no lock is taken, nothing is written.

use std::{cell::RefCell, collections::BTreeSet};

use jiff::Timestamp;

use super::{Common, Failure};
use crate::{
    api::{Disposition, ReadAccount, ReadParticipations, Repeat},
    clock::Clock,
    config::Settings,
    directory::{Directory, Lookup, LookupError},
    live::Lister,
    model::{LiveSet, Scope, WorkspaceId},
    progress::Progress,
    roster::{Known, Names},
    run::{Ended, Stop},
    session::{lookup_rules, unanswered, unlisted},
    talk,
};

/// What a look works with.
#[derive(Clone, Copy)]
pub(super) struct Looker<'a> {
    pub common: &'a Common,
    pub settings: &'a Settings,
    pub clock: Clock,
    pub stop: &'a Stop,
}

impl Looker<'_> {
    /// Lists these projects, each proved complete or unreadable.
    pub(super) async fn list(
        &self,
        api: &impl ReadParticipations,
        workspaces: BTreeSet<WorkspaceId>,
    ) -> Result<LiveSet, Failure> {
        let Self { common, settings, clock, stop } = *self;
        let progress = RefCell::new(Progress::new(talk::draws() && !common.quiet));
        let listener = |event| progress.borrow_mut().take(event);
        let max_in_flight = settings.http.max_in_flight;
        let lister = Lister { clock, max_in_flight, stop, listener: &listener };
        let live = lister.list(api, &Scope { workspaces }).await;
        progress.borrow_mut().finish();
        live.map_err(|error| ended(&unlisted(&error)))
    }

    /// What names mean by now, whatever is remembered of them.
    pub(super) async fn look_up(
        &self,
        api: &impl ReadAccount,
        names: &Names,
    ) -> Result<Known, Unasked> {
        let rules = lookup_rules(self.settings);
        let lookup = Lookup::new(api, rules, Directory::default(), Timestamp::now());
        self.ask(lookup.look_up(names)).await?;
        Ok(lookup.known(names))
    }

    /// What the account answers, unless the run is to end before it does.
    pub(super) async fn ask<V>(
        &self,
        asking: impl Future<Output = Result<V, LookupError>>,
    ) -> Result<V, Unasked> {
        tokio::select! {
            biased;
            answer = asking => answer.map_err(Unasked::Refused),
            cause = self.stop.stopped() => Err(Unasked::Ended(cause.into())),
        }
    }
}

/// Why there is no answer of the account.
#[derive(Debug)]
pub(super) enum Unasked {
    /// It gives none, or none that can be believed.
    Refused(LookupError),
    /// The run is to end.
    Ended(Ended),
}

impl Unasked {
    /// How a command ends that needs the answer, or no other one.
    pub(super) fn end(self) -> Ended {
        match self {
            Self::Refused(error) => unanswered(&error),
            Self::Ended(ended) => ended,
        }
    }

    /// Why, without what was asked.
    pub(super) fn cause(&self) -> String {
        match self {
            Self::Refused(LookupError::Api(error)) => error.to_string(),
            Self::Refused(error) => error.to_string(),
            Self::Ended(ended) => ended.words(),
        }
    }

    /// Whether the account has this answer for no such token, or has it wrong; others may be had.
    pub(super) fn is_of_this_alone(&self) -> bool {
        match self {
            Self::Refused(LookupError::Api(error)) => {
                error.disposition(Repeat::Read) == Disposition::Reject
            }
            Self::Refused(LookupError::Incomplete { .. }) => true,
            Self::Ended(_) => false,
        }
    }
}

/// What ends a look that could not be had.
pub(super) fn ended(ended: &Ended) -> Failure {
    Failure::new(ended.status(false), anyhow::anyhow!(ended.words()))
}
