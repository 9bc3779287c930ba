//! Table `calls`, as partners look through it. No digit is ever among it.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    CallId, CallOutcome, CallPurpose, CallQuality, InvitationId, PhoneNumber, PhoneNumberId,
    ProjectId, Timestamp, VerificationId,
};

use super::{AssignedNumber, Reader, StoreError};

/// A call, as its project looks at it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedCall {
    pub id: CallId,
    /// Who was called.
    pub number: AssignedNumber,
    /// Who called, when that is a number.
    pub caller: Option<PhoneNumber>,
    pub purpose: CallPurpose,
    /// Whom the invitation is for.
    pub client: Option<String>,
    /// The name of the trunk it came in on.
    pub trunk: String,
    pub rang_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    /// `None` while it goes on.
    pub end: Option<ListedEnd>,
    /// When its recording is erased, if there is one to listen to.
    pub recorded_until: Option<Timestamp>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListedEnd {
    pub at: Timestamp,
    pub outcome: CallOutcome,
    /// Of the code that was read, 0 to 1.
    pub confidence: Option<f64>,
    pub quality: Option<CallQuality>,
}

/// Which calls are looked for. Those that go on have no outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    pub number: Option<PhoneNumberId>,
    pub outcome: Option<CallOutcome>,
}

/// Which calls of a project, the newest first.
#[derive(Debug, Clone)]
pub struct CallsAsked {
    pub project: ProjectId,
    pub invitation: Option<InvitationId>,
    /// Only those that are older.
    pub before: Option<CallId>,
    pub limit: u32,
}

/// A row of [`ListedCall`]. The calls lead, in the order of an index of theirs (SQLite, "Manual Control Of
/// Query Plans Using CROSS JOIN").
const SELECT: &str = "SELECT calls.id, phone_number_id, phone_numbers.number, caller, \
            calls.invitation_id, verification_id, trunk, rang_at, answered_at, ended_at, outcome, \
            confidence, lost_percent, jitter_ms, opinion_score, \
            (SELECT client_name FROM invitations WHERE invitations.id = calls.invitation_id), \
            (SELECT ends_at FROM recording_ends WHERE recording_ends.call_id = calls.id) \
     FROM calls CROSS JOIN phone_numbers ON phone_numbers.id = phone_number_id";

impl Reader<'_> {
    /// The calls of a project that go on, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn live_calls(
        &self,
        project: &ProjectId,
        limit: u32,
    ) -> Result<Vec<ListedCall>, StoreError> {
        // The outcome is set with the end, and has an index.
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE calls.project_id = ?1 AND outcome IS NULL
             ORDER BY calls.id DESC LIMIT ?2"
        ))?;
        let rows = statement.query_map((project.as_str(), limit), |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }

    /// The calls of a project that are over and came before the one with the id `before`, newest first, at
    /// most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn past_calls(
        &self,
        project: &ProjectId,
        filter: &CallFilter,
        before: Option<&CallId>,
        limit: u32,
    ) -> Result<Vec<ListedCall>, StoreError> {
        let mut values = vec![Value::from(project.as_str().to_owned())];
        values.extend(filter.number.as_ref().map(|number| number.as_str().to_owned().into()));
        values.extend(filter.outcome.map(|outcome| outcome.as_str().to_owned().into()));
        values.extend(before.map(|before| before.as_str().to_owned().into()));
        values.push(i64::from(limit).into());
        let mut statement =
            self.connection.prepare_cached(&past_calls(filter, before.is_some()))?;
        let rows =
            statement.query_map(rusqlite::params_from_iter(values), |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }

    /// Calls of a project, those that go on as well.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn newest_calls(&self, asked: &CallsAsked) -> Result<Vec<ListedCall>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE calls.project_id = ?1 AND calls.id < ?2
                AND (?3 IS NULL OR calls.invitation_id = ?3)
             ORDER BY calls.id DESC LIMIT ?4"
        ))?;
        let rows = statement.query_map(
            (
                asked.project.as_str(),
                // Nothing sorts after this.
                asked.before.as_ref().map_or("d", CallId::as_str),
                asked.invitation.as_ref().map(InvitationId::as_str),
                asked.limit,
            ),
            |row| Ok(columns(row)),
        )?;
        rows.map(|row| row?).collect()
    }

    /// A call of a project; `None` when the project has none with this id.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn call_of(
        &self,
        project: &ProjectId,
        id: &CallId,
    ) -> Result<Option<ListedCall>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE calls.id = ?2 AND calls.project_id = ?1"))?;
        let row = statement
            .query_row((project.as_str(), id.as_str()), |row| Ok(columns(row)))
            .optional()?;
        row.transpose()
    }
}

/// The query for past calls: each filter leads to an index that has its calls in order. A plus keeps a
/// condition from choosing another one (SQLite, "Disqualifying WHERE Clause Terms").
fn past_calls(filter: &CallFilter, is_continued: bool) -> String {
    let wanted = match (&filter.number, filter.outcome) {
        (None, None) => "calls.project_id = ? AND +outcome IS NOT NULL",
        (None, Some(_)) => "calls.project_id = ? AND outcome = ?",
        (Some(_), None) => "+calls.project_id = ? AND phone_number_id = ? AND +outcome IS NOT NULL",
        (Some(_), Some(_)) => "+calls.project_id = ? AND phone_number_id = ? AND +outcome = ?",
    };
    let continued = if is_continued { " AND calls.id < ?" } else { "" };
    format!("{SELECT} WHERE {wanted}{continued} ORDER BY calls.id DESC LIMIT ?")
}

fn columns(row: &Row<'_>) -> Result<ListedCall, StoreError> {
    let purpose = match row.get::<_, Option<String>>(4)? {
        Some(id) => CallPurpose::Invitation(InvitationId::from_stored(id)),
        None => CallPurpose::Verification(VerificationId::from_stored(row.get(5)?)),
    };
    let moment = |index| -> Result<_, StoreError> {
        Ok(row.get::<_, Option<i64>>(index)?.map(Timestamp::from_unix_millis))
    };
    let number: String = row.get(2)?;
    let caller: Option<String> = row.get(3)?;
    Ok(ListedCall {
        id: CallId::from_stored(row.get(0)?),
        number: AssignedNumber {
            id: PhoneNumberId::from_stored(row.get(1)?),
            number: number.parse().map_err(StoreError::unexpected)?,
        },
        caller: caller.map(|it| it.parse()).transpose().map_err(StoreError::unexpected)?,
        purpose,
        client: row.get(15)?,
        trunk: row.get(6)?,
        rang_at: Timestamp::from_unix_millis(row.get(7)?),
        answered_at: moment(8)?,
        end: end(row)?,
        recorded_until: moment(16)?,
    })
}

fn end(row: &Row<'_>) -> Result<Option<ListedEnd>, StoreError> {
    let (at, outcome): (Option<i64>, Option<String>) = (row.get(9)?, row.get(10)?);
    let (Some(at), Some(outcome)) = (at, outcome) else { return Ok(None) };
    let (lost, jitter, score) = (row.get(12)?, row.get(13)?, row.get(14)?);
    let quality = match (lost, jitter, score) {
        (Some(lost_percent), Some(jitter_ms), Some(opinion_score)) => {
            Some(CallQuality { lost_percent, jitter_ms, opinion_score })
        }
        _ => None,
    };
    Ok(Some(ListedEnd {
        at: Timestamp::from_unix_millis(at),
        outcome: outcome.parse().map_err(StoreError::unexpected)?,
        confidence: row.get(11)?,
        quality,
    }))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn no_page_of_calls_is_sorted_when_it_is_asked_for() {
        let mut database = Connection::open_in_memory().unwrap();
        crate::store::migrate(&mut database).unwrap();
        let number = Some(PhoneNumberId::from_stored("num_1".to_owned()));
        let outcome = Some(CallOutcome::Silent);
        for (number, outcome, index) in [
            (None, None, "calls_by_project (project_id=? AND id<?)"),
            (None, outcome, "calls_by_outcome (project_id=? AND outcome=? AND id<?)"),
            (number.clone(), None, "calls_by_number (phone_number_id=? AND id<?)"),
            (number, outcome, "calls_by_number (phone_number_id=? AND id<?)"),
        ] {
            let query = past_calls(&CallFilter { number, outcome }, true);
            let mut explain = database.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let count = explain.parameter_count();
            let values = std::iter::repeat_n("", count);
            let plan: Vec<String> = explain
                .query_map(rusqlite::params_from_iter(values), |row| row.get("detail"))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            assert!(plan.iter().any(|step| step.ends_with(index)), "{plan:#?}");
            assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:#?}");
        }
    }
}
