//! The one door: slot, hold, limiter, send, learn. Every request passes [`Client::send`].

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep, timeout},
};

use super::{
    Answered, ApiError, HttpSettings, Repeat, Transport, TransportError, Urgency,
    breaker::{Breaker, Kind},
    discretion::first_line,
    pace::Pacer,
    redaction::Redaction,
    retry,
    trail::{self, Shown},
    tries::Tries,
    wire,
};
use crate::clock::{Clock, in_words};

/// One request, before it is paced and sent.
#[derive(Debug, Clone)]
pub(super) struct Outgoing<'a> {
    pub method: Method,
    /// Behind the base URL, with its query; percent-encoded.
    pub path: String,
    pub body: Option<serde_json::Value>,
    pub urgency: Urgency<'a>,
    /// Whether it asks for people by their addresses, so that no failure of it may repeat them.
    pub discreet: bool,
}

impl Outgoing<'_> {
    /// Whoever waits for a read may drop it at any time, so the door need not.
    pub(super) fn read(path: String) -> Self {
        let urgency = Urgency::Finish;
        Self { method: Method::GET, path, body: None, urgency, discreet: false }
    }

    /// A read that says what people are called elsewhere, or asks for it.
    pub(super) fn lookup(path: String) -> Self {
        Self { discreet: true, ..Self::read(path) }
    }

    /// Waits before the request leaves, unless the run is to end and the request may be dropped.
    async fn wait<V>(&self, waiting: impl Future<Output = V>) -> Result<V, ApiError> {
        let Urgency::Droppable(stop) = self.urgency else { return Ok(waiting.await) };
        tokio::select! {
            biased;
            _ = stop.stopped() => Err(ApiError::Dropped { doubt: None }),
            waited = waiting => Ok(waited),
        }
    }

    const fn kind(&self) -> Kind {
        if matches!(self.method, Method::GET) { Kind::Read } else { Kind::Write }
    }

    const fn repeat(&self) -> Repeat {
        match self.method {
            Method::GET => Repeat::Read,
            Method::POST => Repeat::Unsafe,
            _ => Repeat::Safe,
        }
    }
}

/// An answer that is a success by its status and has no complaints.
struct Answer {
    body: Bytes,
    status: u16,
    request_id: Option<String>,
    /// When it was given, by the server's clock.
    date: Option<Timestamp>,
    /// How long after its request left.
    after: Duration,
}

impl Answer {
    fn decoded<V>(
        self,
        decode: impl Fn(&[u8]) -> Result<V, serde_json::Error>,
    ) -> Result<Answered<V>, ApiError> {
        match decode(&self.body) {
            Ok(value) => {
                let after = SignedDuration::try_from(self.after).unwrap_or(SignedDuration::MAX);
                let left_at = self.date.and_then(|date| date.checked_sub(after).ok());
                Ok(Answered { value, request_id: self.request_id, left_at })
            }
            Err(error) => Err(unusable(self.status, &error, &self.body)),
        }
    }
}

/// What went over the wire so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Traffic {
    /// Attempts, of reads and writes.
    pub requests: u64,
    /// Attempts of writes.
    pub writes: u64,
    /// Answers with status 429.
    pub throttled: u64,
    /// Requests a second that the pace is at now.
    pub rate: f64,
    /// How long all requests were held.
    pub held: Duration,
}

/// A client of the API: paced, patient, and never sending a create twice.
pub struct Client<T> {
    transport: T,
    base_url: String,
    token: SecretString,
    redaction: Redaction,
    settings: HttpSettings,
    clock: Clock,
    pacer: Pacer,
    slots: Semaphore,
    breaker: Breaker,
    random: Mutex<fastrand::Rng>,
    sent: Mutex<(u64, u64)>,
    skew: Mutex<Option<SignedDuration>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the API is, and who asks it.
pub struct Endpoint<'a> {
    /// Its address, without a slash at its end.
    pub base_url: &'a str,
    /// The token of the requests.
    pub token: SecretString,
}

impl<T: Transport> Client<T> {
    /// A client for an API. `seed` decides the jitter.
    #[must_use]
    pub fn new(
        transport: T,
        Endpoint { base_url, token }: Endpoint<'_>,
        settings: HttpSettings,
        clock: Clock,
        seed: u64,
    ) -> Self {
        Self {
            transport,
            base_url: base_url.to_owned(),
            redaction: Redaction::of(&token),
            token,
            clock,
            pacer: Pacer::new(&settings),
            slots: Semaphore::new(settings.max_in_flight.max(1)),
            breaker: Breaker::new(settings.breaker_failures.max(1)),
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            sent: Mutex::new((0, 0)),
            skew: Mutex::new(None),
            settings,
        }
    }

    /// What went over the wire so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let (requests, writes) = *locked(&self.sent);
        let pace = self.pacer.seen();
        Traffic { requests, writes, throttled: pace.throttled, rate: pace.rate, held: pace.held }
    }

    /// What its requests wait for, now and later.
    #[must_use]
    pub fn waits(&self) -> super::Waits {
        self.pacer.waits().clone()
    }

    /// How far the server's clock is ahead of ours, by the `Date` of its last answer; to the second.
    #[must_use]
    pub fn server_clock_skew(&self) -> Option<SignedDuration> {
        *locked(&self.skew)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn settle_wait(&self) -> Duration {
        self.settings.settle_wait
    }

    fn jitter(&self) -> f64 {
        locked(&self.random).f64()
    }

    /// Sends a request, again where that is harmless, until it is answered, refused or given up.
    /// An answer that `decode` cannot read says nothing and counts as none.
    pub(super) async fn send<V>(
        &self,
        outgoing: &Outgoing<'_>,
        decode: impl Fn(&[u8]) -> Result<V, serde_json::Error>,
    ) -> Result<Answered<V>, ApiError> {
        if let Some(error) = self.breaker.opened() {
            return Err(error);
        }
        let result = self.send_patiently(outgoing, &decode).await;
        self.breaker.note(outgoing.kind(), &result);
        if let Err(error) = &result {
            let error = first_line(error.to_string().as_bytes());
            let (method, path) = (&outgoing.method, Shown(&outgoing.path));
            tracing::debug!(%method, %path, error, "request failed");
        }
        result
    }

    /// Sends a read that nothing depends on: one attempt, and its failure is not held against the
    /// API.
    pub(super) async fn send_once<V>(
        &self,
        outgoing: &Outgoing<'_>,
        decode: impl Fn(&[u8]) -> Result<V, serde_json::Error>,
    ) -> Result<V, ApiError> {
        if let Some(error) = self.breaker.opened() {
            return Err(error);
        }
        let answer = self.attempt(outgoing).await?;
        Ok(answer.decoded(decode)?.value)
    }

    async fn send_patiently<V>(
        &self,
        outgoing: &Outgoing<'_>,
        decode: &impl Fn(&[u8]) -> Result<V, serde_json::Error>,
    ) -> Result<Answered<V>, ApiError> {
        let mut tries = Tries::new(&self.settings);
        loop {
            let answer = self.attempt(outgoing).await.and_then(|answer| answer.decoded(decode));
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) if outgoing.discreet => error.without_addresses(),
                Err(error) => error,
            };
            let wait = tries.wait_after(error, outgoing.repeat(), || self.jitter())?;
            let _shown = (!wait.is_zero()).then(|| self.pacer.waits().begin(tries.words(), wait));
            outgoing.wait(sleep(wait)).await.map_err(|dropped| tries.ended_by(dropped))?;
            if let Some(stopped) = self.breaker.opened() {
                return Err(tries.ended_by(stopped));
            }
        }
    }

    /// A slot, once there is no hold and the limiter lets pass.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let slot = self.slots.acquire().await;
        self.pacer.ready().await;
        slot.ok()
    }

    /// One attempt: slot, hold, limiter, send, learn.
    async fn attempt(&self, outgoing: &Outgoing<'_>) -> Result<Answer, ApiError> {
        let _slot = outgoing.wait(self.turn()).await?;
        // Whatever ended the run while this one waited holds for it too.
        if let Some(error) = self.breaker.opened() {
            return Err(error);
        }
        let sent_at = Instant::now();
        self.count(outgoing.kind());
        let exchange = self.transport.exchange(self.request(outgoing)?);
        let exchanged = timeout(self.settings.timeout, exchange).await;
        // From here on, nothing of the answer has the token in it.
        let exchanged = exchanged.map(|answer| self.redaction.exchanged(answer));
        if tracing::enabled!(tracing::Level::TRACE) {
            let answer = exchanged.as_ref().ok().and_then(|answer| answer.as_ref().ok());
            trail::tell(&outgoing.method, &outgoing.path, answer, sent_at.elapsed());
        }
        let result = match exchanged {
            Err(_elapsed) => Err(ApiError::NoAnswer {
                why: format!("none within {}", in_words(self.settings.timeout)),
            }),
            Ok(Err(TransportError { sent: true, why })) => Err(ApiError::NoAnswer { why }),
            Ok(Err(TransportError { sent: false, why })) => Err(ApiError::NotSent { why }),
            Ok(Ok(response)) => self.classify(&response, sent_at.elapsed()),
        };
        match &result {
            Err(ApiError::Throttled { retry_after }) => {
                self.pacer.throttled(sent_at, *retry_after, self.jitter());
            }
            Err(ApiError::NoAnswer { .. } | ApiError::NotSent { .. }) => {}
            _ => self.pacer.answered(),
        }
        result
    }

    fn count(&self, kind: Kind) {
        let mut sent = locked(&self.sent);
        sent.0 += 1;
        sent.1 += u64::from(kind == Kind::Write);
    }

    fn request(&self, outgoing: &Outgoing<'_>) -> Result<Request<Bytes>, ApiError> {
        let not_sent = |why: String| ApiError::NotSent { why };
        let bearer = format!("Bearer {}", self.token.expose_secret());
        let mut bearer = header::HeaderValue::try_from(bearer).map_err(|_| {
            not_sent("the token has characters that no header may carry".to_owned())
        })?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(outgoing.method.clone())
            .uri(format!("{}{}", self.base_url, outgoing.path))
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, bearer);
        let body = match &outgoing.body {
            None => Bytes::new(),
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
        };
        request.body(body).map_err(|error| not_sent(error.to_string()))
    }

    /// What an answer means (API.md §5).
    fn classify(&self, response: &Response<Bytes>, after: Duration) -> Result<Answer, ApiError> {
        let status = response.status();
        let header =
            |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let shown = |text: &str| first_line(text.as_bytes());
        let request_id = header("x-request-id").map(shown);
        let date = header("date").and_then(retry::http_date);
        if let Some(date) = date {
            *locked(&self.skew) = Some(date.duration_since(self.clock.now()));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            // A date is held against the server's own clock where it shows it: ours may be wrong.
            let now = date.unwrap_or_else(|| self.clock.now());
            let retry_after =
                header("retry-after").and_then(|asked| retry::retry_after(asked, now));
            return Err(ApiError::Throttled { retry_after });
        }
        if status.is_redirection() {
            let location = header("location").map(|to| shown(&Shown(to).to_string()));
            let location = location.unwrap_or_default();
            return Err(ApiError::Redirected { status: status.as_u16(), location });
        }
        // JSON has no byte order mark, and some who serve it write one.
        let bom = if response.body().starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        let body = response.body().slice(bom..);
        let answer = Answer { body, status: status.as_u16(), request_id, date, after };
        if status.is_success() && !wire::mentions_errors(&answer.body) {
            return Ok(answer);
        }
        self.failure(status, answer)
    }

    /// An answer that is no plain success: its complaints decide, and a body that is no JSON says
    /// nothing whatever the status is.
    fn failure(&self, status: StatusCode, answer: Answer) -> Result<Answer, ApiError> {
        let (code, body) = (answer.status, &answer.body);
        let request_id = answer.request_id.clone();
        let complaints = match wire::decode_complaints(body) {
            Ok(complaints) => complaints,
            // A bare 404 may be a proxy's: it says nothing about the record.
            Err(_) if body.is_empty() && status != StatusCode::NOT_FOUND => Vec::new(),
            Err(error) if status.is_server_error() => {
                let message = format!("{error}; it begins with `{}`", first_line(body));
                return Err(ApiError::Server { status: code, message, request_id });
            }
            Err(error) => return Err(unusable(code, &error, body)),
        };
        if status.is_success() && complaints.is_empty() {
            return Ok(answer);
        }
        let first = complaints.first().map(|complaint| complaint.message.clone());
        let message = first.unwrap_or_else(|| "no reason given".to_owned());
        match code {
            401 => Err(ApiError::Unauthorized { message }),
            500..=599 | 408 => Err(ApiError::Server { status: code, message, request_id }),
            _ => Err(ApiError::Refused { status: code, complaints, request_id }),
        }
    }
}

fn unusable(status: u16, error: &serde_json::Error, body: &[u8]) -> ApiError {
    ApiError::Unusable { status, why: error.to_string(), first_line: first_line(body) }
}
