//! What is read next: the audio of all calls comes in, windows to be read go out. No threads.
//!
//! A call never has more than one window being read, and no more windows are handed out than
//! there are workers. So nothing piles up: a worker that becomes free takes what is most urgent,
//! and of that what has waited longest, with all the audio that has arrived meanwhile. Under load
//! partial results get fewer.
//!
//! No more than [`Capacity::max_calls`] are read at a time. The audio of the others waits in their
//! [`Backlog`], and is read from there, faster than it was spoken, when a call ends.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use super::backlog::{Backlog, Piece};
use super::segmenter::{Segmenter, Urgency, Window};
use super::{Capacity, Heard, Hypothesis, RecogniserError};
use crate::domain::{Language, SpokenCode};

pub(super) type StreamId = u64;

/// What reaches the intake thread.
pub(super) enum Intake {
    Open { stream: StreamId, language: Option<Language>, hypotheses: watch::Sender<Hypothesis> },
    Audio { stream: StreamId, piece: Piece },
    Finish { stream: StreamId },
    Known { stream: StreamId, code: Option<SpokenCode> },
    Read { stream: StreamId, heard: Result<Heard, RecogniserError> },
    Shutdown,
}

/// What a worker reads.
#[derive(Debug, PartialEq)]
pub(super) struct Job {
    pub(super) stream: StreamId,
    pub(super) language: Option<Language>,
    pub(super) window: Window,
}

/// All calls, and what is to be read of them.
pub(super) struct Desk {
    longest_window: Duration,
    streams: HashMap<StreamId, Stream>,
    /// How many more calls may be read.
    free_places: usize,
    /// Calls that have no place, the oldest first. As many as the phone side admits.
    waiting: VecDeque<StreamId>,
    /// Calls with something to read, the longest waiting first.
    due: VecDeque<StreamId>,
    idle_workers: usize,
}

impl Desk {
    /// For a model that reads at most `longest_window` at once.
    pub(super) fn new(longest_window: Duration, capacity: Capacity) -> Self {
        Self {
            longest_window,
            streams: HashMap::new(),
            free_places: capacity.max_calls,
            waiting: VecDeque::new(),
            due: VecDeque::new(),
            idle_workers: capacity.threads,
        }
    }

    /// Something has happened. Ask for [`Desk::next_job`] afterwards.
    pub(super) fn take(&mut self, message: Intake) {
        match message {
            Intake::Open { stream, language, hypotheses } => {
                self.open(stream, language, hypotheses);
            }
            Intake::Audio { stream, piece } => self.change(stream, |call| call.hear(piece)),
            Intake::Finish { stream } => self.change(stream, |call| call.is_over = true),
            Intake::Known { stream, code } => self.change(stream, |call| call.code_is(code)),
            Intake::Read { stream, heard } => {
                self.idle_workers += 1;
                self.change(stream, |call| call.accept(heard));
            }
            Intake::Shutdown => {}
        }
        self.give_places();
    }

    /// What an idle worker is to read; `None` when nobody is idle, or nothing due.
    pub(super) fn next_job(&mut self) -> Option<Job> {
        while self.idle_workers > 0 {
            let stream = self.next_due()?;
            let Some(call) = self.streams.get_mut(&stream) else { continue };
            call.is_due = false;
            let Some(window) = call.segmenter.as_mut().and_then(Segmenter::window) else {
                continue;
            };
            self.idle_workers -= 1;
            return Some(Job { stream, language: call.language, window });
        }
        None
    }

    fn open(
        &mut self,
        stream: StreamId,
        language: Option<Language>,
        hypotheses: watch::Sender<Hypothesis>,
    ) {
        let call = Stream {
            segmenter: None,
            backlog: Backlog::default(),
            is_over: false,
            audio_dropped: false,
            language,
            hypotheses,
            is_due: false,
        };
        self.streams.insert(stream, call);
        self.waiting.push_back(stream);
        if self.free_places == 0 {
            info!(waiting = self.waiting.len(), "a call is not read yet: see speech.max_calls");
        }
    }

    /// Lets the calls that have waited longest be read, as far as there are places.
    fn give_places(&mut self) {
        while self.free_places > 0
            && let Some(stream) = self.waiting.pop_front()
        {
            self.free_places -= 1;
            let segmenter = Segmenter::new(self.longest_window);
            self.change(stream, |call| call.segmenter = Some(segmenter));
        }
    }

    /// Something has happened to a call: puts it in line when it has something to read, and lets
    /// go of it when it is over.
    fn change(&mut self, stream: StreamId, event: impl FnOnce(&mut Stream)) {
        let Some(call) = self.streams.get_mut(&stream) else { return };
        event(call);
        call.feed();
        if call.is_complete() {
            call.publish();
            self.streams.remove(&stream);
            self.free_places += 1;
        } else if call.due().is_some() && !call.is_due {
            call.is_due = true;
            self.due.push_back(stream);
        }
    }

    /// The most urgent call, and of equal ones that which has waited longest.
    fn next_due(&mut self) -> Option<StreamId> {
        let urgency = |stream| self.streams.get(stream).and_then(Stream::due);
        // Of equal ones `max_by_key` takes the last.
        let (index, _) = self.due.iter().enumerate().rev().max_by_key(|(_, id)| urgency(id))?;
        self.due.remove(index)
    }
}

/// One call that is not wholly read.
struct Stream {
    /// `None` while it waits for its turn.
    segmenter: Option<Segmenter>,
    backlog: Backlog,
    /// Whether no audio follows.
    is_over: bool,
    audio_dropped: bool,
    language: Option<Language>,
    hypotheses: watch::Sender<Hypothesis>,
    is_due: bool,
}

impl Stream {
    fn hear(&mut self, piece: Piece) {
        if !self.backlog.push(piece) && !self.audio_dropped {
            self.audio_dropped = true;
            warn!("audio of a call is dropped: it waits for too long to be read");
        }
    }

    /// Hands the segmenter what it has room for, and reports a pause that grows.
    fn feed(&mut self) {
        let Some(segmenter) = &mut self.segmenter else { return };
        while !segmenter.is_full()
            && let Some(piece) = self.backlog.next()
        {
            segmenter.push(&piece.samples, piece.sample_rate);
        }
        if self.is_over && self.backlog.is_empty() && !segmenter.is_finished() {
            segmenter.finish();
        }
        if segmenter.quiet_step_reached() {
            self.publish();
        }
    }

    /// A call that waits for its turn has no code.
    fn code_is(&mut self, known: Option<SpokenCode>) {
        if let Some(segmenter) = &mut self.segmenter {
            segmenter.code_is(known);
        }
    }

    fn accept(&mut self, heard: Result<Heard, RecogniserError>) {
        let Some(segmenter) = &mut self.segmenter else { return };
        match heard {
            Ok(heard) => segmenter.accept(heard),
            Err(error) => {
                error!(%error, "a window of a call could not be read");
                segmenter.fail();
            }
        }
        if !segmenter.is_complete() {
            self.publish();
        }
    }

    fn due(&self) -> Option<Urgency> {
        self.segmenter.as_ref().and_then(Segmenter::due)
    }

    fn is_complete(&self) -> bool {
        self.segmenter.as_ref().is_some_and(Segmenter::is_complete)
    }

    fn publish(&self) {
        if let Some(segmenter) = &self.segmenter {
            self.hypotheses.send_replace(segmenter.hypothesis());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::scripted::{Script, WINDOW};
    use crate::speech::{LINE_RATE, Posterior, Symbol};

    const PACKET: usize = LINE_RATE as usize / 50;

    /// A desk whose workers read only when the test says so.
    struct Bench {
        desk: Desk,
        /// What workers have at hand, the oldest first.
        jobs: VecDeque<Job>,
        calls: HashMap<StreamId, watch::Receiver<Hypothesis>>,
        positions: HashMap<StreamId, usize>,
    }

    impl Bench {
        fn new(threads: usize, max_calls: usize) -> Self {
            Self {
                desk: Desk::new(WINDOW, Capacity { threads, max_calls }),
                jobs: VecDeque::new(),
                calls: HashMap::new(),
                positions: HashMap::new(),
            }
        }

        fn take(&mut self, message: Intake) {
            self.desk.take(message);
            self.jobs.extend(std::iter::from_fn(|| self.desk.next_job()));
        }

        fn open(&mut self, stream: StreamId) {
            let (hypotheses, receiver) = watch::channel(Hypothesis::default());
            self.calls.insert(stream, receiver);
            self.take(Intake::Open { stream, language: None, hypotheses });
        }

        fn hear(&mut self, stream: StreamId, line: &[i16]) {
            for packet in line.chunks(PACKET) {
                let position = self.positions.entry(stream).or_default();
                let samples = packet.to_vec();
                let piece = Piece { position: *position, samples, sample_rate: LINE_RATE };
                *position += piece.length();
                self.take(Intake::Audio { stream, piece });
            }
        }

        /// The oldest job is done, and nothing was heard in it.
        fn read(&mut self) -> Option<Job> {
            self.read_as(Ok(Heard::default()))
        }

        fn read_as(&mut self, heard: Result<Heard, RecogniserError>) -> Option<Job> {
            let job = self.jobs.pop_front()?;
            self.take(Intake::Read { stream: job.stream, heard });
            Some(job)
        }

        fn at_hand(&self) -> Vec<StreamId> {
            self.jobs.iter().map(|job| job.stream).collect()
        }

        fn hypothesis(&self, stream: StreamId) -> Hypothesis {
            self.calls[&stream].borrow().clone()
        }
    }

    fn speech(millis: usize) -> Vec<i16> {
        Script::new().talk(millis).line()
    }

    #[test]
    fn a_call_has_one_window_in_the_works_with_all_audio_that_has_arrived() {
        let mut bench = Bench::new(2, 8);
        bench.open(1);
        bench.hear(1, &speech(4_000));
        assert_eq!(bench.at_hand(), [1], "the second worker waits");
        let first = bench.read().unwrap().window.samples.len();
        assert_eq!(bench.at_hand(), [1]);
        let second = bench.read().unwrap().window.samples.len();
        assert!(first < 20_000 && second > 56_000, "{first} {second}");
        assert!(bench.at_hand().is_empty(), "everything was read");
    }

    #[test]
    fn what_is_most_urgent_is_read_first_and_of_that_what_has_waited_longest() {
        let mut bench = Bench::new(1, 8);
        for stream in 0..=4 {
            bench.open(stream);
        }
        bench.hear(0, &speech(1_200));
        assert_eq!(bench.at_hand(), [0], "the only worker is busy");
        // Two go on speaking, one makes a pause, one hangs up.
        bench.hear(1, &speech(1_200));
        bench.hear(2, &speech(1_200));
        bench.hear(3, &Script::new().talk(1_200).pause(300).line());
        bench.hear(4, &speech(1_200));
        bench.take(Intake::Finish { stream: 4 });
        let order: Vec<StreamId> =
            (0..5).map_while(|_| bench.read()).map(|job| job.stream).collect();
        assert_eq!(order, [0, 4, 3, 1, 2]);
    }

    #[test]
    fn a_call_above_the_limit_waits_and_is_read_from_its_beginning_when_there_is_room() {
        let mut bench = Bench::new(2, 1);
        bench.open(1);
        bench.open(2);
        bench.hear(1, &speech(1_200));
        bench.hear(2, &speech(4_000));
        assert_eq!(bench.at_hand(), [1]);
        assert_eq!(bench.hypothesis(2), Hypothesis::default());
        bench.take(Intake::Finish { stream: 2 });
        bench.take(Intake::Finish { stream: 1 });
        while bench.at_hand() == [1] {
            bench.read();
        }
        assert!(bench.hypothesis(1).is_final);
        assert_eq!(bench.at_hand(), [2]);
        let window = bench.read().unwrap().window.samples.len();
        assert!(window > 56_000, "{window} samples: partial results are of no use any more");
        assert!(bench.hypothesis(2).is_final && bench.hypothesis(2).speech_heard);
        assert_eq!(bench.desk.streams.len(), 0);
    }

    #[test]
    fn a_call_that_waits_for_long_takes_bounded_memory_and_is_still_read() {
        let mut bench = Bench::new(1, 1);
        bench.open(1);
        bench.open(2);
        let ten_seconds = Script::new().talk(8_000).pause(1_400).line();
        for _ in 0..30 {
            bench.hear(2, &ten_seconds);
        }
        let waiting = bench.desk.streams[&2].backlog.length();
        assert!((900_000..=960_000).contains(&waiting), "{waiting} samples");
        bench.take(Intake::Finish { stream: 2 });
        bench.take(Intake::Finish { stream: 1 });
        let mut windows = 0;
        while bench.read().is_some() {
            windows += 1;
        }
        let last = bench.hypothesis(2);
        assert!(last.is_final && last.speech_heard, "{last:?}");
        assert!((24..80).contains(&windows), "{windows} windows");
    }

    #[test]
    fn a_call_whose_reading_falls_behind_keeps_no_more_than_a_window_of_it_at_hand() {
        let mut bench = Bench::new(1, 1);
        bench.open(1);
        bench.hear(1, &speech(20_000));
        let stream = &bench.desk.streams[&1];
        assert!(stream.backlog.length() > 12 * LINE_RATE as usize);
        assert!(stream.segmenter.as_ref().is_some_and(Segmenter::is_full));
        while bench.read().is_some() {}
        assert!(bench.desk.streams[&1].backlog.is_empty());
        assert!(bench.hypothesis(1).is_caught_up());
    }

    #[test]
    fn a_window_that_can_not_be_read_leaves_what_was_heard_and_frees_its_worker() {
        let mut bench = Bench::new(1, 2);
        bench.open(1);
        bench.hear(1, &speech(1_200));
        let at = Duration::from_millis(500);
        let heard = vec![Symbol::Digit { posterior: Posterior::of(4, 0.9), at }];
        bench.read_as(Ok(heard.into())).unwrap();
        let known = bench.hypothesis(1).symbols;
        assert_eq!(known.len(), 1);
        bench.hear(1, &speech(1_200));
        bench.read_as(Err(RecogniserError("out of memory".to_owned()))).unwrap();
        assert_eq!(bench.hypothesis(1).symbols, known);
        bench.take(Intake::Finish { stream: 1 });
        while bench.read().is_some() {}
        assert!(bench.hypothesis(1).is_final);
    }

    #[test]
    fn a_call_in_which_nothing_is_said_ends_without_a_read() {
        let mut bench = Bench::new(1, 1);
        bench.open(1);
        bench.hear(1, &[0; 16_000]);
        bench.take(Intake::Finish { stream: 1 });
        assert!(bench.at_hand().is_empty());
        assert!(bench.hypothesis(1).is_final && !bench.hypothesis(1).speech_heard);
    }
}
