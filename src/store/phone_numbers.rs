//! Table `phone_numbers`.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    InvitationId, InvitationStatus, NumberStatus, PhoneNumber, PhoneNumberId, ProjectId, SenderId,
    ShownName, Timestamp,
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

/// A number, as its project looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedNumber {
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
    pub updated_at: Timestamp,
}

/// Which numbers of a project, the newest first.
#[derive(Debug, Clone)]
pub struct NumbersAsked {
    pub project: ProjectId,
    pub status: Option<NumberStatus>,
    /// Only those that are older.
    pub before: Option<PhoneNumberId>,
    pub limit: u32,
}

/// The open invitation that a number is pre-assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberHolder {
    pub invitation: InvitationId,
    pub client: Option<String>,
    pub status: InvitationStatus,
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

    /// Calls a number so, or nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn name_phone_number(
        &self,
        number: &PhoneNumberId,
        name: Option<&ShownName>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE phone_numbers SET name = ?2, updated_at = ?3 WHERE id = ?1")?
            .execute((number.as_str(), name.map(ShownName::as_str), at.unix_millis()))?;
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

/// A row of [`ListedNumber`] at the moment `?2`. An invitation whose time has run out holds nothing any more,
/// whether or not that was recorded.
const LISTED: &str = "SELECT phone_numbers.id, number, name, phone_numbers.status,
           phone_numbers.created_at, holder.id, holder.client_name, holder.status,
           (SELECT senders.id FROM senders
            WHERE senders.project_id = phone_numbers.project_id
              AND phone_number = phone_numbers.number AND removed_at IS NULL
            ORDER BY senders.created_at DESC, senders.id DESC LIMIT 1),
           ifnull(phone_numbers.updated_at, phone_numbers.created_at)
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
    ) -> Result<Vec<ListedNumber>, StoreError> {
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

    /// Numbers of a project at `now`, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_numbers(
        &self,
        asked: &NumbersAsked,
        now: Timestamp,
    ) -> Result<Vec<ListedNumber>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{LISTED} AND (?3 IS NULL OR phone_numbers.status = ?3)
                AND (?4 IS NULL OR phone_numbers.id < ?4)
             ORDER BY phone_numbers.id DESC LIMIT ?5"
        ))?;
        let rows = statement.query_map(
            (
                asked.project.as_str(),
                now.unix_millis(),
                asked.status.map(NumberStatus::as_str),
                asked.before.as_ref().map(PhoneNumberId::as_str),
                asked.limit,
            ),
            |row| Ok(listed(row)),
        )?;
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
    ) -> Result<Option<ListedNumber>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{LISTED} AND phone_numbers.id = ?3"))?;
        let row = statement
            .query_row((project.as_str(), now.unix_millis(), id.as_str()), |row| Ok(listed(row)))
            .optional()?;
        row.transpose()
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
    let holder = match row.get::<_, Option<String>>(5)? {
        Some(invitation) => Some(NumberHolder {
            invitation: InvitationId::from_stored(invitation),
            client: row.get(6)?,
            status: row.get::<_, String>(7)?.parse().map_err(StoreError::unexpected)?,
        }),
        None => None,
    };
    Ok(ListedNumber {
        id: PhoneNumberId::from_stored(row.get(0)?),
        number: row.get::<_, String>(1)?.parse().map_err(StoreError::unexpected)?,
        name: row.get(2)?,
        status: row.get::<_, String>(3)?.parse().map_err(StoreError::unexpected)?,
        created_at: Timestamp::from_unix_millis(row.get(4)?),
        holder,
        sender: row.get::<_, Option<String>>(8)?.map(SenderId::from_stored),
        updated_at: Timestamp::from_unix_millis(row.get(9)?),
    })
}
