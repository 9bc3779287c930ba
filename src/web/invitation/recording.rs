//! The recording of a call that could not be read, for the client to listen to.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tower_http::services::ServeFile;

use super::open_invitation;
use crate::web::WebState;
use crate::web::error::WebError;

/// `GET /i/{token}/recordings/{call}`, whole or a range of it (RFC 9110 §14): a player asks for
/// what it needs. The name of the file is what the store says, never what the request says.
pub(in crate::web) async fn recording(
    State(state): State<WebState>,
    Path((token, call)): Path<(String, String)>,
    request: Request,
) -> Result<Response, WebError> {
    let invitation = open_invitation(&state, token).await?.id;
    let now = state.clock.now();
    let kept =
        state.store.read(move |reader| reader.kept_recording(&invitation, &call, now)).await?;
    let path = state.recordings.path(&kept.ok_or(WebError::NoRecording)?);
    let served = ServeFile::new(path).try_call(request).await;
    match served {
        // Erased a moment ago.
        Ok(response) if response.status() == StatusCode::NOT_FOUND => Err(WebError::NoRecording),
        Ok(response) => Ok(response.into_response()),
        Err(error) => Err(WebError::Recording(error)),
    }
}
