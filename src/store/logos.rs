//! Table `logos`.

use rusqlite::OptionalExtension;

use crate::domain::{Logo, LogoVersion, ProjectId};

use super::{Reader, StoreError, Writer};

impl Writer<'_> {
    /// Gives a project a logo, in place of the one it had.
    ///
    /// # Errors
    /// When there is no such project, or the database refuses.
    pub fn put_logo(&self, project: &ProjectId, logo: &Logo) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO logos (project_id, version, kind, bytes) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (project_id) DO UPDATE
             SET version = excluded.version, kind = excluded.kind, bytes = excluded.bytes",
            (project.as_str(), logo.version().as_str(), logo.kind().media_type(), logo.bytes()),
        )?;
        Ok(())
    }

    /// Takes the logo of a project away.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_logo(&self, project: &ProjectId) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM logos WHERE project_id = ?1", [project.as_str()])?;
        Ok(())
    }
}

impl Reader<'_> {
    /// This version of the logo of a project, or of the one that it is the test of; `None` when it has another one by now, or none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn logo(
        &self,
        project: &ProjectId,
        version: &LogoVersion,
    ) -> Result<Option<Logo>, StoreError> {
        let row = self
            .connection
            .prepare_cached(
                "SELECT kind, bytes FROM logos
                 WHERE project_id = (SELECT ifnull(test_of, id) FROM projects WHERE id = ?1)
                   AND version = ?2",
            )?
            .query_row((project.as_str(), version.as_str()), |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        let Some((kind, bytes)) = row else { return Ok(None) };
        Ok(Some(Logo::from_stored(kind.parse().map_err(StoreError::unexpected)?, bytes)))
    }
}
