//! What all pages share: the frame round their content, and the headers that protect them.

use axum::http::HeaderValue;
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, REFERRER_POLICY,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::assets::{Asset, DARK_STYLE, STYLE};
use super::brand::{self, BrandView};
use super::words::Tongue;
use crate::domain::Theme;

/// Nothing from anywhere but ourselves, nothing inline, no frame round us.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// From where a page may load what is not ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) script: &'a str,
    pub(super) connect: &'a str,
    pub(super) frame: &'a str,
    pub(super) image: &'a str,
}

/// The policy of the admin, whose forms are sent to ourselves. `parents` are the sites that may have it
/// inside of them, separated by blanks.
pub(super) fn admin_policy(parents: &str) -> String {
    let parents = if parents.is_empty() { "'none'" } else { parents };
    CONTENT_POLICY
        .replace("form-action 'none'", "form-action 'self'")
        .replace("frame-ancestors 'none'", &format!("frame-ancestors {parents}"))
}

/// The policy of a page that loads something from there as well.
pub(super) fn content_policy(sources: Sources<'_>) -> String {
    let Sources { script, connect, frame, image } = sources;
    CONTENT_POLICY
        .replace("script-src 'self'", &format!("script-src 'self' {script}"))
        .replace("connect-src 'self'", &format!("connect-src 'self' {connect}"))
        .replace("img-src 'self'", &format!("img-src 'self' {image}; frame-src {frame}"))
}

/// A page.
pub(super) struct Page<'a> {
    pub(super) tongue: Tongue,
    pub(super) title: &'a str,
    /// The company whose page it is. Nobody is told of it who has no valid link.
    pub(super) brand: Option<BrandView<'a>>,
    pub(super) scripts: &'a [&'a Asset],
    /// It changes while it is open: without scripts it reloads itself.
    pub(super) is_live: bool,
    pub(super) content: Markup,
}

/// The whole document of a page.
pub(super) fn document(page: &Page<'_>) -> Markup {
    let theme = page.brand.and_then(|view| view.theme);
    let colour = page.brand.and_then(|view| view.brand.colour);
    let brand_style = colour.map(|colour| brand::style_path(colour, theme));
    let styles: Vec<_> = brand_style.as_deref().into_iter().collect();
    shell(&Shell {
        tongue: page.tongue,
        title: page.title,
        theme,
        styles: &styles,
        scripts: page.scripts,
        reloads_without_script: page.is_live,
        body: html! {
            body {
                @if let Some(view) = page.brand { (brand::header(view)) }
                main { (page.content) }
            }
        },
    })
}

/// What all documents are made of.
pub(super) struct Shell<'a> {
    pub(super) tongue: Tongue,
    pub(super) title: &'a str,
    /// `None` for what the browser asks for.
    pub(super) theme: Option<Theme>,
    /// Where the styles are that it has besides the one of every page.
    pub(super) styles: &'a [&'a str],
    pub(super) scripts: &'a [&'a Asset],
    pub(super) reloads_without_script: bool,
    /// The element.
    pub(super) body: Markup,
}

pub(super) fn shell(shell: &Shell<'_>) -> Markup {
    let (scheme, dark_when) = match shell.theme {
        None => ("light dark", Some("(prefers-color-scheme: dark)")),
        Some(Theme::Light) => ("light", None),
        Some(Theme::Dark) => ("dark", Some("all")),
    };
    html! {
        (DOCTYPE)
        html lang=(shell.tongue.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content=(scheme);
                title { (shell.title) }
                link rel="stylesheet" href=(STYLE.path);
                @if let Some(media) = dark_when {
                    link rel="stylesheet" href=(DARK_STYLE.path) media=(media);
                }
                @for style in shell.styles {
                    link rel="stylesheet" href=(style);
                }
                @for script in shell.scripts {
                    script src=(script.path) defer {}
                }
                @if shell.reloads_without_script {
                    noscript { meta http-equiv="refresh" content="2"; }
                }
            }
            (shell.body)
        }
    }
}

/// Sends a page, and says which language it is in. Another browser may get another one.
pub(super) fn in_language(tongue: Tongue, page: Markup) -> impl IntoResponse {
    let language = HeaderValue::from_static(tongue.tag());
    ([(CONTENT_LANGUAGE, language), (VARY, HeaderValue::from(ACCEPT_LANGUAGE))], page)
}

/// Adds the headers that every answer carries.
pub(super) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let policy = HeaderValue::from_static(CONTENT_POLICY);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The address of an invitation is its key: it must not travel on to where a link leads.
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    // A page shows secrets and the present; only assets may be kept, and say so.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
