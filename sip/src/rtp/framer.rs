//! Samples of any number into frames of 20 ms. A frame with a lost sample in it is marked as a gap.

use std::collections::VecDeque;

use super::PcmFrame;
use super::codec::Decoder;

/// Frames wait here till they are polled: ten seconds at most. Beyond that the oldest is thrown
/// away and counted.
const MAX_READY_FRAMES: usize = 500;
/// Frames a second.
const FRAME_RATE: u32 = 50;

#[derive(Debug)]
pub(super) struct Framer {
    sample_rate: u32,
    ready: VecDeque<PcmFrame>,
    /// The frame that is not full yet.
    samples: Vec<i16>,
    gap: bool,
    overflowed: u64,
}

impl Framer {
    pub(super) fn new(sample_rate: u32) -> Self {
        Self { sample_rate, ready: VecDeque::new(), samples: Vec::new(), gap: false, overflowed: 0 }
    }

    /// What follows has another rate. A frame that is not full yet stays short.
    pub(super) fn set_sample_rate(&mut self, sample_rate: u32) {
        if sample_rate != self.sample_rate {
            self.flush();
            self.sample_rate = sample_rate;
        }
    }

    /// Encoded audio. A packet of 20 ms becomes a frame without being copied.
    pub(super) fn audio(&mut self, decoder: &mut Decoder, payload: &[u8]) {
        let frame = self.frame_samples();
        if self.samples.is_empty() {
            self.samples.reserve_exact(frame);
        }
        decoder.decode(payload, &mut self.samples);
        while self.samples.len() >= frame {
            let rest = self.samples.split_off(frame);
            self.finish_frame();
            self.samples = rest;
        }
    }

    /// Silence in the place of lost samples.
    pub(super) fn gap(&mut self, samples: usize) {
        self.fill(samples, true);
    }

    /// Silence the sender left out.
    pub(super) fn silence(&mut self, samples: usize) {
        self.fill(samples, false);
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

    fn frame_samples(&self) -> usize {
        (self.sample_rate / FRAME_RATE) as usize
    }

    fn fill(&mut self, mut samples: usize, gap: bool) {
        let frame = self.frame_samples();
        while samples > 0 {
            let now = samples.min(frame - self.samples.len());
            self.samples.resize(self.samples.len() + now, 0);
            self.gap |= gap;
            samples -= now;
            if self.samples.len() == frame {
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
        self.ready.push_back(PcmFrame { samples, sample_rate: self.sample_rate, gap });
    }
}
