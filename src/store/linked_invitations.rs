//! An invitation as its page needs it, found by the secret in its link.

use rusqlite::{OptionalExtension, Row};
use subtle::ConstantTimeEq;

use crate::domain::{
    Brand, ConnectionType, Countries, InvitationId, InvitationStatus, InvitationToken, Language,
    PhoneNumber, PhoneNumberId, ProjectId, SenderId, Theme, Timestamp,
};

use super::invitations::{countries, parsed_language};
use super::projects::brand;
use super::{Reader, StoreError};

/// An invitation as its page needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub project: ProjectId,
    pub brand: Brand,
    pub client_name: Option<String>,
    /// When the client opened this link, for the first time.
    pub viewed_at: Option<Timestamp>,
    /// How its pages look; `None` as the browser asks.
    pub theme: Option<Theme>,
    /// What the client speaks.
    pub language: Option<Language>,
    /// At the moment that was asked for.
    pub status: InvitationStatus,
    pub connection: ConnectionType,
    /// Of which the number has to be; `None` for any.
    pub countries: Option<Countries>,
    pub phone_number: Option<AssignedNumber>,
    /// The sender that was made when it was completed.
    pub sender: Option<SenderId>,
}

/// The number that is pre-assigned to an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedNumber {
    pub id: PhoneNumberId,
    pub number: PhoneNumber,
}

impl Reader<'_> {
    /// The invitation that `token` opens, as it stands at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn invitation_by_token(
        &self,
        token: &InvitationToken,
        now: Timestamp,
    ) -> Result<Option<Invitation>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT invitations.id, ifnull(projects.company, projects.name), invitations.status,
                    invitations.expires_at, phone_numbers.id, phone_numbers.number,
                    invitations.token, invitations.connection_type, invitations.sender_id,
                    invitations.language, invitations.project_id, projects.colour, logos.version,
                    invitations.client_name, invitations.viewed_at, invitations.theme,
                    invitations.allowed_countries
             FROM invitations
             JOIN projects ON projects.id = (SELECT ifnull(test_of, id) FROM projects AS own
                                             WHERE own.id = invitations.project_id)
             LEFT JOIN logos ON logos.project_id = projects.id
             LEFT JOIN phone_numbers ON phone_numbers.id = invitations.phone_number_id
             WHERE token_hash = ?1",
        )?;
        let row = statement
            .query_row([token.hash().as_bytes()], |row| {
                Ok((columns(row, now), row.get::<_, String>(6)?))
            })
            .optional()?;
        let Some((invitation, stored)) = row else { return Ok(None) };
        if !bool::from(stored.as_bytes().ct_eq(token.expose().as_bytes())) {
            return Ok(None);
        }
        invitation.map(Some)
    }
}

fn columns(row: &Row<'_>, now: Timestamp) -> Result<Invitation, StoreError> {
    let status: InvitationStatus =
        row.get::<_, String>(2)?.parse().map_err(StoreError::unexpected)?;
    let expires_at = Timestamp::from_unix_millis(row.get(3)?);
    let number: Option<String> = row.get(4)?;
    let phone_number = number
        .map(|id| -> Result<_, StoreError> {
            let number: String = row.get(5)?;
            Ok(AssignedNumber {
                id: PhoneNumberId::from_stored(id),
                number: number.parse().map_err(StoreError::unexpected)?,
            })
        })
        .transpose()?;
    let theme: Option<String> = row.get(15)?;
    Ok(Invitation {
        id: InvitationId::from_stored(row.get(0)?),
        theme: theme.map(|name| name.parse()).transpose().map_err(StoreError::unexpected)?,
        project: ProjectId::from_stored(row.get(10)?),
        brand: brand(row.get(1)?, row.get(11)?, row.get(12)?)?,
        client_name: row.get(13)?,
        viewed_at: row.get::<_, Option<i64>>(14)?.map(Timestamp::from_unix_millis),
        language: parsed_language(row.get(9)?)?,
        status: status.at(expires_at, now),
        connection: row.get::<_, String>(7)?.parse().map_err(StoreError::unexpected)?,
        countries: countries(row, 16)?,
        phone_number,
        sender: row.get::<_, Option<String>>(8)?.map(SenderId::from_stored),
    })
}
