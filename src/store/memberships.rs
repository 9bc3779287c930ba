//! Table `memberships`: who may do what in which project.

use rusqlite::OptionalExtension;

use crate::domain::{Email, PartnerId, ProjectId, Role, Timestamp};

use super::{Reader, StoreError, Writer};

/// A partner of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub partner: PartnerId,
    pub email: Email,
    pub role: Role,
    /// Whether a password was ever set.
    pub has_signed_up: bool,
}

/// A project in which a partner may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub project: ProjectId,
    pub project_name: String,
    pub role: Role,
}

impl Writer<'_> {
    /// Gives a partner a role in a project, in place of the one before.
    ///
    /// # Errors
    /// When there is no such project or partner, or the database refuses.
    pub fn put_membership(
        &self,
        project: &ProjectId,
        partner: &PartnerId,
        role: Role,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO memberships (project_id, partner_id, role, created_at)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (project_id, partner_id) DO UPDATE SET role = ?3",
            (project.as_str(), partner.as_str(), role.as_str(), now.unix_millis()),
        )?;
        Ok(())
    }

    /// Takes a partner out of a project.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_membership(
        &self,
        project: &ProjectId,
        partner: &PartnerId,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM memberships WHERE project_id = ?1 AND partner_id = ?2",
            (project.as_str(), partner.as_str()),
        )?;
        Ok(())
    }
}

impl Reader<'_> {
    /// What a partner may do in a project; `None` for nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn role_of(
        &self,
        partner: &PartnerId,
        project: &ProjectId,
    ) -> Result<Option<Role>, StoreError> {
        let role: Option<String> = self
            .connection
            .prepare_cached(
                "SELECT role FROM memberships WHERE project_id = ?1 AND partner_id = ?2",
            )?
            .query_row((project.as_str(), partner.as_str()), |row| row.get(0))
            .optional()?;
        role.map(|role| role.parse()).transpose().map_err(StoreError::unexpected)
    }

    /// Who is in a project, by e-mail.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn members(&self, project: &ProjectId) -> Result<Vec<Member>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT partners.id, email, role, password IS NOT NULL
             FROM memberships JOIN partners ON partners.id = partner_id
             WHERE project_id = ?1 ORDER BY email",
        )?;
        let rows = statement.query_map([project.as_str()], |row| {
            Ok((PartnerId::from_stored(row.get(0)?), row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        rows.map(|row| {
            let (partner, email, role, has_signed_up): (_, String, String, _) = row?;
            let email = email.parse().map_err(StoreError::unexpected)?;
            let role = role.parse().map_err(StoreError::unexpected)?;
            Ok(Member { partner, email, role, has_signed_up })
        })
        .collect()
    }

    /// The projects of a partner, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn memberships_of(&self, partner: &PartnerId) -> Result<Vec<Membership>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT projects.id, name, role FROM memberships
             JOIN projects ON projects.id = project_id
             WHERE partner_id = ?1 ORDER BY name, projects.id",
        )?;
        let rows = statement.query_map([partner.as_str()], |row| {
            Ok((ProjectId::from_stored(row.get(0)?), row.get(1)?, row.get::<_, String>(2)?))
        })?;
        rows.map(|row| {
            let (project, project_name, role) = row?;
            let role = role.parse().map_err(StoreError::unexpected)?;
            Ok(Membership { project, project_name, role })
        })
        .collect()
    }
}
