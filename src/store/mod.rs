//! SQLite: the truth about everything that happened. The only module that knows rusqlite.
//!
//! One writer thread owns the connection that writes; a few reader threads own one each. Work is
//! handed over as a closure that sees a [`Writer`] or a [`Reader`], whose methods stand in one
//! file a table. A write is done when its transaction is on disk (`synchronous=FULL`), and only
//! then are the others told, through the function given to [`Store::open`].

mod api_answers;
mod api_keys;
mod audit_log;
mod call_list;
mod calls;
mod codes;
mod events;
mod imports;
mod invitation_detail;
mod invitation_list;
mod invitation_records;
mod invitation_search;
mod invitation_steps;
mod invitations;
mod linked_invitations;
mod logins;
mod logos;
mod managed_numbers;
mod memberships;
mod messages;
mod named_senders;
mod number_choice;
mod origins;
mod partners;
mod phone_numbers;
mod projects;
mod readers;
mod recordings;
mod seal_check;
mod sender_list;
mod senders;
mod shared_accounts;
mod signups;
mod verification_attempts;
mod verifications;
mod webhook_events;
mod webhooks;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use tokio::sync::oneshot;

use crate::domain::{EventId, InvitationId, ProjectId};

pub use api_answers::ApiAnswer;
pub use api_keys::{KnownApiKey, NewApiKey};
pub use audit_log::{AuditEntry, AuditFilter, NewAuditEntry};
pub use call_list::{CallFilter, CallsAsked, ListedCall, ListedEnd};
pub use calls::{CallEnd, NewCall, UnfinishedCall};
pub use codes::NewCode;
pub use events::{EventKind, NewEvent, NewStage, StageEvent};
pub use imports::KeptImport;
pub use invitation_detail::{CallOfInvitation, Happening, InvitationDetail, TimelineEntry};
pub use invitation_list::{
    InvalidPlace, InvitationPage, ListPosition, ListQuery, ListSort, ListedInvitation, RowKey,
    StatusCounts,
};
pub use invitation_records::{
    ConnectedAccount, InvitationDetails, InvitationRecord, InvitationsAsked,
};
pub use invitation_search::{MOST_COMPARED, MOST_HITS, SearchCut, SearchTerms};
pub use invitation_steps::RecordedStep;
pub use invitations::{InvitationState, NewConnection, NewInvitation, NewLink, OpenInvitation};
pub use linked_invitations::{AssignedNumber, Invitation};
pub use logins::{EmbedLink, Login, LoginOf};
pub use managed_numbers::{ManagedNumber, NumberHolder};
pub use memberships::{Member, Membership};
pub use messages::{Message, MessageNews, MessagesAsked, NewMessage};
pub use named_senders::{NamedSender, NewNamedSender};
pub use number_choice::NumberChoice;
pub use partners::{Partner, PasswordHash, SecondFactor};
pub use phone_numbers::{ListedNumber, NewPhoneNumber, NumbersAsked, OwnNumber};
pub use projects::{NewProject, Project};
pub use readers::Reader;
pub use sender_list::{ListedConnection, ListedSender};
pub use senders::{Connected, NewSender, Sender};
pub use signups::{Learned, Signup};
pub use verifications::{NewVerification, Verification, VerificationCalls};
pub use webhook_events::{
    AfterTry, DueWebhookEvent, NewWebhookEvent, WebhookEvent, WebhookEventState, WebhookTry,
};
pub use webhooks::{NewWebhook, Webhook, WebhookTarget};
pub use writer::Writer;

use readers::Readers;
use writer::WriterThread;

const MIGRATIONS: &[M<'_>] = &[
    M::up(include_str!("migrations/0001_initial.sql")),
    M::up(include_str!("migrations/0002_recordings.sql")),
    M::up(include_str!("migrations/0003_onboarding.sql")),
    M::up(include_str!("migrations/0004_seal.sql")),
    M::up(include_str!("migrations/0005_signups.sql")),
    M::up(include_str!("migrations/0006_brands_and_redirects.sql")),
    M::up(include_str!("migrations/0007_verifications.sql")).foreign_key_check(),
    M::up(include_str!("migrations/0008_accounts.sql")),
    M::up(include_str!("migrations/0010_desk.sql")),
    M::up(include_str!("migrations/0011_api_keys.sql")),
    M::up(include_str!("migrations/0012_api.sql")).foreign_key_check(),
    M::up(include_str!("migrations/0013_lists.sql")),
    M::up(include_str!("migrations/0014_origins.sql")),
    M::up(include_str!("migrations/0015_due_events.sql")),
];

/// How long a connection waits for a lock that another process holds, a backup for example.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// More than there are statements that are prepared once and kept.
const PREPARED_STATEMENTS: usize = 128;

/// Something that is on disk now, and that open pages may want to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub project: ProjectId,
    /// What of the project: an invitation, with the event that tells it; `None` for anything else.
    pub of: Option<(InvitationId, EventId)>,
}

/// Told of each change after its transaction was committed. Called on the writer thread: it must
/// be quick and must not block.
pub type OnCommit = Box<dyn Fn(&Change) + Send>;

/// Why the store could not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database file can not be used.
    #[error("cannot open the database {}: {reason}", path.display())]
    Open { path: PathBuf, reason: String },
    /// SQLite refused a statement, or the disk did.
    #[error("the database refused: {0}")]
    Database(String),
    /// A row holds something that this version did not write.
    #[error("the database holds an unexpected value: {0}")]
    Unexpected(String),
    /// The store was closed, or its thread has died.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// For a value that could not be read back.
    fn unexpected(reason: impl std::fmt::Display) -> Self {
        Self::Unexpected(reason.to_string())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// A handle on the database.
#[derive(Debug)]
pub struct Store {
    threads: Option<Threads>,
}

#[derive(Debug)]
struct Threads {
    writer: WriterThread,
    readers: Readers,
}

impl Store {
    /// Opens the database at `path`, makes it if it is not there, and brings it to the current
    /// schema.
    ///
    /// # Errors
    /// When the file can not be opened, is no database, or was written by a newer version.
    pub fn open(path: &Path, on_commit: OnCommit) -> Result<Self, StoreError> {
        let failed = |reason: String| StoreError::Open { path: path.to_owned(), reason };
        let mut connection =
            connect(path, OpenFlags::default()).map_err(|e| failed(e.to_string()))?;
        migrate(&mut connection).map_err(|error| failed(error.to_string()))?;

        let readers = Readers::start(path).map_err(|error| failed(error.to_string()))?;
        let writer = WriterThread::start(connection, on_commit);
        Ok(Self { threads: Some(Threads { writer, readers }) })
    }

    /// Runs `work` in a transaction of its own and waits until it is on disk. When it returns an
    /// error nothing of it was written.
    ///
    /// # Errors
    /// Those of `work`, and the failure to commit.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Writer<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.threads().writer.submit(work, reply).await?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Hands `work` over to be written, and waits for nothing: for what nobody is told of. A failure is
    /// logged.
    pub async fn write_behind<F>(&self, work: F)
    where
        F: FnOnce(&Writer<'_>) -> Result<(), StoreError> + Send + 'static,
    {
        let logged = move |writer: &Writer<'_>| {
            work(writer)
                .inspect_err(|error| tracing::error!(%error, "what was left to be written is lost"))
        };
        let (nobody, _) = oneshot::channel();
        // It is closed: the daemon ends.
        let _ = self.threads().writer.submit(logged, nobody).await;
    }

    /// Finds out whether what is written reaches the disk. It is believed to, and nothing is asked of the disk,
    /// until a write fails, whoever's; from then on each question is a write, until one goes through.
    ///
    /// # Errors
    /// What prevents it: [`StoreError::Closed`] when the thread that writes has died.
    pub async fn can_write(&self) -> Result<(), StoreError> {
        let thread = &self.threads().writer;
        if thread.is_trusted() {
            return Ok(());
        }
        self.write(|writer| writer.write_again()).await?;
        thread.trust();
        Ok(())
    }

    /// Runs `work` on a reader thread, on one consistent view of what was committed.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Reader<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.threads().readers.submit(work, reply).await?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    fn threads(&self) -> &Threads {
        self.threads.as_ref().expect("only drop takes the threads")
    }
}

impl Drop for Store {
    /// Finishes what was submitted, then ends the threads and waits for them.
    fn drop(&mut self) {
        if let Some(Threads { writer, readers }) = self.threads.take() {
            readers.close();
            writer.close();
        }
    }
}

/// Brings the database to the current schema. A table that others refer to can be made anew only while
/// nobody watches over that (SQLite, "Making Other Kinds Of Table Schema Changes"); the migrations that
/// do so check it at their end.
fn migrate(connection: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    connection.pragma_update(None, "foreign_keys", false)?;
    Migrations::from_slice(MIGRATIONS).to_latest(connection)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A call that was told "on disk" stays there when the power goes.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // A dead code is overwritten with zeros, not only unlinked.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn that_nothing_can_be_written_is_found_out_by_a_write_and_so_is_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zavud.db");
        let store = Store::open(&path, Box::new(|_| {})).unwrap();
        // The first batch ends with the patience that the log takes and gives back.
        store.write(|_| Ok(())).await.unwrap();
        let impatient = store.write(|writer| Ok(writer.connection.busy_timeout(Duration::ZERO)?));
        impatient.await.unwrap();
        // Its lock does what a full disk does: reads go on, and no write goes through.
        let other = Connection::open(&path).unwrap();
        let seen = || other.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0));
        let before = seen().unwrap();
        assert!(store.can_write().await.is_ok());
        assert_eq!(seen().unwrap(), before, "nothing is written while nothing has failed");

        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let failed = store.write(|_| Ok(())).await;
        assert!(matches!(failed, Err(StoreError::Database(_))), "{failed:?}");
        for _ in 0..2 {
            let found = store.can_write().await;
            assert!(matches!(found, Err(StoreError::Database(_))), "{found:?}");
        }
        other.execute_batch("ROLLBACK").unwrap();
        let before = seen().unwrap();
        assert!(store.can_write().await.is_ok());
        let written = seen().unwrap();
        assert_ne!(written, before, "it was not found out by doing nothing");
        assert!(store.can_write().await.is_ok());
        assert_eq!(seen().unwrap(), written);
    }
}
