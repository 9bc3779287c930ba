//! Table `phone_numbers`.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    NumberStatus, PhoneNumber, PhoneNumberId, ProjectId, SenderId, ShownName, Timestamp,
};

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

/// A number of ours as its project sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedNumber {
    pub id: PhoneNumberId,
    pub number: PhoneNumber,
    pub name: Option<String>,
    /// `active`, `suspended` or `pending`.
    pub status: String,
    /// The sender that it is connected as.
    pub sender: Option<SenderId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Which numbers of a project, the newest first.
#[derive(Debug, Clone)]
pub struct NumbersAsked {
    pub project: ProjectId,
    /// `active`, `suspended` or `pending`.
    pub status: Option<String>,
    /// Only those that are older.
    pub before: Option<PhoneNumberId>,
    pub limit: u32,
}

const LISTED: &str = "SELECT n.id, n.number, n.name, n.status, n.created_at,
           ifnull(n.updated_at, n.created_at),
           (SELECT id FROM senders WHERE project_id = n.project_id AND phone_number = n.number
               AND removed_at IS NULL ORDER BY id DESC LIMIT 1)
    FROM phone_numbers AS n";

impl Writer<'_> {
    /// Calls a number something, or nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn name_number(
        &self,
        number: &PhoneNumberId,
        name: Option<&ShownName>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE phone_numbers SET name = ?2, updated_at = ?3 WHERE id = ?1",
            (number.as_str(), name.map(ShownName::as_str), at.unix_millis()),
        )?;
        Ok(())
    }

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

    /// Says whether a number is in use. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_number_status(
        &self,
        number: &PhoneNumberId,
        status: NumberStatus,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE phone_numbers SET status = ?2, updated_at = ?3 WHERE id = ?1")?
            .execute((number.as_str(), status.as_str(), at.unix_millis()))?;
        Ok(())
    }
}

impl Reader<'_> {
    /// A number of a project.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn listed_number(
        &self,
        project: &ProjectId,
        number: &PhoneNumberId,
    ) -> Result<Option<ListedNumber>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{LISTED} WHERE n.id = ?2 AND n.project_id = ?1"))?;
        let found = statement.query_row((project.as_str(), number.as_str()), |row| Ok(listed(row)));
        found.optional()?.transpose()
    }

    /// Numbers of a project.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn listed_numbers(&self, asked: &NumbersAsked) -> Result<Vec<ListedNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{LISTED} WHERE n.project_id = ?1 AND (?2 IS NULL OR n.status = ?2)
                AND (?3 IS NULL OR n.id < ?3)
             ORDER BY n.id DESC LIMIT ?4"
        ))?;
        let rows = statement.query_map(
            (
                asked.project.as_str(),
                &asked.status,
                asked.before.as_ref().map(PhoneNumberId::as_str),
                asked.limit,
            ),
            |row| Ok(listed(row)),
        )?;
        rows.map(|row| row?).collect()
    }

    /// Whose `number` is, active or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn owner_of_number(&self, number: &PhoneNumber) -> Result<Option<OwnNumber>, StoreError> {
        let row = self
            .connection
            .prepare_cached("SELECT id, project_id FROM phone_numbers WHERE number = ?1")?
            .query_row([number.as_str()], own)
            .optional()?;
        Ok(row)
    }

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
            .query_row([number.as_str()], own)
            .optional()?;
        Ok(row)
    }
}

fn own(row: &Row<'_>) -> Result<OwnNumber, rusqlite::Error> {
    Ok(OwnNumber {
        id: PhoneNumberId::from_stored(row.get(0)?),
        project: ProjectId::from_stored(row.get(1)?),
    })
}

fn listed(row: &Row<'_>) -> Result<ListedNumber, StoreError> {
    Ok(ListedNumber {
        id: PhoneNumberId::from_stored(row.get(0)?),
        number: row.get::<_, String>(1)?.parse().map_err(StoreError::unexpected)?,
        name: row.get(2)?,
        status: row.get(3)?,
        created_at: Timestamp::from_unix_millis(row.get(4)?),
        updated_at: Timestamp::from_unix_millis(row.get(5)?),
        sender: row.get::<_, Option<String>>(6)?.map(SenderId::from_stored),
    })
}
