//! How bytes travel: over HTTP, or straight into a service in the same process.
//!
//! Knows nothing of pacing, retries or JSON. Redirects are not followed, certificates are always
//! checked, bodies are capped, and a GET carries neither a body nor a `Content-Length` (API.md §2).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use tower::ServiceExt as _;

use crate::chain::chain;

/// No answer is larger: a page of 200 members takes about 150 kB.
pub const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A request that got no whole answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct TransportError {
    /// Whether the request may have left.
    pub sent: bool,
    /// What happened.
    pub why: String,
}

/// One exchange of a request for an answer.
pub trait Transport {
    /// Sends the request once and reads the whole answer.
    ///
    /// # Errors
    /// When no whole answer came; tells whether the request may have left.
    fn exchange(
        &self,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<Response<Bytes>, TransportError>>;
}

/// Over the network.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
}

/// A client that could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS")]
pub struct TransportSetupError(#[source] reqwest::Error);

impl HttpTransport {
    /// A transport; `loopback` allows plain HTTP and ignores proxies.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(loopback: bool, connect_timeout: Duration) -> Result<Self, TransportSetupError> {
        // Another provider may have been installed already, which is as good.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("kantata-sync/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .https_only(!loopback)
            .connect_timeout(connect_timeout);
        if loopback {
            builder = builder.no_proxy();
        }
        builder.build().map(|client| Self { client }).map_err(TransportSetupError)
    }
}

/// Without the URL, which the caller names itself.
fn in_words(error: reqwest::Error) -> String {
    chain(&error.without_url())
}

impl Transport for HttpTransport {
    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let (parts, body) = request.into_parts();
        let url = reqwest::Url::parse(&parts.uri.to_string())
            .map_err(|error| TransportError { sent: false, why: error.to_string() })?;
        let mut outgoing = reqwest::Request::new(parts.method, url);
        *outgoing.headers_mut() = parts.headers;
        if !body.is_empty() {
            *outgoing.body_mut() = Some(body.into());
        }
        let lost = |error: reqwest::Error| {
            let sent = !(error.is_connect() || error.is_builder());
            TransportError { sent, why: in_words(error) }
        };
        let mut answer = self.client.execute(outgoing).await.map_err(lost)?;
        let mut whole = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(lost)? {
            if whole.len() + chunk.len() > BODY_LIMIT {
                return Err(too_large());
            }
            whole.extend_from_slice(&chunk);
        }
        let mut response = Response::new(whole.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

fn too_large() -> TransportError {
    let why = format!("the answer is larger than {} MiB", BODY_LIMIT / (1024 * 1024));
    TransportError { sent: true, why }
}

/// Straight into a service, such as a router, without a socket.
#[derive(Debug, Clone)]
pub struct ServiceTransport<S> {
    service: S,
}

impl<S> ServiceTransport<S> {
    /// A transport into this service.
    pub const fn new(service: S) -> Self {
        Self { service }
    }
}

impl<S, B> Transport for ServiceTransport<S>
where
    S: tower::Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: std::fmt::Display,
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let service = self.service.clone();
        let answer = service
            .oneshot(request.map(Full::new))
            .await
            .map_err(|error| TransportError { sent: true, why: error.to_string() })?;
        let (parts, body) = answer.into_parts();
        match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(whole) => Ok(Response::from_parts(parts, whole.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
            Err(error) => Err(TransportError { sent: true, why: error.to_string() }),
        }
    }
}
