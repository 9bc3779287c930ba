//! What is recorded of a call, step by step. Each step is on disk when its method returns.
//!
//! Whom a call is for decides what there is to record: of one for an invitation, what its page shows
//! ([`page`]); of one for a verification of our own, the code that stands at its end ([`verification`]).

mod page;
mod verification;

use std::sync::Arc;

use crate::clock::Clock;
use crate::codes::Finding;
use crate::domain::{
    CallId, CallOutcome, CallPurpose, CallQuality, CodeStage, Language, PhoneNumber, Timestamp,
};
use crate::onboarding::{Attempts, attempts_left, record_attempt};
use crate::store::{EventKind, NewCall, NewEvent, Store, StoreError, Writer};
use crate::telephony::StatusCode;

use super::admission::{Admitted, admit};
use super::switchboard::CallRules;

pub(super) use page::{code_that_stands, stage_without_code};

use page::PageJournal;
use verification::VerificationJournal;

/// Records one call.
pub(super) struct Journal {
    told: Told,
    clock: Arc<dyn Clock>,
    /// When the call has ended, once it has.
    ended_at: Option<Timestamp>,
    /// What is probably spoken in the call.
    language: Option<Language>,
    attempts: Attempts,
}

/// To whom what is heard is told.
enum Told {
    Page(PageJournal),
    Verification(VerificationJournal),
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
    /// Also counts the call as an attempt to verify its number, unless we have asked for it: then it was
    /// counted. Tells what is left of those.
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
            purpose: admitted.purpose.clone(),
            trunk,
            sip_call_id,
            caller,
            rang_at: at,
        })?;
        let attempts = match &admitted.purpose {
            CallPurpose::Invitation(invitation) => {
                writer.append_event(&NewEvent {
                    project: admitted.project.clone(),
                    invitation: invitation.clone(),
                    call: Some(id),
                    kind: EventKind::CallRinging,
                    at,
                    stage: Some(CodeStage::Ringing.into()),
                })?;
                record_attempt(writer, &admitted.number, at)?
            }
            CallPurpose::Verification(_) => attempts_left(writer, &admitted.number, at)?,
        };
        Ok(Ok((admitted, attempts)))
    }
}

/// How a call ended.
#[derive(Clone, Copy)]
pub(super) struct Ending {
    /// Its outcome when no code was read.
    pub(super) without_code: CallOutcome,
    pub(super) is_recorded: bool,
    /// What its audio was like; `None` when there was none.
    pub(super) quality: Option<CallQuality>,
}

/// One call in the store.
#[derive(Clone)]
struct Entry {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    call: CallId,
    rules: CallRules,
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
        Ok(recorded.map(|(admitted, attempts)| {
            let Admitted { project, purpose, language, .. } = admitted;
            let entry = Entry { store, clock: Arc::clone(&clock), call, rules };
            let told = match purpose {
                CallPurpose::Invitation(id) => Told::Page(PageJournal::new(entry, project, id)),
                CallPurpose::Verification(id) => {
                    Told::Verification(VerificationJournal::new(entry, id))
                }
            };
            Self { told, clock, ended_at: None, language, attempts }
        }))
    }

    /// What is probably spoken in the call.
    pub(super) fn language(&self) -> Option<Language> {
        self.language
    }

    /// How often Meta may still be asked to verify the number.
    pub(super) fn attempts(&self) -> Attempts {
        self.attempts
    }

    /// Whether somebody could listen to a recording of the call.
    pub(super) fn is_worth_recording(&self) -> bool {
        match &self.told {
            Told::Page(_) => true,
            Told::Verification(_) => false,
        }
    }

    /// Records that the call was answered, and that there is a recording of it if so.
    pub(super) async fn answered(&mut self, is_recorded: bool) -> Result<(), StoreError> {
        match &mut self.told {
            Told::Page(page) => page.answered(is_recorded).await,
            Told::Verification(verification) => verification.answered().await,
        }
    }

    /// Records what was found, when it is news. What could not be recorded is tried again with the
    /// next finding, or when the call has ended.
    pub(super) async fn found(&mut self, finding: Finding) -> Result<(), StoreError> {
        match &mut self.told {
            Told::Page(page) => page.found(finding).await,
            Told::Verification(verification) => {
                verification.found(finding);
                Ok(())
            }
        }
    }

    /// Records how the call ended. Nothing of that is recorded when it fails: call it again then.
    pub(super) async fn ended(&mut self, ending: Ending) -> Result<CallOutcome, StoreError> {
        let at = *self.ended_at.get_or_insert_with(|| self.clock.now());
        match &mut self.told {
            Told::Page(page) => page.ended(ending, at).await,
            Told::Verification(verification) => verification.ended(ending, at).await,
        }
    }
}
