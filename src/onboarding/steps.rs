//! The steps that an invitation can take: the table of legal transitions, and nothing else.
//!
//! That its time runs out is no step that anybody takes: [`InvitationStatus::at`] says it.

use crate::domain::{FailureReason, InvitationStatus};
use crate::store::NewLink;

/// What may become of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The client begins Meta's sign-up, for the first time or once more.
    Begin,
    /// WhatsApp is connected.
    Complete,
    /// An attempt to sign up failed. The same link may be tried again.
    Fail(FailureReason),
    /// The partner withdraws it.
    Cancel,
    /// The partner gives it a new link, for the client to begin again. The one before is dead.
    Resend(NewLink),
}

impl Step {
    /// Where this step leads from `status`; `None` where it may not be taken.
    pub(super) const fn from(&self, status: InvitationStatus) -> Option<InvitationStatus> {
        use InvitationStatus as To;
        match status {
            InvitationStatus::Pending => match self {
                Self::Begin => Some(To::InProgress),
                Self::Cancel => Some(To::Cancelled),
                Self::Complete | Self::Fail(_) | Self::Resend(_) => None,
            },
            InvitationStatus::InProgress => match self {
                // The page is open twice, or a second code was read: it goes on.
                Self::Begin => Some(To::InProgress),
                Self::Complete => Some(To::Completed),
                Self::Fail(_) => Some(To::Failed),
                Self::Cancel => Some(To::Cancelled),
                Self::Resend(_) => None,
            },
            InvitationStatus::Failed => match self {
                Self::Begin => Some(To::InProgress),
                Self::Cancel => Some(To::Cancelled),
                Self::Complete | Self::Fail(_) | Self::Resend(_) => None,
            },
            InvitationStatus::Expired => match self {
                // The client was through in time, and WhatsApp is connected: nothing takes that back.
                Self::Complete => Some(To::Completed),
                Self::Resend(_) => Some(To::Pending),
                Self::Begin | Self::Fail(_) | Self::Cancel => None,
            },
            InvitationStatus::Cancelled => match self {
                Self::Resend(_) => Some(To::Pending),
                Self::Begin | Self::Complete | Self::Fail(_) | Self::Cancel => None,
            },
            // WhatsApp stays connected, whatever becomes of the link.
            InvitationStatus::Completed => match self {
                Self::Begin | Self::Complete | Self::Fail(_) | Self::Cancel | Self::Resend(_) => {
                    None
                }
            },
        }
    }

    /// What it is called where it was refused: "an invitation that is completed cannot be ...".
    pub(super) const fn participle(&self) -> &'static str {
        match self {
            Self::Begin => "begun",
            Self::Complete => "completed",
            Self::Fail(_) => "recorded as failed",
            Self::Cancel => "cancelled",
            Self::Resend(_) => "sent again",
        }
    }
}

/// Whether an invitation that stands there can be withdrawn.
pub fn can_cancel(status: InvitationStatus) -> bool {
    Step::Cancel.from(status) == Some(InvitationStatus::Cancelled)
}

/// Whether an invitation that stands there can be given a new link.
pub const fn can_resend(status: InvitationStatus) -> bool {
    match status {
        InvitationStatus::Expired | InvitationStatus::Cancelled => true,
        InvitationStatus::Pending
        | InvitationStatus::InProgress
        | InvitationStatus::Failed
        | InvitationStatus::Completed => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{InvitationToken, Timestamp};

    /// The table of the product, as a person would write it down.
    #[test]
    fn the_table_of_steps_is_that_of_the_product() {
        let link = NewLink {
            token: InvitationToken::new([1; 20]),
            expires_at: Timestamp::from_unix_millis(7),
        };
        let steps = [
            Step::Begin,
            Step::Complete,
            Step::Fail(FailureReason::Abandoned),
            Step::Cancel,
            Step::Resend(link),
        ];
        for (from, to) in [
            // by:          begin, complete, fail, cancel, resend
            ("pending", ["in_progress", "", "", "cancelled", ""]),
            ("in_progress", ["in_progress", "completed", "failed", "cancelled", ""]),
            ("failed", ["in_progress", "", "", "cancelled", ""]),
            ("expired", ["", "completed", "", "", "pending"]),
            ("cancelled", ["", "", "", "", "pending"]),
            ("completed", ["", "", "", "", ""]),
        ] {
            let from: InvitationStatus = from.parse().unwrap();
            let led = steps.each_ref().map(|step| step.from(from));
            assert_eq!(led, to.map(|to| to.parse().ok()), "{from}");
            assert_eq!([can_cancel(from), can_resend(from)], [led[3].is_some(), led[4].is_some()]);
        }
    }
}
