//! What an invitation is, apart from where it is kept.

use std::fmt;
use std::str::FromStr;

use super::Redact;

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

    /// Whether the client may still act on it. Whether its time has run out is a question to the
    /// clock, not to the status.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::InProgress | Self::Failed => true,
            Self::Completed | Self::Expired | Self::Cancelled => false,
        }
    }
}

impl FromStr for InvitationStatus {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [
            Self::Pending,
            Self::InProgress,
            Self::Completed,
            Self::Failed,
            Self::Expired,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| InvalidStatus(text.to_owned()))
    }
}

/// The secret part of an invitation link: whoever has it is the client.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationToken(String);

impl InvitationToken {
    /// A token of 160 random bits, written in hexadecimal.
    pub fn new(random: [u8; 20]) -> Self {
        Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A token as it came in a link or from the store: any text, valid only if the store knows it.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Redact for InvitationToken {
    fn redact(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
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
    fn a_token_prints_as_stars() {
        let token = InvitationToken::new([0xab; 20]);
        assert_eq!(token.expose().len(), 40);
        assert_eq!(format!("{token:?}"), "***");
    }
}
