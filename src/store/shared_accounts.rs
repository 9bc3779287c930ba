//! Table `shared_accounts`: of which accounts Meta itself said that they were shared with our app.

use crate::domain::Timestamp;

use super::{Reader, StoreError, Writer};

impl Writer<'_> {
    /// Records that the account was shared. Meta tells more than once; the last time counts.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_shared_account(&self, account: &str, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO shared_accounts (waba_id, told_at) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET told_at = excluded.told_at",
            )?
            .execute((account, at.unix_millis()))?;
        Ok(())
    }
}

impl Reader<'_> {
    /// The accounts of which Meta has said, since then, that they were shared with our app.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn shared_accounts_since(&self, since: Timestamp) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT waba_id FROM shared_accounts WHERE told_at >= ?1 ORDER BY told_at",
        )?;
        let accounts = statement.query_map([since.unix_millis()], |row| row.get(0))?;
        Ok(accounts.collect::<Result<_, _>>()?)
    }
}
