//! A store with one project and two numbers, and short words for what is done with its invitations.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use zavud::domain::{
    Actor, InvitationId, InvitationStatus, InvitationToken, PhoneNumberId, ProjectId, Redirects,
    Timestamp,
};
use zavud::onboarding::{Refusal, Step, invite, take_step};
use zavud::store::{
    Change, NewConnection, NewInvitation, NewLink, NewPhoneNumber, NewProject, RecordedStep, Store,
};

pub(crate) const NOW: Timestamp = Timestamp::from_unix_millis(1_795_000_000_000);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What an invitation was before it was made, and what it is now.
pub(crate) type Move = (Option<InvitationStatus>, InvitationStatus);

pub(crate) struct Desk {
    pub(crate) store: Arc<Store>,
    /// What pages were told.
    pub(crate) told: Arc<Mutex<Vec<Change>>>,
    directory: TempDir,
}

pub(crate) fn project() -> ProjectId {
    ProjectId::new(NOW, [1; 10])
}

pub(crate) fn number(index: u8) -> PhoneNumberId {
    PhoneNumberId::new(NOW, [index; 10])
}

pub(crate) fn id(index: u8) -> InvitationId {
    InvitationId::new(NOW, [index; 10])
}

pub(crate) fn token(index: u8) -> InvitationToken {
    InvitationToken::new([index; 20])
}

/// A step that gives a link with this token for so many days.
pub(crate) fn resend(index: u8, now: Timestamp, days: u32) -> Step {
    Step::Resend(NewLink { token: token(index), expires_at: now + DAY * days })
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::new(open(&directory, &told));
        let fill = store.write(|writer| {
            let name = "Acme".to_owned();
            writer.insert_project(&NewProject { id: project(), name, created_at: NOW })?;
            (0..2).try_for_each(|index| {
                writer.insert_phone_number(&NewPhoneNumber {
                    id: number(index),
                    project: project(),
                    number: format!("+1555010010{index}").parse().unwrap(),
                    created_at: NOW,
                })
            })
        });
        fill.await.unwrap();
        Self { store, told, directory }
    }

    /// As a daemon that was ended and started again.
    pub(crate) fn reopen(self) -> Self {
        let Self { store, told, directory } = self;
        drop(store);
        let store = Arc::new(open(&directory, &told));
        Self { store, told, directory }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.directory.path().join("zavud.db")
    }

    pub(crate) async fn invite(
        &self,
        index: u8,
        phone_number: Option<u8>,
        now: Timestamp,
        days: u32,
    ) -> Result<(), Refusal> {
        let ours = phone_number.map(number).map(NewConnection::Preassigned);
        self.invite_to(index, ours.unwrap_or(NewConnection::ClientNumber), now, days).await
    }

    pub(crate) async fn invite_to(
        &self,
        index: u8,
        connection: NewConnection,
        now: Timestamp,
        days: u32,
    ) -> Result<(), Refusal> {
        let invitation = NewInvitation {
            id: id(index),
            project: project(),
            token: token(index),
            client_name: None,
            client_email: None,
            language: None,
            connection,
            countries: None,
            redirects: Redirects::default(),
            created_at: now,
            expires_at: now + DAY * days,
        };
        let write = self.store.write(move |writer| invite(writer, &invitation, Actor::Partner));
        write.await.unwrap()
    }

    pub(crate) async fn take(
        &self,
        index: u8,
        step: Step,
        now: Timestamp,
    ) -> Result<InvitationStatus, Refusal> {
        let actor = match step {
            Step::Begin | Step::Complete | Step::Fail(_) => Actor::Client,
            Step::Cancel | Step::Resend(_) => Actor::Partner,
        };
        let write =
            self.store.write(move |writer| take_step(writer, &id(index), &step, actor, now));
        write.await.unwrap()
    }

    /// Where the link with this token leads at `now`.
    pub(crate) async fn link(&self, index: u8, now: Timestamp) -> Option<InvitationStatus> {
        let read = self.store.read(move |reader| reader.invitation_by_token(&token(index), now));
        read.await.unwrap().map(|invitation| invitation.status)
    }

    /// The audit log of an invitation.
    pub(crate) async fn steps(&self, index: u8) -> Vec<RecordedStep> {
        self.store.read(move |reader| reader.steps_of(&id(index))).await.unwrap()
    }

    /// The same without who and when.
    pub(crate) async fn moves(&self, index: u8) -> Vec<Move> {
        self.steps(index).await.iter().map(|step| (step.from, step.to)).collect()
    }

    /// How often pages of an invitation were told that something happened.
    pub(crate) fn told_of(&self, index: u8) -> usize {
        let told = self.told.lock().unwrap();
        told.iter()
            .filter(|change| change.of.as_ref().is_some_and(|(of, _)| *of == id(index)))
            .count()
    }
}

fn open(directory: &TempDir, told: &Arc<Mutex<Vec<Change>>>) -> Store {
    let told = Arc::clone(told);
    let on_commit = Box::new(move |change: &Change| told.lock().unwrap().push(change.clone()));
    Store::open(&directory.path().join("zavud.db"), on_commit).unwrap()
}
