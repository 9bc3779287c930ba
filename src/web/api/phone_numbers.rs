//! `/v1/phone-numbers`: numbers whose calls reach us, to be assigned to invitations.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Caller;
use super::error::{ApiError, Problem, Problems};
use super::page::{Page, PageAsked};
use super::request::{Asked, Body, Fields, Named, present};
use crate::domain::{AuditAction, PhoneNumberId, Scope, ShownName};
use crate::store::{ListedNumber, NumbersAsked};
use crate::web::WebState;

/// Where a number stands.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is here for the documentation")]
enum PhoneNumberStatus {
    Active,
    Suspended,
    Pending,
}

const STATUSES: [&str; 3] = ["active", "suspended", "pending"];

/// What a number of ours can do: it is called, and hears.
const CAPABILITIES: [&str; 1] = ["voice"];

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhoneNumberAnswer {
    phone_number: PhoneNumber,
}

/// A number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhoneNumber {
    id: String,
    /// E.164
    phone_number: String,
    #[schema(value_type = Vec<String>)]
    capabilities: [&'static str; 1],
    #[schema(value_type = PhoneNumberStatus)]
    status: String,
    /// SDKs know prices of numbers: there are none here
    pricing: NoPricing,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// The sender that it is connected as
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sender_id: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// An empty object.
#[derive(Debug, Serialize, ToSchema)]
struct NoPricing {}

/// What changes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UpdatePhoneNumber {
    /// Null takes the name away
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 100)]
    name: Option<Option<String>>,
    /// A number belongs to the sender that was connected with it: only that one may be said
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    sender_id: Option<Option<String>>,
}

/// Which numbers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NumbersQuery {
    /// Only those with this status
    #[param(value_type = Option<PhoneNumberStatus>)]
    status: Option<String>,
    /// The `nextCursor` of the page before
    cursor: Option<String>,
    /// How many, from 1 to 100
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// List phone numbers
///
/// The newest first.
#[utoipa::path(
    get, path = "/phone-numbers", tag = "Phone numbers",
    params(NumbersQuery),
    responses((status = 200, body = Page<PhoneNumber>), Problems),
)]
pub(super) async fn list(
    State(state): State<WebState>,
    caller: Caller,
    Asked(query): Asked<NumbersQuery>,
) -> Result<Json<Page<PhoneNumber>>, ApiError> {
    caller.may(Scope::NumbersRead)?;
    let page = PageAsked { cursor: query.cursor, limit: query.limit };
    let (before, limit) = page.read(PhoneNumberId::parse)?;
    if query.status.as_deref().is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(Problem::of("status", "Is no such status.").into());
    }
    let project = caller.project;
    let asked = NumbersAsked { project, status: query.status, before, limit: limit + 1 };
    let found = state.store.read(move |reader| reader.listed_numbers(&asked)).await?;
    Ok(Json(Page::of(found, limit, |number| number.id.to_string(), PhoneNumber::from)))
}

/// Get phone number
#[utoipa::path(
    get, path = "/phone-numbers/{id}", tag = "Phone numbers",
    params(("id" = String, Path)),
    responses((status = 200, body = PhoneNumberAnswer), Problems),
)]
pub(super) async fn retrieve(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<PhoneNumberAnswer>, ApiError> {
    caller.may(Scope::NumbersRead)?;
    let (id, project) = (named(&id)?, caller.project);
    let found = state.store.read(move |reader| reader.listed_number(&project, &id)).await?;
    answer(found)
}

/// Update phone number
#[utoipa::path(
    patch, path = "/phone-numbers/{id}", tag = "Phone numbers",
    params(("id" = String, Path)),
    request_body = UpdatePhoneNumber,
    responses((status = 200, body = PhoneNumberAnswer), Problems),
)]
pub(super) async fn update(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
    Body(asked): Body<UpdatePhoneNumber>,
) -> Result<Json<PhoneNumberAnswer>, ApiError> {
    caller.may(Scope::NumbersWrite)?;
    let (id, now) = (named(&id)?, state.clock.now());
    let mut fields = Fields::default();
    let name = asked.name.as_ref().and_then(Option::as_deref);
    let name = fields.read("name", name, str::parse::<ShownName>);
    fields.check()?;
    let write = state.store.write(move |writer| {
        let Some(known) = writer.listed_number(&caller.project, &id)? else { return Ok(Ok(None)) };
        let holder = known.sender.as_ref().map(ToString::to_string);
        if asked.sender_id.is_some_and(|sender| sender != holder) {
            let message = "A number belongs to the sender that was connected with it.";
            return Ok(Err(Problem::of("senderId", message)));
        }
        if asked.name.is_some() {
            writer.name_number(&id, name.as_ref(), now)?;
            caller.audit(writer, (AuditAction::NumberNamed, id.as_str()), now)?;
        }
        writer.listed_number(&caller.project, &id).map(Ok)
    });
    answer(write.await??)
}

fn answer(found: Option<ListedNumber>) -> Result<Json<PhoneNumberAnswer>, ApiError> {
    let number = found.ok_or(ApiError::NotFound("phone number"))?;
    Ok(Json(PhoneNumberAnswer { phone_number: number.into() }))
}

impl From<ListedNumber> for PhoneNumber {
    fn from(number: ListedNumber) -> Self {
        Self {
            id: number.id.to_string(),
            phone_number: number.number.to_string(),
            capabilities: CAPABILITIES,
            status: number.status,
            pricing: NoPricing {},
            name: number.name,
            sender_id: number.sender.map(|sender| sender.to_string()),
            created_at: number.created_at.to_string(),
            updated_at: number.updated_at.to_string(),
        }
    }
}

/// The number that an address names. What has not the form of an id is none.
fn named(id: &str) -> Result<PhoneNumberId, ApiError> {
    PhoneNumberId::parse(id).ok_or(ApiError::NotFound("phone number"))
}
