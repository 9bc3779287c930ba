//! For tests: calls in which a voice makes a sound for each digit, and a recogniser that knows
//! what was said when. It reads as badly as a real one where a window cuts a digit in two.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::cascade::may_matter;
use super::resample::{LineResampler, to_sample};
use super::segmenter::samples;
use super::{
    Care, Heard, Hypothesis, LINE_RATE, Posterior, READING_RATE, Recogniser, RecogniserError,
    Symbol, read_recording,
};
use crate::domain::{Language, SpokenCode};

/// What the model reads at once.
pub(crate) const WINDOW: Duration = Duration::from_millis(5_120);

/// The steps of the times that it tells.
const TIME_STEP: usize = samples(80);

/// Readings further apart than this have a break between them.
const BREAK: usize = samples(1_000);

/// How long the sound of a digit is.
pub(crate) const DIGIT: Duration = Duration::from_millis(300);

/// A digit that is spoken, as positions in the call at [`READING_RATE`].
#[derive(Debug, Clone, Copy)]
struct Spoken {
    value: u8,
    from: usize,
    until: usize,
}

/// A call while it is written: silence, then what is added.
#[derive(Debug)]
pub(crate) struct Script {
    line: Vec<f32>,
    digits: Vec<Spoken>,
    vowel: Vec<f32>,
    random: StdRng,
}

/// Three periods of a vowel: harmonics of 120 Hz under three formants.
fn vowel() -> Vec<f32> {
    let loudness = |hertz: f32| -> f32 {
        let formants = [(700.0, 1.0), (1_200.0, 0.5), (2_600.0, 0.25)];
        formants.iter().map(|(at, peak)| peak / (1.0 + ((hertz - at) / 90.0_f32).powi(2))).sum()
    };
    let harmonics = (2..28).map(|harmonic| 120.0 * harmonic as f32);
    let sample = |index: usize| {
        let angle = std::f32::consts::TAU * index as f32 / LINE_RATE as f32;
        harmonics.clone().map(|hertz| loudness(hertz) * (hertz * angle).sin()).sum()
    };
    (0..3 * LINE_RATE as usize / 120).map(sample).collect()
}

impl Script {
    pub(crate) fn new() -> Self {
        let random = StdRng::seed_from_u64(1);
        Self { line: Vec::new(), digits: Vec::new(), vowel: vowel(), random }.pause(600)
    }

    pub(crate) fn pause(mut self, millis: usize) -> Self {
        self.line.extend(std::iter::repeat_n(0.0, millis * LINE_RATE as usize / 1_000));
        self
    }

    /// Speech without digits.
    pub(crate) fn talk(mut self, millis: usize) -> Self {
        for _ in 0..millis / 400 {
            self.vowel(320);
            self = self.pause(80);
        }
        self
    }

    /// Digits, with pauses between them: `.` is 100 ms, `-` half a second, a space 1.2 seconds;
    /// nothing is none.
    pub(crate) fn say(mut self, digits: &str) -> Self {
        for character in digits.chars() {
            self = match character {
                '.' => self.pause(100),
                '-' => self.pause(500),
                ' ' => self.pause(1_200),
                digit => {
                    let value = digit.to_digit(10).expect("a digit") as u8;
                    let from = 2 * self.line.len();
                    self.vowel(DIGIT.as_millis() as usize);
                    self.digits.push(Spoken { value, from, until: 2 * self.line.len() });
                    self
                }
            };
        }
        self
    }

    /// Noise behind everything so far, as a fraction of full scale.
    pub(crate) fn noise(mut self, level: f32) -> Self {
        for sample in &mut self.line {
            *sample += self.random.random_range(-level..level);
        }
        self
    }

    /// A vowel that swells and falls as syllables do.
    fn vowel(&mut self, millis: usize) {
        let length = millis * LINE_RATE as usize / 1_000;
        let swell = 0.06 * LINE_RATE as f32;
        for (index, sound) in (0..length).zip(self.vowel.iter().cycle()) {
            let edge = index.min(length - 1 - index) as f32 / swell;
            self.line.push(0.15 * edge.min(1.0) * sound);
        }
    }

    /// The call as it comes over the line. A trace of noise makes each place in it its own.
    pub(crate) fn line(&self) -> Vec<i16> {
        let mut random = StdRng::seed_from_u64(2);
        self.line.iter().map(|&sample| to_sample(sample) + random.random_range(-2..=2)).collect()
    }

    /// When each digit ends.
    pub(crate) fn digit_ends(&self) -> Vec<Duration> {
        self.digits.iter().map(|digit| time(digit.until)).collect()
    }

    /// Reads the call as [`read_recording`] does, with a judge or without, and returns how many windows
    /// were read.
    pub(crate) fn read(
        &self,
        with_judge: bool,
        mut hear: impl FnMut(&Hypothesis) -> Option<SpokenCode>,
    ) -> usize {
        let line = self.line();
        let mut reader = self.reader(with_judge);
        read_recording(&line, &mut reader, WINDOW, None, &mut hear).expect("it never fails");
        *reader.windows.lock().expect("nobody panics with it")
    }

    /// A recogniser of this call.
    fn reader(&self, with_judge: bool) -> ScriptedReader {
        let mut audio = Vec::new();
        let mut resampler = LineResampler::new();
        let line = [self.line(), vec![0; 2_000]].concat();
        resampler.push(&line, LINE_RATE, |samples| audio.extend_from_slice(samples));
        let places = (0..audio.len() - 1).map(|place| (beginning(&audio[place..]), place));
        ScriptedReader {
            places: places.collect(),
            digits: self.digits.clone(),
            with_judge,
            windows: Arc::default(),
        }
    }
}

/// Reads the windows of one call.
struct ScriptedReader {
    /// Where in the call a window lies, by how it begins.
    places: HashMap<[u32; 2], usize>,
    digits: Vec<Spoken>,
    /// Whether somebody is asked who knows best, and hears the same.
    with_judge: bool,
    windows: Arc<Mutex<usize>>,
}

fn time(position: usize) -> Duration {
    Duration::from_secs_f64(position as f64 / f64::from(READING_RATE))
}

fn beginning(samples: &[f32]) -> [u32; 2] {
    [samples[0].to_bits(), samples[1].to_bits()]
}

impl Recogniser for ScriptedReader {
    fn read(
        &mut self,
        window: &[f32],
        _: Option<Language>,
        care: Care,
    ) -> Result<Heard, RecogniserError> {
        *self.windows.lock().expect("nobody panics with it") += 1;
        assert!(window.len() <= samples(WINDOW.as_millis() as usize), "a window is too long");
        let from = self.places[&beginning(window)];
        let until = from + window.len();
        let mut heard = Vec::new();
        let mut last: Option<(&Spoken, usize)> = None;
        for digit in &self.digits {
            let half = digit.from.midpoint(digit.until);
            if digit.until <= from + samples(40) || half >= until {
                continue;
            }
            let is_whole = digit.from + samples(40) >= from && digit.until <= until;
            let (value, probability) =
                if is_whole { (digit.value, 0.999) } else { ((digit.value + 1) % 10, 0.6) };
            let nearest = (digit.until.min(until) - from + TIME_STEP / 2) / TIME_STEP * TIME_STEP;
            let ends = nearest.max(last.map_or(0, |(_, earlier)| earlier + TIME_STEP));
            let at = time(ends);
            if let Some((previous, ended)) = last
                && digit.from - previous.until >= BREAK
            {
                heard.push(Symbol::Break { at: time(ended) });
            }
            heard.push(Symbol::Digit { posterior: Posterior::of(value, probability), at });
            last = Some((digit, ends));
        }
        let is_judged = self.with_judge && may_matter(&heard, &care);
        Ok(Heard { symbols: heard, is_judged })
    }
}
