//! Session descriptions (RFC 8866) and offer/answer (RFC 3264): one audio stream, G.711,
//! telephone-event. Knows nothing of SIP messages.

mod answer;
mod offer;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) use answer::Negotiation;
pub(crate) use offer::Offer;
pub(crate) use parse::parse;

/// An audio codec of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law, static payload type 0.
    Pcmu,
    /// G.711 A-law, static payload type 8.
    Pcma,
}

impl Codec {
    /// The name in `a=rtpmap`.
    pub(crate) fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The payload type of RFC 3551, good without an `a=rtpmap`.
    pub(crate) fn static_payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }
}

/// Who sends media, seen from the description it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both.
    SendRecv,
    /// Only this end.
    SendOnly,
    /// Only the other end.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The same thing seen from the other end (RFC 3264 §6.1).
    pub(crate) fn reversed(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }
}

/// What offer and answer settled: the one audio stream of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPlan {
    /// Where the peer wants to receive audio. Unspecified (`0.0.0.0`) while it holds the call.
    pub remote: SocketAddr,
    /// The codec both ends use.
    pub codec: Codec,
    /// The RTP payload type of the codec.
    pub payload_type: u8,
    /// The RTP payload type of telephone-event (RFC 4733), if it was settled.
    pub telephone_event: Option<u8>,
    /// The packet time the peer asked for.
    pub packet_time: Option<Duration>,
    /// Who sends, seen from us: audio may come with `SendRecv` and `RecvOnly`.
    pub direction: Direction,
}

/// What stands in the `o=` line of a description of ours (RFC 8866 §5.2). The version grows when
/// the description changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    pub(crate) session: u64,
    pub(crate) version: u64,
}

/// An audio line of ours with its attributes.
struct AudioLine<'a> {
    port: u16,
    protocol: &'a str,
    /// Payload types and their codecs, in order of preference.
    codecs: &'a [(u8, Codec)],
    telephone_event: Option<u8>,
    packet_time: Option<Duration>,
    direction: Direction,
}

impl fmt::Display for AudioLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m=audio {} {}", self.port, self.protocol)?;
        let payload_types = self.codecs.iter().map(|(payload_type, _)| *payload_type);
        for payload_type in payload_types.chain(self.telephone_event) {
            write!(f, " {payload_type}")?;
        }
        write!(f, "\r\n")?;
        for (payload_type, codec) in self.codecs {
            write!(f, "a=rtpmap:{payload_type} {}/8000\r\n", codec.encoding_name())?;
        }
        if let Some(event) = self.telephone_event {
            write!(f, "a=rtpmap:{event} telephone-event/8000\r\na=fmtp:{event} 0-15\r\n")?;
        }
        if let Some(packet_time) = self.packet_time {
            write!(f, "a=ptime:{}\r\n", packet_time.as_millis())?;
        }
        write!(f, "a={}\r\n", self.direction.attribute())
    }
}

/// The kind of an address and the address itself, as in `c=` and `o=`.
struct NetworkAddress(SocketAddr);

impl fmt::Display for NetworkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ip = self.0.ip().to_canonical();
        write!(f, "IN {} {ip}", if ip.is_ipv4() { "IP4" } else { "IP6" })
    }
}

/// The lines in front of the first `m=` of a description of ours.
fn session_lines(origin: Origin, media_address: SocketAddr) -> String {
    format!(
        "v=0\r\no=- {} {} {}\r\ns=-\r\nc={}\r\nt=0 0\r\n",
        origin.session,
        origin.version,
        NetworkAddress(origin.address),
        NetworkAddress(media_address)
    )
}
