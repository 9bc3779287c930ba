//! Making an offer, and reading the answer to it (RFC 3264 §5, §7).

use std::net::SocketAddr;
use std::time::Duration;

use super::answer::plan;
use super::parse::parse;
use super::{AudioLine, Codec, Direction, MediaPlan, Origin, session_lines};
use crate::error::{NegotiationError, PeerMisbehaved};

/// Our offer: PCMU, PCMA and telephone-event on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) origin: Origin,
    pub(crate) media_address: SocketAddr,
}

const TELEPHONE_EVENT: u8 = 101;
const PACKET_TIME: Duration = Duration::from_millis(20);

impl Offer {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let codecs = [Codec::Pcmu, Codec::Pcma].map(|codec| (codec.static_payload_type(), codec));
        let audio = AudioLine {
            port: self.media_address.port(),
            protocol: "RTP/AVP",
            codecs: &codecs,
            telephone_event: Some(TELEPHONE_EVENT),
            packet_time: Some(PACKET_TIME),
            direction: Direction::SendRecv,
        };
        format!("{}{audio}", session_lines(self.origin, self.media_address)).into_bytes()
    }

    /// What the answer settled.
    pub(crate) fn settle(answer: &[u8]) -> Result<MediaPlan, NegotiationError> {
        if answer.is_empty() {
            return Err(PeerMisbehaved::AnswerMissing.into());
        }
        let answer = parse(answer)?;
        let [line] = answer.media.as_slice() else {
            return Err(PeerMisbehaved::AnswerMismatch.into());
        };
        let plan = plan(&answer, line, None)?;
        // An answer may only choose among what was offered; we offered static payload types.
        if plan.payload_type != plan.codec.static_payload_type() {
            return Err(PeerMisbehaved::AnswerMismatch.into());
        }
        Ok(plan)
    }
}
