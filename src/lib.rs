//! kantata-sync keeps the members of Kantata OX projects as a CSV says.
pub mod model;
pub mod sandbox;
