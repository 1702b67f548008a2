//! What identifies a run and how it ended: the words that journal, report and exit code share.

use std::{fmt, str::FromStr, sync::OnceLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// A run's name; sorts by time: `20261124T030739Z-1f2e3d4c`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RunId(String);

impl From<RunId> for String {
    fn from(run: RunId) -> Self {
        run.0
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;

    fn try_from(text: String) -> Result<Self, RunIdError> {
        text.parse()
    }
}

/// Text that is no run's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the name of a run (such as `20261124T030739Z-1f2e3d4c`)")]
pub struct RunIdError {
    /// What was found.
    pub text: String,
}

impl RunId {
    /// The name of a run that starts at this time. Its last part begins with the milliseconds, so
    /// that runs of one second sort by time too; the low 20 bits of `salt` keep the rest apart.
    #[must_use]
    pub fn new(started_at: Timestamp, salt: u32) -> Self {
        let millisecond = started_at.as_millisecond().rem_euclid(1000);
        let low = salt & 0xf_ffff;
        Self(format!("{}-{millisecond:03x}{low:05x}", started_at.strftime("%Y%m%dT%H%M%SZ")))
    }

    /// When the run started, to the second.
    #[must_use]
    pub fn started_at(&self) -> Option<Timestamp> {
        let time = self.0.get(..15)?;
        Timestamp::strptime("%Y%m%dT%H%M%S%z", format!("{time}+0000")).ok()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        let shape = |(at, byte): (usize, u8)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            16 => byte == b'-',
            17.. => byte.is_ascii_hexdigit(),
            _ => byte.is_ascii_digit(),
        };
        if text.len() == 25 && text.bytes().enumerate().all(shape) {
            return Ok(Self(text.to_owned()));
        }
        Err(RunIdError { text: text.to_owned() })
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ended", rename_all = "snake_case")]
pub enum Ended {
    /// It did all that it was to do.
    Complete,
    /// A person at the terminal said no to the plan; nothing was sent.
    Declined,
    /// Nobody answered the question, or it could not be put; nothing was sent.
    Unanswered {
        /// Why not, in words.
        message: String,
    },
    /// A first SIGINT.
    Interrupted,
    /// A first SIGTERM, SIGHUP or SIGQUIT.
    Terminated,
    /// `--deadline` passed.
    Deadline,
    /// Too many requests in a row were given up.
    BreakerOpen {
        /// The last failure, in words.
        message: String,
    },
    /// The token is missing, revoked or refused.
    Unauthorized {
        /// What the server said.
        message: String,
    },
    /// The plan computed now is not the one that was approved.
    OtherPlan {
        /// What was asked for and what was found, in words.
        message: String,
    },
    /// There was no plan: its input, its lock, its token or its approval could not be had.
    Unplanned {
        /// What was in the way, in words.
        message: String,
        /// Every single problem, where there are several.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        details: Vec<String>,
        /// What the process answers.
        exit: ExitStatus,
    },
    /// Anything else that ended it early.
    Fatal {
        /// What happened, in words.
        message: String,
    },
}

impl Ended {
    /// Whether nothing was left out.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }

    /// What the process answers for this ending alone, with or without a plan by then.
    #[must_use]
    pub const fn status(&self, planned: bool) -> ExitStatus {
        match self {
            Self::Complete => ExitStatus::Done,
            Self::Deadline if planned => ExitStatus::Done,
            Self::BreakerOpen { .. } if planned => ExitStatus::PartlyApplied,
            // Nothing of it was done.
            Self::Deadline => ExitStatus::PartlyApplied,
            Self::BreakerOpen { .. }
            | Self::Declined
            | Self::Unanswered { .. }
            | Self::Fatal { .. } => ExitStatus::Unexpected,
            Self::Interrupted => ExitStatus::Interrupted,
            Self::Terminated => ExitStatus::Terminated,
            Self::Unauthorized { .. } => ExitStatus::Unauthorized,
            Self::OtherPlan { .. } => ExitStatus::GuardWithheld,
            Self::Unplanned { exit, .. } => *exit,
        }
    }

    /// In words for a person.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Complete => "complete".to_owned(),
            Self::Declined => "declined at the prompt; nothing was sent".to_owned(),
            Self::Interrupted => "interrupted (SIGINT)".to_owned(),
            Self::Terminated => "terminated (SIGTERM, SIGHUP or SIGQUIT)".to_owned(),
            Self::Deadline => "stopped at its deadline".to_owned(),
            Self::BreakerOpen { message } => format!("stopped by the circuit breaker: {message}"),
            Self::Unauthorized { message } => format!("the token was refused: {message}"),
            Self::OtherPlan { message }
            | Self::Unplanned { message, .. }
            | Self::Unanswered { message }
            | Self::Fatal { message } => message.clone(),
        }
    }
}

/// Why a run is asked to end early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    /// SIGINT.
    Interrupt,
    /// SIGTERM, SIGHUP or SIGQUIT.
    Terminate,
    /// `--deadline`.
    Deadline,
}

impl From<StopCause> for Ended {
    fn from(cause: StopCause) -> Self {
        match cause {
            StopCause::Interrupt => Self::Interrupted,
            StopCause::Terminate => Self::Terminated,
            StopCause::Deadline => Self::Deadline,
        }
    }
}

/// Once set, nothing new is started; what is under way is finished.
#[derive(Debug, Default)]
pub struct Stop {
    cause: OnceLock<StopCause>,
    told: Notify,
}

impl Stop {
    /// Asks the run to end; the first cause counts.
    pub fn set(&self, cause: StopCause) {
        self.cause.get_or_init(|| cause);
        self.told.notify_waiters();
    }

    /// The cause, once there is one.
    #[must_use]
    pub fn cause(&self) -> Option<StopCause> {
        self.cause.get().copied()
    }

    /// Returns once there is a cause.
    pub async fn stopped(&self) -> StopCause {
        loop {
            let told = self.told.notified();
            if let Some(cause) = self.cause() {
                return cause;
            }
            told.await;
        }
    }
}

/// The exit codes of PRODUCT.md §1; scripts depend on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the table of PRODUCT.md §1 and of the README")]
#[serde(rename_all = "snake_case")]
pub enum ExitStatus {
    Done,
    Unexpected,
    Usage,
    BadInput,
    GuardWithheld,
    PartlyApplied,
    ChangesPending,
    Locked,
    Unauthorized,
    Interrupted,
    Terminated,
}

impl ExitStatus {
    /// The worst first; 1 and 2 end a run by themselves and stand before all.
    const BY_WEIGHT: [Self; 11] = [
        Self::Usage,
        Self::Unexpected,
        Self::Unauthorized,
        Self::Locked,
        Self::BadInput,
        Self::Interrupted,
        Self::Terminated,
        Self::PartlyApplied,
        Self::GuardWithheld,
        Self::ChangesPending,
        Self::Done,
    ];

    /// The number that the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::BadInput => 3,
            Self::GuardWithheld => 4,
            Self::PartlyApplied => 5,
            Self::ChangesPending => 6,
            Self::Locked => 7,
            Self::Unauthorized => 8,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// What it means.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Done => "done or in sync",
            Self::Unexpected => "unexpected",
            Self::Usage => "usage",
            Self::BadInput => "unusable input",
            Self::GuardWithheld => "the guard withheld something",
            Self::PartlyApplied => "partly applied",
            Self::ChangesPending => "something differs",
            Self::Locked => "another run holds the lock",
            Self::Unauthorized => "no token, or refused",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// The worst of these; done when there is none.
    #[must_use]
    pub fn worst(found: &[Self]) -> Self {
        Self::BY_WEIGHT.into_iter().find(|status| found.contains(status)).unwrap_or(Self::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_sort_by_time_and_read_back() {
        let early =
            RunId::new(Timestamp::from_second(1_700_000_000).expect("in range"), 0xffff_ffff);
        let late = Timestamp::from_millisecond(1_700_000_000_999).expect("in range");
        let later = Timestamp::from_second(1_700_000_001).expect("in range");
        let (late, later) = (RunId::new(late, 0), RunId::new(later, 0));
        assert!(early < late && late < later);
        assert_eq!(early.to_string(), "20231114T221320Z-000fffff");
        assert_eq!(late.to_string(), "20231114T221320Z-3e700000");
        assert_eq!(late.started_at().map(Timestamp::as_second), Some(1_700_000_000));
        assert_eq!(early.to_string().parse(), Ok(early));
        for text in ["", "..", "../../etc/passwd", "20231114T221320Z-fffffff/"] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_worst_wins_in_the_order_of_the_contract() {
        use ExitStatus::*;
        assert_eq!(ExitStatus::worst(&[]), Done);
        assert_eq!(ExitStatus::worst(&[ChangesPending, GuardWithheld]), GuardWithheld);
        assert_eq!(ExitStatus::worst(&[GuardWithheld, PartlyApplied]), PartlyApplied);
        assert_eq!(ExitStatus::worst(&[PartlyApplied, Terminated]), Terminated);
        assert_eq!(ExitStatus::worst(&[Interrupted, BadInput, Unauthorized]), Unauthorized);
    }
}
