//! The page of a link by which a password is set.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{Field, Kind, field};
use super::sign_in::enter;
use super::visit::{Browser, Guest};
use super::{AdminError, Posted, frame};
use crate::accounts::{LinkError, Password, Visitor, WeakPassword};
use crate::domain::{Email, SecretToken};
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::remote::Remote;
use crate::web::words::{PasswordWords, Text};

/// `GET /password/{link}`
pub(super) async fn page(
    State(state): State<WebState>,
    guest: Guest,
    Address(link): Address<String>,
) -> Result<Response, AdminError> {
    let partner = state.accounts.partner_of_link(&SecretToken::from_text(link.clone())).await?;
    Ok(match partner {
        Some(partner) => render(&guest, &link, &partner.email, None).into_response(),
        None => over(&guest),
    })
}

/// What was typed.
#[derive(Deserialize)]
pub(super) struct Typed {
    password: String,
}

/// `POST /password/{link}`
pub(super) async fn set(
    State(state): State<WebState>,
    guest: Guest,
    Address(link): Address<String>,
    Remote(address): Remote,
    Browser(browser): Browser,
    Posted(typed): Posted<Typed>,
) -> Result<Response, AdminError> {
    let token = SecretToken::from_text(link.clone());
    let Some(partner) = state.accounts.partner_of_link(&token).await? else {
        return Ok(over(&guest));
    };
    let password = match Password::chosen(typed.password) {
        Ok(password) => password,
        Err(weak) => {
            let error = guest.words.password.of(weak);
            let page = render(&guest, &link, &partner.email, Some(error));
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let visitor = Visitor { address, browser };
    match state.accounts.use_link(&token, password, visitor).await? {
        Ok(signed_in) => Ok(enter(&state, &signed_in, "/")),
        Err(LinkError) => Ok(over(&guest)),
    }
}

impl PasswordWords {
    /// What is wrong with a password.
    pub(super) fn of(&self, weak: WeakPassword) -> &Text {
        match weak {
            WeakPassword::Short => &self.short,
            WeakPassword::Long => &self.long,
            WeakPassword::Monotonous => &self.monotonous,
        }
    }
}

fn render(guest: &Guest, link: &str, email: &Email, error: Option<&Text>) -> Markup {
    let words = &guest.words.password;
    let content = html! {
        form.card method="post" action={ "/password/" (link) } {
            (frame::token(guest))
            p { (words.of_account.around(html! { b { bdi { (email.as_str()) } } })) }
            // By which password managers know whose password it is.
            input type="hidden" name="username" autocomplete="username" value=(email.as_str());
            (field(&Field {
                name: "password", label: &words.new, kind: Kind::Password { is_new: true }, value: "",
                hint: Some(&words.hint), error,
            }))
            button.primary { (words.set) }
        }
    };
    frame::plain(guest, words.title.as_str(), &content)
}

/// The page of a link that opens nothing any more.
fn over(guest: &Guest) -> Response {
    let words = &guest.words.password;
    let content = html! { section.card { p { (words.over_text) } } };
    (StatusCode::GONE, frame::plain(guest, words.over_title.as_str(), &content)).into_response()
}
