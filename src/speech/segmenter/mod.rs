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
use super::cut::{Cut, Pause};
use super::hypothesis::{LONGEST_GAP, SAME_DIGIT};
use super::resample::LineResampler;
use super::{Care, Heard, Hypothesis, LINE_RATE, READING_RATE, Symbol};
use crate::domain::{CODE_LENGTH, SpokenCode};

/// Audio kept from before the first speech: in noise the beginning of a word is noticed up to a
/// quarter of a second late.
const PRE_ROLL: usize = samples(400);

/// New audio after which somebody who goes on speaking is read again. Together with the reading
/// itself it is how late a digit is shown, and each reading costs the same whatever is new in it.
const HOP: usize = samples(640);

/// The same where digits are being spoken.
const HOP_IN_CODE: usize = samples(480);

/// The same where the code is known, and nobody waits for digits: what comes can but take it back.
const HOP_BEHIND_CODE: usize = samples(2_000);

/// Digits are being spoken when the last one ended this short before the end of what was read.
const IN_CODE: Duration = Duration::from_millis(1_000);

/// How long it has to be quiet for each look at everything that was spoken: the first shows the
/// last digit soon. The others are taken where something may be hidden in the background: in noise
/// at 10 dB the voice seems to stop up to half a second before its last word is over. The last one is
/// also taken where a digit is lacking, and is enough where no digit is waited for.
const LOOKS: [usize; 3] = [samples(128), samples(320), samples(800)];

/// Hardly any voice speaks digits faster than this.
const SHORTEST_DIGIT: usize = samples(240);

/// The end of one sound is heard this exactly, when a window ends and when the next one begins with it.
const SAME_END: Duration = Duration::from_millis(120);

/// A window shows the end of a word when it goes on for this long after it.
const EDGE: usize = samples(48);

/// So many digits before a pause may be a code: one of them may have been missed,
const MAY_BE_A_CODE: usize = CODE_LENGTH - 1;

/// unless it is still to come: they are judged when it has been quiet for as long as this.
const SLOWEST_PAUSE: usize = LOOKS[2];

/// So many digits of a window that is full may be a part of one. It is the last look at them.
const PART_OF_A_CODE: usize = CODE_LENGTH / 2;

/// What ends this close to the end of a window was perhaps not heard to its end.
const RAGGED_EDGE: usize = samples(250);

/// A pause that ends a segment.
const CLOSING_PAUSE: usize = samples(1_000);

/// How often a pause that grows is reported when there is nothing new to read: in fine steps while
/// a decision may wait for it, as it does for the next digit of a slow voice, then in coarse ones.
const FINE_STEP: usize = samples(40);
const COARSE_STEP: usize = samples(200);
const FINE_UNTIL: usize = samples(2_000);
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

/// How many digits were spoken in a row, the last of them not long before `moment`.
fn digits_in_a_row<'a>(moment: usize, newest_first: impl Iterator<Item = &'a Symbol>) -> usize {
    let mut next = duration(moment);
    let mut is_in_the_row = |symbol: &&Symbol| {
        let apart = next.saturating_sub(symbol.at());
        next = symbol.at();
        symbol.is_digit() && apart <= LONGEST_GAP
    };
    newest_first.take_while(&mut is_in_the_row).count()
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
    /// Whether it shows the end of the newest speech.
    ends_in_a_pause: bool,
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
    /// The end of what was judged last.
    judged_words_until: usize,
    /// What is believed to be the code.
    known: Option<SpokenCode>,
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
            known: None,
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

    /// What is believed to be the code by now: less is read while nothing else is heard.
    pub(super) fn code_is(&mut self, known: Option<SpokenCode>) {
        self.known = known;
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
            let is_due = unread_speech || unread_sound || self.lacks_a_digit();
            return is_due.then_some(Urgency::Final);
        }
        let is_time = self.next_look(read_until).is_some_and(|quiet| self.quiet_samples() >= quiet);
        let look = is_time && (self.looks == 0 || unread_sound);
        let window_full = unread_speech && self.judged_until - start >= self.longest_window;
        if window_full || self.lacks_a_digit() || look && self.may_hold_a_code(read_until) {
            return Some(Urgency::Needed);
        }
        let unread_from = self.unread_from.max(read_until);
        // A voice that stops just now is looked at in a moment, and its last word whole.
        let is_stopping = (1..EDGE).contains(&self.quiet_samples());
        let hop_reached =
            unread_speech && !is_stopping && self.judged_until - unread_from >= self.hop();
        (look || hop_reached).then_some(Urgency::Partial)
    }

    /// How long it has to be quiet for the next look, if there is one.
    fn next_look(&self, read_until: usize) -> Option<usize> {
        let &quiet = LOOKS.get(self.looks)?;
        let is_waited_for = match (&self.known, self.looks) {
            (Some(_), _) => self.may_hold_a_code(read_until),
            (None, 0) => true,
            (None, _) => digits_in_a_row(read_until, self.newest_first()) > 0,
        };
        Some(if is_waited_for { quiet } else { SLOWEST_PAUSE })
    }

    /// Whether another look at everything that was spoken will be taken, should nobody speak.
    fn is_to_be_looked_at(&self) -> bool {
        let has_unread_sound = self.sound_until > self.read_until;
        self.segment_from.is_some() && self.looks < LOOKS.len() && has_unread_sound
    }

    /// Whether the digits of late and what was spoken after `read_until` can be a code together.
    fn may_hold_a_code(&self, read_until: usize) -> bool {
        let digits = digits_in_a_row(read_until, self.newest_first());
        let unread = self.speech_until.saturating_sub(read_until).div_ceil(SHORTEST_DIGIT);
        digits + unread >= MAY_BE_A_CODE
    }

    /// Whether the voice has stopped for long with a digit too few, which was not judged, and no window
    /// has shown that. A model that stands alone looks once more then, too.
    fn lacks_a_digit(&self) -> bool {
        let long_pause = self.speech_until + SLOWEST_PAUSE;
        let has_stopped = self.finished || self.judged_until >= long_pause;
        let is_shown = self.read_until >= self.judged_until.min(long_pause);
        let Some(last) = self.live.iter().rfind(|symbol| symbol.is_digit()) else { return false };
        let last = position(last.at());
        if !has_stopped || is_shown || last < self.judged_words_until {
            return false;
        }
        let digits = self.newest_first().skip_while(|symbol| !symbol.is_digit());
        digits_in_a_row(last, digits) % CODE_LENGTH == MAY_BE_A_CODE
    }

    fn newest_first(&self) -> impl Iterator<Item = &Symbol> {
        self.live.iter().rev().chain(self.settled.iter().rev())
    }

    /// The window to read now. Call it when [`Segmenter::due`] says so.
    pub(super) fn window(&mut self) -> Option<Window> {
        let from = self.segment_from?;
        let until = self.judged_until.min(from + self.longest_window);
        let ends_in_a_pause = until >= self.speech_until + EDGE;
        if ends_in_a_pause {
            // One that comes late, on a busy host, is as good as all that were to come before.
            let quiet = until - self.speech_until;
            let shown = LOOKS.iter().filter(|&&look| look <= quiet).count();
            self.looks = shown.max(self.looks + 1);
        }
        let care = self.care(from, until);
        self.reading = Some(Reading { from, until, ends_in_a_pause });
        let samples = self.audio[from - self.kept_from..until - self.kept_from].to_vec();
        Some(Window { samples, care })
    }

    /// How well a window is to be read: from fewer digits on where those before it, of late, may belong
    /// to the same code.
    fn care(&self, from: usize, until: usize) -> Care {
        let before = digits_in_a_row(from, self.settled.iter().rev());
        let enough = if until - from >= self.longest_window {
            PART_OF_A_CODE
        } else if self.finished || until >= self.speech_until + SLOWEST_PAUSE {
            MAY_BE_A_CODE
        } else {
            CODE_LENGTH
        };
        // A whole code before it is another reading.
        let judged_from = enough.saturating_sub(before % CODE_LENGTH).max(1);
        // In noise the voice seems to stop before its last word is over: that is judged once more.
        let judged_until = self.judged_words_until.saturating_sub(RAGGED_EDGE);
        let judged_until = duration(judged_until.saturating_sub(from));
        // What a cut left for this window is no reading alone.
        let known = self.known.clone().filter(|_| before % CODE_LENGTH == 0);
        Care { judged_from, judged_until, known }
    }

    /// Takes what was heard in the window that was handed out last.
    pub(super) fn accept(&mut self, heard: Heard) {
        let Some(reading) = self.reading.take() else { return };
        let start = duration(reading.from);
        // What ended before was settled by an earlier window, which heard it whole; and no glance
        // overrules what was judged.
        let Heard { symbols, is_judged } = heard;
        let known_until = if is_judged {
            self.live.clear();
            self.settled_until
        } else {
            self.settled_until.max(self.judged_words_until)
        };
        let known_until = duration(known_until);
        let later = symbols.into_iter().map(|symbol| symbol.later_by(start));
        let (again, mut new): (Vec<_>, Vec<_>) =
            later.partition(|symbol| symbol.at() < known_until);
        self.live.retain(|symbol| symbol.at() < known_until);
        new.drain(..usize::from(self.was_last(&again, new.first())));
        self.live.extend(new);
        if is_judged {
            self.judged_words_until = self.surely_heard_until(reading);
        }
        self.was_read(reading);
    }

    /// Whether the first digit that seems to be `new` is the last one that is known: its end is heard
    /// a little later this time, and none of those that the same window heard `again` is closer to it.
    fn was_last(&self, again: &[Symbol], new: Option<&Symbol>) -> bool {
        let last_digit =
            |symbols: &[Symbol]| symbols.iter().rfind(|symbol| symbol.is_digit()).copied();
        // Behind a cut less may be the same: the window begins there, so what comes next stands alone.
        let known = last_digit(&self.live).map(|known| (known, SAME_DIGIT));
        let known = known.or_else(|| last_digit(&self.settled).map(|known| (known, SAME_END)));
        let (Some((known, at_most)), Some(new)) = (known, new) else { return false };
        let apart = |symbol: &Symbol| symbol.at().abs_diff(known.at());
        let is_closest = last_digit(again).is_none_or(|other| apart(new) < apart(&other));
        new.is_digit() && is_closest && apart(new) <= at_most
    }

    /// Up to where what was judged just now is better known than a glance can know it.
    fn surely_heard_until(&self, reading: Reading) -> usize {
        if reading.ends_in_a_pause {
            return reading.until;
        }
        let ends = self.live.iter().map(|symbol| position(symbol.at()));
        let whole = ends.filter(|end| end + RAGGED_EDGE <= reading.until);
        whole.max().map_or(reading.from, |end| end + 1)
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
        // A backlog brings much of a pause at once.
        let quiet = self.quiet_samples().min(REPORTED_UNTIL);
        if quiet < self.quiet_reported {
            self.quiet_reported = 0;
        }
        let step = if quiet <= FINE_UNTIL { FINE_STEP } else { COARSE_STEP };
        let reached = quiet >= self.quiet_reported + step;
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
            looks_again: self.reading.is_some() || self.is_to_be_looked_at(),
            speech_heard: self.speech_until > 0,
            is_final: self.is_complete(),
        }
    }

    fn quiet_samples(&self) -> usize {
        self.judged_until - self.speech_until
    }

    fn hop(&self) -> usize {
        if self.known.is_some() {
            return HOP_BEHIND_CODE;
        }
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

    fn was_read(&mut self, Reading { from, until, .. }: Reading) {
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
        // On a loaded host a look that may bring a code can be late.
        let waits_for_a_look = self.due() >= Some(Urgency::Needed);
        if self.segment_from.is_none() || !is_over || waits_for_a_look {
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
mod tests;
