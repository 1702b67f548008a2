//! kantata-sync keeps the members of Kantata OX projects as a CSV says.
pub mod api;
pub mod apply;
pub mod clock;
pub mod event;
pub mod guard;
pub mod journal;
pub mod live;
pub mod model;
pub mod plan;
pub mod report;
pub mod run;
