//! Table `audit_log`: who did what in a project.

use crate::domain::{AuditAction, AuditActor, ProjectId, Timestamp};

use super::{StoreError, Writer};

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
