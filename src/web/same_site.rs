//! Requests that change something come from our own pages, and from no other site's.

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::WebState;

/// Lets a request through that a page of ours made: its origin is that of the public address or of
/// the host that was asked, the browser says nothing else (`Sec-Fetch-Site`), and it is JSON, which no
/// form of another site can send.
pub(super) async fn require(
    State(state): State<WebState>,
    request: Request,
    next: Next,
) -> Response {
    match check(request.headers(), &state.public_url) {
        Ok(()) => next.run(request).await,
        Err(status) => status.into_response(),
    }
}

fn check(headers: &HeaderMap, public_url: &str) -> Result<(), StatusCode> {
    check_origin(headers, public_url)?;
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if kind.unwrap_or_default().split(';').next().map(str::trim) != Some("application/json") {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    Ok(())
}

/// Whether a page of ours made a request.
///
/// # Errors
/// When it was another one, or none.
pub(super) fn check_origin(headers: &HeaderMap, public_url: &str) -> Result<(), StatusCode> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(ORIGIN.as_str()).ok_or(StatusCode::FORBIDDEN)?;
    let host = origin.split_once("://").map(|(_, host)| host);
    let is_asked_host = host.is_some() && host == text(HOST.as_str());
    let is_public = super::signup::origin(public_url).as_deref() == Some(origin);
    let is_same_site = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
    if !(is_asked_host || is_public) || !is_same_site {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(headers: &[(&'static str, &'static str)]) -> Result<(), StatusCode> {
        let json = ("content-type", "application/json");
        let host = ("host", "127.0.0.1:8080");
        // A later one of the same name takes the place of an earlier one.
        let all = [json, host].into_iter().chain(headers.iter().copied());
        let headers = all.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        headers
            .for_each(|(name, value): (axum::http::HeaderName, _)| drop(map.insert(name, value)));
        check(&map, "https://invite.example.com/whatsapp")
    }

    #[test]
    fn only_our_own_pages_may_change_something() {
        const FORBIDDEN: Result<(), StatusCode> = Err(StatusCode::FORBIDDEN);
        assert_eq!(checked(&[("origin", "https://invite.example.com")]), Ok(()));
        let here = ("origin", "http://127.0.0.1:8080");
        assert_eq!(checked(&[here, ("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(checked(&[here, ("content-type", "application/json; charset=utf-8")]), Ok(()));
        assert_eq!(checked(&[]), FORBIDDEN);
        for origin in ["null", "", "https://evil.example", "https://invite.example.co", "https:/"] {
            assert_eq!(checked(&[("origin", origin)]), FORBIDDEN, "{origin}");
        }
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(checked(&[here, ("sec-fetch-site", site)]), FORBIDDEN, "{site}");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
            let refused = checked(&[here, ("content-type", kind)]);
            assert_eq!(refused, Err(StatusCode::UNSUPPORTED_MEDIA_TYPE), "{kind}");
        }
    }
}
