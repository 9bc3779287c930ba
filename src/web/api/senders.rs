//! `/v1/senders`: what messages are sent from. Bare objects, without a name round them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Caller;
use super::error::{ApiError, Problem, Problems};
use super::once::{Answered, Done, Once};
use super::page::{Page, PageAsked};
use super::request::{Asked, Body, Fields, Named, present};
use super::webhooks::{Changes, SignatureVersion, WebhookSecretAnswer, rotated, webhook_url};
use crate::domain::{
    AuditAction, PhoneNumber, ProjectId, Scope, SenderId, ShownName, Signatures, Timestamp,
    WebhookEventKind, WebhookEvents, WebhookSecret, WebhookUrl,
};
use crate::onboarding::{SenderRefusal, remove_sender};
use crate::store::{
    NamedSender, NewNamedSender, Reader, StoreError, Webhook, WebhookTarget, Writer,
};
use crate::web::WebState;

/// A sender.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sender {
    id: String,
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
enum WebhookEventName {
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

/// A sender to be named, for a number of the project's that is not connected yet.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CreateSender {
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

/// What changes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UpdateSender {
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

/// Which senders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SendersQuery {
    /// The `nextCursor` of the page before
    cursor: Option<String>,
    /// How many, from 1 to 100
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// List senders
///
/// The newest first.
#[utoipa::path(
    get, path = "/senders", tag = "Senders",
    params(SendersQuery),
    responses((status = 200, body = Page<Sender>), Problems),
)]
pub(super) async fn list(
    State(state): State<WebState>,
    caller: Caller,
    Asked(query): Asked<SendersQuery>,
) -> Result<Json<Page<Sender>>, ApiError> {
    caller.may(Scope::SendersRead)?;
    let page = PageAsked { cursor: query.cursor, limit: query.limit };
    let (before, limit) = page.read(SenderId::parse)?;
    let (project, is_test) = (caller.project.clone(), caller.is_test());
    let read = state.store.read(move |reader| {
        let found = reader.named_senders(&project, before.as_ref(), limit + 1)?;
        let shown = |sender: NamedSender| shown(reader, sender, is_test);
        found.into_iter().map(shown).collect::<Result<Vec<_>, _>>()
    });
    let found = read.await?;
    Ok(Json(Page::of(found, limit, |sender| sender.id.clone(), |sender| sender)))
}

/// Get sender
#[utoipa::path(
    get, path = "/senders/{id}", tag = "Senders",
    params(("id" = String, Path)),
    responses((status = 200, body = Sender), Problems),
)]
pub(super) async fn retrieve(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<Sender>, ApiError> {
    caller.may(Scope::SendersRead)?;
    let (id, project, is_test) = (named(&id)?, caller.project.clone(), caller.is_test());
    let read = state.store.read(move |reader| {
        let found = reader.named_sender(&project, &id)?;
        found.map(|sender| shown(reader, sender, is_test)).transpose()
    });
    read.await?.map(Json).ok_or(ApiError::NotFound("sender"))
}

/// Create sender
///
/// Names a sender for a number of the project's. It sends when the number is connected, by an invitation.
#[utoipa::path(
    post, path = "/senders", tag = "Senders",
    params(("Idempotency-Key" = Option<String>, Header, description = "Done once, however often it is sent")),
    request_body = CreateSender,
    responses((status = 201, body = Sender), Problems),
)]
pub(super) async fn create(
    State(state): State<WebState>,
    caller: Caller,
    once: Once,
    Body(asked): Body<CreateSender>,
) -> Result<Answered, ApiError> {
    caller.may(Scope::SendersWrite)?;
    let new = NewSender::read(&state, &asked)?;
    let (by, is_test, now) = (caller.clone(), caller.is_test(), state.clock.now());
    let api = Arc::clone(&state.api);
    let make = move |writer: &Writer<'_>| {
        let project = &by.project;
        if let Err(problem) = free_number(writer, project, &new.phone_number, is_test)? {
            return Ok(Err(problem.into()));
        }
        let id = SenderId::new(now, rand::rng().random());
        writer.insert_named_sender(&NewNamedSender {
            id: id.clone(),
            project: project.clone(),
            name: new.name,
            phone_number: new.phone_number,
            created_at: now,
        })?;
        if new.is_default {
            writer.make_default_sender(project, &id, now)?;
        }
        by.audit(writer, (AuditAction::SenderMade, id.as_str()), now)?;
        let whose = (project, Some(&id));
        let secret = new.webhook.map(|target| api.webhooks.put(writer, whose, &target, now));
        let secret = secret.transpose()?;
        let sender = reread(writer, project, &id, is_test)?.with_secret(secret.as_ref());
        Done::new(StatusCode::CREATED, &sender).map(Ok)
    };
    once.run(&state, &caller, &asked, make).await
}

/// Update sender
#[utoipa::path(
    patch, path = "/senders/{id}", tag = "Senders",
    params(("id" = String, Path)),
    request_body = UpdateSender,
    responses((status = 200, body = Sender), Problems),
)]
pub(super) async fn update(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
    Body(asked): Body<UpdateSender>,
) -> Result<Json<Sender>, ApiError> {
    caller.may(Scope::SendersWrite)?;
    let id = named(&id)?;
    let update = Update::read(&state, &asked)?;
    let (is_test, now) = (caller.is_test(), state.clock.now());
    let api = Arc::clone(&state.api);
    let write = state.store.write(move |writer| {
        let project = &caller.project;
        if writer.named_sender(project, &id)?.is_none() {
            return Ok(Err(ApiError::NotFound("sender")));
        }
        let secret = match update.webhook(writer, &api.webhooks, (project, &id), now)? {
            Ok(secret) => secret,
            Err(problem) => return Ok(Err(problem.into())),
        };
        if let Some(name) = &update.name {
            writer.rename_sender(&id, name, now)?;
            caller.audit(writer, (AuditAction::SenderRenamed, id.as_str()), now)?;
        }
        if update.is_default {
            writer.make_default_sender(project, &id, now)?;
            caller.audit(writer, (AuditAction::SenderMadeDefault, id.as_str()), now)?;
        }
        if update.changes_webhook() {
            caller.audit(writer, (AuditAction::WebhookChanged, id.as_str()), now)?;
        }
        Ok(Ok(reread(writer, project, &id, is_test)?.with_secret(secret.as_ref())))
    });
    write.await?.map(Json)
}

/// Delete sender
///
/// The default of the project becomes the oldest one that is left.
#[utoipa::path(
    delete, path = "/senders/{id}", tag = "Senders",
    params(("id" = String, Path)),
    responses((status = 204), Problems),
)]
pub(super) async fn remove(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
) -> Result<StatusCode, ApiError> {
    caller.may(Scope::SendersWrite)?;
    let (id, now) = (named(&id)?, state.clock.now());
    let write = state.store.write(move |writer| {
        let removed = remove_sender(writer, &caller.project, &id, now)?;
        if removed.is_ok() {
            caller.audit(writer, (AuditAction::SenderRemoved, id.as_str()), now)?;
        }
        Ok(removed)
    });
    match write.await? {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(SenderRefusal::Unknown) => Err(ApiError::NotFound("sender")),
        Err(refusal @ SenderRefusal::UnderWay) => {
            let message = super::error::sentence(&refusal.to_string());
            Err(ApiError::Conflict { code: "sender_in_use", message })
        }
    }
}

/// Rotate sender webhook secret
///
/// For a day the secret before signs as well.
#[utoipa::path(
    post, path = "/senders/{id}/webhook/secret", tag = "Senders",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Done once, however often it is sent"),
    ),
    responses((status = 200, body = WebhookSecretAnswer), Problems),
)]
pub(super) async fn rotate(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
    once: Once,
) -> Result<Answered, ApiError> {
    caller.may(Scope::SendersWrite)?;
    let (id, project) = (named(&id)?, caller.project.clone());
    let find = move |writer: &Writer<'_>| match writer.named_sender(&project, &id)? {
        Some(sender) => writer.webhook_of_sender(&sender.id),
        None => Ok(None),
    };
    rotated(&state, &caller, once, find).await
}

/// A sender to be named, understood.
struct NewSender {
    name: ShownName,
    phone_number: PhoneNumber,
    is_default: bool,
    webhook: Option<WebhookTarget>,
}

impl NewSender {
    fn read(state: &WebState, asked: &CreateSender) -> Result<Self, ApiError> {
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

/// What changes, understood.
struct Update {
    name: Option<ShownName>,
    is_default: bool,
    removes_webhook: bool,
    webhook: Changes,
}

impl Update {
    fn read(state: &WebState, asked: &UpdateSender) -> Result<Self, ApiError> {
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

    fn changes_webhook(&self) -> bool {
        let Changes { url, events, active, signatures } = &self.webhook;
        self.removes_webhook
            || url.is_some()
            || events.is_some()
            || active.is_some()
            || signatures.is_some()
    }

    /// Changes the webhook. Tells the secret of one that was made.
    fn webhook(
        &self,
        writer: &Writer<'_>,
        webhooks: &crate::webhooks::Webhooks,
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

fn webhook_changes(
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

fn all_events() -> WebhookEvents {
    WebhookEventKind::ALL.into_iter().collect()
}

/// Makes sure that a sender may be named for a number. In a test there are no numbers, so any will do.
fn free_number(
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

fn reread(
    writer: &Writer<'_>,
    project: &ProjectId,
    id: &SenderId,
    is_test: bool,
) -> Result<Sender, StoreError> {
    let sender = writer.named_sender(project, id)?;
    let sender = sender.ok_or_else(|| StoreError::Unexpected(format!("{id} has gone")))?;
    shown(writer, sender, is_test)
}

fn shown(reader: &Reader<'_>, sender: NamedSender, is_test: bool) -> Result<Sender, StoreError> {
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
    fn with_secret(mut self, secret: Option<&WebhookSecret>) -> Self {
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

/// The sender that an address names. What has not the form of an id is none.
fn named(id: &str) -> Result<SenderId, ApiError> {
    SenderId::parse(id).ok_or(ApiError::NotFound("sender"))
}
