//! The server-sent events of an invitation page.
//!
//! Each event is a stage of the page as it was stored, with the stored event's number as its id.
//! A page that was away says which one it saw last, by `Last-Event-ID` or `?after=`, and gets
//! everything since then (HTML Living Standard §9.2).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::{Deserialize, Serialize};
use tracing::error;

use super::open_invitation;
use crate::domain::{CodeStage, EventId, InvitationId, Timestamp};
use crate::feed::Subscription;
use crate::store::{StageEvent, StoreError};
use crate::web::WebState;
use crate::web::error::WebError;

/// Stages read from the store at a time.
const BATCH: u32 = 64;

/// How soon a browser comes back when the connection breaks.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize)]
pub(in crate::web) struct Since {
    after: Option<EventId>,
}

/// `GET /i/{token}/events`
pub(in crate::web) async fn events(
    State(state): State<WebState>,
    Path(token): Path<String>,
    Query(since): Query<Since>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, WebError> {
    let invitation = open_invitation(&state, token).await?.id;
    // Before the first look into the store, so that nothing falls between the two.
    let subscription = state.feed.subscribe(&invitation);
    let seen = last_event_id(&headers).or(since.after);
    let follower = Follower {
        heartbeat: state.heartbeat,
        state,
        invitation,
        subscription,
        seen,
        waiting: VecDeque::new(),
    };
    let keep_alive = KeepAlive::new()
        .interval(follower.heartbeat)
        // An event rather than a comment: the page's script can see it, and so notice a
        // connection that died in silence.
        .event(Event::default().event("heartbeat").data(""));
    Ok(Sse::new(unfold(follower, Follower::next)).keep_alive(keep_alive))
}

fn last_event_id(headers: &HeaderMap) -> Option<EventId> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok().map(EventId)
}

/// One open page.
struct Follower {
    state: WebState,
    heartbeat: Duration,
    invitation: InvitationId,
    subscription: Subscription,
    /// The newest event the page has; `None` for one that wants to know where things stand.
    seen: Option<EventId>,
    waiting: VecDeque<StageEvent>,
}

impl Follower {
    /// The next event. Ends the stream when the daemon stops or the store fails: the browser then
    /// comes back by itself.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let stop = self.state.stop.clone();
        let stage = tokio::select! {
            () = stop.cancelled() => return None,
            stage = self.next_stage() => stage,
        };
        match stage {
            Ok(stage) => Some((Ok(to_event(&stage, self.state.clock.now())), self)),
            Err(error) => {
                error!(%error, "live updates of a page broke off");
                None
            }
        }
    }

    async fn next_stage(&mut self) -> Result<StageEvent, StoreError> {
        loop {
            if let Some(stage) = self.waiting.pop_front() {
                self.seen = Some(stage.id);
                return Ok(stage);
            }
            self.read_on().await?;
            if self.waiting.is_empty() {
                self.subscription.changed().await;
            }
        }
    }

    async fn read_on(&mut self) -> Result<(), StoreError> {
        let (invitation, now, seen) = (self.invitation.clone(), self.state.clock.now(), self.seen);
        let stages = self.state.store.read(move |reader| match seen {
            Some(seen) => reader.stages_after(&invitation, seen, BATCH, now),
            None => Ok(vec![reader.current_stage(&invitation, now)?]),
        });
        self.waiting.extend(stages.await?);
        Ok(())
    }
}

/// What the page's script gets.
#[derive(Debug, Serialize)]
struct StageMessage<'a> {
    #[serde(flatten)]
    stage: &'a CodeStage,
    /// For how much longer the code is valid: the client's clock may be wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_ms: Option<u64>,
}

fn to_event(event: &StageEvent, now: Timestamp) -> Event {
    let remaining_ms = super::view::remaining(&event.stage, now)
        .map(|remaining| u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX));
    let message = StageMessage { stage: &event.stage, remaining_ms };
    let json = serde_json::to_string(&message).expect("a stage has a JSON form");
    Event::default().event("stage").id(event.id.to_string()).retry(RETRY).data(json)
}
