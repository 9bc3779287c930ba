//! What all pages share: the frame round their content, and the headers that protect them.

use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

use super::assets::{Asset, STYLE};

/// Nothing from anywhere but ourselves, nothing inline, no frame round us.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// A page.
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    /// Whether it changes while it is open: without a script it then reloads itself.
    pub(super) script: Option<&'a Asset>,
    pub(super) content: Markup,
}

/// The whole document of a page.
pub(super) fn document(page: &Page<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { (page.title) }
                link rel="stylesheet" href=(STYLE.path);
                @if let Some(script) = page.script {
                    script src=(script.path) defer {}
                    noscript { meta http-equiv="refresh" content="2"; }
                }
            }
            body {
                main { (page.content) }
            }
        }
    }
}

/// Adds the headers that every answer carries.
pub(super) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The address of an invitation is its key: it must not travel on to where a link leads.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // A page shows secrets and the present; only assets may be kept, and say so.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
