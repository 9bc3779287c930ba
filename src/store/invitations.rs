//! Table `invitations`.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    ConnectionType, Countries, Email, FailureReason, InvitationId, InvitationStatus,
    InvitationToken, Language, OriginPurpose, PhoneNumberId, ProjectId, RedirectState, RedirectUrl,
    Redirects, SenderId, Submission, Timestamp,
};

use super::{Reader, StoreError, Writer};

/// An invitation to be made. It is pending at once.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    pub id: InvitationId,
    pub project: ProjectId,
    pub token: InvitationToken,
    pub client_name: Option<String>,
    pub client_email: Option<Email>,
    /// What the client speaks, and so probably the voice that calls.
    pub language: Option<Language>,
    pub connection: NewConnection,
    /// Of which a number has to be; `None` for any.
    pub countries: Option<Countries>,
    /// Where the client is sent afterwards.
    pub redirects: Redirects,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How the client is to connect, with our number where one is pre-assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewConnection {
    ClientNumber,
    Preassigned(PhoneNumberId),
    Coexistence,
}

impl NewConnection {
    /// Without the number.
    pub fn kind(&self) -> ConnectionType {
        match self {
            Self::ClientNumber => ConnectionType::ClientNumber,
            Self::Preassigned(_) => ConnectionType::Preassigned,
            Self::Coexistence => ConnectionType::Coexistence,
        }
    }

    /// The number that is pre-assigned.
    pub fn number(&self) -> Option<&PhoneNumberId> {
        match self {
            Self::Preassigned(number) => Some(number),
            Self::ClientNumber | Self::Coexistence => None,
        }
    }
}

/// An invitation as far as its next step depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationState {
    pub project: ProjectId,
    /// As it was stored, whether or not its time has run out since.
    pub status: InvitationStatus,
    pub connection: ConnectionType,
    /// Of which the number has to be; `None` for any.
    pub countries: Option<Countries>,
    pub phone_number: Option<PhoneNumberId>,
    pub expires_at: Timestamp,
}

/// The link of an invitation, and how long it can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    pub token: InvitationToken,
    pub expires_at: Timestamp,
}

/// The open invitation that a number is pre-assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvitation {
    pub id: InvitationId,
    pub language: Option<Language>,
}

impl Writer<'_> {
    /// Makes an invitation. Whether it may be made is a question to `onboarding`.
    ///
    /// # Errors
    /// When its number already serves an open invitation, or the database refuses.
    pub fn insert_invitation(&self, invitation: &NewInvitation) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO invitations (id, project_id, token, token_hash, status, client_name,
                                      client_email, language, connection_type, phone_number_id, created_at,
                                      updated_at, expires_at, success_url, failure_url,
                                      redirect_state, allowed_countries)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?13, ?14, ?15, ?16)",
            (
                invitation.id.as_str(),
                invitation.project.as_str(),
                invitation.token.expose(),
                invitation.token.hash().as_bytes(),
                InvitationStatus::Pending.as_str(),
                &invitation.client_name,
                invitation.client_email.as_ref().map(Email::as_str),
                invitation.language.as_ref().map(Language::as_str),
                invitation.connection.kind().as_str(),
                invitation.connection.number().map(PhoneNumberId::as_str),
                invitation.created_at.unix_millis(),
                invitation.expires_at.unix_millis(),
                invitation.redirects.success.as_ref().map(RedirectUrl::as_str),
                invitation.redirects.failure.as_ref().map(RedirectUrl::as_str),
                invitation.redirects.state.as_ref().map(RedirectState::as_str),
                invitation.countries.as_ref().map(Countries::to_string),
            ),
        )?;
        Ok(())
    }

    /// Sets where an invitation stands. Which steps are legal is not known here: only
    /// `onboarding` may call it.
    ///
    /// # Errors
    /// When another invitation that is open has its number, or the database refuses.
    pub fn move_invitation(
        &self,
        invitation: &InvitationId,
        to: InvitationStatus,
        failure: Option<FailureReason>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE invitations SET status = ?2, failure_reason = ?3, updated_at = ?4
                 WHERE id = ?1",
            )?
            .execute((
                invitation.as_str(),
                to.as_str(),
                failure.map(FailureReason::as_str),
                at.unix_millis(),
            ))?;
        Ok(())
    }

    /// Says which sender an invitation made. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When there is no such sender, or the database refuses.
    pub fn set_sender(
        &self,
        invitation: &InvitationId,
        sender: &SenderId,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE invitations SET sender_id = ?2 WHERE id = ?1")?
            .execute((invitation.as_str(), sender.as_str()))?;
        Ok(())
    }

    /// Gives an invitation another link. The one before opens nothing any more. Only `onboarding`
    /// may call it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn replace_link(
        &self,
        invitation: &InvitationId,
        link: &NewLink,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE invitations
                 SET token = ?2, token_hash = ?3, expires_at = ?4, viewed_at = NULL WHERE id = ?1",
            )?
            .execute((
                invitation.as_str(),
                link.token.expose(),
                link.token.hash().as_bytes(),
                link.expires_at.unix_millis(),
            ))?;
        Ok(())
    }
}

impl Writer<'_> {
    /// Names the sending of a form that made an invitation. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When another invitation of the project was made by it, or the database refuses.
    pub fn set_submission(
        &self,
        invitation: &InvitationId,
        submission: &Submission,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE invitations SET submission = ?2 WHERE id = ?1")?
            .execute((invitation.as_str(), submission.as_str()))?;
        Ok(())
    }

    /// Records that a link was opened, and returns whether it was for the first time. Only `onboarding`
    /// may call it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark_viewed(
        &self,
        invitation: &InvitationId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let marked = self
            .connection
            .prepare_cached(
                "UPDATE invitations SET viewed_at = ?2 WHERE id = ?1 AND viewed_at IS NULL",
            )?
            .execute((invitation.as_str(), at.unix_millis()))?;
        Ok(marked > 0)
    }
}

impl Reader<'_> {
    /// The invitation that a form made which was sent before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn invitation_of_submission(
        &self,
        project: &ProjectId,
        submission: &Submission,
    ) -> Result<Option<InvitationId>, StoreError> {
        let id = self
            .connection
            .prepare_cached("SELECT id FROM invitations WHERE project_id = ?1 AND submission = ?2")?
            .query_row((project.as_str(), submission.as_str()), |row| row.get(0))
            .optional()?;
        Ok(id.map(InvitationId::from_stored))
    }

    /// Where an invitation stands; `None` when there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn invitation_state(
        &self,
        invitation: &InvitationId,
    ) -> Result<Option<InvitationState>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT project_id, status, phone_number_id, expires_at, connection_type, allowed_countries
             FROM invitations WHERE id = ?1",
        )?;
        let row = statement.query_row([invitation.as_str()], |row| Ok(state(row))).optional()?;
        row.transpose()
    }

    /// Open invitations whose time has run out at `now`, at most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn overdue_invitations(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<InvitationId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM invitations
             WHERE expires_at <= ?1 AND status IN ('pending', 'in_progress', 'failed')
             ORDER BY expires_at LIMIT ?2",
        )?;
        let rows = statement.query_map((now.unix_millis(), limit), |row| row.get(0))?;
        Ok(rows.map(|id| id.map(InvitationId::from_stored)).collect::<Result<_, _>>()?)
    }

    /// When the next open invitation expires.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        let millis: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT min(expires_at) FROM invitations
                 WHERE status IN ('pending', 'in_progress', 'failed')",
            )?
            .query_row([], |row| row.get(0))?;
        Ok(millis.map(Timestamp::from_unix_millis))
    }

    /// The invitation that has `number`, by its stored status: its time may have run out since.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn holder_of(&self, number: &PhoneNumberId) -> Result<Option<InvitationId>, StoreError> {
        let id = self
            .connection
            .prepare_cached(
                "SELECT id FROM invitations
                 WHERE phone_number_id = ?1 AND status IN ('pending', 'in_progress', 'failed')",
            )?
            .query_row([number.as_str()], |row| row.get(0))
            .optional()?;
        Ok(id.map(InvitationId::from_stored))
    }

    /// Where the client of an invitation is sent, as far as its project allows it now.
    ///
    /// # Errors
    /// When there is no such invitation, or the database refuses.
    pub fn redirects_of(&self, invitation: &InvitationId) -> Result<Redirects, StoreError> {
        let (project, success, failure, state) = self
            .connection
            .prepare_cached(
                "SELECT project_id, success_url, failure_url, redirect_state FROM invitations
                 WHERE id = ?1",
            )?
            .query_row([invitation.as_str()], |row| {
                let texts: (String, Option<String>, Option<String>, Option<String>) =
                    (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                Ok(texts)
            })?;
        let url = |text: Option<String>| {
            text.map(|url| url.parse::<RedirectUrl>()).transpose().map_err(StoreError::unexpected)
        };
        let state = state.map(|state| state.parse()).transpose().map_err(StoreError::unexpected)?;
        let redirects = Redirects { success: url(success)?, failure: url(failure)?, state };
        Ok(redirects
            .within(&self.origins(&ProjectId::from_stored(project), OriginPurpose::Redirect)?))
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
        Ok(Some(OpenInvitation { id, language: parsed_language(language)? }))
    }
}

pub(super) fn parsed_language(code: Option<String>) -> Result<Option<Language>, StoreError> {
    code.map(|code| code.parse()).transpose().map_err(StoreError::unexpected)
}

pub(super) fn countries(row: &Row<'_>, column: usize) -> Result<Option<Countries>, StoreError> {
    let names: Option<String> = row.get(column)?;
    Ok(names.map(|names| Countries::from_stored(&names)))
}

fn state(row: &Row<'_>) -> Result<InvitationState, StoreError> {
    Ok(InvitationState {
        project: ProjectId::from_stored(row.get(0)?),
        status: row.get::<_, String>(1)?.parse().map_err(StoreError::unexpected)?,
        phone_number: row.get::<_, Option<String>>(2)?.map(PhoneNumberId::from_stored),
        expires_at: Timestamp::from_unix_millis(row.get(3)?),
        connection: row.get::<_, String>(4)?.parse().map_err(StoreError::unexpected)?,
        countries: countries(row, 5)?,
    })
}
