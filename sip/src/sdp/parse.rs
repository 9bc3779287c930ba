//! Reading a session description, leniently: bare LF, a missing `s=`, attributes in any order,
//! unknown lines.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::Direction;
use super::crypto::CryptoLine;
use crate::error::PeerMisbehaved;

/// More `m=` lines than this make no description but an attack.
const MAX_MEDIA: usize = 16;
/// Formats and `a=rtpmap` lines of one `m=`: there are no more payload types. The rest is passed
/// over.
const MAX_FORMATS: usize = 128;
/// `a=crypto` lines of one `m=`. The rest is passed over.
const MAX_CRYPTO: usize = 16;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SessionDescription {
    /// The `o=` line, verbatim: a description with the same one is the same description (RFC 3264
    /// §8).
    pub(crate) origin: Option<String>,
    pub(crate) connection: Option<Connection>,
    pub(crate) direction: Option<Direction>,
    pub(crate) media: Vec<MediaDescription>,
}

/// One `m=` line and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaDescription {
    pub(crate) kind: String,
    pub(crate) port: u16,
    pub(crate) protocol: String,
    /// Verbatim, for a line that is turned down with the formats it came with.
    pub(crate) formats: Vec<String>,
    pub(crate) connection: Option<Connection>,
    pub(crate) direction: Option<Direction>,
    pub(crate) packet_time: Option<Duration>,
    pub(crate) encodings: Vec<Encoding>,
    /// Whether RTCP may come on the port of RTP (RFC 5761 §5.1.1).
    pub(crate) rtcp_mux: bool,
    pub(crate) rtcp: Option<RtcpLine>,
    /// The `a=crypto` lines that we can use.
    pub(crate) crypto: Vec<CryptoLine>,
}

/// An `a=rtcp` line (RFC 3605 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RtcpLine {
    pub(crate) port: u16,
    /// That of the `c=` line if it is not there.
    pub(crate) address: Option<IpAddr>,
}

/// A `c=` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    Address(IpAddr),
    /// A host name, which is not resolved here, or what cannot be read: no media can be sent there.
    Unusable,
}

/// An `a=rtpmap` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) payload_type: u8,
    pub(crate) name: String,
    pub(crate) clock_rate: u32,
    pub(crate) channels: u8,
}

/// Reads a description. What is wrong with a line that does not matter to us is passed over.
pub(crate) fn parse(body: &[u8]) -> Result<SessionDescription, PeerMisbehaved> {
    // Names of sessions may be in any character set; what we read is ASCII.
    let text = String::from_utf8_lossy(body);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    if lines.next() != Some("v=0") {
        return Err(PeerMisbehaved::SessionDescription);
    }
    let mut session = SessionDescription::default();
    for line in lines {
        let Some((kind, value)) = line.split_once('=') else {
            continue;
        };
        match kind.trim() {
            "m" => {
                session.media.push(parse_media(value).ok_or(PeerMisbehaved::SessionDescription)?);
                if session.media.len() > MAX_MEDIA {
                    return Err(PeerMisbehaved::SessionDescription);
                }
            }
            "o" => session.origin = Some(value.trim().to_owned()),
            "c" => *session.scope().connection = Some(parse_connection(value)),
            "a" => session.attribute(value),
            _ => {}
        }
    }
    Ok(session)
}

/// What may stand in front of the first `m=` or belong to the last one.
struct Scope<'a> {
    connection: &'a mut Option<Connection>,
    direction: &'a mut Option<Direction>,
}

impl SessionDescription {
    fn scope(&mut self) -> Scope<'_> {
        match self.media.last_mut() {
            Some(media) => {
                Scope { connection: &mut media.connection, direction: &mut media.direction }
            }
            None => Scope { connection: &mut self.connection, direction: &mut self.direction },
        }
    }

    fn attribute(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let (name, value) = (name.trim(), value.trim());
        let direction = match name {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        };
        if direction.is_some() {
            *self.scope().direction = direction;
            return;
        }
        let Some(media) = self.media.last_mut() else {
            return;
        };
        match name {
            "rtpmap" if media.encodings.len() < MAX_FORMATS => {
                media.encodings.extend(parse_rtpmap(value));
            }
            "ptime" => media.packet_time = parse_packet_time(value),
            "rtcp-mux" => media.rtcp_mux = true,
            "rtcp" => media.rtcp = parse_rtcp(value),
            "crypto" if media.crypto.len() < MAX_CRYPTO => {
                media.crypto.extend(CryptoLine::parse(value));
            }
            _ => {}
        }
    }
}

/// `audio 49170/2 RTP/AVP 0 8`
fn parse_media(value: &str) -> Option<MediaDescription> {
    let mut words = value.split_whitespace();
    let kind = words.next()?.to_owned();
    let port = words.next()?;
    let port = port.split_once('/').map_or(port, |(port, _count)| port).parse().ok()?;
    Some(MediaDescription {
        kind,
        port,
        protocol: words.next()?.to_owned(),
        formats: words.take(MAX_FORMATS).map(str::to_owned).collect(),
        connection: None,
        direction: None,
        packet_time: None,
        encodings: Vec::new(),
        rtcp_mux: false,
        rtcp: None,
        crypto: Vec::new(),
    })
}

/// `IN IP4 192.0.2.1/127`
fn parse_connection(value: &str) -> Connection {
    let mut words = value.split_whitespace().skip(1);
    let (kind, address) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let address = address.split_once('/').map_or(address, |(address, _ttl)| address);
    let address = match kind.to_ascii_uppercase().as_str() {
        "IP4" => address.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        "IP6" => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        _ => None,
    };
    address.map_or(Connection::Unusable, Connection::Address)
}

/// `53020` or `53020 IN IP6 2001:db8::1`
fn parse_rtcp(value: &str) -> Option<RtcpLine> {
    let (port, connection) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    let address = match parse_connection(connection) {
        Connection::Address(address) => Some(address),
        Connection::Unusable => None,
    };
    let port = port.parse().ok().filter(|port| *port != 0)?;
    Some(RtcpLine { port, address })
}

/// `96 L16/8000/2`
fn parse_rtpmap(value: &str) -> Option<Encoding> {
    let (payload_type, encoding) = value.split_once(char::is_whitespace)?;
    let mut parts = encoding.trim().split('/');
    let name = parts.next()?.to_owned();
    let clock_rate = parts.next()?.trim().parse().ok()?;
    let channels = parts.next().map_or(Some(1), |channels| channels.trim().parse().ok())?;
    let payload_type = payload_type.parse().ok().filter(|payload_type| *payload_type < 128)?;
    Some(Encoding { payload_type, name, clock_rate, channels })
}

/// Milliseconds, of which some peers write a fraction. What is no packet time is none.
fn parse_packet_time(value: &str) -> Option<Duration> {
    let whole = value.split_once('.').map_or(value, |(whole, _)| whole);
    whole
        .parse()
        .ok()
        .filter(|milliseconds| (1..=200).contains(milliseconds))
        .map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_bare_line_ends_a_missing_subject_and_attributes_in_front_of_their_codec() {
        let body = b"v=0\no=- 1 1 IN IP4 10.0.0.1\nc=IN IP4 192.0.2.1/127\na=sendonly\nt=0 0\n\
            m=audio 4000/2 RTP/AVP 97 0\na=ptime:30.0\na=rtpmap:97 PCMA/8000/1\nc=IN IP6 2001:db8::1\n\
            a=rtcp:4003 IN IP4 192.0.2.9\na=rtcp-mux\na=crypto:1 UNKNOWN inline:x\nx\n";
        let audio = MediaDescription {
            kind: "audio".to_owned(),
            port: 4000,
            protocol: "RTP/AVP".to_owned(),
            formats: vec!["97".to_owned(), "0".to_owned()],
            connection: Some(Connection::Address("2001:db8::1".parse().unwrap())),
            direction: None,
            packet_time: Some(Duration::from_millis(30)),
            encodings: vec![Encoding {
                payload_type: 97,
                name: "PCMA".to_owned(),
                clock_rate: 8000,
                channels: 1,
            }],
            rtcp_mux: true,
            rtcp: Some(RtcpLine { port: 4003, address: Some("192.0.2.9".parse().unwrap()) }),
            crypto: Vec::new(),
        };
        let session = SessionDescription {
            origin: Some("- 1 1 IN IP4 10.0.0.1".to_owned()),
            connection: Some(Connection::Address("192.0.2.1".parse().unwrap())),
            direction: Some(Direction::SendOnly),
            media: vec![audio],
        };
        assert_eq!(parse(body), Ok(session));
    }

    #[test]
    fn refuses_what_is_no_description_and_media_without_a_port() {
        for body in [
            &b""[..],
            b"hello",
            b"v=1\n",
            b"v=0\nm=audio\n",
            b"v=0\nm=audio 70000 RTP/AVP 0\n",
            b"\xff\xfe",
        ] {
            assert_eq!(
                parse(body),
                Err(PeerMisbehaved::SessionDescription),
                "{}",
                body.escape_ascii()
            );
        }
    }

    #[test]
    fn a_flood_of_lines_is_refused_and_one_of_formats_is_cut() {
        let lines = |count| format!("v=0\n{}", "m=audio 1 RTP/AVP 0\n".repeat(count));
        assert_eq!(parse(lines(16).as_bytes()).unwrap().media.len(), 16);
        assert_eq!(parse(lines(17).as_bytes()), Err(PeerMisbehaved::SessionDescription));
        let formats = format!(
            "v=0\nm=audio 1 RTP/AVP{}\n{}",
            " 0".repeat(1_000),
            "a=rtpmap:0 PCMU/8000\n".repeat(1_000)
        );
        let session = parse(formats.as_bytes()).unwrap();
        let media = &session.media[0];
        assert_eq!((media.formats.len(), media.encodings.len()), (128, 128));
    }

    #[test]
    fn a_host_name_is_of_no_use_and_an_absurd_packet_time_is_none() {
        let session =
            parse(b"v=0\nc=IN IP4 host.example\nm=audio 1 RTP/AVP 0\na=ptime:99999\n").unwrap();
        assert_eq!(
            (session.connection, session.media[0].packet_time),
            (Some(Connection::Unusable), None)
        );
    }
}
