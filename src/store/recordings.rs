//! Table `recordings`: which calls can still be listened to, and until when.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{CallId, CodeStage, InvitationId, ProjectId, Timestamp};

use super::{EventKind, NewEvent, NewStage, Reader, StoreError, Writer};

impl Writer<'_> {
    /// Records that a call is recorded from now on.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_recording(
        &self,
        call: &CallId,
        invitation: &InvitationId,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO recordings (call_id, invitation_id) VALUES (?1, ?2)")?
            .execute((call.as_str(), invitation.as_str()))?;
        Ok(())
    }

    /// Says until when the recording of a call that is over is kept. Returns whether there is one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn keep_recording(&self, call: &CallId, until: Timestamp) -> Result<bool, StoreError> {
        let updated = self
            .connection
            .prepare_cached("UPDATE recordings SET kept_until = ?2 WHERE call_id = ?1")?
            .execute((call.as_str(), until.unix_millis()))?;
        Ok(updated > 0)
    }

    /// Records that the recording of a call was erased, and tells the page that offers it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_recording(&self, call: &CallId, now: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM recordings WHERE call_id = ?1")?
            .execute([call.as_str()])?;
        let Some(shown) = self.shown_since(call)? else { return Ok(()) };
        let CodeStage::Unreadable { digits, recording } = shown.stage else { return Ok(()) };
        let erased = recording.erased();
        if erased != recording {
            let stage = CodeStage::Unreadable { digits, recording: erased };
            self.append_event(&NewEvent {
                project: shown.project,
                invitation: shown.invitation,
                call: Some(call.clone()),
                kind: EventKind::RecordingErased,
                at: now,
                stage: Some(NewStage { stage, digits_die_at: shown.digits_die_at }),
            })?;
        }
        Ok(())
    }

    /// What a page shows since an event of this call; `None` when something else came after.
    fn shown_since(&self, call: &CallId) -> Result<Option<Shown>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT project_id, invitation_id, stage, stage_dies_at FROM events AS shown
                 WHERE call_id = ?1 AND stage IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM events AS later
                                   WHERE later.invitation_id = shown.invitation_id
                                     AND later.stage IS NOT NULL AND later.id > shown.id)",
            )?
            .query_row([call.as_str()], |row| Ok(Shown::from_row(row)))
            .optional()?
            .transpose()
    }
}

/// What a page shows, and where.
struct Shown {
    project: ProjectId,
    invitation: InvitationId,
    stage: CodeStage,
    digits_die_at: Option<Timestamp>,
}

impl Shown {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            project: ProjectId::from_stored(row.get(0)?),
            invitation: InvitationId::from_stored(row.get(1)?),
            stage: super::events::parse_stage(&row.get::<_, String>(2)?)?,
            digits_die_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_unix_millis),
        })
    }
}

impl Reader<'_> {
    /// The call, if it was one of this invitation and its recording is kept at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn kept_recording(
        &self,
        invitation: &InvitationId,
        call: &str,
        now: Timestamp,
    ) -> Result<Option<CallId>, StoreError> {
        let id = self
            .connection
            .prepare_cached(
                "SELECT call_id FROM recordings
                 WHERE call_id = ?1 AND invitation_id = ?2 AND kept_until > ?3",
            )?
            .query_row((call, invitation.as_str(), now.unix_millis()), |row| row.get(0))
            .optional()?;
        Ok(id.map(CallId::from_stored))
    }

    /// The call, if it was one of this project and its recording is kept at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn recording_of(
        &self,
        project: &ProjectId,
        call: &CallId,
        now: Timestamp,
    ) -> Result<Option<CallId>, StoreError> {
        let id = self
            .connection
            .prepare_cached(
                "SELECT id FROM calls WHERE id = ?1 AND project_id = ?2
                   AND (SELECT ends_at FROM recording_ends WHERE call_id = ?1) > ?3",
            )?
            .query_row((call.as_str(), project.as_str(), now.unix_millis()), |row| row.get(0))
            .optional()?;
        Ok(id.map(CallId::from_stored))
    }

    /// The recordings that have to be erased at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn dead_recordings(&self, now: Timestamp) -> Result<Vec<CallId>, StoreError> {
        self.calls("SELECT call_id FROM recording_ends WHERE ends_at <= ?1", [now.unix_millis()])
    }

    /// The oldest recording of a call that is over.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn oldest_recording(&self) -> Result<Option<CallId>, StoreError> {
        // Identifiers of calls sort by time.
        let oldest = "SELECT call_id FROM recordings WHERE kept_until IS NOT NULL
                      ORDER BY call_id LIMIT 1";
        Ok(self.calls(oldest, [])?.pop())
    }

    /// The calls that have a recording, those that go on included.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn recorded_calls(&self) -> Result<Vec<CallId>, StoreError> {
        self.calls("SELECT call_id FROM recordings", [])
    }

    fn calls(
        &self,
        query: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<CallId>, StoreError> {
        let mut statement = self.connection.prepare_cached(query)?;
        let rows = statement.query_map(parameters, |row| row.get(0))?;
        Ok(rows.map(|id| id.map(CallId::from_stored)).collect::<Result<_, _>>()?)
    }
}
