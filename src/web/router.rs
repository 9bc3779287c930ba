//! Every route there is.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{self, from_fn_with_state};
use axum::routing::{get, post};

use super::routes::{Access, Route, Routes};
use super::{
    WebState, admin, api, assets, brand, error, health, invitation, layout, same_site, webhook,
};

/// The longest report of Meta's window: a code and some names.
const LONGEST_REPORT: usize = 16 * 1024;

/// The longest webhook. Meta batches up to a thousand changes.
const LONGEST_WEBHOOK: usize = 1024 * 1024;

/// The whole site, and what it consists of.
pub fn router(state: WebState) -> (Router, Vec<Route>) {
    let (router, listed) = client_pages(&state)
        .merge(webhooks())
        .merge(shared())
        .around(|router| {
            router.fallback(error::not_found).layer(middleware::from_fn(error::explain))
        })
        .merge(admin::routes(&state))
        .nest("/v1", api::routes(&state))
        .finish();
    (router.layer(middleware::map_response(layout::harden)).with_state(state), listed)
}

/// What whoever has the link of an invitation sees and does.
fn client_pages(state: &WebState) -> Routes {
    let same_site = from_fn_with_state(state.clone(), same_site::require);
    Routes::default()
        .add(Method::POST, "/i/{token}/signup/begin", Access::Client, post(invitation::begin))
        .add(Method::POST, "/i/{token}/signup/result", Access::Client, post(invitation::result))
        .around(|router| router.layer(DefaultBodyLimit::max(LONGEST_REPORT)).route_layer(same_site))
        .add(Method::GET, "/i/{token}", Access::Client, get(invitation::page))
        .add(Method::GET, "/i/{token}/events", Access::Client, get(invitation::events))
        .add(
            Method::GET,
            "/i/{token}/recordings/{call}",
            Access::Client,
            get(invitation::recording),
        )
        .add(Method::GET, "/i/{token}/logo/{version}", Access::Client, get(brand::logo))
}

fn webhooks() -> Routes {
    Routes::default()
        .add(Method::GET, "/meta/webhook", Access::Meta, get(webhook::subscribe))
        .add(Method::POST, "/meta/webhook", Access::Meta, post(webhook::receive))
        .around(|router| router.layer(DefaultBodyLimit::max(LONGEST_WEBHOOK)))
}

fn shared() -> Routes {
    Routes::default()
        .add(Method::GET, "/assets/{name}", Access::Public, get(assets::serve))
        .add(Method::GET, "/returned", Access::Public, get(error::returned))
        .add(Method::GET, "/health", Access::Public, get(health::health))
}
