//! Table `verification_attempts`: when Meta was asked to verify a number.

use crate::domain::{PhoneNumberId, Timestamp};

use super::{Reader, StoreError, Writer};

impl Writer<'_> {
    /// Counts an attempt.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_attempt(&self, number: &PhoneNumberId, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO verification_attempts (phone_number_id, at) VALUES (?1, ?2)",
            )?
            .execute((number.as_str(), at.unix_millis()))?;
        Ok(())
    }

    /// Forgets the attempts of a number up to and with `until`: they no longer count.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_attempts(
        &self,
        number: &PhoneNumberId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM verification_attempts WHERE phone_number_id = ?1 AND at <= ?2",
            )?
            .execute((number.as_str(), until.unix_millis()))?;
        Ok(())
    }
}

impl Reader<'_> {
    /// The attempts of a number after `since`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn attempts_of(
        &self,
        number: &PhoneNumberId,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at FROM verification_attempts WHERE phone_number_id = ?1 AND at > ?2
             ORDER BY at",
        )?;
        let rows = statement.query_map((number.as_str(), since.unix_millis()), |row| row.get(0))?;
        Ok(rows.map(|at| at.map(Timestamp::from_unix_millis)).collect::<Result<_, _>>()?)
    }
}
