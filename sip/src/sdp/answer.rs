//! Answering an offer (RFC 3264 §6): the first usable audio line gets one codec, every other line
//! is turned down.

use std::net::SocketAddr;

use super::parse::{Connection, MediaDescription, SessionDescription};
use super::{AudioLine, Codec, Direction, MediaPlan, Origin, session_lines};
use crate::error::PeerIncompatible;

/// An offer we can answer. Where our media arrives is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Negotiation {
    plan: MediaPlan,
    /// Index of the line the plan is for.
    accepted: usize,
    lines: Vec<MediaDescription>,
}

impl Negotiation {
    /// Chooses from an offer: the codec in use, if there is one and it is still offered, or else
    /// the offerer's first that is ours.
    pub(crate) fn of_offer(
        offer: SessionDescription,
        in_use: Option<Codec>,
    ) -> Result<Self, PeerIncompatible> {
        let mut refusal = PeerIncompatible::NoAudio;
        for (accepted, line) in offer.media.iter().enumerate() {
            match plan(&offer, line, in_use) {
                Ok(plan) => {
                    return Ok(Self { plan, accepted, lines: offer.media });
                }
                // A line whose codecs are foreign says more than a line that is no audio at all.
                Err(PeerIncompatible::NoCommonCodec) => refusal = PeerIncompatible::NoCommonCodec,
                Err(PeerIncompatible::NoAudio) => {}
            }
        }
        Err(refusal)
    }

    pub(crate) fn plan(&self) -> &MediaPlan {
        &self.plan
    }

    /// The answer: as many `m=` lines as the offer has, in its order.
    pub(crate) fn answer(&self, origin: Origin, media_address: SocketAddr) -> Vec<u8> {
        let mut text = session_lines(origin, media_address);
        for (index, line) in self.lines.iter().enumerate() {
            if index == self.accepted {
                text.push_str(&self.accepted_line(line, media_address.port()));
            } else {
                text.push_str(&turned_down(line));
            }
        }
        text.into_bytes()
    }

    fn accepted_line(&self, line: &MediaDescription, port: u16) -> String {
        let audio = AudioLine {
            port,
            protocol: &line.protocol,
            codecs: &[(self.plan.payload_type, self.plan.codec)],
            telephone_event: self.plan.telephone_event,
            packet_time: self.plan.packet_time,
            direction: self.plan.direction,
        };
        audio.to_string()
    }
}

/// Port 0, and the formats as they were offered (RFC 3264 §6).
fn turned_down(line: &MediaDescription) -> String {
    let formats = if line.formats.is_empty() { "0".to_owned() } else { line.formats.join(" ") };
    format!("m={} 0 {} {formats}\r\n", line.kind, line.protocol)
}

/// What we make of one line of the peer's, whether it is an offer or an answer.
pub(super) fn plan(
    session: &SessionDescription,
    line: &MediaDescription,
    in_use: Option<Codec>,
) -> Result<MediaPlan, PeerIncompatible> {
    let is_plain_audio =
        line.kind.eq_ignore_ascii_case("audio") && line.protocol.eq_ignore_ascii_case("RTP/AVP");
    let connection =
        line.connection.or(session.connection).filter(|_| is_plain_audio && line.port != 0);
    let Some(Connection::Address(address)) = connection else {
        return Err(PeerIncompatible::NoAudio);
    };
    let mut codecs = line.payload_types().filter_map(|number| Some((number, line.codec(number)?)));
    let kept = codecs.clone().find(|(_, codec)| Some(*codec) == in_use);
    let (payload_type, codec) =
        kept.or_else(|| codecs.next()).ok_or(PeerIncompatible::NoCommonCodec)?;
    let direction = line.direction.or(session.direction).unwrap_or(Direction::SendRecv);
    Ok(MediaPlan {
        remote: SocketAddr::new(address, line.port),
        codec,
        payload_type,
        telephone_event: line.payload_types().find(|number| line.is_telephone_event(*number)),
        packet_time: line.packet_time,
        direction: direction.reversed(),
    })
}

impl MediaDescription {
    /// The payload types of the line, in the peer's order of preference.
    fn payload_types(&self) -> impl Iterator<Item = u8> + Clone {
        self.formats.iter().filter_map(|format| format.parse().ok()).filter(|number| *number < 128)
    }

    fn codec(&self, payload_type: u8) -> Option<Codec> {
        let ours = [Codec::Pcmu, Codec::Pcma];
        match self.encodings.iter().find(|encoding| encoding.payload_type == payload_type) {
            Some(encoding) if encoding.clock_rate == 8000 && encoding.channels == 1 => ours
                .into_iter()
                .find(|codec| encoding.name.eq_ignore_ascii_case(codec.encoding_name())),
            Some(_) => None,
            None => ours.into_iter().find(|codec| codec.static_payload_type() == payload_type),
        }
    }

    fn is_telephone_event(&self, payload_type: u8) -> bool {
        self.encodings.iter().any(|encoding| {
            encoding.payload_type == payload_type
                && encoding.name.eq_ignore_ascii_case("telephone-event")
                && encoding.clock_rate == 8000
        })
    }
}
