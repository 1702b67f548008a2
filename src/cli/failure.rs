//! A command that could not be done: the error, what to do next, and the exit code.

use std::fmt::Write as _;

use crate::{
    config::{ConfigError, TokenError},
    desired::DesiredError,
    folder::FolderError,
    lock::LockError,
    report::visible,
    run::ExitStatus,
};

/// Ends a command; the chain of causes is joined here and nowhere else.
#[derive(Debug)]
pub(super) struct Failure {
    pub status: ExitStatus,
    pub error: anyhow::Error,
    /// Every single problem, each on a line of its own.
    pub details: Vec<String>,
    pub hint: Option<String>,
}

impl Failure {
    pub(super) fn new(status: ExitStatus, error: impl Into<anyhow::Error>) -> Self {
        Self { status, error: error.into(), details: Vec::new(), hint: None }
    }

    pub(super) fn usage(message: &str, hint: &str) -> Self {
        Self::new(ExitStatus::Usage, anyhow::anyhow!(message.to_owned())).hint(hint)
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says it on stderr.
    pub(super) fn report(self) -> ExitStatus {
        // Files and servers are quoted here: nothing of theirs may act on the terminal.
        let error = format!("{:#}", self.error);
        let mut text = format!("error: {}\n", visible(&error));
        for detail in &self.details {
            let _never_fails = writeln!(text, "  {}", visible(detail));
        }
        if let Some(hint) = &self.hint {
            let _never_fails = writeln!(text, "hint: {}", visible(hint));
        }
        super::output::say(&text);
        self.status
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let details = match &error {
            ConfigError::Invalid { problems } => problems.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        Self { details, ..Self::new(ExitStatus::BadInput, error) }
    }
}

impl From<DesiredError> for Failure {
    fn from(error: DesiredError) -> Self {
        let details = match &error {
            DesiredError::Damaged { path, problems } => {
                problems.iter().map(|problem| format!("{}:{problem}", path.display())).collect()
            }
            DesiredError::Invalid { path, problems } => {
                problems.iter().map(|problem| format!("{}:{problem}", path.display())).collect()
            }
            _ => Vec::new(),
        };
        Self { details, ..Self::new(ExitStatus::BadInput, error) }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let missing = matches!(error, TokenError::Missing);
        let failure = Self::new(ExitStatus::Unauthorized, error);
        if missing {
            return failure.hint(
                "set KANTATA_TOKEN, or token_file or token_command in the configuration; it is never an argument",
            );
        }
        failure
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Held { .. } => Self::new(ExitStatus::Locked, error)
                .hint("wait for the other run, or give `--wait-lock 60s`"),
            LockError::Io { .. } => Self::new(ExitStatus::Unexpected, error),
        }
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        Self::new(ExitStatus::Unexpected, error)
            .hint("nothing was sent; `--state-dir DIR` names another state folder")
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(ExitStatus::Unexpected, error)
    }
}
