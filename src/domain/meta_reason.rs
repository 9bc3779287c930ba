//! Why Meta refuses, as far as it makes a difference for what can be done.

use std::str::FromStr;

/// What Meta's error codes mean. Which code means what stands in `meta::graph`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetaReason {
    /// The number can not be used with WhatsApp Business, or not yet again.
    NumberNotEligible,
    /// The token was taken back, has expired, or never was one.
    TokenInvalid,
    /// The client's account, or our app, may not do this.
    PermissionMissing,
    /// We asked for something that makes no sense to Meta.
    InvalidRequest,
    /// Too much was asked for in a short time.
    RateLimited,
    /// The client does not share the conversations of the app.
    HistoryDeclined,
    /// Meta could not call or write to the number.
    CodeNotSent,
    /// The code was wrong, or too old, or Meta could not check it.
    CodeNotAccepted,
    /// The number is protected by a PIN that is not ours.
    PinMismatch,
    /// Meta has a fault of its own, or can not be reached.
    Unavailable,
    /// A code that is not known here.
    Unknown,
}

/// Text that names no reason of Meta's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no reason for Meta to refuse")]
pub struct InvalidMetaReason(pub String);

impl MetaReason {
    /// All there are.
    pub const ALL: [Self; 11] = [
        Self::NumberNotEligible,
        Self::TokenInvalid,
        Self::PermissionMissing,
        Self::InvalidRequest,
        Self::RateLimited,
        Self::HistoryDeclined,
        Self::CodeNotSent,
        Self::CodeNotAccepted,
        Self::PinMismatch,
        Self::Unavailable,
        Self::Unknown,
    ];

    /// The name in the store and on the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NumberNotEligible => "number_not_eligible",
            Self::TokenInvalid => "token_invalid",
            Self::PermissionMissing => "permission_missing",
            Self::InvalidRequest => "invalid_request",
            Self::RateLimited => "rate_limited",
            Self::HistoryDeclined => "history_declined",
            Self::CodeNotSent => "code_not_sent",
            Self::CodeNotAccepted => "code_not_accepted",
            Self::PinMismatch => "pin_mismatch",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for MetaReason {
    type Err = InvalidMetaReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        named.ok_or_else(|| InvalidMetaReason(text.to_owned()))
    }
}
