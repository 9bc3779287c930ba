//! The three ways to read a recording. All bring a [`Transcript`].
//!
//! - [`Reader::Paced`]: as the daemon does, in real time, through the pool that calls share.
//! - [`Reader::Unpaced`]: the same path, except that every window is read the moment it is due, so
//!   that what is found does not depend on how fast or busy the machine is. What a reading takes
//!   is measured and added to the time it was due.
//! - [`Reader::Stock`]: any Whisper file, once, when the call is over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use tokio::task::spawn_blocking;
use tokio::time::sleep_until;

use super::packets::Packets;
use super::recordings::Recording;
use super::stock;
use super::transcript::Transcript;
use crate::domain::Language;
use crate::speech::whisper_stock::StockModel;
use crate::speech::{
    Care, Heard, Hypothesis, Recogniser, RecogniserError, SpeechModel, SpeechPool, read_recording,
};

/// What a packet holds.
const PACKET: Duration = Duration::from_millis(20);

#[derive(Debug, Clone)]
pub(super) enum Reader {
    Paced(Arc<SpeechPool>),
    Unpaced(Arc<Recognisers>),
    Stock(Arc<Mutex<StockModel>>),
}

impl Reader {
    /// Reads a call that begins after `delay`.
    ///
    /// # Errors
    /// When the model fails.
    pub(super) async fn read(
        self,
        recording: &Arc<Recording>,
        delay: Duration,
    ) -> anyhow::Result<Transcript> {
        let recording = Arc::clone(recording);
        match self {
            Self::Paced(pool) => read_paced(&recording, &pool, Instant::now() + delay).await,
            Self::Unpaced(recognisers) => {
                spawn_blocking(move || read_unpaced(&recording, &recognisers)).await?
            }
            Self::Stock(model) => {
                spawn_blocking(move || {
                    let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
                    stock::read(&recording, &mut model)
                })
                .await?
            }
        }
    }
}

/// Recognisers that are lent to one call after the other: as many as calls are read at a time.
#[derive(Debug)]
pub(super) struct Recognisers {
    model: Box<dyn SpeechModel>,
    idle: Mutex<Vec<IdleRecogniser>>,
}

struct IdleRecogniser(Box<dyn Recogniser>);

impl std::fmt::Debug for IdleRecogniser {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("IdleRecogniser")
    }
}

impl Recognisers {
    pub(super) fn of(model: Box<dyn SpeechModel>, count: usize) -> Result<Self, RecogniserError> {
        let idle = (0..count).map(|_| model.recogniser().map(IdleRecogniser));
        let idle = Mutex::new(idle.collect::<Result<_, _>>()?);
        Ok(Self { model, idle })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<IdleRecogniser>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits on the real clock for each packet, and on what is heard.
async fn read_paced(
    recording: &Recording,
    pool: &SpeechPool,
    begins: Instant,
) -> anyhow::Result<Transcript> {
    sleep_until(begins.into()).await;
    let (listener, mut hypotheses) = pool.listen(Some(recording.call.language));
    let mut listener = Some(listener);
    let mut packets = Packets::of(&recording.samples);
    let mut transcript = Transcript::default();
    // A packet comes when all of it was spoken.
    let mut due = begins + PACKET;
    loop {
        tokio::select! {
            () = sleep_until(due.into()), if listener.is_some() => match packets.next() {
                Some(frame) => {
                    if let Some(listener) = &mut listener {
                        listener.hear(frame.samples, frame.sample_rate);
                    }
                    due += PACKET;
                }
                None => listener = None,
            },
            hypothesis = hypotheses.next() => match hypothesis {
                Some(hypothesis) => {
                    hypotheses.code_is(transcript.hear(&hypothesis, begins.elapsed()));
                }
                None if transcript.is_complete() => return Ok(transcript),
                None => bail!("the reader has died"),
            },
        }
    }
}

fn read_unpaced(recording: &Recording, recognisers: &Recognisers) -> anyhow::Result<Transcript> {
    let lent = recognisers.idle().pop();
    let IdleRecogniser(mut recogniser) = lent.ok_or_else(|| anyhow!("too few recognisers"))?;
    let samples: Vec<i16> =
        Packets::of(&recording.samples).flat_map(|frame| frame.samples).collect();
    let reading_micros = AtomicU64::new(0);
    let mut timed = Timed { recogniser: recogniser.as_mut(), micros: &reading_micros };
    let mut transcript = Transcript::default();
    let language = Some(recording.call.language);
    let window = recognisers.model.longest_window();
    let result = read_recording(&samples, &mut timed, window, language, |hypothesis| {
        // What is told without a reading before it, such as a pause that grows, took no time.
        let reading = Duration::from_micros(reading_micros.swap(0, Ordering::Relaxed));
        transcript.hear(hypothesis, arrived(hypothesis) + reading).cloned()
    });
    recognisers.idle().push(IdleRecogniser(recogniser));
    result?;
    Ok(transcript)
}

/// When the audio of `hypothesis` had arrived: with the packet that holds the last of it.
fn arrived(hypothesis: &Hypothesis) -> Duration {
    let packets = hypothesis.heard_until.as_micros().div_ceil(PACKET.as_micros());
    PACKET * u32::try_from(packets).unwrap_or(u32::MAX)
}

/// Measures how long each reading takes.
struct Timed<'a> {
    recogniser: &'a mut dyn Recogniser,
    /// Since somebody asked.
    micros: &'a AtomicU64,
}

impl Recogniser for Timed<'_> {
    fn read(
        &mut self,
        window: &[f32],
        language: Option<Language>,
        care: Care,
    ) -> Result<Heard, RecogniserError> {
        let began = Instant::now();
        let heard = self.recogniser.read(window, language, care);
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        heard
    }
}
