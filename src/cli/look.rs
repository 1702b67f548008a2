//! Looking at what is live outside a run: nothing is kept, no lock is taken, nothing is written.

use std::{cell::RefCell, collections::BTreeSet};

use super::{Common, Failure};
use crate::{
    api::ReadParticipations,
    clock::Clock,
    config::Settings,
    live::Lister,
    model::{LiveSet, Scope, WorkspaceId},
    progress::Progress,
    run::{Ended, Stop},
    session::unlisted,
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
}

/// What ends a look that could not be had.
pub(super) fn ended(ended: &Ended) -> Failure {
    Failure::new(ended.status(false), anyhow::anyhow!(ended.words()))
}
