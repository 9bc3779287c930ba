//! The REST API, for programs of partners: the same rules as the pages, in JSON.
//!
//! [`caller`] says whose request it is, [`error`] what programs read when something is wrong. A handler
//! takes the request apart, asks, and answers with what stands in the documentation.

mod caller;
mod error;
mod me;

use axum::http::Method;
use axum::routing::get;

use super::routes::{Access, Routes};

pub(in crate::web) use caller::Caller;

/// All of it, below `/v1`.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/me", Access::Key, get(me::me))
        .around(|router| router.fallback(no_such_address))
}

async fn no_such_address() -> error::ApiError {
    error::ApiError::NotFound("address")
}
