//! `/v1/invitations/webhook`: where a partner's programs are told of the invitations of a project.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Caller;
use super::error::{ApiError, Problem, Problems};
use super::once::{Answered, Done, IdempotencyKey, Once};
use super::request::{Body, Fields};
use crate::domain::{
    AuditAction, Scope, Signatures, WebhookEventKind, WebhookEvents, WebhookSecret, WebhookUrl,
};
use crate::store::{Webhook, WebhookTarget, Writer};
use crate::web::WebState;

/// What can be told of invitations.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is here for the documentation")]
enum InvitationWebhookEvent {
    #[serde(rename = "invitation.status_changed")]
    StatusChanged,
}

/// Where to tell it, and what.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutInvitationWebhook {
    /// An address over https
    url: String,
    #[schema(value_type = Vec<InvitationWebhookEvent>)]
    events: Vec<String>,
    /// By which signatures a receiver knows us: `v2` when nothing is said
    #[schema(value_type = Option<SignatureVersion>)]
    signature_version: Option<String>,
}

/// What changes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UpdateInvitationWebhook {
    url: Option<String>,
    #[schema(value_type = Option<Vec<InvitationWebhookEvent>>)]
    events: Option<Vec<String>>,
    /// `true` also goes on where it was paused, because nobody answered
    active: Option<bool>,
    #[schema(value_type = Option<SignatureVersion>)]
    signature_version: Option<String>,
}

/// Which signatures `X-Zavu-Signature` has.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is here for the documentation")]
pub(super) enum SignatureVersion {
    #[serde(rename = "v1")]
    V1,
    #[serde(rename = "v1+v2")]
    Both,
    #[serde(rename = "v2")]
    V2,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationWebhookAnswer {
    /// Null where there is none.
    webhook: Option<InvitationWebhook>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvitationWebhook {
    url: String,
    #[schema(value_type = Vec<InvitationWebhookEvent>)]
    events: Vec<&'static str>,
    active: bool,
    /// Nobody has answered there for hours, so that nobody is told anything until it is made active again
    paused: bool,
    #[schema(value_type = SignatureVersion)]
    signature_version: &'static str,
    /// Shown when it is made, replaced or rotated
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
}

impl InvitationWebhook {
    fn of(target: &WebhookTarget, paused: bool, secret: Option<&WebhookSecret>) -> Self {
        Self {
            url: target.url.as_str().to_owned(),
            events: target.events.iter().map(WebhookEventKind::as_str).collect(),
            active: target.is_active,
            paused,
            signature_version: target.signatures.as_str(),
            secret: secret.map(|secret| secret.expose().to_owned()),
        }
    }
}

/// Set invitation webhook
///
/// Makes it, or replaces what is there and keeps its secret.
#[utoipa::path(
    post, path = "/invitations/webhook", tag = "Webhooks",
    params(IdempotencyKey),
    request_body = PutInvitationWebhook,
    responses((status = 200, body = InvitationWebhookAnswer), Problems),
)]
pub(super) async fn put(
    State(state): State<WebState>,
    caller: Caller,
    once: Once,
    Body(asked): Body<PutInvitationWebhook>,
) -> Result<Answered, ApiError> {
    caller.may(Scope::InvitationsWrite)?;
    let mut fields = Fields::default();
    let url = fields.read("url", Some(&asked.url), |text| webhook_url(&state, text));
    let events = fields.read("events", Some(&asked.events.join(" ")), invitation_events);
    let signatures = fields.read(
        "signatureVersion",
        asked.signature_version.as_deref(),
        str::parse::<Signatures>,
    );
    fields.check()?;
    let (Some(url), Some(events)) = (url, events) else {
        return Err(ApiError::Invalid(Vec::new()));
    };
    let (now, by) = (state.clock.now(), caller.clone());
    let api = std::sync::Arc::clone(&state.api);
    let make = move |writer: &Writer<'_>| {
        let known = writer.webhook_of_invitations(&by.project)?;
        let signatures = signatures
            .or_else(|| known.map(|webhook| webhook.target.signatures))
            .unwrap_or(Signatures::V2);
        let target = WebhookTarget { url, events, is_active: true, signatures };
        let secret = api.webhooks.put(writer, (&by.project, None), &target, now)?;
        by.audit(writer, (AuditAction::WebhookChanged, target.url.as_str()), now)?;
        let webhook = InvitationWebhook::of(&target, false, Some(&secret));
        Done::new(StatusCode::OK, &InvitationWebhookAnswer { webhook: Some(webhook) }).map(Ok)
    };
    once.run(&state, &caller, &asked, make).await
}

/// Get invitation webhook
///
/// Without its secret.
#[utoipa::path(
    get, path = "/invitations/webhook", tag = "Webhooks",
    responses((status = 200, body = InvitationWebhookAnswer), Problems),
)]
pub(super) async fn retrieve(
    State(state): State<WebState>,
    caller: Caller,
) -> Result<Json<InvitationWebhookAnswer>, ApiError> {
    caller.may(Scope::InvitationsRead)?;
    let project = caller.project;
    let read = state.store.read(move |reader| reader.webhook_of_invitations(&project));
    let webhook = read.await?.map(|webhook| shown(&webhook));
    Ok(Json(InvitationWebhookAnswer { webhook }))
}

/// Update invitation webhook
#[utoipa::path(
    patch, path = "/invitations/webhook", tag = "Webhooks",
    request_body = UpdateInvitationWebhook,
    responses((status = 200, body = InvitationWebhookAnswer), Problems),
)]
pub(super) async fn update(
    State(state): State<WebState>,
    caller: Caller,
    Body(asked): Body<UpdateInvitationWebhook>,
) -> Result<Json<InvitationWebhookAnswer>, ApiError> {
    caller.may(Scope::InvitationsWrite)?;
    let mut fields = Fields::default();
    let events = asked.events.map(|events| events.join(" "));
    let changes = Changes {
        url: fields.read("url", asked.url.as_deref(), |text| webhook_url(&state, text)),
        events: fields.read("events", events.as_deref(), invitation_events),
        active: asked.active,
        signatures: fields.read(
            "signatureVersion",
            asked.signature_version.as_deref(),
            str::parse::<Signatures>,
        ),
    };
    fields.check()?;
    let now = state.clock.now();
    let write = state.store.write(move |writer| {
        let Some(webhook) = writer.webhook_of_invitations(&caller.project)? else {
            return Ok(Err(ApiError::NotFound("webhook")));
        };
        let target = match changes.applied_to(&webhook.target, "signatureVersion") {
            Ok(target) => target,
            Err(problem) => return Ok(Err(problem.into())),
        };
        writer.set_webhook_target(&webhook.id, &target, now)?;
        if changes.active == Some(true) {
            writer.resume_webhook(&webhook.id, now)?;
        }
        caller.audit(writer, (AuditAction::WebhookChanged, target.url.as_str()), now)?;
        Ok(Ok(writer.webhook(&webhook.id)?.map(|webhook| shown(&webhook))))
    });
    Ok(Json(InvitationWebhookAnswer { webhook: write.await?? }))
}

/// Rotate invitation webhook secret
///
/// For a day the secret before signs as well.
#[utoipa::path(
    post, path = "/invitations/webhook/secret", tag = "Webhooks",
    params(IdempotencyKey),
    responses((status = 200, body = WebhookSecretAnswer), Problems),
)]
pub(super) async fn rotate(
    State(state): State<WebState>,
    caller: Caller,
    once: Once,
) -> Result<Answered, ApiError> {
    caller.may(Scope::InvitationsWrite)?;
    let project = caller.project.clone();
    rotated(&state, &caller, once, move |writer| writer.webhook_of_invitations(&project)).await
}

/// A webhook's new secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub(super) struct WebhookSecretAnswer {
    secret: String,
}

/// Gives a webhook another secret.
pub(super) async fn rotated<F>(
    state: &WebState,
    caller: &Caller,
    once: Once,
    find: F,
) -> Result<Answered, ApiError>
where
    F: FnOnce(&Writer<'_>) -> Result<Option<Webhook>, crate::store::StoreError> + Send + 'static,
{
    let (now, api) = (state.clock.now(), std::sync::Arc::clone(&state.api));
    let by = caller.clone();
    let rotate = move |writer: &Writer<'_>| {
        let Some(webhook) = find(writer)? else { return Ok(Err(ApiError::NotFound("webhook"))) };
        let secret = api.webhooks.rotate_secret(writer, &webhook, now)?;
        let subject = webhook.target.url.as_str();
        by.audit(writer, (AuditAction::WebhookSecretChanged, subject), now)?;
        let answer = WebhookSecretAnswer { secret: secret.expose().to_owned() };
        Done::new(StatusCode::OK, &answer).map(Ok)
    };
    once.run(state, caller, &(), rotate).await
}

/// What changes in a webhook.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) url: Option<WebhookUrl>,
    pub(super) events: Option<WebhookEvents>,
    pub(super) active: Option<bool>,
    pub(super) signatures: Option<Signatures>,
}

impl Changes {
    /// What a webhook is then.
    ///
    /// # Errors
    /// When receivers that know the old signature would know none of the new ones: `field` says so.
    pub(super) fn applied_to(
        &self,
        target: &WebhookTarget,
        field: &str,
    ) -> Result<WebhookTarget, Problem> {
        let signatures = self.signatures.unwrap_or(target.signatures);
        if (target.signatures, signatures) == (Signatures::V1, Signatures::V2) {
            return Err(Problem::of(field, "Set v1+v2 first, so that receivers can change."));
        }
        Ok(WebhookTarget {
            url: self.url.clone().unwrap_or_else(|| target.url.clone()),
            events: self.events.clone().unwrap_or_else(|| target.events.clone()),
            is_active: self.active.unwrap_or(target.is_active),
            signatures,
        })
    }
}

fn shown(webhook: &Webhook) -> InvitationWebhook {
    InvitationWebhook::of(&webhook.target, webhook.paused_at.is_some(), None)
}

/// An address that may be asked.
pub(super) fn webhook_url(state: &WebState, text: &str) -> Result<WebhookUrl, String> {
    let url: WebhookUrl = text.parse().map_err(|error| format!("{error}"))?;
    state.api.webhooks.check(&url).map_err(|error| error.to_string())?;
    Ok(url)
}

fn invitation_events(names: &str) -> Result<WebhookEvents, String> {
    let events: WebhookEvents = names.parse().map_err(|error| format!("{error}"))?;
    let status_changed = WebhookEventKind::InvitationStatusChanged;
    let is_of_invitations = events.iter().all(|kind| kind == status_changed);
    if is_of_invitations && events.contains(status_changed) {
        Ok(events)
    } else {
        Err(format!("must be [{:?}]", status_changed.as_str()))
    }
}
