//! The section `[meta]`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use serde::Deserialize;

use super::{PasswordSource, Problem};

/// A client's permission is no longer taken after this time (Meta, Embedded Signup).
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Who is on Meta's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetaMode {
    /// Meta.
    Live,
    /// A stand-in for it, in this process.
    Sandbox,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    pub mode: MetaMode,
    pub sandbox_listen: SocketAddr,
    pub app_id: Option<String>,
    pub app_secret_file: Option<PathBuf>,
    pub config_id: Option<String>,
    pub sdk_url: String,
    pub webhook_verify_token_file: Option<PathBuf>,
    pub system_token_file: Option<PathBuf>,
    pub stand_in_origin: Option<String>,
    pub graph_url: String,
    pub graph_version: String,
    pub authorities: PathBuf,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

impl Meta {
    /// Where the app's secret stands.
    pub fn app_secret(&self) -> Option<PasswordSource> {
        self.app_secret_file.clone().map(PasswordSource::File)
    }

    /// Where the verify token of Meta's webhooks stands.
    pub fn webhook_verify_token(&self) -> Option<PasswordSource> {
        self.webhook_verify_token_file.clone().map(PasswordSource::File)
    }

    /// Where the token of our own system user stands.
    pub fn system_token(&self) -> Option<PasswordSource> {
        self.system_token_file.clone().map(PasswordSource::File)
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let half = match (&self.app_id, &self.app_secret_file) {
            (Some(_), None) => {
                Some(("meta.app_secret_file", "is needed as well when meta.app_id is set"))
            }
            (None, Some(_)) => {
                Some(("meta.app_id", "is needed as well when meta.app_secret_file is set"))
            }
            (Some(_), Some(_)) | (None, None) => None,
        };
        problems.extend(half.map(|(key, what)| Problem::new(key, what)));
        for (key, is_set) in [
            ("meta.config_id", self.config_id.is_some()),
            ("meta.webhook_verify_token_file", self.webhook_verify_token_file.is_some()),
        ] {
            if is_set && self.app_id.is_none() {
                problems.push(Problem::new(key, "needs meta.app_id as well"));
            }
        }
        if self.system_token_file.is_some() && self.webhook_verify_token_file.is_none() {
            let what =
                "is used when a webhook of Meta's comes: needs meta.webhook_verify_token_file";
            problems.push(Problem::new("meta.system_token_file", what));
        }
        if !self.sandbox_listen.ip().is_loopback() {
            let what = "must be an address of this machine alone, such as 127.0.0.1:8081";
            problems.push(Problem::new("meta.sandbox_listen", what));
        }
        if !is_safe_address(&self.sdk_url) {
            let what = "must begin with https://; http:// only for localhost";
            problems.push(Problem::new("meta.sdk_url", what));
        }
        if self.stand_in_origin.as_deref().is_some_and(|origin| !is_origin_here(origin)) {
            let what = "must be an origin of this machine, such as http://127.0.0.1:8090";
            problems.push(Problem::new("meta.stand_in_origin", what));
        }
        if !is_safe_address(&self.graph_url) {
            let what =
                "must begin with https:// and not end with a slash; http:// only for localhost";
            problems.push(Problem::new("meta.graph_url", what));
        }
        let number = self.graph_version.strip_prefix('v').unwrap_or_default();
        if number.parse::<f32>().is_err() {
            problems.push(Problem::new("meta.graph_version", "must be of the form v25.0"));
        }
        if self.timeout.is_zero() || self.timeout > LONGEST_TIMEOUT {
            problems.push(Problem::new("meta.timeout", "must be between 1ms and 30s"));
        }
        problems
    }
}

/// Secrets go there: over TLS, or not beyond this machine.
fn is_safe_address(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let is_safe = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => is_here(&uri),
        Some(_) | None => false,
    };
    is_safe && uri.query().is_none() && !url.ends_with('/')
}

fn is_here(uri: &Uri) -> bool {
    matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Whether this is the origin of a page of this machine, as a browser writes it.
fn is_origin_here(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let origin = |scheme: &str| uri.authority().map(|host| format!("{scheme}://{host}"));
    let is_bare = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    is_here(&uri) && is_bare && uri.scheme_str().and_then(origin).as_deref() == Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_in_the_clear_to_this_machine_only() {
        for (url, is_safe) in [
            ("https://graph.facebook.com", true),
            ("http://127.0.0.1:8080", true),
            ("http://localhost:8080/graph", true),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1@example.com", false),
            ("http://localhost:x@example.com", false),
            ("https://example.com/?graph=", false),
            ("http://example.com", false),
            ("https://", false),
            ("https:///graph", false),
            ("ftp://localhost", false),
        ] {
            assert_eq!(is_safe_address(url), is_safe, "{url}");
        }
    }

    #[test]
    fn only_an_origin_of_this_machine_stands_in_for_meta() {
        for (text, is_one) in [
            ("http://127.0.0.1:8090", true),
            ("https://localhost", true),
            ("http://[::1]:8090", true),
            ("http://127.0.0.1:8090/", false),
            ("http://127.0.0.1:8090/page", false),
            ("http://user@127.0.0.1:8090", false),
            ("https://www.example.com", false),
            ("127.0.0.1:8090", false),
            ("null", false),
            ("*", false),
        ] {
            assert_eq!(is_origin_here(text), is_one, "{text}");
        }
    }
}
