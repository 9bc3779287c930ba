//! One struct a section of `config.toml`. What a key means stands there, beside its default.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::Problem;
use super::trunks::{self, Trunk, TrunkTransport};
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
    pub trace_megabytes: u16,
    pub trunks: Vec<Trunk>,
}

impl Sip {
    /// Memory for the newest SIP messages, in bytes.
    pub fn trace_bytes(&self) -> usize {
        usize::from(self.trace_megabytes) * 1_000_000
    }

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
        if self.tls_client_authorities.is_some() && self.tls_listen.is_none() {
            let what = "goes together with sip.tls_listen";
            problems.push(Problem::new("sip.tls_client_authorities", what));
        }
        problems.extend(trunks::check_names(&self.trunks));
        problems.extend(self.trunks.iter().enumerate().filter_map(|(number, trunk)| {
            let (key, what) = self.cannot_call(trunk)?;
            Some(Problem::new(&format!("sip.trunks[{number}].{key}"), what))
        }));
        problems
    }

    /// The key of a trunk for which no call of it would be taken, and why.
    fn cannot_call(&self, trunk: &Trunk) -> Option<(&'static str, &'static str)> {
        let asks_for_certificates = self.tls_client_authorities.is_some();
        if trunk.tls_client_name.is_some() && !asks_for_certificates {
            let what = "nobody is asked for a certificate without sip.tls_client_authorities";
            return Some(("tls_client_name", what));
        }
        let needs_tls =
            trunk.transport == Some(TrunkTransport::Tls) && trunk.registration.is_none();
        let what = "its calls would arrive at sip.tls_listen, which is not set";
        (needs_tls && self.tls_listen.is_none()).then_some(("transport", what))
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
    #[serde(with = "humantime_serde")]
    pub port_rest: Duration,
    pub comfort_silence: bool,
}

/// Where Linux tells which ports it gives to programs that ask for none in particular.
const EPHEMERAL_PORTS: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// A rest longer than this is a mistake: ports would run out at a few calls a second.
const LONGEST_PORT_REST: Duration = Duration::from_secs(600);

impl Rtp {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.first_port == 0 {
            problems.push(Problem::new("rtp.first_port", "must be at least 1"));
        }
        if self.last_port < self.first_port {
            problems.push(Problem::new("rtp.last_port", "is below rtp.first_port"));
        }
        if self.port_rest > LONGEST_PORT_REST {
            problems.push(Problem::new("rtp.port_rest", "must be 10 minutes at most"));
        }
        problems
    }

    /// What works and is a risk on this host.
    pub(super) fn warnings(&self) -> Vec<Problem> {
        let ephemeral = std::fs::read_to_string(EPHEMERAL_PORTS).ok();
        ephemeral.and_then(|range| self.overlap(&range)).into_iter().collect()
    }

    /// A port that the system may give to any program may be taken when a call needs it.
    fn overlap(&self, ephemeral: &str) -> Option<Problem> {
        let mut ports = ephemeral.split_whitespace().map(str::parse::<u16>);
        let (first, last) = (ports.next()?.ok()?, ports.next()?.ok()?);
        let overlaps = self.first_port <= last && first <= self.last_port;
        overlaps.then(|| {
            Problem::new(
                "rtp.first_port",
                format!(
                    "the range up to rtp.last_port overlaps the ephemeral ports of this system, \
                     {first} to {last}: choose another one, or reserve it in \
                     net.ipv4.ip_local_reserved_ports"
                ),
            )
        })
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
pub struct Recordings {
    pub directory: Option<PathBuf>,
    #[serde(default, with = "humantime_serde")]
    pub keep_for: Option<Duration>,
    pub max_megabytes: u32,
}

impl Recordings {
    /// Disk space for all of them, in bytes.
    pub fn max_bytes(&self) -> u64 {
        u64::from(self.max_megabytes) * 1_000_000
    }

    /// A code is in its recording, so neither may be kept for longer than it is valid.
    pub(super) fn check(&self, codes: &Codes) -> Vec<Problem> {
        let outlives = self.keep_for.is_some_and(|keep_for| keep_for > codes.valid_for);
        let problem = "must not be longer than codes.valid_for: a code is heard in it";
        outlives.then(|| Problem::new("recordings.keep_for", problem)).into_iter().collect()
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speech {
    pub enabled: bool,
    pub model: PathBuf,
    pub model_sha256: String,
    /// Empty for none.
    judge: PathBuf,
    pub judge_sha256: String,
    pub threads: usize,
    pub max_calls: usize,
}

impl Speech {
    /// The model that judges what may be a code, if there is one.
    pub fn judge(&self) -> Option<&Path> {
        Some(self.judge.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    /// Takes a relative path as one below `directory`.
    pub(super) fn resolve_paths(&mut self, directory: &Path) {
        self.model = directory.join(&self.model);
        if self.judge().is_some() {
            self.judge = directory.join(&self.judge);
        }
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(1..=1024).contains(&self.threads) {
            problems.push(Problem::new("speech.threads", "must be between 1 and 1024"));
        }
        if self.max_calls == 0 {
            problems.push(Problem::new("speech.max_calls", "must be at least 1"));
        }
        for (key, digest) in [
            ("speech.model_sha256", &self.model_sha256),
            ("speech.judge_sha256", &self.judge_sha256),
        ] {
            let is_digest =
                digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_digest && !digest.is_empty() {
                let problem = "must be 64 hexadecimal digits, as sha256sum prints them, or empty";
                problems.push(Problem::new(key, problem));
            }
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
pub struct Secrets {
    pub key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    pub listen: SocketAddr,
    pub public_url: String,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub trusted_proxies: Vec<IpNet>,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
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
        for (key, value) in [
            ("web.max_connections", self.max_connections),
            ("web.max_connections_per_address", self.max_connections_per_address),
        ] {
            if value == 0 {
                problems.push(Problem::new(key, "must be at least 1"));
            }
        }
        if self.heartbeat.is_zero() {
            problems.push(Problem::new("web.heartbeat", "must be longer than zero"));
        }
        problems
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    pub requests_per_minute: u32,
}

impl Api {
    pub(super) fn check(&self) -> Vec<Problem> {
        if self.requests_per_minute == 0 {
            return vec![Problem::new("api.requests_per_minute", "must be at least 1")];
        }
        Vec::new()
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    pub authorities: PathBuf,
    pub allow_networks: Vec<IpNet>,
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
pub struct Control {
    pub socket: Option<PathBuf>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtp_ports_that_the_system_gives_to_anybody_are_a_risk() {
        let rtp = |first_port, last_port| Rtp {
            address: IpAddr::from([127, 0, 0, 1]),
            first_port,
            last_port,
            media_timeout: Duration::from_secs(20),
            reorder_window: Duration::from_millis(100),
            port_rest: Duration::from_secs(2),
            comfort_silence: true,
        };
        for ((first, last), is_risk) in [
            ((20_000, 32_767), false),
            ((20_000, 32_768), true),
            ((40_000, 50_000), true),
            ((60_999, 65_535), true),
            ((61_000, 65_535), false),
        ] {
            let problem = rtp(first, last).overlap("32768\t60999\n");
            assert_eq!(problem.is_some(), is_risk, "{first} to {last}");
        }
        assert_eq!(rtp(1, 65_535).overlap("unreadable"), None);
    }
}
