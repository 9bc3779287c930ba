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
use crate::domain::Language;

pub(super) type StreamId = u64;

/// What reaches the intake thread.
pub(super) enum Intake {
    Open { stream: StreamId, language: Option<Language>, hypotheses: watch::Sender<Hypothesis> },
    Audio { stream: StreamId, piece: Piece },
    Finish { stream: StreamId },
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
