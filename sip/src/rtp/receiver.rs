//! RTP datagrams to frames: what counts as audio, how loss becomes a marked gap, and when a stream
//! has begun anew.

use std::time::{Duration, Instant};

use rtp_rs::RtpReader;

use super::codec::Decoder;
use super::framer::Framer;
use super::jitter::Jitter;
use super::reorder::{KeptPacket, Packet, Payload, Placed, Reorder};
use super::{FRAME_TICKS, PcmFrame};
use crate::sdp::{CLOCK_RATE, COMFORT_NOISE};
use crate::{Codec, MediaPlan};

/// What a receiver needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// The codec of the audio.
    pub codec: Codec,
    /// Its payload type.
    pub payload_type: u8,
    /// The payload type of telephone-event, whose packets are swallowed.
    pub telephone_event: Option<u8>,
    /// The payload type of comfort noise, whose packets are swallowed. Those of the static one, 13,
    /// always are: it is sent without having been settled (RFC 3389 §4).
    pub comfort_noise: Option<u8>,
    /// How long a packet waits for those before it.
    pub reorder_window: Duration,
}

impl ReceiverConfig {
    /// The default of `reorder_window`.
    pub const REORDER_WINDOW: Duration = Duration::from_millis(100);
}

impl From<&MediaPlan> for ReceiverConfig {
    fn from(plan: &MediaPlan) -> Self {
        Self {
            codec: plan.codec,
            payload_type: plan.payload_type,
            telephone_event: plan.telephone_event,
            comfort_noise: plan.comfort_noise,
            reorder_window: Self::REORDER_WINDOW,
        }
    }
}

/// What a receiver has seen. Each datagram is counted in one of the first six.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverStatistics {
    /// Packets taken in, without audio as well.
    pub received: u64,
    /// Packets that came a second time.
    pub duplicates: u64,
    /// Packets that came after they were given up.
    pub late: u64,
    /// Packets of a payload type that was not settled.
    pub foreign_payload_type: u64,
    /// Datagrams that are no RTP, or hold more than half a second.
    pub malformed: u64,
    /// Packets that fit no stream, and were not followed by one that confirms a new stream.
    pub stray: u64,
    /// Packets given up as lost. One that comes late all the same is counted there too.
    pub lost: u64,
    /// How often the stream began anew: another SSRC, or a leap of the sequence number.
    pub restarts: u64,
    /// Frames thrown away because nobody polled them.
    pub overflowed_frames: u64,
}

/// Half a second. A longer hole is cut to it, and a longer packet is no packet.
const MAX_GAP_TICKS: u32 = CLOCK_RATE / 2;

/// What a receiver can report of the stream it hears (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reception {
    pub(super) ssrc: u32,
    /// Extended.
    pub(super) highest_sequence: u32,
    pub(super) expected: u64,
    /// With those that came late or twice.
    pub(super) received: u64,
    /// Of the interarrival times, in ticks.
    pub(super) jitter: u32,
}

/// Turns the RTP datagrams of one call into frames of 20 ms.
///
/// Loss becomes frames marked as gaps, half a second at most at one place. Silence the sender
/// leaves out (DTX, telephone-event) becomes silent frames, bounded likewise. A stream that begins
/// anew, with another SSRC or another sequence, is believed when its second packet comes, so that a
/// single stray packet does no harm.
///
/// Bounds: 128 packets held, 500 frames waiting to be polled; beyond, packets are no longer waited
/// for, and the oldest frames are dropped and counted.
#[derive(Debug)]
pub struct Receiver {
    config: ReceiverConfig,
    decoder: Decoder,
    stream: Option<Stream>,
    candidate: Option<KeptPacket>,
    framer: Framer,
    statistics: ReceiverStatistics,
}

/// What a payload type is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Audio,
    /// It has a place in the order, and no sound.
    Swallowed,
}

/// The packets of one SSRC.
#[derive(Debug)]
struct Stream {
    ssrc: u32,
    reorder: Reorder,
    jitter: Jitter,
    /// Packets, also those that were of no use.
    arrived: u64,
    /// The timestamp that continues the last packet with audio.
    next_timestamp: Option<u32>,
    /// A packet is missing since then.
    lost_since: bool,
}

impl Receiver {
    /// A receiver that has heard nothing yet.
    pub fn new(config: ReceiverConfig) -> Self {
        Self {
            decoder: Decoder::new(config.codec),
            framer: Framer::new(config.codec.sample_rate()),
            config,
            stream: None,
            candidate: None,
            statistics: ReceiverStatistics::default(),
        }
    }

    /// Goes on with another codec or other payload types. The stream may well stay the same.
    pub fn change(&mut self, config: ReceiverConfig) {
        if config.codec != self.config.codec {
            self.release_all();
            self.decoder = Decoder::new(config.codec);
            self.framer.set_sample_rate(config.codec.sample_rate());
        }
        if let Some(stream) = &mut self.stream {
            stream.reorder.set_window(config.reorder_window);
        }
        self.config = config;
    }

    /// Takes in a datagram. Whatever it holds, it does not panic.
    pub fn handle(&mut self, now: Instant, bytes: &[u8]) {
        let Ok(rtp) = RtpReader::new(bytes) else {
            self.statistics.malformed += 1;
            return;
        };
        let Some(packet) = self.read(&rtp) else {
            return;
        };
        match &mut self.stream {
            None => self.begin(now, &packet, None),
            Some(stream) if stream.ssrc == packet.ssrc => {
                let placed = stream.place(now, &packet);
                if placed == Placed::InTurn {
                    stream.play(&packet, 0, &mut self.decoder, &mut self.framer);
                }
                self.note(now, &packet, placed);
            }
            Some(_) => self.consider(now, &packet),
        }
        self.release(now);
    }

    /// Whether these bytes are a packet of the stream's payload types.
    pub(super) fn recognises(&self, bytes: &[u8]) -> bool {
        RtpReader::new(bytes).is_ok_and(|rtp| self.kind_of(rtp.payload_type()).is_some())
    }

    fn kind_of(&self, payload_type: u8) -> Option<Kind> {
        let config = &self.config;
        if payload_type == config.payload_type {
            return Some(Kind::Audio);
        }
        let swallowed = [config.telephone_event, config.comfort_noise, Some(COMFORT_NOISE)];
        swallowed.contains(&Some(payload_type)).then_some(Kind::Swallowed)
    }

    fn note(&mut self, now: Instant, packet: &Packet<'_>, placed: Placed) {
        match placed {
            Placed::InTurn | Placed::Held => {
                self.statistics.received += 1;
                // The stream lives, so whatever else came was stray.
                self.discard_candidate();
            }
            Placed::Duplicate => self.statistics.duplicates += 1,
            Placed::TooLate => self.statistics.late += 1,
            Placed::OutOfRange => self.consider(now, packet),
        }
    }

    /// Nothing has come for a while, and listeners are to notice that time goes on: a frame of
    /// silence stands for what was not sent. What was sent and comes later is heard behind it.
    pub fn stand_in(&mut self) {
        let ticks = FRAME_TICKS;
        self.framer.gap(samples_of(ticks, self.config.codec));
        if let Some(next) = self.stream.as_mut().and_then(|stream| stream.next_timestamp.as_mut()) {
            *next = next.wrapping_add(ticks);
        }
    }

    pub(super) fn reception(&self) -> Option<Reception> {
        let stream = self.stream.as_ref()?;
        Some(Reception {
            ssrc: stream.ssrc,
            highest_sequence: stream.reorder.highest(),
            expected: stream.reorder.expected(),
            received: stream.arrived,
            jitter: stream.jitter.ticks(),
        })
    }

    /// The next frame, if there is one.
    pub fn poll_frame(&mut self, now: Instant) -> Option<PcmFrame> {
        self.release(now);
        self.framer.poll()
    }

    /// When `poll_frame` may have something although nothing has come: the end of a wait for late
    /// packets.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.stream.as_ref()?.reorder.deadline()
    }

    /// The call is over: what is held becomes frames at once, and so does what is left of a frame.
    pub fn flush(&mut self) {
        self.release_all();
        self.framer.flush();
    }

    /// What has been seen so far.
    pub fn statistics(&self) -> ReceiverStatistics {
        ReceiverStatistics { overflowed_frames: self.framer.overflowed(), ..self.statistics }
    }

    fn read<'a>(&mut self, rtp: &RtpReader<'a>) -> Option<Packet<'a>> {
        let payload = match self.kind_of(rtp.payload_type()) {
            Some(Kind::Audio) => Payload::Audio(rtp.payload()),
            Some(Kind::Swallowed) => Payload::Nothing,
            None => {
                self.statistics.foreign_payload_type += 1;
                return None;
            }
        };
        // One byte is one tick.
        if rtp.payload().len() > MAX_GAP_TICKS as usize {
            self.statistics.malformed += 1;
            return None;
        }
        Some(Packet {
            ssrc: rtp.ssrc(),
            sequence: u16::from(rtp.sequence_number()),
            timestamp: rtp.timestamp(),
            payload,
        })
    }

    /// A packet that does not belong to the stream: the second of two in a row begins another one
    /// (RFC 3550 §A.1).
    fn consider(&mut self, now: Instant, packet: &Packet<'_>) {
        let Some(candidate) = self.candidate.take() else {
            self.candidate = Some(packet.keep());
            return;
        };
        let first = candidate.packet();
        if first.ssrc == packet.ssrc && first.sequence.wrapping_add(1) == packet.sequence {
            self.release_all();
            self.statistics.restarts += 1;
            self.begin(now, &first, Some(packet));
        } else {
            self.statistics.stray += 1;
            self.candidate = Some(packet.keep());
        }
    }

    fn discard_candidate(&mut self) {
        if self.candidate.take().is_some() {
            self.statistics.stray += 1;
        }
    }

    /// Begins a stream, in the place of whatever was there.
    fn begin(&mut self, now: Instant, first: &Packet<'_>, second: Option<&Packet<'_>>) {
        let stream = self.stream.insert(Stream::new(first, self.config.reorder_window));
        for packet in [Some(first), second].into_iter().flatten() {
            self.statistics.received += 1;
            // The first one of a stream is in turn, and so is the one that follows it.
            stream.place(now, packet);
            stream.play(packet, 0, &mut self.decoder, &mut self.framer);
        }
    }

    fn release(&mut self, now: Instant) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        while let Some(released) = stream.reorder.release(now) {
            self.statistics.lost += released.lost_before;
            let packet = released.packet.packet();
            stream.play(&packet, released.lost_before, &mut self.decoder, &mut self.framer);
        }
    }

    fn release_all(&mut self) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        while let Some(released) = stream.reorder.release_now() {
            self.statistics.lost += released.lost_before;
            let packet = released.packet.packet();
            stream.play(&packet, released.lost_before, &mut self.decoder, &mut self.framer);
        }
    }
}

impl Stream {
    fn new(first: &Packet<'_>, window: Duration) -> Self {
        Self {
            ssrc: first.ssrc,
            reorder: Reorder::new(first.sequence, window),
            jitter: Jitter::default(),
            arrived: 0,
            next_timestamp: None,
            lost_since: false,
        }
    }

    fn place(&mut self, now: Instant, packet: &Packet<'_>) -> Placed {
        let placed = self.reorder.place(now, packet);
        if placed != Placed::OutOfRange {
            self.arrived += 1;
        }
        match (placed, packet.payload) {
            (Placed::InTurn | Placed::Held, Payload::Audio(_)) => {
                self.jitter.arrived(now, packet.timestamp);
            }
            // The timestamps of an event all tell its beginning (RFC 4733 §2.2).
            (Placed::InTurn | Placed::Held, Payload::Nothing)
            | (Placed::Duplicate | Placed::TooLate | Placed::OutOfRange, _) => {}
        }
        placed
    }

    /// Puts a packet behind the one before it. How much is missing between them is what their
    /// timestamps say.
    fn play(
        &mut self,
        packet: &Packet<'_>,
        lost_before: u64,
        decoder: &mut Decoder,
        framer: &mut Framer,
    ) {
        self.lost_since |= lost_before > 0;
        let Payload::Audio(payload) = packet.payload else {
            return;
        };
        // A timestamp that goes backwards began anew: there is nothing to fill.
        let missing = self.next_timestamp.map_or(0, |next| packet.timestamp.wrapping_sub(next));
        let missing = if missing > u32::MAX / 2 { 0 } else { missing.min(MAX_GAP_TICKS) };
        let missing = missing as usize * decoder.samples_per_tick();
        if self.lost_since {
            framer.gap(missing);
        } else {
            framer.silence(missing);
        }
        framer.audio(decoder, payload);
        // One byte is one tick, and `read` has bounded their number.
        self.next_timestamp = Some(packet.timestamp.wrapping_add(payload.len() as u32));
        self.lost_since = false;
    }
}

fn samples_of(ticks: u32, codec: Codec) -> usize {
    (ticks * (codec.sample_rate() / CLOCK_RATE)) as usize
}
