//! Many invitations from a file: sent, looked at with what is wrong in it, and made when the partner says
//! so. What was sent waits in the store, so that the page that shows it can be left and come back to.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::Markup;
use rand::RngExt as _;

use super::actions::DEFAULT_DAYS;
use super::detail;
use super::import_view::{self, NotMade};
use crate::domain::{
    Actor, AuditAction, ImportId, InvitationId, InvitationToken, PhoneNumber, Redirects, Submission,
};
use crate::onboarding::{
    FileProblem, ImportRow, ImportSheet, Invited, KnownNumber, Refusal, Wanted, invite_once,
    read_import,
};
use crate::store::{KeptImport, NewInvitation, NumberChoice};
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::posted::{Nothing, Uploaded};
use crate::web::admin::{AdminError, Posted, Visit};

/// Bytes of a file. 10,000 rows are about one million.
pub(in crate::web) const LONGEST_FILE: usize = 4 * 1024 * 1024;

/// For so long a file waits.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);

/// Rows in one transaction. Calls wait for the same writer.
const BATCH: usize = 100;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `GET {base}/invitations/import`
pub(in crate::web) async fn page(visit: Visit) -> Markup {
    import_view::form(&visit, "", None)
}

/// `POST {base}/invitations/import`
pub(in crate::web) async fn check(
    State(state): State<WebState>,
    visit: Visit,
    uploaded: Uploaded,
) -> Result<Response, AdminError> {
    let pasted = uploaded.field("pasted").unwrap_or_default().to_owned();
    let file = if uploaded.file.is_empty() { pasted.clone().into_bytes() } else { uploaded.file };
    let import = KeptImport {
        id: ImportId::new(visit.now, rand::rng().random()),
        project: visit.project_id(),
        read_at: visit.now,
        file,
    };
    if let Err(problem) = read(&state, &visit, import.clone()).await? {
        let page = import_view::form(&visit, &pasted, Some(&problem));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (id, now) = (import.id.clone(), visit.now);
    let write = state.store.write(move |writer| {
        writer.forget_imports(now - KEPT_FOR)?;
        writer.keep_import(&import)
    });
    write.await?;
    Ok(visit.see_other(&format!("/invitations/import/{id}")))
}

/// `GET {base}/invitations/import/{id}`
pub(in crate::web) async fn preview(
    State(state): State<WebState>,
    visit: Visit,
    Address(path): Address<detail::Path>,
) -> Result<Response, AdminError> {
    let import = kept(&state, &visit, path).await?;
    // No error: the page that says what was made has this address, and looks again when something changes.
    if import.file.is_empty() {
        return Ok(import_view::over(&visit).into_response());
    }
    let id = import.id.clone();
    let sheet = read(&state, &visit, import).await?;
    Ok(match sheet {
        Ok(sheet) => import_view::preview(&visit, &id, &sheet).into_response(),
        Err(problem) => import_view::form(&visit, "", Some(&problem)).into_response(),
    })
}

/// `POST {base}/invitations/import/{id}`
pub(in crate::web) async fn make(
    State(state): State<WebState>,
    visit: Visit,
    Address(path): Address<detail::Path>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let import = kept(&state, &visit, path).await?;
    if import.file.is_empty() {
        // It was sent twice, and the first one is done.
        return Ok((StatusCode::GONE, import_view::over(&visit)).into_response());
    }
    let id = import.id.clone();
    let Ok(sheet) = read(&state, &visit, import).await? else { return Err(AdminError::NotFound) };
    let (made, not_made) = make_all(&state, &visit, &id, sheet).await?;
    let audit = visit.audit(AuditAction::InvitationsImported, made.to_string());
    let write = state.store.write(move |writer| {
        writer.empty_import(&id)?;
        writer.record_audit(&audit)
    });
    write.await?;
    Ok(import_view::made(&visit, made, &not_made).into_response())
}

/// Makes what can be made, some rows at a time. A row that was made already, before a crash or by the same
/// form sent twice, is not made again.
async fn make_all(
    state: &WebState,
    visit: &Visit,
    id: &ImportId,
    sheet: ImportSheet,
) -> Result<(usize, Vec<NotMade>), AdminError> {
    let (mut made, mut not_made) = (0, Vec::new());
    let rows: Vec<(ImportRow, Wanted)> = sheet
        .rows
        .into_iter()
        .filter_map(|row| row.wanted.clone().ok().map(|wanted| (row, wanted)))
        .collect();
    for batch in rows.chunks(BATCH) {
        let wanted = batch.iter().map(|(row, wanted)| {
            let submission = format!("{id}-{}", row.line).parse::<Submission>();
            let submission = submission.expect("an id and a number are letters and digits");
            (row.line, row.client.clone(), submission, invitation(visit, wanted))
        });
        let wanted: Vec<_> = wanted.collect();
        let write = state.store.write(move |writer| {
            let mut outcomes = Vec::with_capacity(wanted.len());
            for (line, client, submission, invitation) in &wanted {
                let outcome = invite_once(writer, invitation, submission, Actor::Partner)?;
                outcomes.push((*line, client.clone(), outcome));
            }
            Ok(outcomes)
        });
        let outcomes: Vec<(usize, String, Result<Invited, Refusal>)> = write.await?;
        for (line, client, outcome) in outcomes {
            match outcome {
                Ok(_) => made += 1,
                Err(_) => not_made.push(NotMade { line, client }),
            }
        }
    }
    Ok((made, not_made))
}

fn invitation(visit: &Visit, wanted: &Wanted) -> NewInvitation {
    NewInvitation {
        id: InvitationId::new(visit.now, rand::rng().random()),
        project: visit.project_id(),
        token: InvitationToken::new(rand::rng().random()),
        client_name: wanted.client_name.clone().map(String::from),
        client_email: wanted.client_email.clone(),
        language: wanted.language,
        connection: wanted.connection.clone(),
        countries: None,
        redirects: Redirects::default(),
        created_at: visit.now,
        expires_at: visit.now + DAY * wanted.days.unwrap_or(DEFAULT_DAYS),
    }
}

async fn kept(
    state: &WebState,
    visit: &Visit,
    path: detail::Path,
) -> Result<KeptImport, AdminError> {
    let (project, id) = (visit.project_id(), ImportId::from_stored(path.id().as_str().to_owned()));
    let found = state.store.read(move |reader| reader.import(&project, &id)).await?;
    found.ok_or(AdminError::NotFound)
}

/// The rows of a file, as they are with the numbers that the project has now.
async fn read(
    state: &WebState,
    visit: &Visit,
    import: KeptImport,
) -> Result<Result<ImportSheet, FileProblem>, AdminError> {
    let (project, now) = (visit.project_id(), visit.now);
    let read = state.store.read(move |reader| {
        let choices = reader.number_choices(&project, u32::MAX, now)?;
        Ok(read_import(&import.file, &known(choices)))
    });
    Ok(read.await?)
}

fn known(choices: Vec<NumberChoice>) -> HashMap<PhoneNumber, KnownNumber> {
    let known = choices.into_iter().map(|choice| {
        let taken_by =
            choice.holder.map(|it| it.client.unwrap_or_else(|| it.invitation.to_string()));
        (choice.number, KnownNumber { id: choice.id, taken_by })
    });
    known.collect()
}
