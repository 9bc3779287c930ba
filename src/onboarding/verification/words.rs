//! How a verification stands, in plain words for a partner or an operator.

use crate::domain::{MetaReason, VerificationFailure, VerificationStep};
use crate::onboarding::refusals::in_words_for_operators;
use crate::store::{Verification, VerificationCalls};

/// Where it stands.
pub fn progress_in_words(found: &Verification) -> &'static str {
    match (found.step, found.calls) {
        (VerificationStep::Begun, _) => "Asking Meta about the number.",
        (VerificationStep::Requesting, VerificationCalls { count: 0, .. }) => {
            "Asking Meta to call the number."
        }
        (VerificationStep::Waiting, VerificationCalls { count: 0, .. }) => {
            "Meta calls the number. Waiting for the call."
        }
        (
            VerificationStep::Requesting | VerificationStep::Waiting,
            VerificationCalls { is_one_going_on: true, .. },
        ) => "A call is here. Listening until its end.",
        (VerificationStep::Requesting | VerificationStep::Waiting, _) => {
            "The call is over, and no code was clear. Waiting for another one."
        }
        (VerificationStep::Heard, _) => "A code was read.",
        (VerificationStep::Submitting, _) => "Handing the code in.",
        (VerificationStep::Verified, _) => "The number is verified.",
        (VerificationStep::Failed, _) => {
            found.failure.unwrap_or(VerificationFailure::Internal).in_plain_words()
        }
    }
}

impl VerificationFailure {
    /// What happened, and what can be done.
    pub const fn in_plain_words(self) -> &'static str {
        match self {
            Self::OtherNumber => {
                "Meta knows another number by this id, or does not show it for this sender. Look the \
                 id up in Meta's WhatsApp Manager. Meta was not asked to call."
            }
            Self::UsedUp => {
                "Meta was asked as often as it allows, ten times in 72 hours. Try again in a day."
            }
            Self::NoCall => {
                "No call came within five minutes. Place a test call to the number from another \
                 phone: it has to reach this daemon. Each new try is one of ten in 72 hours."
            }
            Self::NoCode => {
                "A call came, and no code in it was clear enough to hand in: a wrong one would count \
                 against the number. Look at the call's quality in the log, then try again."
            }
            Self::Interrupted => {
                "We were interrupted while the code was handed in, and Meta does not say that the \
                 number is verified. The code is not handed in twice: please try again."
            }
            Self::Internal => "Something went wrong here. It is our fault: look at the log.",
            Self::Meta(MetaReason::RateLimited) => {
                "Meta has been asked too often, or too many wrong codes were tried. Wait for twelve \
                 hours, then try again."
            }
            Self::Meta(reason) => in_words_for_operators(reason),
        }
    }
}
