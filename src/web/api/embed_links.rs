//! `/v1/embed-links`: the admin inside of a partner's own site.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Caller;
use super::error::{ApiError, Problems};
use super::once::{Answered, Done, IdempotencyKey, Once};
use super::request::{Body, Fields};
use crate::accounts::issue_embed_link;
use crate::domain::{AuditAction, AuditActor, Role, Scope, Theme};
use crate::store::{NewAuditEntry, Writer};
use crate::web::WebState;

/// Which admin is opened, and how it looks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CreateEmbedLink {
    /// What may be done there: viewer when nothing is said
    #[schema(value_type = Option<EmbedRole>)]
    role: Option<String>,
    /// As the browser has it when nothing is said
    #[schema(value_type = Option<EmbedTheme>)]
    theme: Option<String>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it is here for the documentation")]
enum EmbedRole {
    Owner,
    Member,
    Viewer,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it is here for the documentation")]
enum EmbedTheme {
    Light,
    Dark,
}

/// A link that opens the admin once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EmbedLinkAnswer {
    /// For the `src` of a frame
    url: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Create embed link
///
/// Opens the admin of the project in a frame of a site that the project allows: once, and within a minute.
#[utoipa::path(
    post, path = "/embed-links", tag = "Embedding",
    params(IdempotencyKey),
    request_body(content = Option<CreateEmbedLink>),
    responses((status = 201, body = EmbedLinkAnswer), Problems),
)]
pub(super) async fn create(
    State(state): State<WebState>,
    caller: Caller,
    once: Once,
    Body(asked): Body<CreateEmbedLink>,
) -> Result<Answered, ApiError> {
    caller.may(Scope::Embed)?;
    let mut fields = Fields::default();
    let role = fields.read("role", asked.role.as_deref(), str::parse::<Role>);
    let theme = fields.read("theme", asked.theme.as_deref(), str::parse::<Theme>);
    fields.check()?;
    let (project, key) = (caller.project.clone(), caller.key.clone());
    let (base, now) = (state.public_url.clone(), state.clock.now());
    let make = move |writer: &Writer<'_>| {
        let role = role.unwrap_or(Role::Viewer);
        let (token, expires_at) = issue_embed_link(writer, project.clone(), role, theme, now)?;
        writer.record_audit(&NewAuditEntry {
            project,
            at: now,
            who: AuditActor::Key(key),
            action: AuditAction::EmbedLinkMade,
            subject: Some(role.to_string()),
        })?;
        let url = format!("{base}/embed/open/{}", token.expose());
        let answer = EmbedLinkAnswer { url, expires_at: expires_at.to_string() };
        Done::new(StatusCode::CREATED, &answer).map(Ok)
    };
    once.run(&state, &caller, &asked, make).await
}
