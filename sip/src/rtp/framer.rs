//! Samples of any number into frames of 20 ms. A frame with a lost sample in it is marked as a gap.

use std::collections::VecDeque;

use super::{FRAME_SAMPLES, PcmFrame, SAMPLE_RATE};

/// Frames wait here till they are polled: ten seconds at most. Beyond that the oldest is thrown
/// away and counted.
const MAX_READY_FRAMES: usize = 500;

#[derive(Debug, Default)]
pub(super) struct Framer {
    ready: VecDeque<PcmFrame>,
    /// The frame that is not full yet.
    samples: Vec<i16>,
    gap: bool,
    overflowed: u64,
}

impl Framer {
    pub(super) fn audio(&mut self, samples: &[i16]) {
        self.append(samples, false);
    }

    /// Silence in the place of lost samples.
    pub(super) fn gap(&mut self, samples: usize) {
        self.append(&vec![0; samples], true);
    }

    /// Silence the sender left out.
    pub(super) fn silence(&mut self, samples: usize) {
        self.append(&vec![0; samples], false);
    }

    /// Makes a frame of what is left, shorter than the others.
    pub(super) fn flush(&mut self) {
        if !self.samples.is_empty() {
            self.finish_frame();
        }
    }

    pub(super) fn poll(&mut self) -> Option<PcmFrame> {
        self.ready.pop_front()
    }

    /// How many frames were thrown away because nobody polled.
    pub(super) fn overflowed(&self) -> u64 {
        self.overflowed
    }

    fn append(&mut self, mut samples: &[i16], gap: bool) {
        while !samples.is_empty() {
            let (now, later) =
                samples.split_at(samples.len().min(FRAME_SAMPLES - self.samples.len()));
            self.samples.extend_from_slice(now);
            self.gap |= gap;
            samples = later;
            if self.samples.len() == FRAME_SAMPLES {
                self.finish_frame();
            }
        }
    }

    fn finish_frame(&mut self) {
        if self.ready.len() >= MAX_READY_FRAMES {
            self.ready.pop_front();
            self.overflowed += 1;
        }
        let samples = std::mem::take(&mut self.samples);
        let gap = std::mem::take(&mut self.gap);
        self.ready.push_back(PcmFrame { samples, sample_rate: SAMPLE_RATE, gap });
    }
}
