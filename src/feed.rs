//! Live updates: tells open pages that something they may show has changed, of one invitation or of a
//! whole project.
//!
//! A hint, not the news itself: a page that wakes up reads what it missed from the store. So any number
//! of hints may be lost without a page losing anything, and a slow page costs no memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::{InvitationId, ProjectId};

/// The hints of all invitations and projects that somebody looks at.
#[derive(Debug, Default, Clone)]
pub struct Feed {
    invitations: Topics<InvitationId>,
    projects: Topics<ProjectId>,
}

impl Feed {
    /// Wakes the pages of `invitation`. Call it after the commit, never before.
    pub fn publish(&self, invitation: &InvitationId) {
        self.invitations.publish(invitation);
    }

    /// Wakes the pages that show anything of `project`. Call it after the commit, never before.
    pub fn publish_project(&self, project: &ProjectId) {
        self.projects.publish(project);
    }

    /// From now on, hints about `invitation`. Subscribe first and read the store then: in the
    /// other order a change in between would be missed.
    pub fn subscribe(&self, invitation: &InvitationId) -> Subscription<InvitationId> {
        self.invitations.subscribe(invitation)
    }

    /// From now on, hints about anything of `project`.
    pub fn subscribe_project(&self, project: &ProjectId) -> Subscription<ProjectId> {
        self.projects.subscribe(project)
    }
}

/// The hints of one kind, by what they are about.
#[derive(Debug)]
struct Topics<K>(Arc<Mutex<HashMap<K, watch::Sender<()>>>>);

impl<K> Default for Topics<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K> Clone for Topics<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Clone> Topics<K> {
    fn publish(&self, topic: &K) {
        if let Some(pages) = self.lock().get(topic) {
            pages.send_replace(());
        }
    }

    fn subscribe(&self, topic: &K) -> Subscription<K> {
        let hints =
            self.lock().entry(topic.clone()).or_insert_with(|| watch::Sender::new(())).subscribe();
        Subscription { hints, topic: topic.clone(), topics: self.clone() }
    }
}

impl<K> Topics<K> {
    /// No code panics while it holds the lock, so a poisoned map is still whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One page's subscription; it ends when it is dropped.
#[derive(Debug)]
pub struct Subscription<K: Eq + Hash> {
    hints: watch::Receiver<()>,
    topic: K,
    topics: Topics<K>,
}

impl<K: Eq + Hash> Subscription<K> {
    /// Waits for the next hint. Several that came meanwhile count as one.
    pub async fn changed(&mut self) {
        // The sender lives in the feed for as long as this subscription does.
        let _ = self.hints.changed().await;
    }
}

impl<K: Eq + Hash> Drop for Subscription<K> {
    fn drop(&mut self) {
        let mut watched = self.topics.lock();
        let is_last = watched.get(&self.topic).is_some_and(|pages| pages.receiver_count() <= 1);
        if is_last {
            watched.remove(&self.topic);
        }
    }
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
        feed.publish(&invitation(1));
        page.changed().await;
        assert!(!other.hints.has_changed().unwrap());
    }

    #[tokio::test]
    async fn forgets_an_invitation_when_its_last_page_is_closed() {
        let feed = Feed::default();
        let first = feed.subscribe(&invitation(1));
        let second = feed.subscribe(&invitation(1));
        drop(first);
        assert_eq!(feed.invitations.lock().len(), 1);
        drop(second);
        assert_eq!(feed.invitations.lock().len(), 0);
    }

    #[tokio::test]
    async fn wakes_the_pages_of_a_project_apart_from_those_of_its_invitations() {
        let (feed, project) = (Feed::default(), ProjectId::from_stored("prj_1".to_owned()));
        let mut page = feed.subscribe_project(&project);
        let invitation = feed.subscribe(&invitation(1));
        feed.publish_project(&project);
        page.changed().await;
        assert!(!invitation.hints.has_changed().unwrap());
    }
}
