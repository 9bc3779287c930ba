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
use crate::domain::{Language, SpokenCode};

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
        (Listener(ear), Hypotheses { receiver, stream, intake: self.intake.clone(), told: None })
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
    stream: StreamId,
    intake: Option<Sender<Intake>>,
    /// What the intake thread takes for the code.
    told: Option<SpokenCode>,
}

impl Hypotheses {
    /// The next hypothesis; `None` after the final one.
    pub async fn next(&mut self) -> Option<Hypothesis> {
        match self.receiver.changed().await {
            Ok(()) => Some(self.receiver.borrow_and_update().clone()),
            Err(_) => None,
        }
    }

    /// Says what is believed to be the code by now: less is read while nothing else is heard. Never
    /// waits.
    pub fn code_is(&mut self, code: Option<&SpokenCode>) {
        let Some(intake) = &self.intake else { return };
        if self.told.as_ref() == code {
            return;
        }
        let news = Intake::Known { stream: self.stream, code: code.cloned() };
        // When it is full the next hypothesis brings the next chance.
        if intake.try_send(news).is_ok() {
            self.told = code.cloned();
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
        let reading = AssertUnwindSafe(|| recogniser.read(&window.samples, language, window.care));
        let heard = catch_unwind(reading)
            .unwrap_or_else(|_| Err(RecogniserError("it panicked, as printed above".to_owned())));
        if results.send(Intake::Read { stream, heard }).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::speech::scripted::{Script, WINDOW};
    use crate::speech::{Care, Heard, LINE_RATE, Posterior, Symbol};

    type Answer = Box<dyn Fn(usize, Care) -> Result<Heard, RecogniserError> + Send>;

    /// Has one recogniser, which gives this answer to its first window, its second and so on.
    struct TestModel(Mutex<Option<Answer>>);

    impl std::fmt::Debug for TestModel {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("TestModel")
        }
    }

    impl SpeechModel for TestModel {
        fn longest_window(&self) -> Duration {
            WINDOW
        }

        fn recogniser(&self) -> Result<Box<dyn Recogniser>, RecogniserError> {
            let answer = self.0.lock().unwrap().take().unwrap();
            Ok(Box::new(TestRecogniser { answer, windows: 0 }))
        }
    }

    struct TestRecogniser {
        answer: Answer,
        windows: usize,
    }

    impl Recogniser for TestRecogniser {
        fn read(
            &mut self,
            _: &[f32],
            _: Option<Language>,
            care: Care,
        ) -> Result<Heard, RecogniserError> {
            self.windows += 1;
            (self.answer)(self.windows, care)
        }
    }

    fn pool(
        answer: impl Fn(usize, Care) -> Result<Heard, RecogniserError> + Send + 'static,
    ) -> SpeechPool {
        let model = TestModel(Mutex::new(Some(Box::new(answer))));
        SpeechPool::start(&model, Capacity { threads: 1, max_calls: 1 }).unwrap()
    }

    fn digit() -> Heard {
        let posterior = Posterior::of(4, 0.9);
        vec![Symbol::Digit { posterior, at: Duration::from_millis(640) }].into()
    }

    /// Everything is said, and the caller has hung up.
    fn call(pool: &SpeechPool) -> Hypotheses {
        let (mut listener, hypotheses) = pool.listen(None);
        for packet in Script::new().talk(2_000).line().chunks(160) {
            listener.hear(packet.to_vec(), LINE_RATE);
        }
        hypotheses
    }

    async fn last_of(mut hypotheses: Hypotheses) -> Hypothesis {
        let mut last = None;
        while let Some(hypothesis) = hypotheses.next().await {
            last = Some(hypothesis);
        }
        last.unwrap()
    }

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

    #[tokio::test]
    async fn what_a_recogniser_heard_arrives_and_the_last_hypothesis_is_final() {
        let pool = pool(|_, _| Ok(digit()));
        let last = last_of(call(&pool)).await;
        assert!(last.is_final && last.is_caught_up(), "{last:?}");
        assert_eq!(last.symbols.len(), 1);
    }

    #[tokio::test]
    async fn a_recogniser_that_fails_or_panics_goes_on_reading() {
        let pool = pool(|window, _| match window {
            1 => Err(RecogniserError("out of memory".to_owned())),
            2 => panic!("a test of what a panic does"),
            _ => Ok(digit()),
        });
        let mut last = Hypothesis::default();
        for _ in 0..3 {
            last = last_of(call(&pool)).await;
            assert!(last.is_final, "{last:?}");
        }
        assert_eq!(last.symbols.len(), 1);
    }

    #[tokio::test]
    async fn who_reads_is_told_what_is_taken_for_the_code() {
        let (tell, told) = std::sync::mpsc::channel();
        let pool = pool(move |_, care| {
            tell.send(care.known).unwrap();
            Ok(digit())
        });
        let code = Some("481529".parse().unwrap());
        for known in [code, None] {
            let (mut listener, mut hypotheses) = pool.listen(None);
            hypotheses.code_is(Some(&"000000".parse().unwrap()));
            hypotheses.code_is(known.as_ref());
            for packet in Script::new().talk(2_000).line().chunks(160) {
                listener.hear(packet.to_vec(), LINE_RATE);
            }
            drop(listener);
            last_of(hypotheses).await;
            let told: Vec<_> = told.try_iter().collect();
            assert!(!told.is_empty() && told.iter().all(|told| *told == known), "{told:?}");
        }
    }

    #[tokio::test]
    async fn a_call_above_the_limit_is_read_after_the_one_before_it() {
        let pool = pool(|_, _| Ok(digit()));
        let (listener, first) = pool.listen(None);
        let waiting = call(&pool);
        drop(listener);
        assert!(!last_of(first).await.speech_heard);
        let late = last_of(waiting).await;
        assert!(late.is_final && late.symbols.len() == 1, "{late:?}");
    }
}
