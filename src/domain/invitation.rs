//! What an invitation is, apart from where it is kept.

use std::fmt;
use std::str::FromStr;

use super::{Redact, SecretToken, Timestamp, TokenHash};

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvitationStatus {
    /// Made; the client has not begun.
    Pending,
    /// The client has begun Meta's sign-up.
    InProgress,
    /// WhatsApp is connected and a sender exists.
    Completed,
    /// The last attempt failed; the same link may be tried again.
    Failed,
    /// Its time ran out.
    Expired,
    /// The partner withdrew it.
    Cancelled,
}

/// Text that names no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the status of an invitation")]
pub struct InvalidStatus(pub String);

impl InvitationStatus {
    /// All there are, in the order in which an invitation comes to them.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::InProgress,
        Self::Failed,
        Self::Completed,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The name in the store and in the REST API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the client may still act on it.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::InProgress | Self::Failed => true,
            Self::Completed | Self::Expired | Self::Cancelled => false,
        }
    }

    /// Where an invitation that is stored with this status stands at `now`: an open one is expired
    /// from the moment its time runs out, whether or not that was recorded yet.
    pub fn at(self, expires_at: Timestamp, now: Timestamp) -> Self {
        if self.is_open() && expires_at <= now { Self::Expired } else { self }
    }
}

impl fmt::Display for InvitationStatus {
    /// In words.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::InProgress => "in progress",
            Self::Pending | Self::Completed | Self::Failed | Self::Expired | Self::Cancelled => {
                self.as_str()
            }
        })
    }
}

impl FromStr for InvitationStatus {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|status| status.as_str() == text);
        named.ok_or_else(|| InvalidStatus(text.to_owned()))
    }
}

/// Why an attempt to sign up failed. The names are those of `failureReason` in the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The client left Meta's window.
    Cancelled,
    /// The client's account may not do it, or did not allow it.
    NotAuthorized,
    /// Nothing more was heard from Meta's window.
    Abandoned,
    /// Meta or we could not finish it.
    Internal,
}

impl FailureReason {
    /// All there are.
    pub const ALL: [Self; 4] =
        [Self::Cancelled, Self::NotAuthorized, Self::Abandoned, Self::Internal];

    /// The name in the store and in the REST API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "fb_cancelled",
            Self::NotAuthorized => "fb_not_authorized",
            Self::Abandoned => "signup_abandoned",
            Self::Internal => "internal_error",
        }
    }
}

/// Text that names no reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a reason for a sign-up to fail")]
pub struct InvalidReason(pub String);

impl FromStr for FailureReason {
    type Err = InvalidReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| InvalidReason(text.to_owned()))
    }
}

/// Who took a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Whoever opened the link.
    Client,
    /// Whoever sends links.
    Partner,
    /// We, because it was time.
    Daemon,
}

/// Text that names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is nobody who takes steps")]
pub struct InvalidActor(pub String);

impl Actor {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Partner => "partner",
            Self::Daemon => "daemon",
        }
    }
}

impl FromStr for Actor {
    type Err = InvalidActor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Client, Self::Partner, Self::Daemon]
            .into_iter()
            .find(|actor| actor.as_str() == text)
            .ok_or_else(|| InvalidActor(text.to_owned()))
    }
}

/// The secret part of an invitation link: whoever has it is the client.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationToken(SecretToken);

impl InvitationToken {
    /// A token of 160 random bits, written in hexadecimal.
    pub fn new(random: [u8; 20]) -> Self {
        Self(SecretToken::new(random))
    }

    /// A token as it came in a link or from the store: any text, valid only if the store knows it.
    pub fn from_text(text: String) -> Self {
        Self(SecretToken::from_text(text))
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What it is looked up by.
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }
}

impl Redact for InvitationToken {
    fn redact(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.redact(formatter)
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.redact(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_read_back_from_its_name() {
        for name in ["pending", "in_progress", "completed", "failed", "expired", "cancelled"] {
            assert_eq!(name.parse::<InvitationStatus>().unwrap().as_str(), name);
        }
        assert_eq!("new".parse::<InvitationStatus>(), Err(InvalidStatus("new".to_owned())));
    }

    #[test]
    fn only_an_open_invitation_expires_and_it_does_at_its_moment() {
        let (before, end) = (Timestamp::from_unix_millis(6), Timestamp::from_unix_millis(7));
        for open in
            [InvitationStatus::Pending, InvitationStatus::InProgress, InvitationStatus::Failed]
        {
            assert_eq!(
                (open.at(end, before), open.at(end, end)),
                (open, InvitationStatus::Expired)
            );
        }
        for closed in [InvitationStatus::Completed, InvitationStatus::Cancelled] {
            assert_eq!(closed.at(end, end), closed);
        }
    }

    #[test]
    fn each_reason_and_each_actor_is_read_back_from_its_name() {
        for reason in FailureReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert_eq!("".parse::<FailureReason>(), Err(InvalidReason(String::new())));
        for actor in [Actor::Client, Actor::Partner, Actor::Daemon] {
            assert_eq!(actor.as_str().parse(), Ok(actor));
        }
        assert_eq!("root".parse::<Actor>(), Err(InvalidActor("root".to_owned())));
    }

    #[test]
    fn a_token_prints_as_stars() {
        let token = InvitationToken::new([0xab; 20]);
        assert_eq!(token.expose().len(), 40);
        assert_eq!(format!("{token:?}"), "***");
    }
}
