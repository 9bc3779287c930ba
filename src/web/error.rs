//! Pages for what went wrong: they say what happened and what to do, and nothing more.
//!
//! A handler that fails knows nothing of the browser. So an error is an answer with no page yet, and
//! [`explain`] makes the page, in the language of the invitation or else of the browser.

use std::time::Duration;

use axum::extract::Request;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tracing::error;

use super::assets::ONWARD_SCRIPT;
use super::brand::BrandView;
use super::invitation::{Onward, done};
use super::layout::{Page, document, in_language};
use super::words::{Text, Tongue, Words};
use crate::domain::{Brand, InvitationStatus, Language, RedirectTarget, SenderId, Theme};
use crate::store::{Invitation, StoreError};

/// Why there is no page to show.
#[derive(Debug)]
pub(super) enum WebError {
    /// No such address, or no invitation with this token: a stranger can not tell which.
    NotFound,
    /// No recording of that call: it was erased, or never was.
    NoRecording,
    /// The invitation can not be used any more.
    Closed(Box<ClosedInvitation>),
    /// Something was asked for too often; it may be again after this time.
    TooOften { wait: Duration },
    /// A recording can not be read; logged here, where it is finally handled.
    Recording(std::io::Error),
    /// The store failed; logged here, where it is finally handled.
    Store(StoreError),
}

/// What the page of a closed invitation shows.
#[derive(Debug, Clone)]
pub(super) struct ClosedInvitation {
    pub(super) status: InvitationStatus,
    token: String,
    language: Option<Language>,
    brand: Brand,
    theme: Option<Theme>,
    sender: Option<SenderId>,
    /// Where the client of a completed one goes on.
    onward: Option<RedirectTarget>,
}

impl ClosedInvitation {
    pub(super) fn new(
        token: String,
        invitation: Invitation,
        onward: Option<RedirectTarget>,
    ) -> Self {
        let Invitation { status, language, brand, theme, sender, .. } = invitation;
        Self { status, token, language, brand, theme, sender, onward }
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What went wrong, as far as the client is told.
#[derive(Debug, Clone)]
enum Explanation {
    NotFound,
    NoRecording,
    Closed(Box<ClosedInvitation>),
    OurFault,
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let explanation = match self {
            Self::NotFound => Explanation::NotFound,
            Self::NoRecording => Explanation::NoRecording,
            Self::Closed(invitation) => Explanation::Closed(invitation),
            Self::TooOften { wait } => {
                // Our script asked, and the page that it is of has the words. A second more, since what
                // is left of one is cut off.
                let seconds = (wait.as_secs() + 1).to_string();
                return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds)]).into_response();
            }
            Self::Recording(error) => {
                error!(%error, "a recording could not be read");
                Explanation::OurFault
            }
            Self::Store(error) => {
                error!(%error, "a page could not be made");
                Explanation::OurFault
            }
        };
        let mut response = explanation.status().into_response();
        response.extensions_mut().insert(explanation);
        response
    }
}

/// Gives an answer that explains something its page.
pub(super) async fn explain(request: Request, next: Next) -> Response {
    let accepted = Tongue::accepted(request.headers());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Explanation>() {
        Some(explanation) => {
            let tongue = explanation.language().and_then(Tongue::of).unwrap_or(accepted);
            let page = in_language(tongue, explanation.page(tongue));
            (explanation.status(), page).into_response()
        }
        None => response,
    }
}

/// The page for an address that does not exist.
pub(super) async fn not_found() -> WebError {
    WebError::NotFound
}

/// `GET /returned`: where Meta leads its window when it cannot speak to our page. What it appends to the
/// address is of no use without that page, which is still open.
pub(super) async fn returned(headers: HeaderMap) -> impl IntoResponse {
    let tongue = Tongue::accepted(&headers);
    let words = &Words::of(tongue).problems;
    in_language(tongue, message(&words.returned_title, &words.returned_text, None, tongue))
}

impl Explanation {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::NoRecording => StatusCode::NOT_FOUND,
            Self::Closed(invitation) if invitation.status == InvitationStatus::Completed => {
                StatusCode::OK
            }
            Self::Closed(_) => StatusCode::GONE,
            Self::OurFault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn language(&self) -> Option<Language> {
        match self {
            Self::Closed(invitation) => invitation.language,
            Self::NotFound | Self::NoRecording | Self::OurFault => None,
        }
    }

    fn page(&self, tongue: Tongue) -> Markup {
        let words = &Words::of(tongue).problems;
        let (title, text) = match self {
            Self::NotFound => (&words.unknown_title, &words.unknown_text),
            Self::NoRecording => (&words.recording_title, &words.recording_text),
            Self::OurFault => (&words.fault_title, &words.fault_text),
            Self::Closed(invitation) => match invitation.status {
                InvitationStatus::Completed => return completed(invitation, tongue),
                InvitationStatus::Cancelled => (&words.cancelled_title, &words.cancelled_text),
                // Open ones are not closed; should one be said to be, its link is of no use any more.
                InvitationStatus::Expired
                | InvitationStatus::Pending
                | InvitationStatus::InProgress
                | InvitationStatus::Failed => (&words.expired_title, &words.expired_text),
            },
        };
        message(title, text, self.brand(), tongue)
    }

    fn brand(&self) -> Option<BrandView<'_>> {
        match self {
            Self::Closed(invitation) => Some(invitation.brand()),
            Self::NotFound | Self::NoRecording | Self::OurFault => None,
        }
    }
}

impl ClosedInvitation {
    fn brand(&self) -> BrandView<'_> {
        BrandView { brand: &self.brand, token: &self.token, theme: self.theme }
    }
}

fn completed(invitation: &ClosedInvitation, tongue: Tongue) -> Markup {
    let words = Words::of(tongue);
    document(&Page {
        tongue,
        title: words.done.status.as_str(),
        brand: Some(invitation.brand()),
        scripts: &[&ONWARD_SCRIPT],
        is_live: false,
        content: html! {
            h1 { (words.page.title) }
            section.card {
                (done(invitation.sender.as_ref(), &Onward {
                    words: &words.done,
                    target: invitation.onward.as_ref(),
                }))
            }
            p.visually-hidden #announcement role="status" {}
        },
    })
}

fn message(title: &Text, text: &Text, brand: Option<BrandView<'_>>, tongue: Tongue) -> Markup {
    document(&Page {
        tongue,
        title: title.as_str(),
        brand,
        scripts: &[],
        is_live: false,
        content: html! {
            h1 { (title) }
            section.card { p { (text) } }
        },
    })
}
