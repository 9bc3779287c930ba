//! Every timer of the protocol in one table (RFC 3261 table 4, RFC 6026 §8), and the doubling ones
//! as a type.

use std::time::{Duration, Instant};

/// Estimate of a round trip.
pub(crate) const T1: Duration = Duration::from_millis(500);
/// Ceiling of a retransmission interval.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// How long a message may stay in the network.
pub(crate) const T4: Duration = Duration::from_secs(5);
const T1_64: Duration = Duration::from_secs(32);

/// INVITE client, no response at all (§17.1.1.2). Timer A retransmits from T1 without a ceiling.
pub(crate) const TIMER_B: Duration = T1_64;
/// INVITE client, absorbs retransmitted final responses (§17.1.1.2).
pub(crate) const TIMER_D: Duration = T1_64;
/// Other client, no final response (§17.1.2.2). Timer E retransmits from T1 up to T2.
pub(crate) const TIMER_F: Duration = T1_64;
/// INVITE server, no ACK to a final response (§17.2.1). Timer G retransmits from T1 up to T2.
pub(crate) const TIMER_H: Duration = T1_64;
/// INVITE server, absorbs retransmitted ACKs (§17.2.1).
pub(crate) const TIMER_I: Duration = T4;
/// Other server, absorbs retransmitted requests (§17.2.2).
pub(crate) const TIMER_J: Duration = T1_64;
/// Other client, absorbs retransmitted responses (§17.1.2.2).
pub(crate) const TIMER_K: Duration = T4;
/// INVITE server after a 2xx, absorbs retransmitted INVITEs (RFC 6026 §8.1).
pub(crate) const TIMER_L: Duration = T1_64;
/// INVITE client after a 2xx, passes retransmitted 2xx on (RFC 6026 §8.4).
pub(crate) const TIMER_M: Duration = T1_64;

/// The user agent's own: no ACK to a 2xx (§13.3.1.4). The 2xx is retransmitted from T1 up to T2.
pub(crate) const ACK_LIMIT: Duration = T1_64;
/// The user agent's own: an INVITE the application neither answers nor refuses gets 480. As long as
/// a proxy waits (timer C, §16.6).
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(180);
/// The user agent's own: a CANCEL that brings no final response to the INVITE (§9.1).
pub(crate) const CANCEL_LIMIT: Duration = T1_64;

/// A retransmission timer whose interval doubles from T1 up to a ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    due: Instant,
    interval: Duration,
    ceiling: Duration,
}

impl Backoff {
    /// Timers E, G and that of the 2xx.
    pub(crate) fn up_to_t2(now: Instant) -> Self {
        Self { due: now + T1, interval: T1, ceiling: T2 }
    }

    /// Timer A, which timer B ends.
    pub(crate) fn timer_a(now: Instant) -> Self {
        Self { due: now + T1, interval: T1, ceiling: TIMER_B }
    }

    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Whether it is time; if so, the next time is set. A late look fires once, however much time
    /// has passed.
    pub(crate) fn fire(&mut self, now: Instant) -> bool {
        if now < self.due {
            return false;
        }
        self.interval = (self.interval * 2).min(self.ceiling);
        self.due = now + self.interval;
        true
    }

    /// Retransmits at the ceiling only: what timer E does after a provisional response (§17.1.2.2).
    pub(crate) fn slow_down(&mut self) {
        self.interval = self.ceiling;
    }
}
