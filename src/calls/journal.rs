//! What is recorded of a call, and what the invitation page shows at each step.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::codes::Finding;
use crate::domain::{CallId, CallOutcome, CodeStage, HeardDigit, SpokenCode, Timestamp};
use crate::store::{CallEnd, EventKind, NewCall, NewCode, NewEvent, NewStage, Store, StoreError};

use super::admission::Admitted;

/// Records one call, step by step. Each step is on disk when its method returns.
pub(super) struct Journal {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    call: CallId,
    admitted: Admitted,
    /// How long a code is valid, and so how long digits are kept.
    valid_for: Duration,
    recorded: Recorded,
}

/// The last finding that was recorded: a step is recorded only when it says something new.
enum Recorded {
    Digits(Vec<HeardDigit>),
    Code { code: SpokenCode, confidence: f32 },
}

impl Journal {
    /// Records that the call rings.
    pub(super) async fn open(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        call: NewCall,
        admitted: Admitted,
        valid_for: Duration,
    ) -> Result<Self, StoreError> {
        let journal = Self {
            store,
            clock,
            call: call.id.clone(),
            admitted,
            valid_for,
            recorded: Recorded::Digits(Vec::new()),
        };
        let event = NewEvent {
            stage: Some(CodeStage::Ringing.into()),
            ..journal.event(EventKind::CallRinging, call.rang_at)
        };
        journal
            .store
            .write(move |writer| {
                writer.insert_call(&call)?;
                writer.append_event(&event)
            })
            .await?;
        Ok(journal)
    }

    /// Records that the call was answered.
    pub(super) async fn answered(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let call = self.call.clone();
        let event = NewEvent {
            stage: Some(CodeStage::Listening { digits: Vec::new() }.into()),
            ..self.event(EventKind::CallAnswered, now)
        };
        self.store
            .write(move |writer| {
                writer.mark_answered(&call, now)?;
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

    /// Records how the call ended. `without_code` is its outcome when no code was read.
    pub(super) async fn ended(self, without_code: CallOutcome) -> Result<CallOutcome, StoreError> {
        let now = self.clock.now();
        let (end, stage) = match &self.recorded {
            Recorded::Code { confidence, .. } => {
                let confidence = Some(*confidence);
                (CallEnd { outcome: CallOutcome::CodeRead, confidence, at: now }, None)
            }
            Recorded::Digits(digits) => {
                let end = CallEnd { outcome: without_code, confidence: None, at: now };
                (end, Some(stage_without_code(without_code, digits.clone())))
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
                writer.append_event(&event).map(|_| ())
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
pub(super) fn stage_without_code(outcome: CallOutcome, digits: Vec<HeardDigit>) -> CodeStage {
    match outcome {
        // The phone stopped ringing before we could hear anything: as if nobody had called.
        CallOutcome::Abandoned => CodeStage::Waiting,
        CallOutcome::CodeRead
        | CallOutcome::Unreadable
        | CallOutcome::Silent
        | CallOutcome::Failed
        | CallOutcome::Interrupted => CodeStage::Unreadable { digits },
    }
}
