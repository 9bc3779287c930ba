//! `/v1/messages`: sent through WhatsApp, and followed by what Meta tells of them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Caller;
use super::error::{ApiError, Problem, Problems};
use super::once::{Answered, Done, IdempotencyKey, Once};
use super::page::{Page, PageAsked};
use super::request::{Asked, Body, Fields, Named};
use crate::domain::{
    AuditAction, MessageId, MessageStatus, PhoneNumber, ProjectId, Scope, SenderId,
};
use crate::onboarding::{message_failure_in_words, queue_message};
use crate::store::{Message as Stored, MessagesAsked, NamedSender, NewMessage, StoreError, Writer};
use crate::web::WebState;

/// WhatsApp takes no longer text (Cloud API, text messages).
const LONGEST_TEXT: usize = 4_096;

/// A partner's own words about a message, in all.
const LONGEST_METADATA: usize = 4_096;

/// How far a message came.
#[derive(ToSchema)]
#[schema(as = MessageStatus)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is here for the documentation")]
enum Status {
    Queued,
    Sending,
    Sent,
    Delivered,
    Read,
    Failed,
    Received,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageAnswer {
    message: Message,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    id: String,
    #[schema(value_type = String, example = "whatsapp")]
    channel: &'static str,
    #[schema(value_type = String, example = "outbound")]
    direction: &'static str,
    #[schema(value_type = String, example = "text")]
    message_type: &'static str,
    #[schema(value_type = Status)]
    status: &'static str,
    to: String,
    from: String,
    text: String,
    sender_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<BTreeMap<String, String>>)]
    metadata: Option<serde_json::Value>,
    /// Meta's name of it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provider_message_id: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A message to be sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SendMessage {
    /// E.164. WhatsApp delivers it to whoever has written to the sender within a day
    #[schema(example = "+15551234567")]
    to: String,
    #[schema(max_length = 4096)]
    text: Option<String>,
    /// `whatsapp`, or `auto`, which is the same here
    #[schema(value_type = Option<Channel>)]
    channel: Option<String>,
    /// `text` is the only one here
    #[schema(value_type = Option<MessageType>)]
    message_type: Option<String>,
    /// The partner's own, given back as it is
    metadata: Option<BTreeMap<String, String>>,
    /// Done once, however often it is sent
    idempotency_key: Option<String>,
    /// There is no other channel to fall back to
    fallback_enabled: Option<bool>,
}

#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is here for the documentation")]
enum Channel {
    Auto,
    Whatsapp,
}

#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is here for the documentation")]
enum MessageType {
    Text,
}

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MessagesQuery {
    /// Only those that came this far
    #[param(value_type = Option<Status>)]
    status: Option<String>,
    /// Only those to this number
    to: Option<String>,
    /// `whatsapp` is the only one here
    #[param(value_type = Option<Channel>)]
    channel: Option<String>,
    /// The `nextCursor` of the page before
    cursor: Option<String>,
    /// How many, from 1 to 100
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// Send message
///
/// A text, through WhatsApp. How far it came is told by webhooks.
#[utoipa::path(
    post, path = "/messages", tag = "Messages",
    params(
        ("Zavu-Sender" = Option<String>, Header, description = "The sender; without, the default of the project"),
        IdempotencyKey,
    ),
    request_body = SendMessage,
    responses((status = 202, body = MessageAnswer), Problems),
)]
pub(super) async fn send(
    State(state): State<WebState>,
    caller: Caller,
    headers: HeaderMap,
    once: Once,
    Body(asked): Body<SendMessage>,
) -> Result<Response, ApiError> {
    caller.may(Scope::MessagesWrite)?;
    if !state.api.outgoing.is_set_up() && !caller.is_test() {
        return Err(ApiError::NotSetUp("WhatsApp"));
    }
    let (to, text) = read(&asked)?;
    let sender = match headers.get("zavu-sender").map(|value| value.to_str()) {
        Some(name) => Some(name.ok().and_then(SenderId::parse).ok_or_else(no_sender)?),
        None => None,
    };
    let once = once.or_key(asked.idempotency_key.clone())?;
    let (by, is_test, now) = (caller.clone(), caller.is_test(), state.clock.now());
    let metadata = asked.metadata.as_ref().and_then(|own| serde_json::to_string(own).ok());
    let make = move |writer: &Writer<'_>| {
        let sender = match sender_for(writer, &by.project, sender.as_ref(), is_test)? {
            Ok(sender) => sender.id,
            Err(error) => return Ok(Err(error)),
        };
        let message = NewMessage {
            id: MessageId::new(now, rand::rng().random()),
            project: by.project.clone(),
            sender,
            is_inbound: false,
            other_end: to,
            text,
            metadata,
            status: MessageStatus::Queued,
            provider_id: None,
            created_at: now,
        };
        let kept = queue_message(writer, &message)?;
        by.audit(writer, (AuditAction::MessageSent, kept.id.as_str()), now)?;
        Done::new(StatusCode::ACCEPTED, &MessageAnswer { message: kept.into() }).map(Ok)
    };
    let answered = once.run(&state, &caller, &asked, make).await?;
    if let Answered::Now(done) = &answered
        && let Some(id) = done.text("/message/id").map(|id| MessageId::from_stored(id.to_owned()))
    {
        let project = caller.project.clone();
        let queued = state.store.read(move |reader| reader.message(&project, &id)).await?;
        queued.into_iter().for_each(|message| state.api.outgoing.send(message));
    }
    Ok(answered.into_response())
}

/// List messages
///
/// The newest first.
#[utoipa::path(
    get, path = "/messages", tag = "Messages",
    params(MessagesQuery),
    responses((status = 200, body = Page<Message>), Problems),
)]
pub(super) async fn list(
    State(state): State<WebState>,
    caller: Caller,
    Asked(query): Asked<MessagesQuery>,
) -> Result<Json<Page<Message>>, ApiError> {
    caller.may(Scope::MessagesRead)?;
    let page = PageAsked { cursor: query.cursor, limit: query.limit };
    let (before, limit) = page.read(MessageId::parse)?;
    let mut fields = Fields::default();
    let status = fields.read("status", query.status.as_deref(), str::parse::<MessageStatus>);
    let to = fields.read("to", query.to.as_deref(), str::parse::<PhoneNumber>);
    fields.read("channel", query.channel.as_deref(), channel);
    fields.check()?;
    let asked = MessagesAsked { project: caller.project, status, to, before, limit: limit + 1 };
    let found = state.store.read(move |reader| reader.messages(&asked)).await?;
    Ok(Json(Page::of(found, limit, |message| message.id.to_string(), Message::from)))
}

/// Get message
#[utoipa::path(
    get, path = "/messages/{id}", tag = "Messages",
    params(("id" = String, Path)),
    responses((status = 200, body = MessageAnswer), Problems),
)]
pub(super) async fn retrieve(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<MessageAnswer>, ApiError> {
    caller.may(Scope::MessagesRead)?;
    let id = MessageId::parse(&id).ok_or(ApiError::NotFound("message"))?;
    let project = caller.project;
    let found = state.store.read(move |reader| reader.message(&project, &id)).await?;
    let message = found.ok_or(ApiError::NotFound("message"))?;
    Ok(Json(MessageAnswer { message: message.into() }))
}

/// To whom, and what.
fn read(asked: &SendMessage) -> Result<(PhoneNumber, String), ApiError> {
    let mut fields = Fields::default();
    let to = fields.read("to", Some(&asked.to), |text| {
        text.parse::<PhoneNumber>().map_err(|_| "must be E.164, such as +15551234567")
    });
    let length = asked.text.as_ref().map_or(0, |text| text.chars().count());
    if length == 0 || length > LONGEST_TEXT {
        fields.refuse("text", format!("Must have 1 to {LONGEST_TEXT} characters."));
    }
    fields.read("channel", asked.channel.as_deref(), channel);
    fields.read("messageType", asked.message_type.as_deref(), |kind| match kind {
        "text" => Ok(()),
        _ => Err("text is the only kind here"),
    });
    let own = asked.metadata.iter().flatten().map(|(name, value)| name.len() + value.len());
    if own.sum::<usize>() > LONGEST_METADATA {
        fields.refuse("metadata", format!("Must have no more than {LONGEST_METADATA} bytes."));
    }
    fields.check()?;
    let to = to.ok_or_else(|| ApiError::Invalid(Vec::new()))?;
    Ok((to, asked.text.clone().unwrap_or_default()))
}

fn channel(name: &str) -> Result<(), &'static str> {
    match name {
        "whatsapp" | "auto" => Ok(()),
        _ => Err("whatsapp is the only channel here"),
    }
}

/// The sender that is named, or else the default one, if it can send.
fn sender_for(
    writer: &Writer<'_>,
    project: &ProjectId,
    named: Option<&SenderId>,
    is_test: bool,
) -> Result<Result<NamedSender, ApiError>, StoreError> {
    let found = match named {
        Some(id) => writer.named_sender(project, id)?,
        None => writer.default_sender(project)?,
    };
    Ok(match found {
        Some(sender) if sender.number.is_some() || is_test => Ok(sender),
        Some(_) => {
            let message = "The number of the sender is not connected to WhatsApp yet.";
            Err(Problem::of("Zavu-Sender", message).into())
        }
        None => Err(no_sender()),
    })
}

fn no_sender() -> ApiError {
    Problem::of("Zavu-Sender", "Is no sender of the project.").into()
}

impl From<Stored> for Message {
    fn from(message: Stored) -> Self {
        let (own, other) = (message.own_end.to_string(), message.other_end.to_string());
        let (from, to) = if message.is_inbound { (other, own) } else { (own, other) };
        Self {
            id: message.id.to_string(),
            channel: "whatsapp",
            direction: if message.is_inbound { "inbound" } else { "outbound" },
            message_type: "text",
            status: message.status.as_str(),
            to,
            from,
            text: message.text,
            sender_id: message.sender.to_string(),
            metadata: message.metadata.and_then(|json| serde_json::from_str(&json).ok()),
            provider_message_id: message.provider_id,
            error_message: message.error_code.as_deref().map(message_failure_in_words),
            error_code: message.error_code,
            created_at: message.created_at.to_string(),
            updated_at: message.updated_at.to_string(),
        }
    }
}
