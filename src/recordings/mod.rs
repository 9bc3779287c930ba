//! Recordings of calls: files in one directory, and how much room they take in all.
//!
//! A call is recorded while it goes on ([`Recorder`]), by a thread of its own, so that no disk
//! holds up a packet. Which call is recorded, and for how long that is kept, is decided elsewhere.

mod recorder;
mod room;
mod wav;
mod writer;

use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tracing::info;

use crate::domain::CallId;

pub use recorder::{Recorder, Unfinished};

use room::Room;
use writer::WriterThread;

/// Samples a second of the widest codec, G.722.
const HIGHEST_RATE: u64 = 16_000;

/// What recordings are held to.
#[derive(Debug, Clone)]
pub struct RecordingLimits {
    /// Bytes that all of them may take together; 0: nothing is recorded.
    pub all: u64,
    /// The longest call that is recorded whole.
    pub longest_call: Duration,
}

impl RecordingLimits {
    /// Bytes that the recording of one call can take.
    fn one(&self) -> u64 {
        let samples = self.longest_call.as_millis() * u128::from(HIGHEST_RATE) / 1_000;
        let bytes = u128::from(wav::HEADER) + u128::from(wav::SAMPLE) * samples;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// The directory can not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep recordings in {}: {source}", directory.display())]
pub struct NoDirectory {
    pub directory: PathBuf,
    pub source: io::Error,
}

/// All recordings there are. Dropping it ends its thread.
#[derive(Debug)]
pub struct Recordings {
    directory: PathBuf,
    are_wanted: bool,
    room: Arc<Room>,
    writer: WriterThread,
}

impl Recordings {
    /// Opens the directory, makes it if it is not there (for us alone, mode 700), and makes whole
    /// what an earlier run of the daemon left unfinished in it.
    ///
    /// # Errors
    /// When the directory can not be made, read or written.
    pub fn open(directory: &Path, limits: &RecordingLimits) -> Result<Self, NoDirectory> {
        let failed = |source| NoDirectory { directory: directory.to_owned(), source };
        DirBuilder::new().mode(0o700).recursive(true).create(directory).map_err(failed)?;
        let taken = whole_recordings(directory).map_err(failed)?;
        Ok(Self {
            directory: directory.to_owned(),
            are_wanted: limits.all > 0,
            room: Arc::new(Room::new(limits.all, limits.one(), taken)),
            writer: WriterThread::start(directory.to_owned()),
        })
    }

    /// Whether calls are recorded at all.
    pub fn are_wanted(&self) -> bool {
        self.are_wanted
    }

    /// Begins to record a call: its audio goes into the [`Recorder`]. `None` when there is not
    /// enough room for the longest it may become.
    pub fn begin(&self, call: &CallId) -> Option<(Recorder, Unfinished)> {
        let queue = self.writer.queue();
        self.room.take(call).then(|| recorder::begin(call, Arc::clone(&self.room), queue))
    }

    /// Logs that a call is not recorded for want of room: once, until there was room again.
    pub fn report_full(&self) {
        self.room.report_full();
    }

    /// The recordings there are, those of calls that go on included.
    pub fn calls(&self) -> Vec<CallId> {
        self.room.calls()
    }

    /// Where the recording of a call lies.
    pub fn path(&self, call: &CallId) -> PathBuf {
        path_in(&self.directory, call)
    }

    /// Erases the recording of a call, if there is one: its bytes are overwritten on the disk, then
    /// the file is removed. That is all a program can do. A file system that never writes in place
    /// (btrfs, ZFS), the spare blocks of an SSD, snapshots and backups may still have them.
    ///
    /// # Errors
    /// When the system refuses. The file is removed even where it could not be overwritten.
    pub async fn erase(&self, call: &CallId) -> io::Result<()> {
        let path = self.path(call);
        let erased = spawn_blocking(move || erase_file(&path)).await;
        // A panic is the only other way for it to end.
        erased.unwrap_or_else(|panic| Err(io::Error::other(panic)))?;
        self.room.give_back(call);
        Ok(())
    }
}

fn path_in(directory: &Path, call: &CallId) -> PathBuf {
    directory.join(format!("{call}.wav"))
}

/// The call that a file is the recording of; `None` for a file that is none of ours.
fn call_of(path: &Path) -> Option<CallId> {
    let name = path.file_name()?.to_str()?.strip_suffix(".wav")?;
    let digits = name.strip_prefix("call_")?;
    let is_id = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| CallId::from_stored(name.to_owned()))
}

/// Makes each recording in the directory whole, removes those without sound, and tells how many
/// bytes the others have. Other files are left alone.
fn whole_recordings(directory: &Path) -> io::Result<HashMap<CallId, u64>> {
    let mut room = HashMap::new();
    for entry in directory.read_dir()? {
        let path = entry?.path();
        let Some(call) = call_of(&path) else { continue };
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        match wav::complete(&file)? {
            Some(bytes) => {
                room.insert(call, bytes);
            }
            None => {
                info!(%call, "a recording in which nothing can be heard was removed");
                erase_file(&path)?;
            }
        }
    }
    Ok(room)
}

fn erase_file(path: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let overwritten = overwrite(&file);
    match std::fs::remove_file(path) {
        // Somebody else was just as quick.
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => overwritten,
    }
}

fn overwrite(mut file: &File) -> io::Result<()> {
    let length = file.metadata()?.len();
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    // The system drops what is not yet on the disk when a file is removed, these zeros too.
    file.sync_data()
}
