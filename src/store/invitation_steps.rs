//! Table `invitation_steps`: the audit log of invitations.

use rusqlite::Row;

use crate::domain::{Actor, FailureReason, InvitationId, InvitationStatus, Timestamp};

use super::{Reader, StoreError, Writer};

/// A step that an invitation took. The two statuses say which one it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedStep {
    pub at: Timestamp,
    pub actor: Actor,
    /// `None` when the invitation was made.
    pub from: Option<InvitationStatus>,
    pub to: InvitationStatus,
    /// Why, when it failed.
    pub failure: Option<FailureReason>,
}

impl Writer<'_> {
    /// Records a step. What was recorded can neither be changed nor removed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn record_step(
        &self,
        invitation: &InvitationId,
        step: &RecordedStep,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO invitation_steps (invitation_id, at, actor, from_status, to_status,
                                               failure_reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                invitation.as_str(),
                step.at.unix_millis(),
                step.actor.as_str(),
                step.from.map(InvitationStatus::as_str),
                step.to.as_str(),
                step.failure.map(FailureReason::as_str),
            ))?;
        Ok(())
    }
}

impl Reader<'_> {
    /// The steps that an invitation took, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn steps_of(&self, invitation: &InvitationId) -> Result<Vec<RecordedStep>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at, actor, from_status, to_status, failure_reason FROM invitation_steps
             WHERE invitation_id = ?1 ORDER BY id",
        )?;
        let rows = statement.query_map([invitation.as_str()], |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn columns(row: &Row<'_>) -> Result<RecordedStep, StoreError> {
    let parsed = |text: String| text.parse().map_err(StoreError::unexpected);
    let from: Option<String> = row.get(2)?;
    let failure: Option<String> = row.get(4)?;
    Ok(RecordedStep {
        at: Timestamp::from_unix_millis(row.get(0)?),
        actor: row.get::<_, String>(1)?.parse().map_err(StoreError::unexpected)?,
        from: from.map(parsed).transpose()?,
        to: parsed(row.get(3)?)?,
        failure: failure.map(|name| name.parse()).transpose().map_err(StoreError::unexpected)?,
    })
}
