//! Voice activity: when somebody speaks and when nobody does.

use earshot::Detector;

/// Samples the detector judges at a time: 16 ms at 16 kHz.
const FRAME: usize = 256;

/// Scores above this are speech, as the detector's documentation advises.
const SPEECH_SCORE: f32 = 0.5;

/// Speech goes on for this many frames after the detector last saw some: the closure of a "t" and
/// the end of a word are quiet for up to 80 ms.
const HANGOVER_FRAMES: u32 = 5;

/// Judges a stream of samples, frame by frame.
pub(super) struct ActivityDetector {
    detector: Box<Detector>,
    waiting: Vec<f32>,
    quiet_frames: u32,
}

impl ActivityDetector {
    pub(super) fn new() -> Self {
        Self {
            detector: Detector::default_boxed(),
            waiting: Vec::with_capacity(2 * FRAME),
            quiet_frames: HANGOVER_FRAMES,
        }
    }

    /// Takes samples, and tells `verdict` for each whole frame whether it holds speech, together
    /// with the number of samples it was judged on.
    pub(super) fn push(&mut self, samples: &[f32], mut verdict: impl FnMut(bool, usize)) {
        self.waiting.extend_from_slice(samples);
        let mut taken = 0;
        while self.waiting.len() - taken >= FRAME {
            let score = self.detector.predict_f32(&self.waiting[taken..taken + FRAME]);
            self.quiet_frames =
                if score > SPEECH_SCORE { 0 } else { self.quiet_frames.saturating_add(1) };
            verdict(self.quiet_frames < HANGOVER_FRAMES, FRAME);
            taken += FRAME;
        }
        self.waiting.drain(..taken);
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    fn speaks(samples: &[f32]) -> bool {
        let mut detector = ActivityDetector::new();
        let mut any = false;
        for piece in samples.chunks(320) {
            detector.push(piece, |speech, _| any |= speech);
        }
        any
    }

    #[test]
    fn silence_is_not_speech() {
        assert!(!speaks(&vec![0.0; 32_000]));
    }

    #[test]
    fn a_quiet_hiss_is_not_speech() {
        let mut random = StdRng::seed_from_u64(7);
        let hiss: Vec<f32> = (0..32_000).map(|_| random.random_range(-0.003..0.003)).collect();
        assert!(!speaks(&hiss));
    }
}
