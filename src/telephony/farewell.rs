//! What the event loop still sees through when the daemon stops, and for how long.

use std::time::{Duration, Instant};

use sip::Endpoint;

/// How long the last messages of ended calls are seen through when the daemon stops.
pub(super) const LAST_MESSAGES: Duration = Duration::from_millis(500);

/// How long registrars may take to hear that we leave. A round trip, and one more for a challenge,
/// take a tenth of it.
const UNREGISTERING: Duration = Duration::from_secs(3);

/// What is still seen through when the daemon stops.
pub(super) struct Farewell {
    calls_until: Instant,
    registrations_until: Instant,
}

impl Farewell {
    pub(super) fn begin(of_calls: bool) -> Self {
        let now = Instant::now();
        let calls_until = if of_calls { now + LAST_MESSAGES } else { now };
        Self { calls_until, registrations_until: now + UNREGISTERING }
    }

    pub(super) fn is_over(&self, endpoint: &Endpoint) -> bool {
        let now = Instant::now();
        let registrars_know = endpoint.registrations_left() == 0 || now >= self.registrations_until;
        now >= self.calls_until && registrars_know
    }

    /// When it may be over.
    pub(super) fn next(&self) -> Instant {
        if Instant::now() < self.calls_until { self.calls_until } else { self.registrations_until }
    }
}
