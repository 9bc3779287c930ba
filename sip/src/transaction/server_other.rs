//! The server transaction of every other request (RFC 3261 §17.2.2). Every such request is answered
//! at once, so it begins Completed. Over a connection there is none: timer J is zero, and the
//! transaction would end where it begins.

use std::time::Instant;

use super::timers::TIMER_J;

#[derive(Debug)]
pub(crate) struct ServerOther {
    response: Vec<u8>,
    timer_j: Instant,
}

impl ServerOther {
    /// Begins with the final response that has been sent.
    pub(crate) fn new(now: Instant, response: Vec<u8>) -> Self {
        Self { response, timer_j: now + TIMER_J }
    }

    /// The request came again: what to send once more.
    pub(crate) fn retransmitted(&self) -> &[u8] {
        &self.response
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.timer_j
    }

    pub(crate) fn is_over(&self, now: Instant) -> bool {
        now >= self.timer_j
    }
}
