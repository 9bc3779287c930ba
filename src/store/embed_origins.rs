//! Table `embed_origins`.

use crate::domain::{ProjectId, RedirectOrigin};

use super::{Reader, StoreError, Writer};

impl Writer<'_> {
    /// Lets a site have the admin of a project inside of it.
    ///
    /// # Errors
    /// When there is no such project, or the database refuses.
    pub fn allow_embedding(
        &self,
        project: &ProjectId,
        origin: &RedirectOrigin,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO embed_origins (project_id, origin) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            (project.as_str(), origin.as_str()),
        )?;
        Ok(())
    }

    /// Lets a site have it no more.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forbid_embedding(
        &self,
        project: &ProjectId,
        origin: &RedirectOrigin,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM embed_origins WHERE project_id = ?1 AND origin = ?2",
            (project.as_str(), origin.as_str()),
        )?;
        Ok(())
    }
}

impl Reader<'_> {
    /// The sites that may have the admin of a project inside of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn embed_origins(&self, project: &ProjectId) -> Result<Vec<RedirectOrigin>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT origin FROM embed_origins WHERE project_id = ?1 ORDER BY origin",
        )?;
        let rows = statement.query_map([project.as_str()], |row| row.get(0))?;
        Ok(rows.map(|origin| origin.map(RedirectOrigin::from_stored)).collect::<Result<_, _>>()?)
    }
}
