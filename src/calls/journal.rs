//! What is recorded of a call, and what the invitation page shows at each step.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::codes::Finding;
use crate::domain::{
    Actor, CallId, CallOutcome, CodeStage, HeardDigit, Language, PhoneNumber, Recording,
    SpokenCode, Timestamp,
};
use crate::onboarding::{Attempts, Step, record_attempt, take_step};
use crate::store::{
    CallEnd, EventKind, NewCall, NewCode, NewEvent, NewStage, Store, StoreError, Writer,
};
use crate::telephony::StatusCode;

use super::admission::{Admitted, admit};
use super::switchboard::CallRules;

/// Records one call, step by step. Each step is on disk when its method returns.
pub(super) struct Journal {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    call: CallId,
    admitted: Admitted,
    /// How long a code is valid, and so how long digits are kept.
    valid_for: Duration,
    keep_recording_for: Duration,
    attempts: Attempts,
    recorded: Recorded,
}

/// The last finding that was recorded: a step is recorded only when it says something new.
enum Recorded {
    Digits(Vec<HeardDigit>),
    Code { code: SpokenCode, confidence: f32 },
}

/// A call that came in.
pub(super) struct Ringing {
    pub(super) id: CallId,
    /// Whom it is for.
    pub(super) number: PhoneNumber,
    pub(super) trunk: String,
    pub(super) sip_call_id: String,
    /// Who calls, when it is a number.
    pub(super) caller: Option<PhoneNumber>,
    pub(super) at: Timestamp,
}

impl Ringing {
    /// Also counts the call as an attempt to verify its number, and tells what is left of those.
    fn record(
        self,
        writer: &Writer<'_>,
    ) -> Result<Result<(Admitted, Attempts), StatusCode>, StoreError> {
        let Self { id, number, trunk, sip_call_id, caller, at } = self;
        let admitted = match admit(writer, &number, at)? {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        writer.insert_call(&NewCall {
            id: id.clone(),
            project: admitted.project.clone(),
            number: admitted.number.clone(),
            invitation: admitted.invitation.clone(),
            trunk,
            sip_call_id,
            caller,
            rang_at: at,
        })?;
        writer.append_event(&NewEvent {
            project: admitted.project.clone(),
            invitation: admitted.invitation.clone(),
            call: Some(id),
            kind: EventKind::CallRinging,
            at,
            stage: Some(CodeStage::Ringing.into()),
        })?;
        let attempts = record_attempt(writer, &admitted.number, at)?;
        Ok(Ok((admitted, attempts)))
    }
}

impl Journal {
    /// Admits the call and records that it rings, or says why it is refused. Both in one step, so
    /// that nothing changes in between, and the caller waits for one queue only.
    pub(super) async fn open(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        ringing: Ringing,
        rules: CallRules,
    ) -> Result<Result<Self, StatusCode>, StoreError> {
        let call = ringing.id.clone();
        let recorded = store.write(move |writer| ringing.record(writer)).await?;
        Ok(recorded.map(|(admitted, attempts)| Self {
            store,
            clock,
            call,
            admitted,
            valid_for: rules.code_valid_for,
            keep_recording_for: rules.keep_recordings_for,
            attempts,
            recorded: Recorded::Digits(Vec::new()),
        }))
    }

    /// What is probably spoken in the call.
    pub(super) fn language(&self) -> Option<Language> {
        self.admitted.language
    }

    /// How often Meta may still be asked to verify the number.
    pub(super) fn attempts(&self) -> Attempts {
        self.attempts
    }

    /// Records that the call was answered, and that there is a recording of it if so.
    pub(super) async fn answered(&self, is_recorded: bool) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (call, invitation) = (self.call.clone(), self.admitted.invitation.clone());
        let event = NewEvent {
            stage: Some(CodeStage::Listening { digits: Vec::new() }.into()),
            ..self.event(EventKind::CallAnswered, now)
        };
        self.store
            .write(move |writer| {
                writer.mark_answered(&call, now)?;
                if is_recorded {
                    writer.insert_recording(&call, &invitation)?;
                }
                writer.append_event(&event).map(|_| ())
            })
            .await
    }

    /// Records what was found, when it is news.
    pub(super) async fn found(&mut self, finding: Finding) -> Result<(), StoreError> {
        match (finding, &self.recorded) {
            (Finding::Code(code, confidence), Recorded::Code { code: known, .. })
                if code == *known =>
            {
                self.recorded = Recorded::Code { code, confidence };
                Ok(())
            }
            (Finding::Code(code, confidence), Recorded::Code { .. } | Recorded::Digits(_)) => {
                self.code_read(code.clone()).await?;
                self.recorded = Recorded::Code { code, confidence };
                Ok(())
            }
            (Finding::Partial(digits) | Finding::Unreadable(digits), Recorded::Digits(known)) => {
                if digits != *known && !digits.is_empty() {
                    self.digits_heard(digits.clone()).await?;
                    self.recorded = Recorded::Digits(digits);
                }
                Ok(())
            }
            (Finding::Partial(digits) | Finding::Unreadable(digits), Recorded::Code { .. }) => {
                self.code_withdrawn(digits.clone()).await?;
                self.recorded = Recorded::Digits(digits);
                Ok(())
            }
        }
    }

    /// Records how the call ended. `without_code` is its outcome when no code was read: then the
    /// recording is kept for the client, if there is one. Otherwise it is due to be erased.
    pub(super) async fn ended(
        self,
        without_code: CallOutcome,
        is_recorded: bool,
    ) -> Result<CallOutcome, StoreError> {
        let now = self.clock.now();
        let mut keep_recording_until = now;
        let (end, stage) = match &self.recorded {
            Recorded::Code { confidence, .. } => {
                let confidence = Some(*confidence);
                (CallEnd { outcome: CallOutcome::CodeRead, confidence, at: now }, None)
            }
            Recorded::Digits(digits) => {
                let end = CallEnd { outcome: without_code, confidence: None, at: now };
                let mut recording = Recording::None;
                if is_recorded {
                    keep_recording_until = now + self.keep_recording_for;
                    recording =
                        Recording::Kept { call: self.call.clone(), until: keep_recording_until };
                }
                (end, Some(stage_without_code(without_code, digits.clone(), recording)))
            }
        };
        let event = NewEvent {
            stage: stage.map(|stage| self.with_digits(stage, now)),
            ..self.event(EventKind::CallEnded, now)
        };
        let call = self.call;
        self.store
            .write(move |writer| {
                writer.mark_ended(&call, end)?;
                writer.keep_recording(&call, keep_recording_until)?;
                writer.append_event(&event).map(|_| ())
            })
            .await?;
        Ok(end.outcome)
    }

    async fn digits_heard(&self, digits: Vec<HeardDigit>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let event = NewEvent {
            stage: Some(self.with_digits(CodeStage::Listening { digits }, now)),
            ..self.event(EventKind::DigitsHeard, now)
        };
        self.store.write(move |writer| writer.append_event(&event).map(|_| ())).await
    }

    async fn code_read(&self, code: SpokenCode) -> Result<(), StoreError> {
        let now = self.clock.now();
        let valid_until = now + self.valid_for;
        let event = NewEvent {
            stage: Some(self.with_digits(CodeStage::Code { code: code.clone(), valid_until }, now)),
            ..self.event(EventKind::CodeRead, now)
        };
        let row = NewCode {
            call: self.call.clone(),
            invitation: self.admitted.invitation.clone(),
            code,
            read_at: now,
            valid_until,
        };
        self.store
            .write(move |writer| {
                // One that this call showed before was wrong.
                writer.withdraw_code(&row.call)?;
                writer.insert_code(&row)?;
                writer.append_event(&event)?;
                // Meta speaks codes only to those who are signing up. Where that is no news, or the
                // invitation was closed meanwhile, it stays as it is.
                let _ = take_step(writer, &row.invitation, &Step::Begin, Actor::Client, now)?;
                Ok(())
            })
            .await
    }

    async fn code_withdrawn(&self, digits: Vec<HeardDigit>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let event = NewEvent {
            stage: Some(self.with_digits(CodeStage::Listening { digits }, now)),
            ..self.event(EventKind::CodeWithdrawn, now)
        };
        let call = self.call.clone();
        self.store
            .write(move |writer| {
                writer.withdraw_code(&call)?;
                writer.append_event(&event).map(|_| ())
            })
            .await
    }

    /// Digits that are shown from now on live as long as a code read now would.
    fn with_digits(&self, stage: CodeStage, now: Timestamp) -> NewStage {
        NewStage { stage, digits_die_at: Some(now + self.valid_for) }
    }

    fn event(&self, kind: EventKind, at: Timestamp) -> NewEvent {
        NewEvent {
            project: self.admitted.project.clone(),
            invitation: self.admitted.invitation.clone(),
            call: Some(self.call.clone()),
            kind,
            at,
            stage: None,
        }
    }
}

/// What the page shows after a call in which no code was read.
pub(super) fn stage_without_code(
    outcome: CallOutcome,
    digits: Vec<HeardDigit>,
    recording: Recording,
) -> CodeStage {
    match outcome {
        // The phone stopped ringing before we could hear anything: as if nobody had called.
        CallOutcome::Abandoned => CodeStage::Waiting,
        CallOutcome::CodeRead
        | CallOutcome::Unreadable
        | CallOutcome::Silent
        | CallOutcome::Failed
        | CallOutcome::Interrupted => CodeStage::Unreadable { digits, recording },
    }
}
