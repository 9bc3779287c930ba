//! A sender as programs see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{WebhookEventKind, WebhookSecret, WebhookUrl};
use crate::store::{NamedSender, Reader, StoreError, Webhook, WebhookTarget};
use crate::web::api::webhooks::SignatureVersion;

/// A sender.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web::api) struct Sender {
    pub(super) id: String,
    name: String,
    /// E.164
    phone_number: String,
    /// What it can send on: empty as long as its number is not connected
    #[schema(value_type = Vec<String>)]
    channels: Vec<&'static str>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    is_default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    webhook: Option<SenderWebhook>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    whatsapp: Option<SenderWhatsapp>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SenderWhatsapp {
    display_phone_number: String,
    /// Meta's name of the number
    phone_number_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SenderWebhook {
    url: String,
    #[schema(value_type = Vec<WebhookEventName>)]
    events: Vec<&'static str>,
    active: bool,
    #[schema(value_type = SignatureVersion)]
    signature_version: &'static str,
    /// Shown when it is made
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
}

/// What can be told at a sender.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is here for the documentation")]
pub(super) enum WebhookEventName {
    #[serde(rename = "invitation.status_changed")]
    InvitationStatusChanged,
    #[serde(rename = "message.queued")]
    MessageQueued,
    #[serde(rename = "message.sent")]
    MessageSent,
    #[serde(rename = "message.delivered")]
    MessageDelivered,
    #[serde(rename = "message.read")]
    MessageRead,
    #[serde(rename = "message.failed")]
    MessageFailed,
    #[serde(rename = "message.inbound")]
    MessageInbound,
}

/// A sender with its webhook.
pub(super) fn shown(
    reader: &Reader<'_>,
    sender: NamedSender,
    is_test: bool,
) -> Result<Sender, StoreError> {
    let webhook = reader.webhook_of_sender(&sender.id)?;
    // In a test nothing is connected, and messages go nowhere.
    let sends = sender.number.is_some() || is_test;
    let display_phone_number = sender.phone_number.to_string();
    Ok(Sender {
        id: sender.id.to_string(),
        name: sender.name,
        phone_number: sender.phone_number.to_string(),
        channels: if sends { vec!["whatsapp"] } else { Vec::new() },
        created_at: sender.created_at.to_string(),
        updated_at: sender.updated_at.to_string(),
        is_default: sender.is_default,
        webhook: webhook.as_ref().map(SenderWebhook::of),
        whatsapp: sender
            .number
            .map(|phone_number_id| SenderWhatsapp { display_phone_number, phone_number_id }),
    })
}

impl Sender {
    /// With the secret of a webhook that was made.
    pub(super) fn with_secret(mut self, secret: Option<&WebhookSecret>) -> Self {
        if let (Some(webhook), Some(secret)) = (&mut self.webhook, secret) {
            webhook.secret = Some(secret.expose().to_owned());
        }
        self
    }
}

impl SenderWebhook {
    fn of(webhook: &Webhook) -> Self {
        let WebhookTarget { url, events, is_active, signatures } = &webhook.target;
        Self {
            url: WebhookUrl::as_str(url).to_owned(),
            events: events.iter().map(WebhookEventKind::as_str).collect(),
            active: *is_active && webhook.paused_at.is_none(),
            signature_version: signatures.as_str(),
            secret: None,
        }
    }
}
