//! Streams as they come: in order and out of it, broken, begun anew.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rtp_rs::{RtpPacketBuilder, Seq};

use super::*;
use crate::Codec;
use crate::simulation::{long_seed, origin};

/// A receiver, and packets for it whose samples tell which packet they are from.
struct Bench {
    receiver: Receiver,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let config = ReceiverConfig {
            codec: Codec::Pcmu,
            payload_type: 0,
            telephone_event: Some(101),
            comfort_noise: None,
            reorder_window: ReceiverConfig::REORDER_WINDOW,
        };
        Self { receiver: Receiver::new(config), now: origin() }
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.receiver.handle(self.now, bytes);
    }

    /// What is heard now: for each frame, which packet it is from, or a gap.
    fn heard(&mut self) -> Vec<Heard> {
        std::iter::from_fn(|| self.receiver.poll_frame(self.now)).map(Heard::from).collect()
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Packet(u8),
    Silence,
    Gap,
}

impl From<PcmFrame> for Heard {
    fn from(frame: PcmFrame) -> Self {
        assert_eq!((frame.samples.len(), frame.sample_rate), (FRAME_SAMPLES, SAMPLE_RATE));
        assert!(frame.samples.iter().all(|sample| *sample == frame.samples[0]));
        let byte = audio_codec_algorithms::encode_ulaw(frame.samples[0]);
        match (frame.gap, byte) {
            (true, 0xff) => Self::Gap,
            (true, _) => panic!("a gap with sound in it"),
            (false, 0xff) => Self::Silence,
            (false, byte) => Self::Packet(byte),
        }
    }
}

/// The packet with this place in its stream. Its timestamp follows from its place.
fn packet(ssrc: u32, first: u16, place: u8) -> Vec<u8> {
    raw(0, ssrc, first.wrapping_add(u16::from(place)), u32::from(place) * 160, &[place; 160])
}

fn raw(payload_type: u8, ssrc: u32, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    RtpPacketBuilder::new()
        .payload_type(payload_type)
        .ssrc(ssrc)
        .sequence(Seq::from(sequence))
        // The timestamps wrap round early in each stream.
        .timestamp((u32::MAX - 400).wrapping_add(timestamp))
        .payload(payload)
        .build()
        .unwrap()
}

fn packets(places: impl IntoIterator<Item = u8>) -> Vec<Heard> {
    places.into_iter().map(Heard::Packet).collect()
}

#[test]
fn packets_in_order_are_heard_at_once_across_the_end_of_the_sequence_and_of_the_timestamp() {
    let mut bench = Bench::new();
    for place in 0..20 {
        bench.receive(&packet(1, 65_530, place));
        assert_eq!(bench.heard(), [Heard::Packet(place)]);
        assert_eq!(bench.receiver.poll_timeout(), None);
    }
    assert_eq!(
        bench.receiver.statistics(),
        ReceiverStatistics { received: 20, ..Default::default() }
    );
}

#[test]
fn packets_out_of_order_wait_for_those_before_them() {
    let mut bench = Bench::new();
    for place in [0, 3, 2, 4] {
        bench.receive(&packet(1, 65_534, place));
    }
    assert_eq!(bench.heard(), [Heard::Packet(0)]);
    bench.pass(99);
    assert_eq!(bench.heard(), []);
    bench.receive(&packet(1, 65_534, 1));
    assert_eq!(bench.heard(), packets(1..5));
    assert_eq!(
        bench.receiver.statistics(),
        ReceiverStatistics { received: 5, ..Default::default() }
    );
}

#[test]
fn a_lost_packet_becomes_a_gap_when_the_wait_is_over() {
    let mut bench = Bench::new();
    bench.receive(&packet(1, 0, 0));
    bench.receive(&packet(1, 0, 3));
    assert_eq!(bench.receiver.poll_timeout(), Some(bench.now + Duration::from_millis(100)));
    bench.pass(100);
    assert_eq!(bench.heard(), [Heard::Packet(0), Heard::Gap, Heard::Gap, Heard::Packet(3)]);
    bench.receive(&packet(1, 0, 1));
    bench.receive(&packet(1, 0, 3));
    assert_eq!(bench.heard(), []);
    let expected =
        ReceiverStatistics { received: 2, lost: 2, late: 1, duplicates: 1, ..Default::default() };
    assert_eq!(bench.receiver.statistics(), expected);
}

#[test]
fn a_packet_that_comes_twice_while_it_waits_counts_once() {
    let mut bench = Bench::new();
    for place in [0, 2, 2, 1] {
        bench.receive(&packet(1, 0, place));
    }
    assert_eq!(bench.heard(), packets(0..3));
    assert_eq!(
        bench.receiver.statistics(),
        ReceiverStatistics { received: 3, duplicates: 1, ..Default::default() }
    );
}

#[test]
fn a_long_hole_is_cut_to_half_a_second() {
    let mut bench = Bench::new();
    bench.receive(&packet(1, 0, 0));
    bench.receive(&packet(1, 0, 200));
    bench.pass(100);
    let heard = bench.heard();
    assert_eq!(heard.len(), 27);
    assert!(heard[1..26].iter().all(|heard| *heard == Heard::Gap));
    assert_eq!(heard[26], Heard::Packet(200));
}

#[test]
fn silence_the_sender_leaves_out_is_no_gap() {
    let mut bench = Bench::new();
    bench.receive(&packet(1, 0, 0));
    bench.receive(&raw(101, 1, 1, 160, &[1, 0, 0, 160]));
    bench.receive(&raw(13, 1, 2, 320, &[0x40]));
    bench.receive(&raw(0, 1, 3, 480, &[3; 160]));
    assert_eq!(bench.heard(), [Heard::Packet(0), Heard::Silence, Heard::Silence, Heard::Packet(3)]);
    assert_eq!(
        bench.receiver.statistics(),
        ReceiverStatistics { received: 4, ..Default::default() }
    );
}

#[test]
fn packets_of_any_length_become_frames_of_20_ms() {
    let mut bench = Bench::new();
    bench.receive(&raw(0, 1, 0, 0, &[5; 80]));
    assert_eq!(bench.heard(), []);
    bench.receive(&raw(0, 1, 1, 80, &[5; 240]));
    assert_eq!(bench.heard(), packets([5, 5]));
    bench.receive(&raw(0, 1, 2, 320, &[6; 30]));
    bench.receiver.flush();
    let rest = bench.receiver.poll_frame(bench.now).unwrap();
    assert_eq!((rest.samples.len(), rest.gap), (30, false));
}

#[test]
fn another_ssrc_is_believed_with_its_second_packet_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.receive(&packet(1, 0, 0));
    bench.receive(&packet(1, 0, 2));
    bench.receive(&packet(2, 900, 7));
    assert_eq!(bench.heard(), [Heard::Packet(0)]);
    bench.receive(&packet(2, 900, 8));
    assert_eq!(bench.heard(), [Heard::Gap, Heard::Packet(2), Heard::Packet(7), Heard::Packet(8)]);
    let expected = ReceiverStatistics { received: 4, lost: 1, restarts: 1, ..Default::default() };
    assert_eq!(bench.receiver.statistics(), expected);
}

#[test]
fn a_stray_packet_of_another_ssrc_does_no_harm() {
    let mut bench = Bench::new();
    bench.receive(&packet(1, 0, 0));
    bench.receive(&packet(2, 900, 7));
    bench.receive(&packet(1, 0, 1));
    bench.receive(&packet(2, 900, 8));
    bench.receive(&packet(1, 0, 2));
    assert_eq!(bench.heard(), packets(0..3));
    assert_eq!(
        bench.receiver.statistics(),
        ReceiverStatistics { received: 3, stray: 2, ..Default::default() }
    );
}

#[test]
fn a_leap_of_the_sequence_begins_the_stream_anew() {
    let mut bench = Bench::new();
    bench.receive(&packet(1, 0, 0));
    bench.receive(&packet(1, 30_000, 1));
    assert_eq!(bench.heard(), packets([0]));
    bench.receive(&packet(1, 30_000, 2));
    assert_eq!(bench.heard(), packets([1, 2]));
    assert_eq!(
        bench.receiver.statistics(),
        ReceiverStatistics { received: 3, restarts: 1, ..Default::default() }
    );
}

#[test]
fn what_is_no_audio_of_ours_is_counted_and_ignored() {
    let mut bench = Bench::new();
    bench.receive(b"");
    bench.receive(&[0x40; 172]);
    bench.receive(&raw(8, 1, 0, 0, &[1; 160]));
    bench.receive(&raw(0, 1, 0, 0, &[1; 4_001]));
    assert_eq!(bench.heard(), []);
    let expected =
        ReceiverStatistics { malformed: 3, foreign_payload_type: 1, ..Default::default() };
    assert_eq!(bench.receiver.statistics(), expected);
}

#[test]
fn flushing_plays_what_was_held() {
    let mut bench = Bench::new();
    bench.receive(&packet(1, 0, 0));
    bench.receive(&packet(1, 0, 2));
    bench.receiver.flush();
    assert_eq!(bench.heard(), [Heard::Packet(0), Heard::Gap, Heard::Packet(2)]);
}

#[test]
fn a_receiver_nobody_polls_keeps_ten_seconds() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        for place in 0..200 {
            bench.receive(&raw(0, 1, u16::from(place), 0, &[place; 160]));
        }
        bench.receive(&raw(0, 1, 20_000, 0, &[1; 160]));
        bench.receive(&raw(0, 1, 20_001, 0, &[1; 160]));
        bench.receive(&raw(0, 1, 40_000, 0, &[1; 160]));
        bench.receive(&raw(0, 1, 40_001, 0, &[1; 160]));
    }
    let overflowed = bench.receiver.statistics().overflowed_frames;
    assert_eq!(bench.heard().len(), 500);
    assert!(overflowed > 0);
}

#[test]
fn no_datagram_makes_the_receiver_panic_or_grow() {
    for seed in 0..50 {
        let mut bench = Bench::new();
        let mut rng = StdRng::from_seed(long_seed(seed));
        for _ in 0..200 {
            let mut bytes =
                packet(rng.random_range(1..3), rng.random_range(0..4) * 16_384, rng.random());
            for _ in 0..rng.random_range(0..3) {
                let at = rng.random_range(0..bytes.len());
                bytes[at] = rng.random();
            }
            bytes.truncate(rng.random_range(0..=bytes.len() * 2));
            bench.receive(&bytes);
            bench.pass(rng.random_range(0..30));
        }
        let held = bench.receiver.statistics();
        bench.receiver.flush();
        let frames = std::iter::from_fn(|| bench.receiver.poll_frame(bench.now)).count();
        assert!(frames <= 500, "seed {seed}: {held:?}");
    }
}

#[test]
fn the_sender_begins_with_a_marker_and_counts_on_from_a_random_place() {
    let config =
        SenderConfig { codec: Codec::Pcma, payload_type: 8, srtp: None, seed: long_seed(3) };
    let mut sender = Sender::new(&config);
    let (first, second) = (sender.packet(&[0; 160]), sender.packet(&[0; 160]));
    let (first, second) =
        (rtp_rs::RtpReader::new(&first).unwrap(), rtp_rs::RtpReader::new(&second).unwrap());
    assert_eq!((first.mark(), second.mark()), (true, false));
    assert_eq!((first.payload_type(), first.payload()), (8, &[0xd5; 160][..]));
    assert_eq!(first.ssrc(), second.ssrc());
    assert_eq!(
        u16::from(second.sequence_number()),
        u16::from(first.sequence_number()).wrapping_add(1)
    );
    assert_eq!(second.timestamp(), first.timestamp().wrapping_add(160));
    let other = Sender::new(&SenderConfig { seed: long_seed(4), ..config }).packet(&[0; 160]);
    assert_ne!(rtp_rs::RtpReader::new(&other).unwrap().ssrc(), first.ssrc());
}
