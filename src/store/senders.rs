//! Table `senders`.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{InvitationId, PhoneNumber, ProjectId, Sealed, SenderId, Timestamp};

use super::{Reader, StoreError, Writer};

/// A sender to be made, or connected once more. The first one of a project is its default.
#[derive(Debug, Clone)]
pub struct NewSender {
    pub id: SenderId,
    pub project: ProjectId,
    pub invitation: InvitationId,
    pub created_at: Timestamp,
    pub connected: Connected,
}

/// What a sender whose number is connected to WhatsApp is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// The name that WhatsApp shows.
    pub name: String,
    pub phone_number: PhoneNumber,
    /// Meta's name of the client's account.
    pub account: String,
    /// Meta's name of the phone number.
    pub number: String,
    pub token: Sealed,
    pub pin: Option<Sealed>,
}

/// A sender that can send, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub id: SenderId,
    pub project: ProjectId,
    pub is_default: bool,
    pub connected: Connected,
}

impl Writer<'_> {
    /// Makes a sender; or, when there is one with this id, gives it what is new.
    ///
    /// # Errors
    /// When another sender of the project has the number, or the database refuses.
    pub fn put_sender(&self, sender: &NewSender) -> Result<(), StoreError> {
        let Connected { name, phone_number, account, number, token, pin } = &sender.connected;
        self.connection
            .prepare_cached(
                "INSERT INTO senders (id, project_id, name, phone_number, waba_id, number_id, token,
                                      pin, invitation_id, created_at, updated_at, is_default)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10,
                         NOT EXISTS (SELECT 1 FROM senders
                                     WHERE project_id = ?2 AND removed_at IS NULL))
                 ON CONFLICT (id) DO UPDATE SET
                    name = ?3, phone_number = ?4, waba_id = ?5, number_id = ?6, token = ?7,
                    pin = ?8, invitation_id = ?9, updated_at = ?10",
            )?
            .execute((
                sender.id.as_str(),
                sender.project.as_str(),
                name,
                phone_number.as_str(),
                account,
                number,
                token.as_bytes(),
                pin.as_ref().map(Sealed::as_bytes),
                sender.invitation.as_str(),
                sender.created_at.unix_millis(),
            ))?;
        Ok(())
    }
}

const COLUMNS: &str =
    "id, project_id, is_default, name, phone_number, waba_id, number_id, token, pin";

/// Its number is connected, and it was not removed.
const CAN_SEND: &str = "token IS NOT NULL AND removed_at IS NULL";

impl Reader<'_> {
    /// A sender.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sender(&self, id: &SenderId) -> Result<Option<Sender>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM senders WHERE id = ?1 AND {CAN_SEND}"
        ))?;
        statement.query_row([id.as_str()], |row| Ok(columns(row))).optional()?.transpose()
    }

    /// The sender of a project that has this phone number; of several the one that was made last.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sender_with(
        &self,
        project: &ProjectId,
        number: &PhoneNumber,
    ) -> Result<Option<Sender>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM senders
             WHERE project_id = ?1 AND phone_number = ?2 AND {CAN_SEND}
             ORDER BY created_at DESC, id DESC LIMIT 1"
        ))?;
        let found = statement
            .query_row((project.as_str(), number.as_str()), |row| Ok(columns(row)))
            .optional()?;
        found.transpose()
    }

    /// The senders of all projects, each with the name of its project, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn all_senders(&self) -> Result<Vec<(String, Sender)>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS}, (SELECT name FROM projects WHERE id = project_id) FROM senders
             WHERE {CAN_SEND} ORDER BY created_at, id"
        ))?;
        let rows = statement.query_map([], |row| Ok((row.get(9)?, columns(row))))?;
        rows.map(|row| {
            let (project, sender) = row?;
            Ok((project, sender?))
        })
        .collect()
    }

    /// The sender that a project has for the number that Meta calls so; or one that was named for this
    /// number, and waits for it to be connected.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sender_of_number(
        &self,
        project: &ProjectId,
        number: &str,
        phone_number: &PhoneNumber,
    ) -> Result<Option<SenderId>, StoreError> {
        let id = self
            .connection
            .prepare_cached(
                "SELECT id FROM senders
                 WHERE project_id = ?1 AND removed_at IS NULL
                   AND (number_id = ?2 OR (number_id IS NULL AND phone_number = ?3))
                 ORDER BY number_id IS NULL LIMIT 1",
            )?
            .query_row((project.as_str(), number, phone_number.as_str()), |row| row.get(0))
            .optional()?;
        Ok(id.map(SenderId::from_stored))
    }

    /// The senders of a project that can send, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn senders(&self, project: &ProjectId) -> Result<Vec<Sender>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM senders WHERE project_id = ?1 AND {CAN_SEND}
             ORDER BY created_at, id"
        ))?;
        let rows = statement.query_map([project.as_str()], |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn columns(row: &Row<'_>) -> Result<Sender, StoreError> {
    Ok(Sender {
        id: SenderId::from_stored(row.get(0)?),
        project: ProjectId::from_stored(row.get(1)?),
        is_default: row.get(2)?,
        connected: Connected {
            name: row.get(3)?,
            phone_number: row.get::<_, String>(4)?.parse().map_err(StoreError::unexpected)?,
            account: row.get(5)?,
            number: row.get(6)?,
            token: Sealed::from_bytes(row.get(7)?),
            pin: row.get::<_, Option<Vec<u8>>>(8)?.map(Sealed::from_bytes),
        },
    })
}
