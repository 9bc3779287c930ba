//! What is recorded of a call that a verification of our own waits for: the code that stands at its end.

use super::{Ending, Entry};
use crate::codes::Finding;
use crate::domain::{CallOutcome, SpokenCode, Timestamp, VerificationId};
use crate::onboarding::{HeardCode, record_heard_code};
use crate::store::{CallEnd, StoreError};

pub(super) struct VerificationJournal {
    entry: Entry,
    verification: VerificationId,
    /// The code that was read last and not taken back, and how sure we are of it.
    code: Option<(SpokenCode, f32)>,
}

impl VerificationJournal {
    pub(super) fn new(entry: Entry, verification: VerificationId) -> Self {
        Self { entry, verification, code: None }
    }

    pub(super) async fn answered(&self) -> Result<(), StoreError> {
        let Entry { store, clock, call, .. } = &self.entry;
        let (call, now) = (call.clone(), clock.now());
        store.write(move |writer| writer.mark_answered(&call, now)).await
    }

    pub(super) fn found(&mut self, finding: Finding) {
        self.code = match finding {
            Finding::Code(code, confidence) => Some((code, confidence)),
            Finding::Partial(_) | Finding::Unreadable(_) => None,
        };
    }

    /// Nobody looks on, so the code can wait until nothing more is said that might contradict it.
    pub(super) async fn ended(
        &self,
        ending: Ending,
        now: Timestamp,
    ) -> Result<CallOutcome, StoreError> {
        let Ending { without_code, quality, .. } = ending;
        let Self { entry, verification, code } = self;
        let Entry { store, call, rules, .. } = entry.clone();
        let (verification, code) = (verification.clone(), code.clone());
        let end = match &code {
            Some((_, confidence)) => {
                let confidence = Some(*confidence);
                CallEnd { outcome: CallOutcome::CodeRead, confidence, quality, at: now }
            }
            None => CallEnd { outcome: without_code, confidence: None, quality, at: now },
        };
        store
            .write(move |writer| {
                writer.mark_ended(&call, end)?;
                let Some((code, _)) = code else { return Ok(()) };
                let valid_until = now + rules.code_valid_for;
                let heard = HeardCode { call, code, read_at: now, valid_until };
                record_heard_code(writer, &verification, heard)
            })
            .await?;
        Ok(end.outcome)
    }
}
