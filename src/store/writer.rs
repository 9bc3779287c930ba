//! The thread that writes, and what a transaction sees.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tracing::error;

use crate::domain::ProjectId;

use super::{BUSY_TIMEOUT, Change, OnCommit, Reader, StoreError};

/// Writes that may wait. When it is full, whoever submits one waits as well: what happened in a
/// call must not be dropped.
const QUEUE: usize = 1024;

/// Writes that share one commit, and so one wait for the disk.
const BATCH: usize = 64;

/// How long after a reader stood in the way it is tried again to empty the write-ahead log.
const LOG_RETRY: Duration = Duration::from_secs(1);

/// How long a reader may stand in the way until then.
const READER_PATIENCE: Duration = Duration::from_millis(20);

/// A transaction: everything a [`Reader`] can ask, and the methods that change something.
#[derive(Debug)]
pub struct Writer<'a> {
    reader: Reader<'a>,
    effects: RefCell<Effects>,
}

/// What has to follow once a transaction is committed.
#[derive(Debug, Default)]
struct Effects {
    /// To be told to the others.
    changes: Vec<Change>,
    /// Digits were erased, and have to leave the write-ahead log as well.
    digits_erased: bool,
}

impl<'a> Deref for Writer<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl Writer<'_> {
    pub(super) fn note_change(&self, change: Change) {
        self.effects.borrow_mut().changes.push(change);
    }

    /// Something of a project has changed that has no event of its own.
    pub(super) fn note_project_change(&self, project: &ProjectId) {
        self.note_change(Change { project: project.clone(), of: None });
    }

    pub(super) fn note_digits_erased(&self) {
        self.effects.borrow_mut().digits_erased = true;
    }

    /// Writes what stands there already, to find out whether anything can be written: a transaction that
    /// changes nothing is committed on a full disk as well.
    pub(super) fn write_again(&self) -> Result<(), StoreError> {
        let version: i64 =
            self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(self.connection.pragma_update(None, "user_version", version)?)
    }
}

/// Answers the caller, when the fate of the whole batch is known.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// One caller's work, on a connection with an open transaction or on the reason there is none.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> (Effects, Answer) + Send>;

#[derive(Debug)]
pub(super) struct WriterThread {
    queue: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
    /// A write has failed, and none was seen to go through since.
    is_in_doubt: Arc<AtomicBool>,
}

impl WriterThread {
    pub(super) fn start(connection: Connection, on_commit: OnCommit) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&connection, jobs, &on_commit))
            .expect("the system can start a thread while the daemon starts");
        Self { queue, thread, is_in_doubt: Arc::default() }
    }

    /// Whether there is no reason to believe that writes fail.
    pub(super) fn is_trusted(&self) -> bool {
        // Its thread holds the other end for as long as it lives.
        !self.queue.is_closed() && !self.is_in_doubt.load(Ordering::Relaxed)
    }

    /// A write was seen to go through.
    pub(super) fn trust(&self) {
        self.is_in_doubt.store(false, Ordering::Relaxed);
    }

    pub(super) async fn submit<T, F>(
        &self,
        work: F,
        reply: oneshot::Sender<Result<T, StoreError>>,
    ) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Writer<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let is_in_doubt = Arc::clone(&self.is_in_doubt);
        let job: Job = Box::new(move |connection| {
            let (effects, result) = match connection {
                Ok(connection) => in_savepoint(connection, work),
                Err(error) => (Effects::default(), Err(error)),
            };
            let answer: Answer = Box::new(move |committed| {
                let written = result.and_then(|value| committed.map(|()| value));
                if written.is_err() {
                    is_in_doubt.store(true, Ordering::Relaxed);
                }
                // The caller may have gone; what it wrote stays written.
                let _ = reply.send(written);
            });
            (effects, answer)
        });
        self.queue.send(job).await.map_err(|_| StoreError::Closed)
    }

    /// Finishes what was submitted and ends the thread.
    pub(super) fn close(self) {
        drop(self.queue);
        // A panic of the thread was already printed where it happened.
        let _ = self.thread.join();
    }
}

/// One caller's work: rolled back alone when it fails, without its neighbours in the batch.
fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Writer<'_>) -> Result<T, StoreError>,
) -> (Effects, Result<T, StoreError>) {
    let nothing = Effects::default;
    if let Err(error) = execute(connection, "SAVEPOINT job") {
        return (nothing(), Err(error));
    }
    let writer = Writer { reader: Reader::on(connection), effects: RefCell::default() };
    let result = work(&writer);
    let effects = writer.effects.into_inner();
    let result = result.and_then(|value| execute(connection, "RELEASE job").map(|()| value));
    match result {
        Ok(value) => (effects, Ok(value)),
        Err(error) => {
            // A statement may have failed so badly that SQLite has rolled back everything: then
            // there is no savepoint any more, and the commit of the batch says so.
            let _ = execute(connection, "ROLLBACK TO job");
            let _ = execute(connection, "RELEASE job");
            (nothing(), Err(error))
        }
    }
}

/// A statement of the transactions themselves: prepared once, because each write takes two.
fn execute(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

/// Waits for writes and commits them, as many at a time as have gathered meanwhile. While digits that were
/// erased are in the write-ahead log, it waits on time as well.
fn run(connection: &Connection, mut jobs: mpsc::Receiver<Job>, on_commit: &OnCommit) {
    // A queue of tokio's can be waited for until a moment in a runtime only.
    let waiting = runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without sockets asks nothing of the system");
    // When the log is emptied. What an earlier run left in it is not known.
    let mut log_due = Some(Instant::now());
    while let Some(batch) = waiting.block_on(next_batch(&mut jobs, log_due)) {
        let (done, committed) = commit(connection, batch);
        if let Err(error) = &committed {
            error!(%error, "a transaction could not be committed");
        }
        if done.iter().any(|(effects, _)| effects.digits_erased) {
            log_due = log_due.or_else(|| Some(Instant::now()));
        }
        // Before the answers: where no reader stood in the way, who is told that digits are erased finds them
        // nowhere.
        if log_due.is_some_and(|due| due <= Instant::now()) {
            log_due = (!empty_the_log(connection)).then(|| Instant::now() + LOG_RETRY);
        }
        for (effects, answer) in done {
            if committed.is_ok() {
                effects.changes.iter().for_each(on_commit);
            }
            answer(committed.clone());
        }
    }
}

/// What has gathered, as soon as there is something, or nothing when `until` has come before. `None` when
/// the queue was closed.
async fn next_batch(jobs: &mut mpsc::Receiver<Job>, until: Option<Instant>) -> Option<Vec<Job>> {
    let mut batch = Vec::new();
    let gathered = jobs.recv_many(&mut batch, BATCH);
    let is_open = match until {
        Some(until) => timeout_at(until, gathered).await != Ok(0),
        None => gathered.await > 0,
    };
    is_open.then_some(batch)
}

fn commit(
    connection: &Connection,
    batch: Vec<Job>,
) -> (Vec<(Effects, Answer)>, Result<(), StoreError>) {
    // The thread woke for the log.
    if batch.is_empty() {
        return (Vec::new(), Ok(()));
    }
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
        return (batch.into_iter().map(|job| job(Err(error.clone()))).collect(), Err(error));
    }
    let done = batch.into_iter().map(|job| job(Ok(connection))).collect();
    let committed = execute(connection, "COMMIT").inspect_err(|_| {
        // Nothing may stay open: the next batch begins a transaction of its own.
        let _ = execute(connection, "ROLLBACK");
    });
    (done, committed)
}

/// Moves the write-ahead log into the database and truncates it. Returns whether that worked: a reader in
/// the middle of something prevents it. One of ours is through in a moment; a backup, or a shell that was left
/// open, stays for hours, and nobody waits for that.
fn empty_the_log(connection: &Connection) -> bool {
    // SQLite takes any timeout.
    let _ = connection.busy_timeout(READER_PATIENCE);
    let emptied = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .is_ok_and(|busy| busy == 0);
    let _ = connection.busy_timeout(BUSY_TIMEOUT);
    emptied
}
