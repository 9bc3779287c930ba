//! One invitation with everything that happened to it, for the partner.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    CallId, CallOutcome, Countries, InvitationId, Language, PhoneNumber, ProjectId, Redirects,
    SignupFailure, Timestamp,
};

use super::invitation_list::{self, ListedInvitation};
use super::invitations::countries;
use super::{EventKind, Reader, RecordedStep, StoreError};

/// An invitation as its own page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationDetail {
    pub invitation: ListedInvitation,
    pub language: Option<Language>,
    /// Of which the number has to be; `None` for any.
    pub countries: Option<Countries>,
    pub redirects: Redirects,
    /// The name that WhatsApp shows, once it is connected.
    pub connected_name: Option<String>,
    /// Why the last attempt failed, more exactly than its step says.
    pub failure: Option<SignupFailure>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineEntry {
    pub at: Timestamp,
    pub what: Happening,
}

/// What happened. In the order in which it is told when it was at the same moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    Step(RecordedStep),
    /// The client opened the link.
    Opened,
    /// An attempt of the client ended, and why.
    AttemptFailed(SignupFailure),
    /// Meta is through with the client, and we go on.
    Finishing,
    Rang(CallOfInvitation),
    CodeRead,
    CodeWithdrawn,
    CallEnded(CallOfInvitation),
}

/// A call in which a code was to be heard.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOfInvitation {
    pub id: CallId,
    pub caller: Option<PhoneNumber>,
    pub rang_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: Option<CallOutcome>,
    /// Of the code that was read, 0 to 1.
    pub confidence: Option<f64>,
}

/// More than ever happens to one invitation; what a broken client repeats is cut off.
const MOST_ENTRIES: u32 = 500;

impl Reader<'_> {
    /// An invitation of a project as it stands at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn invitation_detail(
        &self,
        project: &ProjectId,
        id: &InvitationId,
        now: Timestamp,
    ) -> Result<Option<InvitationDetail>, StoreError> {
        let row = self
            .connection
            .prepare_cached(&format!(
                "SELECT {}, language, senders.name, allowed_countries FROM invitations
                 LEFT JOIN phone_numbers ON phone_numbers.id = invitations.phone_number_id
                 LEFT JOIN senders ON senders.id = invitations.sender_id
                 WHERE invitations.id = ?1 AND invitations.project_id = ?2",
                invitation_list::COLUMNS
            ))?
            .query_row((id.as_str(), project.as_str()), |row| {
                let language: Option<String> = row.get(invitation_list::COLUMN_COUNT)?;
                let name = row.get(invitation_list::COLUMN_COUNT + 1)?;
                let allowed = countries(row, invitation_list::COLUMN_COUNT + 2);
                Ok((invitation_list::listed(row, now), language, name, allowed))
            })
            .optional()?;
        let Some((invitation, language, connected_name, allowed)) = row else { return Ok(None) };
        let language = language.map(|it| it.parse()).transpose().map_err(StoreError::unexpected)?;
        Ok(Some(InvitationDetail {
            invitation: invitation?,
            language,
            countries: allowed?,
            redirects: self.redirects_of(id)?,
            connected_name,
            failure: self.attempts_failed(id)?.pop().map(|(_, failure)| failure),
        }))
    }

    /// What happened to an invitation of a project, oldest first. Empty when there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn timeline(
        &self,
        project: &ProjectId,
        id: &InvitationId,
    ) -> Result<Vec<TimelineEntry>, StoreError> {
        if self.invitation_state(id)?.is_none_or(|state| state.project != *project) {
            return Ok(Vec::new());
        }
        let steps = self.steps_of(id)?.into_iter();
        let mut entries: Vec<_> =
            steps.map(|step| TimelineEntry { at: step.at, what: Happening::Step(step) }).collect();
        entries.extend(self.events_of_note(id)?);
        let failed = self.attempts_failed(id)?.into_iter();
        entries.extend(
            failed.map(|(at, why)| TimelineEntry { at, what: Happening::AttemptFailed(why) }),
        );
        for call in self.calls_of(id)? {
            entries.push(TimelineEntry { at: call.rang_at, what: Happening::Rang(call.clone()) });
            if let Some(at) = call.ended_at {
                entries.push(TimelineEntry { at, what: Happening::CallEnded(call) });
            }
        }
        // Stable: what each table has at the same moment stays in its order.
        entries.sort_by_key(|entry| (entry.at, entry.what.place()));
        Ok(entries)
    }

    fn events_of_note(&self, id: &InvitationId) -> Result<Vec<TimelineEntry>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kind, at FROM events
             WHERE invitation_id = ?1 AND kind <> 'digits_heard' ORDER BY id LIMIT ?2",
        )?;
        let rows = statement.query_map((id.as_str(), MOST_ENTRIES), |row| {
            Ok((row.get::<_, String>(0)?, Timestamp::from_unix_millis(row.get(1)?)))
        })?;
        let told = |kind: &str| match kind {
            kind if kind == EventKind::InvitationOpened.as_str() => Some(Happening::Opened),
            kind if kind == EventKind::SignupFinishing.as_str() => Some(Happening::Finishing),
            kind if kind == EventKind::CodeRead.as_str() => Some(Happening::CodeRead),
            kind if kind == EventKind::CodeWithdrawn.as_str() => Some(Happening::CodeWithdrawn),
            // A step or a call says it already, or it says nothing to a partner.
            _ => None,
        };
        let mut entries: Vec<TimelineEntry> = Vec::new();
        for row in rows {
            let (kind, at) = row?;
            let Some(what) = told(&kind) else { continue };
            // Each of our requests wakes the pages: it is told once.
            if entries
                .last()
                .is_none_or(|last| last.what != Happening::Finishing || last.what != what)
            {
                entries.push(TimelineEntry { at, what });
            }
        }
        Ok(entries)
    }

    fn attempts_failed(
        &self,
        id: &InvitationId,
    ) -> Result<Vec<(Timestamp, SignupFailure)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT updated_at, failure FROM signups
             WHERE invitation_id = ?1 AND failure IS NOT NULL ORDER BY number",
        )?;
        let rows = statement.query_map([id.as_str()], |row| {
            Ok((Timestamp::from_unix_millis(row.get(0)?), row.get::<_, String>(1)?))
        })?;
        rows.map(|row| {
            let (at, failure) = row?;
            Ok((at, failure.parse().map_err(StoreError::unexpected)?))
        })
        .collect()
    }

    fn calls_of(&self, id: &InvitationId) -> Result<Vec<CallOfInvitation>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, caller, rang_at, ended_at, outcome, confidence FROM calls
             WHERE invitation_id = ?1 ORDER BY id LIMIT ?2",
        )?;
        let rows = statement.query_map((id.as_str(), MOST_ENTRIES), |row| Ok(call(row)))?;
        rows.map(|row| row?).collect()
    }
}

impl Happening {
    /// Of what happened at the same moment, what led to what.
    fn place(&self) -> u8 {
        match self {
            Self::Opened => 0,
            Self::Rang(_) => 1,
            Self::CodeRead => 2,
            Self::CodeWithdrawn => 3,
            Self::CallEnded(_) => 4,
            Self::Finishing => 5,
            Self::AttemptFailed(_) => 6,
            Self::Step(_) => 7,
        }
    }
}

fn call(row: &Row<'_>) -> Result<CallOfInvitation, StoreError> {
    let caller: Option<String> = row.get(1)?;
    let outcome: Option<String> = row.get(4)?;
    Ok(CallOfInvitation {
        id: CallId::from_stored(row.get(0)?),
        caller: caller.map(|it| it.parse()).transpose().map_err(StoreError::unexpected)?,
        rang_at: Timestamp::from_unix_millis(row.get(2)?),
        ended_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_unix_millis),
        outcome: outcome.map(|it| it.parse()).transpose().map_err(StoreError::unexpected)?,
        confidence: row.get(5)?,
    })
}
