//! What a crash left unfinished.

use tracing::info;

use crate::clock::Clock;
use crate::domain::{CallOutcome, CodeStage, Timestamp};
use crate::store::{
    CallEnd, EventKind, NewEvent, NewStage, Store, StoreError, UnfinishedCall, Writer,
};

use super::journal::stage_without_code;

/// Gives every call that the last run of the daemon cut off its outcome: it was interrupted. A
/// code that was shown stays; digits of half a code are not shown as if somebody still listened.
///
/// # Errors
/// When the store refuses.
pub async fn end_interrupted_calls(store: &Store, clock: &dyn Clock) -> Result<(), StoreError> {
    let now = clock.now();
    let count = store
        .write(move |writer| {
            let calls = writer.unfinished_calls()?;
            for call in &calls {
                end(writer, call, now)?;
            }
            Ok(calls.len())
        })
        .await?;
    if count > 0 {
        info!(count, "calls that the last run left unfinished were ended");
    }
    Ok(())
}

fn end(writer: &Writer<'_>, call: &UnfinishedCall, now: Timestamp) -> Result<(), StoreError> {
    let outcome = if call.has_code { CallOutcome::CodeRead } else { CallOutcome::Interrupted };
    writer.mark_ended(&call.id, CallEnd { outcome, confidence: None, at: now })?;
    let shown = writer.current_stage(&call.invitation, now)?.stage;
    let stage = match shown {
        CodeStage::Listening { digits } => Some(stage_without_code(outcome, digits)),
        CodeStage::Ringing => Some(CodeStage::Waiting),
        CodeStage::Waiting
        | CodeStage::Code { .. }
        | CodeStage::Unreadable { .. }
        | CodeStage::Expired => None,
    };
    let digits_die_at = writer.end_of_digits(&call.id)?;
    writer.append_event(&NewEvent {
        project: call.project.clone(),
        invitation: call.invitation.clone(),
        call: Some(call.id.clone()),
        kind: EventKind::CallEnded,
        at: now,
        stage: stage.map(|stage| NewStage { stage, digits_die_at }),
    })?;
    Ok(())
}
