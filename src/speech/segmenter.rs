//! One call's audio, cut into windows that a recogniser can read, and their readings joined again.
//!
//! Pure: time is counted in samples. A *segment* begins when somebody speaks and grows until a
//! pause ends it. While it grows it is read again and again, always from its beginning, so that
//! digits are known while they are being spoken: after [`HOP`] of new speech, and as soon as the
//! voice stops. A segment that outgrows the model's window is *cut* ([`Cut`]): what was heard
//! before the cut is settled, what comes after is read on. No audio is ever skipped: when reading
//! falls behind, windows are read in turn and only partial results are fewer.

use std::time::Duration;

use super::activity::{Activity, ActivityDetector, FRAME};
use super::cascade::MAY_BE_A_CODE;
use super::cut::{Cut, Pause};
use super::hypothesis::SAME_DIGIT;
use super::resample::LineResampler;
use super::{Care, Heard, Hypothesis, LINE_RATE, READING_RATE, Symbol};

/// Audio kept from before the first speech: in noise the beginning of a word is noticed up to a
/// quarter of a second late.
const PRE_ROLL: usize = samples(400);

/// New audio after which somebody who goes on speaking is read again. Together with the reading
/// itself it is how late a digit is shown, and each reading costs the same whatever is new in it.
const HOP: usize = samples(640);

/// The same where digits are being spoken.
const HOP_IN_CODE: usize = samples(480);

/// Digits are being spoken when the last one ended this short before the end of what was read.
const IN_CODE: Duration = Duration::from_millis(1_000);

/// How long it has to be quiet for each look at everything that was spoken: the first shows the
/// last digit soon. The others are taken where something may be hidden in the background: in noise
/// at 10 dB the voice seems to stop up to half a second before its last word is over.
const LOOKS: [usize; 3] = [samples(128), samples(320), samples(800)];

/// Hardly any voice speaks digits faster than this.
const SHORTEST_DIGIT: usize = samples(240);

/// A window shows the end of a word when it goes on for this long after it.
const EDGE: usize = samples(48);

/// A pause that ends a segment.
const CLOSING_PAUSE: usize = samples(1_000);

/// How often a pause that grows is reported when there is nothing new to read: in fine steps while
/// a decision may wait for it, then in coarse ones.
const FINE_STEP: usize = samples(40);
const COARSE_STEP: usize = samples(200);
const FINE_UNTIL: usize = samples(800);
const REPORTED_UNTIL: usize = samples(3_000);

/// Silence after the last sample, at the line's rate: more than what the resampler (20 ms) and the
/// detector (16 ms) keep waiting.
const FLUSH: usize = 400;

pub(super) const fn samples(millis: usize) -> usize {
    millis * READING_RATE as usize / 1_000
}

fn duration(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(READING_RATE))
}

fn position(at: Duration) -> usize {
    (at.as_secs_f64() * f64::from(READING_RATE)).round() as usize
}

/// A window to be read. Hand the result to [`Segmenter::accept`] or [`Segmenter::fail`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Window {
    /// Mono, 16 kHz, between -1 and 1.
    pub(super) samples: Vec<f32>,
    pub(super) care: Care,
}

/// How pressing a read is, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// Shows digits earlier; may be left out when there is no time.
    Partial,
    /// The voice has stopped after what may be a code, or the window is full: the decision waits for
    /// this.
    Needed,
    /// The call is over: its outcome waits for this.
    Final,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
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
    /// Where the speech begins that goes on after what was read.
    unread_from: usize,
    /// The end of the newest speech, and of the newest sound of any kind.
    speech_until: usize,
    sound_until: usize,
    pauses: Vec<Pause>,
    /// The window being read, until its result is accepted.
    reading: Option<Reading>,
    read_until: usize,
    /// How many windows have shown the end of the newest speech.
    looks: usize,
    quiet_reported: usize,
    /// What ended before `settled_until`.
    settled: Vec<Symbol>,
    settled_until: usize,
    live: Vec<Symbol>,
    /// The end of the newest window that was judged in a pause.
    judged_words_until: usize,
    finished: bool,
}

impl Segmenter {
    /// For a model that reads at most `longest_window` at once.
    pub(super) fn new(longest_window: Duration) -> Self {
        Self {
            resampler: LineResampler::new(),
            activity: ActivityDetector::new(),
            longest_window: position(longest_window),
            audio: Vec::new(),
            kept_from: 0,
            judged_until: 0,
            segment_from: None,
            unread_from: 0,
            speech_until: 0,
            sound_until: 0,
            pauses: Vec::new(),
            reading: None,
            read_until: 0,
            looks: 0,
            quiet_reported: 0,
            settled: Vec::new(),
            settled_until: 0,
            live: Vec::new(),
            judged_words_until: 0,
            finished: false,
        }
    }

    /// Takes audio at the line's rate, or at that which is read. Look at [`Segmenter::is_full`]
    /// before: this keeps whatever it is given until it was read.
    pub(super) fn push(&mut self, line_samples: &[i16], sample_rate: u32) {
        let Self { resampler, activity, audio, .. } = self;
        let mut verdicts = Vec::new();
        resampler.push(line_samples, sample_rate, |samples| {
            audio.extend_from_slice(samples);
            activity.push(samples, |verdict| verdicts.push(verdict));
        });
        for verdict in verdicts {
            self.judge(verdict);
        }
        self.close_after_a_pause();
        if self.segment_from.is_none() {
            self.forget_before(self.judged_until.saturating_sub(PRE_ROLL));
        }
    }

    /// Whether so much audio waits to be read that no more should be pushed before some was.
    pub(super) fn is_full(&self) -> bool {
        let unread = self.segment_from.map_or(0, |from| self.judged_until - from);
        unread >= self.longest_window + CLOSING_PAUSE
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
        let read_until = self.read_until.max(start);
        let unread_speech = self.speech_until > read_until;
        let unread_sound = self.sound_until > read_until;
        if self.finished {
            return (unread_speech || unread_sound).then_some(Urgency::Final);
        }
        let is_time = LOOKS.get(self.looks).is_some_and(|&quiet| self.quiet_samples() >= quiet);
        let look = is_time && (self.looks == 0 || unread_sound);
        let window_full = unread_speech && self.judged_until - start >= self.longest_window;
        if window_full || look && self.may_hold_a_code(read_until) {
            return Some(Urgency::Needed);
        }
        let unread_from = self.unread_from.max(read_until);
        let hop_reached = unread_speech && self.judged_until - unread_from >= self.hop();
        (look || hop_reached).then_some(Urgency::Partial)
    }

    /// Whether the digits of late and what was spoken after `read_until` can be a code together.
    fn may_hold_a_code(&self, read_until: usize) -> bool {
        let since = duration(read_until.saturating_sub(self.longest_window));
        let newest_first = self.live.iter().rev().chain(self.settled.iter().rev());
        let of_late = newest_first.take_while(|symbol| symbol.at() >= since);
        let digits = of_late.filter(|symbol| symbol.is_digit()).count();
        let unread = self.speech_until.saturating_sub(read_until).div_ceil(SHORTEST_DIGIT);
        digits + unread >= MAY_BE_A_CODE
    }

    /// The window to read now. Call it when [`Segmenter::due`] says so.
    pub(super) fn window(&mut self) -> Option<Window> {
        let from = self.segment_from?;
        let care = match self.due() {
            Some(Urgency::Needed | Urgency::Final) => Care::Verdict,
            Some(Urgency::Partial) | None => Care::Glance,
        };
        let until = self.judged_until.min(from + self.longest_window);
        if until >= self.speech_until + EDGE {
            self.looks += 1;
        }
        self.reading = Some(Reading { from, until });
        let samples = self.audio[from - self.kept_from..until - self.kept_from].to_vec();
        Some(Window { samples, care })
    }

    /// Takes what was heard in the window that was handed out last.
    pub(super) fn accept(&mut self, heard: Heard) {
        let Some(reading) = self.reading.take() else { return };
        let start = duration(reading.from);
        let ends_in_a_pause = reading.until >= self.speech_until + EDGE;
        // What ended before was settled by an earlier window, which heard it whole; and no glance
        // overrules what was judged.
        let known_until = if heard.is_judged {
            self.live.clear();
            self.settled_until
        } else {
            self.settled_until.max(self.judged_words_until)
        };
        let known_until = duration(known_until);
        let later = heard.symbols.into_iter().map(|symbol| symbol.later_by(start));
        let (again, mut new): (Vec<_>, Vec<_>) =
            later.partition(|symbol| symbol.at() < known_until);
        self.live.retain(|symbol| symbol.at() < known_until);
        new.drain(..usize::from(self.was_last(&again, new.first())));
        self.live.extend(new);
        if heard.is_judged && ends_in_a_pause {
            self.judged_words_until = reading.until;
        }
        self.was_read(reading);
    }

    /// Whether the first digit that seems to be `new` is the last one that is known: its end is heard
    /// a little later this time, and none of those that the same window heard `again` is closer to it.
    fn was_last(&self, again: &[Symbol], new: Option<&Symbol>) -> bool {
        let last_digit =
            |symbols: &[Symbol]| symbols.iter().rfind(|symbol| symbol.is_digit()).copied();
        let (Some(known), Some(new)) =
            (last_digit(&self.live).or_else(|| last_digit(&self.settled)), new)
        else {
            return false;
        };
        let apart = |symbol: &Symbol| symbol.at().abs_diff(known.at());
        let is_closest = last_digit(again).is_none_or(|other| apart(new) < apart(&other));
        new.is_digit() && is_closest && apart(new) <= SAME_DIGIT
    }

    /// The window that was handed out last could not be read: what an earlier one heard in it
    /// stands.
    pub(super) fn fail(&mut self) {
        if let Some(reading) = self.reading.take() {
            self.was_read(reading);
        }
    }

    /// Whether [`Segmenter::finish`] was called.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether nothing is left to read of a call that is over.
    pub(super) fn is_complete(&self) -> bool {
        self.finished && self.reading.is_none() && self.due().is_none()
    }

    /// Whether a pause has grown enough since the last report to be worth another one.
    pub(super) fn quiet_step_reached(&mut self) -> bool {
        let quiet = self.quiet_samples();
        if quiet < self.quiet_reported {
            self.quiet_reported = 0;
        }
        let step = if quiet <= FINE_UNTIL { FINE_STEP } else { COARSE_STEP };
        let reached = quiet >= self.quiet_reported + step && quiet <= REPORTED_UNTIL;
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

    fn hop(&self) -> usize {
        let in_code = self
            .live
            .last()
            .is_some_and(|symbol| symbol.at() + IN_CODE >= duration(self.read_until));
        if in_code { HOP_IN_CODE } else { HOP }
    }

    /// One frame was judged.
    fn judge(&mut self, activity: Activity) {
        let from = self.judged_until;
        self.judged_until += FRAME;
        if activity != Activity::Silence {
            self.sound_until = self.judged_until;
        }
        if activity != Activity::Speech {
            return;
        }
        if self.segment_from.is_none() {
            let pre_roll = from.saturating_sub(PRE_ROLL).max(self.kept_from);
            self.segment_from = Some(pre_roll);
        } else if self.speech_until < from {
            self.pauses.push(Pause { from: self.speech_until, until: from });
        }
        if self.speech_until <= self.read_until {
            self.unread_from = from;
        }
        self.speech_until = self.judged_until;
        self.looks = 0;
    }

    fn was_read(&mut self, Reading { from, until }: Reading) {
        self.read_until = until;
        if until - from >= self.longest_window {
            self.cut_within(from, until);
        }
        self.close_after_a_pause();
    }

    /// What was heard before the best cut stands; the segment goes on behind it.
    fn cut_within(&mut self, from: usize, until: usize) {
        let digit_ends = self.live.iter().filter(|symbol| symbol.is_digit());
        let digit_ends: Vec<usize> = digit_ends.map(|symbol| position(symbol.at())).collect();
        let Cut { settle_before, resume } = Cut::best(from..until, &self.pauses, &digit_ends);
        let moment = duration(settle_before);
        let (before, after) = self.live.iter().partition(|symbol| symbol.at() < moment);
        self.settled.extend::<Vec<Symbol>>(before);
        self.live = after;
        self.settled_until = settle_before;
        self.segment_from = Some(resume);
        self.pauses.retain(|pause| pause.from > resume);
        self.forget_before(resume);
    }

    fn close_after_a_pause(&mut self) {
        let all_read = self.read_until >= self.speech_until && self.reading.is_none();
        let is_over = all_read && self.quiet_samples() >= CLOSING_PAUSE;
        if self.segment_from.is_none() || !is_over {
            return;
        }
        self.settled.append(&mut self.live);
        self.settled_until = self.read_until;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Posterior;
    use crate::speech::scripted::{Script, WINDOW};

    const PACKET: usize = LINE_RATE as usize / 50;

    /// Pushes the call until a window has to be read while the voice speaks, or pauses.
    fn window_where(
        segmenter: &mut Segmenter,
        line: &mut std::slice::Chunks<'_, i16>,
        pauses: bool,
    ) {
        for packet in line {
            segmenter.push(packet, LINE_RATE);
            while segmenter.due().is_some() {
                segmenter.window().unwrap();
                if (segmenter.quiet_samples() >= LOOKS[0]) == pauses {
                    return;
                }
                // Nothing was heard, so that the segment stays as it is.
                segmenter.accept(Heard::default());
            }
        }
        panic!("no such window was read");
    }

    fn digits(values: &[(u8, u64)]) -> Vec<Symbol> {
        let digit = |&(value, millis)| Symbol::Digit {
            posterior: Posterior::of(value, 0.9),
            at: Duration::from_millis(millis),
        };
        values.iter().map(digit).collect()
    }

    fn heard(segmenter: &Segmenter) -> Vec<u8> {
        let value = |symbol| match symbol {
            Symbol::Digit { posterior, .. } => Some(posterior.value()),
            Symbol::Break { .. } => None,
        };
        segmenter.hypothesis().symbols.into_iter().filter_map(value).collect()
    }

    #[test]
    fn no_glance_overrules_what_was_judged_and_another_verdict_does() {
        let call = Script::new().talk(1_600).pause(400).talk(1_600).pause(400).line();
        let mut line = call.chunks(PACKET);
        let mut segmenter = Segmenter::new(WINDOW);
        let judged = |values| Heard { symbols: digits(values), is_judged: true };

        window_where(&mut segmenter, &mut line, true);
        segmenter.accept(judged(&[(4, 500), (8, 900)]));
        window_where(&mut segmenter, &mut line, false);
        segmenter.accept(digits(&[(7, 500), (7, 900), (1, 2_600)]).into());
        assert_eq!(heard(&segmenter), [4, 8, 1]);

        window_where(&mut segmenter, &mut line, true);
        segmenter.accept(judged(&[(4, 500), (9, 900), (5, 2_600)]));
        assert_eq!(heard(&segmenter), [4, 9, 5]);
    }

    #[test]
    fn the_last_digit_is_not_heard_twice_when_its_end_is_heard_later_the_next_time() {
        let call = Script::new().talk(1_600).pause(400).talk(1_600).pause(400).line();
        for (next, expected) in [
            // The window that was judged ends between 1.95 and 2.1 s.
            (vec![(8, 2_100), (1, 2_600)], vec![4, 8, 1]),
            (vec![(4, 1_000), (8, 2_100), (1, 2_600)], vec![4, 8, 1]),
            (vec![(8, 1_950), (8, 2_100), (1, 2_600)], vec![4, 8, 8, 1]),
            (vec![(8, 2_240), (1, 2_600)], vec![4, 8, 8, 1]),
        ] {
            let mut line = call.chunks(PACKET);
            let mut segmenter = Segmenter::new(WINDOW);
            window_where(&mut segmenter, &mut line, true);
            let symbols = digits(&[(4, 1_000), (8, 1_950)]);
            segmenter.accept(Heard { symbols, is_judged: true });
            window_where(&mut segmenter, &mut line, false);
            segmenter.accept(digits(&next).into());
            assert_eq!(heard(&segmenter), expected, "{next:?}");
        }
    }

    #[test]
    fn a_pause_is_waited_for_when_the_digits_before_it_may_be_a_code() {
        let call = Script::new().talk(800).pause(400).line();
        for (known, expected) in
            [(0, Urgency::Partial), (2, Urgency::Partial), (4, Urgency::Needed)]
        {
            let mut segmenter = Segmenter::new(WINDOW);
            for packet in call.chunks(PACKET) {
                segmenter.push(packet, LINE_RATE);
                if segmenter.quiet_samples() < LOOKS[0]
                    && let Some(_) = segmenter.due()
                {
                    segmenter.window().unwrap();
                    let symbols: Vec<_> = (0..known).map(|place| (1, 80 * (place + 1))).collect();
                    segmenter.accept(digits(&symbols).into());
                }
            }
            assert_eq!(segmenter.due(), Some(expected), "{known} digits");
        }
    }

    #[test]
    fn what_is_not_read_may_hold_a_code() {
        let mut segmenter = Segmenter::new(WINDOW);
        for packet in Script::new().talk(1_600).pause(400).line().chunks(PACKET) {
            segmenter.push(packet, LINE_RATE);
        }
        assert_eq!(segmenter.due(), Some(Urgency::Needed));
    }

    #[test]
    fn a_glance_replaces_the_one_before() {
        let call = Script::new().talk(3_200).line();
        let mut line = call.chunks(PACKET);
        let mut segmenter = Segmenter::new(WINDOW);
        window_where(&mut segmenter, &mut line, false);
        segmenter.accept(digits(&[(7, 400)]).into());
        window_where(&mut segmenter, &mut line, false);
        segmenter.accept(digits(&[(4, 400), (8, 900)]).into());
        assert_eq!(heard(&segmenter), [4, 8]);
    }
}
