//! What a program says of a sender that it names.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::WebhookEventName;
use super::webhook::{all_events, webhook_changes};
use crate::domain::{PhoneNumber, ProjectId, ShownName, Signatures};
use crate::store::{StoreError, WebhookTarget, Writer};
use crate::web::WebState;
use crate::web::api::error::{ApiError, Problem};
use crate::web::api::request::Fields;
use crate::web::api::webhooks::SignatureVersion;

/// A sender to be named, for a number of the project's that is not connected yet.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web::api) struct CreateSender {
    #[schema(max_length = 100)]
    name: String,
    /// E.164
    #[schema(example = "+15551234567")]
    phone_number: Option<String>,
    set_as_default: Option<bool>,
    webhook_url: Option<String>,
    #[schema(value_type = Option<Vec<WebhookEventName>>)]
    webhook_events: Option<Vec<String>>,
    #[schema(value_type = Option<SignatureVersion>)]
    webhook_signature_version: Option<String>,
}

/// The same, understood.
pub(super) struct NewSender {
    pub(super) name: ShownName,
    pub(super) phone_number: PhoneNumber,
    pub(super) is_default: bool,
    pub(super) webhook: Option<WebhookTarget>,
}

impl NewSender {
    /// What is wanted.
    ///
    /// # Errors
    /// With everything that is wrong.
    pub(super) fn read(state: &WebState, asked: &CreateSender) -> Result<Self, ApiError> {
        let mut fields = Fields::default();
        let name = fields.read("name", Some(&asked.name), str::parse::<ShownName>);
        let number = fields.read("phoneNumber", asked.phone_number.as_deref(), |text| {
            text.parse::<PhoneNumber>().map_err(|_| "must be E.164, such as +15551234567")
        });
        if asked.phone_number.is_none() {
            fields.refuse("phoneNumber", "Is needed: WhatsApp is the only channel here.");
        }
        let changes = webhook_changes(
            state,
            &mut fields,
            (asked.webhook_url.as_deref(), asked.webhook_events.as_ref()),
            (asked.webhook_signature_version.as_deref(), None),
        );
        if changes.url.is_none() && (changes.events.is_some() || changes.signatures.is_some()) {
            fields.refuse("webhookUrl", "Is needed for a webhook.");
        }
        fields.check()?;
        let (Some(name), Some(phone_number)) = (name, number) else {
            return Err(ApiError::Invalid(Vec::new()));
        };
        let webhook = changes.url.map(|url| WebhookTarget {
            url,
            events: changes.events.unwrap_or_else(all_events),
            is_active: true,
            signatures: changes.signatures.unwrap_or(Signatures::V2),
        });
        let is_default = asked.set_as_default == Some(true);
        Ok(Self { name, phone_number, is_default, webhook })
    }
}

/// Makes sure that a sender may be named for a number. In a test there are no numbers, so any will do.
pub(super) fn free_number(
    writer: &Writer<'_>,
    project: &ProjectId,
    number: &PhoneNumber,
    is_test: bool,
) -> Result<Result<(), Problem>, StoreError> {
    let is_ours = writer.own_number(number)?.is_some_and(|own| own.project == *project);
    if !is_ours && !is_test {
        return Ok(Err(Problem::of("phoneNumber", "Is not an active number of the project.")));
    }
    Ok(match writer.named_sender_with(project, number)? {
        Some(holder) => {
            let message = format!("Belongs to the sender {} already.", holder.id);
            Err(Problem::of("phoneNumber", message))
        }
        None => Ok(()),
    })
}
