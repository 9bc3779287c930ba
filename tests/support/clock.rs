//! A wall clock that moves only when it is told to.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use zavud::clock::Clock;
use zavud::domain::Timestamp;

#[derive(Debug)]
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands in November 2026.
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(1_795_000_000_000))
    }

    pub(crate) fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst))
    }
}
