//! The recording of a call that could not be read, for the client to listen to.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use tower_http::services::ServeFile;

use super::open_invitation;
use crate::domain::Recording;
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::error::WebError;
use crate::web::words::RecordingWords;

/// What was said, to listen to. Without a script the page reloads itself, and a player in it would
/// start over: there is the link, which opens a page of its own.
pub(super) fn offered(recording: &Recording, token: &str, words: &RecordingWords) -> Markup {
    let folder = format!("/i/{token}/recordings/");
    let address = match recording {
        Recording::Kept { call, .. } => Some(format!("{folder}{call}")),
        Recording::None | Recording::Erased => None,
    };
    html! {
        div #recording data-folder=(folder) hidden[address.is_none()] {
            p { (words.listen) }
            audio #recording-player controls preload="none" src=[address.as_deref()]
                aria-label=(words.name.as_str()) {}
            p {
                a #recording-link href=[address.as_deref()] target="_blank" rel="noopener" {
                    (words.open)
                }
            }
        }
        p #recording-erased hidden[*recording != Recording::Erased] { (words.erased) }
    }
}

/// `GET /i/{token}/recordings/{call}`, whole or a range of it (RFC 9110 §14): a player asks for
/// what it needs. The name of the file is what the store says, never what the request says.
pub(in crate::web) async fn recording(
    State(state): State<WebState>,
    Address((token, call)): Address<(String, String)>,
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
