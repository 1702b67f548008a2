//! Looking at what is live outside a run: nothing is kept, no lock is taken, nothing is written.

use std::{cell::RefCell, collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::{Common, Failure, block_on::block_on, setup, signal};
use crate::{
    api::{Client, Disposition, HttpTransport, ReadAccount, ReadParticipations, Repeat},
    clock::Clock,
    config::{Settings, Token},
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

/// Looks with a client of its own, until the steps end or somebody asks the command to.
pub(super) fn look<V>(
    common: &Common,
    settings: &Settings,
    token: Token,
    steps: impl AsyncFnOnce(Looker<'_>, &Client<HttpTransport>) -> Result<V, Failure>,
) -> Result<V, Failure> {
    block_on(false, async {
        let clock = Clock::starting_at(Timestamp::now());
        let stop = Arc::new(Stop::default());
        signal::watch(&stop, None);
        let client = setup::client(settings, token, clock)?;
        steps(Looker { common, settings, clock, stop: &stop }, &client).await
    })?
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
