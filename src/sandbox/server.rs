//! One HTTP request through the sandbox: arrival, waiting, commit, answer, log.
//!
//! The commit is one synchronous step under the lock, between two awaits: a client that goes away
//! before it has changed nothing, after it everything. Knows no rule of the API beyond strict
//! HTTP and the token.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::ListenerExt;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use tokio::net::TcpListener;

use super::answer::{Answer, ApiError, Payload};
use super::clock::http_date;
use super::fault::Fault;
use super::foreign::Colleague;
use super::handle::{Inner, Sandbox};
use super::log::{LoggedRequest, Reply};
use super::read::{self, Context};
use super::route::{Query, Route};
use super::write;

/// The largest body of a request that is read.
const MAX_BODY: usize = 8 << 20;

/// A request that has been read.
struct Call {
    parts: Parts,
    body: Bytes,
    route: Route,
    query: Query,
}

/// What was decided when a request arrived.
struct Arrival {
    /// The answer where the request does not get any further.
    gate: Option<Answer>,
    fault: Option<Fault>,
    before: Duration,
    after: Duration,
}

impl Sandbox {
    /// The API as an axum router, under [`super::BASE_PATH`].
    pub fn router(&self) -> Router {
        Router::new().fallback(respond).with_state(self.clone())
    }

    /// Serves the API on a socket until `shutdown` is ready and open requests are answered.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true); // only speed is lost without it
        });
        axum::serve(listener, self.router()).with_graceful_shutdown(shutdown).await
    }
}

/// Every request of the router.
async fn respond(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return response(Answer::bad_request("The body could not be read"));
    };
    let route = Route::of(&parts.method, parts.uri.path());
    let query = Query::of(parts.uri.query().unwrap_or_default());
    let call = Call { parts, body, route, query };
    let (ticket, arrival) = arrive(&sandbox, &call);
    pause(arrival.before).await;
    let answer = match arrival.gate {
        Some(answer) => answer,
        None => sandbox.lock().carry_out(&call, ticket.seq, arrival.fault),
    };
    pause(arrival.after).await;
    response(ticket.close(answer, arrival.fault))
}

/// Waits, and lets others run even when there is nothing to wait for.
async fn pause(time: Duration) {
    if time.is_zero() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(time).await;
    }
}

fn arrive(sandbox: &Sandbox, call: &Call) -> (Ticket, Arrival) {
    let mut inner = sandbox.lock();
    let seq = inner.open_entry(call);
    let gate = inner.gate(call);
    let kind = call.route.kind();
    let Inner { injector, settings, .. } = &mut *inner;
    let fault = if gate.is_none() { injector.draw(&settings.faults, kind) } else { None };
    let half = settings.latency / 2;
    let (mut before, mut after) = (half, half);
    match fault {
        Some(Fault::TimeoutBefore) => before += settings.faults.hang,
        Some(Fault::TimeoutAfter) => after += settings.faults.hang,
        Some(Fault::Slow) => before += settings.faults.slow_by,
        _ => {}
    }
    if let Some(entry) = inner.log.entry(seq) {
        entry.fault = fault;
    }
    let ticket = Ticket { sandbox: sandbox.clone(), seq };
    (ticket, Arrival { gate, fault, before, after })
}

/// A request under way; its log entry is streamed when it ends, also when the client goes away.
struct Ticket {
    sandbox: Sandbox,
    seq: u64,
}

impl Ticket {
    /// Writes down what the client gets, and adds what every answer carries.
    fn close(self, answer: Answer, fault: Option<Fault>) -> Answer {
        let mut inner = self.sandbox.lock();
        let date = http_date(inner.world.clock.now());
        let Some(entry) = inner.log.entry(self.seq) else { return answer };
        entry.answered = match (&answer.payload, fault) {
            (Payload::Broken, Some(Fault::TimeoutBefore | Fault::TimeoutAfter)) => Reply::TimedOut,
            (Payload::Broken, _) => Reply::Cut,
            _ => Reply::Status(answer.status.as_u16()),
        };
        let id = entry.request_id.clone();
        answer.with_header("x-request-id", id).with_header("date", date)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.sandbox.lock().log.finish(self.seq);
    }
}

impl Inner {
    fn open_entry(&mut self, call: &Call) -> u64 {
        self.seq += 1;
        let path = call.parts.uri.path_and_query().map(ToString::to_string);
        let objects = match call.route {
            Route::Create => write::count_objects(&call.body),
            _ => 0,
        };
        self.log.entries.push(LoggedRequest {
            seq: self.seq,
            at: self.world.clock.now(),
            method: call.parts.method.to_string(),
            path: path.unwrap_or_default(),
            kind: call.route.kind(),
            objects,
            fault: None,
            answered: Reply::Nothing,
            committed: false,
            targets: Vec::new(),
            request_id: format!("sandbox-{:08}", self.seq),
        });
        self.seq
    }

    /// What is refused before anybody looks at it: broken HTTP, a wrong token, too fast.
    fn gate(&mut self, call: &Call) -> Option<Answer> {
        if let Some(complaint) = breach(&call.parts.method, &call.parts.headers) {
            return Some(Answer::bad_request(complaint));
        }
        let expected = format!("Bearer {}", self.settings.token);
        if call.parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes)
            != Some(expected.as_bytes())
        {
            let error = ApiError::oauth("You are not authorized");
            return Some(Answer::errors(StatusCode::UNAUTHORIZED, &[error]));
        }
        let wait = self.too_early(call.route)?;
        Some(self.too_many_requests(wait))
    }

    fn too_early(&mut self, route: Route) -> Option<Duration> {
        let Self { settings, limiter, workspaces_limiter, .. } = self;
        let (window, burst) = (settings.rate_window, settings.rate_burst);
        if route == Route::Workspaces
            && let Some(rate) = settings.workspaces_per_second
            && let Err(wait) = workspaces_limiter.check(rate, window, burst)
        {
            return Some(wait);
        }
        limiter.check(settings.requests_per_second?, window, burst).err()
    }

    /// The commit: what somebody else does, the request itself, and what becomes of its answer.
    fn carry_out(&mut self, call: &Call, seq: u64, fault: Option<Fault>) -> Answer {
        self.meddle(call, seq);
        if let Some(fault) = fault.filter(|fault| fault.prevents()) {
            return self.spoil(fault, Answer::broken());
        }
        let mut written = Vec::new();
        let answer = self.dispatch(call, &mut written);
        let answer = self.settings.odd_values.spoil(answer);
        if let Some(entry) = self.log.entry(seq) {
            entry.committed = !written.is_empty();
            entry.targets = written;
        }
        match fault {
            Some(fault) => self.spoil(fault, answer),
            None => answer,
        }
    }

    fn meddle(&mut self, call: &Call, seq: u64) {
        let Self { world, injector, log, settings, .. } = self;
        let mut colleague = Colleague { world, injector, log, seq };
        colleague.meddle(&settings.faults);
        let workspace = call.query.value("workspace_id").and_then(|id| id.parse().ok());
        if let (Route::List, Some(workspace), Some(page)) =
            (call.route, workspace, call.query.value("page"))
            && page != "1"
        {
            colleague.shift_pages(&settings.faults, workspace);
        }
    }

    fn dispatch(&mut self, call: &Call, written: &mut write::Written) -> Answer {
        let Self { world, settings, injector, .. } = self;
        let me = world.token_user;
        // Rows that are asked for by their ids have no pages.
        let has_pages = match call.route {
            Route::List => true,
            Route::Users | Route::Workspaces => call.query.value("only").is_none(),
            _ => false,
        };
        let short_page = has_pages && injector.happens(settings.faults.short_page);
        let context = &mut Context { world, settings, query: &call.query, short_page };
        match call.route {
            Route::Me => read::user(context, me),
            Route::Users => read::users(context),
            Route::User(id) => read::user(context, id),
            Route::Workspaces => read::workspaces(context),
            Route::Resources => read::workspace_resources(context),
            Route::Assignments => read::assignments(context),
            Route::Allocations => read::allocations(context),
            Route::AccountMemberships => read::account_memberships(context),
            Route::List => read::participations(context),
            Route::Show(id) => read::participation(context, id),
            Route::Create => write::create(context, &call.body, written),
            Route::Update(id) => write::update(context, id, &call.body, written),
            Route::Delete(id) => write::delete(context, id, written),
            Route::Unknown => Answer::not_found(),
        }
    }

    /// What the client gets in place of an answer.
    fn spoil(&mut self, fault: Fault, answer: Answer) -> Answer {
        match fault {
            Fault::ErrorBefore | Fault::ErrorAfter => self.server_error(),
            Fault::CutBefore | Fault::CutAfter | Fault::TimeoutBefore | Fault::TimeoutAfter => {
                Answer::broken()
            }
            Fault::HtmlBefore | Fault::HtmlAfter if self.injector.random.bool() => {
                Answer::html(StatusCode::OK)
            }
            Fault::HtmlBefore | Fault::HtmlAfter => Answer::html(StatusCode::BAD_GATEWAY),
            Fault::Garbage => answer.truncated(),
            Fault::Slow => answer,
            Fault::ErrorsIn200 => {
                Answer::errors(StatusCode::OK, &[ApiError::system("Something went wrong")])
            }
            Fault::Redirect => Answer::html(StatusCode::FOUND)
                .with_header("location", "https://login.example/session/new"),
            Fault::Rate429 => self.too_many_requests(Duration::from_secs(1)),
        }
    }

    fn server_error(&mut self) -> Answer {
        match self.injector.random.u8(0..4) {
            0 => Answer::html(StatusCode::BAD_GATEWAY),
            1 => Answer::html(StatusCode::GATEWAY_TIMEOUT),
            2 => Answer::errors(
                StatusCode::SERVICE_UNAVAILABLE,
                &[ApiError::system("Service unavailable")],
            ),
            _ => Answer::errors(
                StatusCode::INTERNAL_SERVER_ERROR,
                &[ApiError::system("Internal server error")],
            ),
        }
    }

    fn too_many_requests(&mut self, wait: Duration) -> Answer {
        use super::settings::RetryAfter;
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let answer = if self.settings.rate_limit_json {
            let error = ApiError::system("Rate limit exceeded");
            Answer::errors(StatusCode::TOO_MANY_REQUESTS, &[error])
        } else {
            Answer::new(StatusCode::TOO_MANY_REQUESTS, Payload::Text("Retry later\n"))
        };
        let value = match self.settings.retry_after {
            RetryAfter::Seconds => seconds.to_string(),
            RetryAfter::Date => {
                // a date has whole seconds: one more, so that it is never too early
                http_date(self.world.clock.now() + Duration::from_secs(seconds + 1))
            }
            RetryAfter::Nonsense => "a little later".to_owned(),
            RetryAfter::None => return answer,
        };
        answer.with_header("retry-after", value)
    }
}

/// What strict HTTP forbids (API.md §2).
fn breach(method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let bodiless = matches!(*method, Method::GET | Method::HEAD);
    let announces = |name| headers.contains_key(name);
    if bodiless && (announces(CONTENT_LENGTH) || announces(TRANSFER_ENCODING)) {
        return Some("A request of this method has no body");
    }
    let clean = |value: &HeaderValue| value.to_str().is_ok_and(|text| !text.trim().is_empty());
    if headers.values().all(clean) { None } else { Some("A header has no proper value") }
}

fn response(answer: Answer) -> Response {
    let Answer { status, headers, payload } = answer;
    let (content_type, body) = match payload {
        Payload::Json(bytes) => (Some("application/json; charset=utf-8"), Body::from(bytes)),
        Payload::Html(page) => (Some("text/html; charset=utf-8"), Body::from(page)),
        Payload::Text(text) => (Some("text/plain; charset=utf-8"), Body::from(text)),
        Payload::Empty => (None, Body::empty()),
        Payload::Broken => (Some("application/json; charset=utf-8"), Body::new(BrokenBody)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let content_type = content_type.map(|value| ("content-type", value.to_owned()));
    for (name, value) in headers.into_iter().chain(content_type) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A body that fails at once: a socket is closed on it, and in process collecting it is an error.
struct BrokenBody;

impl http_body::Body for BrokenBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, io::Error>>> {
        let error = io::Error::new(io::ErrorKind::ConnectionReset, "the connection was cut");
        Poll::Ready(Some(Err(error)))
    }
}
