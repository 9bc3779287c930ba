//! Table `seal_check`: by which the key of the sealed secrets is known again.

use rusqlite::OptionalExtension;

use crate::domain::Sealed;

use super::{Reader, StoreError, Writer};

impl Writer<'_> {
    /// Keeps the check value of a new key.
    ///
    /// # Errors
    /// When there is one already, or the database refuses.
    pub fn insert_seal_check(&self, check_value: &Sealed) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO seal_check (id, sealed) VALUES (1, ?1)",
            [check_value.as_bytes()],
        )?;
        Ok(())
    }
}

impl Reader<'_> {
    /// The check value of the key; `None` in a database that never had one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn seal_check(&self) -> Result<Option<Sealed>, StoreError> {
        let bytes = self
            .connection
            .query_row("SELECT sealed FROM seal_check", [], |row| row.get(0))
            .optional()?;
        Ok(bytes.map(Sealed::from_bytes))
    }
}
