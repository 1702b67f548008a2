//! kantata-sync keeps the members of Kantata OX projects as a CSV says.
pub mod api;
pub mod config;
pub mod guard;
pub mod model;
pub mod plan;
pub mod report;
pub mod run;
