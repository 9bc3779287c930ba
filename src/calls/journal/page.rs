//! What is recorded of a call for an invitation, and what the invitation's page shows at each step.
//!
//! The call may outlive what it is for: an invitation can be withdrawn and sent again while it goes on,
//! and whoever has the new link must see nothing of it. So each step asks whether it is still for the page.

use super::{Ending, Entry};
use crate::codes::Finding;
use crate::domain::{
    Actor, CallId, CallOutcome, CodeStage, HeardDigit, InvitationId, ProjectId, Recording,
    SpokenCode, Timestamp,
};
use crate::onboarding::{Step, take_step};
use crate::store::{CallEnd, EventKind, NewCode, NewEvent, NewStage, Reader, StoreError, Writer};

/// Records one call, step by step.
pub(super) struct PageJournal {
    entry: Entry,
    project: ProjectId,
    invitation: InvitationId,
    recorded: Recorded,
    unrecorded: Unrecorded,
}

/// What could not be recorded yet, and when it was.
#[derive(Default)]
struct Unrecorded {
    /// That the call was answered, and whether there is a recording of it.
    answered: Option<(bool, Timestamp)>,
    /// What was found after that which is recorded.
    finding: Option<(Finding, Timestamp)>,
}

/// The last finding that was recorded: a step is recorded only when it says something new.
enum Recorded {
    Digits(Vec<HeardDigit>),
    Code { code: SpokenCode, confidence: f32 },
}

impl PageJournal {
    pub(super) fn new(entry: Entry, project: ProjectId, invitation: InvitationId) -> Self {
        let recorded = Recorded::Digits(Vec::new());
        Self { entry, project, invitation, recorded, unrecorded: Unrecorded::default() }
    }

    /// Records that the call was answered, and that there is a recording of it if so.
    pub(super) async fn answered(&mut self, is_recorded: bool) -> Result<(), StoreError> {
        self.unrecorded.answered = Some((is_recorded, self.entry.clock.now()));
        self.record_on().await
    }

    /// Records what was found, when it is news.
    pub(super) async fn found(&mut self, finding: Finding) -> Result<(), StoreError> {
        self.unrecorded.finding = Some((finding, self.entry.clock.now()));
        self.record_on().await
    }

    /// Records what is not recorded yet, in its order.
    async fn record_on(&mut self) -> Result<(), StoreError> {
        if let Some((is_recorded, at)) = self.unrecorded.answered {
            self.call_answered(is_recorded, at).await?;
            self.unrecorded.answered = None;
        }
        if let Some((finding, at)) = self.unrecorded.finding.clone() {
            self.record(finding, at).await?;
            self.unrecorded.finding = None;
        }
        Ok(())
    }

    async fn call_answered(&self, is_recorded: bool, at: Timestamp) -> Result<(), StoreError> {
        let listening = CodeStage::Listening { digits: Vec::new() };
        let news = self.news(EventKind::CallAnswered, at).showing(listening.into());
        let Entry { store, .. } = &self.entry;
        store
            .write(move |writer| {
                writer.mark_answered(&news.call, news.at)?;
                if is_recorded {
                    writer.insert_recording(&news.call, &news.invitation)?;
                }
                news.append(writer).map(drop)
            })
            .await
    }

    async fn record(&mut self, finding: Finding, at: Timestamp) -> Result<(), StoreError> {
        match (finding, &self.recorded) {
            (Finding::Code(code, confidence), Recorded::Code { code: known, .. })
                if code == *known =>
            {
                self.recorded = Recorded::Code { code, confidence };
                Ok(())
            }
            (Finding::Code(code, confidence), Recorded::Code { .. } | Recorded::Digits(_)) => {
                self.code_read(code.clone(), at).await?;
                self.recorded = Recorded::Code { code, confidence };
                Ok(())
            }
            (Finding::Partial(digits) | Finding::Unreadable(digits), Recorded::Digits(known)) => {
                if digits != *known {
                    self.digits_heard(digits.clone(), at).await?;
                    self.recorded = Recorded::Digits(digits);
                }
                Ok(())
            }
            (Finding::Partial(digits) | Finding::Unreadable(digits), Recorded::Code { .. }) => {
                self.code_withdrawn(digits.clone(), at).await?;
                self.recorded = Recorded::Digits(digits);
                Ok(())
            }
        }
    }

    /// Records how the call ended. When no code was read the recording is kept for the client, if there
    /// is one. Otherwise it is due to be erased.
    pub(super) async fn ended(
        &mut self,
        ending: Ending,
        now: Timestamp,
    ) -> Result<CallOutcome, StoreError> {
        self.record_on().await?;
        let Ending { without_code, is_recorded, quality } = ending;
        let news = self.news(EventKind::CallEnded, now);
        let mut keep_recording_until = now;
        let (end, news) = match &self.recorded {
            Recorded::Code { confidence, .. } => {
                let confidence = Some(*confidence);
                (CallEnd { outcome: CallOutcome::CodeRead, confidence, quality, at: now }, news)
            }
            Recorded::Digits(digits) => {
                let end = CallEnd { outcome: without_code, confidence: None, quality, at: now };
                let mut recording = Recording::None;
                if is_recorded {
                    keep_recording_until = now + self.entry.rules.keep_recordings_for;
                    let call = self.entry.call.clone();
                    recording = Recording::Kept { call, until: keep_recording_until };
                }
                let stage = stage_without_code(without_code, digits.clone(), recording);
                (end, news.showing(self.with_digits(stage, now)))
            }
        };
        self.entry
            .store
            .write(move |writer| {
                writer.mark_ended(&news.call, end)?;
                let code =
                    code_that_stands(writer, &news.invitation, &news.call, end.outcome, now)?;
                let news = match code {
                    Some(stage) => news.showing(stage),
                    None => news,
                };
                let is_told = news.append(writer)?;
                let until = if is_told { keep_recording_until } else { now };
                writer.keep_recording(&news.call, until).map(drop)
            })
            .await?;
        Ok(end.outcome)
    }

    async fn digits_heard(&self, digits: Vec<HeardDigit>, at: Timestamp) -> Result<(), StoreError> {
        let news = self.news(EventKind::DigitsHeard, at);
        let stage = self.with_digits(CodeStage::Listening { digits }, news.at);
        let news = news.showing(stage);
        self.entry.store.write(move |writer| news.append(writer).map(drop)).await
    }

    async fn code_read(&self, code: SpokenCode, now: Timestamp) -> Result<(), StoreError> {
        let news = self.news(EventKind::CodeRead, now);
        let valid_until = now + self.entry.rules.code_valid_for;
        let stage = self.with_digits(CodeStage::Code { code: code.clone(), valid_until }, now);
        let news = news.showing(stage);
        let row = NewCode { call: self.entry.call.clone(), code, read_at: now, valid_until };
        self.entry
            .store
            .write(move |writer| {
                // One that this call showed before was wrong.
                writer.withdraw_code(&row.call)?;
                if news.append(writer)? {
                    writer.insert_code(&row)?;
                    // Meta speaks codes only to those who are signing up; often that is no news.
                    let begun =
                        take_step(writer, &news.invitation, &Step::Begin, Actor::Client, now);
                    let _ = begun?;
                }
                Ok(())
            })
            .await
    }

    async fn code_withdrawn(
        &self,
        digits: Vec<HeardDigit>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let news = self.news(EventKind::CodeWithdrawn, at);
        let stage = self.with_digits(CodeStage::Listening { digits }, news.at);
        let news = news.showing(stage);
        self.entry
            .store
            .write(move |writer| {
                writer.withdraw_code(&news.call)?;
                news.append(writer).map(drop)
            })
            .await
    }

    /// Digits that are shown from now on live as long as a code read now would.
    fn with_digits(&self, stage: CodeStage, now: Timestamp) -> NewStage {
        NewStage { stage, digits_die_at: Some(now + self.entry.rules.code_valid_for) }
    }

    fn news(&self, kind: EventKind, at: Timestamp) -> News {
        News {
            project: self.project.clone(),
            invitation: self.invitation.clone(),
            call: self.entry.call.clone(),
            kind,
            at,
            stage: None,
        }
    }
}

/// Something that happened in the call.
struct News {
    project: ProjectId,
    invitation: InvitationId,
    call: CallId,
    kind: EventKind,
    at: Timestamp,
    stage: Option<NewStage>,
}

impl News {
    fn showing(self, stage: NewStage) -> Self {
        Self { stage: Some(stage), ..self }
    }

    /// Appends the event, and what the page shows from then on if it is still for it. Returns whether
    /// it is.
    fn append(&self, writer: &Writer<'_>) -> Result<bool, StoreError> {
        let is_told = writer.is_for_its_page(&self.call, &self.invitation, self.at)?;
        writer.append_event(&NewEvent {
            project: self.project.clone(),
            invitation: self.invitation.clone(),
            call: Some(self.call.clone()),
            kind: self.kind,
            at: self.at,
            stage: self.stage.clone().filter(|_| is_told),
        })?;
        Ok(is_told)
    }
}

/// The newest code that is still valid, when nobody spoke in `call`, nor in any other since it was read:
/// then it is still the client's code.
pub(in crate::calls) fn code_that_stands(
    reader: &Reader<'_>,
    invitation: &InvitationId,
    call: &CallId,
    outcome: CallOutcome,
    now: Timestamp,
) -> Result<Option<NewStage>, StoreError> {
    if !matches!(outcome, CallOutcome::Abandoned | CallOutcome::Silent) {
        return Ok(None);
    }
    let code = reader.code_before_silence(invitation, call, now)?;
    Ok(code.map(|(code, valid_until)| NewStage {
        stage: CodeStage::Code { code, valid_until },
        digits_die_at: Some(valid_until),
    }))
}

/// What the page shows after a call in which no code was read.
pub(in crate::calls) fn stage_without_code(
    outcome: CallOutcome,
    digits: Vec<HeardDigit>,
    recording: Recording,
) -> CodeStage {
    match outcome {
        // The phone stopped ringing before we could hear anything.
        CallOutcome::Abandoned => CodeStage::Waiting,
        CallOutcome::CodeRead
        | CallOutcome::Unreadable
        | CallOutcome::Silent
        | CallOutcome::Failed
        | CallOutcome::Interrupted => CodeStage::Unreadable { digits, recording },
    }
}
