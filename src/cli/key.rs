//! `zavud key`: keys of the REST API.

use anyhow::anyhow;
use rand::RngExt as _;

use super::Failure;
use super::database::{self, InDatabase};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::{ApiKey, ApiKeyId, ApiMode, Scope, Scopes, ShownName};
use crate::store::{KnownApiKey, NewApiKey, Store};

pub(super) type Arguments = InDatabase<Verb>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make a key, and print it: it is shown this once
    New(NewArguments),
    /// Show the keys of a project
    List {
        /// The name or id of the project
        #[arg(long, value_name = "NAME")]
        project: String,
    },
    /// Take a key back, for good
    Revoke {
        /// The name or id of the project
        #[arg(long, value_name = "NAME")]
        project: String,
        /// The key, by the id that `list` shows
        #[arg(value_name = "KEY")]
        key: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct NewArguments {
    /// The name or id of the project
    #[arg(long, value_name = "NAME")]
    project: String,
    /// What it is for
    #[arg(long, default_value = "API key")]
    name: ShownName,
    /// It sees a test of the project: nobody is connected, and nothing is sent
    #[arg(long)]
    test: bool,
    /// Allow only this, such as invitations:read; may be said several times [default: everything]
    #[arg(long)]
    scope: Vec<Scope>,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let (_, store) = arguments.database.open()?;
    let done = match arguments.verb {
        Verb::New(wanted) => make(&store, wanted).await,
        Verb::List { project } => list(&store, project).await,
        Verb::Revoke { project, key } => revoke(&store, project, key).await,
    };
    done.map_err(Failure::from)
}

async fn make(store: &Store, wanted: NewArguments) -> anyhow::Result<()> {
    let NewArguments { project, name, test, scope } = wanted;
    let now = SystemClock.now();
    let mode = if test { ApiMode::Test } else { ApiMode::Live };
    let key = ApiKey::new(mode, rand::rng().random());
    let scopes = if scope.is_empty() { Scopes::all() } else { scope.into_iter().collect() };
    let secret = key.clone();
    let made = store.write(move |writer| {
        let project = match database::project(writer, &project)? {
            Ok(project) => project.id,
            Err(error) => return Ok(Err(error)),
        };
        let id = ApiKeyId::new(now, rand::rng().random());
        let new = NewApiKey { id, project, mode, name, key, scopes, created_at: now };
        writer.insert_api_key(&new).map(Ok)
    });
    made.await??;
    println!("{}", secret.expose());
    Ok(())
}

async fn list(store: &Store, project: String) -> anyhow::Result<()> {
    let read = store.read(move |reader| {
        Ok(match database::project(reader, &project)? {
            Ok(project) => Ok(reader.api_keys(&project.id)?),
            Err(error) => Err(error),
        })
    });
    read.await??.iter().for_each(|key| println!("{}", line(key)));
    Ok(())
}

async fn revoke(store: &Store, project: String, key: String) -> anyhow::Result<()> {
    let (id, now) = (ApiKeyId::from_stored(key.clone()), SystemClock.now());
    let write = store.write(move |writer| {
        Ok(match database::project(writer, &project)? {
            Ok(project) => Ok(writer.revoke_api_key(&project.id, &id, now)?),
            Err(error) => Err(error),
        })
    });
    if !write.await?? {
        return Err(anyhow!("the project has no key {key} that could be taken back"));
    }
    println!("{key} is taken back");
    Ok(())
}

fn line(key: &KnownApiKey) -> String {
    let KnownApiKey { id, mode, name, last_four, last_used_at, revoked_at, .. } = key;
    let used = last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {at}"));
    let revoked = revoked_at.map(|at| format!(", taken back {at}")).unwrap_or_default();
    format!("{id}  zv_{}_...{last_four}  {name} ({used}{revoked})", mode.as_str())
}
