//! One attempt to go through Meta's sign-up: how far it came, why it failed, what the page shows.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{MetaReason, SenderId};

/// How far an attempt came. A name in `-ing` says that the request was about to be sent, so that
/// after a crash nobody sends a second time what may happen once only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignupStep {
    /// The client is in Meta's window.
    Begun,
    /// A code came back, and is being exchanged for a token.
    Exchanging,
    /// We hold a token.
    Exchanged,
    /// The account and the number are known, and the token may manage them.
    Located,
    /// Meta's webhooks about the account come to us.
    Subscribed,
    /// The number is being registered with a PIN.
    Registering,
    /// The number is one of the Cloud API's.
    Registered,
    /// The contacts of the WhatsApp Business App are being asked for.
    SyncingContacts,
    /// Its conversations are.
    SyncingHistory,
    /// What could be had of the app was asked for.
    Synced,
    /// A sender was made.
    Done,
    /// It came to nothing.
    Failed,
}

/// Text that names no step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no step of a sign-up")]
pub struct InvalidStep(pub String);

impl SignupStep {
    /// All there are.
    pub const ALL: [Self; 12] = [
        Self::Begun,
        Self::Exchanging,
        Self::Exchanged,
        Self::Located,
        Self::Subscribed,
        Self::Registering,
        Self::Registered,
        Self::SyncingContacts,
        Self::SyncingHistory,
        Self::Synced,
        Self::Done,
        Self::Failed,
    ];

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Exchanging => "exchanging",
            Self::Exchanged => "exchanged",
            Self::Located => "located",
            Self::Subscribed => "subscribed",
            Self::Registering => "registering",
            Self::Registered => "registered",
            Self::SyncingContacts => "syncing_contacts",
            Self::SyncingHistory => "syncing_history",
            Self::Synced => "synced",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for SignupStep {
    type Err = InvalidStep;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|step| step.as_str() == text);
        named.ok_or_else(|| InvalidStep(text.to_owned()))
    }
}

/// Why an attempt failed, as far as it makes a difference for what the client can do. In JSON it goes by
/// its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum SignupFailure {
    /// The client left Meta's window.
    Cancelled,
    /// Meta's window broke off with an error.
    WindowFailed,
    /// The client was through, and no code came from Meta's window.
    CodeMissed,
    /// We were interrupted while the code was exchanged: it works once, and not again.
    Interrupted,
    /// The account that was named holds no such number, or the token may not see it.
    NotOwned,
    /// There are several numbers, and nothing says which one is meant; or there is none.
    NumberUnclear,
    /// The number is of a country that the partner does not take.
    CountryNotAllowed,
    /// The invitation was closed in the middle.
    InvitationClosed,
    /// Something of ours failed.
    Internal,
    /// Meta refused.
    Meta(MetaReason),
}

/// Text that names no failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no failure of a sign-up")]
pub struct InvalidFailure(pub String);

impl SignupFailure {
    /// All there are.
    pub const ALL: [Self; 20] = [
        Self::Cancelled,
        Self::WindowFailed,
        Self::CodeMissed,
        Self::Interrupted,
        Self::NotOwned,
        Self::NumberUnclear,
        Self::CountryNotAllowed,
        Self::InvitationClosed,
        Self::Internal,
        Self::Meta(MetaReason::NumberNotEligible),
        Self::Meta(MetaReason::TokenInvalid),
        Self::Meta(MetaReason::PermissionMissing),
        Self::Meta(MetaReason::InvalidRequest),
        Self::Meta(MetaReason::RateLimited),
        Self::Meta(MetaReason::HistoryDeclined),
        Self::Meta(MetaReason::CodeNotSent),
        Self::Meta(MetaReason::CodeNotAccepted),
        Self::Meta(MetaReason::PinMismatch),
        Self::Meta(MetaReason::Unavailable),
        Self::Meta(MetaReason::Unknown),
    ];

    /// The name in the store and on the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::WindowFailed => "window_failed",
            Self::CodeMissed => "code_missed",
            Self::Interrupted => "interrupted",
            Self::NotOwned => "not_owned",
            Self::NumberUnclear => "number_unclear",
            Self::CountryNotAllowed => "country_not_allowed",
            Self::InvitationClosed => "invitation_closed",
            Self::Internal => "internal",
            Self::Meta(reason) => reason.as_str(),
        }
    }
}

impl FromStr for SignupFailure {
    type Err = InvalidFailure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|failure| failure.as_str() == text);
        named.ok_or_else(|| InvalidFailure(text.to_owned()))
    }
}

impl TryFrom<String> for SignupFailure {
    type Error = InvalidFailure;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SignupFailure> for &'static str {
    fn from(failure: SignupFailure) -> Self {
        failure.as_str()
    }
}

/// What the invitation page shows of the sign-up. Its JSON form is the data of a server-sent event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SignupState {
    /// The client has not begun.
    NotBegun,
    /// The client is in Meta's window.
    Open,
    /// The client is through; we do the rest.
    Finishing,
    /// The last attempt came to nothing, and may be repeated.
    Failed { failure: SignupFailure },
    /// WhatsApp is connected.
    Done { sender: SenderId },
}

impl SignupState {
    /// The name in the page.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotBegun => "not_begun",
            Self::Open => "open",
            Self::Finishing => "finishing",
            Self::Failed { .. } => "failed",
            Self::Done { .. } => "done",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_and_each_failure_is_read_back_from_its_name() {
        for step in SignupStep::ALL {
            assert_eq!(step.as_str().parse(), Ok(step));
        }
        for failure in SignupFailure::ALL {
            assert_eq!(failure.as_str().parse(), Ok(failure));
            let json = serde_json::to_value(failure).unwrap();
            assert_eq!(json, failure.as_str(), "the page knows it by the same name");
        }
        let of_meta = MetaReason::ALL.map(SignupFailure::Meta);
        assert!(of_meta.iter().all(|failure| SignupFailure::ALL.contains(failure)));
        assert_eq!("".parse::<SignupStep>(), Err(InvalidStep(String::new())));
        assert_eq!("".parse::<SignupFailure>(), Err(InvalidFailure(String::new())));
    }

    #[test]
    fn the_page_is_told_by_the_names_it_knows() {
        let done = SignupState::Done { sender: SenderId::from_stored("snd_7".to_owned()) };
        for (state, json) in [
            (SignupState::NotBegun, r#"{"state":"not_begun"}"#),
            (
                SignupState::Failed { failure: SignupFailure::Cancelled },
                r#"{"state":"failed","failure":"cancelled"}"#,
            ),
            (done, r#"{"state":"done","sender":"snd_7"}"#),
        ] {
            assert_eq!(serde_json::to_string(&state).unwrap(), json);
            assert!(json.contains(&format!("\"{}\"", state.as_str())));
        }
    }
}
