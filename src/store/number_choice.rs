//! The numbers that an invitation may be given, and who has those that it may not.

use rusqlite::Row;

use crate::domain::{InvitationId, PhoneNumber, PhoneNumberId, ProjectId, Timestamp};

use super::{NumberHolder, Reader, StoreError};

/// An active number of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberChoice {
    pub id: PhoneNumberId,
    pub number: PhoneNumber,
    /// What the partner calls it.
    pub name: Option<String>,
    /// The open invitation that has it.
    pub holder: Option<NumberHolder>,
}

impl Reader<'_> {
    /// The active numbers of a project as they are at `now`, in their order, the free ones first; at
    /// most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn number_choices(
        &self,
        project: &ProjectId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<NumberChoice>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT phone_numbers.id, number, name, invitations.id,
                    ifnull(client_name, client_email), invitations.status
             FROM phone_numbers
             LEFT JOIN invitations ON invitations.phone_number_id = phone_numbers.id
                AND invitations.status IN ('pending', 'in_progress', 'failed')
                AND invitations.expires_at > ?2
             WHERE phone_numbers.project_id = ?1 AND phone_numbers.status = 'active'
             ORDER BY invitations.id IS NOT NULL, number LIMIT ?3",
        )?;
        let parameters = (project.as_str(), now.unix_millis(), limit);
        let rows = statement.query_map(parameters, |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn columns(row: &Row<'_>) -> Result<NumberChoice, StoreError> {
    let holder = match row.get::<_, Option<String>>(3)? {
        None => None,
        Some(id) => Some(NumberHolder {
            invitation: InvitationId::from_stored(id),
            client: row.get(4)?,
            status: row.get::<_, String>(5)?.parse().map_err(StoreError::unexpected)?,
        }),
    };
    Ok(NumberChoice {
        id: PhoneNumberId::from_stored(row.get(0)?),
        number: row.get::<_, String>(1)?.parse().map_err(StoreError::unexpected)?,
        name: row.get(2)?,
        holder,
    })
}
