//! Forms that were sent: read only when they carry the token of whoever was shown them.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use super::AdminError;
use super::visit::Guest;

/// The field that each form has.
pub(in crate::web) const FORM_TOKEN: &str = "form_token";

/// What was typed into a form (`application/x-www-form-urlencoded`).
#[derive(Debug)]
pub(in crate::web) struct Posted<T>(pub(in crate::web) T);

/// What a button sends: the token alone.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Nothing {}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Posted<T> {
    type Rejection = AdminError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let guest = guest(&request)?;
        require_kind(request.headers(), "application/x-www-form-urlencoded")?;
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|error| AdminError::Unreadable(error.status()))?;
        let token = form_urlencoded::parse(&body).find(|(name, _)| name == FORM_TOKEN);
        check(token.as_ref().map(|(_, token)| token.as_ref()), &guest)?;
        let read = serde_html_form::from_bytes(&body);
        read.map(Self).map_err(|_| AdminError::Unreadable(StatusCode::BAD_REQUEST))
    }
}

/// What was sent with a file (`multipart/form-data`).
#[derive(Debug, Default)]
pub(in crate::web) struct Uploaded {
    /// The fields that are no files, in order.
    pub(in crate::web) fields: Vec<(String, String)>,
    /// The bytes of the file; empty when none was chosen.
    pub(in crate::web) file: Vec<u8>,
}

impl Uploaded {
    /// What was typed into a field.
    pub(in crate::web) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequest<S> for Uploaded {
    type Rejection = AdminError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let guest = guest(&request)?;
        require_kind(request.headers(), "multipart/form-data")?;
        let parts = Multipart::from_request(request, state).await;
        let mut parts = parts.map_err(|_| unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE))?;
        let mut uploaded = Self::default();
        while let Some(part) =
            parts.next_field().await.map_err(|error| unreadable(error.status()))?
        {
            let name = part.name().unwrap_or_default().to_owned();
            let is_file = part.file_name().is_some();
            let bytes = part.bytes().await.map_err(|error| unreadable(error.status()))?;
            if is_file {
                uploaded.file = bytes.to_vec();
            } else {
                let text = String::from_utf8(bytes.to_vec());
                let text = text.map_err(|_| unreadable(StatusCode::BAD_REQUEST))?;
                uploaded.fields.push((name, text));
            }
        }
        check(uploaded.field(FORM_TOKEN), &guest)?;
        Ok(uploaded)
    }
}

/// To axum a file that breaks off is our fault. It came too slowly; or the connection broke, and nobody
/// reads the answer.
fn unreadable(status: StatusCode) -> AdminError {
    let breaks_off = status.is_server_error();
    AdminError::Unreadable(if breaks_off { StatusCode::REQUEST_TIMEOUT } else { status })
}

/// Who was shown the form. A route without an entrance reads none.
fn guest(request: &Request) -> Result<Guest, AdminError> {
    request.extensions().get::<Guest>().cloned().ok_or(AdminError::Forged)
}

fn require_kind(headers: &HeaderMap, wanted: &str) -> Result<(), AdminError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let other = AdminError::Unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    if kind == wanted { Ok(()) } else { Err(other) }
}

fn check(token: Option<&str>, guest: &Guest) -> Result<(), AdminError> {
    let expected = guest.form_token.as_bytes();
    let is_right = token.is_some_and(|token| token.as_bytes().ct_eq(expected).into());
    if is_right && !expected.is_empty() { Ok(()) } else { Err(AdminError::Forged) }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::HeaderValue;

    use super::*;
    use crate::domain::Timestamp;
    use crate::web::words::{AdminWords, Tongue};

    #[tokio::test]
    async fn an_upload_that_breaks_off_is_not_our_fault() {
        let broken = [Ok("--border\r\n"), Err(std::io::Error::other("it breaks off"))];
        let mut request = Request::new(Body::from_stream(futures_util::stream::iter(broken)));
        let kind = HeaderValue::from_static("multipart/form-data; boundary=border");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        let tongue = Tongue::accepted(&HeaderMap::new());
        request.extensions_mut().insert(Guest {
            tongue,
            words: AdminWords::of(tongue),
            form_token: "token".to_owned(),
            now: Timestamp::from_unix_millis(0),
        });
        match Uploaded::from_request(request, &()).await {
            Err(AdminError::Unreadable(status)) => assert_eq!(status, StatusCode::REQUEST_TIMEOUT),
            other => panic!("{other:?}"),
        }
    }
}
