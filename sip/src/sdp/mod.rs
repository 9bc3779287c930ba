//! Session descriptions (RFC 8866) and offer/answer (RFC 3264): one audio stream, G.711 or G.722,
//! telephone-event, comfort noise, SRTP by keys in the description. Knows nothing of SIP messages
//! but where a body has its description.

mod answer;
mod body;
mod crypto;
mod offer;
mod parse;
mod policy;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) use answer::{COMFORT_NOISE, Negotiation};
pub(crate) use body::{SESSION_TYPE, session_in};
pub use crypto::{MasterKey, SrtpKeys, SrtpSuite};
pub(crate) use offer::Offer;
pub(crate) use parse::parse;
pub use policy::{MediaPolicy, SrtpPolicy};

use crypto::CryptoLine;

/// An audio codec of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law, static payload type 0.
    Pcmu,
    /// G.711 A-law, static payload type 8.
    Pcma,
    /// G.722 at 64 kbit/s, static payload type 9.
    G722,
}

/// Ticks a second of the RTP timestamps of every codec here, and so the clock in `a=rtpmap`. For
/// G.722 it is an old error that was kept: its audio has 16,000 samples a second (RFC 3551
/// §4.5.2).
pub(crate) const CLOCK_RATE: u32 = 8_000;

impl Codec {
    /// Samples a second of its audio.
    pub fn sample_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::G722 => 16_000,
        }
    }

    /// The name in `a=rtpmap`.
    pub(crate) fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
        }
    }

    /// The payload type of RFC 3551, good without an `a=rtpmap`.
    pub(crate) fn static_payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
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

    /// The same thing for an end that has no address to receive at: the hold of RFC 2543, which
    /// `c=0.0.0.0` still means (RFC 3264 §8.4).
    pub(crate) fn without_receiving(self) -> Self {
        match self {
            Self::SendRecv | Self::SendOnly => Self::SendOnly,
            Self::RecvOnly | Self::Inactive => Self::Inactive,
        }
    }

    /// Whether this end may send.
    pub(crate) fn sends(self) -> bool {
        match self {
            Self::SendRecv | Self::SendOnly => true,
            Self::RecvOnly | Self::Inactive => false,
        }
    }
}

/// Where RTCP goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rtcp {
    /// To the address of RTP, and it comes on the port of RTP (RFC 5761).
    Muxed,
    /// To an address of its own, and it comes on the port above that of RTP.
    Separate(SocketAddr),
}

/// What offer and answer settled: the one audio stream of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPlan {
    /// Where the peer wants to receive audio. Unspecified (`0.0.0.0`) while it holds the call.
    pub remote: SocketAddr,
    /// Where the peer wants to receive reports.
    pub rtcp: Rtcp,
    /// The codec both ends use.
    pub codec: Codec,
    /// The RTP payload type of the codec.
    pub payload_type: u8,
    /// The RTP payload type of telephone-event (RFC 4733), if it was settled.
    pub telephone_event: Option<u8>,
    /// The RTP payload type of comfort noise (RFC 3389), if it was settled.
    pub comfort_noise: Option<u8>,
    /// The packet time the peer asked for.
    pub packet_time: Option<Duration>,
    /// Who sends, seen from us: audio may come with `SendRecv` and `RecvOnly`.
    pub direction: Direction,
    /// The keys, if the audio is encrypted. They print as stars.
    pub srtp: Option<SrtpKeys>,
}

/// What stands in the `o=` line of a description of ours (RFC 8866 §5.2). The version grows when
/// the description changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    pub(crate) session: u64,
    pub(crate) version: u64,
}

/// The `m=` lines of a call that are turned down, before and after the one with audio. A later
/// description has as many lines as the one before it (RFC 3264 §8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    before: Vec<String>,
    after: Vec<String>,
}

impl Layout {
    fn len(&self) -> usize {
        self.before.len() + 1 + self.after.len()
    }

    /// A whole description with this audio line.
    fn describe(&self, origin: Origin, media_address: SocketAddr, audio: &AudioLine<'_>) -> String {
        let mut text = session_lines(origin, media_address);
        text.extend(self.before.iter().map(String::as_str));
        text.push_str(&audio.to_string());
        text.extend(self.after.iter().map(String::as_str));
        text
    }
}

/// An audio line of ours with its attributes. RTCP comes on the port above, which needs no word
/// (RFC 3550 §11), or on the same.
struct AudioLine<'a> {
    port: u16,
    protocol: &'a str,
    /// Payload types and their codecs, in order of preference.
    codecs: &'a [(u8, Codec)],
    comfort_noise: Option<u8>,
    telephone_event: Option<u8>,
    packet_time: Option<Duration>,
    direction: Direction,
    rtcp_mux: bool,
    crypto: &'a [CryptoLine],
}

impl fmt::Display for AudioLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m=audio {} {}", self.port, self.protocol)?;
        let payload_types = self.codecs.iter().map(|(payload_type, _)| *payload_type);
        for payload_type in payload_types.chain(self.comfort_noise).chain(self.telephone_event) {
            write!(f, " {payload_type}")?;
        }
        write!(f, "\r\n")?;
        for (payload_type, codec) in self.codecs {
            write!(f, "a=rtpmap:{payload_type} {}/{CLOCK_RATE}\r\n", codec.encoding_name())?;
        }
        if let Some(noise) = self.comfort_noise {
            write!(f, "a=rtpmap:{noise} CN/{CLOCK_RATE}\r\n")?;
        }
        if let Some(event) = self.telephone_event {
            write!(f, "a=rtpmap:{event} telephone-event/{CLOCK_RATE}\r\na=fmtp:{event} 0-15\r\n")?;
        }
        for line in self.crypto {
            line.fmt(f)?;
        }
        if let Some(packet_time) = self.packet_time {
            write!(f, "a=ptime:{}\r\n", packet_time.as_millis())?;
        }
        if self.rtcp_mux {
            write!(f, "a=rtcp-mux\r\n")?;
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
