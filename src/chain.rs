//! The one way to print an error with its causes, in one line. Knows no error in particular.

use std::error::Error;

/// An error and its causes, each once.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outside")]
    struct Outside(#[source] std::fmt::Error);

    #[test]
    fn a_cause_stands_behind_what_it_caused() {
        assert_eq!(chain(&Outside(std::fmt::Error)), format!("outside: {}", std::fmt::Error));
        assert_eq!(chain(&std::fmt::Error), std::fmt::Error.to_string());
    }
}
