//! Every route there is.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};

use super::{WebState, api, assets, brand, error, health, invitation, layout, same_site, webhook};

/// The longest report of Meta's window: a code and some names.
const LONGEST_REPORT: usize = 16 * 1024;

/// The longest webhook. Meta batches up to a thousand changes.
const LONGEST_WEBHOOK: usize = 1024 * 1024;

/// The whole site.
pub fn router(state: WebState) -> Router {
    let changes = Router::new()
        .route("/i/{token}/signup/begin", post(invitation::begin))
        .route("/i/{token}/signup/result", post(invitation::result))
        .layer(DefaultBodyLimit::max(LONGEST_REPORT))
        .route_layer(middleware::from_fn_with_state(state.clone(), same_site::require));
    let webhook = Router::new()
        .route("/meta/webhook", get(webhook::subscribe).post(webhook::receive))
        .layer(DefaultBodyLimit::max(LONGEST_WEBHOOK));
    Router::new()
        .merge(changes)
        .merge(webhook)
        .route("/i/{token}", get(invitation::page))
        .route("/i/{token}/events", get(invitation::events))
        .route("/i/{token}/recordings/{call}", get(invitation::recording))
        .route("/i/{token}/logo/{version}", get(brand::logo))
        .route("/assets/{name}", get(assets::serve))
        .route("/returned", get(error::returned))
        .nest("/v1", api::routes(&state))
        .route("/health", get(health::health))
        .fallback(error::not_found)
        .layer(middleware::from_fn(error::explain))
        .layer(middleware::map_response(layout::harden))
        .with_state(state)
}
