//! What went wrong in the admin, and the page that says so.

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use tracing::error;

use super::frame::{self, Section};
use super::visit::{Guest, Visit};
use crate::accounts::AccountsError;
use crate::domain::Timestamp;
use crate::store::StoreError;
use crate::web::words::{AdminWords, Text};

/// Why there is no page to show.
#[derive(Debug)]
pub(in crate::web) enum AdminError {
    /// Nobody is signed in. Afterwards this page is shown.
    NotSignedIn {
        back_to: String,
    },
    /// The password was right.
    SecondFactorMissing,
    /// The login of an embedded admin is over, or its link was used.
    EmbedOver,
    /// There is no such thing in this project.
    NotFound,
    /// It takes another role.
    Forbidden,
    /// The request does not come from a page of ours, or from one that is too old.
    Forged,
    /// It was tried too often.
    TooOften {
        until: Timestamp,
        now: Timestamp,
    },
    /// The body of the request is too long, or of another kind.
    Unreadable(StatusCode),
    /// A recording can not be read, or a file.
    File(std::io::Error),
    Store(StoreError),
    Accounts(AccountsError),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<AccountsError> for AdminError {
    fn from(error: AccountsError) -> Self {
        Self::Accounts(error)
    }
}

/// What went wrong, as far as the partner is told. [`explain`] makes its page.
#[derive(Debug, Clone, Copy)]
enum Problem {
    EmbedOver,
    NotFound,
    Forbidden,
    Forged,
    TooOften,
    Unreadable(StatusCode),
    OurFault,
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let problem = match self {
            Self::NotSignedIn { back_to } => {
                return Redirect::to(&sign_in(&back_to)).into_response();
            }
            Self::SecondFactorMissing => return Redirect::to("/sign-in/code").into_response(),
            Self::EmbedOver => Problem::EmbedOver,
            Self::NotFound => Problem::NotFound,
            Self::Forbidden => Problem::Forbidden,
            Self::Forged => Problem::Forged,
            Self::TooOften { until, now } => {
                let seconds = (until.since(now).as_secs() + 1).to_string();
                let mut response =
                    (Problem::TooOften.status(), [(RETRY_AFTER, seconds)]).into_response();
                response.extensions_mut().insert(Problem::TooOften);
                return response;
            }
            Self::Unreadable(status) => Problem::Unreadable(status),
            Self::File(error) => {
                error!(%error, "a file could not be read for the admin");
                Problem::OurFault
            }
            Self::Store(error) => {
                error!(%error, "a page of the admin could not be made");
                Problem::OurFault
            }
            Self::Accounts(error) => {
                error!(%error, "an account could not be used");
                Problem::OurFault
            }
        };
        let mut response = problem.status().into_response();
        response.extensions_mut().insert(problem);
        response
    }
}

/// The page on which one signs in, and which leads back.
fn sign_in(back_to: &str) -> String {
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("next", back_to).finish();
    format!("/sign-in?{query}")
}

/// Gives an answer that only says what went wrong its page, inside of the admin.
pub(super) fn explain(response: Response, visit: &Visit) -> Response {
    with_page(response, |problem| {
        let words = visit.words;
        let (title, content) = problem.content(words);
        frame::page(visit, Section::None, title.as_str(), &content)
    })
}

/// The same outside of any project.
pub(super) fn page_of(response: Response, guest: &Guest) -> Response {
    with_page(response, |problem| {
        let (title, content) = problem.content(guest.words);
        frame::plain(guest, title.as_str(), &content)
    })
}

/// The page of an error, where nobody was let in.
pub(super) fn page_without_visit(error: AdminError, guest: &Guest) -> Response {
    page_of(error.into_response(), guest)
}

fn with_page(mut response: Response, page: impl FnOnce(Problem) -> Markup) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let body = page(problem).into_response();
    let (mut parts, _) = response.into_parts();
    parts.headers.extend(body.headers().clone());
    Response::from_parts(parts, body.into_body())
}

impl Problem {
    fn status(self) -> StatusCode {
        match self {
            Self::EmbedOver => StatusCode::GONE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::Forged => StatusCode::FORBIDDEN,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::Unreadable(status) => status,
            Self::OurFault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn content(self, words: &'static AdminWords) -> (&'static Text, Markup) {
        let words = &words.problems;
        let (title, text) = match self {
            Self::EmbedOver => (&words.embed_over_title, &words.embed_over_text),
            Self::NotFound => (&words.not_found_title, &words.not_found_text),
            Self::Forbidden => (&words.forbidden_title, &words.forbidden_text),
            Self::Forged => (&words.forged_title, &words.forged_text),
            Self::TooOften => (&words.too_often_title, &words.too_often_text),
            Self::Unreadable(_) => (&words.unreadable_title, &words.unreadable_text),
            Self::OurFault => (&words.fault_title, &words.fault_text),
        };
        (title, html! { section.card { p { (text) } } })
    }
}
