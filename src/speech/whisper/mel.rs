//! What the network is given in place of samples: how loud each of its frequency bands is, every
//! ten milliseconds, on a logarithmic scale.
//!
//! The features are those of Whisper (Radford et al., 2022, section 2.2; `log_mel_spectrogram` in
//! `whisper/audio.py`), but for the first two frames, which see silence before the window where
//! Whisper mirrors its beginning. whisper.cpp's own function reckons 30 s of silence with each
//! window: 15 ms for what takes 2 here.

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

use super::model_file::BINS;

/// Samples from one frame to the next: 10 ms.
const HOP: usize = 160;

/// Samples in a frame: 25 ms.
const FRAME: usize = 400;

/// The power below which everything counts as silence.
const LEAST_POWER: f32 = 1e-10;

/// What is quieter than the window's loudest by more than this many powers of ten is raised to it.
const DYNAMIC_RANGE: f32 = 8.0;

/// One band: weights on a few neighbouring frequencies.
struct Band {
    first_bin: usize,
    weights: Vec<f32>,
}

/// Turns windows of samples into features. Owns the memory for it, so each thread has its own.
pub(super) struct LogMel {
    fft: Arc<dyn RealToComplex<f32>>,
    /// Periodic Hann window.
    hann: Vec<f32>,
    bands: Vec<Band>,
    frame: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    power: Vec<f32>,
    features: Vec<f32>,
}

impl LogMel {
    /// `filters` holds as many rows of [`BINS`] weights as there are bands.
    pub(super) fn new(filters: &[f32]) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(FRAME);
        let turn = std::f32::consts::TAU / FRAME as f32;
        let bands: Vec<Band> = filters.chunks_exact(BINS).map(Band::of).collect();
        Self {
            hann: (0..FRAME).map(|n| 0.5 - 0.5 * (turn * n as f32).cos()).collect(),
            frame: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            power: vec![0.0; BINS],
            features: Vec::new(),
            bands,
            fft,
        }
    }

    /// The features of `window`, samples at 16 kHz: one row of so many `frames` a band, lowest
    /// first. A shorter window is filled up with silence, a longer one cut.
    pub(super) fn features(&mut self, window: &[f32], frames: usize) -> &[f32] {
        let window = &window[..window.len().min(frames * HOP)];
        self.features.resize(self.bands.len() * frames, 0.0);
        let mut loudest = f32::NEG_INFINITY;
        for index in 0..frames {
            let has_sound = self.fill_power(window, index * HOP);
            for (band, row) in self.bands.iter().zip(self.features.chunks_exact_mut(frames)) {
                let power = if has_sound { band.power(&self.power) } else { 0.0 };
                row[index] = power.max(LEAST_POWER).log10();
                loudest = loudest.max(row[index]);
            }
        }
        for feature in &mut self.features {
            *feature = (feature.max(loudest - DYNAMIC_RANGE) + 4.0) / 4.0;
        }
        &self.features
    }

    /// Fills in the power spectrum of the frame that is centred on sample `centre`. Returns whether
    /// there is anything in it: most of a growing window is still silent, and that costs nothing.
    fn fill_power(&mut self, window: &[f32], centre: usize) -> bool {
        let begin = centre.saturating_sub(FRAME / 2).min(window.len());
        let end = (centre + FRAME / 2).min(window.len());
        let sound = &window[begin..end];
        if sound.iter().all(|&sample| sample == 0.0) {
            return false;
        }
        // Where the window begins inside the frame.
        let offset = (FRAME / 2).saturating_sub(centre);
        self.frame.fill(0.0);
        let place = offset..offset + sound.len();
        for ((into, &sample), &hann) in
            self.frame[place.clone()].iter_mut().zip(sound).zip(&self.hann[place])
        {
            *into = sample * hann;
        }
        self.fft
            .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers were made for this transform");
        for (power, bin) in self.power.iter_mut().zip(&self.spectrum) {
            *power = bin.norm_sqr();
        }
        true
    }
}

impl Band {
    fn of(row: &[f32]) -> Self {
        let is_used = |&weight: &f32| weight != 0.0;
        let first_bin = row.iter().position(is_used).unwrap_or(0);
        let end = row.iter().rposition(is_used).map_or(first_bin, |last| last + 1);
        Self { first_bin, weights: row[first_bin..end].to_vec() }
    }

    fn power(&self, spectrum: &[f32]) -> f32 {
        self.weights.iter().zip(&spectrum[self.first_bin..]).map(|(weight, bin)| weight * bin).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// See the file on how its values were made.
    const REFERENCE: &str = include_str!("../../../tests/fixtures/log_mel.json");

    /// Four triangles, as the reference has them.
    fn filters() -> Vec<f32> {
        let triangle = |centre: f32, half_width: f32| {
            (0..BINS).map(move |bin| (1.0 - (bin as f32 - centre).abs() / half_width).max(0.0))
        };
        [(6.0, 3.0), (11.0, 4.0), (31.0, 8.0), (120.0, 40.0)]
            .into_iter()
            .flat_map(|(centre, half_width)| triangle(centre, half_width))
            .collect()
    }

    /// A tone that rises and fades.
    fn sweep(count: usize) -> Vec<f32> {
        let sample = |n: usize| {
            let t = n as f64 / 16_000.0;
            0.3 * (1.0 - 5.0 * t) * (std::f64::consts::TAU * (200.0 * t + 8_000.0 * t * t)).sin()
        };
        (0..count).map(|n| sample(n) as f32).collect()
    }

    #[test]
    fn agrees_with_the_reference_that_the_network_was_taught_with() {
        let reference: serde_json::Value = serde_json::from_str(REFERENCE).unwrap();
        let expected: Vec<Vec<f32>> =
            serde_json::from_value(reference["features"].clone()).unwrap();
        let found = LogMel::new(&filters()).features(&sweep(2_900), 24).to_vec();
        for (band, (found, expected)) in found.chunks(24).zip(&expected).enumerate() {
            for (frame, (found, expected)) in found.iter().zip(expected).enumerate() {
                let distance = (found - expected).abs();
                assert!(distance < 1e-4, "band {band}, frame {frame}: {found}, not {expected}");
            }
        }
        assert_eq!((found.len(), expected.len()), (96, 4));
    }

    #[test]
    fn a_window_is_not_changed_by_the_one_before_it() {
        let mut log_mel = LogMel::new(&filters());
        let short = log_mel.features(&sweep(1_000), 24).to_vec();
        log_mel.features(&[0.5; 5_000], 31);
        assert_eq!(log_mel.features(&sweep(1_000), 24), short);
    }

    #[test]
    fn silence_and_nothing_at_all_are_the_same() {
        let mut log_mel = LogMel::new(&filters());
        assert_eq!(log_mel.features(&[], 24), [-1.5; 96]);
        assert_eq!(log_mel.features(&[0.0; 3_840], 24), [-1.5; 96]);
    }

    #[test]
    fn what_is_behind_the_window_is_not_heard() {
        let mut log_mel = LogMel::new(&filters());
        let exact = log_mel.features(&sweep(3_840), 24).to_vec();
        assert_eq!(log_mel.features(&sweep(9_999), 24), exact);
    }
}
