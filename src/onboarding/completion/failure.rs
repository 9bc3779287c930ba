//! What a failed attempt means. What the client reads of it stands in the catalogues of the pages.

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
pub const fn reason_of(failure: SignupFailure) -> FailureReason {
    match failure {
        SignupFailure::Cancelled => FailureReason::Cancelled,
        SignupFailure::CodeMissed => FailureReason::Abandoned,
        SignupFailure::Meta(MetaReason::PermissionMissing) => FailureReason::NotAuthorized,
        _ => FailureReason::Internal,
    }
}
