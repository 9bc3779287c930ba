//! What a program changes of a sender.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::WebhookEventName;
use super::webhook::{all_events, webhook_changes};
use crate::domain::{ProjectId, SenderId, ShownName, Signatures, Timestamp, WebhookSecret};
use crate::store::{StoreError, WebhookTarget, Writer};
use crate::web::WebState;
use crate::web::api::error::{ApiError, Problem};
use crate::web::api::request::{Fields, present};
use crate::web::api::webhooks::{Changes, SignatureVersion};
use crate::webhooks::Webhooks;

/// What changes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web::api) struct UpdateSender {
    #[schema(max_length = 100)]
    name: Option<String>,
    set_as_default: Option<bool>,
    /// Null removes the webhook
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    webhook_url: Option<Option<String>>,
    #[schema(value_type = Option<Vec<WebhookEventName>>)]
    webhook_events: Option<Vec<String>>,
    webhook_active: Option<bool>,
    /// From `v1` to `v2` by way of `v1+v2`
    #[schema(value_type = Option<SignatureVersion>)]
    webhook_signature_version: Option<String>,
}

/// The same, understood.
pub(super) struct Update {
    pub(super) name: Option<ShownName>,
    pub(super) is_default: bool,
    removes_webhook: bool,
    webhook: Changes,
}

impl Update {
    /// What is to change.
    ///
    /// # Errors
    /// With everything that is wrong.
    pub(super) fn read(state: &WebState, asked: &UpdateSender) -> Result<Self, ApiError> {
        let mut fields = Fields::default();
        let name = fields.read("name", asked.name.as_deref(), str::parse::<ShownName>);
        let url = asked.webhook_url.as_ref().and_then(Option::as_deref);
        let webhook = webhook_changes(
            state,
            &mut fields,
            (url, asked.webhook_events.as_ref()),
            (asked.webhook_signature_version.as_deref(), asked.webhook_active),
        );
        if asked.set_as_default == Some(false) {
            fields.refuse("setAsDefault", "Make another sender the default in its place.");
        }
        fields.check()?;
        Ok(Self {
            name,
            is_default: asked.set_as_default == Some(true),
            removes_webhook: asked.webhook_url == Some(None),
            webhook,
        })
    }

    pub(super) fn changes_webhook(&self) -> bool {
        let Changes { url, events, active, signatures } = &self.webhook;
        self.removes_webhook
            || url.is_some()
            || events.is_some()
            || active.is_some()
            || signatures.is_some()
    }

    /// Changes the webhook. Tells the secret of one that was made.
    pub(super) fn webhook(
        &self,
        writer: &Writer<'_>,
        webhooks: &Webhooks,
        (project, id): (&ProjectId, &SenderId),
        now: Timestamp,
    ) -> Result<Result<Option<WebhookSecret>, Problem>, StoreError> {
        let changes = &self.webhook;
        if self.removes_webhook {
            writer.remove_webhook_of(id)?;
            return Ok(Ok(None));
        }
        if let Some(known) = writer.webhook_of_sender(id)? {
            let target = match changes.applied_to(&known.target, "webhookSignatureVersion") {
                Ok(target) => target,
                Err(problem) => return Ok(Err(problem)),
            };
            writer.set_webhook_target(&known.id, &target, now)?;
            if changes.active == Some(true) {
                writer.resume_webhook(&known.id, now)?;
            }
            return Ok(Ok(None));
        }
        let Some(url) = &changes.url else {
            let problem = Problem::of("webhookUrl", "Is needed for a webhook.");
            return Ok(if self.changes_webhook() { Err(problem) } else { Ok(None) });
        };
        let target = WebhookTarget {
            url: url.clone(),
            events: changes.events.clone().unwrap_or_else(all_events),
            is_active: changes.active.unwrap_or(true),
            signatures: changes.signatures.unwrap_or(Signatures::V2),
        };
        webhooks.put(writer, (project, Some(id)), &target, now).map(|secret| Ok(Some(secret)))
    }
}
