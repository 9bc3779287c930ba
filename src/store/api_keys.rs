//! Table `api_keys`, and the projects that test keys see.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row};
use sha2::{Digest, Sha256};

use crate::domain::{ApiKey, ApiKeyId, ApiMode, ProjectId, Scopes, ShownName, Timestamp};

use super::{Reader, StoreError, Writer};

/// How exactly the last use of a key is known: a write for each request would be one too many.
const USE_IS_KNOWN_TO: Duration = Duration::from_secs(60);

/// A key to be made. Only its hash is kept.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    pub id: ApiKeyId,
    /// The live one, for a test key as well.
    pub project: ProjectId,
    pub mode: ApiMode,
    pub name: ShownName,
    pub key: ApiKey,
    pub scopes: Scopes,
    pub created_at: Timestamp,
}

/// A key as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownApiKey {
    pub id: ApiKeyId,
    pub project: ProjectId,
    pub mode: ApiMode,
    pub name: String,
    /// The last characters of the key.
    pub last_four: String,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl KnownApiKey {
    /// Whether a use at `now` is worth a write.
    pub fn is_use_news(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|last| now.since(last) >= USE_IS_KNOWN_TO)
    }
}

impl Writer<'_> {
    /// Makes a key.
    ///
    /// # Errors
    /// When there is no such project, or the database refuses.
    pub fn insert_api_key(&self, new: &NewApiKey) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO api_keys (id, project_id, mode, name, key_hash, last_four, scopes,
                                   created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (
                new.id.as_str(),
                new.project.as_str(),
                new.mode.as_str(),
                new.name.as_str(),
                hash(&new.key).as_slice(),
                new.key.last_four(),
                new.scopes.to_string(),
                new.created_at.unix_millis(),
            ),
        )?;
        Ok(())
    }

    /// Takes a key of a project back, for good. Tells whether there was one to take back.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn revoke_api_key(
        &self,
        project: &ProjectId,
        key: &ApiKeyId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoked = self.connection.execute(
            "UPDATE api_keys SET revoked_at = ?3
             WHERE id = ?1 AND project_id = ?2 AND revoked_at IS NULL",
            (key.as_str(), project.as_str(), at.unix_millis()),
        )?;
        Ok(revoked == 1)
    }

    /// Notes that a key was used.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn touch_api_key(&self, key: &ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1")?
            .execute((key.as_str(), at.unix_millis()))?;
        Ok(())
    }

    /// The project that test keys of `project` see. It is made under the name `new` when there is none.
    ///
    /// # Errors
    /// When there is no such project, or the database refuses.
    pub fn test_project(
        &self,
        project: &ProjectId,
        new: &ProjectId,
        now: Timestamp,
    ) -> Result<ProjectId, StoreError> {
        self.connection.execute(
            "INSERT INTO projects (id, name, created_at, test_of)
             SELECT ?2, name, ?3, id FROM projects WHERE id = ?1
             ON CONFLICT DO NOTHING",
            (project.as_str(), new.as_str(), now.unix_millis()),
        )?;
        let id = self.connection.query_row(
            "SELECT id FROM projects WHERE test_of = ?1",
            [project.as_str()],
            |row| row.get(0),
        )?;
        Ok(ProjectId::from_stored(id))
    }
}

const COLUMNS: &str = "id, project_id, mode, name, last_four, scopes, created_at, last_used_at, \
                       revoked_at";

impl Reader<'_> {
    /// The key that this is, also when it was taken back.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn api_key(&self, key: &ApiKey) -> Result<Option<KnownApiKey>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM api_keys WHERE key_hash = ?1"))?;
        let found = statement.query_row([hash(key).as_slice()], |row| Ok(columns(row)));
        found.optional()?.transpose()
    }

    /// The project that test keys of `project` see, if one of them was ever used.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn test_project_of(&self, project: &ProjectId) -> Result<Option<ProjectId>, StoreError> {
        let id = self
            .connection
            .prepare_cached("SELECT id FROM projects WHERE test_of = ?1")?
            .query_row([project.as_str()], |row| row.get(0))
            .optional()?;
        Ok(id.map(ProjectId::from_stored))
    }

    /// The keys of a project, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn api_keys(&self, project: &ProjectId) -> Result<Vec<KnownApiKey>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM api_keys WHERE project_id = ?1 ORDER BY id DESC"
        ))?;
        let rows = statement.query_map([project.as_str()], |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn hash(key: &ApiKey) -> [u8; 32] {
    Sha256::digest(key.expose()).into()
}

fn columns(row: &Row<'_>) -> Result<KnownApiKey, StoreError> {
    let moment = |millis: Option<i64>| millis.map(Timestamp::from_unix_millis);
    Ok(KnownApiKey {
        id: ApiKeyId::from_stored(row.get(0)?),
        project: ProjectId::from_stored(row.get(1)?),
        mode: row.get::<_, String>(2)?.parse().map_err(StoreError::unexpected)?,
        name: row.get(3)?,
        last_four: row.get(4)?,
        scopes: row.get::<_, String>(5)?.parse().map_err(StoreError::unexpected)?,
        created_at: Timestamp::from_unix_millis(row.get(6)?),
        last_used_at: moment(row.get(7)?),
        revoked_at: moment(row.get(8)?),
    })
}
