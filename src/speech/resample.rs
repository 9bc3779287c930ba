//! From one sample rate to another, by the FFT resampler of rubato.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

use super::{LINE_RATE, READING_RATE};

/// 20 ms at the line's rate: the packet time of G.711 (RFC 3551 §4.5.14), and so the piece in
/// which a call's audio is resampled.
const CHUNK: usize = 160;

/// Brings the audio of one call from the line's rate to the rate that is read.
#[derive(Debug)]
pub(super) struct LineResampler {
    fft: Fft<f32>,
    waiting: Vec<f32>,
    resampled: Vec<f32>,
}

impl LineResampler {
    pub(super) fn new() -> Self {
        let fft = Fft::new(LINE_RATE as usize, READING_RATE as usize, CHUNK, 1, FixedSync::Input)
            .expect("the two rates and the chunk are constants that fit");
        let resampled = vec![0.0; fft.output_frames_max()];
        Self { fft, waiting: Vec::with_capacity(2 * CHUNK), resampled }
    }

    /// Takes samples as they arrive and hands whole chunks at the new rate to `output`. What is
    /// left over waits for the next call. Samples that have the new rate already, those of a codec
    /// of wide band, are handed on as they are.
    pub(super) fn push(
        &mut self,
        samples: &[i16],
        sample_rate: u32,
        mut output: impl FnMut(&[f32]),
    ) {
        if sample_rate == READING_RATE {
            // Where a call changes its codec, less than a chunk of the old one is lost.
            self.waiting.clear();
            let converted: Vec<f32> = samples.iter().copied().map(to_float).collect();
            return output(&converted);
        }
        self.waiting.extend(samples.iter().map(|&sample| to_float(sample)));
        let mut taken = 0;
        while self.waiting.len() - taken >= CHUNK {
            let chunk = &self.waiting[taken..taken + CHUNK];
            let produced = {
                let capacity = self.resampled.len();
                let input = InterleavedSlice::new(chunk, 1, CHUNK);
                let target = InterleavedSlice::new_mut(&mut self.resampled, 1, capacity);
                let (input, mut target) =
                    (input.expect("one channel"), target.expect("one channel"));
                let (_, produced) = self
                    .fft
                    .process_into_buffer(&input, &mut target, None)
                    .expect("both buffers have the sizes the resampler asked for");
                produced
            };
            output(&self.resampled[..produced]);
            taken += CHUNK;
        }
        self.waiting.drain(..taken);
    }
}

/// A sample as a fraction of full scale.
pub(super) fn to_float(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

/// A fraction of full scale as a sample; what is louder than full scale is clipped.
pub(super) fn to_sample(fraction: f32) -> i16 {
    // The cast saturates, and turns NaN into silence.
    (fraction * 32_768.0) as i16
}

/// A whole recording at `rate` samples a second, as a telephone line would carry it.
///
/// # Errors
/// When `rate` is one that no resampler takes.
pub(super) fn to_line_rate(samples: &[f32], rate: u32) -> Result<Vec<i16>, String> {
    if rate == LINE_RATE {
        return Ok(samples.iter().copied().map(to_sample).collect());
    }
    let mut fft = Fft::<f32>::new(rate as usize, LINE_RATE as usize, 1024, 1, FixedSync::Both)
        .map_err(|error| error.to_string())?;
    let input = InterleavedSlice::new(samples, 1, samples.len()).map_err(|e| e.to_string())?;
    let output = fft.process_all(&input, samples.len(), None).map_err(|error| error.to_string())?;
    Ok(output.take_data().into_iter().map(to_sample).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The level of a tone in `samples`, 0 to 1, measured by correlation.
    fn level(samples: &[f32], hertz: f32, rate: f32) -> f32 {
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (index, sample) in samples.iter().enumerate() {
            let angle = std::f32::consts::TAU * hertz * index as f32 / rate;
            sine += sample * angle.sin();
            cosine += sample * angle.cos();
        }
        2.0 * sine.hypot(cosine) / samples.len() as f32
    }

    fn tone(hertz: f32, rate: f32, count: usize) -> Vec<i16> {
        (0..count)
            .map(|index| {
                to_sample(0.5 * (std::f32::consts::TAU * hertz * index as f32 / rate).sin())
            })
            .collect()
    }

    #[test]
    fn keeps_a_tone_and_makes_no_mirror_image_of_it() {
        let mut resampler = LineResampler::new();
        let mut output = Vec::new();
        // Pieces that are no multiple of a chunk, as RTP packets of 30 ms would be.
        for piece in tone(1_000.0, 8_000.0, 8_000).chunks(240) {
            resampler.push(piece, LINE_RATE, |samples| output.extend_from_slice(samples));
        }
        let steady = &output[1_600..14_400];
        assert!((level(steady, 1_000.0, 16_000.0) - 0.5).abs() < 0.01);
        assert!(level(steady, 7_000.0, 16_000.0) < 0.001);
    }

    #[test]
    fn samples_of_wide_band_pass_unchanged_in_the_middle_of_a_call() {
        let mut resampler = LineResampler::new();
        let mut output = Vec::new();
        let wide = tone(3_000.0, 16_000.0, 640);
        resampler.push(&tone(1_000.0, 8_000.0, 160), LINE_RATE, |samples| output.extend(samples));
        let before = output.len();
        for frame in wide.chunks(320) {
            resampler.push(frame, READING_RATE, |samples| output.extend_from_slice(samples));
        }
        let expected: Vec<f32> = wide.iter().copied().map(to_float).collect();
        assert_eq!(output[before..], expected);
    }

    #[test]
    fn brings_a_recording_to_the_rate_of_the_line() {
        let recording: Vec<f32> =
            tone(1_000.0, 44_100.0, 44_100).into_iter().map(to_float).collect();
        let line: Vec<f32> =
            to_line_rate(&recording, 44_100).unwrap().into_iter().map(to_float).collect();
        assert_eq!(line.len(), 8_000);
        assert!((level(&line[800..7_200], 1_000.0, 8_000.0) - 0.5).abs() < 0.01);
    }

    #[test]
    fn clips_what_is_too_loud() {
        assert_eq!(to_sample(1.5), i16::MAX);
        assert_eq!(to_sample(-1.5), i16::MIN);
        assert_eq!(to_sample(f32::NAN), 0);
    }
}
