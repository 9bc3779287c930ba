//! Table `signups`: each attempt to go through Meta's sign-up.
//!
//! Which step follows which is not known here: only `onboarding` may change a row.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    InvitationId, InvitationStatus, Sealed, SenderId, SignupFailure, SignupId, SignupState,
    SignupStep, Timestamp,
};

use super::{Reader, StoreError, Writer};

/// An attempt, as far as its next step depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signup {
    pub id: SignupId,
    pub invitation: InvitationId,
    pub step: SignupStep,
    /// Meta's name of the client's account.
    pub account: Option<String>,
    /// Meta's name of the phone number.
    pub number: Option<String>,
    pub token: Option<Sealed>,
    pub pin: Option<Sealed>,
    pub failure: Option<SignupFailure>,
}

/// What became known with a step. `None` leaves what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned {
    pub account: Option<String>,
    pub number: Option<String>,
    pub token: Option<Sealed>,
    pub pin: Option<Sealed>,
}

impl Writer<'_> {
    /// Begins an attempt. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When there is no such invitation, or the database refuses.
    pub fn insert_signup(
        &self,
        id: &SignupId,
        invitation: &InvitationId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO signups (id, invitation_id, begun_at, updated_at, step)
                 VALUES (?1, ?2, ?3, ?3, ?4)",
            )?
            .execute((
                id.as_str(),
                invitation.as_str(),
                at.unix_millis(),
                SignupStep::Begun.as_str(),
            ))?;
        Ok(())
    }

    /// Records that an attempt came to `step`. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn move_signup(
        &self,
        id: &SignupId,
        step: SignupStep,
        learned: &Learned,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE signups SET step = ?2, updated_at = ?3,
                        waba_id = ifnull(?4, waba_id), number_id = ifnull(?5, number_id),
                        token = ifnull(?6, token), pin = ifnull(?7, pin)
                 WHERE id = ?1",
            )?
            .execute((
                id.as_str(),
                step.as_str(),
                at.unix_millis(),
                &learned.account,
                &learned.number,
                learned.token.as_ref().map(Sealed::as_bytes),
                learned.pin.as_ref().map(Sealed::as_bytes),
            ))?;
        Ok(())
    }

    /// Ends an attempt: well, or for a reason. Its token is erased. Only `onboarding` may call it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_signup(
        &self,
        id: &SignupId,
        failure: Option<SignupFailure>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let step = if failure.is_some() { SignupStep::Failed } else { SignupStep::Done };
        self.connection
            .prepare_cached(
                "UPDATE signups SET step = ?2, updated_at = ?3, failure = ?4, token = NULL
                 WHERE id = ?1",
            )?
            .execute((
                id.as_str(),
                step.as_str(),
                at.unix_millis(),
                failure.map(SignupFailure::as_str),
            ))?;
        Ok(())
    }
}

const COLUMNS: &str = "id, invitation_id, step, waba_id, number_id, token, pin, failure";

impl Reader<'_> {
    /// An attempt of this invitation.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn signup(
        &self,
        id: &SignupId,
        invitation: &InvitationId,
    ) -> Result<Option<Signup>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM signups WHERE id = ?1 AND invitation_id = ?2"
        ))?;
        let row = statement
            .query_row((id.as_str(), invitation.as_str()), |row| Ok(columns(row)))
            .optional()?;
        row.transpose()
    }

    /// When attempts of this invitation were begun, after `since`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn signups_begun(
        &self,
        invitation: &InvitationId,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT begun_at FROM signups WHERE invitation_id = ?1 AND begun_at > ?2
             ORDER BY begun_at",
        )?;
        let begun = (invitation.as_str(), since.unix_millis());
        let rows = statement.query_map(begun, |row| row.get(0))?;
        Ok(rows.map(|at| at.map(Timestamp::from_unix_millis)).collect::<Result<_, _>>()?)
    }

    /// The attempts in which the client is through and we are not, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn unfinished_signups(&self) -> Result<Vec<Signup>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM signups WHERE step NOT IN ('begun', 'done', 'failed')
             ORDER BY number"
        ))?;
        let rows = statement.query_map([], |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }

    /// Whether an attempt of this invitation is being finished.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_signup_finishing(&self, invitation: &InvitationId) -> Result<bool, StoreError> {
        let is_finishing = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM signups
                 WHERE invitation_id = ?1 AND step NOT IN ('begun', 'done', 'failed')",
            )?
            .exists([invitation.as_str()])?;
        Ok(is_finishing)
    }

    /// Whether a later attempt of this invitation was begun and is not over.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_signup_overtaken(&self, id: &SignupId) -> Result<bool, StoreError> {
        let is_overtaken = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM signups AS this JOIN signups AS later
                    ON later.invitation_id = this.invitation_id AND later.number > this.number
                 WHERE this.id = ?1 AND later.step NOT IN ('done', 'failed')",
            )?
            .exists([id.as_str()])?;
        Ok(is_overtaken)
    }

    /// Whether an attempt is one with the link that its invitation has now.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_signup_of_link(&self, id: &SignupId) -> Result<bool, StoreError> {
        let is_of_link = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM signups
                 WHERE id = ?1
                   AND begun_at >= (SELECT ifnull(max(at), 0) FROM invitation_steps
                                    WHERE invitation_id = signups.invitation_id
                                      AND to_status = 'pending')",
            )?
            .exists([id.as_str()])?;
        Ok(is_of_link)
    }

    /// What the page shows of the sign-up. Attempts with a link that was replaced do not count.
    ///
    /// # Errors
    /// When there is no such invitation, or the database refuses.
    pub fn signup_state(&self, invitation: &InvitationId) -> Result<SignupState, StoreError> {
        let (status, sender, step, failure) = self
            .connection
            .prepare_cached(
                "SELECT status, sender_id, step, failure FROM invitations
                 LEFT JOIN signups ON number = (
                    SELECT number FROM signups WHERE invitation_id = invitations.id
                       AND begun_at >= (SELECT ifnull(max(at), 0) FROM invitation_steps
                                        WHERE invitation_id = invitations.id
                                          AND to_status = 'pending')
                    ORDER BY step IN ('begun', 'failed'), number DESC LIMIT 1)
                 WHERE invitations.id = ?1",
            )?
            .query_row([invitation.as_str()], |row| {
                let texts: (String, Option<String>, Option<String>, Option<String>) =
                    (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                Ok(texts)
            })?;
        let status: InvitationStatus = status.parse().map_err(StoreError::unexpected)?;
        let step = step.map(|step| step.parse()).transpose().map_err(StoreError::unexpected)?;
        let failure = failure.map(|name| name.parse()).transpose();
        let failure = failure.map_err(StoreError::unexpected)?;
        Ok(match (sender, step) {
            (Some(sender), _) if status == InvitationStatus::Completed => {
                SignupState::Done { sender: SenderId::from_stored(sender) }
            }
            (_, None) => SignupState::NotBegun,
            (_, Some(SignupStep::Begun)) => SignupState::Open,
            (_, Some(SignupStep::Failed)) => {
                SignupState::Failed { failure: failure.unwrap_or(SignupFailure::Internal) }
            }
            (_, Some(_)) => SignupState::Finishing,
        })
    }

    /// The newest PIN that a number was given by us, with the attempt that gave it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn pin_of_number(&self, number: &str) -> Result<Option<(SignupId, Sealed)>, StoreError> {
        let row = self
            .connection
            .prepare_cached(
                "SELECT id, pin FROM signups WHERE number_id = ?1 AND pin IS NOT NULL
                 ORDER BY number DESC LIMIT 1",
            )?
            .query_row([number], |row| {
                Ok((SignupId::from_stored(row.get(0)?), Sealed::from_bytes(row.get(1)?)))
            })
            .optional()?;
        Ok(row)
    }
}

fn columns(row: &Row<'_>) -> Result<Signup, StoreError> {
    let step: String = row.get(2)?;
    let failure: Option<String> = row.get(7)?;
    Ok(Signup {
        id: SignupId::from_stored(row.get(0)?),
        invitation: InvitationId::from_stored(row.get(1)?),
        step: step.parse().map_err(StoreError::unexpected)?,
        account: row.get(3)?,
        number: row.get(4)?,
        token: row.get::<_, Option<Vec<u8>>>(5)?.map(Sealed::from_bytes),
        pin: row.get::<_, Option<Vec<u8>>>(6)?.map(Sealed::from_bytes),
        failure: failure.map(|name| name.parse()).transpose().map_err(StoreError::unexpected)?,
    })
}
