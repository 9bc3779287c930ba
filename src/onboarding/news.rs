//! What a partner's programs have to be told: noted in the transaction of the change that it tells of,
//! so that none is lost. Who tells it is not known here.

use rand::RngExt as _;
use serde_json::{Value, json};

use crate::domain::{
    FailureReason, InvitationId, InvitationStatus, MessageStatus, ProjectId, SenderId, Timestamp,
    WebhookEventId, WebhookEventKind,
};
use crate::store::{InvitationRecord, Message, NewWebhookEvent, StoreError, Webhook, Writer};

/// The step that an invitation took.
pub(super) struct StatusNews {
    pub(super) from: InvitationStatus,
    pub(super) to: InvitationStatus,
    pub(super) failure: Option<FailureReason>,
    pub(super) at: Timestamp,
}

/// Notes that an invitation has another status.
///
/// # Errors
/// When the store refuses.
pub(super) fn tell_of_status(
    writer: &Writer<'_>,
    project: &ProjectId,
    invitation: &InvitationId,
    news: &StatusNews,
) -> Result<(), StoreError> {
    let kind = WebhookEventKind::InvitationStatusChanged;
    let webhooks = who_wants(writer, project, kind)?;
    if webhooks.is_empty() {
        return Ok(());
    }
    let record = writer.invitation_record(project, invitation, news.at)?;
    let record = record.ok_or_else(|| StoreError::Unexpected(format!("{invitation} has gone")))?;
    let told = Told {
        kind,
        project,
        sender: record.connected.as_ref().map(|account| account.sender.clone()),
        subject: invitation.as_str(),
        data: status_data(&record, news),
        at: news.at,
    };
    webhooks.iter().try_for_each(|webhook| told.note(writer, webhook))
}

/// The `data` of an `invitation.status_changed`.
fn status_data(record: &InvitationRecord, news: &StatusNews) -> Value {
    let mut data = json!({
        "invitationId": record.id.as_str(),
        "clientName": record.client_name,
        "clientEmail": record.client_email,
        "connectionType": record.connection.api_name(),
        "previousStatus": news.from.as_str(),
        "currentStatus": news.to.as_str(),
    });
    if let (InvitationStatus::Completed, Some(account)) = (news.to, &record.connected) {
        data["senderId"] = json!(account.sender);
        data["connectedAccount"] = match &account.number {
            Some(id) => json!({ "channel": "whatsapp", "id": id, "name": account.name }),
            None => Value::Null,
        };
    }
    if let Some(reason) = news.failure {
        data["failureReason"] = json!(reason.as_str());
    }
    data
}

/// Notes how far a message came.
///
/// # Errors
/// When the store refuses.
pub(super) fn tell_of_message(writer: &Writer<'_>, message: &Message) -> Result<(), StoreError> {
    let kind = match message.status {
        MessageStatus::Queued => WebhookEventKind::MessageQueued,
        MessageStatus::Sending => return Ok(()),
        MessageStatus::Sent => WebhookEventKind::MessageSent,
        MessageStatus::Delivered => WebhookEventKind::MessageDelivered,
        MessageStatus::Read => WebhookEventKind::MessageRead,
        MessageStatus::Failed => WebhookEventKind::MessageFailed,
        MessageStatus::Received => WebhookEventKind::MessageInbound,
    };
    let Some(webhook) = wanted(writer.webhook_of_sender(&message.sender)?, kind) else {
        return Ok(());
    };
    let told = Told {
        kind,
        project: &message.project,
        sender: Some(message.sender.to_string()),
        subject: message.id.as_str(),
        data: message_data(message),
        at: message.updated_at,
    };
    told.note(writer, &webhook)
}

fn message_data(message: &Message) -> Value {
    let (from, to) = match message.is_inbound {
        true => (&message.other_end, &message.own_end),
        false => (&message.own_end, &message.other_end),
    };
    json!({
        "messageId": message.id.as_str(),
        "status": message.status.as_str(),
        "channel": "whatsapp",
        "messageType": "text",
        "from": from.as_str(),
        "to": to.as_str(),
        "text": message.text,
        "providerMessageId": message.provider_id,
        "errorCode": message.error_code,
    })
}

/// Who wants to be told of something that happened to an invitation: whoever asked for all of a project,
/// and whoever asked for it at a sender.
fn who_wants(
    writer: &Writer<'_>,
    project: &ProjectId,
    kind: WebhookEventKind,
) -> Result<Vec<Webhook>, StoreError> {
    let webhooks = writer.webhooks(project)?;
    Ok(webhooks.into_iter().filter_map(|webhook| wanted(Some(webhook), kind)).collect())
}

fn wanted(webhook: Option<Webhook>, kind: WebhookEventKind) -> Option<Webhook> {
    webhook.filter(|webhook| webhook.target.is_active && webhook.target.events.contains(kind))
}

/// Something to be told to whoever wants it.
struct Told<'a> {
    kind: WebhookEventKind,
    project: &'a ProjectId,
    sender: Option<String>,
    subject: &'a str,
    data: Value,
    at: Timestamp,
}

impl Told<'_> {
    fn note(&self, writer: &Writer<'_>, webhook: &Webhook) -> Result<(), StoreError> {
        let id = WebhookEventId::new(self.at, rand::rng().random());
        let mut body = json!({
            "id": id.as_str(),
            "type": self.kind.as_str(),
            "timestamp": self.at.unix_millis(),
            "projectId": self.project.as_str(),
            "data": self.data,
        });
        let sender = webhook.sender.as_ref().map(SenderId::to_string).or(self.sender.clone());
        if let Some(sender) = sender {
            body["senderId"] = json!(sender);
        }
        writer.insert_webhook_event(&NewWebhookEvent {
            id,
            webhook: webhook.id.clone(),
            project: self.project.clone(),
            subject: self.subject.to_owned(),
            kind: self.kind,
            body: body.to_string(),
            at: self.at,
        })
    }
}
