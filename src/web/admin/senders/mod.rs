//! Senders: what messages are sent from, once a client has connected.

mod changes;
mod test_message;
mod view;

use axum::extract::{Query, State};
use maud::Markup;
use serde::Deserialize;

use super::typed::Done;
use super::{AdminError, Visit};
use crate::domain::SenderId;
use crate::store::ListedSender;
use crate::web::WebState;
use crate::web::address::Address;
use view::{DetailView, ListView};

pub(super) use changes::{ask_to_remove, make_default, reconnect, remove, rename};
pub(super) use test_message::send;

/// Senders on a page.
const PAGE: u32 = 50;

/// Which part of the list is asked for, and what was done a moment ago.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    /// The last sender of the page before.
    after: Option<String>,
    #[serde(default)]
    done: String,
}

/// `GET {base}/senders`
pub(super) async fn list(
    State(state): State<WebState>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Markup, AdminError> {
    let (project, after) = (visit.project_id(), asked.after.map(SenderId::from_stored));
    let read =
        state.store.read(move |reader| reader.listed_senders(&project, after.as_ref(), PAGE + 1));
    let mut senders = read.await?;
    let is_more = senders.len() > PAGE as usize;
    senders.truncate(PAGE as usize);
    let next = senders.last().filter(|_| is_more).map(|sender| sender.id.clone());
    let is_removed = asked.done == "removed";
    Ok(view::list(&visit, &ListView { senders, next, is_removed }))
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
