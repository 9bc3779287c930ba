//! What a program says of an invitation that it makes.

use std::time::Duration;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lifetime;
use crate::domain::{
    Countries, Country, Email, InvitationId, InvitationToken, Language, PhoneNumber, PhoneNumberId,
    ProjectId, RedirectState, RedirectUrl, Redirects, ShownName, Theme, Timestamp,
};
use crate::store::{InvitationDetails, NewConnection, NewInvitation};
use crate::web::api::error::ApiError;
use crate::web::api::request::Fields;

/// There are no more of them.
const MOST_COUNTRIES: usize = 250;

/// An invitation to be made. All of it is optional.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(in crate::web::api) struct CreateInvitation {
    /// Who is invited, as the partner calls them
    #[schema(max_length = 100)]
    client_name: Option<String>,
    #[schema(format = Email)]
    client_email: Option<String>,
    /// E.164
    #[schema(example = "+15551234567")]
    client_phone: Option<String>,
    /// A number of the project's, to be connected. Without, clients connect one of their own
    phone_number_id: Option<String>,
    /// For how many days the link can be used: 7 when nothing is said
    #[schema(minimum = 1, maximum = 30)]
    expires_in_days: Option<u32>,
    /// Countries of which a number may be, by ISO 3166-1 in two letters
    allowed_phone_countries: Option<Vec<String>>,
    /// `whatsapp_waba` when nothing is said; `whatsapp_coexistence` for clients who keep the WhatsApp
    /// Business App
    #[schema(value_type = Option<super::view::Connection>)]
    connection_type: Option<String>,
    /// Where clients are sent when WhatsApp is connected
    success_redirect_url: Option<String>,
    /// Where clients may go back to when that failed
    failure_redirect_url: Option<String>,
    /// What is passed on there, as it is
    state: Option<String>,
    /// Of the pages: ISO 639-1. Without, that of the browser
    #[schema(example = "es")]
    language: Option<String>,
    /// Of the pages: `light` or `dark`. Without, that of the browser
    #[schema(value_type = Option<super::view::Theme>)]
    theme: Option<String>,
}

/// The same, understood.
pub(super) struct Wanted {
    pub(super) draft: Draft,
    pub(super) details: InvitationDetails,
}

/// What an invitation is made of, besides whose it is and when it is made.
pub(super) struct Draft {
    client_name: Option<ShownName>,
    client_email: Option<Email>,
    language: Option<Language>,
    connection: NewConnection,
    countries: Option<Countries>,
    redirects: Redirects,
    lifetime: Duration,
}

impl Draft {
    pub(super) fn made_of(self, project: ProjectId, now: Timestamp) -> NewInvitation {
        NewInvitation {
            id: InvitationId::new(now, rand::rng().random()),
            project,
            token: InvitationToken::new(rand::rng().random()),
            client_name: self.client_name.map(String::from),
            client_email: self.client_email,
            language: self.language,
            connection: self.connection,
            countries: self.countries,
            redirects: self.redirects,
            created_at: now,
            expires_at: now + self.lifetime,
        }
    }
}

impl CreateInvitation {
    /// What is wanted.
    ///
    /// # Errors
    /// With everything that is wrong.
    pub(super) fn read(&self) -> Result<Wanted, ApiError> {
        let mut fields = Fields::default();
        let text = Option::<String>::as_deref;
        let client_name =
            fields.read("clientName", text(&self.client_name), str::parse::<ShownName>);
        let client_email =
            fields.read("clientEmail", text(&self.client_email), str::parse::<Email>);
        let client_phone = fields.read("clientPhone", text(&self.client_phone), e164);
        let language = fields.read("language", text(&self.language), str::parse::<Language>);
        let theme = fields.read("theme", text(&self.theme), str::parse::<Theme>);
        let redirects = Redirects {
            success: fields.read("successRedirectUrl", text(&self.success_redirect_url), url),
            failure: fields.read("failureRedirectUrl", text(&self.failure_redirect_url), url),
            state: fields.read("state", text(&self.state), str::parse::<RedirectState>),
        };
        let connection = self.connection(&mut fields);
        let countries = self.countries(&mut fields);
        let lifetime = lifetime(self.expires_in_days).unwrap_or_else(|_| {
            fields.refuse("expiresInDays", "Must be from 1 to 30.");
            Duration::ZERO
        });
        fields.check()?;
        let draft = Draft {
            client_name,
            client_email,
            language,
            connection,
            countries,
            redirects,
            lifetime,
        };
        let details = InvitationDetails { client_phone, theme };
        Ok(Wanted { draft, details })
    }

    fn connection(&self, fields: &mut Fields) -> NewConnection {
        let number = self.phone_number_id.as_deref().map(|id| {
            // Whether it is one of the project's is looked up.
            PhoneNumberId::from_stored(id.to_owned())
        });
        match (self.connection_type.as_deref(), number) {
            (None | Some("whatsapp_waba"), Some(number)) => NewConnection::Preassigned(number),
            (None | Some("whatsapp_waba"), None) => NewConnection::ClientNumber,
            (Some("whatsapp_coexistence"), None) => NewConnection::Coexistence,
            (Some("whatsapp_coexistence"), Some(_)) => {
                let message = "Clients who keep their app connect the number that it has.";
                fields.refuse("phoneNumberId", message);
                NewConnection::Coexistence
            }
            (Some("messenger"), _) => {
                let message = "Messenger is not connected here: WhatsApp is.";
                fields.refuse("connectionType", message);
                NewConnection::ClientNumber
            }
            (Some(_), _) => {
                let message = "Must be whatsapp_waba or whatsapp_coexistence.";
                fields.refuse("connectionType", message);
                NewConnection::ClientNumber
            }
        }
    }

    fn countries(&self, fields: &mut Fields) -> Option<Countries> {
        let names = self.allowed_phone_countries.as_ref()?;
        let read = names.iter().map(|name| name.parse::<Country>()).collect::<Result<_, _>>();
        let countries =
            read.ok().filter(|_| names.len() <= MOST_COUNTRIES).and_then(Countries::new);
        if countries.is_none() {
            let message = "Must be countries in two letters, such as [\"DE\", \"AT\"].";
            fields.refuse("allowedPhoneCountries", message);
        }
        countries
    }
}

fn url(text: &str) -> Result<RedirectUrl, crate::domain::InvalidRedirect> {
    text.parse()
}

fn e164(text: &str) -> Result<PhoneNumber, &'static str> {
    let number = text.parse::<PhoneNumber>().ok().filter(|number| number.as_str() == text);
    number.ok_or("must be E.164, such as +15551234567")
}
