//! What everything else stands on: the store, the key of its secrets, the recordings, the clock.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::info;

use crate::calls::end_interrupted_calls;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::feed::Feed;
use crate::onboarding::expire_overdue;
use crate::recordings::{RecordingLimits, Recordings};
use crate::seal::{KeyError, Seal, load_key, make_key};
use crate::store::{Change, Store};

/// How often a lock is tried that another daemon has, and how long it is waited in between: a second in all.
const LOCK_ATTEMPTS: usize = 10;
const LOCK_AGAIN_AFTER: Duration = Duration::from_millis(100);

pub(super) struct Foundation {
    /// Held for as long as the daemon runs.
    pub(super) lock: File,
    pub(super) store: Arc<Store>,
    pub(super) seal: Arc<Seal>,
    pub(super) recordings: Arc<Recordings>,
    pub(super) clock: Arc<dyn Clock>,
    /// Tells pages what was written.
    pub(super) feed: Feed,
    /// Notified when anything was written.
    pub(super) written: Arc<Notify>,
}

impl Foundation {
    /// Opens all of it, and ends what an earlier run left unfinished and nobody goes on with.
    ///
    /// # Errors
    /// When the database, its key or the folder of the recordings can not be had, or another daemon
    /// has the database.
    pub(super) async fn open(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let lock = lock(&config.store.path).await?;
        let (feed, written) = (Feed::default(), Arc::new(Notify::new()));
        let store = Arc::new(open_store(config, feed.clone(), Arc::clone(&written))?);
        let seal = Arc::new(open_seal(config, &store).await?);
        let recordings = Arc::new(open_recordings(config)?);
        let keep_for = config.keep_recordings_for();
        end_interrupted_calls(&store, &recordings, clock.as_ref(), keep_for)
            .await
            .context("after an earlier run")?;
        expire_overdue(&store, clock.now()).await.context("after an earlier run")?;
        Ok(Self { lock, store, seal, recordings, clock, feed, written })
    }
}

/// Keeps other daemons from a database: one that starts on it would take the calls of the one that runs
/// for cut off, and send its messages again. The system lets go of it however the daemon ends.
/// One that is just ending is waited for.
async fn lock(database: &Path) -> anyhow::Result<File> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let open = File::options().create(true).truncate(false).write(true).open(&path);
    let file = open.with_context(|| format!("cannot open {}", path.display()))?;
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(LOCK_AGAIN_AFTER).await,
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
    bail!("the database {} is in use by another daemon", database.display())
}

fn open_store(config: &Config, feed: Feed, written: Arc<Notify>) -> anyhow::Result<Store> {
    let on_commit = move |Change { project, of }: &Change| {
        if let Some((invitation, _)) = of {
            feed.publish(invitation);
        }
        feed.publish_project(project);
        written.notify_one();
    };
    Ok(Store::open(&config.store.path, Box::new(on_commit))?)
}

/// The key of the sealed secrets. A database that never had one gets one; one that has opens with no
/// other, since what was sealed with it would be lost.
async fn open_seal(config: &Config, store: &Store) -> anyhow::Result<Seal> {
    let (path, database) = (config.key_file(), config.store.path.display());
    let unusable = |what: String| ConfigError::unusable("secrets.key_file", what);
    let check_value = store.read(|reader| reader.seal_check()).await?;
    let seal = match (load_key(&path), &check_value) {
        (Ok(seal), _) => seal,
        // A credential is found elsewhere than it is written: that one is for systemd to hand over.
        (Err(KeyError::Missing(missing)), None) if missing == path => {
            info!(path = %path.display(), "a key for the secrets in the database was made");
            make_key(&path, rand::rng().random()).map_err(|error| unusable(error.to_string()))?
        }
        (Err(error), None) => return Err(unusable(error.to_string()).into()),
        (Err(error), Some(_)) => {
            let what = format!("{error}. {database} holds secrets that only its own key opens");
            return Err(unusable(what).into());
        }
    };
    match check_value {
        Some(check_value) if seal.made(&check_value) => {}
        Some(_) => {
            let what = format!("the key at {} is not the one of {database}", path.display());
            return Err(unusable(what).into());
        }
        None => {
            let check_value = seal.check_value(rand::rng().random());
            store.write(move |writer| writer.insert_seal_check(&check_value)).await?;
        }
    }
    Ok(seal)
}

fn open_recordings(config: &Config) -> anyhow::Result<Recordings> {
    let limits = RecordingLimits {
        all: config.recordings.max_bytes(),
        longest_call: config.calls.max_duration,
    };
    Ok(Recordings::open(&config.recordings_directory(), &limits)?)
}
