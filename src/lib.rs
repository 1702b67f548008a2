//! kantata-sync keeps the members of Kantata OX projects as a CSV says.
//!
//! ```text
//!  roster.csv ──► desired ─┐
//!                          ├─► plan ─► guard ─► apply ─► journal ─► report
//!  Kantata ───► live ──────┘   pure    pure     I/O      I/O        pure
//! ```
//!
//! The data flows one way, and the types allow only that way: [`plan::plan`] makes a
//! [`plan::Plan`], [`guard::review`] makes of it the only thing that [`apply::run`] takes.
//!
//! Glossary: the *roster* is the CSV; *desired* is what it wants, *live* is what Kantata has; a
//! *membership* is a person on a project, a *participation* its live record; *held* is what policy
//! forbids, *frozen* what a problem nearby forbids, *withheld* what the guard forbids; to *settle*
//! is to read back what a request did whose answer does not tell.

pub mod api;
pub mod apply;
pub mod chain;
pub mod cli;
pub mod clock;
pub mod config;
pub mod event;
pub mod guard;
pub mod journal;
pub mod live;
pub mod memory;
pub mod model;
pub mod plan;
pub mod progress;
pub mod report;
pub mod roster;
pub mod run;
pub mod sandbox;
pub mod session;
pub mod simulation;
pub mod store;
pub mod talk;
pub mod trust;
pub mod verdict;
