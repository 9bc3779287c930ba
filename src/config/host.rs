//! `host` or `host:port`, as an operator writes the servers of a trunk.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::Deserialize;

/// A server: its name or address, and its port where one is written. IPv6 addresses stand in
/// brackets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Host {
    pub name: HostName,
    pub port: Option<u16>,
}

/// What stands before the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostName {
    Address(IpAddr),
    /// A domain name (RFC 1123 §2.1), in lower case and without a dot at its end.
    Domain(String),
}

/// Text that is neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no host name, host:port, IPv4 address or [IPv6 address]")]
pub struct NoHost(String);

impl FromStr for Host {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        let malformed = || NoHost(text.to_owned());
        if let Ok(address) = text.parse::<SocketAddr>() {
            let port = Some(address.port()).filter(|port| *port != 0).ok_or_else(malformed)?;
            return Ok(Self { name: HostName::Address(address.ip()), port: Some(port) });
        }
        let address =
            text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = address.parse() {
            return Ok(Self { name: HostName::Address(address), port: None });
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => {
                let port = port.parse().ok().filter(|port| *port != 0);
                (name, Some(port.ok_or_else(malformed)?))
            }
            None => (text, None),
        };
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        // All digits and dots would be an IPv4 address with a mistake in it.
        let is_name = name.len() <= 253
            && name.split('.').all(is_label)
            && name.bytes().any(|byte| byte.is_ascii_alphabetic());
        is_name.then_some(Self { name: HostName::Domain(name), port }).ok_or_else(malformed)
    }
}

impl TryFrom<String> for Host {
    type Error = NoHost;

    fn try_from(text: String) -> Result<Self, NoHost> {
        text.parse()
    }
}

impl fmt::Display for HostName {
    /// As it stands in a URI.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V4(address)) => write!(formatter, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
            Self::Domain(name) => formatter.write_str(name),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(formatter, "{}:{port}", self.name),
            None => write!(formatter, "{}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_addresses_with_and_without_a_port() {
        let domain = |name: &str| HostName::Domain(name.to_owned());
        let address = |text: &str| HostName::Address(text.parse().unwrap());
        for (text, name, port) in [
            ("SIP.example.com.", domain("sip.example.com"), None),
            ("pbx:5070", domain("pbx"), Some(5070)),
            ("192.0.2.1", address("192.0.2.1"), None),
            ("192.0.2.1:5070", address("192.0.2.1"), Some(5070)),
            ("2001:db8::1", address("2001:db8::1"), None),
            ("[2001:db8::1]", address("2001:db8::1"), None),
            ("[2001:db8::1]:5070", address("2001:db8::1"), Some(5070)),
        ] {
            assert_eq!(text.parse(), Ok(Host { name, port }), "{text}");
        }
        assert_eq!("[2001:db8::1]:5070".parse::<Host>().unwrap().to_string(), "[2001:db8::1]:5070");
        assert_eq!("2001:db8::1".parse::<Host>().unwrap().to_string(), "[2001:db8::1]");
    }

    #[test]
    fn refuses_what_is_neither() {
        for text in [
            "",
            ".",
            "a..b",
            "a b",
            "sip:example.com",
            "example.com:0",
            "example.com:99999",
            "example.com:",
            "192.0.2",
            "192.0.2.256",
            "[::1",
            "ex\u{e4}mple.com",
            "192.0.2.1:0",
        ] {
            assert_eq!(text.parse::<Host>(), Err(NoHost(text.to_owned())), "{text}");
        }
    }
}
