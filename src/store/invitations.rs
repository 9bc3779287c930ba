//! Table `invitations`.

use rusqlite::{OptionalExtension, Row};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::{
    InvitationId, InvitationStatus, InvitationToken, Language, PhoneNumber, PhoneNumberId,
    ProjectId, Timestamp,
};

use super::{Reader, StoreError, Writer};

/// An invitation to be made. It is pending at once.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    pub id: InvitationId,
    pub project: ProjectId,
    pub token: InvitationToken,
    pub client_name: Option<String>,
    /// What the client speaks, and so probably the voice that calls.
    pub language: Option<Language>,
    /// The number pre-assigned to the client.
    pub phone_number: Option<PhoneNumberId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// An invitation as its page needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub project_name: String,
    pub status: InvitationStatus,
    pub phone_number: Option<PhoneNumber>,
    pub expires_at: Timestamp,
}

impl Invitation {
    /// Whether the client may still act on it: expiry takes effect at its moment, not when
    /// somebody sweeps.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.status.is_open() && now < self.expires_at
    }
}

/// The open invitation that a number is pre-assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvitation {
    pub id: InvitationId,
    pub language: Option<Language>,
}

impl Writer<'_> {
    /// Makes an invitation.
    ///
    /// # Errors
    /// When its number already serves an open invitation, or the database refuses.
    pub fn insert_invitation(&self, invitation: &NewInvitation) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO invitations (id, project_id, token, token_hash, status, client_name,
                                      language, phone_number_id, created_at, updated_at,
                                      expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
            (
                invitation.id.as_str(),
                invitation.project.as_str(),
                invitation.token.expose(),
                hash(&invitation.token).as_slice(),
                InvitationStatus::Pending.as_str(),
                &invitation.client_name,
                invitation.language.as_ref().map(Language::as_str),
                invitation.phone_number.as_ref().map(PhoneNumberId::as_str),
                invitation.created_at.unix_millis(),
                invitation.expires_at.unix_millis(),
            ),
        )?;
        Ok(())
    }
}

impl Reader<'_> {
    /// The invitation that `token` opens, whatever its status.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn invitation_by_token(
        &self,
        token: &InvitationToken,
    ) -> Result<Option<Invitation>, StoreError> {
        let row = self
            .connection
            .prepare_cached(
                "SELECT invitations.id, projects.name, invitations.status, phone_numbers.number,
                        invitations.expires_at, invitations.token
                 FROM invitations
                 JOIN projects ON projects.id = invitations.project_id
                 LEFT JOIN phone_numbers ON phone_numbers.id = invitations.phone_number_id
                 WHERE token_hash = ?1",
            )?
            .query_row([hash(token).as_slice()], |row| Ok((columns(row)?, row.get(5)?)))
            .optional()?;
        let Some((invitation, stored)) = row else { return Ok(None) };
        let stored: String = stored;
        if !bool::from(stored.as_bytes().ct_eq(token.expose().as_bytes())) {
            return Ok(None);
        }
        invitation.map(Some)
    }

    /// The open invitation that `number` is pre-assigned to.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn open_invitation_for(
        &self,
        number: &PhoneNumberId,
        now: Timestamp,
    ) -> Result<Option<OpenInvitation>, StoreError> {
        let row = self
            .connection
            .prepare_cached(
                "SELECT id, language FROM invitations
                 WHERE phone_number_id = ?1 AND expires_at > ?2
                   AND status IN ('pending', 'in_progress', 'failed')",
            )?
            .query_row((number.as_str(), now.unix_millis()), |row| {
                Ok((InvitationId::from_stored(row.get(0)?), row.get::<_, Option<String>>(1)?))
            })
            .optional()?;
        let Some((id, language)) = row else { return Ok(None) };
        let language = language
            .map(|code| code.parse())
            .transpose()
            .map_err(|error| StoreError::Unexpected(format!("{error}")))?;
        Ok(Some(OpenInvitation { id, language }))
    }
}

fn hash(token: &InvitationToken) -> [u8; 32] {
    Sha256::digest(token.expose()).into()
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Result<Invitation, StoreError>> {
    let status: String = row.get(2)?;
    let number: Option<String> = row.get(3)?;
    let parse = || -> Result<_, String> {
        let status = status.parse::<InvitationStatus>().map_err(|error| error.to_string())?;
        let number = number
            .map(|text| text.parse::<PhoneNumber>().map_err(|error| error.to_string()))
            .transpose()?;
        Ok((status, number))
    };
    let (status, phone_number) = match parse() {
        Ok(parsed) => parsed,
        Err(reason) => return Ok(Err(StoreError::Unexpected(reason))),
    };
    Ok(Ok(Invitation {
        id: InvitationId::from_stored(row.get(0)?),
        project_name: row.get(1)?,
        status,
        phone_number,
        expires_at: Timestamp::from_unix_millis(row.get(4)?),
    }))
}
