//! Table `codes`: the digits, for as long as they are valid and not a moment longer.

use rusqlite::OptionalExtension as _;

use crate::domain::{CallId, CodeStage, InvitationId, ProjectId, SpokenCode, Timestamp};

use super::{EventKind, NewEvent, NewStage, Reader, StoreError, Writer};

/// A code that was read in a call.
#[derive(Debug, Clone)]
pub struct NewCode {
    pub call: CallId,
    pub code: SpokenCode,
    pub read_at: Timestamp,
    pub valid_until: Timestamp,
}

impl Writer<'_> {
    /// Keeps the code of a call.
    ///
    /// # Errors
    /// When the call has a code already, or the database refuses.
    pub fn insert_code(&self, code: &NewCode) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO codes (call_id, code, read_at, valid_until)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((
                code.call.as_str(),
                code.code.expose(),
                code.read_at.unix_millis(),
                code.valid_until.unix_millis(),
            ))?;
        Ok(())
    }

    /// Takes back the code of a call, if it has one: further listening put it in doubt.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn withdraw_code(&self, call: &CallId) -> Result<(), StoreError> {
        let deleted =
            self.connection.execute("DELETE FROM codes WHERE call_id = ?1", [call.as_str()])?;
        if deleted == 0 {
            return Ok(());
        }
        self.connection.execute(
            "UPDATE events SET stage = NULL, stage_dies_at = NULL
             WHERE call_id = ?1 AND kind = ?2",
            (call.as_str(), EventKind::CodeRead.as_str()),
        )?;
        self.note_digits_erased();
        Ok(())
    }

    /// Erases every digit whose time is over at `now`, and tells the pages that showed one, or listed it as
    /// that of an earlier call.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn erase_dead_digits(&self, now: Timestamp) -> Result<(), StoreError> {
        let shown = self.stages_dying_by(now)?;
        let mut listed = self.pages_of_codes_dying_by(now)?;
        listed.retain(|(_, page)| shown.iter().all(|(_, told, _)| told != page));
        let codes = self
            .connection
            .execute("DELETE FROM codes WHERE valid_until <= ?1", [now.unix_millis()])?;
        let stages = self.connection.execute(
            "UPDATE events SET stage = NULL, stage_dies_at = NULL WHERE stage_dies_at <= ?1",
            [now.unix_millis()],
        )?;
        let shown = shown.into_iter().map(|(project, invitation, stage)| {
            (project, invitation, Some(NewStage::from(stage.without_digits())))
        });
        let listed = listed.into_iter().map(|(project, invitation)| (project, invitation, None));
        for (project, invitation, stage) in shown.chain(listed) {
            self.append_event(&NewEvent {
                project,
                invitation,
                call: None,
                kind: EventKind::DigitsErased,
                at: now,
                stage,
            })?;
        }
        if codes + stages > 0 {
            self.note_digits_erased();
        }
        Ok(())
    }

    /// Erases every digit that was heard for an invitation: nobody may see them any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn erase_digits_of(&self, invitation: &InvitationId) -> Result<(), StoreError> {
        let codes = self
            .connection
            .prepare_cached(
                "DELETE FROM codes WHERE call_id IN (SELECT id FROM calls WHERE invitation_id = ?1)",
            )?
            .execute([invitation.as_str()])?;
        let stages = self
            .connection
            .prepare_cached(
                "UPDATE events SET stage = NULL, stage_dies_at = NULL
                 WHERE invitation_id = ?1 AND stage IS NOT NULL AND stage_dies_at IS NOT NULL",
            )?
            .execute([invitation.as_str()])?;
        if codes + stages > 0 {
            self.note_digits_erased();
        }
        Ok(())
    }

    /// The pages for which codes were read whose time is over.
    fn pages_of_codes_dying_by(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(ProjectId, InvitationId)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT project_id, invitation_id FROM codes
             JOIN calls ON calls.id = codes.call_id
             WHERE valid_until <= ?1 AND invitation_id IS NOT NULL",
        )?;
        let pages = statement
            .query_map([now.unix_millis()], |row| {
                Ok((ProjectId::from_stored(row.get(0)?), InvitationId::from_stored(row.get(1)?)))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        Ok(pages)
    }

    /// The pages that show digits whose time is over: each with the stage it shows.
    fn stages_dying_by(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(ProjectId, InvitationId, CodeStage)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT project_id, invitation_id, stage FROM events AS shown
             WHERE stage_dies_at <= ?1
               AND NOT EXISTS (SELECT 1 FROM events AS later
                               WHERE later.invitation_id = shown.invitation_id
                                 AND later.stage IS NOT NULL AND later.id > shown.id)",
        )?;
        let rows = statement
            .query_map([now.unix_millis()], |row| {
                Ok((
                    ProjectId::from_stored(row.get(0)?),
                    InvitationId::from_stored(row.get(1)?),
                    row.get::<_, String>(2)?,
                ))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        rows.into_iter()
            .map(|(project, invitation, stage)| {
                Ok((project, invitation, super::events::parse_stage(&stage)?))
            })
            .collect()
    }
}

impl Reader<'_> {
    /// The codes of an invitation that are valid at `now`, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn valid_codes(
        &self,
        invitation: &InvitationId,
        now: Timestamp,
    ) -> Result<Vec<SpokenCode>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT code FROM codes JOIN calls ON calls.id = codes.call_id
             WHERE calls.invitation_id = ?1 AND valid_until > ?2
             ORDER BY read_at DESC, call_id DESC",
        )?;
        let rows = statement
            .query_map((invitation.as_str(), now.unix_millis()), |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        rows.iter().map(|code| parse(code)).collect()
    }

    /// The first of those, and until when it is valid, unless something was said in a call after its own,
    /// `silent` aside.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn code_before_silence(
        &self,
        invitation: &InvitationId,
        silent: &CallId,
        now: Timestamp,
    ) -> Result<Option<(SpokenCode, Timestamp)>, StoreError> {
        let newest = self
            .connection
            .prepare_cached(
                "SELECT code, valid_until FROM codes JOIN calls ON calls.id = codes.call_id
                 WHERE calls.invitation_id = ?1 AND valid_until > ?2
                   AND NOT EXISTS (SELECT 1 FROM calls AS later
                                   WHERE later.invitation_id = ?1 AND later.id > calls.id
                                     AND later.id <> ?3
                                     AND later.outcome NOT IN ('abandoned', 'silent'))
                 ORDER BY read_at DESC, call_id DESC LIMIT 1",
            )?
            .query_row((invitation.as_str(), now.unix_millis(), silent.as_str()), |row| {
                Ok((row.get::<_, String>(0)?, Timestamp::from_unix_millis(row.get(1)?)))
            })
            .optional()?;
        newest.map(|(code, valid_until)| Ok((parse(&code)?, valid_until))).transpose()
    }

    /// When the digits heard in a call have to be erased; `None` when it has none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_of_digits(&self, call: &CallId) -> Result<Option<Timestamp>, StoreError> {
        let millis: Option<i64> = self.connection.query_row(
            "SELECT max(stage_dies_at) FROM events WHERE call_id = ?1",
            [call.as_str()],
            |row| row.get(0),
        )?;
        Ok(millis.map(Timestamp::from_unix_millis))
    }

    /// The next moment at which digits or a recording have to be erased.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn next_erasure(&self) -> Result<Option<Timestamp>, StoreError> {
        let millis: Option<i64> = self.connection.query_row(
            "SELECT min(moment) FROM (SELECT min(valid_until) AS moment FROM codes
                                      UNION ALL SELECT min(stage_dies_at) FROM events
                                                WHERE stage_dies_at IS NOT NULL
                                      UNION ALL SELECT min(ends_at) FROM recording_ends)",
            [],
            |row| row.get(0),
        )?;
        Ok(millis.map(Timestamp::from_unix_millis))
    }
}

fn parse(code: &str) -> Result<SpokenCode, StoreError> {
    code.parse().map_err(|error| StoreError::Unexpected(format!("{error}")))
}
