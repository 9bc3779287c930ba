//! When a partner should look after a client who does not go on. Pure.

use std::time::Duration;

use crate::domain::{InvitationStatus, Timestamp};

/// For so long a client who was sent a link is left alone.
const PATIENCE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The whole sign-up takes about five minutes.
const STUCK_AFTER: Duration = Duration::from_secs(60 * 60);

const DAY: u64 = 24 * 60 * 60;

/// What a partner should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// The client has not begun for so many days: reach out to them.
    ReachOut { days: u64 },
    /// The client began and did not come to an end in so many hours: ask them how far they are, or
    /// cancel it and make a new one.
    MayBeStuck { hours: u64 },
}

/// What to do about an invitation that has stood where it stands at `now` since `since`.
pub fn hint(status: InvitationStatus, since: Timestamp, now: Timestamp) -> Option<Hint> {
    let stood = now.since(since);
    match status {
        InvitationStatus::Pending if stood >= PATIENCE => {
            Some(Hint::ReachOut { days: stood.as_secs() / DAY })
        }
        InvitationStatus::InProgress if stood >= STUCK_AFTER => {
            Some(Hint::MayBeStuck { hours: stood.as_secs() / (60 * 60) })
        }
        InvitationStatus::Pending
        | InvitationStatus::InProgress
        | InvitationStatus::Failed
        | InvitationStatus::Completed
        | InvitationStatus::Expired
        | InvitationStatus::Cancelled => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partner_is_told_after_three_days_without_a_beginning_and_an_hour_without_an_end() {
        let since = Timestamp::from_unix_millis(1_795_000_000_000);
        let after = |status, seconds| hint(status, since, since + Duration::from_secs(seconds));
        let pending = InvitationStatus::Pending;
        assert_eq!(after(pending, 3 * DAY - 1), None);
        assert_eq!(after(pending, 3 * DAY), Some(Hint::ReachOut { days: 3 }));
        assert_eq!(after(pending, 12 * DAY + 7), Some(Hint::ReachOut { days: 12 }));
        let in_progress = InvitationStatus::InProgress;
        assert_eq!(after(in_progress, 3_599), None);
        assert_eq!(after(in_progress, 3_600), Some(Hint::MayBeStuck { hours: 1 }));
        for status in InvitationStatus::ALL {
            if status != pending && status != in_progress {
                assert_eq!(after(status, 30 * DAY), None, "{status}");
            }
        }
    }
}
