//! Frames to RTP datagrams (RFC 3550 §5.1).

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::FRAME_TICKS;
use super::codec::{Encoding, silent_byte};
use super::srtp::Outbound;
use crate::{Codec, MediaPlan, SrtpKeys};

/// What a sender needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderConfig {
    /// The codec of the audio.
    pub codec: Codec,
    /// Its payload type, of which seven bits count.
    pub payload_type: u8,
    /// The keys, if the audio is encrypted.
    pub srtp: Option<SrtpKeys>,
    /// Where SSRC, first sequence number and first timestamp come from.
    pub seed: [u8; 32],
}

impl SenderConfig {
    /// For the stream a plan describes.
    pub fn new(plan: &MediaPlan, seed: [u8; 32]) -> Self {
        Self { codec: plan.codec, payload_type: plan.payload_type, srtp: plan.srtp.clone(), seed }
    }
}

/// Makes the RTP datagrams of one stream, encrypted if there are keys.
#[derive(Debug)]
pub struct Sender {
    codec: Codec,
    encoding: Encoding,
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    begins: bool,
    srtp: Option<Protection>,
    sent: Sent,
}

#[derive(Debug)]
struct Protection {
    keys: SrtpKeys,
    outbound: Outbound,
}

impl Protection {
    fn new(keys: SrtpKeys) -> Self {
        Self { outbound: Outbound::new(keys.suite, &keys.local), keys }
    }
}

/// What went out so far (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) packets: u32,
    /// Of payload.
    pub(super) octets: u32,
}

impl Sender {
    /// A sender that has said nothing yet.
    pub fn new(config: &SenderConfig) -> Self {
        let mut rng = StdRng::from_seed(config.seed);
        Self {
            codec: config.codec,
            encoding: Encoding::new(config.codec),
            payload_type: config.payload_type & 0x7f,
            ssrc: rng.random(),
            // The first half: the cipher's count of cycles must not begin with a wrap that the
            // other end may not see (RFC 3711 §3.3.1).
            sequence: rng.random::<u16>() >> 1,
            timestamp: rng.random(),
            begins: true,
            srtp: config.srtp.clone().map(Protection::new),
            sent: Sent::default(),
        }
    }

    /// Goes on with what a plan says now: the same stream in another codec or under another key.
    pub(super) fn change(&mut self, plan: &MediaPlan) {
        if plan.codec != self.codec {
            self.codec = plan.codec;
            self.encoding = Encoding::new(plan.codec);
        }
        self.payload_type = plan.payload_type & 0x7f;
        let same_key = match (&self.srtp, &plan.srtp) {
            (Some(now), Some(next)) => {
                (now.keys.suite, &now.keys.local) == (next.suite, &next.local)
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !same_key {
            self.srtp = plan.srtp.clone().map(Protection::new);
        }
    }

    /// The datagram with these samples, which follow those of the last one. The first one has the
    /// marker (RFC 3551 §4.1).
    pub fn packet(&mut self, samples: &[i16]) -> Vec<u8> {
        let mut packet = Vec::new();
        self.header(&mut packet);
        self.encoding.encode(samples, &mut packet);
        self.finish(&mut packet);
        packet
    }

    /// Writes the datagram with 20 ms of silence.
    pub(super) fn silence(&mut self, packet: &mut Vec<u8>) {
        packet.clear();
        self.header(packet);
        packet.resize(HEADER + FRAME_TICKS as usize, silent_byte(self.codec));
        self.finish(packet);
    }

    /// Leaves out so many frames: time goes on in the stream, and what follows has the marker.
    pub(super) fn skip(&mut self, frames: u32) {
        self.timestamp = self.timestamp.wrapping_add(frames.wrapping_mul(FRAME_TICKS));
        self.begins |= frames > 0;
    }

    pub(super) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The timestamp of what is sent next.
    pub(super) fn timestamp(&self) -> u32 {
        self.timestamp
    }

    pub(super) fn sent(&self) -> Sent {
        self.sent
    }

    /// Encrypts an RTCP packet, if there are keys.
    pub(super) fn protect_rtcp(&mut self, packet: &mut Vec<u8>) {
        if let Some(srtp) = &mut self.srtp {
            srtp.outbound.protect_rtcp(packet);
        }
    }

    fn header(&mut self, packet: &mut Vec<u8>) {
        let marker = if std::mem::take(&mut self.begins) { 0x80 } else { 0 };
        packet.extend_from_slice(&[VERSION_2, marker | self.payload_type]);
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
    }

    fn finish(&mut self, packet: &mut Vec<u8>) {
        // One byte of payload is one tick. Counters and timestamp wrap round by definition.
        let ticks = (packet.len() - HEADER) as u32;
        if let Some(srtp) = &mut self.srtp {
            srtp.outbound.protect(packet);
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.sent.packets = self.sent.packets.wrapping_add(1);
        self.sent.octets = self.sent.octets.wrapping_add(ticks);
    }
}

const VERSION_2: u8 = 0x80;
const HEADER: usize = 12;
