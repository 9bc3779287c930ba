//! Table `audit_log`: who did what in a project.

use rusqlite::Row;
use rusqlite::types::Value;

use crate::domain::{AuditAction, AuditActor, ProjectId, Timestamp};

use super::{Reader, StoreError, Writer};

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuditEntry {
    pub project: ProjectId,
    pub at: Timestamp,
    pub who: AuditActor,
    pub action: AuditAction,
    /// The id or the name of what it was done to.
    pub subject: Option<String>,
}

impl Writer<'_> {
    /// Records what was done, in the transaction that does it: neither is there without the other.
    /// Open pages of the project are told once it is committed.
    ///
    /// # Errors
    /// When there is no such project, or the database refuses.
    pub fn record_audit(&self, entry: &NewAuditEntry) -> Result<(), StoreError> {
        let (kind, actor) = entry.who.parts();
        self.connection
            .prepare_cached(
                "INSERT INTO audit_log (project_id, at, actor_kind, actor, action, subject)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                entry.project.as_str(),
                entry.at.unix_millis(),
                kind,
                actor,
                entry.action.as_str(),
                &entry.subject,
            ))?;
        self.note_project_change(&entry.project);
        Ok(())
    }
}

/// Something that was done, as it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The order in which things were done.
    pub number: i64,
    pub at: Timestamp,
    pub who: AuditActor,
    pub action: AuditAction,
    /// The id or the name of what it was done to.
    pub subject: Option<String>,
}

/// Which entries are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// A part of an e-mail or of the id of a key.
    pub who: Option<String>,
    pub action: Option<AuditAction>,
    pub since: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

impl Reader<'_> {
    /// The entries of a project that came before the one with the number `before`, newest first, at most
    /// `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn audit_entries(
        &self,
        project: &ProjectId,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let mut wanted = vec!["project_id = ?"];
        let mut values = vec![Value::from(project.as_str().to_owned())];
        let mut want = |condition, value: Option<Value>| {
            if let Some(value) = value {
                wanted.push(condition);
                values.push(value);
            }
        };
        want("instr(lower(actor), lower(?)) > 0", filter.who.clone().map(Value::from));
        want("action = ?", filter.action.map(|action| action.as_str().to_owned().into()));
        want("at >= ?", filter.since.map(|at| at.unix_millis().into()));
        want("at < ?", filter.before.map(|at| at.unix_millis().into()));
        want("id < ?", before.map(Value::from));
        values.push(i64::from(limit).into());
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT id, at, actor_kind, actor, action, subject FROM audit_log WHERE {}
             ORDER BY id DESC LIMIT ?",
            wanted.join(" AND ")
        ))?;
        let rows =
            statement.query_map(rusqlite::params_from_iter(values), |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn columns(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    let (kind, who): (String, Option<String>) = (row.get(2)?, row.get(3)?);
    let unknown = || StoreError::unexpected(format!("an actor of the kind {kind:?}"));
    Ok(AuditEntry {
        number: row.get(0)?,
        at: Timestamp::from_unix_millis(row.get(1)?),
        who: AuditActor::from_parts(&kind, who).ok_or_else(unknown)?,
        action: row.get::<_, String>(4)?.parse().map_err(StoreError::unexpected)?,
        subject: row.get(5)?,
    })
}
