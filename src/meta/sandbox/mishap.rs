//! What goes wrong next. The stand-in is told so on its own page, and does it once.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Form, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;
use serde::Deserialize;
use tokio::time::sleep;

use super::book::remember;
use super::graph::Fault;
use super::{Shared, pages};

/// Longer than anybody waits.
const LATE: Duration = Duration::from_secs(40);

/// What can go wrong: steps of the dialog, what is spoken in the next call, and requests to the Graph API by the end of their path.
pub(super) const WHERE: &[&str] = &[
    "number",
    "call",
    "speech",
    "access_token",
    "debug_token",
    "phone_numbers",
    "subscribed_apps",
    "register",
    "profile",
    "smb_app_data",
    "request_code",
    "verify_code",
    "messages",
];

/// Meta's codes that can be asked for.
pub(super) const CODES: &[i64] =
    &[4, 100, 190, 200, 463, 133_005, 136_021, 136_024, 2_388_091, 2_388_093, 2_494_158, 2_593_109];

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mishap {
    /// Meta's error of this code.
    Refused(i64),
    /// An error of the server.
    ServerError,
    /// Too many requests.
    TooMany,
    /// A page in place of an answer.
    Html,
    /// The connection breaks.
    Broken,
    /// The answer comes too late.
    Late,
    /// Nothing is done, and nothing answered, for ever.
    Held,
    /// It is done, and nothing answered, for ever.
    HeldAnswer,
    /// Another code is spoken than the one that is right.
    OtherCode,
}

impl Mishap {
    /// The names of those that are no error of Meta's.
    pub(super) const NAMES: [(&'static str, Self); 8] = [
        ("http_500", Self::ServerError),
        ("http_429", Self::TooMany),
        ("html", Self::Html),
        ("broken", Self::Broken),
        ("late", Self::Late),
        ("hold", Self::Held),
        ("hold_answer", Self::HeldAnswer),
        ("other_code", Self::OtherCode),
    ];
}

/// Text that names nothing that can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAMishap;

impl FromStr for Mishap {
    type Err = NotAMishap;

    fn from_str(text: &str) -> Result<Self, NotAMishap> {
        if let Some((_, named)) = Self::NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(*named);
        }
        let code = text.parse().map_err(|_| NotAMishap)?;
        if CODES.contains(&code) { Ok(Self::Refused(code)) } else { Err(NotAMishap) }
    }
}

/// In which order the client's page hears of the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    EventFirst,
    CodeFirst,
    /// The message never comes.
    EventLost,
}

impl Order {
    /// All there are, by name.
    pub(super) const NAMES: [(&'static str, Self); 3] = [
        ("event_first", Self::EventFirst),
        ("code_first", Self::CodeFirst),
        ("event_lost", Self::EventLost),
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::EventFirst => "event_first",
            Self::CodeFirst => "code_first",
            Self::EventLost => "event_lost",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Mishaps {
    pub(super) order: Order,
    waiting: Vec<(&'static str, Mishap)>,
}

impl Mishaps {
    /// What is to go wrong here, now and not again.
    pub(super) fn take(&mut self, here: &str) -> Option<Mishap> {
        let index = self.waiting.iter().position(|(place, _)| *place == here)?;
        Some(self.waiting.remove(index).1)
    }
}

/// What the page's forms say.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    place: Option<String>,
    mishap: Option<String>,
    order: Option<String>,
    /// A number whose verification is no longer valid.
    lapsed: Option<String>,
}

/// `GET /`
pub(super) async fn page(State(shared): State<Arc<Shared>>) -> Markup {
    let state = shared.state();
    let asked = shared.asked.borrow();
    pages::control(&state.mishaps.waiting, state.mishaps.order, &state.visits.texts, &asked)
}

/// `POST /control`
pub(super) async fn prepare(
    State(shared): State<Arc<Shared>>,
    Form(wish): Form<Wish>,
) -> Result<Redirect, StatusCode> {
    let mut state = shared.state();
    if let Some(name) = wish.order {
        let named = Order::NAMES.iter().find(|(known, _)| *known == name);
        state.mishaps.order = named.ok_or(StatusCode::BAD_REQUEST)?.1;
    }
    if let (Some(place), Some(mishap)) = (wish.place, wish.mishap) {
        let place = WHERE.iter().find(|known| **known == place).ok_or(StatusCode::BAD_REQUEST)?;
        let mishap = mishap.parse().map_err(|_| StatusCode::BAD_REQUEST)?;
        remember(&mut state.mishaps.waiting, (*place, mishap));
    }
    if let Some(number) = wish.lapsed {
        let number = number.parse().map_err(|_| StatusCode::BAD_REQUEST)?;
        let is_known = state.book.let_verification_lapse(&number);
        is_known.then_some(()).ok_or(StatusCode::NOT_FOUND)?;
    }
    Ok(Redirect::to("/"))
}

/// Remembers each request, by its method and the end of its path, and lets go wrong what has to, in place
/// of an answer.
pub(super) async fn strike(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let end = request.uri().path().rsplit('/').next().unwrap_or_default();
    let is_number = end.bytes().all(|byte| byte.is_ascii_digit());
    let end = if is_number { "profile" } else { end };
    let mishap = shared.state().mishaps.take(end);
    let said = format!("{} {end}", request.method());
    shared.asked.send_modify(|asked| remember(asked, said));
    let Some(mishap) = mishap else { return next.run(request).await };
    match mishap {
        Mishap::Refused(code) => Fault::of(code).into_response(),
        Mishap::ServerError => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mishap::TooMany => StatusCode::TOO_MANY_REQUESTS.into_response(),
        Mishap::Html => {
            ([(CONTENT_TYPE, "text/html")], "<html><h1>Sorry, something went wrong</h1></html>")
                .into_response()
        }
        Mishap::Broken => {
            let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            let body = futures_util::stream::once(async { Err::<String, _>(broken) });
            Response::new(Body::from_stream(body))
        }
        Mishap::Late => {
            sleep(LATE).await;
            next.run(request).await
        }
        Mishap::Held => hold(&shared).await,
        Mishap::HeldAnswer => {
            next.run(request).await;
            hold(&shared).await
        }
        Mishap::OtherCode => next.run(request).await,
    }
}

/// Lets whoever waits for it know that a request is held, and holds it.
async fn hold(shared: &Shared) -> Response {
    shared.held.send_modify(|held| *held += 1);
    std::future::pending().await
}
