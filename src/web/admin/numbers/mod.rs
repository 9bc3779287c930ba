//! Phone numbers: which ones calls come in on, what each is for at the moment, and how often Meta may
//! still be asked to verify it.

mod changes;
mod detail;
mod list;
mod verification;

use axum::extract::{Query, State};
use maud::Markup;
use serde::Deserialize;

use super::typed::{Done, Line};
use super::{AdminError, Visit};
use crate::domain::{PhoneNumberId, Timestamp};
use crate::onboarding::{Attempts, attempts_left, attempts_made};
use crate::store::{ManagedNumber, Reader, StoreError, Verification};
use crate::web::WebState;
use crate::web::address::Address;
use detail::DetailView;
use list::ListView;

pub(super) use changes::{add, rename, resume, suspend};
pub(super) use verification::verify;

/// Numbers on a page.
const PAGE: u32 = 50;

/// Which part of the list is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    /// The last number of the page before.
    after: Option<String>,
}

/// `GET {base}/numbers`
pub(super) async fn list(
    State(state): State<WebState>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Markup, AdminError> {
    let page = read_page(&state, &visit, asked.after).await?;
    let form = (Line::default(), Line::default());
    Ok(list::render(&visit, &ListView { page, form }))
}

/// A page of numbers, each with what is left of its attempts.
struct NumbersPage {
    numbers: Vec<(ManagedNumber, Attempts)>,
    /// Where the next page begins, if there is one.
    next: Option<PhoneNumberId>,
}

async fn read_page(
    state: &WebState,
    visit: &Visit,
    after: Option<String>,
) -> Result<NumbersPage, AdminError> {
    let (project, now) = (visit.project_id(), visit.now);
    let after = after.map(PhoneNumberId::from_stored);
    let read = state.store.read(move |reader| {
        let mut found = reader.numbers_of(&project, after.as_ref(), PAGE + 1, now)?;
        let is_more = found.len() > PAGE as usize;
        found.truncate(PAGE as usize);
        let next = found.last().filter(|_| is_more).map(|number| number.id.clone());
        let numbers = found.into_iter().map(|number| with_attempts(reader, number, now));
        Ok(NumbersPage { numbers: numbers.collect::<Result<_, _>>()?, next })
    });
    Ok(read.await?)
}

fn with_attempts(
    reader: &Reader<'_>,
    number: ManagedNumber,
    now: Timestamp,
) -> Result<(ManagedNumber, Attempts), StoreError> {
    let attempts = attempts_left(reader, &number.id, now)?;
    Ok((number, attempts))
}

/// `GET {base}/numbers/{number}`
pub(super) async fn detail(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, number)): Address<(String, String)>,
    Query(done): Query<Done>,
) -> Result<Markup, AdminError> {
    let known = load(&state, &visit, PhoneNumberId::from_stored(number)).await?;
    Ok(detail::render(&visit, &DetailView::after(known, &visit, &done)))
}

/// Everything that the page of a number tells.
struct Known {
    number: ManagedNumber,
    /// When Meta was asked to verify it, as far as that counts still, oldest first.
    attempts_made: Vec<Timestamp>,
    attempts: Attempts,
    /// Our own verification of it that was begun last.
    verification: Option<(Timestamp, Verification)>,
    /// Whether Meta can be asked at all.
    is_meta_set_up: bool,
}

/// A number of the project.
async fn load(state: &WebState, visit: &Visit, id: PhoneNumberId) -> Result<Known, AdminError> {
    let (project, now) = (visit.project_id(), visit.now);
    let is_meta_set_up = state.verifications.is_some();
    let read = state.store.read(move |reader| {
        let Some(number) = reader.number_of(&project, &id, now)? else { return Ok(None) };
        Ok(Some(Known {
            attempts_made: attempts_made(reader, &id, now)?,
            attempts: attempts_left(reader, &id, now)?,
            verification: reader.last_verification(&id)?,
            is_meta_set_up,
            number,
        }))
    });
    read.await?.ok_or(AdminError::NotFound)
}

/// The address of a number's page.
fn path(number: &ManagedNumber) -> String {
    format!("/numbers/{}", number.id)
}
