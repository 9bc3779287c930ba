//! One struct a section of `config.toml`. What a key means stands there, beside its default.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::Problem;
use crate::tls::TlsFiles;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sip {
    pub listen: SocketAddr,
    pub advertise: Option<Vec<IpAddr>>,
    pub tls_listen: Option<SocketAddr>,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub tls_client_authorities: Option<PathBuf>,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    pub max_calls: usize,
    #[serde(with = "humantime_serde")]
    pub drain_limit: Duration,
    pub trunks: Vec<Trunk>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    pub name: String,
    pub addresses: Vec<IpNet>,
}

impl Sip {
    /// The addresses peers are told to use.
    pub fn advertised_addresses(&self) -> Vec<IpAddr> {
        self.advertise.clone().unwrap_or_else(|| vec![self.listen.ip()])
    }

    /// The files for SIP over TLS, when it is switched on.
    pub fn tls(&self) -> Option<TlsFiles> {
        tls_files(self.tls_certificate.as_deref(), self.tls_key.as_deref())
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let advertised = self.advertised_addresses();
        if advertised.iter().any(IpAddr::is_unspecified) || advertised.is_empty() {
            problems.push(Problem::new(
                "sip.advertise",
                "sip.listen is a wildcard, so write here the address that your trunks reach",
            ));
        }
        if let [first, others @ ..] = advertised.as_slice()
            && (others.len() > 1 || others.iter().any(|other| other.is_ipv4() == first.is_ipv4()))
        {
            problems.push(Problem::new("sip.advertise", "at most one IPv4 and one IPv6 address"));
        }
        problems.extend(check_tls_pair("sip", &self.tls_certificate, &self.tls_key));
        if self.tls_listen.is_some() != self.tls().is_some() {
            problems.push(Problem::new(
                "sip.tls_listen",
                "goes together with sip.tls_certificate and sip.tls_key",
            ));
        }
        for (key, value) in [
            ("sip.max_connections", self.max_connections),
            ("sip.max_connections_per_address", self.max_connections_per_address),
        ] {
            if value == 0 {
                problems.push(Problem::new(key, "must be at least 1"));
            }
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

impl Web {
    /// The files for HTTPS, when it is switched on.
    pub fn tls(&self) -> Option<TlsFiles> {
        tls_files(self.tls_certificate.as_deref(), self.tls_key.as_deref())
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
        problems.extend(check_tls_pair("web", &self.tls_certificate, &self.tls_key));
        if self.max_connections == 0 {
            problems.push(Problem::new("web.max_connections", "must be at least 1"));
        }
        if self.heartbeat.is_zero() {
            problems.push(Problem::new("web.heartbeat", "must be longer than zero"));
        }
        problems
    }
}

fn tls_files(certificate: Option<&Path>, key: Option<&Path>) -> Option<TlsFiles> {
    Some(TlsFiles { certificate: certificate?.to_owned(), key: key?.to_owned() })
}

/// A certificate is of no use without its key, nor the other way round.
fn check_tls_pair(
    section: &str,
    certificate: &Option<PathBuf>,
    key: &Option<PathBuf>,
) -> Option<Problem> {
    let (missing, there) = match (certificate, key) {
        (None, Some(_)) => ("tls_certificate", "tls_key"),
        (Some(_), None) => ("tls_key", "tls_certificate"),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let what = format!("is needed as well when {section}.{there} is set");
    Some(Problem::new(&format!("{section}.{missing}"), what))
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
