//! What Meta's refusals mean to a partner or an operator. Clients are told in their own language, by the
//! pages.

use crate::domain::MetaReason;

/// What happened, and what can be done.
pub(super) const fn in_words_for_operators(reason: MetaReason) -> &'static str {
    match reason {
        MetaReason::NumberNotEligible => {
            "Meta does not accept this number for WhatsApp Business at the moment. If it was used with \
             WhatsApp before, that account has to be deleted first."
        }
        MetaReason::TokenInvalid => {
            "The permission of the sender is no longer valid: its client has to connect again."
        }
        MetaReason::PermissionMissing => {
            "The client has not allowed us to do this, or has taken that back."
        }
        MetaReason::InvalidRequest => {
            "Meta did not understand us. That is a mistake of ours: please report it, with Meta's trace."
        }
        MetaReason::RateLimited => {
            "Meta has been asked too often in a short time. Wait for an hour, then try again."
        }
        MetaReason::HistoryDeclined => "The client does not share the conversations of the app.",
        MetaReason::CodeNotSent => {
            "Meta does not call this number now. Wait for some minutes, then try again."
        }
        MetaReason::CodeNotAccepted => {
            "Meta did not accept the code that we heard. It is not handed in again. Try again later: \
             after several wrong codes Meta locks the number for about twelve hours."
        }
        MetaReason::PinMismatch => {
            "The number is protected by a PIN that is not ours. Its client can switch two-step \
             verification off, in Meta's WhatsApp Manager."
        }
        MetaReason::Unavailable => {
            "Meta does not answer at the moment. Wait for some minutes, then try again."
        }
        MetaReason::Unknown => "Meta refused, by a code that is not known here.",
    }
}
