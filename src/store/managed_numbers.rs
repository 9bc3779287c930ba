//! Table `phone_numbers`, as partners look after it: each number with what it is for at the moment.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    InvitationId, InvitationStatus, NumberStatus, PhoneNumber, PhoneNumberId, ProjectId, SenderId,
    Timestamp,
};

use super::{Reader, StoreError};

/// A number, as its project looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedNumber {
    pub id: PhoneNumberId,
    pub number: PhoneNumber,
    /// What the partner calls it.
    pub name: Option<String>,
    pub status: NumberStatus,
    /// The open invitation that it is pre-assigned to.
    pub holder: Option<NumberHolder>,
    /// The sender that it is connected as.
    pub sender: Option<SenderId>,
    pub created_at: Timestamp,
}

/// The open invitation that a number is pre-assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberHolder {
    pub invitation: InvitationId,
    pub client: Option<String>,
    pub status: InvitationStatus,
}

/// A row of [`ManagedNumber`] at the moment `?2`. An invitation whose time has run out holds nothing any more,
/// whether or not that was recorded.
const LISTED: &str = "SELECT phone_numbers.id, number, name, phone_numbers.status,
           phone_numbers.created_at, holder.id, holder.client_name, holder.status,
           (SELECT senders.id FROM senders
            WHERE senders.project_id = phone_numbers.project_id
              AND phone_number = phone_numbers.number AND removed_at IS NULL
            ORDER BY senders.created_at DESC, senders.id DESC LIMIT 1)
     FROM phone_numbers LEFT JOIN invitations AS holder
       ON holder.phone_number_id = phone_numbers.id AND holder.expires_at > ?2
          AND holder.status IN ('pending', 'in_progress', 'failed')
     WHERE phone_numbers.project_id = ?1";

impl Reader<'_> {
    /// The numbers of a project at `now` that were added after the one with the id `after`, in the order
    /// in which they were added, at most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn numbers_of(
        &self,
        project: &ProjectId,
        after: Option<&PhoneNumberId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<ManagedNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{LISTED} AND phone_numbers.id > ?3 ORDER BY phone_numbers.id LIMIT ?4"
        ))?;
        let after = after.map_or("", PhoneNumberId::as_str);
        let rows = statement
            .query_map((project.as_str(), now.unix_millis(), after, limit), |row| {
                Ok(listed(row))
            })?;
        rows.map(|row| row?).collect()
    }

    /// A number of a project at `now`; `None` when the project has none with this id.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn number_of(
        &self,
        project: &ProjectId,
        id: &PhoneNumberId,
        now: Timestamp,
    ) -> Result<Option<ManagedNumber>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{LISTED} AND phone_numbers.id = ?3"))?;
        let row = statement
            .query_row((project.as_str(), now.unix_millis(), id.as_str()), |row| Ok(listed(row)))
            .optional()?;
        row.transpose()
    }
}

fn listed(row: &Row<'_>) -> Result<ManagedNumber, StoreError> {
    let holder = match row.get::<_, Option<String>>(5)? {
        Some(invitation) => Some(NumberHolder {
            invitation: InvitationId::from_stored(invitation),
            client: row.get(6)?,
            status: row.get::<_, String>(7)?.parse().map_err(StoreError::unexpected)?,
        }),
        None => None,
    };
    Ok(ManagedNumber {
        id: PhoneNumberId::from_stored(row.get(0)?),
        number: row.get::<_, String>(1)?.parse().map_err(StoreError::unexpected)?,
        name: row.get(2)?,
        status: row.get::<_, String>(3)?.parse().map_err(StoreError::unexpected)?,
        created_at: Timestamp::from_unix_millis(row.get(4)?),
        holder,
        sender: row.get::<_, Option<String>>(8)?.map(SenderId::from_stored),
    })
}
