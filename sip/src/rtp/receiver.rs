//! RTP datagrams to frames: what counts as audio, how loss becomes a marked gap, and when a stream
//! has begun anew.

use std::time::{Duration, Instant};

use rtp_rs::RtpReader;

use super::framer::Framer;
use super::reorder::{Packet, Payload, Placed, Released, Reorder};
use super::{PcmFrame, SAMPLE_RATE, g711};
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

/// Comfort noise has a static payload type and is sent without having been settled (RFC 3389 §4).
const COMFORT_NOISE: u8 = 13;
/// Half a second. A longer hole is cut to it, and a longer packet is no packet.
const MAX_GAP_SAMPLES: u32 = SAMPLE_RATE / 2;

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
    stream: Option<Stream>,
    candidate: Option<Packet>,
    framer: Framer,
    statistics: ReceiverStatistics,
}

/// The packets of one SSRC.
#[derive(Debug)]
struct Stream {
    ssrc: u32,
    reorder: Reorder,
    /// The timestamp that continues the last packet with audio.
    next_timestamp: Option<u32>,
    /// A packet is missing since then.
    lost_since: bool,
}

impl Receiver {
    /// A receiver that has heard nothing yet.
    pub fn new(config: ReceiverConfig) -> Self {
        Self {
            config,
            stream: None,
            candidate: None,
            framer: Framer::default(),
            statistics: ReceiverStatistics::default(),
        }
    }

    /// Takes in a datagram. Whatever it holds, it does not panic.
    pub fn handle(&mut self, now: Instant, bytes: &[u8]) {
        let Some(packet) = self.read(bytes) else {
            return;
        };
        match &mut self.stream {
            None => self.begin(now, packet, None),
            Some(stream) if stream.ssrc == packet.ssrc => {
                match stream.reorder.place(now, packet.clone()) {
                    Placed::Held => {
                        self.statistics.received += 1;
                        // The stream lives, so whatever else came was stray.
                        self.discard_candidate();
                    }
                    Placed::Duplicate => self.statistics.duplicates += 1,
                    Placed::TooLate => self.statistics.late += 1,
                    Placed::OutOfRange => self.consider(now, packet),
                }
            }
            Some(_) => self.consider(now, packet),
        }
        self.release(now);
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

    fn read(&mut self, bytes: &[u8]) -> Option<Packet> {
        let Ok(rtp) = RtpReader::new(bytes) else {
            self.statistics.malformed += 1;
            return None;
        };
        let payload_type = rtp.payload_type();
        let payload = if payload_type == self.config.payload_type {
            Payload::Audio(rtp.payload().to_vec())
        } else if Some(payload_type) == self.config.telephone_event || payload_type == COMFORT_NOISE
        {
            Payload::Nothing
        } else {
            self.statistics.foreign_payload_type += 1;
            return None;
        };
        if rtp.payload().len() > MAX_GAP_SAMPLES as usize {
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
    fn consider(&mut self, now: Instant, packet: Packet) {
        match self.candidate.take() {
            Some(first)
                if first.ssrc == packet.ssrc
                    && first.sequence.wrapping_add(1) == packet.sequence =>
            {
                self.release_all();
                self.statistics.restarts += 1;
                self.begin(now, first, Some(packet));
            }
            Some(_) => {
                self.statistics.stray += 1;
                self.candidate = Some(packet);
            }
            None => self.candidate = Some(packet),
        }
    }

    fn discard_candidate(&mut self) {
        if self.candidate.take().is_some() {
            self.statistics.stray += 1;
        }
    }

    /// Begins a stream, in the place of whatever was there.
    fn begin(&mut self, now: Instant, first: Packet, second: Option<Packet>) {
        let stream = self.stream.insert(Stream::new(&first, self.config.reorder_window));
        for packet in [Some(first), second].into_iter().flatten() {
            self.statistics.received += 1;
            stream.reorder.place(now, packet);
        }
    }

    fn release(&mut self, now: Instant) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        while let Some(released) = stream.reorder.release(now) {
            self.statistics.lost += released.lost_before;
            stream.play(released, self.config.codec, &mut self.framer);
        }
    }

    fn release_all(&mut self) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        while let Some(released) = stream.reorder.release_now() {
            self.statistics.lost += released.lost_before;
            stream.play(released, self.config.codec, &mut self.framer);
        }
    }
}

impl Stream {
    fn new(first: &Packet, window: Duration) -> Self {
        Self {
            ssrc: first.ssrc,
            reorder: Reorder::new(first.sequence, window),
            next_timestamp: None,
            lost_since: false,
        }
    }

    /// Puts a packet behind the one before it. How much is missing between them is what their
    /// timestamps say.
    fn play(&mut self, released: Released, codec: Codec, framer: &mut Framer) {
        let Released { packet, lost_before } = released;
        self.lost_since |= lost_before > 0;
        let Payload::Audio(payload) = packet.payload else {
            return;
        };
        // A timestamp that goes backwards began anew: there is nothing to fill.
        let missing = self.next_timestamp.map_or(0, |next| packet.timestamp.wrapping_sub(next));
        let missing =
            if missing > u32::MAX / 2 { 0 } else { missing.min(MAX_GAP_SAMPLES) as usize };
        if self.lost_since {
            framer.gap(missing);
        } else {
            framer.silence(missing);
        }
        let samples = g711::decode(codec, &payload);
        framer.audio(&samples);
        // One byte is one sample, and `read` has bounded their number.
        self.next_timestamp = Some(packet.timestamp.wrapping_add(samples.len() as u32));
        self.lost_since = false;
    }
}
