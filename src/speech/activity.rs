//! Voice activity: when somebody speaks and when nobody does.
//!
//! Two judges have to agree. The detector tells a voice from other sound; it hears one for a tenth
//! of a second after its end, and through seconds of noise. The level drops as soon as the voice
//! stops, whatever goes on behind it.
//!
//! Measured on seven voices of telephone prompts, from the end of the last digit until 112 ms of
//! quiet were seen, median and 99th percentile: 130 and 147 ms on a clean line (the detector alone:
//! 219 and 233 ms), 81 and 123 ms in noise at 20 dB (259 ms and 4 s), -32 and 94 ms in noise at
//! 10 dB (2 s and 12 s), 8 and 134 ms in babble at 10 dB (9 s and 19 s). Below zero, the soft end of
//! a word was lost in the noise: quiet is no proof that a digit is over.

use earshot::Detector;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// Somebody speaks.
    Speech,
    /// Something is heard, and it is not the voice, as far as its level tells.
    Background,
    /// Nothing that could hide a word.
    Silence,
}

/// Samples that are judged at a time: 16 ms at 16 kHz.
pub(super) const FRAME: usize = 256;

/// Scores above this are a voice. At 0.5, which the detector's documentation advises, the beginning
/// of a word is lost more often in noise; what is no voice and scores less is rare.
const VOICE_SCORE: f32 = 0.3;

/// Speech is no further than this below the loudest of late (dB). It keeps the breath and the room
/// after a word out.
const RANGE: f32 = 36.0;

/// Speech stands this far out of the background (dB): more than babble of six people swells.
const ABOVE_FLOOR: f32 = 8.0;

/// The background of a call that has just begun.
const FIRST_FLOOR: f32 = -40.0;

/// What was loud or soft of late is forgotten at this rate, in dB a frame: 5 and 6 dB a second.
const PEAK_FALL: f32 = 5.0 * 0.016;
const FLOOR_RISE: f32 = 6.0 * 0.016;

/// Nothing below this (dB of full scale) is a background: lost packets stand as zeros.
const DIGITAL_SILENCE: f32 = -70.0;

/// Judges a stream of samples, frame by frame.
pub(super) struct ActivityDetector {
    detector: Box<Detector>,
    level: Level,
    waiting: Vec<f32>,
}

impl ActivityDetector {
    pub(super) fn new() -> Self {
        Self {
            detector: Detector::default_boxed(),
            level: Level::default(),
            waiting: Vec::with_capacity(2 * FRAME),
        }
    }

    /// Takes samples, and tells `verdict` what each whole [`FRAME`] holds.
    pub(super) fn push(&mut self, samples: &[f32], mut verdict: impl FnMut(Activity)) {
        // A resampled peak may lie above full scale, which the detector does not take.
        self.waiting.extend(samples.iter().map(|sample| sample.clamp(-1.0, 1.0)));
        let mut frames = self.waiting.chunks_exact(FRAME);
        for frame in &mut frames {
            let is_voice = self.detector.predict_f32(frame) > VOICE_SCORE;
            verdict(match self.level.judge(frame) {
                Activity::Speech if !is_voice => Activity::Background,
                by_level => by_level,
            });
        }
        let rest = frames.remainder().len();
        self.waiting.drain(..self.waiting.len() - rest);
    }
}

/// How loud it is, next to how loud and how soft it was of late. All in dB of full scale.
#[derive(Debug)]
struct Level {
    /// Mean square of the frame before.
    last_power: f32,
    peak: f32,
    floor: f32,
}

impl Default for Level {
    fn default() -> Self {
        Self { last_power: 0.0, peak: DIGITAL_SILENCE, floor: FIRST_FLOOR }
    }
}

impl Level {
    /// What the frame holds by its level, smoothed over two frames.
    fn judge(&mut self, frame: &[f32]) -> Activity {
        let power = frame.iter().map(|sample| sample * sample).sum::<f32>() / frame.len() as f32;
        // The addend keeps the logarithm of nothing at -100 dB.
        let level = 10.0 * (f32::midpoint(power, self.last_power) + 1e-10).log10();
        self.last_power = power;
        self.peak = level.max(self.peak - PEAK_FALL);
        if level > DIGITAL_SILENCE {
            self.floor = level.min(self.floor + FLOOR_RISE);
        }
        if level <= DIGITAL_SILENCE.max(self.peak - RANGE) {
            Activity::Silence
        } else if level <= self.floor + ABOVE_FLOOR {
            Activity::Background
        } else {
            Activity::Speech
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    fn hiss(seed: u64, level: f32, samples: usize) -> Vec<f32> {
        let mut random = StdRng::seed_from_u64(seed);
        (0..samples).map(|_| random.random_range(-level..level)).collect()
    }

    fn speaks(samples: &[f32]) -> bool {
        let mut detector = ActivityDetector::new();
        let mut any = false;
        for piece in samples.chunks(320) {
            detector.push(piece, |activity| any |= activity == Activity::Speech);
        }
        any
    }

    fn by_level(samples: &[f32]) -> Vec<Activity> {
        let mut level = Level::default();
        samples.chunks_exact(FRAME).map(|frame| level.judge(frame)).collect()
    }

    #[test]
    fn silence_is_not_speech() {
        assert!(!speaks(&vec![0.0; 32_000]));
    }

    #[test]
    fn a_quiet_hiss_is_not_speech() {
        assert!(!speaks(&hiss(7, 0.003, 32_000)));
    }

    #[test]
    fn a_frame_is_judged_once_however_the_samples_arrive() {
        let mut detector = ActivityDetector::new();
        let mut judged = 0;
        for piece in [100, 3_000, 1, 0, 971] {
            detector.push(&vec![0.0; piece], |_| judged += 1);
        }
        assert_eq!(judged, 4_072 / FRAME);
    }

    #[test]
    fn a_voice_that_stops_is_quiet_at_once_although_the_noise_behind_it_goes_on() {
        let mut call = hiss(1, 0.01, 100 * FRAME);
        for (sample, voice) in call[..50 * FRAME].iter_mut().zip(hiss(2, 0.4, 50 * FRAME)) {
            *sample += voice;
        }
        let activity = by_level(&call);
        // The frame after the end is smoothed with the one before it.
        assert_eq!(activity[..51], [Activity::Speech; 51]);
        assert_eq!(activity[51..], [Activity::Background; 49]);
    }

    #[test]
    fn a_lost_packet_does_not_make_speech_of_the_noise_after_it() {
        let mut call = hiss(3, 0.1, 30 * FRAME);
        call.extend(hiss(4, 0.01, 100 * FRAME));
        call[60 * FRAME..62 * FRAME].fill(0.0);
        assert!(by_level(&call)[40..].iter().all(|&activity| activity != Activity::Speech));
    }

    #[test]
    fn what_is_far_below_the_voice_is_silence() {
        let mut call = hiss(5, 0.5, 30 * FRAME);
        call.extend(hiss(6, 0.002, 30 * FRAME));
        assert_eq!(by_level(&call)[31..], [Activity::Silence; 29]);
    }
}
