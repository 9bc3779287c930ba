//! Whether the daemon works, for load balancers and monitoring.

use axum::extract::State;
use axum::http::StatusCode;

use super::WebState;

/// 200 when the store answers, 503 when it does not.
pub(super) async fn health(State(state): State<WebState>) -> (StatusCode, &'static str) {
    match state.store.read(|reader| reader.next_erasure()).await {
        Ok(_) => (StatusCode::OK, "ok\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
    }
}
