//! The recordings of all calls, decoded a few ahead of the reader, on a thread of their own: so
//! what decoding costs can be told from what reading costs.

use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::anyhow;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::manifest::Call;
use crate::cli::bench::usage::thread_processor_time;
use crate::speech::LINE_RATE;
use crate::speech::audio_file::{self, AudioFileError};

/// A call and its audio.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) call: Call,
    /// At [`LINE_RATE`].
    pub(super) samples: Vec<i16>,
}

impl Recording {
    pub(super) fn length(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(LINE_RATE))
    }
}

/// The thread that decodes. It ends when all is decoded, or nobody wants more.
#[derive(Debug)]
pub(super) struct Recordings {
    decoded: Receiver<Result<Recording, AudioFileError>>,
    thread: JoinHandle<anyhow::Result<Duration>>,
}

impl Recordings {
    /// Begins to decode `calls`, in order. One recording waits to be taken; decoding goes on when
    /// it was.
    pub(super) fn of(calls: Vec<Call>) -> std::io::Result<Self> {
        let (sender, decoded) = channel(1);
        let thread = std::thread::Builder::new()
            .name("bench-recordings".to_owned())
            .spawn(move || decode(calls, &sender))?;
        Ok(Self { decoded, thread })
    }

    /// The next recording; `None` after the last.
    ///
    /// # Errors
    /// When the file holds no audio.
    pub(super) async fn next(&mut self) -> Result<Option<Recording>, AudioFileError> {
        self.decoded.recv().await.transpose()
    }

    /// Ends it, and tells the processor time that decoding took.
    pub(super) fn processor_time(self) -> anyhow::Result<Duration> {
        drop(self.decoded);
        self.thread.join().map_err(|_| anyhow!("the thread that decodes recordings has died"))?
    }
}

/// Waits until a recording was taken.
fn decode(
    calls: Vec<Call>,
    sender: &Sender<Result<Recording, AudioFileError>>,
) -> anyhow::Result<Duration> {
    for call in calls {
        let recording = audio_file::read(&call.path).map(|samples| Recording { call, samples });
        if sender.blocking_send(recording).is_err() {
            break;
        }
    }
    thread_processor_time()
}
