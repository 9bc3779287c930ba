//! Table `origins`: the sites that a project has to do with.

use crate::domain::{OriginPurpose, ProjectId, SiteOrigin};

use super::{Reader, StoreError, Writer};

impl Writer<'_> {
    /// Allows an origin for a purpose.
    ///
    /// # Errors
    /// When there is no such project, or the database refuses.
    pub fn allow_origin(
        &self,
        project: &ProjectId,
        purpose: OriginPurpose,
        origin: &SiteOrigin,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO origins (project_id, purpose, origin) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
            (project.as_str(), purpose.as_str(), origin.as_str()),
        )?;
        Ok(())
    }

    /// Allows an origin for a purpose no more, whatever was made while it was.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forbid_origin(
        &self,
        project: &ProjectId,
        purpose: OriginPurpose,
        origin: &SiteOrigin,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM origins WHERE project_id = ?1 AND purpose = ?2 AND origin = ?3",
            (project.as_str(), purpose.as_str(), origin.as_str()),
        )?;
        Ok(())
    }
}

impl Reader<'_> {
    /// What is allowed for a purpose: in a test of a project, what is in the project.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn origins(
        &self,
        project: &ProjectId,
        purpose: OriginPurpose,
    ) -> Result<Vec<SiteOrigin>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT origin FROM origins
             WHERE project_id = (SELECT ifnull(test_of, id) FROM projects WHERE id = ?1)
               AND purpose = ?2
             ORDER BY origin",
        )?;
        let of = (project.as_str(), purpose.as_str());
        let rows = statement.query_map(of, |row| row.get(0))?;
        Ok(rows.map(|origin| origin.map(SiteOrigin::from_stored)).collect::<Result<_, _>>()?)
    }
}
