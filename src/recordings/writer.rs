//! The thread that writes recordings to the disk.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tokio::sync::mpsc::{self, WeakSender};
use tokio::sync::oneshot;
use tracing::warn;

use super::{erase_file, path_in, wav};
use crate::domain::CallId;

/// Pieces of audio that may wait, of a second each: two and a half seconds of 200 calls, 16 MB at
/// most. When it is full a piece is dropped and stands as silence: a frame is never waited for.
const QUEUE: usize = 512;

/// What the thread is asked to do.
#[derive(Debug)]
pub(super) enum Work {
    /// `position`: the number of samples of this call before these.
    Write { call: CallId, sample_rate: u32, position: u64, samples: Vec<i16> },
    /// Replies how many bytes the file has; `None` when there is none.
    Finish { call: CallId, reply: oneshot::Sender<Option<u64>> },
}

#[derive(Debug)]
pub(super) struct WriterThread {
    /// `None` only while it is dropped.
    queue: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    pub(super) fn start(directory: PathBuf) -> Self {
        let (queue, work) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("recordings".to_owned())
            .spawn(move || Desk { directory, files: HashMap::new() }.run(work))
            .expect("the system can start a thread while the daemon starts");
        Self { queue: Some(queue), thread: Some(thread) }
    }

    /// Where a call's audio goes, for as long as the thread runs.
    pub(super) fn queue(&self) -> WeakSender<Work> {
        self.queue.as_ref().expect("only drop takes the queue").downgrade()
    }
}

impl Drop for WriterThread {
    /// Finishes what was passed on, then ends the thread and waits for it.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already printed where it happened.
            let _ = thread.join();
        }
    }
}

/// The state of the thread.
struct Desk {
    directory: PathBuf,
    /// The recordings that go on; `None` for one that was given up.
    files: HashMap<CallId, Option<File>>,
}

impl Desk {
    /// Waits for audio of calls and for their ends.
    fn run(mut self, mut work: mpsc::Receiver<Work>) {
        while let Some(work) = work.blocking_recv() {
            match work {
                Work::Write { call, sample_rate, position, samples } => {
                    if let Err(error) = self.write(&call, sample_rate, position, &samples) {
                        warn!(%call, %error, "the recording of a call was given up");
                        self.give_up(call);
                    }
                }
                Work::Finish { call, reply } => {
                    // Whoever asked may have gone; the file is whole all the same.
                    let _ = reply.send(self.finish(&call));
                }
            }
        }
    }

    fn write(
        &mut self,
        call: &CallId,
        sample_rate: u32,
        position: u64,
        samples: &[i16],
    ) -> io::Result<()> {
        if !self.files.contains_key(call) {
            let file = create(&path_in(&self.directory, call))?;
            wav::begin(&file, sample_rate)?;
            self.files.insert(call.clone(), Some(file));
        }
        match &self.files[call] {
            Some(file) => wav::write(file, position, samples),
            None => Ok(()),
        }
    }

    fn give_up(&mut self, call: CallId) {
        // On a disk that is full or broken there is nothing else to be done about it.
        let _ = erase_file(&path_in(&self.directory, &call));
        self.files.insert(call, None);
    }

    fn finish(&mut self, call: &CallId) -> Option<u64> {
        let file = self.files.remove(call)??;
        wav::complete(&file).unwrap_or_else(|error| {
            warn!(%call, %error, "the recording of a call was given up");
            let _ = erase_file(&path_in(&self.directory, call));
            None
        })
    }
}

/// A file that nobody else may read. The name is new: no call has another's identifier.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}
