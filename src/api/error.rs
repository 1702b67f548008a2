//! What can go wrong with a request, and the one question that callers may ask of it: what next?

use std::time::Duration;

use crate::run::Stop;

/// One complaint of the server, in its own words (API.md §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Word for word.
    pub message: String,
    /// The attribute it is about, where given.
    pub field: Option<String>,
    /// The 0-based position in a bulk request, where given.
    pub index: Option<usize>,
}

/// Whether sending a request twice does the same as sending it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// GET: nothing is written, so nothing was decided either.
    Read,
    /// PUT, DELETE.
    Safe,
    /// POST.
    Unsafe,
}

/// What to do after a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Nothing was done, or doing it again is harmless: send it again.
    Retry,
    /// The server refused.
    Reject,
    /// It may have been done: read back before anything else.
    InDoubt,
    /// No further request makes sense.
    Abort,
    /// Nothing was done, and nothing will be: the run is to end.
    Drop,
}

/// What a run that is asked to end does with a request that has not left, or of which an answer says
/// that nothing was done.
#[derive(Debug, Clone, Copy)]
pub enum Urgency<'a> {
    /// Drops it.
    Droppable(&'a Stop),
    /// Sends it all the same: without it something is left half done.
    Finish,
}

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// No usable connection: the request did not leave.
    #[error("cannot connect: {why}")]
    NotSent {
        /// The transport's reason.
        why: String,
    },
    /// The request may have arrived, and no whole answer came back.
    #[error("no answer: {why}")]
    NoAnswer {
        /// The transport's reason.
        why: String,
    },
    /// The token is missing, revoked or wrong.
    #[error("the token was refused (401): {message}")]
    Unauthorized {
        /// The server's words.
        message: String,
    },
    /// Too fast; nothing was done.
    #[error("too many requests (429)")]
    Throttled {
        /// What the server asked for, if it did so readably.
        retry_after: Option<Duration>,
    },
    /// The server refused, in its own words.
    #[error("{}refused ({status}): {}", request_id_words(.request_id), words(.complaints))]
    Refused {
        /// HTTP status; 2xx with `errors` is a refusal as well.
        status: u16,
        /// The server's words.
        complaints: Vec<Complaint>,
        /// The server's `x-request-id`.
        request_id: Option<String>,
    },
    /// The server failed; nobody knows whether it did something first.
    #[error("{}server error ({status}): {message}", request_id_words(.request_id))]
    Server {
        /// HTTP status.
        status: u16,
        /// The server's words, or the first line of its body.
        message: String,
        /// The server's `x-request-id`.
        request_id: Option<String>,
    },
    /// An answer that is no JSON of the expected shape, whatever its status says.
    #[error("unusable answer (status {status}): {why}; it begins with `{first_line}`")]
    Unusable {
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        why: String,
        /// The beginning of the body, control characters escaped.
        first_line: String,
    },
    /// Redirects are never followed.
    #[error("the server redirects (status {status}) to `{location}`: is the base URL right?")]
    Redirected {
        /// HTTP status.
        status: u16,
        /// Where to, control characters escaped.
        location: String,
    },
    /// All tries used up, or out of patience.
    #[error("given up after {attempts} attempts: {last}")]
    GivenUp {
        /// How many were sent.
        attempts: u32,
        /// Whether one of them may have had an effect.
        sent: bool,
        /// What the last one ended with.
        last: Box<ApiError>,
    },
    /// The circuit breaker is open: no more requests leave.
    #[error("not sent: {message}")]
    Stopped {
        /// Why it opened.
        message: String,
    },
    /// The run was asked to end before it could be sent, or sent again.
    #[error("{}", dropped_words(.doubt))]
    Dropped {
        /// What became of an earlier attempt that may have had an effect.
        doubt: Option<Box<ApiError>>,
    },
}

fn dropped_words(doubt: &Option<Box<ApiError>>) -> String {
    match doubt {
        None => "not sent: the run is to end".to_owned(),
        Some(doubt) => format!("{doubt}; not sent again: the run is to end"),
    }
}

fn words(complaints: &[Complaint]) -> String {
    if complaints.is_empty() {
        return "no reason given".to_owned();
    }
    let texts: Vec<&str> =
        complaints.iter().take(3).map(|complaint| complaint.message.as_str()).collect();
    let more = if complaints.len() > texts.len() { "; …" } else { "" };
    format!("{}{more}", texts.join("; "))
}

fn request_id_words(request_id: &Option<String>) -> String {
    request_id.as_ref().map(|id| format!("[{id}] ")).unwrap_or_default()
}

impl ApiError {
    /// What to do next, given whether the request may be repeated.
    #[must_use]
    pub fn disposition(&self, repeat: Repeat) -> Disposition {
        match self {
            Self::NotSent { .. } => Disposition::Retry,
            Self::Throttled { .. } => Disposition::Retry,
            // A success that complains is a server in trouble; what it would not do, nobody knows.
            Self::Refused { status: 200..=299, .. } if repeat == Repeat::Read => Disposition::Retry,
            Self::Refused { .. } => Disposition::Reject,
            Self::Unauthorized { .. } | Self::Redirected { .. } | Self::Stopped { .. } => {
                Disposition::Abort
            }
            Self::NoAnswer { .. } | Self::Server { .. } | Self::Unusable { .. } => match repeat {
                Repeat::Read | Repeat::Safe => Disposition::Retry,
                Repeat::Unsafe => Disposition::InDoubt,
            },
            Self::GivenUp { sent: false, .. } => Disposition::Retry,
            Self::GivenUp { sent: true, .. } | Self::Dropped { doubt: Some(_) } => {
                Disposition::InDoubt
            }
            Self::Dropped { doubt: None } => Disposition::Drop,
        }
    }

    /// Whether the request may have arrived before it failed.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Server { .. } | Self::Unusable { .. } => true,
            Self::GivenUp { sent, .. } => *sent,
            Self::Dropped { doubt } => doubt.is_some(),
            _ => false,
        }
    }

    /// Whether the server says that there is no such record (or shows none to this token).
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether nothing was done because the run is to end.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.disposition(Repeat::Safe) == Disposition::Drop
    }

    /// Whether the run cannot go on after this.
    #[must_use]
    pub fn ends_the_run(&self) -> bool {
        self.disposition(Repeat::Safe) == Disposition::Abort
    }

    /// What went wrong in a few words, without what the server or the system says of it.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::NotSent { .. } => "cannot connect".to_owned(),
            Self::NoAnswer { .. } => "no answer".to_owned(),
            Self::Unauthorized { .. } => "the token was refused".to_owned(),
            Self::Throttled { .. } => "too many requests (429)".to_owned(),
            Self::Refused { status, .. } => format!("refused ({status})"),
            Self::Server { status, .. } => format!("server error ({status})"),
            Self::Unusable { status, .. } => format!("unusable answer (status {status})"),
            Self::Redirected { status, .. } => format!("redirected (status {status})"),
            Self::GivenUp { last, .. } => last.cause(),
            Self::Stopped { .. } | Self::Dropped { .. } => "not sent".to_owned(),
        }
    }

    /// What the server or the system says of it, where that is one text.
    pub(super) fn said(&self) -> &str {
        match self {
            Self::NotSent { why } | Self::NoAnswer { why } | Self::Unusable { why, .. } => why,
            Self::Unauthorized { message }
            | Self::Server { message, .. }
            | Self::Stopped { message } => message,
            _ => "",
        }
    }

    /// The server's `x-request-id`, where there was an answer with one.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        match self {
            Self::Refused { request_id, .. } | Self::Server { request_id, .. } => {
                request_id.clone()
            }
            Self::GivenUp { last, .. } => last.request_id(),
            Self::Dropped { doubt: Some(doubt) } => doubt.request_id(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(status: u16) -> ApiError {
        ApiError::Server { status, message: String::new(), request_id: None }
    }

    #[test]
    fn a_lost_answer_is_repeated_only_where_that_is_harmless() {
        for error in [
            server(500),
            server(503),
            ApiError::NoAnswer { why: String::new() },
            ApiError::Unusable { status: 200, why: String::new(), first_line: String::new() },
        ] {
            assert_eq!(error.disposition(Repeat::Safe), Disposition::Retry);
            assert_eq!(error.disposition(Repeat::Unsafe), Disposition::InDoubt, "{error}");
        }
    }

    #[test]
    fn what_never_left_is_sent_again_even_when_it_may_not_be_repeated() {
        let retry_after = Some(Duration::from_secs(3));
        for error in [ApiError::NotSent { why: String::new() }, ApiError::Throttled { retry_after }]
        {
            assert_eq!(error.disposition(Repeat::Unsafe), Disposition::Retry);
        }
    }

    #[test]
    fn a_refused_token_a_redirect_and_an_open_breaker_end_the_run() {
        for error in [
            ApiError::Unauthorized { message: String::new() },
            ApiError::Redirected { status: 302, location: String::new() },
            ApiError::Stopped { message: String::new() },
        ] {
            assert!(error.ends_the_run());
        }
        assert!(!server(500).ends_the_run());
    }
}
