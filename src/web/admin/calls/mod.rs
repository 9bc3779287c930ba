//! Calls: those that go on, and what became of those that are over. No digit of a code is shown here: it
//! stands on the client's page, for as long as it is valid.

mod detail;
mod list;
mod recording;

use axum::extract::{Query, State};
use maud::Markup;
use serde::Deserialize;

use super::{AdminError, Visit};
use crate::domain::{CallId, CallOutcome, PhoneNumberId};
use crate::store::{CallFilter, ListedCall, ManagedNumber};
use crate::web::WebState;
use crate::web::address::Address;

pub(super) use recording::recording;

/// Calls on a page.
const PAGE: u32 = 50;

/// Live calls that are shown at once. More would be no list that anybody reads.
const MOST_LIVE: u32 = 100;

/// Which part of the list is asked for. What is no outcome filters nothing.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    number: Option<String>,
    outcome: Option<String>,
    /// The last call of the page before.
    before: Option<String>,
}

/// What the list shows.
struct CallsPage {
    /// `None` on the pages after the first one.
    live: Option<Vec<ListedCall>>,
    past: Vec<ListedCall>,
    filter: CallFilter,
    /// The number whose calls alone are shown.
    number: Option<ManagedNumber>,
    /// Where the next page begins, if there is one.
    next: Option<CallId>,
}

/// `GET {base}/calls`
pub(super) async fn list(
    State(state): State<WebState>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Markup, AdminError> {
    let (project, now) = (visit.project_id(), visit.now);
    let read = state.store.read(move |reader| {
        let id = asked.number.filter(|id| !id.is_empty()).map(PhoneNumberId::from_stored);
        let number = id.map(|id| reader.number_of(&project, &id, now)).transpose()?.flatten();
        let outcome: Option<CallOutcome> = asked.outcome.and_then(|name| name.parse().ok());
        let filter = CallFilter { number: number.as_ref().map(|it| it.id.clone()), outcome };
        let before = asked.before.map(CallId::from_stored);
        let mut past = reader.past_calls(&project, &filter, before.as_ref(), PAGE + 1)?;
        let is_more = past.len() > PAGE as usize;
        past.truncate(PAGE as usize);
        let live = match before {
            None => Some(reader.live_calls(&project, MOST_LIVE)?),
            Some(_) => None,
        };
        let next = past.last().filter(|_| is_more).map(|call| call.id.clone());
        Ok(CallsPage { live, past, filter, number, next })
    });
    Ok(list::render(&visit, &read.await?))
}

/// `GET {base}/calls/{call}`
pub(super) async fn detail(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, call)): Address<(String, String)>,
) -> Result<Markup, AdminError> {
    let (project, call) = (visit.project_id(), CallId::from_stored(call));
    let found = state.store.read(move |reader| reader.call_of(&project, &call)).await?;
    Ok(detail::render(&visit, &found.ok_or(AdminError::NotFound)?))
}
