//! A verification of our own: Meta calls a number of ours, we hear the code and hand it in.

use std::str::FromStr;

use super::{InvitationId, MetaReason, VerificationId};

/// How far a verification came. A name in `-ing` says that the request was about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerificationStep {
    /// It is to be seen whether the number has to be verified at all.
    Begun,
    /// Meta is being asked to call. From here on a call is waited for.
    Requesting,
    /// Meta said that it will call.
    Waiting,
    /// A call is over, and a code was read in it.
    Heard,
    /// The code is being handed in.
    Submitting,
    /// The number is verified.
    Verified,
    /// It came to nothing.
    Failed,
}

/// Text that names no step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no step of a verification")]
pub struct InvalidVerificationStep(pub String);

impl VerificationStep {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Begun,
        Self::Requesting,
        Self::Waiting,
        Self::Heard,
        Self::Submitting,
        Self::Verified,
        Self::Failed,
    ];

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Requesting => "requesting",
            Self::Waiting => "waiting",
            Self::Heard => "heard",
            Self::Submitting => "submitting",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }

    /// Whether a call to the number is for it.
    pub const fn awaits_a_call(self) -> bool {
        match self {
            Self::Requesting | Self::Waiting => true,
            Self::Begun | Self::Heard | Self::Submitting | Self::Verified | Self::Failed => false,
        }
    }

    /// Whether nothing follows.
    pub const fn is_over(self) -> bool {
        match self {
            Self::Verified | Self::Failed => true,
            Self::Begun | Self::Requesting | Self::Waiting | Self::Heard | Self::Submitting => {
                false
            }
        }
    }
}

impl FromStr for VerificationStep {
    type Err = InvalidVerificationStep;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|step| step.as_str() == text);
        named.ok_or_else(|| InvalidVerificationStep(text.to_owned()))
    }
}

/// Why a verification failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerificationFailure {
    /// What Meta calls by the name that was given is another number.
    OtherNumber,
    /// Meta was asked as often as it allows.
    UsedUp,
    /// Nobody called.
    NoCall,
    /// Somebody called, and no code was clear.
    NoCode,
    /// We were interrupted while the code was handed in, or until it was too old.
    Interrupted,
    /// Something of ours failed.
    Internal,
    /// Meta refused.
    Meta(MetaReason),
}

/// Text that names no failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no failure of a verification")]
pub struct InvalidVerificationFailure(pub String);

impl VerificationFailure {
    /// Those that are none of Meta's.
    const OURS: [Self; 6] = [
        Self::OtherNumber,
        Self::UsedUp,
        Self::NoCall,
        Self::NoCode,
        Self::Interrupted,
        Self::Internal,
    ];

    /// All there are.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::OURS.into_iter().chain(MetaReason::ALL.into_iter().map(Self::Meta))
    }

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherNumber => "other_number",
            Self::UsedUp => "used_up",
            Self::NoCall => "no_call",
            Self::NoCode => "no_code",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal",
            Self::Meta(reason) => reason.as_str(),
        }
    }
}

impl FromStr for VerificationFailure {
    type Err = InvalidVerificationFailure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::all().find(|failure| failure.as_str() == text);
        named.ok_or_else(|| InvalidVerificationFailure(text.to_owned()))
    }
}

/// Who waits for what is spoken in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallPurpose {
    /// The client of an invitation, on its page.
    Invitation(InvitationId),
    /// Nobody but us.
    Verification(VerificationId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_and_each_failure_is_read_back_from_its_name() {
        for step in VerificationStep::ALL {
            assert_eq!(step.as_str().parse(), Ok(step));
        }
        for failure in VerificationFailure::all() {
            assert_eq!(failure.as_str().parse(), Ok(failure));
        }
        let none = String::new();
        assert_eq!("".parse(), Err::<VerificationStep, _>(InvalidVerificationStep(none.clone())));
        assert_eq!("".parse(), Err::<VerificationFailure, _>(InvalidVerificationFailure(none)));
    }
}
