//! Table `webhooks`: where partners are told of changes.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    ProjectId, Sealed, SenderId, Signatures, Timestamp, WebhookEvents, WebhookId, WebhookUrl,
};

use super::{Reader, StoreError, Writer};

/// Where somebody is told of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: WebhookId,
    pub project: ProjectId,
    /// `None`: it is that of the project's invitations.
    pub sender: Option<SenderId>,
    pub target: WebhookTarget,
    pub secret: Sealed,
    /// The one before, and until when it signs as well.
    pub earlier: Option<(Sealed, Timestamp)>,
    /// Since when nobody is told anything there, because nobody answered.
    pub paused_at: Option<Timestamp>,
}

/// What its owner says of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTarget {
    pub url: WebhookUrl,
    pub events: WebhookEvents,
    pub is_active: bool,
    pub signatures: Signatures,
}

/// A webhook to be made.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    pub id: WebhookId,
    pub project: ProjectId,
    pub sender: Option<SenderId>,
    pub target: WebhookTarget,
    pub secret: Sealed,
    pub created_at: Timestamp,
}

impl Writer<'_> {
    /// Makes a webhook.
    ///
    /// # Errors
    /// When there is one of the project's invitations or of the sender, or the database refuses.
    pub fn insert_webhook(&self, webhook: &NewWebhook) -> Result<(), StoreError> {
        let WebhookTarget { url, events, is_active, signatures } = &webhook.target;
        self.connection.execute(
            "INSERT INTO webhooks (id, project_id, sender_id, url, events, is_active, signatures,
                                   secret, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
            (
                webhook.id.as_str(),
                webhook.project.as_str(),
                webhook.sender.as_ref().map(SenderId::as_str),
                url.as_str(),
                events.to_string(),
                is_active,
                signatures.as_str(),
                webhook.secret.as_bytes(),
                webhook.created_at.unix_millis(),
            ),
        )?;
        Ok(())
    }

    /// Says something else of a webhook.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_webhook_target(
        &self,
        webhook: &WebhookId,
        target: &WebhookTarget,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE webhooks SET url = ?2, events = ?3, is_active = ?4, signatures = ?5,
                    updated_at = ?6
             WHERE id = ?1",
            (
                webhook.as_str(),
                target.url.as_str(),
                target.events.to_string(),
                target.is_active,
                target.signatures.as_str(),
                at.unix_millis(),
            ),
        )?;
        Ok(())
    }

    /// Gives a webhook another secret. The one that it has signs as well until `earlier_until`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rotate_webhook_secret(
        &self,
        webhook: &WebhookId,
        (secret, earlier): (&Sealed, &Sealed),
        (at, earlier_until): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE webhooks SET earlier_secret = ?3, earlier_until = ?4, secret = ?2,
                    updated_at = ?5
             WHERE id = ?1",
            (
                webhook.as_str(),
                secret.as_bytes(),
                earlier.as_bytes(),
                earlier_until.unix_millis(),
                at.unix_millis(),
            ),
        )?;
        Ok(())
    }

    /// Tells nobody anything there until [`Writer::resume_webhook`].
    ///
    /// # Errors
    /// When the database refuses.
    pub fn pause_webhook(&self, webhook: &WebhookId, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE webhooks SET paused_at = ?2 WHERE id = ?1 AND paused_at IS NULL",
            )?
            .execute((webhook.as_str(), at.unix_millis()))?;
        Ok(())
    }

    /// Goes on telling there, beginning with what was given up when it was paused.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn resume_webhook(&self, webhook: &WebhookId, now: Timestamp) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE webhook_events SET state = 'waiting', tries = 0, next_try_at = ?2,
                    settled_at = NULL
             WHERE webhook_id = ?1 AND state IN ('given_up', 'waiting')
               AND (state = 'waiting' OR settled_at >= (SELECT paused_at FROM webhooks
                                                        WHERE id = ?1))
               AND EXISTS (SELECT 1 FROM webhooks WHERE id = ?1 AND paused_at IS NOT NULL)",
            (webhook.as_str(), now.unix_millis()),
        )?;
        self.connection
            .execute("UPDATE webhooks SET paused_at = NULL WHERE id = ?1", [webhook.as_str()])?;
        Ok(())
    }

    /// Removes the webhook of a sender, with everything that it was to be told and was told.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_webhook_of(&self, sender: &SenderId) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM webhook_events
             WHERE webhook_id IN (SELECT id FROM webhooks WHERE sender_id = ?1)",
            [sender.as_str()],
        )?;
        self.connection.execute("DELETE FROM webhooks WHERE sender_id = ?1", [sender.as_str()])?;
        Ok(())
    }
}

const COLUMNS: &str = "id, project_id, sender_id, url, events, is_active, signatures, secret, \
                       earlier_secret, earlier_until, paused_at";

impl Reader<'_> {
    /// A webhook.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM webhooks WHERE id = ?1"))?;
        statement.query_row([id.as_str()], |row| Ok(columns(row))).optional()?.transpose()
    }

    /// The webhook of a project's invitations.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn webhook_of_invitations(
        &self,
        project: &ProjectId,
    ) -> Result<Option<Webhook>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM webhooks WHERE project_id = ?1 AND sender_id IS NULL"
        ))?;
        statement.query_row([project.as_str()], |row| Ok(columns(row))).optional()?.transpose()
    }

    /// The webhook of a sender.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn webhook_of_sender(&self, sender: &SenderId) -> Result<Option<Webhook>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM webhooks WHERE sender_id = ?1"))?;
        statement.query_row([sender.as_str()], |row| Ok(columns(row))).optional()?.transpose()
    }

    /// All webhooks of a project: that of its invitations first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn webhooks(&self, project: &ProjectId) -> Result<Vec<Webhook>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM webhooks WHERE project_id = ?1
             ORDER BY sender_id IS NOT NULL, id"
        ))?;
        let rows = statement.query_map([project.as_str()], |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }
}

fn columns(row: &Row<'_>) -> Result<Webhook, StoreError> {
    let text = |index| row.get::<_, String>(index);
    let earlier: Option<Vec<u8>> = row.get(8)?;
    let until: Option<i64> = row.get(9)?;
    Ok(Webhook {
        id: WebhookId::from_stored(text(0)?),
        project: ProjectId::from_stored(text(1)?),
        sender: row.get::<_, Option<String>>(2)?.map(SenderId::from_stored),
        target: WebhookTarget {
            url: text(3)?.parse().map_err(StoreError::unexpected)?,
            events: text(4)?.parse().map_err(StoreError::unexpected)?,
            is_active: row.get(5)?,
            signatures: text(6)?.parse().map_err(StoreError::unexpected)?,
        },
        secret: Sealed::from_bytes(row.get(7)?),
        earlier: earlier.zip(until).map(|(secret, until)| {
            (Sealed::from_bytes(secret), Timestamp::from_unix_millis(until))
        }),
        paused_at: row.get::<_, Option<i64>>(10)?.map(Timestamp::from_unix_millis),
    })
}
