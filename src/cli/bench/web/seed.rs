//! The database that is measured: a project with many invitations of all ages and statuses, and what
//! happened to them. The same for the same counts.

use std::time::Duration;

use anyhow::Context as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::accounts::admit;
use crate::clock::{Clock as _, SystemClock};
use crate::domain::{
    ApiKey, ApiKeyId, ApiMode, FailureReason, InvitationId, InvitationStatus, InvitationToken,
    ProjectId, Redirects, Role, Scopes, SecretToken, Timestamp,
};
use crate::store::{
    EventKind, NewApiKey, NewConnection, NewEvent, NewInvitation, NewProject, Store, StoreError,
    Writer,
};

/// Invitations that are written in one transaction.
const INVITATIONS_A_WRITE: u32 = 2_000;

/// How far back they go.
const AGE: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);

const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Names as they are searched for: each of the first ones goes with each of the second.
const FIRST: [&str; 8] = ["Acme", "Aurora", "Blue", "Café", "Delta", "Finca", "Nova", "Sul"];
const SECOND: [&str; 8] =
    ["Bakery", "Dental", "Fitness", "Hotel", "Motors", "Panadería", "Studio", "Viagens"];

/// What happens to an invitation, over and over.
const KINDS: [EventKind; 6] = [
    EventKind::SignupBegun,
    EventKind::SignupOpened,
    EventKind::CallRinging,
    EventKind::CallAnswered,
    EventKind::CodeRead,
    EventKind::CallEnded,
];

/// What the measurement has to know of it.
#[derive(Debug)]
pub(super) struct Seeded {
    pub(super) project: ProjectId,
    /// By which the partner sets a password.
    pub(super) link: SecretToken,
    /// A key of the API that may do everything.
    pub(super) key: String,
    /// The newest one, which is open.
    pub(super) newest: InvitationId,
}

/// Fills a database.
///
/// # Errors
/// When the store refuses.
pub(super) async fn fill(store: &Store, invitations: u32, events: u32) -> anyhow::Result<Seeded> {
    let now = SystemClock.now();
    let mut random = StdRng::seed_from_u64(6);
    let project = ProjectId::new(now - AGE, random.random());
    let new = NewProject { id: project.clone(), name: "Load".to_owned(), created_at: now - AGE };
    store.write(move |writer| writer.insert_project(&new)).await?;
    let step = AGE / invitations.max(1);
    let mut newest = None;
    for first in (0..invitations).step_by(INVITATIONS_A_WRITE as usize) {
        let last = invitations.min(first + INVITATIONS_A_WRITE);
        let made: Vec<_> = (first..last)
            .map(|index| {
                let at = now - step * (invitations - index);
                let events = share(events, invitations, index);
                Seed::new(&mut random, &project, index, at, events)
            })
            .collect();
        newest = made.last().map(|seed| seed.invitation.id.clone());
        let write =
            store.write(move |writer| made.iter().try_for_each(|seed| seed.write(writer, now)));
        write.await?;
    }
    let (of, email) = (project.clone(), "load@example.com".parse()?);
    let key = ApiKey::new(ApiMode::Live, random.random());
    let new = NewApiKey {
        id: ApiKeyId::new(now, random.random()),
        project: project.clone(),
        mode: ApiMode::Live,
        name: "Load".parse()?,
        key: key.clone(),
        scopes: Scopes::all(),
        created_at: now,
    };
    let admit = store.write(move |writer| {
        writer.insert_api_key(&new)?;
        admit(writer, &of, &email, Role::Owner, now)
    });
    let link = admit.await?.link.context("the partner has no password yet")?;
    let newest = newest.context("there are no invitations to measure")?;
    Ok(Seeded { project, link, key: key.expose().to_owned(), newest })
}

/// How many of all events happen to this invitation.
fn share(events: u32, invitations: u32, index: u32) -> u32 {
    let upto = |count: u32| u64::from(events) * u64::from(count) / u64::from(invitations);
    (upto(index + 1) - upto(index)) as u32
}

/// An invitation, and what became of it.
struct Seed {
    invitation: NewInvitation,
    status: InvitationStatus,
    events: u32,
}

impl Seed {
    fn new(
        random: &mut StdRng,
        project: &ProjectId,
        index: u32,
        at: Timestamp,
        events: u32,
    ) -> Self {
        let first = FIRST[random.random_range(0..FIRST.len())];
        let second = SECOND[random.random_range(0..SECOND.len())];
        let name = format!("{first} {second} {index}");
        let invitation = NewInvitation {
            id: InvitationId::new(at, random.random()),
            project: project.clone(),
            token: InvitationToken::new(random.random()),
            client_email: format!("client{index}@example.com").parse().ok(),
            client_name: Some(name),
            language: None,
            connection: NewConnection::ClientNumber,
            countries: None,
            redirects: Redirects::default(),
            created_at: at,
            expires_at: at + LIFETIME,
        };
        let status = match random.random_range(0..10) {
            0..6 => InvitationStatus::Completed,
            6 => InvitationStatus::Cancelled,
            7 => InvitationStatus::Failed,
            8 => InvitationStatus::InProgress,
            _ => InvitationStatus::Pending,
        };
        Self { invitation, status, events }
    }

    /// One whose time has run out has expired, as the daemon would have it; the newest are open.
    fn write(&self, writer: &Writer<'_>, now: Timestamp) -> Result<(), StoreError> {
        let NewInvitation { id, project, created_at, expires_at, .. } = &self.invitation;
        writer.insert_invitation(&self.invitation)?;
        let status = self.status.at(*expires_at, now);
        let failure = (status == InvitationStatus::Failed).then_some(FailureReason::Abandoned);
        writer.move_invitation(id, status, failure, *created_at)?;
        for index in 0..self.events {
            writer.append_event(&NewEvent {
                project: project.clone(),
                invitation: id.clone(),
                call: None,
                kind: KINDS[index as usize % KINDS.len()],
                at: *created_at + Duration::from_secs(u64::from(index) * 20),
                stage: None,
            })?;
        }
        Ok(())
    }
}
