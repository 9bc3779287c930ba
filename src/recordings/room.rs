//! How much of the disk recordings take, and may take.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::warn;

use crate::domain::CallId;

/// Bytes, and whose they are. A call that goes on has the most it may need.
#[derive(Debug)]
pub(super) struct Room {
    /// That all recordings may take together.
    all: u64,
    /// That one may take.
    pub(super) one: u64,
    taken: Mutex<HashMap<CallId, u64>>,
    /// Whether the log says already that there is none left.
    full_is_known: AtomicBool,
}

impl Room {
    pub(super) fn new(all: u64, one: u64, taken: HashMap<CallId, u64>) -> Self {
        Self { all, one, taken: Mutex::new(taken), full_is_known: AtomicBool::new(false) }
    }

    /// Takes room for a call that begins. Returns whether there was enough.
    pub(super) fn take(&self, call: &CallId) -> bool {
        let mut taken = self.lock();
        let sum = taken.values().fold(self.one, |sum, bytes| sum.saturating_add(*bytes));
        if sum > self.all {
            return false;
        }
        taken.insert(call.clone(), self.one);
        self.full_is_known.store(false, Ordering::Relaxed);
        true
    }

    /// Gives back what a call did not need.
    pub(super) fn settle(&self, call: &CallId, bytes: u64) {
        self.lock().insert(call.clone(), bytes);
    }

    /// Gives back all that a call has.
    pub(super) fn give_back(&self, call: &CallId) {
        self.lock().remove(call);
    }

    /// Whoever has some.
    pub(super) fn calls(&self) -> Vec<CallId> {
        self.lock().keys().cloned().collect()
    }

    /// Logs that a call gets none: once, until there is room again.
    pub(super) fn report_full(&self) {
        if !self.full_is_known.swap(true, Ordering::Relaxed) {
            let megabytes = self.all / 1_000_000;
            warn!(megabytes, "no room for recordings: calls are answered and read without");
        }
    }

    /// No code panics while it holds the lock, so a poisoned map is still whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, u64>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: u8) -> CallId {
        CallId::from_stored(format!("call_{number}"))
    }

    #[test]
    fn a_call_that_goes_on_counts_with_the_most_it_may_need() {
        let room = Room::new(100, 40, HashMap::from([(call(0), 10)]));
        assert!(room.take(&call(1)));
        assert!(room.take(&call(2)));
        assert!(!room.take(&call(3)), "90 are taken");
        room.settle(&call(1), 20);
        assert!(!room.take(&call(3)), "70 are taken");
        room.give_back(&call(0));
        assert!(room.take(&call(3)));
        let mut calls = room.calls();
        calls.sort();
        assert_eq!(calls, [call(1), call(2), call(3)]);
    }

    #[test]
    fn a_length_that_overflows_is_no_room() {
        assert!(!Room::new(100, u64::MAX, HashMap::from([(call(0), 1)])).take(&call(1)));
    }
}
