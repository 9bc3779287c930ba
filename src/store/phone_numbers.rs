//! Table `phone_numbers`.

use rusqlite::OptionalExtension;

use crate::domain::{PhoneNumber, PhoneNumberId, ProjectId, Timestamp};

use super::{Reader, StoreError, Writer};

/// A phone number to be added to a project. It is active at once.
#[derive(Debug, Clone)]
pub struct NewPhoneNumber {
    pub id: PhoneNumberId,
    pub project: ProjectId,
    pub number: PhoneNumber,
    pub created_at: Timestamp,
}

/// A number that was dialled and is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnNumber {
    pub id: PhoneNumberId,
    pub project: ProjectId,
}

impl Writer<'_> {
    /// Adds a phone number.
    ///
    /// # Errors
    /// When the number is known already, or the database refuses.
    pub fn insert_phone_number(&self, number: &NewPhoneNumber) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO phone_numbers (id, project_id, number, status, created_at)
             VALUES (?1, ?2, ?3, 'active', ?4)",
            (
                number.id.as_str(),
                number.project.as_str(),
                number.number.as_str(),
                number.created_at.unix_millis(),
            ),
        )?;
        Ok(())
    }
}

impl Reader<'_> {
    /// Whether a number is an active one of this project.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_active_number(
        &self,
        number: &PhoneNumberId,
        project: &ProjectId,
    ) -> Result<bool, StoreError> {
        let is_active = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM phone_numbers
                 WHERE id = ?1 AND project_id = ?2 AND status = 'active'",
            )?
            .exists((number.as_str(), project.as_str()))?;
        Ok(is_active)
    }

    /// What a number of ours reads.
    ///
    /// # Errors
    /// When there is no such number, or the database refuses.
    pub fn phone_number(&self, number: &PhoneNumberId) -> Result<PhoneNumber, StoreError> {
        let text: String = self
            .connection
            .prepare_cached("SELECT number FROM phone_numbers WHERE id = ?1")?
            .query_row([number.as_str()], |row| row.get(0))?;
        text.parse().map_err(StoreError::unexpected)
    }

    /// The active number of ours that reads `number`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn own_number(&self, number: &PhoneNumber) -> Result<Option<OwnNumber>, StoreError> {
        let row = self
            .connection
            .prepare_cached(
                "SELECT id, project_id FROM phone_numbers WHERE number = ?1 AND status = 'active'",
            )?
            .query_row([number.as_str()], |row| {
                Ok(OwnNumber {
                    id: PhoneNumberId::from_stored(row.get(0)?),
                    project: ProjectId::from_stored(row.get(1)?),
                })
            })
            .optional()?;
        Ok(row)
    }
}
