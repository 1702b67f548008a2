//! Signals and deadlines: the first asks the run to end, the second ends the process.
//!
//! They are heeded from the first moment on, by threads of their own. A second signal says so, for as
//! long as stderr takes it within bounds, and ends the process, whatever else blocks; one that comes
//! meanwhile ends it in its handler. The journal has every intent by then.

use std::{
    io::{self, Read},
    os::unix::net::UnixStream,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    flag, low_level,
};

use super::{Failure, failure, output::say};
use crate::clock::in_words;
use crate::run::{ExitStatus, Stop, StopCause};

/// A signal that ends a run.
#[derive(Debug, Clone, Copy)]
struct Heeded {
    number: i32,
    name: &'static str,
    cause: StopCause,
    status: ExitStatus,
}

const HEEDED: [Heeded; 4] = {
    const fn terminates(number: i32, name: &'static str) -> Heeded {
        Heeded { number, name, cause: StopCause::Terminate, status: ExitStatus::Terminated }
    }
    let (cause, status) = (StopCause::Interrupt, ExitStatus::Interrupted);
    [
        Heeded { number: SIGINT, name: "SIGINT", cause, status },
        terminates(SIGTERM, "SIGTERM"),
        terminates(SIGHUP, "SIGHUP"),
        terminates(SIGQUIT, "SIGQUIT"),
    ]
};

/// What a first signal asks to end. Signals are the process's, and so is this.
static ASKED: Mutex<Option<Arc<Stop>>> = Mutex::new(None);

fn asked() -> MutexGuard<'static, Option<Arc<Stop>>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Heeds signals until the process ends. Until something is there to be asked, the first ends it.
pub(super) fn heed() -> io::Result<()> {
    let (came, ending) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    for heeded in HEEDED.into_iter().filter(|heeded| !is_left_ignored(heeded.number)) {
        let Heeded { number, name, status, .. } = heeded;
        flag::register_conditional_shutdown(number, i32::from(status.code()), ending.clone())?;
        // A byte for each signal: two of a kind in quick succession are two.
        let (mut signals, handler) = UnixStream::pair()?;
        low_level::pipe::register(number, handler)?;
        let (came, ending) = (came.clone(), ending.clone());
        let watch = move || {
            while signals.read_exact(&mut [0]).is_ok() {
                if came.swap(true, Ordering::SeqCst) {
                    ending.store(true, Ordering::SeqCst);
                    close(&heeded, "at once, by a second signal");
                }
                first(&heeded);
            }
        };
        thread::Builder::new().name(name.to_owned()).spawn(watch)?;
    }
    Ok(())
}

/// Says how the process ends, and ends it.
fn close(Heeded { name, status, .. }: &Heeded, how: &str) -> ! {
    let failure = Failure::new(*status, anyhow::anyhow!("ended by {name} {how}"));
    let status = failure::close(Err(failure), true);
    low_level::exit(i32::from(status.code()))
}

/// `nohup` starts programs with SIGHUP ignored, so that they outlive their terminal. Told where the
/// system tells it.
fn is_left_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    number == SIGHUP && ignored.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

fn first(heeded: &Heeded) {
    let Heeded { name, cause, .. } = *heeded;
    // Held until the end of the process where nothing is under way: so nothing is begun either.
    let asked = asked();
    let Some(stop) = asked.as_ref() else { close(heeded, "before anything was sent") };
    stop.set(cause);
    say(&format!(
        "stopping ({name}): nothing new is started, what is under way is finished; a second signal ends at once\n"
    ));
}

/// From now on a first signal asks this to end.
pub(super) fn ask(stop: &Arc<Stop>) {
    *asked() = Some(Arc::clone(stop));
}

/// The same, and so does the deadline; for as long as the runtime lasts.
pub(super) fn watch(stop: &Arc<Stop>, deadline: Option<Duration>) {
    ask(stop);
    if let Some(deadline) = deadline {
        let asked = Arc::clone(stop);
        tokio::spawn(async move {
            tokio::time::sleep(deadline).await;
            asked.set(StopCause::Deadline);
            tracing::warn!(deadline = in_words(deadline), "deadline: nothing new is started");
        });
    }
}
