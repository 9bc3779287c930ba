//! Tables `webhook_events` and `webhook_tries`: what partners have to be told, and how telling them went.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{ProjectId, Timestamp, WebhookEventId, WebhookEventKind, WebhookId};

use super::{Reader, StoreError, Writer};

/// Something to be told.
#[derive(Debug, Clone)]
pub struct NewWebhookEvent {
    pub id: WebhookEventId,
    pub webhook: WebhookId,
    pub project: ProjectId,
    /// The invitation or message that it is about: what is about the same is told in order.
    pub subject: String,
    pub kind: WebhookEventKind,
    /// The JSON that is sent.
    pub body: String,
    pub at: Timestamp,
}

/// Whether something was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookEventState {
    Waiting,
    Delivered,
    /// All tries failed.
    GivenUp,
}

impl WebhookEventState {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    fn parse(name: &str) -> Result<Self, StoreError> {
        [Self::Waiting, Self::Delivered, Self::GivenUp]
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| StoreError::unexpected(format!("{name:?} is no state of an event")))
    }
}

/// Something that is to be told, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEvent {
    /// The order in which it happened.
    pub number: i64,
    pub id: WebhookEventId,
    pub webhook: WebhookId,
    pub subject: String,
    pub kind: WebhookEventKind,
    pub body: String,
    pub at: Timestamp,
    pub state: WebhookEventState,
    /// So often it was tried.
    pub tries: u32,
    /// Where it waits.
    pub next_try_at: Timestamp,
}

/// What is due to be told, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueWebhookEvent {
    pub id: WebhookEventId,
    pub webhook: WebhookId,
    pub project: ProjectId,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTry {
    pub at: Timestamp,
    pub took_ms: u64,
    /// Of the answer; `None` when there was none.
    pub status: Option<u16>,
    /// Why it does not count as delivered.
    pub failure: Option<String>,
}

/// What follows on a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterTry {
    Delivered,
    /// It is tried again.
    At(Timestamp),
    GivenUp,
}

impl Writer<'_> {
    /// Notes what has to be told.
    ///
    /// # Errors
    /// When there is no such webhook, or the database refuses.
    pub fn insert_webhook_event(&self, event: &NewWebhookEvent) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO webhook_events (id, webhook_id, project_id, subject, kind, body, at,
                                             state, tries, next_try_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting', 0, ?7)",
            )?
            .execute((
                event.id.as_str(),
                event.webhook.as_str(),
                event.project.as_str(),
                &event.subject,
                event.kind.as_str(),
                &event.body,
                event.at.unix_millis(),
            ))?;
        Ok(())
    }

    /// Records a try, and what follows on it. Open pages of the project are told once it is committed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn record_webhook_try(
        &self,
        event: i64,
        tried: &WebhookTry,
        after: AfterTry,
    ) -> Result<(), StoreError> {
        let end = tried.at.unix_millis().saturating_add_unsigned(tried.took_ms);
        let (state, next, settled) = match after {
            AfterTry::Delivered => (WebhookEventState::Delivered, None, Some(end)),
            AfterTry::At(next) => (WebhookEventState::Waiting, Some(next.unix_millis()), None),
            AfterTry::GivenUp => (WebhookEventState::GivenUp, None, Some(end)),
        };
        let project: Option<String> = self
            .connection
            .prepare_cached(
                "UPDATE webhook_events SET state = ?2, tries = tries + 1,
                        next_try_at = ifnull(?3, next_try_at), settled_at = ?4
                 WHERE number = ?1 RETURNING project_id",
            )?
            .query_row((event, state.as_str(), next, settled), |row| row.get(0))
            .optional()?;
        // It may have gone meanwhile, with its sender.
        if let Some(project) = project {
            self.connection
                .prepare_cached(
                    "INSERT INTO webhook_tries (event_number, at, took_ms, status, failure)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((
                    event,
                    tried.at.unix_millis(),
                    i64::try_from(tried.took_ms).unwrap_or(i64::MAX),
                    tried.status,
                    &tried.failure,
                ))?;
            self.note_project_change(&ProjectId::from_stored(project));
        }
        Ok(())
    }

    /// Tells something of a project once more, from the beginning of its schedule. Tells whether there was
    /// such a thing.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn replay_webhook_event(
        &self,
        project: &ProjectId,
        event: &WebhookEventId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let replayed = self.connection.execute(
            "UPDATE webhook_events SET state = 'waiting', tries = 0, next_try_at = ?3,
                    settled_at = NULL
             WHERE id = ?2 AND project_id = ?1",
            (project.as_str(), event.as_str(), now.unix_millis()),
        )?;
        Ok(replayed == 1)
    }

    /// Forgets what was settled before `before`, at most `limit` of it. Tells how many went.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_webhook_events(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<usize, StoreError> {
        let gone = self
            .connection
            .prepare_cached(
                "DELETE FROM webhook_events WHERE number IN (
                    SELECT number FROM webhook_events WHERE settled_at < ?1 LIMIT ?2)",
            )?
            .execute((before.unix_millis(), limit))?;
        Ok(gone)
    }
}

const COLUMNS: &str = "e.number, e.id, e.webhook_id, e.subject, e.kind, e.body, e.at, e.state, e.tries, e.next_try_at";

impl Reader<'_> {
    /// What is to be told at `now`, webhook by webhook in the order of their ids: what has been due for
    /// longest, at most `of_each`. Of each subject it is the first that waits, so that nothing overtakes.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn due_webhook_events(
        &self,
        now: Timestamp,
        of_each: u8,
    ) -> Result<Vec<DueWebhookEvent>, StoreError> {
        // Not by a window over all that waits: that one numbers 100,000 events (0.5 s) to take four of them,
        // and this ends at the fourth (0.2 ms).
        let mut statement = self.connection.prepare_cached(
            "SELECT e.id, w.id, e.project_id
             FROM webhooks AS w JOIN webhook_events AS e ON e.number IN (
                SELECT due.number FROM webhook_events AS due
                WHERE due.webhook_id = w.id AND due.state = 'waiting' AND due.next_try_at <= ?1
                  AND NOT EXISTS (SELECT 1 FROM webhook_events AS earlier
                                  WHERE earlier.webhook_id = due.webhook_id
                                    AND earlier.subject = due.subject
                                    AND earlier.state = 'waiting'
                                    AND earlier.number < due.number)
                ORDER BY due.next_try_at, due.number LIMIT ?2)
             WHERE w.is_active AND w.paused_at IS NULL
             ORDER BY w.id, e.next_try_at, e.number",
        )?;
        let rows = statement.query_map((now.unix_millis(), of_each), |row| {
            Ok(DueWebhookEvent {
                id: WebhookEventId::from_stored(row.get(0)?),
                webhook: WebhookId::from_stored(row.get(1)?),
                project: ProjectId::from_stored(row.get(2)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What a project was told or is to be told, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn webhook_events(
        &self,
        project: &ProjectId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<WebhookEvent>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM webhook_events AS e
             WHERE e.project_id = ?1 AND e.number < ?2 ORDER BY e.number DESC LIMIT ?3"
        ))?;
        let rows = statement
            .query_map((project.as_str(), before.unwrap_or(i64::MAX), limit), |row| {
                Ok(columns(row))
            })?;
        rows.map(|row| row?).collect()
    }

    /// Something that a project was told or is to be told.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn webhook_event(
        &self,
        project: &ProjectId,
        event: &WebhookEventId,
    ) -> Result<Option<WebhookEvent>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM webhook_events AS e WHERE e.id = ?2 AND e.project_id = ?1"
        ))?;
        let found = statement.query_row((project.as_str(), event.as_str()), |row| Ok(columns(row)));
        found.optional()?.transpose()
    }

    /// The tries to tell something, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn webhook_tries(&self, event: i64) -> Result<Vec<WebhookTry>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at, took_ms, status, failure FROM webhook_tries WHERE event_number = ?1
             ORDER BY number",
        )?;
        let rows = statement.query_map([event], |row| {
            Ok(WebhookTry {
                at: Timestamp::from_unix_millis(row.get(0)?),
                took_ms: row.get::<_, i64>(1)?.try_into().unwrap_or(0),
                status: row.get(2)?,
                failure: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn columns(row: &Row<'_>) -> Result<WebhookEvent, StoreError> {
    Ok(WebhookEvent {
        number: row.get(0)?,
        id: WebhookEventId::from_stored(row.get(1)?),
        webhook: WebhookId::from_stored(row.get(2)?),
        subject: row.get(3)?,
        kind: row.get::<_, String>(4)?.parse().map_err(StoreError::unexpected)?,
        body: row.get(5)?,
        at: Timestamp::from_unix_millis(row.get(6)?),
        state: WebhookEventState::parse(&row.get::<_, String>(7)?)?,
        tries: row.get(8)?,
        next_try_at: Timestamp::from_unix_millis(row.get(9)?),
    })
}
