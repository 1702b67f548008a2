//! What is wrong with a configuration: all problems of one load, each with where it is.
//!
//! Knows how a problem reads, not how it was found. A value that may carry a secret is left out by
//! whoever finds the problem.

use std::{fmt, io, path::PathBuf};

use super::origin::Origin;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was asked for, or found, cannot be read.
    #[error("cannot read the configuration `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Everything that is wrong, in the order of the layers.
    #[error("the configuration has {}", count(problems))]
    Invalid {
        /// At least one; each is a line of its own, which the text above leaves out.
        problems: Vec<ConfigProblem>,
    },
}

fn count(problems: &[ConfigProblem]) -> String {
    let several = if problems.len() == 1 { "" } else { "s" };
    format!("{} problem{several}", problems.len())
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Where: `file:line:column`, a variable, or a flag.
    pub at: String,
    /// The key, as a dotted path; none where a whole file or a choice of profile is wrong.
    pub key: Option<String>,
    /// What was found; none where it may be a secret, or does not matter.
    pub value: Option<String>,
    /// What was expected.
    pub message: String,
}

impl ConfigProblem {
    pub(super) fn new(at: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { at: at.to_string(), key: None, value: None, message: message.into() }
    }

    pub(super) fn of_key(origin: &Origin, key: &str, message: impl Into<String>) -> Self {
        Self { key: Some(key.to_owned()), ..Self::new(origin.exact(), message) }
    }

    pub(super) fn with_value(self, value: String) -> Self {
        Self { value: Some(value), ..self }
    }
}

/// One line, whatever is quoted.
impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, key, value, message } = self;
        let text = match (key, value) {
            (Some(key), Some(value)) => format!("{at}: `{key} = {value}`: {message}"),
            (Some(text), None) | (None, Some(text)) => format!("{at}: `{text}`: {message}"),
            (None, None) => format!("{at}: {message}"),
        };
        f.write_str(&text.replace('\r', "\\r").replace('\n', "\\n"))
    }
}
