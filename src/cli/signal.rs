//! Signals and deadlines: the first asks the run to end, the second ends it.

use std::{sync::Arc, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

use super::output::say;
use crate::run::{ExitStatus, Stop, StopCause};

/// Watches for SIGINT, SIGTERM and the deadline until the runtime ends.
pub(super) fn watch(stop: &Arc<Stop>, deadline: Option<Duration>) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let asked = Arc::clone(stop);
    tokio::spawn(async move {
        let mut signalled = false;
        loop {
            let (cause, status) = tokio::select! {
                _ = interrupt.recv() => (StopCause::Interrupt, ExitStatus::Interrupted),
                _ = terminate.recv() => (StopCause::Terminate, ExitStatus::Terminated),
            };
            if signalled {
                end_now(status);
            }
            signalled = true;
            asked.set(cause);
            say(
                "stopping: nothing new is started, what is under way is finished; a second signal ends at once\n",
            );
        }
    });
    if let Some(deadline) = deadline {
        let asked = Arc::clone(stop);
        tokio::spawn(async move {
            tokio::time::sleep(deadline).await;
            asked.set(StopCause::Deadline);
            tracing::warn!(?deadline, "deadline: nothing new is started");
        });
    }
    Ok(())
}

#[expect(
    clippy::exit,
    reason = "a second signal ends the process wherever it is; the journal has every intent"
)]
fn end_now(status: ExitStatus) -> ! {
    std::process::exit(i32::from(status.code()))
}
