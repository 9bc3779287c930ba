//! `/v1/senders`: what messages are sent from. Bare objects, without a name round them.

mod new;
mod update;
mod view;
mod webhook;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rand::RngExt as _;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Caller;
use super::error::{ApiError, Problems};
use super::once::{Answered, Done, IdempotencyKey, Once};
use super::page::{Page, PageAsked};
use super::request::{Asked, Body, Named};
use super::webhooks::{WebhookSecretAnswer, rotated};
use crate::domain::{AuditAction, ProjectId, Scope, SenderId};
use crate::onboarding::{SenderRefusal, remove_sender};
use crate::store::{NamedSender, NewNamedSender, StoreError, Writer};
use crate::web::WebState;

use new::{CreateSender, NewSender, free_number};
use update::{Update, UpdateSender};
use view::{Sender, shown};

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
    params(IdempotencyKey),
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
        IdempotencyKey,
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

/// The sender that an address names. What has not the form of an id is none.
fn named(id: &str) -> Result<SenderId, ApiError> {
    SenderId::parse(id).ok_or(ApiError::NotFound("sender"))
}
