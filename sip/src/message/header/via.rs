//! Via: the way a response takes back (RFC 3261 §20.42, RFC 3581).

use std::net::SocketAddr;

use crate::Transport;
use crate::error::ParseError;
use crate::message::{Parameters, lexer};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Via {
    /// Of whoever wrote it. One that is not ours is told so in a 505, which must bring it back.
    version: Vec<u8>,
    transport: Vec<u8>,
    /// Host and port as written: half of the key of a transaction (RFC 3261 §17.2.3).
    sent_by: Vec<u8>,
    parameters: Parameters,
}

/// Marks a branch that is unique by itself (RFC 3261 §8.1.1.7).
const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

impl Via {
    pub(crate) fn parse(value: &[u8]) -> Result<Self, ParseError> {
        let malformed = || ParseError::Header { header: "Via" };
        let (protocol, rest) = lexer::split_once(value, b'/').ok_or_else(malformed)?;
        let (version, rest) = lexer::split_once(rest, b'/').ok_or_else(malformed)?;
        if !protocol.eq_ignore_ascii_case(b"SIP") || version.is_empty() {
            return Err(malformed());
        }
        let end = rest.iter().position(u8::is_ascii_whitespace).ok_or_else(malformed)?;
        let (transport, rest) = (&rest[..end], rest[end..].trim_ascii());
        let (sent_by, parameters) = lexer::split_once(rest, b';').unwrap_or((rest, b""));
        // Behind an open quote, `received` would be lost.
        if transport.is_empty() || sent_by.is_empty() || lexer::is_unfinished(value) {
            return Err(malformed());
        }
        Ok(Self {
            version: version.to_vec(),
            transport: transport.to_vec(),
            sent_by: sent_by.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect(),
            parameters: Parameters::parse(parameters),
        })
    }

    /// The Via of a request of our own, which asks for `rport` (RFC 3581 §3).
    pub(crate) fn ours(transport: Transport, local: SocketAddr, branch: &[u8]) -> Self {
        let mut parameters = Parameters::parse(b"rport");
        parameters.set("branch", branch);
        Self {
            version: b"2.0".to_vec(),
            transport: transport.in_via().into(),
            sent_by: local.to_string().into_bytes(),
            parameters,
        }
    }

    /// The branch, if it was made by RFC 3261.
    pub(crate) fn unique_branch(&self) -> Option<&[u8]> {
        let branch = self.parameters.value("branch")?;
        let cookie = branch.get(..MAGIC_COOKIE.len())?;
        (cookie.eq_ignore_ascii_case(MAGIC_COOKIE) && branch.len() > MAGIC_COOKIE.len())
            .then_some(branch)
    }

    /// The value of a parameter, empty if it has none.
    pub(crate) fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters.value(name)
    }

    pub(crate) fn sent_by(&self) -> &[u8] {
        &self.sent_by
    }

    /// This Via with the address the request really came from (RFC 3261 §18.2.1, RFC 3581 §4).
    pub(crate) fn received_from(&self, source: SocketAddr) -> Self {
        let mut via = self.clone();
        via.parameters.set("received", source.ip().to_canonical().to_string().as_bytes());
        via.parameters.set("rport", source.port().to_string().as_bytes());
        via
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = b"SIP/".to_vec();
        out.extend_from_slice(&self.version);
        out.push(b'/');
        out.extend_from_slice(&self.transport);
        out.push(b' ');
        out.extend_from_slice(&self.sent_by);
        self.parameters.write(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_blanks_round_every_separator() {
        let via =
            Via::parse(b"SIP  / 2.0\t / UDP  [2001:db8::9] : 5070 ; Branch = z9hG4bKa ;rport")
                .unwrap();
        assert_eq!(via.to_bytes(), b"SIP/2.0/UDP [2001:db8::9]:5070;Branch=z9hG4bKa;rport");
        assert_eq!(via.unique_branch(), Some(&b"z9hG4bKa"[..]));
    }

    #[test]
    fn a_branch_without_the_cookie_or_with_nothing_behind_it_is_not_unique() {
        for text in [
            "SIP/2.0/UDP a;branch=1",
            "SIP/2.0/UDP a",
            "SIP/2.0/UDP a;branch=z9hG4bK",
            "SIP/2.0/UDP a;branch",
        ] {
            assert_eq!(Via::parse(text.as_bytes()).unwrap().unique_branch(), None, "{text}");
        }
    }

    #[test]
    fn the_source_replaces_whatever_the_sender_claimed() {
        let via =
            Via::parse(b"SIP/2.0/UDP 10.0.0.1;received=6.6.6.6;rport;branch=z9hG4bKa").unwrap();
        let stamped = via.received_from("192.0.2.1:1024".parse().unwrap());
        assert_eq!(
            stamped.to_bytes(),
            b"SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;received=192.0.2.1;rport=1024"
        );
    }

    /// With and without brackets in `received`, both of which are written (RFC 5118 §4.5), and with
    /// the colon too many that the grammar of RFC 3261 makes (§4.10).
    #[test]
    fn an_ipv6_sender_is_understood_and_its_source_has_no_brackets() {
        for text in [
            "SIP/2.0/UDP [2001:db8::9:1]:5070;received=[2001:db8::9:255];branch=z9hG4bKa",
            "SIP/2.0/UDP [2001:db8::9:1]:5070;received=2001:db8::9:255;branch=z9hG4bKa",
            "SIP/2.0/UDP [2001:db8::9:1]:5070;branch=z9hG4bKa;rport",
        ] {
            let via = Via::parse(text.as_bytes()).unwrap();
            assert_eq!(
                via.received_from("[2001:db8::7]:1024".parse().unwrap()).to_bytes(),
                b"SIP/2.0/UDP [2001:db8::9:1]:5070;branch=z9hG4bKa;received=2001:db8::7;rport=1024",
                "{text}"
            );
        }
        let via = Via::parse(b"SIP/2.0/UDP [2001:db8:::192.0.2.1];branch=z9hG4bKa").unwrap();
        assert_eq!(via.sent_by(), b"[2001:db8:::192.0.2.1]");
    }

    #[test]
    fn another_version_is_given_back_as_it_came() {
        let via = Via::parse(b"SIP/7.0/UDP c.example.com;branch=z9hG4bKa").unwrap();
        assert_eq!(via.to_bytes(), b"SIP/7.0/UDP c.example.com;branch=z9hG4bKa");
    }

    #[test]
    fn refuses_another_protocol_a_missing_host_and_what_does_not_end() {
        for text in [
            "HTTP/1.1/TCP a",
            "SIP//UDP a",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ;branch=z9hG4bKa",
            "SIP/2.0/UDP a;branch=z9hG4bKa;x=\"b",
            "SIP/2.0/UDP a;branch=z9hG4bKa;x=<b",
            "SIP/2.0",
            "",
        ] {
            assert_eq!(
                Via::parse(text.as_bytes()),
                Err(ParseError::Header { header: "Via" }),
                "{text}"
            );
        }
    }
}
