//! The sandbox as others hold it: its state, and a look behind the API.
//!
//! One lock around everything, held for single steps only and never across an await. Knows no
//! rule; tests and the simulation use it to inspect and to meddle.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock::SandboxClock;
use super::fault::{Fault, Injector};
use super::limit::Limiter;
use super::log::{ForeignEdit, Log, LoggedRequest};
use super::route::RequestKind;
use super::settings::{SandboxSettings, Start};
use super::state::World;

/// A simulated Kantata OX API; clones share one state.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Mutex<Inner>>,
}

/// Everything behind the lock.
pub(super) struct Inner {
    pub world: World,
    pub settings: SandboxSettings,
    pub injector: Injector,
    pub limiter: Limiter,
    pub workspaces_limiter: Limiter,
    pub log: Log,
    pub seq: u64,
}

impl Sandbox {
    /// A sandbox over a world. With [`Start::Fixed`] its time starts with the first reading of
    /// the world's clock; make it inside the runtime whose clock is paused.
    #[must_use]
    pub fn new(mut world: World, settings: SandboxSettings) -> Self {
        if settings.start == Start::Real {
            world.clock = SandboxClock::real();
        }
        world.keep_changes_for(settings.read_after_write_lag);
        let inner = Inner {
            injector: Injector::new(settings.faults.seed),
            world,
            settings,
            limiter: Limiter::default(),
            workspaces_limiter: Limiter::default(),
            log: Log::default(),
            seq: 0,
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// The world as it is now.
    #[must_use]
    pub fn world(&self) -> World {
        self.lock().world.clone()
    }

    /// Looks at the world, or changes it as somebody else would, outside the API and its log.
    pub fn with_world<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.lock().world)
    }

    /// The settings as they are now.
    #[must_use]
    pub fn settings(&self) -> SandboxSettings {
        self.lock().settings.clone()
    }

    /// Changes the settings at run time; a new seed counts from [`Sandbox::reseed`] on.
    pub fn change_settings(&self, change: impl FnOnce(&mut SandboxSettings)) {
        let mut inner = self.lock();
        change(&mut inner.settings);
        let lag = inner.settings.read_after_write_lag;
        inner.world.keep_changes_for(lag);
    }

    /// No more faults and nobody else at work, until [`Sandbox::reseed`].
    pub fn calm(&self) {
        self.lock().injector.calm();
    }

    /// Starts the draws again from a seed, also after [`Sandbox::calm`].
    pub fn reseed(&self, seed: u64) {
        let mut inner = self.lock();
        inner.settings.faults.seed = seed;
        inner.injector = Injector::new(seed);
    }

    /// The next request of the kind goes wrong in this way; several calls queue up.
    pub fn fail_next(&self, kind: RequestKind, fault: Fault) {
        self.lock().injector.next(kind, fault);
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.lock().log.entries.clone()
    }

    /// What somebody else did so far; not what was done through [`Sandbox::with_world`].
    #[must_use]
    pub fn foreign_edits(&self) -> Vec<ForeignEdit> {
        self.lock().log.foreign.clone()
    }

    /// Forgets the log so far; the numbers go on.
    pub fn clear_log(&self) {
        let mut inner = self.lock();
        inner.log.entries.clear();
        inner.log.foreign.clear();
    }

    /// Writes every request that ends from now on, and every foreign edit, as a line of JSON.
    pub fn stream_log(&self, sink: impl Write + Send + 'static) {
        self.lock().log.sink = Some(Box::new(sink));
    }

    /// A panic elsewhere leaves the state whole: every step under the lock is complete.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
