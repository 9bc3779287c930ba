//! What goes wrong in the REST API, as programs read it: `{"code", "message", "details"?}`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::error;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::domain::Scope;
use crate::onboarding::Refusal;
use crate::store::StoreError;

/// Tells an SDK whether to send a request again by itself.
const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The same as `Retry-After`, and more exact.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// Why there is no answer.
#[derive(Debug)]
pub(in crate::web) enum ApiError {
    /// No key, or none that is valid: which of them it is, is not told.
    Unauthorized,
    /// The key is not allowed this.
    Forbidden(Scope),
    /// Not in this project: whether in another one is not told.
    NotFound(&'static str),
    /// There is such an address, and this is not done there.
    Method,
    /// What was sent is no JSON.
    Json(String),
    /// What was sent is something else than JSON by its own word.
    MediaType,
    TooLarge,
    /// The body did not come to its end in time.
    TooSlow,
    /// What was asked for makes no sense, for these reasons.
    Invalid(Vec<Problem>),
    /// It may not be done to what is there.
    Conflict {
        code: &'static str,
        message: String,
    },
    /// The key was used too often; it may be again after this time.
    TooOften {
        wait: Duration,
    },
    /// It was not configured here.
    NotSetUp(&'static str),
    /// The store failed; logged here, where it is finally handled.
    Store(StoreError),
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ErrorProblem)]
pub(in crate::web) struct Problem {
    /// Where it stands, from the outside in.
    #[schema(value_type = Vec<String>)]
    path: Vec<String>,
    message: String,
}

impl Problem {
    /// Something that is wrong with a field of the body or of the query.
    pub(in crate::web) fn of(field: &str, message: impl Into<String>) -> Self {
        Self { path: vec![field.to_owned()], message: message.into() }
    }

    pub(super) fn at(path: Vec<String>, message: String) -> Self {
        Self { path, message }
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Invalid(vec![problem])
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let message = sentence(&refusal.to_string());
        match refusal {
            Refusal::Unknown => Self::NotFound("invitation"),
            Refusal::Illegal { .. } => Self::Conflict { code: "invalid_status", message },
            Refusal::NumberTaken(_) => Self::Conflict { code: "number_taken", message },
            Refusal::NumberBeingVerified(_) => {
                Self::Conflict { code: "number_being_verified", message }
            }
            Refusal::Lifetime => Problem::of("expiresInDays", message).into(),
            Refusal::NumberNotUsable => Problem::of("phoneNumberId", message).into(),
            Refusal::CountryNotAllowed => Problem::of("allowedPhoneCountries", message).into(),
            Refusal::RedirectNotAllowed(_) => Problem::of("successRedirectUrl", message).into(),
            Refusal::TooOften(_) => Self::Conflict { code: "too_often", message },
        }
    }
}

/// The words of an error as a sentence.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

/// What is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorBody {
    /// For programs.
    #[schema(value_type = String, example = "invalid_request")]
    code: &'static str,
    /// For people.
    message: String,
    /// Of a request that makes no sense: what is wrong, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    details: Option<ErrorDetails>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorDetails {
    errors: Vec<Problem>,
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Json(_) | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NotSetUp(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code_and_message(&self) -> (&'static str, String) {
        match self {
            Self::Unauthorized => {
                ("unauthorized", "The API key is missing, unknown or revoked.".to_owned())
            }
            Self::Forbidden(scope) => {
                let scope = scope.as_str();
                ("forbidden", format!("The API key lacks the scope {scope}."))
            }
            Self::NotFound(what) => ("not_found", format!("There is no such {what}.")),
            Self::Method => {
                ("method_not_allowed", "This address does not take the method.".to_owned())
            }
            Self::Json(why) => ("invalid_json", format!("The body is no JSON: {why}.")),
            Self::MediaType => {
                ("unsupported_media_type", "The body has to be application/json.".to_owned())
            }
            Self::TooLarge => ("payload_too_large", "The body is too large.".to_owned()),
            Self::TooSlow => ("request_timeout", "The body took too long to arrive.".to_owned()),
            Self::Invalid(problems) => ("invalid_request", summary(problems)),
            Self::Conflict { code, message } => (code, message.clone()),
            Self::TooOften { .. } => ("rate_limited", "Too many requests: please wait.".to_owned()),
            Self::NotSetUp(what) => ("not_set_up", format!("{what} is not set up here.")),
            Self::Store(_) => ("internal_error", "Something of ours failed.".to_owned()),
        }
    }

    fn details(self) -> Option<ErrorDetails> {
        match self {
            Self::Invalid(errors) => Some(ErrorDetails { errors }),
            _ => None,
        }
    }
}

/// The first problem, with where it is.
fn summary(problems: &[Problem]) -> String {
    match problems.first() {
        Some(Problem { path, message }) if path.is_empty() => message.clone(),
        Some(Problem { path, message }) => format!("{}: {message}", path.join(".")),
        None => "The request makes no sense.".to_owned(),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            error!(%error, "a request to the API failed");
        }
        let wait = match &self {
            Self::TooOften { wait } => Some(*wait),
            _ => None,
        };
        let (status, (code, message)) = (self.status(), self.code_and_message());
        let body = ErrorBody { code, message, details: self.details() };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        if matches!(status, StatusCode::CONFLICT | StatusCode::NOT_IMPLEMENTED) {
            headers.insert(X_SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if let Some(wait) = wait {
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            headers.insert(RETRY_AFTER_MS, millis.into());
            headers.insert(RETRY_AFTER, millis.div_ceil(1000).into());
        }
        response
    }
}

/// What every address may answer, for the documentation.
pub(super) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let answers = [
            ("400", "The request makes no sense, or is no JSON"),
            ("401", "The API key is missing, unknown or revoked"),
            ("403", "The API key may not do this"),
            ("404", "There is no such thing in the project"),
            ("408", "The body took too long to arrive"),
            ("409", "It may not be done to what is there"),
            ("413", "The body is too large"),
            ("415", "The body is something else than JSON"),
            ("429", "Too many requests"),
            ("501", "It is not set up here"),
        ];
        let body = || {
            let schema = RefOr::<utoipa::openapi::Schema>::Ref(Ref::from_schema_name("Error"));
            ContentBuilder::new().schema(Some(schema)).build()
        };
        let answer = |(status, words): (&str, &str)| {
            let response =
                ResponseBuilder::new().description(words).content("application/json", body());
            (status.to_owned(), RefOr::T(response.build()))
        };
        answers.into_iter().map(answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_not_to_be_tried_again_and_a_limit_says_when() {
        let conflict = ApiError::Conflict { code: "number_taken", message: "Taken.".to_owned() };
        let response = conflict.into_response();
        assert_eq!(response.status(), 409);
        assert_eq!(response.headers()["x-should-retry"], "false");
        let response = ApiError::TooOften { wait: Duration::from_millis(1_200) }.into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (429, &HeaderValue::from(2))
        );
        assert_eq!(response.headers()["retry-after-ms"], "1200");
        assert!(!response.headers().contains_key("x-should-retry"));
    }
}
