//! Table `invitations`, as programs of partners see it: everything that is known of one.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    ConnectionType, Countries, FailureReason, InvitationId, InvitationStatus, InvitationToken,
    PhoneNumber, ProjectId, Theme, Timestamp,
};

use super::invitations::countries;
use super::{Reader, StoreError, Writer};

/// Everything that is known of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRecord {
    pub id: InvitationId,
    pub project: ProjectId,
    pub token: InvitationToken,
    /// At the moment that was asked for.
    pub status: InvitationStatus,
    pub connection: ConnectionType,
    pub client_name: Option<String>,
    pub client_email: Option<String>,
    pub client_phone: Option<String>,
    pub phone_number: Option<String>,
    pub language: Option<String>,
    pub theme: Option<String>,
    /// Of which the number has to be; `None` for any.
    pub countries: Option<Countries>,
    pub success_url: Option<String>,
    pub failure_url: Option<String>,
    pub state: Option<String>,
    /// Why the last attempt failed.
    pub failure: Option<FailureReason>,
    pub connected: Option<ConnectedAccount>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub expires_at: Timestamp,
    /// When the client first opened the link that it has now.
    pub viewed_at: Option<Timestamp>,
    /// When the client first began, with the link that it has now.
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub failed_at: Option<Timestamp>,
}

/// What programs say of an invitation, besides what it is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvitationDetails {
    pub client_phone: Option<PhoneNumber>,
    pub theme: Option<Theme>,
}

/// What a client has connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedAccount {
    /// The sender that was made.
    pub sender: String,
    /// Meta's name of the number; `None` when the sender was removed.
    pub number: Option<String>,
    /// The name that WhatsApp shows.
    pub name: String,
}

/// Which invitations of a project, the newest first.
#[derive(Debug, Clone)]
pub struct InvitationsAsked {
    pub project: ProjectId,
    pub status: Option<InvitationStatus>,
    /// Only those that are older.
    pub before: Option<InvitationId>,
    pub limit: u32,
}

/// Steps of an earlier link do not count: with a new one the client begins again.
const SELECT: &str = "
    SELECT i.id, i.project_id, i.token, i.status, i.connection_type, i.client_name, i.client_email,
           i.client_phone, i.phone_number_id, i.language, i.theme, i.allowed_countries,
           i.success_url, i.failure_url, i.redirect_state, i.failure_reason, i.created_at,
           i.updated_at, i.expires_at, i.sender_id, s.number_id, s.name,
           (SELECT min(at) FROM invitation_steps
            WHERE invitation_id = i.id AND to_status = 'in_progress'
              AND id > (SELECT max(id) FROM invitation_steps
                        WHERE invitation_id = i.id AND to_status = 'pending')),
           (SELECT max(at) FROM invitation_steps
            WHERE invitation_id = i.id AND to_status = i.status),
           i.viewed_at
    FROM invitations AS i LEFT JOIN senders AS s ON s.id = i.sender_id";

impl Writer<'_> {
    /// Adds the details to an invitation.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_invitation_details(
        &self,
        invitation: &InvitationId,
        details: &InvitationDetails,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE invitations SET client_phone = ?2, theme = ?3 WHERE id = ?1")?
            .execute((
                invitation.as_str(),
                details.client_phone.as_ref().map(PhoneNumber::as_str),
                details.theme.map(Theme::as_str),
            ))?;
        Ok(())
    }
}

impl Reader<'_> {
    /// An invitation of a project, as it stands at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn invitation_record(
        &self,
        project: &ProjectId,
        invitation: &InvitationId,
        now: Timestamp,
    ) -> Result<Option<InvitationRecord>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE i.id = ?1 AND i.project_id = ?2"))?;
        let found = statement
            .query_row((invitation.as_str(), project.as_str()), |row| Ok(columns(row, now)))
            .optional()?;
        found.transpose()
    }

    /// Invitations of a project, as they stand at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn invitation_records(
        &self,
        asked: &InvitationsAsked,
        now: Timestamp,
    ) -> Result<Vec<InvitationRecord>, StoreError> {
        let page = |condition: &str| self.page(condition, asked, now);
        Ok(match asked.status {
            None => page("?3 IS NULL")?,
            Some(status) if status.is_open() => page("i.status = ?3 AND i.expires_at > ?5")?,
            Some(InvitationStatus::Expired) => {
                let mut expired = page("i.status = ?3")?;
                // Those whose end was not recorded yet: a handful, of which an index knows.
                expired.extend(page(
                    "i.status IN ('pending', 'in_progress', 'failed') AND i.expires_at <= ?5
                     AND ?3 = 'expired'",
                )?);
                expired.sort_by(|one, other| other.id.cmp(&one.id));
                expired.truncate(usize::try_from(asked.limit).unwrap_or(usize::MAX));
                expired
            }
            Some(_) => page("i.status = ?3")?,
        })
    }

    fn page(
        &self,
        condition: &str,
        asked: &InvitationsAsked,
        now: Timestamp,
    ) -> Result<Vec<InvitationRecord>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE i.project_id = ?1 AND i.id < ?2 AND {condition} AND ?5 IS NOT NULL
             ORDER BY i.id DESC LIMIT ?4"
        ))?;
        // Nothing sorts after this.
        let before = asked.before.as_ref().map_or("j", InvitationId::as_str);
        let rows = statement.query_map(
            (
                asked.project.as_str(),
                before,
                asked.status.map(InvitationStatus::as_str),
                asked.limit,
                now.unix_millis(),
            ),
            |row| Ok(columns(row, now)),
        )?;
        rows.map(|row| row?).collect()
    }
}

fn columns(row: &Row<'_>, now: Timestamp) -> Result<InvitationRecord, StoreError> {
    let moment = |millis: i64| Timestamp::from_unix_millis(millis);
    let stored: InvitationStatus =
        row.get::<_, String>(3)?.parse().map_err(StoreError::unexpected)?;
    let expires_at = moment(row.get(18)?);
    let status = stored.at(expires_at, now);
    let failure = row.get::<_, Option<String>>(15)?.map(|name| name.parse()).transpose();
    let moved_at: Option<i64> = row.get(23)?;
    let since = |wanted| moved_at.filter(|_| status == wanted).map(moment);
    let sender: Option<String> = row.get(19)?;
    let connected = match sender {
        Some(sender) => Some(ConnectedAccount { sender, number: row.get(20)?, name: row.get(21)? }),
        None => None,
    };
    Ok(InvitationRecord {
        id: InvitationId::from_stored(row.get(0)?),
        project: ProjectId::from_stored(row.get(1)?),
        token: InvitationToken::from_text(row.get(2)?),
        status,
        connection: row.get::<_, String>(4)?.parse().map_err(StoreError::unexpected)?,
        client_name: row.get(5)?,
        client_email: row.get(6)?,
        client_phone: row.get(7)?,
        phone_number: row.get(8)?,
        language: row.get(9)?,
        theme: row.get(10)?,
        countries: countries(row, 11)?,
        success_url: row.get(12)?,
        failure_url: row.get(13)?,
        state: row.get(14)?,
        failure: failure.map_err(StoreError::unexpected)?,
        connected,
        created_at: moment(row.get(16)?),
        updated_at: moment(row.get(17)?),
        expires_at,
        viewed_at: row.get::<_, Option<i64>>(24)?.map(moment),
        started_at: row.get::<_, Option<i64>>(22)?.map(moment),
        completed_at: since(InvitationStatus::Completed),
        failed_at: since(InvitationStatus::Failed),
    })
}
