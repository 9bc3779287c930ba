//! The Graph API of the stand-in: each request that signing up needs, checked against Meta's
//! reference (Graph v25.0, WhatsApp Cloud API). What does not fit is refused in Meta's form.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::book::{Account, Number, secret};
use super::mishap::Mishap;
use super::verification::{NotVerified, other_than};
use super::{APP_ID, APP_SECRET, Shared};
use crate::domain::{Language, PhoneNumber};

/// The permission that names the accounts of a token.
const SCOPE: &str = "whatsapp_business_management";

/// A request that is refused, as Meta says it ("Handle Errors" in its reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    code: i64,
    what: &'static str,
}

type Answer = Result<Json<Value>, Fault>;

impl Fault {
    /// The error of this code.
    pub(super) const fn of(code: i64) -> Self {
        let what = match code {
            4 => "Application request limit reached",
            190 => "Invalid OAuth access token",
            200 => "Permissions error",
            463 => "Error validating access token: Session has expired",
            133_005 => "Two step verification PIN mismatch",
            136_021 | 136_024 => "This phone number is not eligible",
            2_388_091 => "The verification code could not be sent",
            2_388_093 => "The verification code could not be checked",
            2_494_158 => "Too many requests",
            2_593_109 => "The client has not shared the history",
            _ => "Invalid parameter",
        };
        Self { code, what }
    }

    const fn parameter(what: &'static str) -> Self {
        Self { code: 100, what }
    }

    /// In words, for the dialog.
    pub(super) const fn what(self) -> &'static str {
        self.what
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = match self.code {
            190 | 463 => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let error = json!({ "error": {
            "message": format!("(#{}) {}", self.code, self.what),
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": &secret()[..11],
            "is_transient": self.code == 4,
        }});
        (status, Json(error)).into_response()
    }
}

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/{version}/oauth/access_token", get(access_token))
        .route("/{version}/debug_token", get(debug_token))
        .route("/{version}/{node}", get(profile))
        .route("/{version}/{node}/{edge}", get(numbers).post(change))
}

/// `GET /oauth/access_token`
async fn access_token(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    let given = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    if (given("client_id"), given("client_secret")) != (APP_ID, APP_SECRET) {
        return Err(Fault { code: 101, what: "Error validating application" });
    }
    let token = shared.state().book.exchange(given("code"), shared.clock.now());
    let token = token
        .map_err(|_| Fault::parameter("This authorization code has expired or has been used"))?;
    Ok(Json(json!({ "access_token": token, "token_type": "bearer" })))
}

/// `GET /debug_token`
async fn debug_token(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    let given = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    if given("access_token") != format!("{APP_ID}|{APP_SECRET}") {
        return Err(Fault::of(190));
    }
    let mut state = shared.state();
    let scopes = state
        .book
        .account_of(given("input_token"))
        .map(|account| json!([{ "scope": SCOPE, "target_ids": [account.waba] }]));
    let is_valid = scopes.is_some();
    let data = json!({ "app_id": APP_ID, "is_valid": is_valid, "granular_scopes": scopes });
    Ok(Json(json!({ "data": data })))
}

/// `GET /{phone number}`
async fn profile(
    State(shared): State<Arc<Shared>>,
    Path((_, node)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Answer {
    let mut state = shared.state();
    let account = state.book.account_of(bearer(&headers)).ok_or(Fault::of(190))?;
    own(&account.number.id, &node)?;
    let fields = query.get("fields").ok_or(Fault::parameter("fields is missing"))?;
    Ok(Json(selected(account, fields)))
}

/// `GET /{account}/phone_numbers`
async fn numbers(
    State(shared): State<Arc<Shared>>,
    Path((_, node, edge)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Answer {
    let mut state = shared.state();
    let account = state.book.account_of(bearer(&headers)).ok_or(Fault::of(190))?;
    own(&account.waba, &node)?;
    if edge != "phone_numbers" {
        return Err(Fault::parameter("Unknown path components"));
    }
    let fields = query.get("fields").map_or("id,display_phone_number", String::as_str);
    Ok(Json(json!({ "data": [selected(account, fields)] })))
}

/// Every `POST`: what changes something.
async fn change(
    State(shared): State<Arc<Shared>>,
    Path((_, node, edge)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let body: Value = match body.as_ref() {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes).map_err(|_| Fault::parameter("Invalid JSON"))?,
    };
    let mut state = shared.state();
    // It waits for a call that is placed.
    let is_call = edge == "request_code" && body["code_method"] == "VOICE";
    let speech = if is_call { state.mishaps.take("speech") } else { None };
    let account = state.book.account_of(bearer(&headers)).ok_or(Fault::of(190))?;
    if edge == "subscribed_apps" {
        own(&account.waba, &node)?;
        return Ok(done());
    }
    own(&account.number.id, &node)?;
    let number = &mut account.number;
    match edge.as_str() {
        "register" => register(number, &body),
        "smb_app_data" => sync(number, &body),
        "request_code" => request_code(&shared, number, &body, speech),
        "verify_code" => verify_code(&shared, number, &body),
        "messages" => send(number, &body),
        _ => Err(Fault::parameter("Unknown path components")),
    }
}

fn register(number: &mut Number, body: &Value) -> Answer {
    for_whatsapp(body)?;
    let pin = text(body, "pin")?;
    if pin.len() != 6 || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::parameter("pin must be six digits"));
    }
    if !number.is_verified {
        return Err(Fault::parameter("The number is not verified"));
    }
    match &number.pin {
        Some(known) if known != pin => Err(Fault::of(133_005)),
        Some(_) | None => {
            number.pin = Some(pin.to_owned());
            Ok(done())
        }
    }
}

fn sync(number: &mut Number, body: &Value) -> Answer {
    for_whatsapp(body)?;
    let what = text(body, "sync_type")?;
    let is_known = matches!(what, "smb_app_state_sync" | "history");
    if !number.is_on_biz_app || !is_known || number.synced.iter().any(|known| known == what) {
        return Err(Fault::parameter("sync_type cannot be asked for, or not again"));
    }
    number.synced.push(what.to_owned());
    Ok(done())
}

fn request_code(
    shared: &Shared,
    number: &mut Number,
    body: &Value,
    speech: Option<Mishap>,
) -> Answer {
    // "en_US": a language and a country.
    let language = text(body, "language")?.split('_').next().unwrap_or_default().parse();
    let language: Language = language.map_err(|_| Fault::parameter("language is no locale"))?;
    let is_call = match text(body, "code_method")? {
        "VOICE" => true,
        "SMS" => false,
        _ => return Err(Fault::parameter("code_method must be VOICE or SMS")),
    };
    let code = number.verification.new_code(shared.clock.now());
    if is_call {
        let spoken = if speech == Some(Mishap::OtherCode) { other_than(&code) } else { code };
        let called = shared.phone.speak(&number.number, &spoken, language);
        called.map_err(|_| Fault::of(2_388_091))?;
    }
    Ok(done())
}

fn verify_code(shared: &Shared, number: &mut Number, body: &Value) -> Answer {
    let code = text(body, "code")?;
    match number.verification.check(code, shared.clock.now()) {
        Ok(()) => {
            number.is_verified = true;
            Ok(done())
        }
        Err(NotVerified::Wrong | NotVerified::Expired) => Err(Fault::of(2_388_093)),
        Err(NotVerified::GuessedTooOften) => Err(Fault::of(2_494_158)),
    }
}

fn send(number: &Number, body: &Value) -> Answer {
    for_whatsapp(body)?;
    let to: PhoneNumber =
        text(body, "to")?.parse().map_err(|_| Fault::parameter("to is no phone number"))?;
    if body.get("recipient_type").is_some_and(|kind| kind != "individual") {
        return Err(Fault::parameter("recipient_type must be individual"));
    }
    let words = body["text"]["body"].as_str().unwrap_or_default();
    if text(body, "type")? != "text" || words.is_empty() || words.chars().count() > 4_096 {
        return Err(Fault::parameter("text.body must have 1 to 4096 characters"));
    }
    if number.pin.is_none() && !number.is_on_biz_app {
        return Err(Fault::parameter("The number is not registered"));
    }
    let wa_id = to.as_str().trim_start_matches('+');
    Ok(Json(json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": to.as_str(), "wa_id": wa_id }],
        "messages": [{ "id": format!("wamid.{}", secret()) }],
    })))
}

fn done() -> Json<Value> {
    Json(json!({ "success": true }))
}

fn for_whatsapp(body: &Value) -> Result<(), Fault> {
    match text(body, "messaging_product")? {
        "whatsapp" => Ok(()),
        _ => Err(Fault::parameter("messaging_product must be whatsapp")),
    }
}

fn text<'a>(body: &'a Value, key: &str) -> Result<&'a str, Fault> {
    body[key].as_str().ok_or(Fault::parameter("a parameter is missing"))
}

/// Whether a token may manage what was asked about; what it may not does not exist for it.
fn own(managed: &str, asked: &str) -> Result<(), Fault> {
    if managed == asked { Ok(()) } else { Err(Fault::parameter("Object does not exist")) }
}

fn bearer(headers: &HeaderMap) -> &str {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
}

/// The fields of a number that were asked for.
fn selected(account: &Account, fields: &str) -> Value {
    let Number { id, number, is_verified, is_on_biz_app, pin, .. } = &account.number;
    let all = json!({
        "id": id,
        "display_phone_number": number.as_str(),
        "verified_name": account.business,
        "quality_rating": "GREEN",
        "code_verification_status": if *is_verified { "VERIFIED" } else { "NOT_VERIFIED" },
        "is_on_biz_app": is_on_biz_app,
        "platform_type": if pin.is_some() { "CLOUD_API" } else { "NOT_APPLICABLE" },
    });
    let asked =
        fields.split(',').filter_map(|name| Some((name.to_owned(), all.get(name)?.clone())));
    Value::Object(asked.collect())
}
