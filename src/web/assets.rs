//! Scripts and styles: embedded at build, served under a name that holds their hash, so that a
//! browser may keep them for ever and still never shows an old one.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::brand;

/// A file of `assets/`.
pub(super) struct Asset {
    /// Where a page finds it.
    pub(super) path: String,
    body: &'static str,
    content_type: &'static str,
}

/// The look of every page.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("style", "css", include_str!("../../assets/style.css"), "text/css; charset=utf-8")
});

/// Its colours in the dark.
pub(super) static DARK_STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("dark", "css", include_str!("../../assets/dark.css"), "text/css; charset=utf-8")
});

/// What the admin has besides.
pub(super) static ADMIN_STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("admin", "css", include_str!("../../assets/admin.css"), "text/css; charset=utf-8")
});

/// Keeps the pages of the admin true while they are open.
pub(super) static ADMIN_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let body = include_str!("../../assets/admin.js");
    Asset::new("admin", "js", body, "text/javascript; charset=utf-8")
});

/// Makes buttons copy.
pub(super) static COPY_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let body = include_str!("../../assets/copy.js");
    Asset::new("copy", "js", body, "text/javascript; charset=utf-8")
});

/// Keeps the invitation page true while it is open.
pub(super) static INVITATION_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let body = include_str!("../../assets/invitation.js");
    Asset::new("invitation", "js", body, "text/javascript; charset=utf-8")
});

/// Opens Meta's window.
pub(super) static SIGNUP_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let body = include_str!("../../assets/signup.js");
    Asset::new("signup", "js", body, "text/javascript; charset=utf-8")
});

/// Leads the client on when the sign-up is over.
pub(super) static ONWARD_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let body = include_str!("../../assets/onward.js");
    Asset::new("onward", "js", body, "text/javascript; charset=utf-8")
});

impl Asset {
    fn new(stem: &str, extension: &str, body: &'static str, content_type: &'static str) -> Self {
        let path = format!("/assets/{stem}.{}.{extension}", hash(body));
        Self { path, body, content_type }
    }
}

/// What tells one version of a file from another, in its name.
pub(super) fn hash(body: &str) -> String {
    Sha256::digest(body).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// An asset by the name that pages use for it.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let all = [
        &STYLE,
        &DARK_STYLE,
        &ADMIN_STYLE,
        &ADMIN_SCRIPT,
        &COPY_SCRIPT,
        &INVITATION_SCRIPT,
        &SIGNUP_SCRIPT,
        &ONWARD_SCRIPT,
    ];
    let asset =
        all.into_iter().find(|asset| asset.path.strip_prefix("/assets/") == Some(name.as_str()));
    let for_ever = |content_type| {
        [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")]
    };
    match (asset, brand::style_of(&name)) {
        (Some(asset), _) => (for_ever(asset.content_type), asset.body).into_response(),
        (None, Some(style)) => (for_ever("text/css; charset=utf-8"), style).into_response(),
        (None, None) => StatusCode::NOT_FOUND.into_response(),
    }
}
