//! A daemon in whose project somebody of each role is at work.

use zavud::clock::{Clock as _, SystemClock};
use zavud::config::Config;
use zavud::domain::{AuditAction, Role, SenderId};
use zavud::onboarding::token_of;
use zavud::store::{AuditFilter, Connected, NewSender};

use crate::support::{Answer, Browsing, TestDaemon};

pub(super) struct Office {
    pub(super) daemon: TestDaemon,
}

impl Office {
    pub(super) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub(super) async fn open_with(adjust: impl FnOnce(&mut Config)) -> Self {
        Self { daemon: TestDaemon::start_deaf(adjust).await }
    }

    /// Somebody of this role, signed in.
    pub(super) async fn sign_in(&self, role: Role) -> Browsing {
        let daemon = &self.daemon.daemon;
        Browsing::signed_in(daemon.web_address(), &daemon.store, &self.daemon.invited.project, role)
            .await
    }

    /// Where a page of the project is.
    pub(super) fn at(&self, path: &str) -> String {
        format!("/p/{}{path}", self.daemon.invited.project)
    }

    /// Sends a form of the page at `page` to `action`.
    pub(super) async fn submit(
        &self,
        who: &mut Browsing,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        who.submit(&self.at(page), &self.at(action), fields).await
    }

    /// What was done in the project, oldest first, and to what.
    pub(super) async fn audit(&self) -> Vec<(AuditAction, String)> {
        let project = self.daemon.invited.project.clone();
        let read =
            self.daemon.daemon.store.read(move |reader| {
                reader.audit_entries(&project, &AuditFilter::default(), None, 100)
            });
        let entries = read.await.unwrap().into_iter().rev();
        entries.map(|entry| (entry.action, entry.subject.unwrap_or_default())).collect()
    }

    /// A sender of the project, connected by its invitation.
    pub(super) async fn connect(&self, index: u8) -> SenderId {
        let id = SenderId::new(SystemClock.now(), [index; 10]);
        let token =
            self.daemon.daemon.seal.seal(&token_of(id.as_str()), b"EAAJ-t0ken", [index; 24]);
        let sender = NewSender {
            id: id.clone(),
            project: self.daemon.invited.project.clone(),
            invitation: self.daemon.invited.invitation.clone(),
            created_at: SystemClock.now(),
            connected: Connected {
                name: format!("Caf\u{e9} <{index}>"),
                phone_number: format!("+1555010020{index}").parse().unwrap(),
                account: "102290129340398".into(),
                number: format!("10654035224292{index}"),
                token,
                pin: None,
            },
        };
        self.daemon.daemon.store.write(move |writer| writer.put_sender(&sender)).await.unwrap();
        id
    }
}

/// Whether a page says that something is wrong with this field.
pub(super) fn is_wrong(page: &Answer, field: &str) -> bool {
    page.status == 422 && page.text().contains(&format!("id=\"{field}-error\""))
}

/// Whether a page has an element that shows this, whole.
pub(super) fn shows(page: &Answer, text: &str) -> bool {
    page.text().contains(text)
}
