//! Tells partners' programs of changes, by the events that lie in the store: at least once, what is about
//! the same invitation or message in order, and none is lost.
//!
//! [`signature`], [`schedule`], [`turn`] and [`reach`] are pure: how a receiver knows us, when it is tried
//! again, whose turn it is, and which addresses may be asked at all. [`request`] asks one receiver once.
//! [`deliveries`] is the task that does so for all, and [`Webhooks`] what a partner sets up. What has to be
//! told is decided in `onboarding`.

mod deliveries;
mod reach;
mod request;
mod schedule;
mod signature;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;

use crate::domain::{ProjectId, Sealed, SenderId, Timestamp, WebhookId, WebhookSecret, WebhookUrl};
use crate::seal::{CannotOpen, Seal};
use crate::store::{NewWebhook, Reader, StoreError, Webhook, WebhookTarget, Writer};

pub use deliveries::{Deliveries, DeliverySetup};
pub use reach::{Forbidden, Reach};
pub use signature::signature;

/// So long the secret before signs as well, for receivers that have not heard of the new one.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// What a partner sets up.
#[derive(Debug)]
pub struct Webhooks {
    seal: Arc<Seal>,
    reach: Arc<Reach>,
}

impl Webhooks {
    pub fn new(seal: Arc<Seal>, reach: Arc<Reach>) -> Self {
        Self { seal, reach }
    }

    /// Whether a receiver at this address may be asked, as far as that can be told without resolving it.
    ///
    /// # Errors
    /// When it may not.
    pub fn check(&self, url: &WebhookUrl) -> Result<(), Forbidden> {
        self.reach.check(url)
    }

    /// Makes the webhook of a project's invitations, or of a sender; one that is there gets another target,
    /// and keeps its secret. Tells the secret.
    ///
    /// # Errors
    /// When the store refuses, or the secret that is there can not be opened.
    pub fn put(
        &self,
        writer: &Writer<'_>,
        (project, sender): (&ProjectId, Option<&SenderId>),
        target: &WebhookTarget,
        now: Timestamp,
    ) -> Result<WebhookSecret, StoreError> {
        if let Some(webhook) = found(writer, project, sender)? {
            writer.set_webhook_target(&webhook.id, target, now)?;
            writer.resume_webhook(&webhook.id, now)?;
            return self.secret(&webhook);
        }
        let id = WebhookId::new(now, rand::rng().random());
        let (secret, sealed) = self.new_secret(&id);
        writer.insert_webhook(&NewWebhook {
            id,
            project: project.clone(),
            sender: sender.cloned(),
            target: target.clone(),
            secret: sealed,
            created_at: now,
        })?;
        Ok(secret)
    }

    /// Gives a webhook another secret, and tells it. For a day the one before signs as well.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn rotate_secret(
        &self,
        writer: &Writer<'_>,
        webhook: &Webhook,
        now: Timestamp,
    ) -> Result<WebhookSecret, StoreError> {
        let (secret, sealed) = self.new_secret(&webhook.id);
        let secrets = (&sealed, &webhook.secret);
        writer.rotate_webhook_secret(&webhook.id, secrets, (now, now + OVERLAP))?;
        Ok(secret)
    }

    fn new_secret(&self, webhook: &WebhookId) -> (WebhookSecret, Sealed) {
        let secret = WebhookSecret::new(rand::rng().random());
        let nonce = rand::rng().random();
        let sealed = self.seal.seal(&owner(webhook), secret.expose().as_bytes(), nonce);
        (secret, sealed)
    }

    fn secret(&self, webhook: &Webhook) -> Result<WebhookSecret, StoreError> {
        opened(&self.seal, &webhook.id, &webhook.secret)
            .map_err(|error| StoreError::Unexpected(error.to_string()))
    }
}

fn found(
    reader: &Reader<'_>,
    project: &ProjectId,
    sender: Option<&SenderId>,
) -> Result<Option<Webhook>, StoreError> {
    match sender {
        Some(sender) => reader.webhook_of_sender(sender),
        None => reader.webhook_of_invitations(project),
    }
}

/// Whose a sealed secret is.
fn owner(webhook: &WebhookId) -> String {
    format!("{webhook}.secret")
}

fn opened(seal: &Seal, webhook: &WebhookId, secret: &Sealed) -> Result<WebhookSecret, CannotOpen> {
    let bytes = seal.open(&owner(webhook), secret)?;
    String::from_utf8(bytes).map(WebhookSecret::from_text).map_err(|_| CannotOpen)
}
