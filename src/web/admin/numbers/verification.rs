//! Our own verification of a number: Meta calls it, and we hand the code in.

use axum::extract::State;
use axum::response::Response;

use super::changes::wrong;
use super::detail::DetailView;
use super::{load, path};
use crate::domain::{AuditAction, PhoneNumberId, VerificationFailure, VerificationStep};
use crate::onboarding::NotApplicable;
use crate::store::{Verification, VerificationCalls};
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::posted::Nothing;
use crate::web::admin::{AdminError, Posted, Visit};
use crate::web::words::{AdminWords, Text, VerificationWords};

/// `POST {base}/numbers/{number}/verify`
pub(in crate::web::admin) async fn verify(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, id)): Address<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let known = load(&state, &visit, PhoneNumberId::from_stored(id)).await?;
    let words = &visit.words.verification;
    let Some(verifications) = &state.verifications else {
        let problem = Some(&words.not_set_up);
        return Ok(wrong(&visit, &DetailView { problem, ..DetailView::of(known) }));
    };
    let problem = match verifications.begin(known.number.number.clone(), None).await? {
        Ok(_) => {
            let entry = visit.audit(AuditAction::NumberVerified, known.number.number.as_str());
            state.store.write(move |writer| writer.record_audit(&entry)).await?;
            return Ok(visit.see_other(&path(&known.number)));
        }
        // Somebody else was faster: the page shows how that goes on.
        Err(NotApplicable::UnderWay(_)) => return Ok(visit.see_other(&path(&known.number))),
        Err(NotApplicable::NotOurs) => &words.not_active,
        Err(NotApplicable::NoSender | NotApplicable::UnknownSender(_)) => &words.no_sender,
        Err(NotApplicable::Invited(_)) => &words.invited,
        Err(NotApplicable::UsedUp(_)) => &words.used_up,
    };
    Ok(wrong(&visit, &DetailView { problem: Some(problem), ..DetailView::of(known) }))
}

impl VerificationWords {
    /// Where a verification stands.
    pub(super) fn progress<'a>(&'a self, found: &Verification, all: &'a AdminWords) -> &'a Text {
        match (found.step, found.calls) {
            (VerificationStep::Begun, _) => &self.begun,
            (VerificationStep::Requesting, VerificationCalls { count: 0, .. }) => &self.requesting,
            (VerificationStep::Waiting, VerificationCalls { count: 0, .. }) => &self.waiting,
            (
                VerificationStep::Requesting | VerificationStep::Waiting,
                VerificationCalls { is_one_going_on: true, .. },
            ) => &self.listening,
            (VerificationStep::Requesting | VerificationStep::Waiting, _) => &self.waiting_again,
            (VerificationStep::Heard, _) => &self.heard,
            (VerificationStep::Submitting, _) => &self.submitting,
            (VerificationStep::Verified, _) => &self.verified,
            (VerificationStep::Failed, _) => {
                self.failure(found.failure.unwrap_or(VerificationFailure::Internal), all)
            }
        }
    }

    /// What happened, and what can be done.
    fn failure<'a>(&'a self, failure: VerificationFailure, all: &'a AdminWords) -> &'a Text {
        match failure {
            VerificationFailure::OtherNumber => &self.other_number,
            VerificationFailure::UsedUp => &self.used_up,
            VerificationFailure::NoCall => &self.no_call,
            VerificationFailure::NoCode => &self.no_code,
            VerificationFailure::Interrupted => &self.interrupted,
            VerificationFailure::Internal => &self.internal,
            VerificationFailure::Meta(reason) => all.reasons.of(reason),
        }
    }
}
