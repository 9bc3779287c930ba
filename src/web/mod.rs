//! Pages and live updates over HTTP. The only module that knows axum and maud.
//!
//! A handler extracts, asks the store, builds a view and renders it. Every route stands in
//! [`router`]; the connection handling below it in [`server`].

mod assets;
mod error;
mod health;
mod invitation;
mod layout;
mod router;
mod server;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::feed::Feed;
use crate::recordings::Recordings;
use crate::store::Store;

pub use router::router;
pub use server::{CannotServe, ServerConfig, WebServer};

/// What every handler may use.
#[derive(Debug, Clone)]
pub struct WebState {
    pub store: Arc<Store>,
    pub recordings: Arc<Recordings>,
    pub feed: Feed,
    pub clock: Arc<dyn Clock>,
    /// How often an idle live connection is sent a sign of life.
    pub heartbeat: Duration,
    /// Ends the live connections when the daemon stops.
    pub stop: CancellationToken,
}
