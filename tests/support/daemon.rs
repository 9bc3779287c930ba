//! A daemon on free loopback ports, with a database of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;
use zavud::cli::page_watcher::PageWatcher;
use zavud::clock::{Clock, SystemClock};
use zavud::config::Config;
use zavud::daemon::{Daemon, Surroundings};
use zavud::domain::{
    Actor, CallOutcome, EventId, InvitationId, InvitationStatus, InvitationToken, Language,
    PhoneNumber, PhoneNumberId, ProjectId, Redirects, Timestamp,
};
use zavud::onboarding::invite;
use zavud::speech::SpeechModel;
use zavud::store::{NewConnection, NewInvitation, NewPhoneNumber, NewProject, Store};

use super::{DeafModel, PATIENCE};

/// The number that is pre-assigned to the invitation.
pub(crate) const NUMBER: &str = "+15550100123";

/// An invitation to connect that number.
#[derive(Debug, Clone)]
pub(crate) struct Invited {
    pub(crate) project: ProjectId,
    pub(crate) invitation: InvitationId,
    pub(crate) token: InvitationToken,
}

impl Invited {
    /// Makes a project, a number and an invitation that can be used for a week.
    pub(crate) async fn make(store: &Store, now: Timestamp) -> Self {
        let project =
            NewProject { id: ProjectId::new(now, [1; 10]), name: "Acme".into(), created_at: now };
        let number = NewPhoneNumber {
            id: PhoneNumberId::new(now, [2; 10]),
            project: project.id.clone(),
            number: NUMBER.parse().unwrap(),
            created_at: now,
        };
        let invitation = NewInvitation {
            id: InvitationId::new(now, [3; 10]),
            project: project.id.clone(),
            token: InvitationToken::new([4; 20]),
            client_name: None,
            client_email: None,
            language: Some("en".parse::<Language>().unwrap()),
            connection: NewConnection::Preassigned(number.id.clone()),
            countries: None,
            redirects: Redirects::default(),
            created_at: now,
            expires_at: now + Duration::from_secs(7 * 24 * 60 * 60),
        };
        let invited = Self {
            project: project.id.clone(),
            invitation: invitation.id.clone(),
            token: invitation.token.clone(),
        };
        let insert = store.write(move |writer| {
            writer.insert_project(&project)?;
            writer.insert_phone_number(&number)?;
            invite(writer, &invitation, Actor::Partner)
        });
        insert.await.unwrap().unwrap();
        invited
    }
}

pub(crate) struct TestDaemon {
    pub(crate) daemon: Daemon,
    pub(crate) invited: Invited,
    /// How many invitations were made besides that one.
    made: AtomicU8,
    directory: TempDir,
}

impl TestDaemon {
    /// With the real clock and a model that hears nothing.
    pub(crate) async fn start() -> Self {
        Self::start_deaf(|_| {}).await
    }

    /// With the model that is shipped.
    pub(crate) async fn start_reading() -> Self {
        Self::start_with(Arc::new(SystemClock), super::real_model(), |_| {}).await
    }

    /// With the real clock, a model that hears nothing, and another configuration.
    pub(crate) async fn start_deaf(adjust: impl FnOnce(&mut Config)) -> Self {
        Self::start_with(Arc::new(SystemClock), Box::new(DeafModel), adjust).await
    }

    /// With everything given; `adjust` changes the shipped configuration.
    pub(crate) async fn start_with(
        clock: Arc<dyn Clock>,
        model: Box<dyn SpeechModel>,
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::shipped(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.sip.listen = any_port;
        config.web.listen = any_port;
        config.store.path = directory.path().join("zavud.db");
        adjust(&mut config);
        let now = clock.now();
        let daemon =
            Daemon::start(&config, Surroundings { clock, model: Some(model) }).await.unwrap();
        let invited = Invited::make(&daemon.store, now).await;
        Self { daemon, invited, made: AtomicU8::new(0), directory }
    }

    pub(crate) fn link(&self) -> String {
        self.link_of(&self.invited)
    }

    pub(crate) fn link_of(&self, invited: &Invited) -> String {
        format!("http://{}/i/{}", self.daemon.web_address(), invited.token.expose())
    }

    /// The link of an invitation to connect like this.
    pub(crate) async fn invite_to(&self, connection: NewConnection) -> String {
        self.link_of(&self.invite(connection, None).await)
    }

    /// An invitation to connect like this, for somebody who speaks this language.
    pub(crate) async fn invite(
        &self,
        connection: NewConnection,
        language: Option<&str>,
    ) -> Invited {
        self.invite_with(connection, |new| {
            new.language = language.map(|language| language.parse().unwrap());
        })
        .await
    }

    /// An invitation to connect like this, otherwise as it is adjusted.
    pub(crate) async fn invite_with(
        &self,
        connection: NewConnection,
        adjust: impl FnOnce(&mut NewInvitation),
    ) -> Invited {
        let now = SystemClock.now();
        let index = 100 + self.made.fetch_add(1, Ordering::SeqCst);
        let mut invitation = NewInvitation {
            id: InvitationId::new(now, [index; 10]),
            project: self.invited.project.clone(),
            token: InvitationToken::new([index; 20]),
            client_name: None,
            client_email: None,
            language: None,
            connection,
            countries: None,
            redirects: Redirects::default(),
            created_at: now,
            expires_at: now + Duration::from_secs(24 * 60 * 60),
        };
        adjust(&mut invitation);
        let invited = Invited {
            project: invitation.project.clone(),
            invitation: invitation.id.clone(),
            token: invitation.token.clone(),
        };
        let write =
            self.daemon.store.write(move |writer| invite(writer, &invitation, Actor::Partner));
        write.await.unwrap().unwrap();
        invited
    }

    /// A number of the project's, to be pre-assigned.
    pub(crate) async fn add_number(&self, number: &str) -> NewConnection {
        let now = SystemClock.now();
        let number: PhoneNumber = number.parse().unwrap();
        let index = 100 + self.made.fetch_add(1, Ordering::SeqCst);
        let id = PhoneNumberId::new(now, [index; 10]);
        let new = NewPhoneNumber {
            id: id.clone(),
            project: self.invited.project.clone(),
            number,
            created_at: now,
        };
        self.daemon.store.write(move |writer| writer.insert_phone_number(&new)).await.unwrap();
        NewConnection::Preassigned(id)
    }

    /// Opens the invitation page's events.
    pub(crate) async fn watch(&self, after: Option<EventId>) -> PageWatcher {
        PageWatcher::open(&self.link(), after).await.unwrap()
    }

    /// How the invitation's calls ended so far.
    pub(crate) async fn outcomes(&self) -> Vec<Option<CallOutcome>> {
        let invitation = self.invited.invitation.clone();
        self.daemon.store.read(move |reader| reader.call_outcomes(&invitation)).await.unwrap()
    }

    /// Waits until the only call has an outcome, and tells it.
    pub(crate) async fn outcome(&self) -> CallOutcome {
        self.outcomes_of(1).await[0]
    }

    /// Waits until that many calls were made and each has an outcome, and tells them.
    pub(crate) async fn outcomes_of(&self, calls: usize) -> Vec<CallOutcome> {
        let mut changes = self.daemon.feed.subscribe(&self.invited.invitation);
        loop {
            let outcomes: Vec<_> = self.outcomes().await.into_iter().flatten().collect();
            if outcomes.len() == calls {
                return outcomes;
            }
            timeout(PATIENCE, changes.changed()).await.expect("the calls end");
        }
    }

    /// What the invitation was and is, in order.
    pub(crate) async fn statuses(&self) -> Vec<InvitationStatus> {
        let invitation = self.invited.invitation.clone();
        let steps = self.daemon.store.read(move |reader| reader.steps_of(&invitation)).await;
        steps.unwrap().iter().map(|step| step.to).collect()
    }

    /// How often the number is known to have been verified.
    pub(crate) async fn attempts(&self) -> usize {
        let number = NUMBER.parse().unwrap();
        let read = self.daemon.store.read(move |reader| {
            let own = reader.own_number(&number)?.unwrap();
            reader.attempts_of(&own.id, Timestamp::from_unix_millis(0))
        });
        read.await.unwrap().len()
    }

    /// Where an operator asks it.
    pub(crate) fn control_socket(&self) -> PathBuf {
        self.directory.path().join("zavud.sock")
    }

    /// The recordings on the disk.
    pub(crate) fn recordings(&self) -> Vec<PathBuf> {
        recordings_of(&self.directory.path().join("zavud.db"))
    }

    /// Waits until a recording holds audio.
    pub(crate) async fn something_is_recorded(&self) {
        let is_begun = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
        while !self.recordings().iter().any(is_begun) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops it, and tells which recordings are left on the disk.
    pub(crate) async fn recordings_left(self) -> Vec<PathBuf> {
        self.daemon.stop().await;
        recordings_of(&self.directory.path().join("zavud.db"))
    }

    /// The files of the database. The control socket lies beside them and cannot be read.
    pub(crate) fn database_files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
    }
}

/// The recordings that lie beside a database.
pub(crate) fn recordings_of(database: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(database.with_extension("recordings")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
