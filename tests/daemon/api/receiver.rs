//! A receiver of webhooks: keeps what it was told, and answers as it was told to.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::PATIENCE;

/// What the receiver was told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// From which status to which an invitation went.
    pub(crate) fn step(&self) -> (String, String) {
        let data = &self.json()["data"];
        let status = |name: &str| data[name].as_str().unwrap().to_owned();
        (status("previousStatus"), status("currentStatus"))
    }

    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn signature(&self) -> &str {
        self.headers["x-zavu-signature"].to_str().unwrap()
    }

    /// Whether this is signed as the documentation says, at most five minutes from `now`.
    pub(crate) fn is_signed(&self, secret: &str, version: &str, now: i64) -> bool {
        is_signed(self.signature(), &self.body, (secret, version), now)
    }
}

/// How far the clocks of both ends may be apart.
const SKEW: i64 = 300;

/// Whether a body is signed, as a receiver finds out.
pub(crate) fn is_signed(
    header: &str,
    body: &str,
    (secret, version): (&str, &str),
    now: i64,
) -> bool {
    let parts: Vec<(&str, &str)> =
        header.split(',').filter_map(|part| part.split_once('=')).collect();
    let Some((_, at)) = parts.iter().find(|(name, _)| *name == "t") else { return false };
    let Ok(seconds) = at.parse::<i64>() else { return false };
    let signed = if version == "v1" { body.to_owned() } else { format!("{at}.{body}") };
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let expected: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let is_right = parts.contains(&(version, expected.as_str()));
    is_right && (now - seconds).abs() <= SKEW
}

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    Status(u16),
    /// To another address.
    Redirect(&'static str),
    /// Never.
    Nothing,
}

pub(crate) struct Receiver {
    address: SocketAddr,
    told: watch::Receiver<Vec<Told>>,
    /// The next answers; 200 when there are none.
    pub(crate) replies: Arc<Mutex<VecDeque<Reply>>>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = watch::channel(Vec::new());
        let replies = Arc::new(Mutex::new(VecDeque::new()));
        let serving = tokio::spawn(serve(listener, Arc::new(tell), Arc::clone(&replies)));
        Self { address, told, replies, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks?of=acme", self.address)
    }

    pub(crate) fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// What it was told so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.borrow().clone()
    }

    /// Waits until it was told so many things, and returns them.
    pub(crate) async fn told_times(&self, count: usize) -> Vec<Told> {
        let mut told = self.told.clone();
        let waited = timeout(PATIENCE, told.wait_for(|told| told.len() >= count)).await;
        match waited {
            Ok(told) => told.unwrap().clone(),
            Err(_) => panic!("{count} were expected, and these came: {:#?}", self.told()),
        }
    }
}

async fn serve(
    listener: TcpListener,
    tell: Arc<watch::Sender<Vec<Told>>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tell, replies) = (Arc::clone(&tell), Arc::clone(&replies));
        let service = service_fn(move |request: Request<Incoming>| {
            let (tell, replies) = (Arc::clone(&tell), Arc::clone(&replies));
            async move {
                let (parts, body) = request.into_parts();
                let Ok(body) = body.collect().await else { std::future::pending().await };
                let body = String::from_utf8(body.to_bytes().to_vec()).unwrap();
                let path = parts.uri.to_string();
                let reply = replies.lock().unwrap().pop_front().unwrap_or(Reply::Status(200));
                tell.send_modify(|told| told.push(Told { path, headers: parts.headers, body }));
                let answer = match reply {
                    Reply::Status(status) => Response::builder().status(status),
                    Reply::Redirect(to) => Response::builder().status(307).header("location", to),
                    Reply::Nothing => std::future::pending().await,
                };
                Ok::<_, Infallible>(answer.body(Full::<Bytes>::default()).unwrap())
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
