//! The fields by which the webhook of a sender is told.

use crate::domain::{Signatures, WebhookEventKind, WebhookEvents};
use crate::web::WebState;
use crate::web::api::request::Fields;
use crate::web::api::webhooks::{Changes, webhook_url};

/// What is said of the webhook.
pub(super) fn webhook_changes(
    state: &WebState,
    fields: &mut Fields,
    (url, events): (Option<&str>, Option<&Vec<String>>),
    (signatures, active): (Option<&str>, Option<bool>),
) -> Changes {
    let events = events.map(|events| events.join(" "));
    Changes {
        url: fields.read("webhookUrl", url, |text| webhook_url(state, text)),
        events: fields.read("webhookEvents", events.as_deref(), str::parse::<WebhookEvents>),
        active,
        signatures: fields.read("webhookSignatureVersion", signatures, str::parse::<Signatures>),
    }
}

/// What is told where nothing is said.
pub(super) fn all_events() -> WebhookEvents {
    WebhookEventKind::ALL.into_iter().collect()
}
