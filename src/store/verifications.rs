//! Table `verifications`: each time that a number of ours was to be verified without a client.
//!
//! Which step follows which is not known here: only `onboarding` may change a row.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    PhoneNumberId, ProjectId, SenderId, SpokenCode, Timestamp, VerificationFailure, VerificationId,
    VerificationStep,
};

use super::{Reader, StoreError, Writer};

/// A verification to be begun.
#[derive(Debug, Clone)]
pub struct NewVerification {
    pub id: VerificationId,
    pub phone_number: PhoneNumberId,
    /// By whose token Meta is asked.
    pub sender: SenderId,
    /// Meta's name of the phone number.
    pub number: String,
    pub begun_at: Timestamp,
}

/// A verification, as far as its next step depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    pub id: VerificationId,
    pub phone_number: PhoneNumberId,
    pub sender: SenderId,
    /// Meta's name of the phone number.
    pub number: String,
    pub step: VerificationStep,
    /// For how long a call is waited for, once Meta was asked for one.
    pub waits_until: Option<Timestamp>,
    pub failure: Option<VerificationFailure>,
    pub calls: VerificationCalls,
}

/// What came in so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerificationCalls {
    pub count: u32,
    /// Whether one goes on.
    pub is_one_going_on: bool,
}

impl Writer<'_> {
    /// Begins a verification. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When one of the number is under way, or the database refuses.
    pub fn insert_verification(&self, new: &NewVerification) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO verifications (id, phone_number_id, sender_id, number_id, begun_at,
                                            updated_at, step)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
            )?
            .execute((
                new.id.as_str(),
                new.phone_number.as_str(),
                new.sender.as_str(),
                &new.number,
                new.begun_at.unix_millis(),
                VerificationStep::Begun.as_str(),
            ))?;
        Ok(())
    }

    /// Records that a verification came to `step`. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn move_verification(
        &self,
        id: &VerificationId,
        step: VerificationStep,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE verifications SET step = ?2, updated_at = ?3 WHERE id = ?1")?
            .execute((id.as_str(), step.as_str(), at.unix_millis()))?;
        self.note_verification_change(id)
    }

    /// Says for how long a call is waited for. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn let_verification_wait(
        &self,
        id: &VerificationId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE verifications SET waits_until = ?2 WHERE id = ?1")?
            .execute((id.as_str(), until.unix_millis()))?;
        Ok(())
    }

    /// Ends a verification that failed. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn fail_verification(
        &self,
        id: &VerificationId,
        failure: VerificationFailure,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE verifications SET step = ?2, failure = ?3, updated_at = ?4 WHERE id = ?1",
            )?
            .execute((
                id.as_str(),
                VerificationStep::Failed.as_str(),
                failure.as_str(),
                at.unix_millis(),
            ))?;
        self.note_verification_change(id)
    }

    /// Open pages of the project are told once it is committed.
    fn note_verification_change(&self, id: &VerificationId) -> Result<(), StoreError> {
        let project = self
            .connection
            .prepare_cached(
                "SELECT project_id FROM verifications
                 JOIN phone_numbers ON phone_numbers.id = phone_number_id
                 WHERE verifications.id = ?1",
            )?
            .query_row([id.as_str()], |row| row.get(0))
            .optional()?;
        if let Some(project) = project {
            self.note_project_change(&ProjectId::from_stored(project));
        }
        Ok(())
    }

    /// Takes the code that was heard for a verification out of the store: whoever has it is the only
    /// one who does. `None` when it was erased.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn take_verification_code(
        &self,
        id: &VerificationId,
    ) -> Result<Option<SpokenCode>, StoreError> {
        let row = self
            .connection
            .prepare_cached(
                "DELETE FROM codes WHERE call_id =
                    (SELECT call_id FROM codes JOIN calls ON calls.id = codes.call_id
                     WHERE calls.verification_id = ?1 ORDER BY read_at DESC LIMIT 1)
                 RETURNING code",
            )?
            .query_row([id.as_str()], |row| row.get::<_, String>(0))
            .optional()?;
        let Some(code) = row else { return Ok(None) };
        self.note_digits_erased();
        code.parse().map(Some).map_err(StoreError::unexpected)
    }
}

const COLUMNS: &str = "id, phone_number_id, sender_id, number_id, step, waits_until, failure,
     (SELECT count(*) FROM calls WHERE verification_id = verifications.id),
     EXISTS (SELECT 1 FROM calls WHERE verification_id = verifications.id AND ended_at IS NULL)";

impl Reader<'_> {
    /// A verification.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn verification(&self, id: &VerificationId) -> Result<Option<Verification>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM verifications WHERE id = ?1"))?;
        statement.query_row([id.as_str()], |row| Ok(columns(row))).optional()?.transpose()
    }

    /// The verification of a number that is not over.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn verification_under_way(
        &self,
        phone_number: &PhoneNumberId,
    ) -> Result<Option<Verification>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM verifications
             WHERE phone_number_id = ?1 AND step NOT IN ('verified', 'failed')"
        ))?;
        statement.query_row([phone_number.as_str()], |row| Ok(columns(row))).optional()?.transpose()
    }

    /// The verification of a number that was begun last, and when.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn last_verification(
        &self,
        phone_number: &PhoneNumberId,
    ) -> Result<Option<(Timestamp, Verification)>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS}, begun_at FROM verifications WHERE phone_number_id = ?1
             ORDER BY number DESC LIMIT 1"
        ))?;
        let row = statement
            .query_row([phone_number.as_str()], |row| {
                Ok((Timestamp::from_unix_millis(row.get(9)?), columns(row)))
            })
            .optional()?;
        let Some((begun_at, found)) = row else { return Ok(None) };
        Ok(Some((begun_at, found?)))
    }

    /// Whether Meta is being asked to verify some number by the token of this sender.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_sender_asking(&self, sender: &SenderId) -> Result<bool, StoreError> {
        let is_asking = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM verifications
                 WHERE sender_id = ?1 AND step NOT IN ('verified', 'failed')",
            )?
            .exists([sender.as_str()])?;
        Ok(is_asking)
    }

    /// The verifications that are not over, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn unfinished_verifications(&self) -> Result<Vec<Verification>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM verifications WHERE step NOT IN ('verified', 'failed')
             ORDER BY number"
        ))?;
        let rows = statement.query_map([], |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn columns(row: &Row<'_>) -> Result<Verification, StoreError> {
    let step: String = row.get(4)?;
    let failure: Option<String> = row.get(6)?;
    Ok(Verification {
        id: VerificationId::from_stored(row.get(0)?),
        phone_number: PhoneNumberId::from_stored(row.get(1)?),
        sender: SenderId::from_stored(row.get(2)?),
        number: row.get(3)?,
        step: step.parse().map_err(StoreError::unexpected)?,
        waits_until: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_unix_millis),
        failure: failure.map(|name| name.parse()).transpose().map_err(StoreError::unexpected)?,
        calls: VerificationCalls { count: row.get(7)?, is_one_going_on: row.get(8)? },
    })
}
