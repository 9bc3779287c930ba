//! What is changed of a number. Each change and its entry in the audit log are one transaction.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::detail::{self, DetailView};
use super::list::{self, ListView};
use super::{Known, load, path, read_page};
use crate::domain::{
    AuditAction, NotPasted, PhoneNumber, PhoneNumberId, ProjectId, ShownName, Timestamp,
};
use crate::onboarding::{NumberRefusal, add_number, resume_number, suspend_number};
use crate::store::{StoreError, Writer};
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::posted::Nothing;
use crate::web::admin::typed::Line;
use crate::web::admin::{AdminError, Posted, Visit};
use crate::web::words::Text;

/// A number to be added. Its name may be empty.
#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedNumber {
    number: String,
    name: String,
}

/// `POST {base}/numbers`
pub(in crate::web::admin) async fn add(
    State(state): State<WebState>,
    visit: Visit,
    Posted(typed): Posted<TypedNumber>,
) -> Result<Response, AdminError> {
    let words = &visit.words.numbers;
    let number = PhoneNumber::from_pasted(&typed.number).map_err(|error| match error {
        NotPasted::NoCountry(_) => &words.no_country,
        NotPasted::NotANumber(_) => &words.no_number,
    });
    let name = optional_name(&typed.name).map_err(|_| &words.wrong_name);
    let (number, name) = match (number, name) {
        (Ok(number), Ok(name)) => (number, name),
        (number, name) => {
            return not_added(&state, &visit, &typed, (number.err(), name.err())).await;
        }
    };
    let entry = visit.audit(AuditAction::NumberAdded, number.as_str());
    let (project, now) = (visit.project_id(), visit.now);
    let write = state.store.write(move |writer| {
        let added = add_number(writer, &project, number, name.as_ref(), now)?;
        if added.is_ok() {
            writer.record_audit(&entry)?;
        }
        Ok(added)
    });
    let error = match write.await? {
        Ok(id) => return Ok(visit.see_other(&format!("/numbers/{id}?done=added"))),
        Err(NumberRefusal::AlreadyYours(_)) => &words.already_yours,
        Err(NumberRefusal::Taken) => &words.taken,
        Err(NumberRefusal::Unknown | NumberRefusal::Invited(_) | NumberRefusal::UnderWay(_)) => {
            return Err(AdminError::NotFound);
        }
    };
    not_added(&state, &visit, &typed, (Some(error), None)).await
}

/// The list once more, with what is wrong in the form.
async fn not_added(
    state: &WebState,
    visit: &Visit,
    typed: &TypedNumber,
    (number, name): (Option<&'static Text>, Option<&'static Text>),
) -> Result<Response, AdminError> {
    let number = Line { value: typed.number.clone(), error: number };
    let name = Line { value: typed.name.clone(), error: name };
    let page = read_page(state, visit, None).await?;
    let page = list::render(visit, &ListView { page, form: (number, name) });
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// What a number is to be called; nothing for no name.
#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedName {
    name: String,
}

/// `POST {base}/numbers/{number}/name`
pub(in crate::web::admin) async fn rename(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, id)): Address<(String, String)>,
    Posted(typed): Posted<TypedName>,
) -> Result<Response, AdminError> {
    let known = load(&state, &visit, PhoneNumberId::from_stored(id)).await?;
    let Ok(name) = optional_name(&typed.name) else {
        let name = Line::wrong(typed.name, &visit.words.numbers.wrong_name);
        return Ok(wrong(&visit, &DetailView { name, ..DetailView::of(known) }));
    };
    let entry = visit.audit(AuditAction::NumberNamed, known.number.number.as_str());
    let (id, now) = (known.number.id.clone(), visit.now);
    let write = state.store.write(move |writer| {
        writer.name_number(&id, name.as_ref(), now)?;
        writer.record_audit(&entry)
    });
    write.await?;
    Ok(visit.see_other(&format!("{}?done=renamed", path(&known.number))))
}

/// A name, or none where nothing was typed.
fn optional_name(typed: &str) -> Result<Option<ShownName>, crate::domain::InvalidName> {
    (!typed.trim().is_empty()).then(|| typed.parse()).transpose()
}

/// `POST {base}/numbers/{number}/suspend`
pub(in crate::web::admin) async fn suspend(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, id)): Address<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let known = load(&state, &visit, PhoneNumberId::from_stored(id)).await?;
    change(&state, &visit, known, suspend_number, (AuditAction::NumberSuspended, "suspended")).await
}

/// `POST {base}/numbers/{number}/resume`
pub(in crate::web::admin) async fn resume(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, id)): Address<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let known = load(&state, &visit, PhoneNumberId::from_stored(id)).await?;
    change(&state, &visit, known, resume_number, (AuditAction::NumberResumed, "resumed")).await
}

/// A rule that changes whether a number is in use, and tells whether that is news.
type Rule = fn(
    &Writer<'_>,
    &ProjectId,
    &PhoneNumberId,
    Timestamp,
) -> Result<Result<bool, NumberRefusal>, StoreError>;

async fn change(
    state: &WebState,
    visit: &Visit,
    known: Known,
    rule: Rule,
    (action, done): (AuditAction, &str),
) -> Result<Response, AdminError> {
    let entry = visit.audit(action, known.number.number.as_str());
    let (project, id, now) = (visit.project_id(), known.number.id.clone(), visit.now);
    let write = state.store.write(move |writer| {
        let changed = rule(writer, &project, &id, now)?;
        if changed == Ok(true) {
            writer.record_audit(&entry)?;
        }
        Ok(changed)
    });
    let words = &visit.words.numbers;
    let problem = match write.await? {
        Ok(_) => return Ok(visit.see_other(&format!("{}?done={done}", path(&known.number)))),
        Err(NumberRefusal::Invited(_)) => &words.suspend_invited,
        Err(NumberRefusal::UnderWay(_)) => &words.suspend_under_way,
        Err(NumberRefusal::Unknown | NumberRefusal::AlreadyYours(_) | NumberRefusal::Taken) => {
            return Err(AdminError::NotFound);
        }
    };
    Ok(wrong(visit, &DetailView { problem: Some(problem), ..DetailView::of(known) }))
}

/// The page once more, with what is wrong on it.
pub(super) fn wrong(visit: &Visit, view: &DetailView) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, detail::render(visit, view)).into_response()
}
