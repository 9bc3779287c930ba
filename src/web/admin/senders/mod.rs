//! Senders: what messages are sent from, once a client has connected.

mod changes;
mod test_message;
mod view;

use axum::extract::{Query, State};
use maud::Markup;

use super::typed::Done;
use super::{AdminError, Visit};
use crate::domain::SenderId;
use crate::store::ListedSender;
use crate::web::WebState;
use crate::web::address::Address;
use view::DetailView;

pub(super) use changes::{ask_to_remove, make_default, reconnect, remove, rename};
pub(super) use test_message::send;

/// `GET {base}/senders`
pub(super) async fn list(
    State(state): State<WebState>,
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Markup, AdminError> {
    let project = visit.project_id();
    let senders = state.store.read(move |reader| reader.listed_senders(&project)).await?;
    Ok(view::list(&visit, &senders, &done))
}

/// `GET {base}/senders/{sender}`
pub(super) async fn detail(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, sender)): Address<(String, String)>,
    Query(done): Query<Done>,
) -> Result<Markup, AdminError> {
    let sender = load(&state, &visit, SenderId::from_stored(sender)).await?;
    Ok(view::detail(&visit, &DetailView::after(sender, &visit, &done)))
}

/// A sender of the project.
async fn load(state: &WebState, visit: &Visit, id: SenderId) -> Result<ListedSender, AdminError> {
    let project = visit.project_id();
    let found = state.store.read(move |reader| reader.listed_sender(&project, &id)).await?;
    found.ok_or(AdminError::NotFound)
}

/// What the audit log calls it.
fn subject(sender: &ListedSender) -> String {
    format!("{} ({})", sender.name, sender.id)
}
