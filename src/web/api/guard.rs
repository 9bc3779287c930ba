//! What stands before every address of the API: whose key it is, how often it was used of late, and how many
//! wrong ones came from there.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderName;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::caller::{authenticate, key_of};
use super::error::ApiError;
use crate::domain::{ApiKeyId, Network, Timestamp};
use crate::web::WebState;
use crate::web::remote::Remote;

/// RateLimit header fields for HTTP (draft-ietf-httpapi-ratelimit-headers, version 6, as it is in use).
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Lets a request through whose key is known, and was not used too often. Where too many wrong keys came
/// from, none is looked at for a while: strangers do not keep the store busy.
pub(super) async fn guard(
    State(state): State<WebState>,
    Remote(address): Remote,
    mut request: Request,
    next: Next,
) -> Response {
    let (limits, network) = (&state.api.limits, Network::of(address));
    // Costs nothing, and counts as nothing.
    let Some(key) = key_of(request.headers()) else {
        return ApiError::Unauthorized.into_response();
    };
    if let Some(wait) = limits.strangers.wait(&network, state.clock.now()) {
        return ApiError::TooOften { wait }.into_response();
    }
    let caller = match authenticate(key, &state).await {
        Ok(caller) => caller,
        Err(error) => {
            if matches!(error, ApiError::Unauthorized) {
                limits.strangers.take(&network, state.clock.now());
            }
            return error.into_response();
        }
    };
    let left = limits.callers.take(&caller.key, state.clock.now());
    let mut response = match left.wait {
        Some(wait) => ApiError::TooOften { wait }.into_response(),
        None => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    };
    let headers = response.headers_mut();
    headers.insert(LIMIT, limits.callers.per_minute.into());
    headers.insert(REMAINING, left.requests.into());
    headers.insert(RESET, left.whole_after.as_secs().into());
    response
}

/// How often the API may be asked.
#[derive(Debug)]
pub(in crate::web) struct Limits {
    /// With each key.
    callers: Allowances<ApiKeyId>,
    /// With wrong keys, from each network.
    strangers: Allowances<Network>,
}

impl Limits {
    pub(in crate::web) fn new(per_minute: u32) -> Self {
        Self { callers: Allowances::new(per_minute), strangers: Allowances::new(per_minute) }
    }
}

/// How often everybody may do something: so many times at once, and again as time goes by.
#[derive(Debug)]
struct Allowances<Who> {
    per_minute: u32,
    used: Mutex<HashMap<Who, Used>>,
}

/// Those who are remembered before the ones are forgotten whose time has passed.
const REMEMBERED: usize = 1_024;

const MINUTE: Duration = Duration::from_secs(60);

/// How much of an allowance is used up.
#[derive(Debug, Clone, Copy)]
struct Used {
    /// In requests; a fraction of one comes back in a fraction of its time.
    requests: f64,
    at: Timestamp,
}

/// What is left of it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Left {
    requests: u32,
    whole_after: Duration,
    /// So long there is nothing.
    wait: Option<Duration>,
}

impl<Who: Clone + Eq + Hash> Allowances<Who> {
    fn new(per_minute: u32) -> Self {
        Self { per_minute, used: Mutex::default() }
    }

    /// How long there is nothing left for somebody.
    fn wait(&self, who: &Who, now: Timestamp) -> Option<Duration> {
        self.wait_after(self.requests_of(who, &self.lock(), now))
    }

    /// Takes one request out of somebody's allowance, if there is one left.
    fn take(&self, who: &Who, now: Timestamp) -> Left {
        let mut used = self.lock();
        if used.len() >= REMEMBERED {
            used.retain(|_, used| used.after(now, self.each()).requests > 0.0);
        }
        let before = self.requests_of(who, &used, now);
        let wait = self.wait_after(before);
        let requests = if wait.is_none() { before + 1.0 } else { before };
        used.insert(who.clone(), Used { requests, at: now });
        // What is left is cut off to whole ones: it lies between none and all.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
        let left = (f64::from(self.per_minute) - requests).max(0.0) as u32;
        Left { requests: left, whole_after: self.each().mul_f64(requests), wait }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Who, Used>> {
        // No code panics while it holds the lock.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In which one request comes back.
    fn each(&self) -> Duration {
        MINUTE / self.per_minute
    }

    /// How many requests of somebody still count.
    fn requests_of(&self, who: &Who, used: &HashMap<Who, Used>, now: Timestamp) -> f64 {
        used.get(who).map_or(0.0, |used| used.after(now, self.each()).requests)
    }

    fn wait_after(&self, requests: f64) -> Option<Duration> {
        let missing = requests + 1.0 - f64::from(self.per_minute);
        (missing > 0.0).then(|| self.each().mul_f64(missing))
    }
}

impl Used {
    /// What of it still counts.
    fn after(self, now: Timestamp, each: Duration) -> Self {
        let back = now.since(self.at).as_secs_f64() / each.as_secs_f64();
        Self { requests: (self.requests - back).max(0.0), at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_795_000_000_000);

    #[test]
    fn a_key_is_used_so_often_and_again_as_time_goes_by() {
        let (limits, key) = (Allowances::new(60), ApiKeyId::new(NOW, [1; 10]));
        for left in (0..60).rev() {
            let taken = limits.take(&key, NOW);
            assert_eq!((taken.requests, taken.wait), (left, None));
        }
        let refused = limits.take(&key, NOW);
        assert_eq!((refused.requests, refused.wait), (0, Some(Duration::from_secs(1))));
        assert_eq!(limits.take(&ApiKeyId::new(NOW, [2; 10]), NOW).requests, 59, "each has its own");
        let later = NOW + Duration::from_secs(1);
        assert_eq!(limits.take(&key, later).wait, None);
        assert!(limits.take(&key, later).wait.is_some());
        assert_eq!(limits.take(&key, NOW + Duration::from_secs(3_600)).requests, 59);
    }

    #[test]
    fn keys_whose_time_has_passed_are_forgotten() {
        let limits = Allowances::new(60);
        for index in 0..REMEMBERED {
            let at = Timestamp::from_unix_millis(i64::try_from(index).unwrap());
            limits.take(&ApiKeyId::new(at, [1; 10]), NOW);
        }
        limits.take(&ApiKeyId::new(NOW, [1; 10]), NOW + MINUTE);
        assert_eq!(limits.used.lock().unwrap().len(), 1);
    }
}
