//! Whether the daemon works, for load balancers and monitoring.

use axum::extract::State;
use axum::http::StatusCode;

use super::WebState;
use crate::store::StoreError;

/// 200 when the store can be read and written, 503 with what it can not. Reads alone would be no sign: they
/// go on when the disk is full, and each call fails.
pub(super) async fn health(State(state): State<WebState>) -> (StatusCode, &'static str) {
    let store = &state.store;
    if store.read(|reader| reader.next_erasure()).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n");
    }
    match store.can_write().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(StoreError::Closed) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not write any more\n")
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be written\n"),
    }
}
