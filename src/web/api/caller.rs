//! Who calls the REST API: whoever has a key that was not taken back.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use rand::RngExt as _;

use super::error::ApiError;
use crate::domain::{
    ApiKey, ApiKeyId, ApiMode, AuditAction, AuditActor, ProjectId, Scope, Scopes, Timestamp,
};
use crate::store::{KnownApiKey, NewAuditEntry, Store, StoreError, Writer};
use crate::web::WebState;

/// Whose request it is, and what may be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Caller {
    /// What the request is confined to: for a test key the test of its project.
    pub(in crate::web) project: ProjectId,
    pub(in crate::web) key: ApiKeyId,
    pub(in crate::web) mode: ApiMode,
    pub(in crate::web) scopes: Scopes,
}

impl Caller {
    /// Makes sure that the key allows this.
    ///
    /// # Errors
    /// When it does not.
    pub(in crate::web) fn may(&self, scope: Scope) -> Result<(), ApiError> {
        if self.scopes.contains(scope) { Ok(()) } else { Err(ApiError::Forbidden(scope)) }
    }

    /// Records what the key did, in the transaction that does it.
    ///
    /// # Errors
    /// When the store refuses.
    pub(in crate::web) fn audit(
        &self,
        writer: &Writer<'_>,
        (action, subject): (AuditAction, &str),
        at: Timestamp,
    ) -> Result<(), StoreError> {
        writer.record_audit(&NewAuditEntry {
            project: self.project.clone(),
            at,
            who: AuditActor::Key(self.key.clone()),
            action,
            subject: Some(subject.to_owned()),
        })
    }

    /// Whether it is a try.
    pub(in crate::web) fn is_test(&self) -> bool {
        self.mode == ApiMode::Test
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    /// Whom the guard before all addresses has let in.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::Unauthorized)
    }
}

/// The key that a request has; `None` for none, or what is none by its form.
pub(super) fn key_of(headers: &HeaderMap) -> Option<ApiKey> {
    bearer(headers)?.parse().ok()
}

/// Whose key it is.
///
/// # Errors
/// When it is nobody's.
pub(super) async fn authenticate(key: ApiKey, state: &WebState) -> Result<Caller, ApiError> {
    let known = state.store.read(move |reader| {
        let Some(key) = reader.api_key(&key)? else { return Ok(None) };
        let test = reader.test_project_of(&key.project)?;
        Ok(Some((key, test)))
    });
    let (key, test) = known.await?.ok_or(ApiError::Unauthorized)?;
    if key.revoked_at.is_some() {
        return Err(ApiError::Unauthorized);
    }
    let project = note_use(&state.store, &key, test, state.clock.now()).await?;
    let KnownApiKey { id, mode, scopes, .. } = key;
    Ok(Caller { project, key: id, mode, scopes })
}

/// What a program proves itself with (RFC 6750 §2.1; the name is of any case, RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Writes down what is new about a key, and tells which project it sees.
async fn note_use(
    store: &Store,
    key: &KnownApiKey,
    test: Option<ProjectId>,
    now: Timestamp,
) -> Result<ProjectId, StoreError> {
    let seen = match key.mode {
        ApiMode::Live => Some(key.project.clone()),
        ApiMode::Test => test,
    };
    match seen {
        Some(project) if !key.is_use_news(now) => return Ok(project),
        _ => {}
    }
    let (id, live) = (key.id.clone(), key.project.clone());
    let new = ProjectId::new(now, rand::rng().random());
    let write = store.write(move |writer| {
        writer.touch_api_key(&id, now)?;
        seen.map_or_else(|| writer.test_project(&live, &new, now), Ok)
    });
    write.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_from_its_header_alone() {
        let key = |value: &'static str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(key("Bearer zv_live_1"), Some("zv_live_1".to_owned()));
        assert_eq!(key("bearer  zv_live_1 "), Some("zv_live_1".to_owned()));
        for other in ["", "Bearer", "zv_live_1", "Basic zv_live_1"] {
            assert_eq!(key(other), None, "{other}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
