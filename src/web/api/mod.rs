//! The REST API, for programs of partners: the same rules as the pages, in JSON.
//!
//! [`guard`] stands before all addresses: whose key it is ([`caller`]), and how often it was used.
//! [`request`] takes requests apart, [`once`] does each once, [`page`] cuts lists, [`error`] is what programs
//! read when something is wrong. The rest is one file a noun. The documentation is made from the
//! handlers ([`documentation`]), so that it says what they do.

mod caller;
mod calls;
mod documentation;
mod embed_links;
mod error;
mod guard;
mod invitations;
mod me;
mod messages;
mod once;
mod page;
mod phone_numbers;
mod request;
mod senders;
mod webhooks;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::WebState;
use super::routes::{Access, Routes};
use crate::onboarding::Outgoing;
use crate::seal::Seal;
use crate::webhooks::Webhooks;

pub(in crate::web) use caller::Caller;

/// The longest body of a request: a message of 4,096 characters with everything that may go with it.
const LONGEST_BODY: usize = 64 * 1024;

/// What the API needs besides what the pages do.
#[derive(Debug)]
pub struct ApiSetup {
    pub(in crate::web) limits: guard::Limits,
    /// For answers that may hold a secret.
    pub(in crate::web) seal: Arc<Seal>,
    pub(in crate::web) outgoing: Arc<Outgoing>,
    pub(in crate::web) webhooks: Webhooks,
}

impl ApiSetup {
    pub fn new(
        requests_per_minute: u32,
        seal: Arc<Seal>,
        outgoing: Arc<Outgoing>,
        webhooks: Webhooks,
    ) -> Self {
        Self { limits: guard::Limits::new(requests_per_minute), seal, outgoing, webhooks }
    }
}

/// All of it, below `/v1`.
pub(super) fn routes(state: &WebState) -> Routes {
    let (addresses, document) = OpenApiRouter::with_openapi(documentation::frame())
        .routes(routes!(me::me))
        .routes(routes!(invitations::create, invitations::list))
        .routes(routes!(invitations::retrieve))
        .routes(routes!(invitations::cancel))
        .routes(routes!(invitations::resend))
        .routes(routes!(invitations::simulate))
        .routes(routes!(invitations::events))
        .routes(routes!(webhooks::put, webhooks::retrieve, webhooks::update))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(senders::create, senders::list))
        .routes(routes!(senders::retrieve, senders::update, senders::remove))
        .routes(routes!(senders::rotate))
        .routes(routes!(phone_numbers::list))
        .routes(routes!(phone_numbers::retrieve, phone_numbers::update))
        .routes(routes!(messages::send, messages::list))
        .routes(routes!(messages::retrieve))
        .routes(routes!(calls::list))
        .routes(routes!(calls::retrieve))
        .routes(routes!(embed_links::create))
        .split_for_parts();
    let guarded = addresses
        .fallback(no_such_address)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn_with_state(state.clone(), guard::guard));
    let documents = documentation::Documents::of(&document, &state.public_url);
    let (json, page) = (documents.json, documents.page);
    Routes::listed(guarded, documentation::routes_of(&document))
        .add(
            Method::GET,
            "/openapi.json",
            Access::Public,
            get(move || documentation::json(Arc::clone(&json))),
        )
        .add(
            Method::GET,
            "/docs",
            Access::Public,
            get(move || documentation::page(Arc::clone(&page))),
        )
}

async fn no_such_address() -> error::ApiError {
    error::ApiError::NotFound("address")
}

async fn no_such_method() -> error::ApiError {
    error::ApiError::Method
}
