//! What goes wrong in the REST API, as programs read it: `{"code", "message", "details"?}`.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use tracing::error;

use crate::store::StoreError;

/// Tells an SDK whether to send a request again by itself.
const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Why there is no answer.
#[derive(Debug)]
pub(in crate::web) enum ApiError {
    /// No key, or none that is valid: which of them it is, is not told.
    Unauthorized,
    /// Not in this project: whether in another one is not told.
    NotFound(&'static str),
    /// The store failed; logged here, where it is finally handled.
    Store(StoreError),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is sent.
#[derive(Debug, Serialize)]
struct ErrorBody {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn body(&self) -> ErrorBody {
        let (code, message) = match self {
            Self::Unauthorized => {
                ("unauthorized", "The API key is missing, unknown or revoked.".to_owned())
            }
            Self::NotFound(what) => ("not_found", format!("There is no such {what}.")),
            Self::Store(_) => ("internal_error", "Something of ours failed.".to_owned()),
        };
        ErrorBody { code, message, details: None }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            error!(%error, "a request to the API failed");
        }
        let status = self.status();
        let mut response = (status, Json(self.body())).into_response();
        if status == StatusCode::CONFLICT {
            response.headers_mut().insert(X_SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        response
    }
}
