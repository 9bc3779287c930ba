//! Requests that are sent again are done once (`Idempotency-Key`, draft-ietf-httpapi-idempotency-key-header).
//!
//! What was answered is kept in the transaction of what was done: there is no moment in which one of them
//! is there without the other. A request that was refused has done nothing and may be mended.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rand::RngExt as _;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;

use super::Caller;
use super::error::{ApiError, Problem};
use crate::seal::Seal;
use crate::store::{ApiAnswer, StoreError, Writer};
use crate::web::WebState;

/// So long a request may be sent again.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

const LONGEST_KEY: usize = 255;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// By what a request is known when it is sent again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is here for the documentation")]
pub(super) struct IdempotencyKey {
    /// Done once, however often it is sent
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, pattern = "^[ -~]+$")]
    key: Option<String>,
}

/// A request by which it is known again.
#[derive(Debug, Clone)]
pub(super) struct Once {
    key: Option<String>,
    /// Method and address: the key of one is not that of another.
    address: String,
}

impl<S: Sync> FromRequestParts<S> for Once {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let key = match parts.headers.get("idempotency-key") {
            Some(value) => {
                let text = value.to_str().ok().filter(|text| is_key(text));
                let text = text.ok_or_else(|| Problem::of("Idempotency-Key", NO_KEY))?;
                Some(text.to_owned())
            }
            None => None,
        };
        Ok(Self { key, address: format!("{} {}", parts.method, parts.uri.path()) })
    }
}

const NO_KEY: &str = "Must have 1 to 255 printable characters.";

fn is_key(text: &str) -> bool {
    (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, 32..=126))
}

/// What was done.
#[derive(Debug)]
pub(super) struct Done {
    status: StatusCode,
    body: Value,
}

impl Done {
    pub(super) fn new(status: StatusCode, body: &impl Serialize) -> Result<Self, StoreError> {
        let body = serde_json::to_value(body);
        let body = body.map_err(|error| StoreError::Unexpected(error.to_string()))?;
        Ok(Self { status, body })
    }

    /// What stands at a place in the answer (RFC 6901).
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str()
    }
}

/// What is answered, now or once more.
pub(super) enum Answered {
    Now(Done),
    Again(Done),
}

impl Once {
    /// The same with a key that the body brings, where the header brings none.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn or_key(self, key: Option<String>) -> Result<Self, ApiError> {
        match key {
            Some(key) if !is_key(&key) => Err(Problem::of("idempotencyKey", NO_KEY).into()),
            Some(key) => Ok(Self { key: self.key.or(Some(key)), ..self }),
            None => Ok(self),
        }
    }

    /// Does `work` in a transaction, unless it was done: then it is answered as it was. `asked` is what the
    /// request says.
    ///
    /// # Errors
    /// Those of `work`; and when another request had the same key.
    pub(super) async fn run<F>(
        self,
        state: &WebState,
        caller: &Caller,
        asked: &impl Serialize,
        work: F,
    ) -> Result<Answered, ApiError>
    where
        F: FnOnce(&Writer<'_>) -> Result<Result<Done, ApiError>, StoreError> + Send + 'static,
    {
        let request = self.fingerprint(asked);
        let seal = Arc::clone(&state.api.seal);
        let (project, now) = (caller.project.clone(), state.clock.now());
        let write = state.store.write(move |writer| {
            let Some(key) = self.key else { return Ok(work(writer)?.map(Answered::Now)) };
            if let Some(answer) = writer.api_answer(&project, &key, now - KEPT_FOR)? {
                let opened = opened(&seal, &owner(&key), &answer);
                return Ok(if answer.request == request {
                    opened.map(Answered::Again)
                } else {
                    Err(reused())
                });
            }
            let done = match work(writer)? {
                Ok(done) => done,
                Err(error) => return Ok(Err(error)),
            };
            let (status, body) = (done.status.as_u16(), done.body.to_string());
            let body = seal.seal(&owner(&key), body.as_bytes(), rand::rng().random());
            let answer = ApiAnswer { request, status, body };
            writer.insert_api_answer(&project, &key, &answer, (now, now - KEPT_FOR))?;
            Ok(Ok(Answered::Now(done)))
        });
        write.await?
    }

    fn fingerprint(&self, asked: &impl Serialize) -> Vec<u8> {
        let asked = serde_json::to_string(asked).unwrap_or_default();
        Sha256::digest(format!("{}\n{asked}", self.address)).to_vec()
    }
}

/// Whose a sealed answer is.
fn owner(key: &str) -> String {
    format!("{key}.answer")
}

fn opened(seal: &Seal, owner: &str, answer: &ApiAnswer) -> Result<Done, ApiError> {
    let body = seal.open(owner, &answer.body).ok();
    let body = body.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let status = StatusCode::from_u16(answer.status).ok();
    let done = status.zip(body).map(|(status, body)| Done { status, body });
    let unreadable = || StoreError::Unexpected("an answer that does not open".to_owned());
    done.ok_or_else(|| ApiError::Store(unreadable()))
}

fn reused() -> ApiError {
    let message = "The idempotency key was used for another request.".to_owned();
    ApiError::Conflict { code: "idempotency_key_reused", message }
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        match self {
            Self::Now(done) => (done.status, Json(done.body)).into_response(),
            Self::Again(done) => {
                let replayed = (REPLAYED, HeaderValue::from_static("true"));
                (done.status, [replayed], Json(done.body)).into_response()
            }
        }
    }
}
