//! An invitation as programs see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{FailureReason, InvitationStatus, Timestamp};
use crate::store::InvitationRecord;

/// Where an invitation stands.
#[derive(ToSchema)]
#[schema(as = InvitationStatus)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is here for the documentation")]
pub(super) enum Status {
    Pending,
    InProgress,
    Completed,
    Expired,
    Cancelled,
    Failed,
}

/// How a sign-up ends.
#[derive(ToSchema)]
#[schema(as = SignupOutcome)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is here for the documentation")]
pub(super) enum Outcome {
    Completed,
    FbCancelled,
    FbNotAuthorized,
    SignupAbandoned,
    InternalError,
}

/// How the client connects.
#[derive(ToSchema)]
#[schema(as = ConnectionType)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is here for the documentation")]
pub(super) enum Connection {
    WhatsappWaba,
    WhatsappCoexistence,
}

/// How pages look.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is here for the documentation")]
pub(super) enum Theme {
    Light,
    Dark,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web::api) struct InvitationAnswer {
    pub(super) invitation: Invitation,
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web::api) struct Invitation {
    id: String,
    /// The secret part of the link
    token: String,
    /// What to send to the client
    #[schema(format = "uri")]
    url: String,
    #[schema(value_type = Status)]
    status: &'static str,
    #[schema(value_type = Connection)]
    connection_type: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    client_name: Option<String>,
    client_email: Option<String>,
    client_phone: Option<String>,
    phone_number_id: Option<String>,
    /// The sender that was made when it was completed
    sender_id: Option<String>,
    #[schema(format = DateTime)]
    viewed_at: Option<String>,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    #[schema(format = DateTime)]
    completed_at: Option<String>,
    #[schema(format = DateTime)]
    failed_at: Option<String>,
    /// Why the last attempt failed, as long as it is the last
    failure_reason: Option<&'static str>,
    connected_account: Option<Connected>,
    allowed_phone_countries: Option<Vec<String>>,
    success_redirect_url: Option<String>,
    failure_redirect_url: Option<String>,
    state: Option<String>,
    language: Option<String>,
    #[schema(value_type = Option<Theme>)]
    theme: Option<String>,
}

/// What the client has connected.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccount)]
struct Connected {
    /// Meta's name of the number
    id: String,
    #[schema(value_type = String, example = "whatsapp")]
    channel: &'static str,
    /// The name that WhatsApp shows
    name: Option<String>,
}

impl Invitation {
    /// `base` is what links begin with.
    pub(super) fn of(record: InvitationRecord, base: &str) -> Self {
        let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let failed = record.status == InvitationStatus::Failed;
        let sender = record.connected.as_ref().map(|account| account.sender.clone());
        let connected = record.connected.and_then(|account| {
            Some(Connected { id: account.number?, channel: "whatsapp", name: Some(account.name) })
        });
        Self {
            id: record.id.to_string(),
            url: format!("{base}/i/{}", record.token.expose()),
            token: record.token.expose().to_owned(),
            status: record.status.as_str(),
            connection_type: record.connection.api_name(),
            created_at: record.created_at.to_string(),
            updated_at: record.updated_at.to_string(),
            expires_at: record.expires_at.to_string(),
            client_name: record.client_name,
            client_email: record.client_email,
            client_phone: record.client_phone,
            phone_number_id: record.phone_number,
            sender_id: sender,
            viewed_at: moment(record.viewed_at),
            started_at: moment(record.started_at),
            completed_at: moment(record.completed_at),
            failed_at: moment(record.failed_at),
            failure_reason: record.failure.filter(|_| failed).map(FailureReason::as_str),
            connected_account: connected,
            allowed_phone_countries: record
                .countries
                .map(|countries| countries.iter().map(|one| one.to_string()).collect()),
            success_redirect_url: record.success_url,
            failure_redirect_url: record.failure_url,
            state: record.state,
            language: record.language,
            theme: record.theme,
        }
    }
}
