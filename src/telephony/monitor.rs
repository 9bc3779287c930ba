//! What can be asked of the phone side while it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sip::rtp::Statistics;

use super::trace::Trace;

/// A handle that anyone may keep: asking holds up nothing.
#[derive(Debug, Clone)]
pub struct Monitor {
    /// What was said.
    pub trace: Trace,
    audio: Arc<Mutex<AudioTotals>>,
}

/// The audio of all calls that are over.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioTotals {
    /// Calls that had audio.
    pub calls: u64,
    /// RTP packets that were decoded.
    pub packets: u64,
    /// RTP packets that never came, or too late.
    pub lost: u64,
    /// RTP packets that came, and could not be used.
    pub unusable: u64,
    /// Frames that nobody took in time.
    pub overflowed_frames: u64,
}

impl Monitor {
    pub(super) fn new(trace_bytes: usize) -> Self {
        Self { trace: Trace::new(trace_bytes), audio: Arc::default() }
    }

    /// The audio of all calls that are over.
    pub fn audio(&self) -> AudioTotals {
        *self.lock()
    }

    pub(super) fn audio_ended(&self, statistics: &Statistics) {
        let receiver = &statistics.receiver;
        let mut totals = self.lock();
        totals.calls += 1;
        totals.packets += receiver.received;
        totals.lost += receiver.lost;
        totals.unusable += receiver.malformed
            + receiver.stray
            + receiver.foreign_payload_type
            + statistics.strangers
            + statistics.refused_by_srtp;
        totals.overflowed_frames += receiver.overflowed_frames;
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, AudioTotals> {
        self.audio.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
