//! How a request travels: a connection for itself, a time limit, and a second try only where that
//! can do no harm. Neither addresses nor bodies are logged: both hold secrets.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use form_urlencoded::Serializer;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::http::uri::InvalidUri;
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::tls::{UnusableTls, authorities, client_config};

use super::{AccessToken, AppSecret, GraphError, Method, refusal};
use crate::domain::MetaReason;

/// An answer is some hundred bytes; what is longer is none of Meta's.
const LONGEST_ANSWER: usize = 256 * 1024;

/// Tries of one request, where more than one can do no harm.
const TRIES: u32 = 3;

/// How long to wait before the second try; before the third, twice as long.
const PAUSE: Duration = Duration::from_millis(250);

/// What the client needs to know.
#[derive(Debug, Clone)]
pub struct GraphConfig {
    /// Without the version and without a slash at its end: `https://graph.facebook.com`.
    pub base_url: String,
    /// Such as `v25.0`.
    pub version: String,
    pub app_id: String,
    pub app_secret: AppSecret,
    /// Who vouches for Meta's certificate (PEM).
    pub authorities: PathBuf,
    /// How long one try may take.
    pub timeout: Duration,
}

/// Why Meta can not be asked with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum CannotUse {
    #[error("{url} is no address to ask Meta at: {source}")]
    Url { url: String, source: InvalidUri },
    #[error(transparent)]
    Authorities(#[from] UnusableTls),
    #[error("TLS cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

/// Whether a request may be sent again when it is not known what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or the same as before.
    Freely,
    /// It would call somebody twice, use something up, or count as one more attempt.
    Never,
}

/// One request.
#[derive(Clone)]
pub(super) struct Call<'a> {
    /// For logs.
    name: &'static str,
    method: Method,
    /// With its query, without version and slash.
    path: String,
    token: Option<&'a AccessToken>,
    body: Option<Value>,
    repeat: Repeat,
}

impl<'a> Call<'a> {
    /// A request that changes nothing.
    pub(super) fn get(name: &'static str, path: &str, query: &[(&str, &str)]) -> Self {
        let query = Serializer::new(String::new()).extend_pairs(query).finish();
        let path = format!("{path}?{query}");
        Self { name, method: Method::GET, path, token: None, body: None, repeat: Repeat::Freely }
    }

    /// A request that may not happen twice.
    pub(super) fn post(
        name: &'static str,
        path: String,
        token: &'a AccessToken,
        body: Option<Value>,
    ) -> Self {
        let (method, repeat) = (Method::POST, Repeat::Never);
        Self { name, method, path, token: Some(token), body, repeat }
    }

    /// The same in the name of whom this token belongs to.
    pub(super) fn with(self, token: &'a AccessToken) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The same, sent again or not as this says.
    pub(super) fn repeated(self, repeat: Repeat) -> Self {
        Self { repeat, ..self }
    }
}

pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// With the version and a slash at its end.
    root: String,
    timeout: Duration,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Transport").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(config: GraphConfig) -> Result<Self, CannotUse> {
        let GraphConfig { base_url, version, authorities: path, timeout, .. } = config;
        let root = format!("{base_url}/{version}/");
        if let Err(source) = root.parse::<Uri>() {
            return Err(CannotUse::Url { url: root, source });
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // Less than the whole, so that a host that is down is known from one that does not answer.
        tcp.set_connect_timeout(Some(timeout / 2));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(client_config(authorities(&path)?)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        // No connection is kept: a sign-up makes a handful of requests, and one that breaks while it
        // is idle would leave open whether the next request was sent.
        let client =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { client, root, timeout })
    }

    /// Sends a request whose answer says `{"success": true}`.
    pub(super) async fn confirm(&self, call: Call<'_>) -> Result<(), GraphError> {
        #[derive(Deserialize)]
        struct Confirmed {
            success: bool,
        }
        let name = call.name;
        let (status, Confirmed { success }) = self.ask(call).await?;
        if !success {
            warn!(name, "Meta confirmed nothing");
            return Err(GraphError::NotUnderstood { status });
        }
        Ok(())
    }

    /// Sends a request and reads its answer.
    pub(super) async fn send<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, GraphError> {
        self.ask(call).await.map(|(_, answer)| answer)
    }

    async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<(u16, T), GraphError> {
        let mut tries = 1;
        loop {
            match self.try_once(&call).await {
                Err(error) if tries < TRIES && may_repeat(call.repeat, &error) => {
                    debug!(name = call.name, tries, %error, "asking Meta again");
                    sleep(PAUSE * tries).await;
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    async fn try_once<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<(u16, T), GraphError> {
        let exchange = async {
            let response =
                self.client.request(self.request(call)).await.map_err(|error| broken(&error))?;
            read_whole(response).await
        };
        let late = |_| GraphError::NoAnswer(format!("nothing within {:?}", self.timeout));
        let (status, body) = timeout(self.timeout, exchange).await.map_err(late)??;
        debug!(name = call.name, status, "Meta answered");
        if !(200..300).contains(&status) {
            return Err(refusal::read(status, &body));
        }
        let answer = serde_json::from_slice(&body);
        answer.map(|answer| (status, answer)).map_err(|_| GraphError::NotUnderstood { status })
    }

    fn request(&self, call: &Call<'_>) -> Request<Full<Bytes>> {
        let agent = concat!("zavud/", env!("CARGO_PKG_VERSION"));
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{}{}", self.root, call.path))
            .header(USER_AGENT, agent);
        if let Some(token) = call.token {
            // A token with a line end in it is none of Meta's, and is refused as one.
            let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                .unwrap_or(HeaderValue::from_static("Bearer"));
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        let body = match &call.body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        request.body(Full::new(body)).expect("the root is a URI, and what follows it is encoded")
    }
}

/// Whether to send a request again. What was never sent has done nothing.
fn may_repeat(repeat: Repeat, error: &GraphError) -> bool {
    match error {
        GraphError::Unreachable(_) => true,
        GraphError::NoAnswer(_) => repeat == Repeat::Freely,
        GraphError::NotUnderstood { status } => repeat == Repeat::Freely && *status >= 500,
        // A limit that was reached is not widened by asking more.
        GraphError::Refused(refusal) => {
            repeat == Repeat::Freely && refusal.reason == MetaReason::Unavailable
        }
    }
}

async fn read_whole(response: Response<Incoming>) -> Result<(u16, Bytes), GraphError> {
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
    let body = body.map_err(|error| GraphError::NoAnswer(error.to_string()))?;
    Ok((status, body.to_bytes()))
}

fn broken(error: &hyper_util::client::legacy::Error) -> GraphError {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    if error.is_connect() { GraphError::Unreachable(words) } else { GraphError::NoAnswer(words) }
}
