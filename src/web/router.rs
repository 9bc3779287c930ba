//! Every route there is.

use axum::Router;
use axum::middleware;
use axum::routing::get;

use super::{WebState, assets, error, health, invitation, layout};

/// The whole site.
pub fn router(state: WebState) -> Router {
    Router::new()
        .route("/i/{token}", get(invitation::page))
        .route("/i/{token}/events", get(invitation::events))
        .route("/i/{token}/recordings/{call}", get(invitation::recording))
        .route("/assets/{name}", get(assets::serve))
        .route("/health", get(health::health))
        .fallback(error::not_found)
        .layer(middleware::map_response(layout::harden))
        .with_state(state)
}
