//! Live updates: tells open pages that something they may show has changed.
//!
//! A hint, not the news itself: it carries only the newest event's number, and a page that wakes
//! up reads what it missed from the store. So it may lose any number of hints without a page
//! losing anything, and a slow page costs no memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::{EventId, InvitationId};

type Watched = HashMap<InvitationId, watch::Sender<EventId>>;

/// The hints of all invitations that somebody looks at.
#[derive(Debug, Default, Clone)]
pub struct Feed {
    watched: Arc<Mutex<Watched>>,
}

impl Feed {
    /// Wakes the pages of `invitation`. Call it after the commit, never before.
    pub fn publish(&self, invitation: &InvitationId, event: EventId) {
        if let Some(pages) = lock(&self.watched).get(invitation) {
            pages.send_replace(event);
        }
    }

    /// From now on, hints about `invitation`. Subscribe first and read the store then: in the
    /// other order a change in between would be missed.
    pub fn subscribe(&self, invitation: &InvitationId) -> Subscription {
        let hints = lock(&self.watched)
            .entry(invitation.clone())
            .or_insert_with(|| watch::Sender::new(EventId::default()))
            .subscribe();
        Subscription { hints, invitation: invitation.clone(), feed: self.clone() }
    }
}

/// One page's subscription; it ends when it is dropped.
#[derive(Debug)]
pub struct Subscription {
    hints: watch::Receiver<EventId>,
    invitation: InvitationId,
    feed: Feed,
}

impl Subscription {
    /// Waits for the next hint. Several that came meanwhile count as one.
    pub async fn changed(&mut self) {
        // The sender lives in the feed for as long as this subscription does.
        let _ = self.hints.changed().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut watched = lock(&self.feed.watched);
        let is_last =
            watched.get(&self.invitation).is_some_and(|pages| pages.receiver_count() <= 1);
        if is_last {
            watched.remove(&self.invitation);
        }
    }
}

/// No code panics while it holds the lock, so a poisoned map is still whole.
fn lock(watched: &Mutex<Watched>) -> std::sync::MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn invitation(number: u8) -> InvitationId {
        InvitationId::new(Timestamp::from_unix_millis(0), [number; 10])
    }

    #[tokio::test]
    async fn wakes_the_pages_of_that_invitation_only() {
        let feed = Feed::default();
        let mut page = feed.subscribe(&invitation(1));
        let other = feed.subscribe(&invitation(2));
        feed.publish(&invitation(1), EventId(7));
        page.changed().await;
        assert!(!other.hints.has_changed().unwrap());
    }

    #[tokio::test]
    async fn forgets_an_invitation_when_its_last_page_is_closed() {
        let feed = Feed::default();
        let first = feed.subscribe(&invitation(1));
        let second = feed.subscribe(&invitation(1));
        drop(first);
        assert_eq!(lock(&feed.watched).len(), 1);
        drop(second);
        assert_eq!(lock(&feed.watched).len(), 0);
    }
}
