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
//! # Rooms
//!
//! A room uses only rooms that stand above it; `tests/layering.rs` enforces that, who is pure, and
//! that no files use each other in circles.
//!
//! | room | its one job | must not know |
//! |---|---|---|
//! | [`model`] | ids, memberships, fields, access levels, the desired and the live set | everything else |
//! | [`run`] | what identifies a run, and how it ended | phases |
//! | [`clock`] | the time, which a paused runtime moves | phases |
//! | [`trust`] | opening files that nobody else may have written | what the files are for |
//! | [`chain`] | an error and its causes in one line | any error in particular |
//! | [`roster`] | a CSV file to the desired set or to all its problems; rows to a CSV file | plan, live, HTTP |
//! | [`plan`] | desired against live: what a run would do, and why | I/O, time, async |
//! | [`api`] | reading and writing Kantata, through the one client that sends | plan, roster, journal |
//! | [`sandbox`] | the simulated Kantata, with its own ids and JSON | the client, every phase |
//! | [`event`] | what happens while a run is under way | who listens |
//! | [`live`] | listings, each proved complete or not used | HTTP, roster, plan |
//! | [`guard`] | the last word on what a run may destroy; makes the `ApprovedPlan` | I/O, time |
//! | [`journal`] | the entries that are on disk before and after each write | HTTP, files |
//! | [`verdict`] | request, answer and what was read back, to one fate | network, files |
//! | [`apply`] | carries out an `ApprovedPlan`, journal round each request | roster, rendering |
//! | [`memory`] | what one applied run leaves for the next | files |
//! | [`store`] | everything that is kept: lock, runs, journal, memory; in a folder, or on a simulated disk | network, phases, rendering |
//! | [`report`] | all words; one renderer for each format | files, network, time |
//! | [`talk`] | the one door to stderr | every phase |
//! | [`progress`] | a bar, or log lines, made of events | phases |
//! | [`config`] | one table of keys, all sources, validated settings; the token | phases |
//! | [`session`] | one run from its order to its end; sees every ending | terminal, files, HTTP |
//! | [`simulation`] | whole sessions on the sandbox and a faulty disk, drawn from a seed | the command line |
//! | [`cli`] | arguments, terminal, exit code; one file a command | details of a phase |
//!
//! # Glossary
//!
//! - *roster*: the CSV. *desired*: what it asks for. *live*: what Kantata has. *scope*: the projects
//!   that are looked at. A *workspace* is Kantata's word for a project, and the code's.
//! - *membership*: a person on a project (key), with side and fields (spec). *participation*: its
//!   live record, with an id. *side*: `maven` or `buyer`.
//! - *managed*: a field that the roster has a value for. *drift*: a field whose live value is another
//!   one. *in sync*: no drift. *hidden*: not visible to this token.
//! - *create*, *update*, *delete*, *replace* (delete, and create on the other side): the actions.
//! - *held*: policy forbids it, or something is not known. *frozen*: a problem nearby forbids it.
//!   *withheld*: the guard forbids it. *protected*: never deleted, replaced or demoted.
//! - *intent*: the entry before a request. *settle*: to read back what a request did whose answer
//!   does not say. *fate*: what became of an action; its *outcome* is the class of that.
//! - *in doubt*: it is not known whether it happened. *lost*: deleted, and not created again. *stale*:
//!   changed by somebody else since the plan. *ineffective*: answered as done, and nothing changed
//!   (outcome *not stuck*; twice the same is *stuck*, and held).
//! - *attempt*: one HTTP try. *batch*: up to 100 creates in a request.
//! - *approval*: a reviewed list of deletes, given back. *digest*: a plan's fingerprint.
//! - *run*: one command from its order to its report. *session*: the run as a value. *preview*: a run
//!   that has no writer.

pub mod api;
pub mod apply;
pub mod chain;
pub mod cli;
pub mod clock;
pub mod config;
pub mod directory;
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
