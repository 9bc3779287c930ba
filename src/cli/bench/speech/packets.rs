//! A recording on its way: packets of 20 ms in G.711, sent and received as those of a call.

use std::slice::Chunks;
use std::time::Instant;

use sip::Codec;
use sip::rtp::{FRAME_SAMPLES, Receiver, ReceiverConfig, Sender, SenderConfig};

use crate::telephony::PcmFrame;

/// PCMU (RFC 3551 §6).
const PAYLOAD_TYPE: u8 = 0;

/// The frames that the daemon makes of a recording: one a packet, in order.
#[derive(Debug)]
pub(super) struct Packets<'a> {
    pieces: Chunks<'a, i16>,
    sender: Sender,
    receiver: Receiver,
    now: Instant,
}

impl<'a> Packets<'a> {
    /// Of samples at [`crate::speech::LINE_RATE`].
    pub(super) fn of(samples: &'a [i16]) -> Self {
        // What is sent is the same each time: only numbers that nobody looks at come of the seed.
        let sender = SenderConfig {
            codec: Codec::Pcmu,
            payload_type: PAYLOAD_TYPE,
            srtp: None,
            seed: [0; 32],
        };
        let receiver = ReceiverConfig {
            codec: Codec::Pcmu,
            payload_type: PAYLOAD_TYPE,
            telephone_event: None,
            comfort_noise: None,
            reorder_window: ReceiverConfig::REORDER_WINDOW,
        };
        Self {
            pieces: samples.chunks(FRAME_SAMPLES),
            sender: Sender::new(&sender),
            receiver: Receiver::new(receiver),
            now: Instant::now(),
        }
    }
}

impl Iterator for Packets<'_> {
    type Item = PcmFrame;

    fn next(&mut self) -> Option<PcmFrame> {
        loop {
            if let Some(frame) = self.receiver.poll_frame(self.now) {
                return Some(frame);
            }
            let Some(piece) = self.pieces.next() else {
                self.receiver.flush();
                return self.receiver.poll_frame(self.now);
            };
            // Nothing is lost or late between the two, so that no time has to pass for them.
            self.receiver.handle(self.now, &self.sender.packet(piece));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_samples_arrive_in_frames_of_20_ms_and_as_g711_leaves_them() {
        let ramp: Vec<i16> = (-1_000..1_000).map(|sample| sample * 16).collect();
        let frames: Vec<PcmFrame> = Packets::of(&ramp).collect();
        let lengths: Vec<usize> = frames.iter().map(|frame| frame.samples.len()).collect();
        assert_eq!(lengths, [vec![160; 12], vec![80]].concat());
        assert!(frames.iter().all(|frame| !frame.gap && frame.sample_rate == 8_000));
        let arrived: Vec<i16> = frames.into_iter().flat_map(|frame| frame.samples).collect();
        assert_ne!(arrived, ramp);
        // Mu-law has steps of 1/32 of a sample's size, and of 8 where it is quietest (ITU-T G.711).
        for (sent, got) in ramp.iter().zip(&arrived) {
            assert!((sent - got).abs() <= 8 + sent.abs() / 16, "{sent} became {got}");
        }
    }
}
