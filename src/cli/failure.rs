//! A command that could not be done: the error, what to do next, and the exit code.

use crate::{
    chain::chain,
    config::{ConfigError, TokenError},
    report::visible,
    roster::RosterError,
    run::ExitStatus,
    session::{CarryError, NoUndo, Obstacle, PastError, UnknownRun},
    store::{LockError, StoreError, WholeFileError},
    talk::{self, LastWords},
    trust::is_distrust,
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

    /// The same with what it is part of.
    pub(super) fn context(self, context: &'static str) -> Self {
        Self { error: self.error.context(context), ..self }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Something that must not happen; where it did was said by then.
    pub(super) fn bug() -> Self {
        Self::new(
            ExitStatus::Unexpected,
            anyhow::anyhow!("a bug in kantata-sync ended this command"),
        )
        .hint("please report it with the lines above; the journal of the run has what was sent")
    }

    /// Of several the first: the others are details of it.
    pub(super) fn joined(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter().reduce(|mut first, other| {
            first.details.push(chain(&*other.error));
            first.details.extend(other.details);
            first
        })
    }

    /// Files and servers are quoted here: nothing of theirs may act on the terminal.
    fn words(&self, quiet: bool) -> LastWords {
        let shown = |text: &String| visible(text).into_owned();
        LastWords {
            message: visible(&chain(&*self.error)).into_owned(),
            details: self.details.iter().map(shown).collect(),
            hint: self.hint.as_ref().filter(|_| !quiet).map(shown),
        }
    }
}

/// Says how the process ends; the last thing that is said.
pub(super) fn close(result: Result<ExitStatus, Failure>, quiet: bool) -> ExitStatus {
    let (status, failure) = match result {
        Ok(ExitStatus::Done) => (ExitStatus::Done, None),
        Ok(status) => (status, Some(Failure::new(status, anyhow::anyhow!(status.words())))),
        Err(failure) => (failure.status, Some(failure)),
    };
    let words = failure.map(|failure| failure.words(quiet));
    talk::close(status.code(), words.as_ref());
    status
}

impl Obstacle for Failure {
    fn status(&self) -> ExitStatus {
        self.status
    }

    fn message(&self) -> String {
        chain(&*self.error)
    }

    fn details(&self) -> Vec<String> {
        self.details.clone()
    }
}

impl From<UnknownRun> for Failure {
    fn from(error: UnknownRun) -> Self {
        let details = error.near.clone();
        let failure = Self::new(ExitStatus::BadInput, error);
        Self { details, ..failure }
            .hint("`kantata-sync runs` lists the runs; `latest` is the newest")
    }
}

impl From<PastError> for Failure {
    fn from(error: PastError) -> Self {
        Self::new(ExitStatus::BadInput, error)
    }
}

impl From<NoUndo> for Failure {
    fn from(error: NoUndo) -> Self {
        let hint = match error {
            NoUndo::Unknown(error) => return error.into(),
            NoUndo::Store(error) => return error.into(),
            NoUndo::WroteNothing { .. } => "`kantata-sync runs` lists the runs with what they did",
            NoUndo::Journal { .. } | NoUndo::Damaged { .. } => {
                "`kantata-sync show RUN` shows what is known of it; correct the roster by hand"
            }
            NoUndo::OtherApi { .. } => "give --base-url or --profile as that run had them",
            NoUndo::OtherRun { .. } => return Self::new(ExitStatus::BadInput, error),
        };
        Self::new(ExitStatus::BadInput, error).hint(hint)
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

impl From<RosterError> for Failure {
    fn from(error: RosterError) -> Self {
        let details = error.messages();
        let hint = error.has_lines_to_paste().then(|| PASTE.to_owned());
        Self { details, hint, ..Self::new(ExitStatus::BadInput, error) }
    }
}

/// Where a configuration takes the lines that problems of rosters print.
pub(super) const PASTE: &str = "a line such as `roster.columns.role = \"…\"` stands above the first `[…]` of the configuration; where that has a `[roster]`, below it and without `roster.`";

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let missing = matches!(error, TokenError::Missing);
        let failure = Self::new(ExitStatus::Unauthorized, error);
        if missing {
            return failure.hint(
                "set KANTATA_TOKEN, or token_file or token_command in the configuration; it is never given as an argument",
            );
        }
        failure
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match &error {
            LockError::Held(_) => Self::new(ExitStatus::Locked, error)
                .hint("wait for the other run, or give `--wait-lock 60s`"),
            LockError::OutOfTime(_) => Self::new(ExitStatus::Locked, error)
                .hint("run again when the other run has ended, or give a later `--deadline`"),
            LockError::Io { source, .. } if is_distrust(source) => {
                Self::new(ExitStatus::BadInput, error)
            }
            LockError::Io { .. } => Self::new(ExitStatus::Unexpected, error),
        }
    }
}

impl From<CarryError> for Failure {
    fn from(error: CarryError) -> Self {
        match error {
            CarryError::Store(error) => error.into(),
            CarryError::Roster(error) => error.into(),
            CarryError::Part(error) => Self::new(ExitStatus::Usage, error)
                .hint("nothing was sent; `--workspace` and `--user` narrow what the roster and the configuration have in scope"),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let anothers = is_distrust(&error.source);
        let status = if anothers { ExitStatus::BadInput } else { ExitStatus::Unexpected };
        Self::new(status, error)
            .hint("nothing was sent; `--state-dir DIR` names another state folder")
    }
}

impl From<WholeFileError> for Failure {
    fn from(error: WholeFileError) -> Self {
        Self::new(ExitStatus::Unexpected, error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(ExitStatus::Unexpected, error)
    }
}
