//! What a failed attempt means: for the invitation, and in plain words for the client.

use crate::domain::{FailureReason, MetaReason, SignupFailure};

/// What a failed exchange is called. To a code that has expired or was used Graph answers 100, as it
/// does to a request that makes no sense.
pub(super) const fn of_exchange(reason: MetaReason) -> SignupFailure {
    SignupFailure::Meta(match reason {
        MetaReason::InvalidRequest => MetaReason::TokenInvalid,
        reason => reason,
    })
}

/// What it means for the invitation.
pub(super) const fn for_invitation(failure: SignupFailure) -> FailureReason {
    match failure {
        SignupFailure::Cancelled => FailureReason::Cancelled,
        SignupFailure::CodeMissed => FailureReason::Abandoned,
        SignupFailure::Meta(MetaReason::PermissionMissing) => FailureReason::NotAuthorized,
        _ => FailureReason::Internal,
    }
}

/// What to tell the client: what happened, and what can be done.
pub const fn in_plain_words(failure: SignupFailure) -> &'static str {
    match failure {
        SignupFailure::Cancelled => {
            "You closed Meta's window before the end. Nothing was changed: start again whenever it \
             suits you."
        }
        SignupFailure::WindowFailed => {
            "Meta's window reported an error. Start again; if it happens once more, sign in to \
             facebook.com first and look whether it has a message for you."
        }
        SignupFailure::CodeMissed => {
            "Meta's window closed without giving us the permission. Start again: Meta remembers what \
             you have chosen."
        }
        SignupFailure::Interrupted => {
            "We were interrupted before we could finish. This is our fault: please start again. Meta \
             remembers what you have chosen."
        }
        SignupFailure::NotOwned => {
            "Meta does not show us the number that was chosen. Start again, and allow everything \
             that Meta's window asks for."
        }
        SignupFailure::NumberUnclear => {
            "We cannot tell which number to connect. Start again, and choose one business account and \
             one number in Meta's window."
        }
        SignupFailure::InvitationClosed => {
            "The invitation was closed while you were signing up. Ask whoever sent it to you for a \
             new link."
        }
        SignupFailure::Internal => {
            "Something went wrong here. It is our fault, not yours: please start again."
        }
        SignupFailure::Meta(reason) => reason.in_plain_words(),
    }
}
