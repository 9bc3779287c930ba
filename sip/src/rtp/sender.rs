//! Frames to RTP datagrams (RFC 3550 §5.1).

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rtp_rs::{RtpPacketBuilder, Seq};

use super::g711;
use crate::{Codec, MediaPlan};

/// What a sender needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderConfig {
    /// The codec of the audio.
    pub codec: Codec,
    /// Its payload type, of which seven bits count.
    pub payload_type: u8,
    /// Where SSRC, first sequence number and first timestamp come from.
    pub seed: [u8; 32],
}

impl SenderConfig {
    /// For the stream a plan describes.
    pub fn new(plan: &MediaPlan, seed: [u8; 32]) -> Self {
        Self { codec: plan.codec, payload_type: plan.payload_type, seed }
    }
}

/// Makes the RTP datagrams of one stream.
#[derive(Debug)]
pub struct Sender {
    codec: Codec,
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    begins: bool,
}

impl Sender {
    /// A sender that has said nothing yet.
    pub fn new(config: &SenderConfig) -> Self {
        let mut rng = StdRng::from_seed(config.seed);
        Self {
            codec: config.codec,
            payload_type: config.payload_type & 0x7f,
            ssrc: rng.random(),
            sequence: rng.random(),
            timestamp: rng.random(),
            begins: true,
        }
    }

    /// The datagram with these samples, which follow those of the last one. The first one has the
    /// marker (RFC 3551 §4.1).
    pub fn packet(&mut self, samples: &[i16]) -> Vec<u8> {
        let payload = g711::encode(self.codec, samples);
        let packet = RtpPacketBuilder::new()
            .payload_type(self.payload_type)
            .marked(std::mem::take(&mut self.begins))
            .sequence(Seq::from(self.sequence))
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .payload(&payload)
            .build()
            .expect("a payload type of seven bits is all a packet can get wrong");
        self.sequence = self.sequence.wrapping_add(1);
        // The timestamp wraps round by definition, so only the low bits of the length count.
        self.timestamp = self.timestamp.wrapping_add(samples.len() as u32);
        packet
    }
}
