//! Table `projects`.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{Brand, Colour, Language, LogoVersion, ProjectId, ShownName, Timestamp};

use super::invitations::parsed_language;
use super::{Reader, StoreError, Writer};

/// A project to be made.
#[derive(Debug, Clone)]
pub struct NewProject {
    pub id: ProjectId,
    /// Shown to clients as the company that invites them, as long as that has no name of its own.
    pub name: String,
    pub created_at: Timestamp,
}

/// A project, and how it shows itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    pub brand: Brand,
    /// What its clients are spoken to in, unless their invitation says otherwise.
    pub language: Option<Language>,
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

    /// Says which company clients see.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_company(&self, project: &ProjectId, company: &ShownName) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE projects SET company = ?2 WHERE id = ?1",
            (project.as_str(), company.as_str()),
        )?;
        Ok(())
    }

    /// Gives a project a colour, or none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_colour(
        &self,
        project: &ProjectId,
        colour: Option<Colour>,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE projects SET colour = ?2 WHERE id = ?1",
            (project.as_str(), colour.map(|colour| colour.to_string())),
        )?;
        Ok(())
    }

    /// Says what the clients of a project are spoken to in; without a language it is what their browser
    /// asks for.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_project_language(
        &self,
        project: &ProjectId,
        language: Option<Language>,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE projects SET language = ?2 WHERE id = ?1",
            (project.as_str(), language.as_ref().map(Language::as_str)),
        )?;
        Ok(())
    }
}

const SELECT: &str = "SELECT id, name, ifnull(company, name), colour, logos.version, language
                      FROM projects
                      LEFT JOIN logos ON logos.project_id = projects.id";

impl Reader<'_> {
    /// Whether a project is one that test keys see.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_test_project(&self, project: &ProjectId) -> Result<bool, StoreError> {
        let is_test = self
            .connection
            .prepare_cached("SELECT 1 FROM projects WHERE id = ?1 AND test_of IS NOT NULL")?
            .exists([project.as_str()])?;
        Ok(is_test)
    }

    /// A project; `None` when there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn project(&self, id: &ProjectId) -> Result<Option<Project>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
        statement.query_row([id.as_str()], |row| Ok(columns(row))).optional()?.transpose()
    }

    /// What the clients of a project are spoken to in, unless their invitation says otherwise.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn language_of_project(&self, id: &ProjectId) -> Result<Option<Language>, StoreError> {
        let code = self
            .connection
            .prepare_cached("SELECT language FROM projects WHERE id = ?1")?
            .query_row([id.as_str()], |row| row.get::<_, Option<String>>(0))
            .optional()?;
        parsed_language(code.flatten())
    }

    /// All projects, by name. What test keys see is none of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn projects(&self) -> Result<Vec<Project>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE test_of IS NULL ORDER BY name, id"))?;
        let rows = statement.query_map([], |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn columns(row: &Row<'_>) -> Result<Project, StoreError> {
    Ok(Project {
        id: ProjectId::from_stored(row.get(0)?),
        name: row.get(1)?,
        brand: brand(row.get(2)?, row.get(3)?, row.get(4)?)?,
        language: parsed_language(row.get(5)?)?,
    })
}

/// A brand as it was stored.
pub(super) fn brand(
    company: String,
    colour: Option<String>,
    logo: Option<String>,
) -> Result<Brand, StoreError> {
    let colour = colour.map(|colour| colour.parse()).transpose();
    Ok(Brand {
        company,
        colour: colour.map_err(StoreError::unexpected)?,
        logo: logo.map(LogoVersion::from_text),
    })
}
