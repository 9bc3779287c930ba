//! The pop-up of the sign-up: a page after the other, each a form, until the client's page is told
//! how it ended.

use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Redirect;
use maud::Markup;
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::{Account, Number, new_id, remember, secret};
use super::graph::Fault;
use super::mishap::Mishap;
use super::verification::{NotVerified, other_than};
use super::{APP_ID, Remembered, Shared, pages};
use crate::domain::{Language, PhoneNumber, SpokenCode};

/// A name of a business is not longer.
const LONGEST_NAME: usize = 100;

/// The dialogs that are open, and the text messages that were sent from them, to be read by whoever
/// tries it out.
#[derive(Debug, Default)]
pub(super) struct Visits {
    open: Vec<Visit>,
    pub(super) texts: Vec<TextMessage>,
}

/// A code that was not spoken.
#[derive(Debug)]
pub(super) struct TextMessage {
    pub(super) to: PhoneNumber,
    pub(super) code: SpokenCode,
}

/// Where a dialog is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    LogIn,
    Business,
    Number,
    Method,
    Code,
    Permissions,
    /// The client's page is told this.
    Over {
        message: Value,
        code: Option<String>,
    },
}

impl Step {
    /// What the message calls it when the client leaves here (Meta, "Embedded Signup").
    const fn name(&self) -> &'static str {
        match self {
            Self::LogIn | Self::Business => "BUSINESS_ACCOUNT_SELECTION",
            Self::Number => "WABA_PHONE_PROFILE_PICKER",
            Self::Method => "PHONE_NUMBER_SETUP",
            Self::Code => "PHONE_NUMBER_VERIFICATION",
            Self::Permissions | Self::Over { .. } => "PERMISSIONS",
        }
    }
}

/// One open dialog.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) id: String,
    /// Of the page that opened it, which alone is told how it ended.
    pub(super) opener: String,
    pub(super) step: Step,
    /// What is wrong with what was typed last.
    pub(super) problem: Option<&'static str>,
    pub(super) business: String,
    /// As it is typed, or was prefilled.
    pub(super) typed_number: String,
    /// The client keeps the WhatsApp Business App.
    pub(super) is_coexistence: bool,
    number: Option<Number>,
    language: Option<Language>,
}

impl Visits {
    fn find(&mut self, id: &str) -> Option<&mut Visit> {
        self.open.iter_mut().find(|visit| visit.id == id)
    }
}

/// What the SDK asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Opening {
    client_id: String,
    config_id: String,
    response_type: String,
    origin: String,
    extras: String,
}

/// `GET /dialog/oauth`
pub(super) async fn open(
    State(shared): State<Arc<Shared>>,
    Query(opening): Query<Opening>,
    headers: HeaderMap,
) -> Result<Redirect, StatusCode> {
    let extras: Value =
        serde_json::from_str(&opening.extras).map_err(|_| StatusCode::BAD_REQUEST)?;
    let is_asked_well = opening.client_id == APP_ID
        && !opening.config_id.is_empty()
        && opening.response_type == "code"
        && extras["sessionInfoVersion"] == "3"
        && is_origin(&opening.origin);
    if !is_asked_well {
        return Err(StatusCode::BAD_REQUEST);
    }
    let languages = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let setup = &extras["setup"]["business"];
    let visit = Visit {
        id: secret(),
        opener: opening.origin,
        step: Step::LogIn,
        problem: None,
        business: setup["name"].as_str().unwrap_or_default().to_owned(),
        typed_number: prefilled(&setup["phone"]),
        is_coexistence: extras["featureType"] == "whatsapp_business_app_onboarding",
        number: None,
        language: languages.and_then(|value| value.get(..2)?.parse().ok()),
    };
    let address = format!("/dialog/{}", visit.id);
    remember(&mut shared.state().visits.open, visit);
    Ok(Redirect::to(&address))
}

/// `setup.business.phone`: a country's code and the rest.
fn prefilled(phone: &Value) -> String {
    let part = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    match (part(&phone["code"]), part(&phone["number"])) {
        (_, number) if number.is_empty() => String::new(),
        (code, number) => format!("+{code}{number}"),
    }
}

/// Whether text is the origin of a page: a scheme and a host, and nothing behind.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    matches!(scheme, "http" | "https") && text == format!("{scheme}://{authority}")
}

/// `GET /dialog/{visit}`
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(visit): Path<String>,
) -> Result<Markup, StatusCode> {
    let mut state = shared.state();
    let order = state.mishaps.order;
    let visit = state.visits.find(&visit).ok_or(StatusCode::NOT_FOUND)?;
    Ok(pages::dialog(visit, order))
}

/// What a page's form says.
#[derive(Debug, Deserialize)]
pub(super) struct Filled {
    action: String,
    #[serde(default)]
    value: String,
}

/// `POST /dialog/{visit}`
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Form(filled): Form<Filled>,
) -> Result<Redirect, StatusCode> {
    let mut state = shared.state();
    let mut visit = state.visits.find(&id).ok_or(StatusCode::NOT_FOUND)?.clone();
    let answered = visit.answer(&filled, &mut state, &shared);
    visit.problem = answered.err();
    if visit.step == Step::Permissions && filled.action == "allow" {
        let account = visit.account().ok_or(StatusCode::BAD_REQUEST)?;
        let message = visit.finish(&account);
        let code = state.book.connect(account, shared.clock.now());
        visit.step = Step::Over { message, code: Some(code) };
    }
    // It may have been forgotten for others meanwhile; then nobody looks at it.
    if let Some(known) = state.visits.find(&id) {
        *known = visit;
    }
    Ok(Redirect::to(&format!("/dialog/{id}")))
}

impl Visit {
    /// Goes on by what the form says. An error is what the page says is wrong.
    fn answer(
        &mut self,
        filled: &Filled,
        state: &mut Remembered,
        shared: &Shared,
    ) -> Result<(), &'static str> {
        let typed = filled.value.trim();
        if filled.action == "cancel" {
            let data = json!({ "current_step": self.step.name() });
            self.step = Step::Over { message: message("CANCEL", &data), code: None };
            return Ok(());
        }
        match (&self.step, filled.action.as_str()) {
            (Step::LogIn, "log_in") => self.step = Step::Business,
            (Step::Business, "choose") => {
                if typed.is_empty() || typed.chars().count() > LONGEST_NAME {
                    return Err("Enter the name of your business.");
                }
                typed.clone_into(&mut self.business);
                self.step = Step::Number;
            }
            (Step::Number, "enter") => {
                typed.clone_into(&mut self.typed_number);
                self.take_number(state.mishaps.take("number"))?;
            }
            (Step::Method | Step::Code, "call" | "sms") => {
                self.send_code(filled.action == "call", state, shared)?;
            }
            (Step::Code, "type") => self.check_code(typed, shared)?,
            // A page that was left open: the present one is shown.
            _ => {}
        }
        Ok(())
    }

    fn take_number(&mut self, mishap: Option<Mishap>) -> Result<(), &'static str> {
        if let Some(Mishap::Refused(code)) = mishap {
            return Err(Fault::of(code).what());
        }
        let number = PhoneNumber::from_pasted(&self.typed_number)
            .map_err(|_| "Enter the number with its country code.")?;
        let mut number = Number::new(number);
        number.is_on_biz_app = self.is_coexistence;
        self.number = Some(number);
        self.step = if self.is_coexistence { Step::Permissions } else { Step::Method };
        Ok(())
    }

    fn send_code(
        &mut self,
        is_call: bool,
        state: &mut Remembered,
        shared: &Shared,
    ) -> Result<(), &'static str> {
        if let Some(Mishap::Refused(code)) = state.mishaps.take("call") {
            return Err(Fault::of(code).what());
        }
        let number = self.number.as_mut().ok_or("Enter the number first.")?;
        let language = self.language.or_else(|| Language::of_number(&number.number));
        let code = number.verification.new_code(shared.clock.now());
        if is_call {
            let language = language.or_else(|| "en".parse().ok()).ok_or("")?;
            let is_other = state.mishaps.take("speech") == Some(Mishap::OtherCode);
            let spoken = if is_other { other_than(&code) } else { code };
            let called = shared.phone.speak(&number.number, &spoken, language);
            called.map_err(|_| Fault::of(2_388_091).what())?;
        } else {
            remember(&mut state.visits.texts, TextMessage { to: number.number.clone(), code });
        }
        self.step = Step::Code;
        Ok(())
    }

    fn check_code(&mut self, typed: &str, shared: &Shared) -> Result<(), &'static str> {
        let number = self.number.as_mut().ok_or("Enter the number first.")?;
        let digits: String = typed.chars().filter(|character| !character.is_whitespace()).collect();
        number.verification.check(&digits, shared.clock.now()).map_err(|why| match why {
            NotVerified::Wrong => "This code is not right.",
            NotVerified::Expired => "This code has expired. Ask for a new one.",
            NotVerified::GuessedTooOften => "You have guessed too often. Try again in 12 hours.",
        })?;
        number.is_verified = true;
        self.step = Step::Permissions;
        Ok(())
    }

    fn account(&self) -> Option<Account> {
        let number = self.number.clone()?;
        Some(Account { waba: new_id(), business: self.business.clone(), number })
    }

    /// What the client's page is told at the end.
    fn finish(&self, account: &Account) -> Value {
        if self.is_coexistence {
            let data = json!({ "waba_id": account.waba });
            return message("FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING", &data);
        }
        let data = json!({
            "phone_number_id": account.number.id,
            "waba_id": account.waba,
            "business_id": new_id(),
        });
        message("FINISH", &data)
    }
}

fn message(event: &str, data: &Value) -> Value {
    json!({ "type": "WA_EMBEDDED_SIGNUP", "version": 3, "event": event, "data": data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_origin_of_a_page_is_told_anything() {
        for (text, is) in [
            ("http://127.0.0.1:8080", true),
            ("https://example.com", true),
            ("https://example.com/", false),
            ("https://example.com/i/7", false),
            ("javascript:alert(1)", false),
            ("null", false),
            ("*", false),
        ] {
            assert_eq!(is_origin(text), is, "{text}");
        }
    }

    #[test]
    fn a_number_is_prefilled_from_its_parts() {
        let phone = json!({ "code": 1, "number": "5550100123" });
        assert_eq!(prefilled(&phone), "+15550100123");
        assert_eq!(prefilled(&json!(null)), "");
    }
}
