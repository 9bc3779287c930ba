//! Table `messages`: what senders have sent, and what was sent to them.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{MessageId, MessageStatus, PhoneNumber, ProjectId, SenderId, Timestamp};

use super::{Reader, StoreError, Writer};

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    pub project: ProjectId,
    pub sender: SenderId,
    /// The number of the sender.
    pub own_end: PhoneNumber,
    pub is_inbound: bool,
    /// To whom it goes, or from whom it came.
    pub other_end: PhoneNumber,
    pub text: String,
    /// The partner's own, as JSON.
    pub metadata: Option<String>,
    pub status: MessageStatus,
    /// Meta's name of it.
    pub provider_id: Option<String>,
    pub error_code: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A message to be kept.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub id: MessageId,
    pub project: ProjectId,
    pub sender: SenderId,
    pub is_inbound: bool,
    pub other_end: PhoneNumber,
    pub text: String,
    pub metadata: Option<String>,
    pub status: MessageStatus,
    pub provider_id: Option<String>,
    pub created_at: Timestamp,
}

/// What became known with a status. `None` leaves what is there.
#[derive(Debug, Clone, Default)]
pub struct MessageNews {
    pub provider_id: Option<String>,
    pub error_code: Option<String>,
}

/// Which messages of a project, the newest first.
#[derive(Debug, Clone)]
pub struct MessagesAsked {
    pub project: ProjectId,
    pub status: Option<MessageStatus>,
    pub to: Option<PhoneNumber>,
    /// Only those that are older.
    pub before: Option<MessageId>,
    pub limit: u32,
}

impl Writer<'_> {
    /// Keeps a message. One that Meta tells of once more is known already, and stays as it is: whether it
    /// was news is told.
    ///
    /// # Errors
    /// When there is no such sender, or the database refuses.
    pub fn insert_message(&self, message: &NewMessage) -> Result<bool, StoreError> {
        let inserted = self
            .connection
            .prepare_cached(
                "INSERT INTO messages (id, project_id, sender_id, is_inbound, other_end, text,
                                       metadata, status, provider_id, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)
                 ON CONFLICT (provider_id) DO NOTHING",
            )?
            .execute((
                message.id.as_str(),
                message.project.as_str(),
                message.sender.as_str(),
                message.is_inbound,
                message.other_end.as_str(),
                &message.text,
                &message.metadata,
                message.status.as_str(),
                &message.provider_id,
                message.created_at.unix_millis(),
            ))?;
        Ok(inserted == 1)
    }

    /// Says how far a message came. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn move_message(
        &self,
        message: &MessageId,
        to: MessageStatus,
        news: &MessageNews,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE messages SET status = ?2, provider_id = ifnull(?3, provider_id),
                        error_code = ?4, updated_at = ?5
                 WHERE id = ?1",
            )?
            .execute((
                message.as_str(),
                to.as_str(),
                &news.provider_id,
                &news.error_code,
                at.unix_millis(),
            ))?;
        Ok(())
    }
}

const SELECT: &str = "SELECT m.id, m.project_id, m.sender_id, s.phone_number, m.is_inbound,
           m.other_end, m.text, m.metadata, m.status, m.provider_id, m.error_code, m.created_at,
           m.updated_at
    FROM messages AS m JOIN senders AS s ON s.id = m.sender_id";

impl Reader<'_> {
    /// A message of a project.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn message(
        &self,
        project: &ProjectId,
        message: &MessageId,
    ) -> Result<Option<Message>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE m.id = ?2 AND m.project_id = ?1"))?;
        let found =
            statement.query_row((project.as_str(), message.as_str()), |row| Ok(columns(row)));
        found.optional()?.transpose()
    }

    /// The message that Meta calls so.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn message_called(&self, provider_id: &str) -> Result<Option<Message>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{SELECT} WHERE m.provider_id = ?1"))?;
        statement.query_row([provider_id], |row| Ok(columns(row))).optional()?.transpose()
    }

    /// Messages that were to be sent when an earlier run ended, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn unsent_messages(&self) -> Result<Vec<Message>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE m.status IN ('queued', 'sending') ORDER BY m.id"
        ))?;
        let rows = statement.query_map([], |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }

    /// Messages of a project.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn messages(&self, asked: &MessagesAsked) -> Result<Vec<Message>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE m.project_id = ?1 AND m.id < ?2 AND (?3 IS NULL OR m.status = ?3)
                AND (?4 IS NULL OR (m.other_end = ?4 AND m.is_inbound = 0))
             ORDER BY m.id DESC LIMIT ?5"
        ))?;
        let rows = statement.query_map(
            (
                asked.project.as_str(),
                // Nothing sorts after this.
                asked.before.as_ref().map_or("n", MessageId::as_str),
                asked.status.map(MessageStatus::as_str),
                asked.to.as_ref().map(PhoneNumber::as_str),
                asked.limit,
            ),
            |row| Ok(columns(row)),
        )?;
        rows.map(|row| row?).collect()
    }

    /// The sender, and its project, of the number that Meta calls so: of several that for which it was
    /// connected last. None of a test, which nothing of Meta's concerns, and whose numbers anybody makes up.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sender_called(&self, number: &str) -> Result<Option<(ProjectId, SenderId)>, StoreError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT project_id, senders.id FROM senders
                 JOIN projects ON projects.id = project_id AND test_of IS NULL
                 WHERE number_id = ?1 AND removed_at IS NULL
                 ORDER BY invitation_id DESC LIMIT 1",
            )?
            .query_row([number], |row| {
                Ok((ProjectId::from_stored(row.get(0)?), SenderId::from_stored(row.get(1)?)))
            })
            .optional()?;
        Ok(found)
    }
}

fn columns(row: &Row<'_>) -> Result<Message, StoreError> {
    let number = |index| -> Result<PhoneNumber, StoreError> {
        row.get::<_, String>(index)?.parse().map_err(StoreError::unexpected)
    };
    Ok(Message {
        id: MessageId::from_stored(row.get(0)?),
        project: ProjectId::from_stored(row.get(1)?),
        sender: SenderId::from_stored(row.get(2)?),
        own_end: number(3)?,
        is_inbound: row.get(4)?,
        other_end: number(5)?,
        text: row.get(6)?,
        metadata: row.get(7)?,
        status: row.get::<_, String>(8)?.parse().map_err(StoreError::unexpected)?,
        provider_id: row.get(9)?,
        error_code: row.get(10)?,
        created_at: Timestamp::from_unix_millis(row.get(11)?),
        updated_at: Timestamp::from_unix_millis(row.get(12)?),
    })
}
