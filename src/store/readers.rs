//! The threads that read, and what a query sees.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use super::{StoreError, connect};

/// A query takes tens of microseconds; two threads keep a slow one from holding up the others.
const THREADS: usize = 2;

/// Queries that may wait. When it is full, whoever submits one waits as well.
const QUEUE: usize = 4096;

/// One consistent view of what was committed.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub(super) connection: &'a Connection,
}

impl<'a> Reader<'a> {
    pub(super) fn on(connection: &'a Connection) -> Self {
        Self { connection }
    }
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

#[derive(Debug)]
pub(super) struct Readers {
    queue: mpsc::Sender<Job>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(path: &Path) -> Result<Self, rusqlite::Error> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let mut threads = Vec::with_capacity(THREADS);
        for index in 0..THREADS {
            let connection = connect(path, OpenFlags::default())?;
            connection.pragma_update(None, "query_only", true)?;
            let jobs = Arc::clone(&jobs);
            let thread = std::thread::Builder::new()
                .name(format!("store-reader-{index}"))
                .spawn(move || run(connection, &jobs))
                .expect("the system can start a thread while the daemon starts");
            threads.push(thread);
        }
        Ok(Self { queue, threads })
    }

    pub(super) async fn submit<T, F>(
        &self,
        work: F,
        reply: oneshot::Sender<Result<T, StoreError>>,
    ) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Reader<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let job: Job = Box::new(move |connection| {
            let result = connection
                .transaction()
                .map_err(StoreError::from)
                .and_then(|view| work(&Reader::on(&view)));
            // The caller may have gone; nobody else wants the answer.
            let _ = reply.send(result);
        });
        self.queue.send(job).await.map_err(|_| StoreError::Closed)
    }

    /// Finishes what was submitted and ends the threads.
    pub(super) fn close(self) {
        drop(self.queue);
        for thread in self.threads {
            // A panic of the thread was already printed where it happened.
            let _ = thread.join();
        }
    }
}

/// Takes queries one at a time, in turn with the other reader threads.
fn run(mut connection: Connection, jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // Held only while waiting. A thread that panicked while it waited left nothing half done.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = next else { return };
        job(&mut connection);
    }
}
