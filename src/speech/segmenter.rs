//! One call's audio, cut into windows that a recogniser can read, and their readings joined again.
//!
//! Pure: time is counted in samples. A *segment* begins when somebody speaks and grows until a
//! long pause ends it. While it grows it is read again and again, so that digits are known while
//! they are being spoken. A segment that outgrows the model's window is cut in its best pause:
//! what was heard before the cut is settled, what comes after is read on. No audio is ever
//! skipped: when reading falls behind, windows are read in turn and only partial results are
//! fewer.

use std::time::Duration;

use super::activity::ActivityDetector;
use super::resample::LineResampler;
use super::{Heard, Hypothesis, LINE_RATE, READING_RATE, Symbol};

/// Audio kept from before the first speech, because a detector notices a soft beginning late.
const PRE_ROLL: usize = samples(400);

/// New speech after which a growing segment is read again.
const HOP: usize = samples(480);

/// How long it has to be quiet for each look at everything that was spoken, although less than a
/// hop is new: the first shows the last digit soon, the second reads the same digits with more
/// silence behind them, so that a decision can ask for two looks that agree.
const LOOKS: [usize; 2] = [samples(160), samples(480)];

/// Silence after the last sample, at the line's rate: more than what the resampler (20 ms) and the
/// detector (16 ms) keep waiting.
const FLUSH: usize = 400;

/// A pause that ends a segment.
const CLOSING_PAUSE: usize = samples(2_000);

/// How often a pause that grows is reported when there is nothing new to read.
const QUIET_STEP: usize = samples(100);

/// A cut keeps at least this much at either end of the window: digits at its very edge are not
/// read well.
const CUT_MARGIN: usize = samples(1_000);

/// Where a window without any pause is cut, counted from its end.
const BLIND_CUT: usize = samples(3_000);

const fn samples(millis: usize) -> usize {
    millis * READING_RATE as usize / 1_000
}

fn duration(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(READING_RATE))
}

/// A window to be read. Hand the result to [`Segmenter::accept`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Window {
    /// Mono, 16 kHz, between -1 and 1.
    pub(super) samples: Vec<f32>,
}

/// How pressing a read is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Shows digits earlier; may be left out when there is no time.
    Partial,
    /// The call is over: its outcome waits for this.
    Final,
}

/// A silence inside the segment, as positions in the call.
#[derive(Debug, Clone, Copy)]
struct Pause {
    from: usize,
    until: usize,
}

/// One call's audio and what was heard in it. Positions are samples since the call's beginning.
pub(super) struct Segmenter {
    resampler: LineResampler,
    activity: ActivityDetector,
    longest_window: usize,
    /// The audio from `kept_from` on.
    audio: Vec<f32>,
    kept_from: usize,
    /// The audio up to here has been judged for activity.
    judged_until: usize,
    /// Where the segment begins, when there is one.
    segment_from: Option<usize>,
    /// The end of the newest speech.
    speech_until: usize,
    pauses: Vec<Pause>,
    /// End of the window being read, until its result is accepted.
    reading: Option<Reading>,
    read_until: usize,
    /// How many windows have reached to the end of the newest speech.
    looks: usize,
    quiet_reported: usize,
    settled: Vec<Symbol>,
    live: Vec<Symbol>,
    finished: bool,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    from: usize,
    until: usize,
}

impl Segmenter {
    /// For a model that reads at most `longest_window` at once.
    pub(super) fn new(longest_window: Duration) -> Self {
        let millis = usize::try_from(longest_window.as_millis()).expect("a window is seconds long");
        Self {
            resampler: LineResampler::new(),
            activity: ActivityDetector::new(),
            longest_window: samples(millis),
            audio: Vec::new(),
            kept_from: 0,
            judged_until: 0,
            segment_from: None,
            speech_until: 0,
            pauses: Vec::new(),
            reading: None,
            read_until: 0,
            looks: 0,
            quiet_reported: 0,
            settled: Vec::new(),
            live: Vec::new(),
            finished: false,
        }
    }

    /// Takes audio at the line's rate, or at that which is read.
    pub(super) fn push(&mut self, line_samples: &[i16], sample_rate: u32) {
        let Self { resampler, activity, audio, .. } = self;
        let mut verdicts = Vec::new();
        resampler.push(line_samples, sample_rate, |samples| {
            audio.extend_from_slice(samples);
            activity.push(samples, |speech, count| verdicts.push((speech, count)));
        });
        for (speech, count) in verdicts {
            self.judge(speech, count);
        }
        if self.segment_from.is_none() {
            self.forget_before(self.judged_until.saturating_sub(PRE_ROLL));
        }
    }

    /// No audio follows.
    pub(super) fn finish(&mut self) {
        // Pushes the last samples through the resampler and the detector, which wait for more.
        self.push(&[0; FLUSH], LINE_RATE);
        self.finished = true;
    }

    /// How pressing the next read is; `None` when there is nothing to read, or a window is being
    /// read already.
    pub(super) fn due(&self) -> Option<Urgency> {
        let start = self.segment_from?;
        if self.reading.is_some() {
            return None;
        }
        let unread_speech = self.speech_until > self.read_until.max(start);
        if self.finished {
            return unread_speech.then_some(Urgency::Final);
        }
        let new_audio = self.judged_until - self.read_until.max(start);
        let pause_reached =
            LOOKS.get(self.looks).is_some_and(|&quiet| self.quiet_samples() >= quiet);
        let hop_reached = unread_speech && new_audio >= HOP;
        let window_full = unread_speech && self.judged_until - start >= self.longest_window;
        (hop_reached || pause_reached || window_full).then_some(Urgency::Partial)
    }

    /// The window to read now. Call it when [`Segmenter::due`] says so.
    pub(super) fn window(&mut self) -> Option<Window> {
        let from = self.segment_from?;
        let until = self.judged_until.min(from + self.longest_window);
        if until >= self.speech_until {
            self.looks += 1;
        }
        self.reading = Some(Reading { from, until });
        let samples = self.audio[from - self.kept_from..until - self.kept_from].to_vec();
        Some(Window { samples })
    }

    /// Takes what was heard in the window that was handed out last.
    pub(super) fn accept(&mut self, heard: Heard) {
        let Some(Reading { from, until }) = self.reading.take() else { return };
        let start = duration(from);
        self.live = heard
            .into_iter()
            .map(|symbol| match symbol {
                Symbol::Digit { value, probability, at } => {
                    Symbol::Digit { value, probability, at: start + at }
                }
                Symbol::Break { at } => Symbol::Break { at: start + at },
            })
            .collect();
        self.read_until = until;
        if until - from >= self.longest_window {
            self.settle_before(self.best_cut(from, until));
        }
        self.close_after_a_long_pause();
    }

    /// Whether the last result changed nothing that was waited for: a finished call without
    /// unread speech.
    pub(super) fn is_complete(&self) -> bool {
        self.finished && self.reading.is_none() && self.due().is_none()
    }

    /// Whether a pause has grown enough since the last report to be worth another one.
    pub(super) fn quiet_step_reached(&mut self) -> bool {
        self.close_after_a_long_pause();
        let quiet = self.quiet_samples();
        if quiet < self.quiet_reported {
            self.quiet_reported = 0;
        }
        let reached =
            quiet >= self.quiet_reported + QUIET_STEP && quiet <= CLOSING_PAUSE + QUIET_STEP;
        if reached {
            self.quiet_reported = quiet;
        }
        reached && self.speech_until > 0
    }

    /// Everything heard so far.
    pub(super) fn hypothesis(&self) -> Hypothesis {
        Hypothesis {
            symbols: self.settled.iter().chain(&self.live).copied().collect(),
            read_until: duration(self.read_until),
            heard_until: duration(self.judged_until),
            quiet_for: duration(self.quiet_samples()),
            speech_heard: self.speech_until > 0,
            is_final: self.is_complete(),
        }
    }

    fn quiet_samples(&self) -> usize {
        self.judged_until - self.speech_until
    }

    /// One frame was judged.
    fn judge(&mut self, speech: bool, count: usize) {
        let from = self.judged_until;
        self.judged_until += count;
        if !speech {
            return;
        }
        if self.segment_from.is_none() {
            let pre_roll = from.saturating_sub(PRE_ROLL).max(self.kept_from);
            self.segment_from = Some(pre_roll);
            self.read_until = self.read_until.max(pre_roll);
        } else if self.speech_until < from {
            self.pauses.push(Pause { from: self.speech_until, until: from });
        }
        self.speech_until = self.judged_until;
        self.looks = 0;
    }

    /// The middle of the longest pause that leaves enough at either end.
    fn best_cut(&self, from: usize, until: usize) -> usize {
        let allowed = from + CUT_MARGIN..until - CUT_MARGIN;
        self.pauses
            .iter()
            .filter(|pause| allowed.contains(&pause.from) && allowed.contains(&pause.until))
            .max_by_key(|pause| pause.until - pause.from)
            .map_or(until - BLIND_CUT, |pause| (pause.from + pause.until) / 2)
    }

    /// What was heard before `cut` stands; the segment goes on from there.
    fn settle_before(&mut self, cut: usize) {
        let moment = duration(cut);
        let (before, after) = self.live.iter().partition(|symbol| symbol.at() < moment);
        self.settled.extend::<Vec<Symbol>>(before);
        self.live = after;
        self.segment_from = Some(cut);
        self.pauses.retain(|pause| pause.from > cut);
        self.forget_before(cut);
        // What lies after the cut is read again, as a part of the next window.
        self.read_until = self.read_until.min(cut);
    }

    fn close_after_a_long_pause(&mut self) {
        let all_read = self.read_until >= self.speech_until && self.reading.is_none();
        if self.segment_from.is_none() || !all_read || self.quiet_samples() < CLOSING_PAUSE {
            return;
        }
        self.settled.append(&mut self.live);
        self.settled.push(Symbol::Break { at: duration(self.judged_until) });
        self.segment_from = None;
        self.pauses.clear();
        self.forget_before(self.judged_until.saturating_sub(PRE_ROLL));
    }

    fn forget_before(&mut self, position: usize) {
        let count = position.saturating_sub(self.kept_from).min(self.audio.len());
        self.audio.drain(..count);
        self.kept_from += count;
    }
}
