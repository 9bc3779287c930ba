//! What a crash left unfinished.

use std::collections::HashSet;
use std::time::Duration;

use tracing::{error, info};

use crate::clock::Clock;
use crate::domain::{
    CallId, CallOutcome, CallPurpose, CodeStage, InvitationId, Recording, Timestamp,
};
use crate::recordings::Recordings;
use crate::store::{
    CallEnd, EventKind, NewEvent, NewStage, Store, StoreError, UnfinishedCall, Writer,
};

use super::journal::{code_that_stands, stage_without_code};

/// Gives every call that the last run of the daemon cut off its outcome: it was interrupted. A
/// code that was shown stays; digits of half a code are not shown as if somebody still listened,
/// and the client may listen to what was recorded up to then.
///
/// # Errors
/// When the store refuses.
pub async fn end_interrupted_calls(
    store: &Store,
    recordings: &Recordings,
    clock: &dyn Clock,
    keep_recordings_for: Duration,
) -> Result<(), StoreError> {
    let recorded: HashSet<CallId> = recordings.calls().into_iter().collect();
    let aftermath = Aftermath { now: clock.now(), recorded, keep_recordings_for };
    let count = store
        .write(move |writer| {
            let calls = writer.unfinished_calls()?;
            for call in &calls {
                aftermath.end(writer, call)?;
            }
            Ok(calls.len())
        })
        .await?;
    if count > 0 {
        info!(count, "calls that the last run left unfinished were ended");
    }
    erase_unknown_recordings(store, recordings).await
}

/// A crash may come between a recording and the row that tells of it, and a database may be
/// replaced by an older one.
async fn erase_unknown_recordings(
    store: &Store,
    recordings: &Recordings,
) -> Result<(), StoreError> {
    let known = store.read(|reader| reader.recorded_calls()).await?;
    for call in recordings.calls().iter().filter(|call| !known.contains(call)) {
        match recordings.erase(call).await {
            Ok(()) => info!(%call, "a recording that belongs to no call was erased"),
            Err(error) => error!(%call, %error, "a recording could not be erased"),
        }
    }
    Ok(())
}

/// What is known when the daemon starts again.
struct Aftermath {
    now: Timestamp,
    /// The calls of which something can be heard.
    recorded: HashSet<CallId>,
    keep_recordings_for: Duration,
}

impl Aftermath {
    fn end(&self, writer: &Writer<'_>, call: &UnfinishedCall) -> Result<(), StoreError> {
        let now = self.now;
        let outcome = if call.has_code { CallOutcome::CodeRead } else { CallOutcome::Interrupted };
        let end = CallEnd { outcome, confidence: None, quality: None, at: now };
        writer.mark_ended(&call.id, end)?;
        match &call.purpose {
            CallPurpose::Invitation(invitation) => {
                self.tell_page(writer, call, invitation, outcome)
            }
            // It waits for another call, until its own time is over.
            CallPurpose::Verification(_) => Ok(()),
        }
    }

    fn tell_page(
        &self,
        writer: &Writer<'_>,
        call: &UnfinishedCall,
        invitation: &InvitationId,
        outcome: CallOutcome,
    ) -> Result<(), StoreError> {
        let now = self.now;
        let is_told = writer.is_for_its_page(&call.id, invitation, now)?;
        let recording = self.settle_recording(writer, call, is_told)?;
        let shown = writer.current_stage(invitation, now)?.stage;
        let digits_die_at = writer.end_of_digits(&call.id)?;
        let with_digits = |stage| NewStage { stage, digits_die_at };
        let stage = match shown {
            _ if !is_told => None,
            CodeStage::Listening { digits } => {
                Some(with_digits(stage_without_code(outcome, digits, recording)))
            }
            CodeStage::Ringing => {
                let outcome = CallOutcome::Abandoned;
                let code = code_that_stands(writer, invitation, &call.id, outcome, now)?;
                Some(code.unwrap_or_else(|| CodeStage::Waiting.into()))
            }
            CodeStage::Waiting
            | CodeStage::Code { .. }
            | CodeStage::Unreadable { .. }
            | CodeStage::Expired => None,
        };
        writer.append_event(&NewEvent {
            project: call.project.clone(),
            invitation: invitation.clone(),
            call: Some(call.id.clone()),
            kind: EventKind::CallEnded,
            at: now,
            stage,
        })?;
        Ok(())
    }

    /// Keeps the recording of a call without a code. When the call broke off is not known, so its time
    /// is counted from the first ring: a code in it may not be kept for too long.
    fn settle_recording(
        &self,
        writer: &Writer<'_>,
        call: &UnfinishedCall,
        is_told: bool,
    ) -> Result<Recording, StoreError> {
        let until = call.rang_at + self.keep_recordings_for;
        let is_of_use =
            is_told && !call.has_code && self.recorded.contains(&call.id) && until > self.now;
        let until = if is_of_use { until } else { self.now };
        let is_known = writer.keep_recording(&call.id, until)?;
        Ok(if is_known && is_of_use {
            Recording::Kept { call: call.id.clone(), until }
        } else {
            Recording::None
        })
    }
}
