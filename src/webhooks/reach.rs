//! Which receivers may be asked: nobody's words lead us into a network that they can not reach themselves.
//! Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::domain::WebhookUrl;

/// Which addresses may be asked.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Networks that the operator has named: of theirs, and yet to be asked, also over plain http.
    allowed: Vec<IpNet>,
}

/// Why a receiver is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    #[error("the address is one of a private network")]
    Private,
    #[error("the address has to begin with https://")]
    Plain,
}

impl Reach {
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether a receiver may be asked, as far as its name tells.
    pub(super) fn check(&self, url: &WebhookUrl) -> Result<(), Forbidden> {
        match url.address() {
            Some(address) => self.check_resolved(url, address),
            // What the name resolves to is looked at each time that it is asked.
            None if url.is_secure() || !self.allowed.is_empty() => Ok(()),
            None => Err(Forbidden::Plain),
        }
    }

    /// Whether a receiver may be asked at this address.
    pub(super) fn check_resolved(
        &self,
        url: &WebhookUrl,
        address: IpAddr,
    ) -> Result<(), Forbidden> {
        if self.allowed.iter().any(|network| network.contains(&address)) {
            return Ok(());
        }
        if !is_public(address) {
            return Err(Forbidden::Private);
        }
        if url.is_secure() { Ok(()) } else { Err(Forbidden::Plain) }
    }
}

/// Whether an address is one of the internet (IANA's registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = match (first, second, third) {
        // Here, private, loopback, link-local, multicast, reserved, broadcast.
        (0 | 10 | 127 | 224..=255, _, _) => true,
        (172, 16..=31, _) | (192, 168, _) | (169, 254, _) => true,
        // Of a provider's own network (RFC 6598).
        (100, 64..=127, _) => true,
        // Protocol assignments, documentation, 6to4 relays, benchmarks.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) => true,
        (198, 51, 100) | (203, 0, 113) => true,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Only what is assigned for the internet so far (2000::/3).
    if segments[0] & 0xe000 != 0x2000 {
        return false;
    }
    match (segments[0], segments[1]) {
        // Protocol assignments (Teredo among them), documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // 6to4: leads to the IPv4 address in it.
        (0x2002, _) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reach: &Reach, url: &str) -> Result<(), Forbidden> {
        reach.check(&url.parse().unwrap())
    }

    #[test]
    fn private_addresses_are_refused_however_they_are_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[ff02::1]",
            "[2001:db8::1]",
        ] {
            let refused = check(&Reach::default(), &format!("https://{host}/hooks"));
            assert_eq!(refused, Err(Forbidden::Private), "{host}");
        }
        for host in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "[2606:4700::1111]", "example.com"] {
            assert_eq!(check(&Reach::default(), &format!("https://{host}/")), Ok(()), "{host}");
        }
    }

    #[test]
    fn http_is_for_networks_that_the_operator_has_named() {
        for url in ["http://8.8.8.8/", "http://example.com/"] {
            assert_eq!(check(&Reach::default(), url), Err(Forbidden::Plain), "{url}");
        }
        let own = Reach::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert_eq!(check(&own, "http://127.0.0.1:8080/"), Ok(()));
        assert_eq!(check(&own, "http://10.0.0.1/"), Err(Forbidden::Private));
        let named = "http://example.com/".parse().unwrap();
        let elsewhere = own.check_resolved(&named, "8.8.8.8".parse().unwrap());
        assert_eq!(elsewhere, Err(Forbidden::Plain), "what it resolves to decides");
        assert_eq!(own.check_resolved(&named, "127.0.0.1".parse().unwrap()), Ok(()));
    }
}
