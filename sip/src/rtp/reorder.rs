//! Packets back into the order they were sent in: sequence numbers extended to 64 bits (RFC 3550
//! §A.1), and a wait for those that are late. `rtp_rs::Seq` has no total order, so nothing is ever
//! sorted by it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A packet as far as its order matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) ssrc: u32,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) payload: Payload<'a>,
}

/// What a packet holds for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload<'a> {
    /// Encoded audio.
    Audio(&'a [u8]),
    /// telephone-event or comfort noise: it has a place in the order, and no sound.
    Nothing,
}

/// A packet that is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeptPacket {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    audio: Option<Vec<u8>>,
}

impl Packet<'_> {
    pub(super) fn keep(&self) -> KeptPacket {
        let audio = match self.payload {
            Payload::Audio(audio) => Some(audio.to_vec()),
            Payload::Nothing => None,
        };
        let Self { ssrc, sequence, timestamp, .. } = *self;
        KeptPacket { ssrc, sequence, timestamp, audio }
    }
}

impl KeptPacket {
    pub(super) fn packet(&self) -> Packet<'_> {
        let payload = self.audio.as_deref().map_or(Payload::Nothing, Payload::Audio);
        let Self { ssrc, sequence, timestamp, .. } = *self;
        Packet { ssrc, sequence, timestamp, payload }
    }
}

/// A packet that waited, in its turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Released {
    pub(super) packet: KeptPacket,
    /// How many packets before it never came.
    pub(super) lost_before: u64,
}

/// What became of a packet that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// It is its turn, and it was not kept: nearly every packet of a good line.
    InTurn,
    /// It waits for its turn.
    Held,
    Duplicate,
    /// Its turn is over: it was given up as lost.
    TooLate,
    /// So far from the others that the sender must have started anew.
    OutOfRange,
}

/// Further ahead than this is no loss but another stream (RFC 3550 §A.1, MAX_DROPOUT).
const MAX_AHEAD: i32 = 3_000;
/// Further behind than this is no reordering but another stream (RFC 3550 §A.1, MAX_MISORDER).
const MAX_BEHIND: i32 = 100;
/// Packets held at once. A flood beyond it is released as if its time had come.
const MAX_HELD: usize = 128;
/// Where the extended numbers begin, so that packets before the first one have a place.
const ORIGIN: u64 = 1 << 32;

#[derive(Debug)]
pub(super) struct Reorder {
    window: Duration,
    held: BTreeMap<u64, Held>,
    /// The extended number of the packet whose turn it is.
    next: u64,
    /// Which of the 64 packets before `next` came; bit 0 is the last one.
    history: u64,
    first: u64,
    highest: u64,
}

#[derive(Debug)]
struct Held {
    packet: KeptPacket,
    arrived: Instant,
}

impl Reorder {
    /// Begins with the packet of this number.
    pub(super) fn new(first: u16, window: Duration) -> Self {
        let first = ORIGIN + u64::from(first);
        Self { window, held: BTreeMap::new(), next: first, history: 0, first, highest: first }
    }

    pub(super) fn set_window(&mut self, window: Duration) {
        self.window = window;
    }

    /// The highest number so far, extended as RTCP wants it (RFC 3550 §6.4.1).
    pub(super) fn highest(&self) -> u32 {
        // The number of cycles wraps round by definition.
        (self.highest - ORIGIN) as u32
    }

    /// How many packets there would be if none were lost.
    pub(super) fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    pub(super) fn place(&mut self, now: Instant, packet: &Packet<'_>) -> Placed {
        let Some(number) = self.extend(packet.sequence) else {
            return Placed::OutOfRange;
        };
        if number < self.next {
            return self.place_behind(number);
        }
        self.highest = self.highest.max(number);
        if number == self.next && self.held.is_empty() {
            self.advance(1, number);
            return Placed::InTurn;
        }
        if self.held.contains_key(&number) {
            return Placed::Duplicate;
        }
        self.held.insert(number, Held { packet: packet.keep(), arrived: now });
        Placed::Held
    }

    /// The next packet whose turn has come: the one expected, or the first one of those that have
    /// waited long enough.
    pub(super) fn release(&mut self, now: Instant) -> Option<Released> {
        let (&number, _) = self.held.first_key_value()?;
        let is_due = self.deadline().is_some_and(|deadline| now >= deadline);
        (number == self.next || is_due || self.held.len() > MAX_HELD).then(|| self.take_first())?
    }

    /// The next packet, without waiting for those before it.
    pub(super) fn release_now(&mut self) -> Option<Released> {
        self.take_first()
    }

    /// When waiting ends for the packets before the first one held.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.held.values().map(|held| held.arrived).min().map(|arrived| arrived + self.window)
    }

    fn take_first(&mut self) -> Option<Released> {
        let (number, held) = self.held.pop_first()?;
        let lost_before = number - self.next;
        self.advance(lost_before + 1, number);
        Some(Released { packet: held.packet, lost_before })
    }

    /// The packet of this number had its turn, so many places further.
    fn advance(&mut self, places: u64, number: u64) {
        // A shift by the whole width or more would not be zero but an overflow.
        let shift = u32::try_from(places).unwrap_or(u32::MAX);
        self.history = self.history.checked_shl(shift).unwrap_or(0) | 1;
        self.next = number + 1;
    }

    fn place_behind(&self, number: u64) -> Placed {
        let bit = u32::try_from(self.next - 1 - number).unwrap_or(u32::MAX);
        let came = 1_u64.checked_shl(bit).is_some_and(|mask| self.history & mask != 0);
        if came { Placed::Duplicate } else { Placed::TooLate }
    }

    /// The 64-bit number nearest to `next` that ends in these 16 bits; `None` if it is out of
    /// range.
    fn extend(&self, sequence: u16) -> Option<u64> {
        let [.., high, low] = self.next.to_be_bytes();
        let distance =
            i32::from(sequence.wrapping_sub(u16::from_be_bytes([high, low])).cast_signed());
        let in_range = (-MAX_BEHIND..=MAX_AHEAD).contains(&distance);
        in_range.then(|| self.next.checked_add_signed(i64::from(distance)))?
    }
}
