//! Pages for what went wrong: they say what happened and what to do, and nothing more.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tracing::error;

use super::invitation::done;
use super::layout::{Page, document};
use crate::domain::{InvitationStatus, SenderId};
use crate::store::StoreError;

/// Why there is no page to show.
#[derive(Debug)]
pub(super) enum WebError {
    /// No such address, or no invitation with this token: a stranger can not tell which.
    NotFound,
    /// No recording of that call: it was erased, or never was.
    NoRecording,
    /// The invitation can not be used any more.
    Closed { status: InvitationStatus, sender: Option<SenderId> },
    /// Something was asked for too often; it may be again after this time.
    TooOften { wait: Duration },
    /// A recording can not be read; logged here, where it is finally handled.
    Recording(std::io::Error),
    /// The store failed; logged here, where it is finally handled.
    Store(StoreError),
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let (status, page) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                message(
                    "This link does not work",
                    "It may be incomplete, or it has been replaced by a newer one. Open the link \
                     from your invitation again, or ask whoever sent it to you for a new one.",
                ),
            ),
            Self::NoRecording => (
                StatusCode::NOT_FOUND,
                message(
                    "This recording is gone",
                    "A recording is erased when the code in it is no longer valid. Ask Meta in its \
                     window to call again.",
                ),
            ),
            Self::Closed { status, sender } => closed(status, sender.as_ref()),
            Self::TooOften { wait } => {
                // A second more, since what is left of one is cut off.
                let seconds = (wait.as_secs() + 1).to_string();
                let page = message(
                    "That was too often",
                    "The set-up was begun too often in a short time. Wait for an hour, then open \
                     the link from your invitation again.",
                );
                let retry_after = [(RETRY_AFTER, seconds)];
                return (StatusCode::TOO_MANY_REQUESTS, retry_after, page).into_response();
            }
            Self::Recording(error) => {
                error!(%error, "a recording could not be read");
                our_fault()
            }
            Self::Store(error) => {
                error!(%error, "a page could not be made");
                our_fault()
            }
        };
        (status, page).into_response()
    }
}

/// The page for an address that does not exist.
pub(super) async fn not_found() -> WebError {
    WebError::NotFound
}

fn our_fault() -> (StatusCode, Markup) {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        message(
            "Something went wrong here",
            "It is our fault, not yours. Wait a moment and reload this page.",
        ),
    )
}

fn closed(status: InvitationStatus, sender: Option<&SenderId>) -> (StatusCode, Markup) {
    match status {
        InvitationStatus::Completed => {
            let content = html! {
                h1 { "Connect WhatsApp Business" }
                section.card { (done(sender)) }
            };
            let title = "WhatsApp is connected";
            (StatusCode::OK, document(&Page { title, scripts: &[], content }))
        }
        InvitationStatus::Cancelled => (
            StatusCode::GONE,
            message(
                "This invitation was withdrawn",
                "Ask whoever sent it to you if you still want to connect.",
            ),
        ),
        // Open ones are not closed; should one be said to be, its link is no longer of use.
        InvitationStatus::Expired
        | InvitationStatus::Pending
        | InvitationStatus::InProgress
        | InvitationStatus::Failed => (
            StatusCode::GONE,
            message("This invitation has expired", "Ask whoever sent it to you for a new link."),
        ),
    }
}

fn message(title: &str, text: &str) -> Markup {
    document(&Page {
        title,
        scripts: &[],
        content: html! {
            h1 { (title) }
            p { (text) }
        },
    })
}
