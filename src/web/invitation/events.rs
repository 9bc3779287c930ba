//! The server-sent events of an invitation page.
//!
//! Each `stage` is one of the code as it was stored, with the stored event's number as its id.
//! A page that was away says which one it saw last, by `Last-Event-ID` or `?after=`, and gets
//! everything since then (HTML Living Standard §9.2). Each `signup` is where the sign-up stands now, and each
//! `earlier` has the codes of earlier calls that are valid now: told once when a page connects, and whenever
//! they change. From the stages alone a page could not tell a code that was taken back from one that the
//! next call has hidden. When the link opens the invitation no more, the page is told so, once, and loads
//! itself again to say why.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::{Deserialize, Serialize};
use tracing::error;

use super::{attempts, code_card, onward, open_invitation, opening};
use crate::domain::{
    CodeStage, EventId, InvitationId, InvitationStatus, InvitationToken, RedirectTarget,
    SignupState, SpokenCode, Timestamp,
};
use crate::feed::Subscription;
use crate::onboarding::Attempts;
use crate::store::{Reader, StageEvent, StoreError};
use crate::web::address::Address;
use crate::web::error::WebError;
use crate::web::{NO_DATA, WebState};

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
    Address(token): Address<String>,
    Query(since): Query<Since>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, WebError> {
    let invitation = followed_invitation(&state, token.clone()).await?;
    // Before the first look into the store, so that nothing falls between the two.
    let subscription = state.feed.subscribe(&invitation);
    let seen = last_event_id(&headers).or(since.after);
    let follower = Follower {
        heartbeat: state.heartbeat,
        state,
        token: InvitationToken::from_text(token),
        subscription,
        known: Known { seen, ..Known::default() },
        waiting: VecDeque::new(),
        is_told_of_end: false,
    };
    let keep_alive = KeepAlive::new()
        .interval(follower.heartbeat)
        // An event rather than a comment: the page's script can see it, and so notice a
        // connection that died in silence.
        .event(Event::default().event("heartbeat").data(NO_DATA));
    Ok(Sse::new(unfold(follower, Follower::next)).keep_alive(keep_alive))
}

/// The invitation of a page that may be told something: one that is open, or completed just now.
async fn followed_invitation(state: &WebState, token: String) -> Result<InvitationId, WebError> {
    match open_invitation(state, token.clone()).await {
        Err(WebError::Closed(closed)) if closed.status == InvitationStatus::Completed => {}
        found => {
            let invitation = found?;
            opening::record(state, &invitation).await;
            return Ok(invitation.id);
        }
    }
    let (token, now) = (InvitationToken::from_text(token), state.clock.now());
    let found = state.store.read(move |reader| reader.invitation_by_token(&token, now)).await?;
    found.map(|invitation| invitation.id).ok_or(WebError::NotFound)
}

fn last_event_id(headers: &HeaderMap) -> Option<EventId> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok().map(EventId)
}

/// One open page.
struct Follower {
    state: WebState,
    heartbeat: Duration,
    /// What opens the invitation: it may be taken back while the page is open.
    token: InvitationToken,
    subscription: Subscription<InvitationId>,
    known: Known,
    waiting: VecDeque<News>,
    /// Nothing follows any more, and the page knows.
    is_told_of_end: bool,
}

/// What a page knows.
#[derive(Clone, Default)]
struct Known {
    /// The newest event it has; `None` for one that wants to know where things stand.
    seen: Option<EventId>,
    /// The codes of earlier calls that it lists. `None` until it was told: it may have been away.
    earlier: Option<Vec<SpokenCode>>,
    /// Where it believes the sign-up to stand.
    signup: Option<SignupState>,
}

/// What a page is told.
enum News {
    Stage { stage: StageEvent, attempts: Attempts },
    Earlier(Vec<SpokenCode>),
    Signup { state: SignupState, target: Option<RedirectTarget> },
    Closed,
}

impl Follower {
    /// The next event. Ends the stream when the link opens the invitation no more; and when the daemon
    /// stops or the store fails: the browser then comes back by itself.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        if self.is_told_of_end {
            return None;
        }
        let stop = self.state.stop.clone();
        let news = tokio::select! {
            () = stop.cancelled() => return None,
            news = self.next_news() => news,
        };
        match news {
            Ok(News::Stage { stage, attempts }) => {
                self.known.seen = Some(stage.id);
                Some((Ok(to_event(&stage, attempts, self.state.clock.now())), self))
            }
            Ok(News::Earlier(codes)) => {
                let event = earlier_event(&codes);
                self.known.earlier = Some(codes);
                Some((Ok(event), self))
            }
            Ok(News::Signup { state, target }) => {
                self.is_told_of_end = matches!(state, SignupState::Done { .. });
                let event = signup_event(&state, target.as_ref());
                self.known.signup = Some(state);
                Some((Ok(event), self))
            }
            Ok(News::Closed) => {
                self.is_told_of_end = true;
                Some((Ok(Event::default().event("closed").data(NO_DATA)), self))
            }
            Err(error) => {
                error!(%error, "live updates of a page broke off");
                None
            }
        }
    }

    async fn next_news(&mut self) -> Result<News, StoreError> {
        loop {
            if let Some(news) = self.waiting.pop_front() {
                return Ok(news);
            }
            self.read_on().await?;
            if self.waiting.is_empty() {
                self.subscription.changed().await;
            }
        }
    }

    async fn read_on(&mut self) -> Result<(), StoreError> {
        let (token, known) = (self.token.clone(), self.known.clone());
        let clock = Arc::clone(&self.state.clock);
        let read = self.state.store.read(move |reader| {
            // The first look fixes what is seen of the store: the clock is never behind that.
            reader.invitation_by_token(&token, clock.now())?;
            news(reader, &token, &known, clock.now())
        });
        self.waiting.extend(read.await?);
        Ok(())
    }
}

/// What a page does not know yet. Whether the link still opens anything and what it shows are read
/// together: nothing is shown to whom it does not concern any more.
fn news(
    reader: &Reader<'_>,
    token: &InvitationToken,
    known: &Known,
    now: Timestamp,
) -> Result<Vec<News>, StoreError> {
    let Some(invitation) = reader.invitation_by_token(token, now)? else {
        return Ok(vec![News::Closed]);
    };
    let state = reader.signup_state(&invitation.id)?;
    let target = onward::target(reader, &invitation.id, &state)?;
    if let (InvitationStatus::Completed, SignupState::Done { .. }) = (invitation.status, &state) {
        return Ok(vec![News::Signup { state, target }]);
    }
    if !invitation.status.is_open() {
        return Ok(vec![News::Closed]);
    }
    let current = reader.current_stage(&invitation.id, now)?;
    let valid = reader.valid_codes(&invitation.id, now)?;
    let earlier: Vec<_> = code_card::earlier(&current.stage, &valid).cloned().collect();
    let stages = match known.seen {
        Some(seen) => reader.stages_after(&invitation.id, seen, BATCH, now)?,
        None => vec![current],
    };
    let attempts = attempts::of(reader, invitation.phone_number.as_ref(), now)?;
    let is_news = known.signup.as_ref() != Some(&state);
    let signup = is_news.then_some(News::Signup { state, target });
    let stages = stages.into_iter().map(|stage| News::Stage { stage, attempts });
    let is_news = known.earlier.as_ref() != Some(&earlier);
    // Last: before its stage has come, a code that the next call hides would stand there twice.
    let earlier = is_news.then_some(News::Earlier(earlier));
    Ok(signup.into_iter().chain(stages).chain(earlier).collect())
}

/// What the page's script gets.
#[derive(Debug, Serialize)]
struct StageMessage<'a> {
    #[serde(flatten)]
    stage: &'a CodeStage,
    /// For how much longer the code is valid: the client's clock may be wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_ms: Option<u64>,
    /// How many more times Meta calls, where that is worth a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<usize>,
}

/// What the page's script gets of the sign-up.
#[derive(Debug, Serialize)]
struct SignupMessage<'a> {
    #[serde(flatten)]
    state: &'a SignupState,
    /// Where the client goes from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a RedirectTarget>,
}

/// Without an id: the page is told which codes are valid whenever it connects.
fn earlier_event(codes: &[SpokenCode]) -> Event {
    let json = serde_json::to_string(codes).expect("codes have a JSON form");
    Event::default().event("earlier").retry(RETRY).data(json)
}

/// Without an id: the page is told where the sign-up stands whenever it connects.
fn signup_event(state: &SignupState, target: Option<&RedirectTarget>) -> Event {
    let message = SignupMessage { state, target };
    let json = serde_json::to_string(&message).expect("a state has a JSON form");
    Event::default().event("signup").retry(RETRY).data(json)
}

fn to_event(event: &StageEvent, left: Attempts, now: Timestamp) -> Event {
    let remaining_ms = code_card::remaining(&event.stage, now)
        .map(|remaining| u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX));
    let attempts_left = attempts::left(left);
    let message = StageMessage { stage: &event.stage, remaining_ms, attempts_left };
    let json = serde_json::to_string(&message).expect("a stage has a JSON form");
    Event::default().event("stage").id(event.id.to_string()).retry(RETRY).data(json)
}
