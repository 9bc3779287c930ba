//! Table `redirect_origins`.

use crate::domain::{ProjectId, RedirectOrigin};

use super::{Reader, StoreError, Writer};

impl Writer<'_> {
    /// Lets clients of a project be sent there.
    ///
    /// # Errors
    /// When there is no such project, or the database refuses.
    pub fn allow_redirect(
        &self,
        project: &ProjectId,
        origin: &RedirectOrigin,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO redirect_origins (project_id, origin) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            (project.as_str(), origin.as_str()),
        )?;
        Ok(())
    }

    /// Lets no client of a project be sent there any more, whatever its invitation says.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forbid_redirect(
        &self,
        project: &ProjectId,
        origin: &RedirectOrigin,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM redirect_origins WHERE project_id = ?1 AND origin = ?2",
            (project.as_str(), origin.as_str()),
        )?;
        Ok(())
    }
}

impl Reader<'_> {
    /// Where clients of a project may be sent: for a test of a project, where those of the project may.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn redirect_origins(&self, project: &ProjectId) -> Result<Vec<RedirectOrigin>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT origin FROM redirect_origins
             WHERE project_id = (SELECT ifnull(test_of, id) FROM projects WHERE id = ?1)
             ORDER BY origin",
        )?;
        let rows = statement.query_map([project.as_str()], |row| row.get(0))?;
        Ok(rows.map(|origin| origin.map(RedirectOrigin::from_stored)).collect::<Result<_, _>>()?)
    }
}
