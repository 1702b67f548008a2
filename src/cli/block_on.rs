//! Where everything that takes time is driven: one thread of this program.

use std::future::Future;

use super::Failure;

/// Runs a future on one thread; `paused` lets hours pass in no time.
pub(super) fn block_on<F: Future>(paused: bool, future: F) -> Result<F::Output, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(paused).build()?;
    let output = runtime.block_on(future);
    // A prompt that nobody answered still waits for its line; do not wait for it.
    runtime.shutdown_background();
    Ok(output)
}
