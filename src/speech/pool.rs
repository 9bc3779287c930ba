//! The threads that read: one takes in the audio of all calls and decides what is read next, the
//! workers read.
//!
//! A call never has more than one window being read, and no more windows are handed out than
//! there are workers. So nothing piles up: a worker that becomes free takes the oldest final
//! first, then the call that has waited longest, with all the audio that has arrived meanwhile.

use std::collections::{HashMap, VecDeque};
use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::watch;
use tracing::{error, warn};

use super::segmenter::{Segmenter, Urgency, Window};
use super::{Heard, Hypothesis, LINE_RATE, READING_RATE, Recogniser, RecogniserError, SpeechModel};
use crate::domain::Language;

/// Messages that may wait for the intake thread: about three seconds of audio of 50 calls. When
/// it is full, audio is dropped and stands as silence: a frame is never waited for.
const INTAKE_QUEUE: usize = 8_192;

type StreamId = u64;

/// What reaches the intake thread.
enum Intake {
    Open {
        stream: StreamId,
        language: Option<Language>,
        hypotheses: watch::Sender<Hypothesis>,
    },
    /// `position`: the number of samples of this call before these, at [`super::READING_RATE`].
    Audio {
        stream: StreamId,
        position: usize,
        samples: Vec<i16>,
        sample_rate: u32,
    },
    Finish {
        stream: StreamId,
    },
    Read {
        stream: StreamId,
        heard: Result<Heard, RecogniserError>,
    },
    Shutdown,
}

struct Job {
    stream: StreamId,
    language: Option<Language>,
    window: Window,
}

/// All reading of the daemon. Dropping it ends its threads.
#[derive(Debug)]
pub struct SpeechPool {
    /// `None` when reading is switched off.
    intake: Option<Sender<Intake>>,
    next_stream: std::sync::atomic::AtomicU64,
    threads: Vec<JoinHandle<()>>,
}

impl SpeechPool {
    /// Starts `workers` threads that read with `model`, and one that feeds them.
    ///
    /// # Errors
    /// When the model can not give a recogniser to each.
    pub fn start(model: &dyn SpeechModel, workers: usize) -> Result<Self, RecogniserError> {
        let (intake, messages) = bounded(INTAKE_QUEUE);
        let (jobs, waiting_jobs) = bounded(workers);
        let mut threads = Vec::with_capacity(workers + 1);
        for index in 0..workers {
            let recogniser = model.recogniser()?;
            let (jobs, results) = (waiting_jobs.clone(), intake.clone());
            threads.push(spawn(&format!("speech-worker-{index}"), move || {
                work(recogniser, &jobs, &results);
            }));
        }
        let desk = IntakeDesk {
            longest_window: model.longest_window(),
            streams: HashMap::new(),
            due: VecDeque::new(),
            idle_workers: workers,
            jobs,
        };
        threads.push(spawn("speech-intake", move || desk.run(&messages)));
        Ok(Self { intake: Some(intake), next_stream: 0.into(), threads })
    }

    /// Reads nothing: every call is heard in silence.
    pub fn off() -> Self {
        Self { intake: None, next_stream: 0.into(), threads: Vec::new() }
    }

    /// Begins to read a call in which `language` is probably spoken. The audio goes into the
    /// [`Listener`]; what is heard comes out of the [`Hypotheses`], until the listener is dropped
    /// and everything was read.
    pub fn listen(&self, language: Option<Language>) -> (Listener, Hypotheses) {
        let stream = self.next_stream.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (hypotheses, receiver) = watch::channel(Hypothesis::default());
        let ear = match &self.intake {
            Some(intake) => {
                // Once in a call, so waiting for the intake thread is no harm. It ends only with
                // the pool.
                let _ = intake.send(Intake::Open { stream, language, hypotheses });
                Ear::Open { stream, intake: intake.clone(), position: 0, dropped: false }
            }
            None => Ear::Deaf(hypotheses),
        };
        (Listener(ear), Hypotheses { receiver })
    }
}

impl Drop for SpeechPool {
    fn drop(&mut self) {
        if let Some(intake) = &self.intake {
            let _ = intake.send(Intake::Shutdown);
        }
        for thread in self.threads.drain(..) {
            // A panic of the thread was already printed where it happened.
            let _ = thread.join();
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .expect("the system can start a thread while the daemon starts")
}

/// Where the audio of one call goes. Dropping it says that the call is over.
#[derive(Debug)]
pub struct Listener(Ear);

#[derive(Debug)]
enum Ear {
    /// Leads to the intake thread.
    Open { stream: StreamId, intake: Sender<Intake>, position: usize, dropped: bool },
    /// Leads nowhere: reading is switched off.
    Deaf(watch::Sender<Hypothesis>),
}

impl Listener {
    /// The next samples of the line: [`super::LINE_RATE`] a second, or twice as many from a codec
    /// of wide band. Never waits.
    pub fn hear(&mut self, samples: Vec<i16>, sample_rate: u32) {
        let Ear::Open { stream, intake, position, dropped } = &mut self.0 else { return };
        let length = length_when_read(&samples, sample_rate);
        let audio = Intake::Audio { stream: *stream, position: *position, samples, sample_rate };
        *position += length;
        if let Err(TrySendError::Full(_)) = intake.try_send(audio)
            && !*dropped
        {
            *dropped = true;
            warn!("audio of a call is dropped: reading does not keep up");
        }
    }
}

/// How many samples these are at the rate that is read.
fn length_when_read(samples: &[i16], sample_rate: u32) -> usize {
    if sample_rate == READING_RATE {
        samples.len()
    } else {
        samples.len() * (READING_RATE / LINE_RATE) as usize
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        match &self.0 {
            // Waits, if it must: a call whose end is lost would never be decided.
            Ear::Open { stream, intake, .. } => {
                let _ = intake.send(Intake::Finish { stream: *stream });
            }
            Ear::Deaf(hypotheses) => {
                hypotheses.send_replace(Hypothesis { is_final: true, ..Hypothesis::default() });
            }
        }
    }
}

/// What is heard in one call, newest first: a reader that is slow skips to the latest.
#[derive(Debug)]
pub struct Hypotheses {
    receiver: watch::Receiver<Hypothesis>,
}

impl Hypotheses {
    /// The next hypothesis; `None` after the final one.
    pub async fn next(&mut self) -> Option<Hypothesis> {
        match self.receiver.changed().await {
            Ok(()) => Some(self.receiver.borrow_and_update().clone()),
            Err(_) => None,
        }
    }
}

struct Stream {
    segmenter: Segmenter,
    language: Option<Language>,
    hypotheses: watch::Sender<Hypothesis>,
    position: usize,
    is_waiting: bool,
}

impl Stream {
    fn publish(&self) {
        self.hypotheses.send_replace(self.segmenter.hypothesis());
    }
}

/// The state of the intake thread.
struct IntakeDesk {
    longest_window: std::time::Duration,
    streams: HashMap<StreamId, Stream>,
    /// Calls with something to read, the longest waiting first.
    due: VecDeque<StreamId>,
    idle_workers: usize,
    jobs: Sender<Job>,
}

impl IntakeDesk {
    /// Waits for audio of calls and for results of workers. Ends on shutdown.
    fn run(mut self, messages: &Receiver<Intake>) {
        for message in messages {
            let stream = match message {
                Intake::Open { stream, language, hypotheses } => {
                    self.open(stream, language, hypotheses);
                    stream
                }
                Intake::Audio { stream, position, samples, sample_rate } => {
                    self.hear(stream, position, &samples, sample_rate);
                    stream
                }
                Intake::Finish { stream } => {
                    if let Some(call) = self.streams.get_mut(&stream) {
                        call.segmenter.finish();
                    }
                    stream
                }
                Intake::Read { stream, heard } => {
                    self.accept(stream, heard);
                    stream
                }
                Intake::Shutdown => return,
            };
            self.settle(stream);
            self.hand_out();
        }
    }

    fn open(
        &mut self,
        stream: StreamId,
        language: Option<Language>,
        hypotheses: watch::Sender<Hypothesis>,
    ) {
        let segmenter = Segmenter::new(self.longest_window);
        let call = Stream { segmenter, language, hypotheses, position: 0, is_waiting: false };
        self.streams.insert(stream, call);
    }

    fn hear(&mut self, stream: StreamId, position: usize, samples: &[i16], sample_rate: u32) {
        let Some(call) = self.streams.get_mut(&stream) else { return };
        if position > call.position {
            // What was dropped in between stands as silence, so that times stay true.
            call.segmenter.push(&vec![0; position - call.position], READING_RATE);
        }
        call.segmenter.push(samples, sample_rate);
        call.position = position + length_when_read(samples, sample_rate);
        if call.segmenter.quiet_step_reached() {
            call.publish();
        }
    }

    fn accept(&mut self, stream: StreamId, heard: Result<Heard, RecogniserError>) {
        self.idle_workers += 1;
        let Some(call) = self.streams.get_mut(&stream) else { return };
        call.segmenter.accept(heard.unwrap_or_else(|error| {
            error!(%error, "a window of a call could not be read");
            Heard::new()
        }));
        if !call.segmenter.is_complete() {
            call.publish();
        }
    }

    /// Puts the call in line when it has something to read, and lets go of it when it is over.
    fn settle(&mut self, stream: StreamId) {
        let Some(call) = self.streams.get_mut(&stream) else { return };
        if call.segmenter.is_complete() {
            call.publish();
            self.streams.remove(&stream);
        } else if call.segmenter.due().is_some() && !call.is_waiting {
            call.is_waiting = true;
            self.due.push_back(stream);
        }
    }

    /// Gives each idle worker a window.
    fn hand_out(&mut self) {
        while self.idle_workers > 0 {
            let Some(stream) = self.next_due() else { return };
            let Some(call) = self.streams.get_mut(&stream) else { continue };
            call.is_waiting = false;
            let Some(window) = call.segmenter.window() else { continue };
            // There is room for one window a worker. Workers end only after this thread.
            let _ = self.jobs.send(Job { stream, language: call.language, window });
            self.idle_workers -= 1;
        }
    }

    fn next_due(&mut self) -> Option<StreamId> {
        let is_final = |stream: &StreamId| {
            let urgency = self.streams.get(stream).and_then(|call| call.segmenter.due());
            urgency == Some(Urgency::Final)
        };
        let index = self.due.iter().position(is_final).unwrap_or(0);
        self.due.remove(index)
    }
}

/// Waits for windows and reads them. Ends when the intake thread is gone.
fn work(mut recogniser: Box<dyn Recogniser>, jobs: &Receiver<Job>, results: &Sender<Intake>) {
    for Job { stream, language, window } in jobs {
        let heard = recogniser.read(&window.samples, language);
        if results.send(Intake::Read { stream, heard }).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_is_not_read_was_heard_in_silence() {
        let pool = SpeechPool::off();
        let (mut listener, mut hypotheses) = pool.listen(None);
        listener.hear(vec![1_000; 160], LINE_RATE);
        drop(listener);
        let final_one = Hypothesis { is_final: true, ..Hypothesis::default() };
        assert_eq!(hypotheses.next().await, Some(final_one));
        assert_eq!(hypotheses.next().await, None);
    }
}
