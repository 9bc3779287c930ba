//! Table `calls`.

use rusqlite::OptionalExtension;

use crate::domain::{
    CallId, CallOutcome, CallPurpose, CallQuality, InvitationId, PhoneNumber, PhoneNumberId,
    ProjectId, Timestamp, VerificationId,
};

use super::{Reader, StoreError, Writer};

/// A call that was admitted.
#[derive(Debug, Clone)]
pub struct NewCall {
    pub id: CallId,
    pub project: ProjectId,
    pub number: PhoneNumberId,
    pub purpose: CallPurpose,
    /// The name of the trunk it came in on.
    pub trunk: String,
    /// The SIP Call-ID, to find the call in a peer's logs.
    pub sip_call_id: String,
    /// Who called, when the number is one.
    pub caller: Option<PhoneNumber>,
    pub rang_at: Timestamp,
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub struct CallEnd {
    pub outcome: CallOutcome,
    /// Of the code that was read, 0 to 1.
    pub confidence: Option<f32>,
    /// What its audio was like; `None` when there was none.
    pub quality: Option<CallQuality>,
    pub at: Timestamp,
}

/// A call that the store believes is still going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedCall {
    pub id: CallId,
    pub project: ProjectId,
    pub purpose: CallPurpose,
    pub rang_at: Timestamp,
    /// Whether a code of it is still in the store.
    pub has_code: bool,
}

impl Writer<'_> {
    /// Records a call that is ringing. Open pages of the project are told once it is committed, as with the
    /// next two: a call that is for no invitation has no events.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_call(&self, call: &NewCall) -> Result<(), StoreError> {
        let (invitation, verification) = match &call.purpose {
            CallPurpose::Invitation(id) => (Some(id.as_str()), None),
            CallPurpose::Verification(id) => (None, Some(id.as_str())),
        };
        self.connection
            .prepare_cached(
                "INSERT INTO calls (id, project_id, phone_number_id, invitation_id, verification_id,
                                    trunk, sip_call_id, caller, rang_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((
                call.id.as_str(),
                call.project.as_str(),
                call.number.as_str(),
                invitation,
                verification,
                &call.trunk,
                &call.sip_call_id,
                call.caller.as_ref().map(PhoneNumber::as_str),
                call.rang_at.unix_millis(),
            ))?;
        self.note_project_change(&call.project);
        Ok(())
    }

    /// Records that a call was answered.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark_answered(&self, call: &CallId, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE calls SET answered_at = ?2 WHERE id = ?1")?
            .execute((call.as_str(), at.unix_millis()))?;
        self.note_call_change(call)
    }

    /// Records the outcome of a call. The first one stands.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark_ended(&self, call: &CallId, end: CallEnd) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE calls SET ended_at = ?2, outcome = ?3, confidence = ?4, lost_percent = ?5,
                                  jitter_ms = ?6, opinion_score = ?7
                 WHERE id = ?1 AND ended_at IS NULL",
            )?
            .execute((
                call.as_str(),
                end.at.unix_millis(),
                end.outcome.as_str(),
                end.confidence.map(f64::from),
                end.quality.map(|quality| quality.lost_percent),
                end.quality.map(|quality| quality.jitter_ms),
                end.quality.map(|quality| quality.opinion_score),
            ))?;
        self.note_call_change(call)
    }

    fn note_call_change(&self, call: &CallId) -> Result<(), StoreError> {
        let project = self
            .connection
            .prepare_cached("SELECT project_id FROM calls WHERE id = ?1")?
            .query_row([call.as_str()], |row| row.get(0))
            .optional()?;
        if let Some(project) = project {
            self.note_project_change(&ProjectId::from_stored(project));
        }
        Ok(())
    }
}

impl Reader<'_> {
    /// The SIP Call-ID of a call; `None` when it is unknown.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sip_call_id(&self, call: &CallId) -> Result<Option<String>, StoreError> {
        let id = self
            .connection
            .prepare_cached("SELECT sip_call_id FROM calls WHERE id = ?1")?
            .query_row([call.as_str()], |row| row.get(0))
            .optional()?;
        Ok(id)
    }

    /// Calls without an end: after a crash, those that it cut off.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn unfinished_calls(&self) -> Result<Vec<UnfinishedCall>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, project_id, invitation_id, verification_id, rang_at,
                    EXISTS (SELECT 1 FROM codes WHERE codes.call_id = calls.id)
             FROM calls WHERE ended_at IS NULL ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            let purpose = match row.get::<_, Option<String>>(2)? {
                Some(id) => CallPurpose::Invitation(InvitationId::from_stored(id)),
                None => CallPurpose::Verification(VerificationId::from_stored(row.get(3)?)),
            };
            Ok(UnfinishedCall {
                id: CallId::from_stored(row.get(0)?),
                project: ProjectId::from_stored(row.get(1)?),
                purpose,
                rang_at: Timestamp::from_unix_millis(row.get(4)?),
                has_code: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How a call ended; `None` while it is going on or when it is unknown.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn call_outcomes(
        &self,
        invitation: &InvitationId,
    ) -> Result<Vec<Option<CallOutcome>>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT outcome FROM calls WHERE invitation_id = ?1 ORDER BY id")?;
        let rows = statement
            .query_map([invitation.as_str()], |row| row.get::<_, Option<String>>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        rows.into_iter()
            .map(|outcome| {
                outcome
                    .map(|name| name.parse().map_err(|e| StoreError::Unexpected(format!("{e}"))))
                    .transpose()
            })
            .collect()
    }
}
