//! Why names could not be looked up at all.

use crate::api::ApiError;

/// Why names could not be looked up.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The API did not answer.
    #[error("cannot look up whom and what the roster names")]
    Api(#[from] ApiError),
    /// It answered less than it said.
    #[error(
        "cannot look up whom and what the roster names: the account's list of {what} does not add up, read three times"
    )]
    Incomplete {
        /// Of what.
        what: &'static str,
    },
}
