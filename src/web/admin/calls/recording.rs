//! The recording of a call, for a partner to listen to while it is kept.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tower_http::services::ServeFile;

use crate::domain::CallId;
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::{AdminError, Visit};

/// `GET {base}/calls/{call}/recording`, whole or a range of it (RFC 9110 §14). The name of the file is
/// what the store says, never what the request says.
pub(in crate::web::admin) async fn recording(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, call)): Address<(String, String)>,
    request: Request,
) -> Result<Response, AdminError> {
    let (project, call, now) = (visit.project_id(), CallId::from_stored(call), visit.now);
    let kept = state.store.read(move |reader| reader.recording_of(&project, &call, now)).await?;
    let path = state.recordings.path(&kept.ok_or(AdminError::NotFound)?);
    match ServeFile::new(path).try_call(request).await {
        // Erased a moment ago.
        Ok(response) if response.status() == StatusCode::NOT_FOUND => Err(AdminError::NotFound),
        Ok(response) => Ok(response.into_response()),
        Err(error) => Err(AdminError::File(error)),
    }
}
