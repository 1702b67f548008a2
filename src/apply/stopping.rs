//! Once a run is asked to end: what is dropped, and how long it is still read back what was done.
//!
//! Looking changes nothing, so a look may be dropped wherever it waits. Writes are dropped, or not,
//! in the one door that they pass.

use std::{cell::Cell, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::Run;
use crate::{
    api::{ApiError, Urgency},
    run::Stop,
};

/// How long it is read back what one request did, once the run is to end; what was not seen until
/// then is in doubt.
const READ_BACK: Duration = Duration::from_secs(2 * 60);
/// The same for the create of a replacement: a person is at stake.
const READ_BACK_REPLACEMENT: Duration = Duration::from_secs(15 * 60);

/// How long one request may be read back. It has no end as long as the run has none.
pub(super) struct Patience<'a> {
    stop: &'a Stop,
    length: Duration,
    until: Cell<Option<Instant>>,
}

impl Patience<'_> {
    /// Reads, until patience is over.
    pub(super) async fn read<V, E: From<ApiError>>(
        &self,
        read: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        tokio::select! {
            biased;
            result = read => result,
            () = self.over() => Err(ApiError::Dropped { doubt: None }.into()),
        }
    }

    async fn over(&self) {
        self.stop.stopped().await;
        let until = self.until.get().unwrap_or_else(|| Instant::now() + self.length);
        self.until.set(Some(until));
        sleep_until(until).await;
    }

    pub(super) fn is_over(&self) -> bool {
        self.until.get().is_some_and(|until| until <= Instant::now())
    }
}

impl<A> Run<'_, A> {
    /// What is not half of something is dropped at a stop.
    pub(super) fn droppable(&self) -> Urgency<'_> {
        Urgency::Droppable(self.tools.stop)
    }

    /// For reading back what a request of this urgency did.
    pub(super) fn patience(&self, urgency: Urgency<'_>) -> Patience<'_> {
        let length = match urgency {
            Urgency::Droppable(_) => READ_BACK,
            Urgency::Finish => READ_BACK_REPLACEMENT,
        };
        Patience { stop: self.tools.stop, length, until: Cell::new(None) }
    }

    /// Looks before anything is done; nothing where that is dropped at a stop.
    pub(super) async fn unless_stopped<V>(&self, look: impl Future<Output = V>) -> Option<V> {
        tokio::select! {
            biased;
            _ = self.tools.stop.stopped() => None,
            seen = look => Some(seen),
        }
    }
}
