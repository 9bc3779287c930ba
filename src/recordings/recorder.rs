//! Takes the audio of one call and passes it on to the thread that writes.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::sync::mpsc::WeakSender;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::warn;

use super::room::Room;
use super::wav;
use super::writer::Work;
use crate::domain::CallId;

/// A recorder, and the handle that waits for its end.
pub(super) fn begin(
    call: &CallId,
    room: Arc<Room>,
    queue: WeakSender<Work>,
) -> (Recorder, Unfinished) {
    let audio_ended = CancellationToken::new();
    let recorder = Recorder {
        call: call.clone(),
        queue: queue.clone(),
        sample_rate: None,
        waiting: Vec::new(),
        position: 0,
        longest: room.one.saturating_sub(wav::HEADER) / wav::SAMPLE,
        dropped: false,
        _ended: audio_ended.clone().drop_guard(),
    };
    (recorder, Unfinished { call: call.clone(), room, queue, audio_ended })
}

/// Where the audio of one call goes. Dropping it says that no audio follows.
#[derive(Debug)]
pub struct Recorder {
    call: CallId,
    /// Weak: a call must not keep the thread from ending.
    queue: WeakSender<Work>,
    /// Of the first samples, and so of the file.
    sample_rate: Option<u32>,
    /// Samples that are not yet a second.
    waiting: Vec<i16>,
    /// The number of samples before those that wait.
    position: u64,
    /// How many samples there may be.
    longest: u64,
    /// Whether the log says already that some were dropped.
    dropped: bool,
    /// Dropped last, after what still waited was passed on.
    _ended: DropGuard,
}

impl Recorder {
    /// The next samples of the line. Never waits. What is beyond the longest call is not recorded.
    pub fn hear(&mut self, samples: &[i16], sample_rate: u32) {
        let rate = *self.sample_rate.get_or_insert(sample_rate);
        let samples = at_rate(samples, sample_rate, rate);
        let heard = self.position + self.waiting.len() as u64;
        let room = usize::try_from(self.longest.saturating_sub(heard)).unwrap_or(usize::MAX);
        self.waiting.extend_from_slice(&samples[..samples.len().min(room)]);
        if self.waiting.len() >= rate as usize {
            self.pass_on(rate);
        }
    }

    fn pass_on(&mut self, sample_rate: u32) {
        let samples = std::mem::take(&mut self.waiting);
        let (call, position) = (self.call.clone(), self.position);
        self.position += samples.len() as u64;
        let Some(queue) = self.queue.upgrade() else { return };
        let work = Work::Write { call, sample_rate, position, samples };
        if let Err(TrySendError::Full(_)) = queue.try_send(work)
            && !self.dropped
        {
            self.dropped = true;
            warn!("a recording has holes: the disk does not keep up");
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(rate) = self.sample_rate
            && !self.waiting.is_empty()
        {
            self.pass_on(rate);
        }
    }
}

/// The same audio at the rate of the file. A call that changes its codec in the middle is too rare
/// for more than this: samples are repeated or left out.
fn at_rate(samples: &[i16], from: u32, to: u32) -> Cow<'_, [i16]> {
    if from == to {
        return Cow::Borrowed(samples);
    }
    let (from, to) = (from.max(1) as usize, to as usize);
    (0..samples.len() * to / from).map(|index| samples[index * from / to]).collect()
}

/// A recording whose call goes on.
#[derive(Debug)]
#[must_use = "a recording that is not finished can not be heard"]
pub struct Unfinished {
    call: CallId,
    room: Arc<Room>,
    queue: WeakSender<Work>,
    audio_ended: CancellationToken,
}

impl Unfinished {
    /// Waits until the call's audio has ended and all of it is in the file. Returns whether there is
    /// anything to hear.
    pub async fn finish(self) -> bool {
        self.audio_ended.cancelled().await;
        let bytes = self.complete().await;
        match bytes {
            Some(bytes) => self.room.settle(&self.call, bytes),
            None => self.room.give_back(&self.call),
        }
        bytes.is_some()
    }

    /// How many bytes the file has in the end; `None` when there is none.
    async fn complete(&self) -> Option<u64> {
        let (reply, completed) = oneshot::channel();
        let queue = self.queue.upgrade()?;
        queue.send(Work::Finish { call: self.call.clone(), reply }).await.ok()?;
        drop(queue);
        completed.await.ok()?
    }
}
