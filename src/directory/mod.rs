//! The directory: which person an address or another system's key means, and which project a title
//! or a key does; asked of the account, and remembered for later runs.
//!
//! Owns what is asked, in how few requests, when an answer is believed, and how long it is
//! remembered. Must not know rows, plans, or where it is kept.

mod answer;
mod error;
mod hint;
mod list;
mod lookup;
mod query;
mod remembered;
mod rules;
#[cfg(test)]
mod tests;
mod walk;

pub use error::LookupError;
pub use list::{all_projects, open_assignments_of, projects_of, scheduled_hours_of};
pub use lookup::{Lookup, LookupTally};
pub use remembered::{Directory, DirectoryError};
pub use rules::LookupRules;
