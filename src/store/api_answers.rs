//! Table `api_answers`: what was answered to requests that may come once more.

use rusqlite::OptionalExtension;

use crate::domain::{ProjectId, Sealed, Timestamp};

use super::{Reader, StoreError, Writer};

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAnswer {
    /// The SHA-256 of what was asked.
    pub request: Vec<u8>,
    /// Of HTTP.
    pub status: u16,
    pub body: Sealed,
}

impl Writer<'_> {
    /// Keeps an answer, and forgets those that were given before `forgotten_before`.
    ///
    /// # Errors
    /// When the key has one already, or the database refuses.
    pub fn insert_api_answer(
        &self,
        project: &ProjectId,
        key: &str,
        answer: &ApiAnswer,
        (at, forgotten_before): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM api_answers WHERE at < ?1")?
            .execute([forgotten_before.unix_millis()])?;
        self.connection
            .prepare_cached(
                "INSERT INTO api_answers (project_id, key, request, status, body, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                project.as_str(),
                key,
                &answer.request,
                answer.status,
                answer.body.as_bytes(),
                at.unix_millis(),
            ))?;
        Ok(())
    }
}

impl Reader<'_> {
    /// What was answered to the request with this key, since `since`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn api_answer(
        &self,
        project: &ProjectId,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<ApiAnswer>, StoreError> {
        let answer = self
            .connection
            .prepare_cached(
                "SELECT request, status, body FROM api_answers
                 WHERE project_id = ?1 AND key = ?2 AND at >= ?3",
            )?
            .query_row((project.as_str(), key, since.unix_millis()), |row| {
                Ok(ApiAnswer {
                    request: row.get(0)?,
                    status: row.get(1)?,
                    body: Sealed::from_bytes(row.get(2)?),
                })
            })
            .optional()?;
        Ok(answer)
    }
}
