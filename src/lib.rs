//! kantata-sync keeps the members of Kantata OX projects as a CSV says.
pub mod desired;
pub mod model;
