//! When the next packet of silence goes out.
//!
//! A packet each 20 ms, but not on a timer of its own: one goes out when a packet of the peer comes,
//! if it is about time. So a call wakes up once for both, and only where the peer pauses does the
//! timer fire. Silence bears being early or late by half a packet.

use std::time::{Duration, Instant};

use super::FRAME;

/// How much earlier or later than its time a packet may go out.
const TOLERANCE: Duration = Duration::from_millis(10);
/// When it is this late, the missed ones are left out and not made up for.
const TOO_LATE: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
pub(super) struct SilenceClock {
    /// The nominal time of the next packet; `None` before the first one.
    next: Option<Instant>,
    /// A packet of the peer came.
    nudged: bool,
    paused: bool,
}

impl SilenceClock {
    /// A packet of the peer came: if it is about time, the next one goes out now.
    pub(super) fn nudge(&mut self) {
        self.nudged = true;
    }

    /// Nothing is sent for now.
    pub(super) fn pause(&mut self) {
        self.paused = true;
    }

    /// If a packet is due: how many were left out before it. Time goes on in the stream.
    pub(super) fn tick(&mut self, now: Instant) -> Option<u32> {
        self.paused = false;
        let nudged = std::mem::take(&mut self.nudged);
        let Some(next) = self.next else {
            self.next = Some(now + FRAME);
            return Some(0);
        };
        let is_due = if nudged { now + TOLERANCE >= next } else { now >= next + TOLERANCE };
        if !is_due {
            return None;
        }
        let late = now.saturating_duration_since(next);
        let left_out = if late > TOO_LATE {
            u32::try_from(late.as_millis() / FRAME.as_millis()).unwrap_or(u32::MAX)
        } else {
            0
        };
        self.next = Some(next + FRAME * (left_out + 1));
        Some(left_out)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next.filter(|_| !self.paused).map(|next| next + TOLERANCE)
    }
}
