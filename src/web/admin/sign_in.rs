//! Signing in and out.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::cookies::Cookies;
use super::entrance::set_cookie;
use super::form::{Field, Kind, field};
use super::posted::Nothing;
use super::visit::{Browser, Guest, Person};
use super::{AdminError, Posted, frame};
use crate::accounts::{Entered, Password, SignInError, SignedIn, Visitor};
use crate::domain::Email;
use crate::web::WebState;
use crate::web::remote::Remote;
use crate::web::words::Text;

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`
pub(super) async fn page(guest: Guest, Query(next): Query<Next>) -> Markup {
    let typed = Typed { email: String::new(), password: String::new(), next: next.next };
    render(&guest, &typed, None)
}

/// What was typed.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`
pub(super) async fn sign_in(
    State(state): State<WebState>,
    guest: Guest,
    Remote(address): Remote,
    Browser(browser): Browser,
    Posted(typed): Posted<Typed>,
) -> Result<Response, AdminError> {
    let refused = |typed: &Typed| {
        let page = render(&guest, typed, Some(&guest.words.sign_in.wrong));
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    };
    let Ok(email) = typed.email.parse::<Email>() else { return Ok(refused(&typed)) };
    let password = Password::typed(typed.password.clone());
    let visitor = Visitor { address, browser };
    match state.accounts.sign_in(&email, password, visitor).await? {
        Ok(signed_in) => Ok(enter(&state, &signed_in, &typed.next)),
        Err(SignInError::Wrong) => Ok(refused(&typed)),
        Err(SignInError::TooOften(until)) => Err(AdminError::TooOften { until, now: guest.now }),
    }
}

/// Lets a browser in, and leads it on.
pub(super) fn enter(state: &WebState, signed_in: &SignedIn, next: &str) -> Response {
    let to = if signed_in.is_whole { onward(next).to_owned() } else { code_path(next) };
    let mut response = Redirect::to(&to).into_response();
    let cookie = Cookies::of(&state.public_url).of_login(&signed_in.token);
    set_cookie(&mut response, &cookie.to_string());
    response
}

/// A page of ours to go to. Anything else might lead to another site.
fn onward(next: &str) -> &str {
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n', '\t']);
    if is_ours { next } else { "/" }
}

fn code_path(next: &str) -> String {
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("next", onward(next)).finish();
    format!("/sign-in/code?{query}")
}

fn render(guest: &Guest, typed: &Typed, error: Option<&Text>) -> Markup {
    let words = &guest.words.sign_in;
    let content = html! {
        form.card method="post" action="/sign-in" novalidate {
            (frame::token(guest))
            input type="hidden" name="next" value=(typed.next);
            @if let Some(error) = error { p.error role="alert" { (error) } }
            (field(&Field {
                name: "email", label: &words.email, kind: Kind::Email, value: &typed.email,
                hint: None, error: None,
            }))
            (field(&Field {
                name: "password", label: &words.password, kind: Kind::Password { is_new: false },
                value: "", hint: None, error: None,
            }))
            button.primary { (words.sign_in) }
            p.quiet { (words.forgotten) }
        }
    };
    frame::plain(guest, words.title.as_str(), &content)
}

/// `GET /sign-in/code`: the second factor.
pub(super) async fn code_page(
    State(state): State<WebState>,
    guest: Guest,
    headers: HeaderMap,
    Query(next): Query<Next>,
) -> Result<Response, AdminError> {
    if half_entered(&state, &headers).await?.is_none() {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    Ok(render_code(&guest, &next.next, None).into_response())
}

/// The digits of the app.
#[derive(Debug, Deserialize)]
pub(super) struct TypedCode {
    code: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in/code`
pub(super) async fn code(
    State(state): State<WebState>,
    guest: Guest,
    Remote(address): Remote,
    Browser(browser): Browser,
    headers: HeaderMap,
    Posted(typed): Posted<TypedCode>,
) -> Result<Response, AdminError> {
    let Some(entered) = half_entered(&state, &headers).await? else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let visitor = Visitor { address, browser };
    match state.accounts.complete(&entered, &typed.code, visitor).await? {
        Ok(token) => Ok(enter(&state, &SignedIn { token, is_whole: true }, &typed.next)),
        Err(SignInError::Wrong) => {
            let page = render_code(&guest, &typed.next, Some(&guest.words.sign_in.wrong_code));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(SignInError::TooOften(until)) => Err(AdminError::TooOften { until, now: guest.now }),
    }
}

/// The login that lacks the second factor.
async fn half_entered(
    state: &WebState,
    headers: &HeaderMap,
) -> Result<Option<Entered>, AdminError> {
    let Some(token) = Cookies::of(&state.public_url).login(headers) else { return Ok(None) };
    let entered = state.accounts.enter(&token).await?;
    Ok(entered.filter(|entered| !entered.login.is_whole))
}

fn render_code(guest: &Guest, next: &str, error: Option<&Text>) -> Markup {
    let words = &guest.words.sign_in;
    let content = html! {
        form.card method="post" action="/sign-in/code" {
            (frame::token(guest))
            input type="hidden" name="next" value=(next);
            (field(&Field {
                name: "code", label: &words.code, kind: Kind::OneTimeCode, value: "",
                hint: Some(&words.code_hint), error,
            }))
            button.primary { (words.sign_in) }
        }
    };
    frame::plain(guest, words.code_title.as_str(), &content)
}

/// `POST /sign-out`
pub(super) async fn sign_out(
    State(state): State<WebState>,
    person: Person,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    state.accounts.end_login(&person.partner.id, person.entered.login.id).await?;
    let mut response = Redirect::to("/sign-in").into_response();
    set_cookie(&mut response, &Cookies::of(&state.public_url).without_login().to_string());
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_site() {
        for next in ["/p/prj_1/invitations?status=failed", "/"] {
            assert_eq!(onward(next), next);
        }
        for next in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil"] {
            assert_eq!(onward(next), "/", "{next:?}");
        }
    }
}
