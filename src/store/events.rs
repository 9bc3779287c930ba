//! Table `events`: what happened, in order; the source of the server-sent events.

use rusqlite::OptionalExtension;

use crate::domain::{CallId, CodeStage, EventId, InvitationId, ProjectId, Timestamp};

use super::{Change, Reader, StoreError, Writer};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    InvitationCreated,
    InvitationOpened,
    SignupBegun,
    SignupOpened,
    SignupFinishing,
    SignupEnded,
    SignupCompleted,
    SignupFailed,
    InvitationExpired,
    InvitationCancelled,
    InvitationResent,
    CallRinging,
    CallAnswered,
    DigitsHeard,
    CodeRead,
    CodeWithdrawn,
    CallEnded,
    DigitsErased,
    RecordingErased,
}

impl EventKind {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvitationCreated => "invitation_created",
            Self::InvitationOpened => "invitation_opened",
            Self::SignupBegun => "signup_begun",
            Self::SignupOpened => "signup_opened",
            Self::SignupFinishing => "signup_finishing",
            Self::SignupEnded => "signup_ended",
            Self::SignupCompleted => "signup_completed",
            Self::SignupFailed => "signup_failed",
            Self::InvitationExpired => "invitation_expired",
            Self::InvitationCancelled => "invitation_cancelled",
            Self::InvitationResent => "invitation_resent",
            Self::CallRinging => "call_ringing",
            Self::CallAnswered => "call_answered",
            Self::DigitsHeard => "digits_heard",
            Self::CodeRead => "code_read",
            Self::CodeWithdrawn => "code_withdrawn",
            Self::CallEnded => "call_ended",
            Self::DigitsErased => "digits_erased",
            Self::RecordingErased => "recording_erased",
        }
    }
}

/// An event to be recorded.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub project: ProjectId,
    pub invitation: InvitationId,
    pub call: Option<CallId>,
    pub kind: EventKind,
    pub at: Timestamp,
    /// What the invitation page shows from now on; `None` when it does not change.
    pub stage: Option<NewStage>,
}

/// What the invitation page shows from now on.
#[derive(Debug, Clone)]
pub struct NewStage {
    pub stage: CodeStage,
    /// When the digits in it have to be erased; `None` when there are none.
    pub digits_die_at: Option<Timestamp>,
}

impl From<CodeStage> for NewStage {
    /// A stage without digits.
    fn from(stage: CodeStage) -> Self {
        Self { stage, digits_die_at: None }
    }
}

/// What the page showed from this event on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageEvent {
    pub id: EventId,
    pub stage: CodeStage,
}

impl Writer<'_> {
    /// Records an event. Open pages are told once it is committed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn append_event(&self, event: &NewEvent) -> Result<EventId, StoreError> {
        let stage = event.stage.as_ref();
        let json = stage.map(|new| stage_json(&new.stage)).transpose()?;
        self.connection
            .prepare_cached(
                "INSERT INTO events (project_id, invitation_id, call_id, kind, at, stage,
                                     stage_dies_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((
                event.project.as_str(),
                event.invitation.as_str(),
                event.call.as_ref().map(CallId::as_str),
                event.kind.as_str(),
                event.at.unix_millis(),
                json,
                stage.and_then(|new| new.digits_die_at).map(Timestamp::unix_millis),
            ))?;
        let id = EventId(self.connection.last_insert_rowid());
        let of = Some((event.invitation.clone(), id));
        self.note_change(Change { project: event.project.clone(), of });
        Ok(id)
    }
}

impl Reader<'_> {
    /// What the page shows at `now`: the newest stage, with the event that brought it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn current_stage(
        &self,
        invitation: &InvitationId,
        now: Timestamp,
    ) -> Result<StageEvent, StoreError> {
        let newest = self
            .connection
            .prepare_cached(
                "SELECT id, stage FROM events WHERE invitation_id = ?1 AND stage IS NOT NULL
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row([invitation.as_str()], |row| {
                Ok((EventId(row.get(0)?), row.get::<_, String>(1)?))
            })
            .optional()?;
        match newest {
            None => Ok(StageEvent { id: EventId::default(), stage: CodeStage::Waiting }),
            Some((id, stage)) => Ok(StageEvent { id, stage: parse_stage(&stage)?.at(now) }),
        }
    }

    /// The stages after `seen`, oldest first, at most `limit`: what a page missed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stages_after(
        &self,
        invitation: &InvitationId,
        seen: EventId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StageEvent>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, stage FROM events
             WHERE invitation_id = ?1 AND stage IS NOT NULL AND id > ?2 ORDER BY id LIMIT ?3",
        )?;
        let rows = statement
            .query_map((invitation.as_str(), seen.0, limit), |row| {
                Ok((EventId(row.get(0)?), row.get::<_, String>(1)?))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        rows.into_iter()
            .map(|(id, stage)| Ok(StageEvent { id, stage: parse_stage(&stage)?.at(now) }))
            .collect()
    }

    /// Whether what is heard in a call is for the page of its invitation: that is open, with the link
    /// that it had when the call came in.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_for_its_page(
        &self,
        call: &CallId,
        invitation: &InvitationId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let is_open = self
            .invitation_state(invitation)?
            .is_some_and(|state| state.status.at(state.expires_at, now).is_open());
        // An event of a resend has a stage: by it the page begins anew.
        let is_link_replaced = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM events
                 WHERE invitation_id = ?1 AND stage IS NOT NULL AND kind = ?3
                   AND id > (SELECT min(id) FROM events WHERE call_id = ?2)",
            )?
            .exists((invitation.as_str(), call.as_str(), EventKind::InvitationResent.as_str()))?;
        Ok(is_open && !is_link_replaced)
    }

    /// The stage that was current when this call last changed it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn last_stage_of_call(&self, call: &CallId) -> Result<Option<CodeStage>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT stage FROM events WHERE call_id = ?1 AND stage IS NOT NULL
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row([call.as_str()], |row| row.get::<_, String>(0))
            .optional()?
            .map(|stage| parse_stage(&stage))
            .transpose()
    }
}

fn stage_json(stage: &CodeStage) -> Result<String, StoreError> {
    serde_json::to_string(stage).map_err(|error| StoreError::Unexpected(error.to_string()))
}

pub(super) fn parse_stage(json: &str) -> Result<CodeStage, StoreError> {
    // The error is not passed on: it could quote the digits.
    serde_json::from_str(json)
        .map_err(|_| StoreError::Unexpected("a stage that this version does not know".to_owned()))
}
