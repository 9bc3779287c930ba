//! Table `senders`, as partners see it: whether or not the number of one is connected yet.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{PhoneNumber, ProjectId, SenderId, ShownName, Timestamp};

use super::{Reader, StoreError, Writer};

/// A sender, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSender {
    pub id: SenderId,
    pub name: String,
    pub phone_number: PhoneNumber,
    pub is_default: bool,
    /// Meta's name of the number; `None` while it is not connected.
    pub number: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A sender to be named for a number that is not connected yet.
#[derive(Debug, Clone)]
pub struct NewNamedSender {
    pub id: SenderId,
    pub project: ProjectId,
    pub name: ShownName,
    pub phone_number: PhoneNumber,
    pub created_at: Timestamp,
}

impl Writer<'_> {
    /// Names a sender. The first one of a project is its default.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_named_sender(&self, sender: &NewNamedSender) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO senders (id, project_id, name, phone_number, created_at, updated_at,
                                  is_default)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5,
                     NOT EXISTS (SELECT 1 FROM senders
                                 WHERE project_id = ?2 AND removed_at IS NULL))",
            (
                sender.id.as_str(),
                sender.project.as_str(),
                sender.name.as_str(),
                sender.phone_number.as_str(),
                sender.created_at.unix_millis(),
            ),
        )?;
        Ok(())
    }

    /// Calls a sender something else.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rename_sender(
        &self,
        sender: &SenderId,
        name: &ShownName,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE senders SET name = ?2, updated_at = ?3 WHERE id = ?1",
            (sender.as_str(), name.as_str(), at.unix_millis()),
        )?;
        Ok(())
    }

    /// Makes a sender the default of its project, in place of the one before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn make_default_sender(
        &self,
        project: &ProjectId,
        sender: &SenderId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE senders SET is_default = 0, updated_at = ?2
             WHERE project_id = ?1 AND is_default = 1",
            (project.as_str(), at.unix_millis()),
        )?;
        self.connection.execute(
            "UPDATE senders SET is_default = 1, updated_at = ?2 WHERE id = ?1",
            (sender.as_str(), at.unix_millis()),
        )?;
        Ok(())
    }

    /// Removes a sender. Its secrets and its webhook are gone, and if it was the default of its project,
    /// the oldest one that is left is.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_sender(
        &self,
        project: &ProjectId,
        sender: &SenderId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.remove_webhook_of(sender)?;
        self.connection.execute(
            "UPDATE senders SET removed_at = ?2, updated_at = ?2, is_default = 0, token = NULL,
                    pin = NULL, number_id = NULL
             WHERE id = ?1",
            (sender.as_str(), at.unix_millis()),
        )?;
        self.connection.execute(
            "UPDATE senders SET is_default = 1, updated_at = ?2
             WHERE id = (SELECT id FROM senders WHERE project_id = ?1 AND removed_at IS NULL
                         ORDER BY created_at, id LIMIT 1)
               AND NOT EXISTS (SELECT 1 FROM senders WHERE project_id = ?1 AND is_default = 1)",
            (project.as_str(), at.unix_millis()),
        )?;
        Ok(())
    }
}

const COLUMNS: &str = "id, name, phone_number, is_default, number_id, created_at, updated_at";

impl Reader<'_> {
    /// A sender of a project.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn named_sender(
        &self,
        project: &ProjectId,
        sender: &SenderId,
    ) -> Result<Option<NamedSender>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM senders
             WHERE id = ?2 AND project_id = ?1 AND removed_at IS NULL"
        ))?;
        let found =
            statement.query_row((project.as_str(), sender.as_str()), |row| Ok(columns(row)));
        found.optional()?.transpose()
    }

    /// The sender of a project that has this number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn named_sender_with(
        &self,
        project: &ProjectId,
        number: &PhoneNumber,
    ) -> Result<Option<NamedSender>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM senders
             WHERE project_id = ?1 AND phone_number = ?2 AND removed_at IS NULL
             ORDER BY id DESC LIMIT 1"
        ))?;
        let found =
            statement.query_row((project.as_str(), number.as_str()), |row| Ok(columns(row)));
        found.optional()?.transpose()
    }

    /// The default sender of a project.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn default_sender(&self, project: &ProjectId) -> Result<Option<NamedSender>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM senders WHERE project_id = ?1 AND is_default = 1"
        ))?;
        let found = statement.query_row([project.as_str()], |row| Ok(columns(row)));
        found.optional()?.transpose()
    }

    /// Senders of a project that are older than `before`, the newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn named_senders(
        &self,
        project: &ProjectId,
        before: Option<&SenderId>,
        limit: u32,
    ) -> Result<Vec<NamedSender>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM senders
             WHERE project_id = ?1 AND removed_at IS NULL AND (?2 IS NULL OR id < ?2)
             ORDER BY id DESC LIMIT ?3"
        ))?;
        let rows = statement
            .query_map((project.as_str(), before.map(SenderId::as_str), limit), |row| {
                Ok(columns(row))
            })?;
        rows.map(|row| row?).collect()
    }
}

fn columns(row: &Row<'_>) -> Result<NamedSender, StoreError> {
    Ok(NamedSender {
        id: SenderId::from_stored(row.get(0)?),
        name: row.get(1)?,
        phone_number: row.get::<_, String>(2)?.parse().map_err(StoreError::unexpected)?,
        is_default: row.get(3)?,
        number: row.get(4)?,
        created_at: Timestamp::from_unix_millis(row.get(5)?),
        updated_at: Timestamp::from_unix_millis(row.get(6)?),
    })
}
