//! The database of the daemon, for verbs that work on it: beside a running daemon as well, since
//! SQLite lets several processes take turns (write-ahead log, and each waits for the other).

use std::path::PathBuf;

use super::Failure;
use crate::config::Config;
use crate::domain::ProjectId;
use crate::store::{Project, Reader, Store, StoreError};

/// Which one.
#[derive(Debug, clap::Args)]
pub(super) struct WhichDatabase {
    /// Configuration of the daemon. Run it as the daemon's user
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl WhichDatabase {
    /// The configuration, and its database.
    ///
    /// # Errors
    /// When one of them can not be used.
    pub(super) fn open(&self) -> Result<(Config, Store), Failure> {
        let config = Config::load_or_shipped(self.config.as_deref())?;
        // Nobody here waits for news. Pages of the daemon see a change when they are loaded again.
        let store =
            Store::open(&config.store.path, Box::new(|_| {})).map_err(anyhow::Error::from)?;
        Ok((config, store))
    }
}

/// What is done with it.
#[derive(Debug, clap::Args)]
pub(super) struct InDatabase<Verb: clap::Subcommand> {
    #[command(flatten)]
    pub(super) database: WhichDatabase,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// Why a project can not be told by what it was called.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSuchProject {
    #[error("there is no project {0:?}; `zavud project list` shows those there are")]
    Unknown(String),
    #[error(
        "several projects are called {0:?}; name it by its id, as `zavud project list` shows it"
    )]
    Ambiguous(String),
}

/// The project of this name, or of this id.
pub(super) fn project(
    reader: &Reader<'_>,
    called: &str,
) -> Result<Result<Project, NoSuchProject>, StoreError> {
    if let Some(project) = reader.project(&ProjectId::from_stored(called.to_owned()))? {
        return Ok(Ok(project));
    }
    let mut named: Vec<_> =
        reader.projects()?.into_iter().filter(|project| project.name == called).collect();
    Ok(match (named.pop(), named.is_empty()) {
        (Some(project), true) => Ok(project),
        (Some(_), false) => Err(NoSuchProject::Ambiguous(called.to_owned())),
        (None, _) => Err(NoSuchProject::Unknown(called.to_owned())),
    })
}
