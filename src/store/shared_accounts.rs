//! Table `shared_accounts`: of which accounts Meta itself said that they were shared with our app.

use crate::domain::Timestamp;

use super::{Reader, StoreError, Writer};

impl Writer<'_> {
    /// Records that the account was shared. Meta tells more than once; the first time counts.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_shared_account(&self, account: &str, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO shared_accounts (waba_id, told_at) VALUES (?1, ?2)",
            )?
            .execute((account, at.unix_millis()))?;
        Ok(())
    }
}

impl Reader<'_> {
    /// Whether Meta said that the account was shared with our app.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_shared_account(&self, account: &str) -> Result<bool, StoreError> {
        let is_shared = self
            .connection
            .prepare_cached("SELECT 1 FROM shared_accounts WHERE waba_id = ?1")?
            .exists([account])?;
        Ok(is_shared)
    }
}
