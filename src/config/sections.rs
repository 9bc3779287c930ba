//! One struct a section of `config.toml`. What a key means stands there, beside its default.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::Problem;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sip {
    pub listen: SocketAddr,
    pub advertise: Option<IpAddr>,
    pub max_calls: usize,
    pub trunks: Vec<Trunk>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    pub name: String,
    pub addresses: Vec<IpNet>,
}

impl Sip {
    /// The address peers are told to use.
    pub fn advertised_address(&self) -> IpAddr {
        self.advertise.unwrap_or(self.listen.ip())
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.advertised_address().is_unspecified() {
            problems.push(Problem::new(
                "sip.advertise",
                "sip.listen is a wildcard, so write here the address that your trunks reach",
            ));
        }
        if self.max_calls == 0 {
            problems.push(Problem::new("sip.max_calls", "must be at least 1"));
        }
        problems
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rtp {
    pub address: IpAddr,
    pub first_port: u16,
    pub last_port: u16,
    #[serde(with = "humantime_serde")]
    pub media_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub reorder_window: Duration,
}

impl Rtp {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.first_port == 0 {
            problems.push(Problem::new("rtp.first_port", "must be at least 1"));
        }
        if self.last_port < self.first_port {
            problems.push(Problem::new("rtp.last_port", "is below rtp.first_port"));
        }
        problems
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    #[serde(with = "humantime_serde")]
    pub max_duration: Duration,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codes {
    #[serde(with = "humantime_serde")]
    pub valid_for: Duration,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speech {
    pub enabled: bool,
    pub model: PathBuf,
    pub model_sha256: String,
    pub workers: usize,
    pub threads_per_worker: usize,
}

impl Speech {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, value) in [
            ("speech.workers", self.workers),
            ("speech.threads_per_worker", self.threads_per_worker),
        ] {
            if !(1..=1024).contains(&value) {
                problems.push(Problem::new(key, "must be between 1 and 1024"));
            }
        }
        let is_digest = self.model_sha256.len() == 64
            && self.model_sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_digest && !self.model_sha256.is_empty() {
            problems.push(Problem::new(
                "speech.model_sha256",
                "must be 64 hexadecimal digits, as sha256sum prints them, or empty",
            ));
        }
        problems
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    pub path: PathBuf,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    pub listen: SocketAddr,
    pub public_url: String,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub max_connections: usize,
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
}

/// What HTTPS needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsFiles<'a> {
    pub certificate: &'a Path,
    pub key: &'a Path,
}

impl Web {
    /// The files for HTTPS, when it is switched on.
    pub fn tls(&self) -> Option<TlsFiles<'_>> {
        let certificate = self.tls_certificate.as_deref()?;
        let key = self.tls_key.as_deref()?;
        Some(TlsFiles { certificate, key })
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let is_http = ["http://", "https://"]
            .into_iter()
            .filter_map(|scheme| self.public_url.strip_prefix(scheme))
            .any(|rest| !rest.is_empty());
        if !is_http || self.public_url.ends_with('/') {
            problems.push(Problem::new(
                "web.public_url",
                "must begin with http:// or https:// and not end with a slash",
            ));
        }
        match (&self.tls_certificate, &self.tls_key) {
            (None, Some(_)) => problems.push(Problem::new(
                "web.tls_certificate",
                "is needed as well when web.tls_key is set",
            )),
            (Some(_), None) => problems.push(Problem::new(
                "web.tls_key",
                "is needed as well when web.tls_certificate is set",
            )),
            (Some(_), Some(_)) | (None, None) => {}
        }
        if self.max_connections == 0 {
            problems.push(Problem::new("web.max_connections", "must be at least 1"));
        }
        if self.heartbeat.is_zero() {
            problems.push(Problem::new("web.heartbeat", "must be longer than zero"));
        }
        problems
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}
