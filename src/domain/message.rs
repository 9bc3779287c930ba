//! Messages: how far one came.

use std::str::FromStr;

/// How far a message came. The names are those of the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageStatus {
    /// It is to be sent.
    Queued,
    /// Meta is being asked to take it.
    Sending,
    /// Meta has taken it.
    Sent,
    /// It is on the recipient's telephone.
    Delivered,
    Read,
    /// It was not sent, or did not arrive.
    Failed,
    /// It came in.
    Received,
}

/// Text that names no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the status of a message")]
pub struct InvalidMessageStatus(pub String);

impl MessageStatus {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Received,
    ];

    /// The name in the store, in the REST API and in Meta's webhooks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Received => "received",
        }
    }

    /// Whether a message that came this far may be said to have come to `next`. Meta tells more than once
    /// and in any order: what is known already, or was overtaken, is no news.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => matches!(next, Self::Sending | Self::Failed),
            Self::Sending => {
                matches!(next, Self::Sent | Self::Delivered | Self::Read | Self::Failed)
            }
            Self::Sent => matches!(next, Self::Delivered | Self::Read | Self::Failed),
            Self::Delivered => matches!(next, Self::Read),
            Self::Read | Self::Failed | Self::Received => false,
        }
    }
}

impl FromStr for MessageStatus {
    type Err = InvalidMessageStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|status| status.as_str() == text);
        named.ok_or_else(|| InvalidMessageStatus(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_read_back_from_its_name() {
        for status in MessageStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!("".parse::<MessageStatus>(), Err(InvalidMessageStatus(String::new())));
    }

    #[test]
    fn a_message_goes_on_and_never_back() {
        use MessageStatus::{Delivered, Failed, Queued, Read, Received, Sending, Sent};
        let order = [Queued, Sending, Sent, Delivered, Read];
        for (index, earlier) in order.iter().enumerate() {
            for later in &order[index..] {
                assert!(!later.may_become(*earlier), "{later:?} -> {earlier:?}");
            }
        }
        for ended in [Failed, Received] {
            assert!(MessageStatus::ALL.iter().all(|next| !ended.may_become(*next)));
        }
        assert!(Sent.may_become(Read), "the news of a delivery may come late or never");
        assert!(!Delivered.may_become(Failed), "it arrived, whatever is said after it");
    }
}
