//! `/v1/invitations/{id}/events`: an invitation while it changes, as server-sent events. Ours on top of what
//! SDKs know.
//!
//! Each `invitation` is the whole of it as it stands, told when a program connects and whenever it has
//! changed; each `stage` says where the call stands in which the code is spoken, without a digit of it:
//! those are for the client's page alone.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Serialize;
use tracing::error;

use super::view::Invitation;
use super::{Problems, named};
use crate::domain::{CodeStage, InvitationId, ProjectId, Scope};
use crate::feed::Subscription;
use crate::store::{InvitationRecord, StoreError};
use crate::web::WebState;
use crate::web::api::Caller;
use crate::web::api::error::ApiError;
use crate::web::api::request::Named;

/// Watch invitation
///
/// Server-sent events: `invitation` with the invitation whenever it has changed, and `stage` with where the
/// call stands in which the code is spoken.
#[utoipa::path(
    get, path = "/invitations/{id}/events", tag = "Invitations",
    params(("id" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = String), Problems),
)]
pub(in crate::web::api) async fn events(
    State(state): State<WebState>,
    caller: Caller,
    Named(id): Named,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    caller.may(Scope::InvitationsRead)?;
    let id = named(&id)?;
    // Before the first look into the store, so that nothing falls between the two.
    let subscription = state.feed.subscribe(&id);
    let (project, wanted, now) = (caller.project.clone(), id.clone(), state.clock.now());
    let found = state.store.read(move |reader| reader.invitation_record(&project, &wanted, now));
    found.await?.ok_or(ApiError::NotFound("invitation"))?;
    let keep_alive = KeepAlive::new().interval(state.heartbeat);
    let watcher = Watcher {
        state,
        project: caller.project,
        id,
        subscription,
        known: None,
        stage: None,
        waiting: VecDeque::new(),
    };
    Ok(Sse::new(unfold(watcher, Watcher::next)).keep_alive(keep_alive))
}

/// One program that watches.
struct Watcher {
    state: WebState,
    project: ProjectId,
    id: InvitationId,
    subscription: Subscription<InvitationId>,
    /// What it was told last.
    known: Option<InvitationRecord>,
    stage: Option<&'static str>,
    waiting: VecDeque<Event>,
}

#[derive(Serialize)]
struct Stage {
    stage: &'static str,
}

impl Watcher {
    /// The next event. Ends the stream when the daemon stops or the store fails.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let stop = self.state.stop.clone();
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some((Ok(event), self));
            }
            let looked = tokio::select! {
                () = stop.cancelled() => return None,
                looked = self.look() => looked,
            };
            if let Err(error) = looked {
                error!(%error, "live updates of a program broke off");
                return None;
            }
            if self.waiting.is_empty() {
                tokio::select! {
                    () = stop.cancelled() => return None,
                    () = self.subscription.changed() => {}
                }
            }
        }
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let (project, id, now) = (self.project.clone(), self.id.clone(), self.state.clock.now());
        let read = self.state.store.read(move |reader| {
            let record = reader.invitation_record(&project, &id, now)?;
            Ok((record, reader.current_stage(&id, now)?.stage))
        });
        let (record, stage) = read.await?;
        if record != self.known {
            if let Some(record) = record.clone() {
                let invitation = Invitation::of(record, &self.state.public_url);
                self.waiting.extend(event("invitation", &invitation));
            }
            self.known = record;
        }
        let stage = name(&stage);
        if self.stage != Some(stage) {
            self.stage = Some(stage);
            self.waiting.extend(event("stage", &Stage { stage }));
        }
        Ok(())
    }
}

fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}

fn name(stage: &CodeStage) -> &'static str {
    match stage {
        CodeStage::Waiting => "waiting",
        CodeStage::Ringing => "ringing",
        CodeStage::Listening { .. } => "listening",
        CodeStage::Code { .. } => "code",
        CodeStage::Unreadable { .. } => "unreadable",
        CodeStage::Expired => "expired",
    }
}
