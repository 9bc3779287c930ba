//! What a failed attempt means. What the client reads of it stands in the catalogues of the pages.

use crate::domain::{FailureReason, SignupFailure};
use crate::meta::graph::Reason;

/// What Meta's refusal is called here.
pub(super) const fn of(reason: Reason) -> SignupFailure {
    match reason {
        Reason::NumberNotEligible => SignupFailure::NumberNotEligible,
        Reason::TokenInvalid => SignupFailure::TokenInvalid,
        Reason::PermissionMissing => SignupFailure::PermissionMissing,
        Reason::InvalidRequest => SignupFailure::InvalidRequest,
        Reason::RateLimited => SignupFailure::RateLimited,
        Reason::HistoryDeclined => SignupFailure::HistoryDeclined,
        Reason::CodeNotSent => SignupFailure::CodeNotSent,
        Reason::CodeNotAccepted => SignupFailure::CodeNotAccepted,
        Reason::Unavailable => SignupFailure::Unavailable,
        Reason::Unknown => SignupFailure::Unknown,
    }
}

/// What a failed exchange is called. To a code that has expired or was used Graph answers 100, as it
/// does to a request that makes no sense.
pub(super) const fn of_exchange(reason: Reason) -> SignupFailure {
    match reason {
        Reason::InvalidRequest => SignupFailure::TokenInvalid,
        reason => of(reason),
    }
}

/// What it means for the invitation.
pub const fn reason_of(failure: SignupFailure) -> FailureReason {
    match failure {
        SignupFailure::Cancelled => FailureReason::Cancelled,
        SignupFailure::CodeMissed => FailureReason::Abandoned,
        SignupFailure::PermissionMissing => FailureReason::NotAuthorized,
        _ => FailureReason::Internal,
    }
}
