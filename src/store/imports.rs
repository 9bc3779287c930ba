//! Table `imports`: files that were looked at, until invitations are made of them.

use rusqlite::OptionalExtension;

use crate::domain::{ImportId, ProjectId, Timestamp};

use super::{Reader, StoreError, Writer};

/// A file that invitations are to be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptImport {
    pub id: ImportId,
    pub project: ProjectId,
    pub read_at: Timestamp,
    /// As it was sent; empty once invitations were made of it.
    pub file: Vec<u8>,
}

impl Writer<'_> {
    /// Keeps a file.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn keep_import(&self, import: &KeptImport) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO imports (id, project_id, read_at, file) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((
                import.id.as_str(),
                import.project.as_str(),
                import.read_at.unix_millis(),
                &import.file,
            ))?;
        Ok(())
    }

    /// Forgets the files that were sent until `until`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_imports(&self, until: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM imports WHERE read_at <= ?1")?
            .execute([until.unix_millis()])?;
        Ok(())
    }

    /// Empties a file of which invitations were made. That there was one stays known for as long as it
    /// would have waited.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn empty_import(&self, import: &ImportId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE imports SET file = x'' WHERE id = ?1")?
            .execute([import.as_str()])?;
        Ok(())
    }
}

impl Reader<'_> {
    /// A file that a project keeps.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn import(
        &self,
        project: &ProjectId,
        import: &ImportId,
    ) -> Result<Option<KeptImport>, StoreError> {
        let row = self
            .connection
            .prepare_cached("SELECT read_at, file FROM imports WHERE id = ?1 AND project_id = ?2")?
            .query_row((import.as_str(), project.as_str()), |row| {
                Ok((Timestamp::from_unix_millis(row.get(0)?), row.get(1)?))
            })
            .optional()?;
        Ok(row.map(|(read_at, file)| KeptImport {
            id: import.clone(),
            project: project.clone(),
            read_at,
            file,
        }))
    }
}
