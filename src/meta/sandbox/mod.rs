//! A stand-in for Meta, to develop and to demonstrate against: the script of its SDK, the pop-up of
//! its sign-up, and a Graph API that checks what it is asked. Where a client chooses a phone call, it
//! calls the daemon and speaks a code.
//!
//! It has a listener of its own, on this machine alone, so that it is another origin for the browser,
//! as Meta is. What it knows is in memory ([`book`]); it can be told what to do wrong next
//! ([`mishap`]). Knows neither the store nor our pages: the only way between us and it is Meta's.

mod book;
mod dialog;
mod graph;
mod mishap;
mod pages;
mod phone;
mod verification;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::clock::Clock;
use crate::domain::Language;

use book::Book;
use dialog::Visits;
use mishap::Mishaps;

/// The only app that the stand-in knows.
pub const APP_ID: &str = "100000000000001";
/// Its secret, which is none.
pub const APP_SECRET: &str = "sandbox-app-secret";

/// Nothing from anywhere but itself, nothing inline.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the stand-in needs to know.
#[derive(Debug)]
pub struct SandboxConfig {
    /// An address of this machine.
    pub listen: SocketAddr,
    pub clock: Arc<dyn Clock>,
}

/// Why there is no stand-in.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for the sandbox on {address}: {source}. Is another program using the port?")]
pub struct CannotStart {
    address: SocketAddr,
    source: std::io::Error,
}

/// The running stand-in.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// What its handlers share.
#[derive(Debug)]
struct Shared {
    state: Mutex<Remembered>,
    clock: Arc<dyn Clock>,
    phone: phone::Phone,
    /// What the Graph API was asked, oldest first.
    asked: watch::Sender<Vec<String>>,
    /// How many requests are held.
    held: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Remembered {
    book: Book,
    visits: Visits,
    mishaps: Mishaps,
}

impl Shared {
    /// No code panics while it holds the lock, so the state behind a poisoned one is still whole.
    fn state(&self) -> MutexGuard<'_, Remembered> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sandbox {
    /// Begins to serve, until `stop` is cancelled. Phone calls are placed once
    /// [`Sandbox::call_over`] has said where to.
    ///
    /// # Errors
    /// When the port can not be had.
    pub async fn start(
        config: SandboxConfig,
        stop: CancellationToken,
    ) -> Result<Self, CannotStart> {
        let SandboxConfig { listen, clock } = config;
        let cannot_listen = |source| CannotStart { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let phone = phone::Phone::default();
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            clock,
            phone,
            asked: watch::Sender::default(),
            held: watch::Sender::default(),
        });
        let router = router(Arc::clone(&shared));
        warn!(%address, "a sandbox stands in for Meta: nobody is connected to WhatsApp");
        let serving = tokio::spawn(async move {
            let served =
                axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
            if let Err(error) = served.await {
                error!(%error, "the sandbox has ended");
            }
        });
        Ok(Self { address, shared, serving })
    }

    /// Where it serves, with the port that was really taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its origin, and the address of its Graph API.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where its phone calls go.
    pub fn call_over(&self, sip: SocketAddr) {
        self.shared.phone.connect(sip);
    }

    /// In which language it speaks codes, whatever the client's is.
    pub fn speak_only(&self, language: Language) {
        self.shared.phone.speak_only(language);
    }

    /// What its Graph API was asked, oldest first: each by its method and the end of its path, such as
    /// `POST register`. Of long ago nothing is known.
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.borrow().clone()
    }

    /// Waits until so many requests were held, as it was told to.
    pub async fn held(&self, count: usize) {
        let mut held = self.shared.held.subscribe();
        // The sender lives as long as we do.
        let _ = held.wait_for(|held| *held >= count).await;
    }

    /// Ends calls that go on, and waits until it serves no more. `stop` has to be cancelled.
    pub async fn stopped(self) {
        self.shared.phone.hang_up().await;
        self.serving.abort();
        // A panic of the task was already printed where it happened.
        let _ = self.serving.await;
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let graph = graph::router()
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&shared), mishap::strike));
    Router::new()
        .route("/", get(mishap::page))
        .route("/control", post(mishap::prepare))
        .route("/sdk.js", get(sdk))
        .route("/dialog.js", get(dialog_script))
        .route("/style.css", get(style))
        .route("/dialog/oauth", get(dialog::open))
        .route("/dialog/{visit}", get(dialog::show).post(dialog::answer))
        .merge(graph)
        .layer(axum::middleware::map_response(harden))
        .with_state(shared)
}

async fn sdk() -> impl IntoResponse {
    script(include_str!("../../../assets/sandbox/sdk.js"))
}

async fn dialog_script() -> impl IntoResponse {
    script(include_str!("../../../assets/sandbox/dialog.js"))
}

fn script(text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], text)
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../../assets/style.css"))
}

async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
