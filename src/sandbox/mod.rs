//! The simulated Kantata OX API: an axum router over projects, people and participations in memory.
//!
//! Serves `rehearse`, `sandbox` and the tests, over a socket or in process under tokio's paused
//! clock. It keeps the rules of the real API, turns what nobody knows of it into [`SandboxSettings`], and
//! what goes wrong in the wild into seeded [`Faults`]. It must not know the client: it has its
//! own ids and its own JSON, held to real answers by `tests/wire_sandbox.rs`.

mod access;
mod answer;
mod clock;
mod fault;
mod field;
mod foreign;
mod handle;
mod limit;
mod log;
mod lookup;
mod odd;
mod read;
mod requested;
mod route;
mod seed;
mod server;
mod settings;
mod state;
mod view;
mod work;
mod write;

pub use access::Level;
pub use clock::SandboxClock;
pub use fault::{Fault, Faults};
pub use handle::Sandbox;
pub use log::{ForeignChange, ForeignEdit, LoggedRequest, Reply, RequestTarget};
pub use lookup::{LookupOrder, Lookups};
pub use odd::{OddForm, OddValues};
pub use route::{BASE_PATH, RequestKind};
pub use seed::SeedError;
pub use settings::{Bulk, Duplicates, ErrorIndex, RateWindow, RetryAfter, SandboxSettings, Start};
pub use state::{ExternalReference, Participation, Side, Subject, User, Workspace, World};
pub use work::{Allocation, Task, Work};

#[cfg(test)]
mod tests;
