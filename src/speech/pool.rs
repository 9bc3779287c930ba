//! The threads that read: one takes in the audio of all calls and decides what is read next (its
//! decisions are those of the [`Desk`]), the workers read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::watch;
use tracing::warn;

use super::backlog::Piece;
use super::desk::{Desk, Intake, Job, StreamId};
use super::{Hypothesis, Recogniser, RecogniserError, SpeechModel};
use crate::domain::Language;

/// Messages that may wait for the intake thread: about three seconds of audio of 50 calls. When
/// it is full, audio is dropped and stands as silence: a frame is never waited for.
const INTAKE_QUEUE: usize = 8_192;

/// How much is read at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Windows, each on a thread of its own.
    pub threads: usize,
    /// Calls that are read while they are spoken.
    pub max_calls: usize,
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
    /// Starts the threads that read with `model`, and one that feeds them.
    ///
    /// # Errors
    /// When the model can not give a recogniser to each.
    pub fn start(model: &dyn SpeechModel, capacity: Capacity) -> Result<Self, RecogniserError> {
        let workers = capacity.threads;
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
        let mut desk = Desk::new(model.longest_window(), capacity);
        threads.push(spawn("speech-intake", move || run(&mut desk, &messages, &jobs)));
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
        let piece = Piece { position: *position, samples, sample_rate };
        *position += piece.length();
        if let Err(TrySendError::Full(_)) =
            intake.try_send(Intake::Audio { stream: *stream, piece })
            && !*dropped
        {
            *dropped = true;
            warn!("audio of a call is dropped: reading does not keep up");
        }
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

/// Waits for audio of calls and for results of workers. Ends on shutdown.
fn run(desk: &mut Desk, messages: &Receiver<Intake>, jobs: &Sender<Job>) {
    for message in messages {
        if matches!(message, Intake::Shutdown) {
            return;
        }
        desk.take(message);
        while let Some(job) = desk.next_job() {
            // There is room for one window a worker. Workers end only after this thread.
            let _ = jobs.send(job);
        }
    }
}

/// Waits for windows and reads them. Ends when the intake thread is gone.
fn work(mut recogniser: Box<dyn Recogniser>, jobs: &Receiver<Job>, results: &Sender<Intake>) {
    for Job { stream, language, window } in jobs {
        // A model is foreign code: a panic in it must not cost a worker, and the call its end.
        let reading = AssertUnwindSafe(|| recogniser.read(&window.samples, language));
        let heard = catch_unwind(reading)
            .unwrap_or_else(|_| Err(RecogniserError("it panicked, as printed above".to_owned())));
        if results.send(Intake::Read { stream, heard }).is_err() {
            return;
        }
    }
}
