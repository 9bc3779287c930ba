//! Table `projects`.

use crate::domain::{ProjectId, Timestamp};

use super::{StoreError, Writer};

/// A project to be made.
#[derive(Debug, Clone)]
pub struct NewProject {
    pub id: ProjectId,
    /// Shown to clients as the company that invites them.
    pub name: String,
    pub created_at: Timestamp,
}

impl Writer<'_> {
    /// Makes a project.
    ///
    /// # Errors
    /// When the id is taken, or the database refuses.
    pub fn insert_project(&self, project: &NewProject) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO projects (id, name, created_at) VALUES (?1, ?2, ?3)",
            (project.id.as_str(), &project.name, project.created_at.unix_millis()),
        )?;
        Ok(())
    }
}
