//! Table `senders`, as partners look through it: each with the invitation that connected it.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{InvitationId, PhoneNumber, ProjectId, SenderId, Timestamp};

use super::{Reader, StoreError};

/// A sender, as its project looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSender {
    pub id: SenderId,
    pub name: String,
    pub phone_number: PhoneNumber,
    pub is_default: bool,
    /// `None` while its number waits to be connected.
    pub connection: Option<ListedConnection>,
    /// That connected it last, and whom it was for.
    pub invitation: Option<(InvitationId, Option<String>)>,
    pub created_at: Timestamp,
}

/// What Meta calls the number of a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedConnection {
    /// Meta's name of the client's account.
    pub account: String,
    /// Meta's name of the phone number.
    pub number: String,
}

/// A row of [`ListedSender`].
const SELECT: &str = "SELECT senders.id, name, phone_number, is_default, waba_id, number_id, \
            invitation_id, client_name, senders.created_at \
     FROM senders LEFT JOIN invitations ON invitations.id = invitation_id \
     WHERE senders.project_id = ?1 AND removed_at IS NULL";

impl Reader<'_> {
    /// The senders of a project that were not removed and are newer than the one with the id `after`,
    /// oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn listed_senders(
        &self,
        project: &ProjectId,
        after: Option<&SenderId>,
        limit: u32,
    ) -> Result<Vec<ListedSender>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} AND senders.id > ?2 ORDER BY senders.id LIMIT ?3"
        ))?;
        let after = after.map_or("", SenderId::as_str);
        let rows = statement.query_map((project.as_str(), after, limit), |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }

    /// A sender of a project; `None` when the project has none with this id, or it was removed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn listed_sender(
        &self,
        project: &ProjectId,
        id: &SenderId,
    ) -> Result<Option<ListedSender>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{SELECT} AND senders.id = ?2"))?;
        let row = statement
            .query_row((project.as_str(), id.as_str()), |row| Ok(columns(row)))
            .optional()?;
        row.transpose()
    }
}

fn columns(row: &Row<'_>) -> Result<ListedSender, StoreError> {
    let (account, number): (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
    let connection = account.zip(number);
    let (invitation, client): (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
    Ok(ListedSender {
        id: SenderId::from_stored(row.get(0)?),
        name: row.get(1)?,
        phone_number: row.get::<_, String>(2)?.parse().map_err(StoreError::unexpected)?,
        is_default: row.get(3)?,
        connection: connection.map(|(account, number)| ListedConnection { account, number }),
        invitation: invitation.map(|id| (InvitationId::from_stored(id), client)),
        created_at: Timestamp::from_unix_millis(row.get(8)?),
    })
}
