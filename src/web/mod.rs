//! Pages and live updates over HTTP. The only module that knows axum and maud.
//!
//! A handler extracts, asks the store, builds a view and renders it. Every route stands in
//! [`router`]; the connection handling below it in [`server`].

mod address;
mod admin;
mod api;
mod assets;
mod brand;
mod error;
mod health;
mod invitation;
mod layout;
mod remote;
mod router;
mod routes;
mod same_site;
mod server;
mod shares;
mod signup;
mod webhook;
mod words;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::feed::Feed;
use crate::meta::webhook::WebhookGate;
use crate::onboarding::{Messages, Verifications};
use crate::recordings::Recordings;
use crate::store::Store;

pub use api::ApiSetup;
pub use router::router;
pub use routes::{Access, Route};
pub use server::{CannotServe, ServerConfig, WebServer};
pub use signup::{SignupApp, SignupSetup};

/// What an event holds whose name says everything: a browser tells nobody of one without data (HTML Living
/// Standard §9.2.6).
const NO_DATA: &str = "-";

/// What every handler may use.
#[derive(Debug, Clone)]
pub struct WebState {
    pub store: Arc<Store>,
    pub recordings: Arc<Recordings>,
    pub feed: Feed,
    pub accounts: Arc<Accounts>,
    pub clock: Arc<dyn Clock>,
    /// `None` where no app of Meta's is configured.
    pub messages: Option<Arc<Messages>>,
    /// `None` where no app of Meta's is configured.
    pub verifications: Option<Arc<Verifications>>,
    /// `None` where connecting is not set up.
    pub signup: Option<Arc<SignupSetup>>,
    /// What programs of partners are served with.
    pub api: Arc<ApiSetup>,
    /// `None` where Meta's webhooks are not expected.
    pub webhook: Option<Arc<WebhookGate>>,
    /// What links begin with.
    pub public_url: Arc<str>,
    /// Networks of proxies that say truly whom they forward.
    pub trusted_proxies: Arc<[IpNet]>,
    /// How often an idle live connection is sent a sign of life.
    pub heartbeat: Duration,
    /// Ends the live connections when the daemon stops.
    pub stop: CancellationToken,
}
