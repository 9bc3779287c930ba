//! `/v1/calls`: the calls in which codes were spoken. Without a digit of them.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Caller;
use super::error::{ApiError, Problem, Problems};
use super::page::{Page, PageAsked};
use super::request::{Asked, Named};
use crate::domain::{CallId, CallOutcome, CallPurpose, InvitationId, Scope, Timestamp};
use crate::store::{CallsAsked, ListedCall};
use crate::web::WebState;

/// How far a call came, in the words that SDKs know.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is here for the documentation")]
enum CallStatus {
    Ringing,
    InProgress,
    Completed,
    Failed,
    Canceled,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallAnswer {
    call: Call,
}

/// A call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call {
    id: String,
    #[schema(value_type = String, example = "inbound")]
    direction: &'static str,
    /// `anonymous` where the caller shows no number
    from: String,
    to: String,
    #[schema(value_type = CallStatus)]
    status: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    answered_at: Option<String>,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    duration_seconds: Option<u64>,
    /// What came of it, such as `code_read` or `unreadable`
    end_reason: Option<&'static str>,
    /// The invitation that it was for; null for one that was asked for by the operator
    invitation_id: Option<String>,
    /// How sure the reader was of the code, from 0 to 1
    confidence: Option<f64>,
}

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(rename_all = "camelCase", parameter_in = Query)]
pub(super) struct CallsQuery {
    /// Only those for this invitation
    invitation_id: Option<String>,
    /// The `nextCursor` of the page before
    cursor: Option<String>,
    /// How many, from 1 to 100
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// List calls
///
/// The newest first.
#[utoipa::path(
    get, path = "/calls", tag = "Calls",
    params(CallsQuery),
    responses((status = 200, body = Page<Call>), Problems),
)]
pub(super) async fn list(
    State(state): State<WebState>,
    caller: Caller,
    Asked(query): Asked<CallsQuery>,
) -> Result<Json<Page<Call>>, ApiError> {
    caller.may(Scope::CallsRead)?;
    let page = PageAsked { cursor: query.cursor, limit: query.limit };
    let (before, limit) = page.read(CallId::parse)?;
    let invitation = query.invitation_id.map(|id| {
        InvitationId::parse(&id).ok_or_else(|| Problem::of("invitationId", "Is no invitation."))
    });
    let asked = CallsAsked {
        project: caller.project,
        invitation: invitation.transpose()?,
        before,
        limit: limit + 1,
    };
    let found = state.store.read(move |reader| reader.newest_calls(&asked)).await?;
    Ok(Json(Page::of(found, limit, |call| call.id.to_string(), Call::from)))
}

/// Get call
#[utoipa::path(
    get, path = "/calls/{id}", tag = "Calls",
    params(("id" = String, Path)),
    responses((status = 200, body = CallAnswer), Problems),
)]
pub(super) async fn retrieve(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<CallAnswer>, ApiError> {
    caller.may(Scope::CallsRead)?;
    let id = CallId::parse(&id).ok_or(ApiError::NotFound("call"))?;
    let project = caller.project;
    let found = state.store.read(move |reader| reader.call_of(&project, &id)).await?;
    let call = found.ok_or(ApiError::NotFound("call"))?;
    Ok(Json(CallAnswer { call: call.into() }))
}

impl From<ListedCall> for Call {
    fn from(call: ListedCall) -> Self {
        let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let ended_at = call.end.map(|end| end.at);
        let duration = call.answered_at.zip(ended_at).map(|(from, to)| to.since(from));
        let invitation = match &call.purpose {
            CallPurpose::Invitation(id) => Some(id.to_string()),
            CallPurpose::Verification(_) => None,
        };
        Self {
            id: call.id.to_string(),
            direction: "inbound",
            from: call.caller.map_or_else(|| "anonymous".to_owned(), |number| number.to_string()),
            to: call.number.number.to_string(),
            status: status(call.end.map(|end| end.outcome), call.answered_at),
            created_at: call.rang_at.to_string(),
            answered_at: moment(call.answered_at),
            ended_at: moment(ended_at),
            duration_seconds: duration.map(|duration| duration.as_secs()),
            end_reason: call.end.map(|end| end.outcome.as_str()),
            invitation_id: invitation,
            confidence: call.end.and_then(|end| end.confidence),
        }
    }
}

fn status(outcome: Option<CallOutcome>, answered_at: Option<Timestamp>) -> &'static str {
    match (outcome, answered_at) {
        (None, None) => "ringing",
        (None, Some(_)) => "in_progress",
        (Some(CallOutcome::CodeRead | CallOutcome::Unreadable | CallOutcome::Silent), _) => {
            "completed"
        }
        (Some(CallOutcome::Abandoned), _) => "canceled",
        (Some(CallOutcome::Failed | CallOutcome::Interrupted), _) => "failed",
    }
}
