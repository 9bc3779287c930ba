//! What a request brings: its body, its query, what its address names. Each is wrong in one way only: as
//! an answer that says where.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_path_to_error::Segment;

use super::error::{ApiError, Problem};

/// A body of JSON. None at all is an empty object: all its fields may be optional.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let media_type = request.headers().get(CONTENT_TYPE).cloned();
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
            // Or the connection broke: nobody reads the answer then.
            _ => ApiError::TooSlow,
        })?;
        if bytes.is_empty() {
            return read(b"{}");
        }
        let is_json =
            media_type.as_ref().and_then(|value| value.to_str().ok()).is_some_and(|value| {
                let essence = value.split(';').next().unwrap_or_default().trim();
                essence.eq_ignore_ascii_case("application/json")
            });
        if is_json { read(&bytes) } else { Err(ApiError::MediaType) }
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, ApiError> {
    // Once for its form and once for its meaning: the second error says which field is meant.
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| ApiError::Json(error.to_string()))?;
    if !value.is_object() {
        return Err(Problem::at(Vec::new(), "The body has to be an object.".to_owned()).into());
    }
    serde_path_to_error::deserialize(value).map(Body).map_err(|error| {
        let path = error.path().iter().filter_map(part).collect();
        Problem::at(path, super::error::sentence(&error.into_inner().to_string())).into()
    })
}

fn part(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// The query of an address.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|refused| {
            Problem::at(Vec::new(), super::error::sentence(&refused.body_text())).into()
        })
    }
}

/// The name of a thing in an address. One that is no text names nothing.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|_| ApiError::NotFound("address"))
    }
}

/// For a field that may be absent, or null, or there.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Collects what is wrong with the fields of a request, so that it is all said at once.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<Problem>);

impl Fields {
    /// What a field says; `None` where it is absent or wrong.
    pub(super) fn read<T, E: std::fmt::Display>(
        &mut self,
        field: &str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(text?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(field, super::error::sentence(&error.to_string()));
                None
            }
        }
    }

    /// Says that a field is wrong.
    pub(super) fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(Problem::of(field, message));
    }

    /// Goes on when nothing is wrong.
    ///
    /// # Errors
    /// When something is.
    pub(super) fn check(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::Invalid(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_called_too_large() {
        let broken = [Ok("{"), Err(std::io::Error::other("it breaks off"))];
        let broken = axum::body::Body::from_stream(futures_util::stream::iter(broken));
        let read = Body::<serde_json::Value>::from_request(Request::new(broken), &()).await;
        assert!(matches!(read, Err(ApiError::TooSlow)));
    }
}
