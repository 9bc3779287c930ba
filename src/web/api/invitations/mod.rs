//! `/v1/invitations`: by the same rules as the pages (`onboarding`).

mod events;
mod new;
mod view;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Caller;
use super::error::{ApiError, Problem, Problems};
use super::once::{Answered, Done, IdempotencyKey, Once};
use super::page::{Page, PageAsked};
use super::request::{Asked, Body, Named};
use crate::domain::{
    Actor, AuditAction, InvitationId, InvitationStatus, InvitationToken, ProjectId, Scope,
    Timestamp,
};
use crate::onboarding::{SimulatedEnd, Step, invite, simulate_signup, take_step};
use crate::store::{InvitationsAsked, NewLink, StoreError, Writer};
use crate::web::WebState;

pub(super) use events::{__path_events, events};
use new::{CreateInvitation, Wanted};
use view::{Invitation, InvitationAnswer};

/// How long a link can be used when nothing is said.
const DEFAULT_DAYS: u32 = 7;

/// Create invitation
///
/// Makes a link to send to a client, who opens it and connects WhatsApp Business.
#[utoipa::path(
    post, path = "/invitations", tag = "Invitations",
    request_body = CreateInvitation,
    params(IdempotencyKey),
    responses((status = 201, body = InvitationAnswer), Problems),
)]
pub(super) async fn create(
    State(state): State<WebState>,
    caller: Caller,
    once: Once,
    Body(asked): Body<CreateInvitation>,
) -> Result<Answered, ApiError> {
    caller.may(Scope::InvitationsWrite)?;
    let Wanted { draft, details } = asked.read()?;
    let now = state.clock.now();
    let new = draft.made_of(caller.project.clone(), now);
    let (by, base) = (caller.clone(), state.public_url.clone());
    let make = move |writer: &Writer<'_>| {
        if let Err(refusal) = invite(writer, &new, Actor::Partner)? {
            return Ok(Err(refusal.into()));
        }
        writer.set_invitation_details(&new.id, &details)?;
        by.audit(writer, (AuditAction::InvitationMade, new.id.as_str()), now)?;
        answer(writer, (&by.project, &new.id), &base, StatusCode::CREATED, now).map(Ok)
    };
    once.run(&state, &caller, &asked, make).await
}

/// Which invitations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct InvitationsQuery {
    /// Only those with this status
    #[param(value_type = Option<view::Status>)]
    status: Option<String>,
    /// The `nextCursor` of the page before
    cursor: Option<String>,
    /// How many, from 1 to 100
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// List invitations
///
/// The newest first.
#[utoipa::path(
    get, path = "/invitations", tag = "Invitations",
    params(InvitationsQuery),
    responses((status = 200, body = Page<Invitation>), Problems),
)]
pub(super) async fn list(
    State(state): State<WebState>,
    caller: Caller,
    Asked(query): Asked<InvitationsQuery>,
) -> Result<Json<Page<Invitation>>, ApiError> {
    caller.may(Scope::InvitationsRead)?;
    let page = PageAsked { cursor: query.cursor, limit: query.limit };
    let (before, limit) = page.read(InvitationId::parse)?;
    let status = query.status.map(|name| {
        name.parse::<InvitationStatus>().map_err(|_| Problem::of("status", "Is no such status."))
    });
    let asked = InvitationsAsked {
        project: caller.project,
        status: status.transpose()?,
        before,
        limit: limit + 1,
    };
    let now = state.clock.now();
    let found = state.store.read(move |reader| reader.invitation_records(&asked, now)).await?;
    let base = &state.public_url;
    let item = |record| Invitation::of(record, base);
    Ok(Json(Page::of(found, limit, |record| record.id.to_string(), item)))
}

/// Get invitation
#[utoipa::path(
    get, path = "/invitations/{id}", tag = "Invitations",
    params(("id" = String, Path)),
    responses((status = 200, body = InvitationAnswer), Problems),
)]
pub(super) async fn retrieve(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<InvitationAnswer>, ApiError> {
    caller.may(Scope::InvitationsRead)?;
    let (id, now) = (named(&id)?, state.clock.now());
    let project = caller.project;
    let found = state.store.read(move |reader| reader.invitation_record(&project, &id, now));
    let record = found.await?.ok_or(ApiError::NotFound("invitation"))?;
    Ok(Json(InvitationAnswer { invitation: Invitation::of(record, &state.public_url) }))
}

/// Cancel invitation
///
/// Its link opens nothing any more.
#[utoipa::path(
    post, path = "/invitations/{id}/cancel", tag = "Invitations",
    params(
        ("id" = String, Path),
        IdempotencyKey,
    ),
    responses((status = 200, body = InvitationAnswer), Problems),
)]
pub(super) async fn cancel(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
    once: Once,
) -> Result<Answered, ApiError> {
    caller.may(Scope::InvitationsWrite)?;
    step(
        &state,
        &caller,
        (named(&id)?, once),
        &(),
        (AuditAction::InvitationCancelled, |_| Step::Cancel),
    )
    .await
}

/// How a link is replaced.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ResendInvitation {
    /// For how many days the new link can be used: 7 when nothing is said
    #[schema(minimum = 1, maximum = 30)]
    expires_in_days: Option<u32>,
}

/// Resend invitation
///
/// Gives an expired or cancelled invitation a new link. The one before stays dead.
#[utoipa::path(
    post, path = "/invitations/{id}/resend", tag = "Invitations",
    params(
        ("id" = String, Path),
        IdempotencyKey,
    ),
    request_body(content = Option<ResendInvitation>),
    responses((status = 200, body = InvitationAnswer), Problems),
)]
pub(super) async fn resend(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
    once: Once,
    Body(asked): Body<ResendInvitation>,
) -> Result<Answered, ApiError> {
    caller.may(Scope::InvitationsWrite)?;
    let lifetime = lifetime(asked.expires_in_days)?;
    let link = move |now: Timestamp| {
        let token = InvitationToken::new(rand::rng().random());
        Step::Resend(NewLink { token, expires_at: now + lifetime })
    };
    step(&state, &caller, (named(&id)?, once), &asked, (AuditAction::InvitationResent, link)).await
}

/// How the sign-up ends.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SimulateInvitation {
    /// `completed`, or the `failureReason` that it is to fail for
    #[schema(value_type = view::Outcome)]
    outcome: String,
}

/// Simulate sign-up
///
/// With a test key only: does as if the client had come to the end of Meta's sign-up. Webhooks are sent, and
/// where it is completed there is a sender that messages can be sent from, to nobody.
#[utoipa::path(
    post, path = "/invitations/{id}/simulate", tag = "Invitations",
    params(
        ("id" = String, Path),
        IdempotencyKey,
    ),
    request_body = SimulateInvitation,
    responses((status = 200, body = InvitationAnswer), Problems),
)]
pub(super) async fn simulate(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
    once: Once,
    Body(asked): Body<SimulateInvitation>,
) -> Result<Answered, ApiError> {
    caller.may(Scope::InvitationsWrite)?;
    let (id, now) = (named(&id)?, state.clock.now());
    if !caller.is_test() {
        let message =
            "Clients of live invitations connect by themselves: use a test key.".to_owned();
        return Err(ApiError::Conflict { code: "live_key", message });
    }
    let end = match asked.outcome.as_str() {
        "completed" => SimulatedEnd::Completed,
        reason => SimulatedEnd::Failed(reason.parse().map_err(|_| {
            Problem::of("outcome", "Must be completed, or a reason for which sign-ups fail.")
        })?),
    };
    let (by, base, seal) = (caller.clone(), state.public_url.clone(), Arc::clone(&state.api.seal));
    let simulate = move |writer: &Writer<'_>| {
        let whose = (&by.project, &id);
        if let Err(refusal) = simulate_signup(writer, whose, end, &seal, now)? {
            return Ok(Err(refusal.into()));
        }
        by.audit(writer, (AuditAction::InvitationSimulated, id.as_str()), now)?;
        answer(writer, whose, &base, StatusCode::OK, now).map(Ok)
    };
    once.run(&state, &caller, &asked, simulate).await
}

/// Takes a step for a partner's program.
async fn step(
    state: &WebState,
    caller: &Caller,
    (id, once): (InvitationId, Once),
    asked: &impl Serialize,
    (action, step): (AuditAction, impl FnOnce(Timestamp) -> Step),
) -> Result<Answered, ApiError> {
    let now = state.clock.now();
    let (by, step, base) = (caller.clone(), step(now), state.public_url.clone());
    let take = move |writer: &Writer<'_>| {
        if writer.invitation_record(&by.project, &id, now)?.is_none() {
            return Ok(Err(ApiError::NotFound("invitation")));
        }
        if let Err(refusal) = take_step(writer, &id, &step, Actor::Partner, now)? {
            return Ok(Err(refusal.into()));
        }
        by.audit(writer, (action, id.as_str()), now)?;
        answer(writer, (&by.project, &id), &base, StatusCode::OK, now).map(Ok)
    };
    once.run(state, caller, asked, take).await
}

fn answer(
    writer: &Writer<'_>,
    (project, id): (&ProjectId, &InvitationId),
    base: &str,
    status: StatusCode,
    now: Timestamp,
) -> Result<Done, StoreError> {
    let record = writer.invitation_record(project, id, now)?;
    let record = record.ok_or_else(|| StoreError::Unexpected(format!("{id} has gone")))?;
    Done::new(status, &InvitationAnswer { invitation: Invitation::of(record, base) })
}

/// The invitation that an address names. What has not the form of an id is none.
fn named(id: &str) -> Result<InvitationId, ApiError> {
    InvitationId::parse(id).ok_or(ApiError::NotFound("invitation"))
}

fn lifetime(days: Option<u32>) -> Result<Duration, Problem> {
    let days = days.unwrap_or(DEFAULT_DAYS);
    if !(1..=30).contains(&days) {
        return Err(Problem::of("expiresInDays", "Must be from 1 to 30."));
    }
    Ok(Duration::from_secs(u64::from(days) * 24 * 60 * 60))
}
