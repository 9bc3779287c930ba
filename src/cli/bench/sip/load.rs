//! What load is put on the daemon, and what the daemon has to be given for it. Pure.

use std::time::Duration;

use crate::domain::PhoneNumber;

/// Calls over time: they begin at an even rate whatever becomes of those before them, so that a
/// daemon that stalls is not spared the calls that would have come meanwhile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Load {
    pub(super) calls_per_second: f64,
    /// Calls that are to live at the same time; zero: each is ended as soon as it is answered.
    pub(super) concurrent: u32,
    /// How long calls begin.
    pub(super) length: Duration,
}

/// How long a server transaction outlives a call (RFC 3261 §17.2.2 timer J, RFC 6026 §8.1 timer L).
const TRANSACTION_LIFE: f64 = 32.0;

/// A call that has just ended is still being recorded: its number rests for as long.
const REST: f64 = 2.0;

impl Load {
    /// How many calls there are in all.
    pub(super) fn calls(&self) -> u32 {
        (self.calls_per_second * self.length.as_secs_f64()) as u32
    }

    /// When a call begins, counted from the first one.
    pub(super) fn begins_after(&self, call: u32) -> Duration {
        Duration::from_secs_f64(f64::from(call) / self.calls_per_second)
    }

    /// How long each call is held: what lets so many live at that rate (Little's law).
    pub(super) fn held_for(&self) -> Duration {
        Duration::from_secs_f64(f64::from(self.concurrent) / self.calls_per_second)
    }

    /// How many numbers are called in turn, so that none is called while it is in a call.
    pub(super) fn numbers(&self) -> u32 {
        (self.calls_per_second * REST) as u32 + 2 * self.concurrent + 1
    }

    /// The number that a call is for: one that is reserved for fiction, or looks like it.
    pub(super) fn number(&self, call: u32) -> PhoneNumber {
        let text = format!("+1555{:07}", call % self.numbers());
        text.parse().expect("eleven digits after a plus are a phone number")
    }

    /// What `sip.max_calls` must be. The daemon keeps eight transactions a call, three quarters of
    /// them for one source address, and the load comes from one: two transactions of each call
    /// outlive it.
    pub(super) fn max_calls(&self) -> u32 {
        let lingering =
            2.0 * self.calls_per_second * TRANSACTION_LIFE.min(self.length.as_secs_f64());
        let transactions = lingering + 3.0 * f64::from(self.concurrent);
        (transactions / 6.0) as u32 + self.concurrent + 200
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_begin_evenly_and_are_held_until_enough_of_them_live() {
        let load =
            Load { calls_per_second: 50.0, concurrent: 1_000, length: Duration::from_secs(60) };
        assert_eq!(load.calls(), 3_000);
        assert_eq!(load.begins_after(0), Duration::ZERO);
        assert_eq!(load.begins_after(75), Duration::from_millis(1_500));
        assert_eq!(load.held_for(), Duration::from_secs(20));
    }

    #[test]
    fn a_number_is_called_again_only_after_its_call_is_over() {
        let load =
            Load { calls_per_second: 50.0, concurrent: 1_000, length: Duration::from_secs(60) };
        let first = load.number(0);
        let again = (1..load.calls()).find(|&call| load.number(call) == first).unwrap();
        assert!(load.begins_after(again) > load.held_for() + Duration::from_secs(1));
    }
}
