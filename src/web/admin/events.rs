//! The live updates of the admin: each says that something of the project has changed, and the page
//! fetches what it shows anew. So it costs a page that shows nothing of it next to nothing to be open.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio_util::sync::CancellationToken;

use super::Visit;
use crate::domain::ProjectId;
use crate::feed::Subscription;
use crate::web::{NO_DATA, WebState};

/// A busy project changes many times a second; nobody reads that fast, and each page fetches itself.
const REST: Duration = Duration::from_millis(400);

/// How soon a browser comes back when the connection breaks.
const RETRY: Duration = Duration::from_secs(1);

/// `GET {base}/events`
pub(super) async fn events(
    State(state): State<WebState>,
    visit: Visit,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let follower = Follower {
        subscription: state.feed.subscribe_project(&visit.project_id()),
        stop: state.stop.clone(),
        is_rested: true,
    };
    let heartbeat = Event::default().event("heartbeat").retry(RETRY).data(NO_DATA);
    Sse::new(unfold(follower, Follower::next))
        .keep_alive(KeepAlive::new().interval(state.heartbeat).event(heartbeat))
}

/// One open page.
struct Follower {
    subscription: Subscription<ProjectId>,
    stop: CancellationToken,
    is_rested: bool,
}

impl Follower {
    /// The next event. Ends the stream when the daemon stops.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let Self { subscription, stop, is_rested } = &mut self;
        let changed = async {
            if !*is_rested {
                tokio::time::sleep(REST).await;
            }
            subscription.changed().await;
        };
        tokio::select! {
            () = stop.cancelled() => return None,
            () = changed => {}
        }
        self.is_rested = false;
        Some((Ok(Event::default().event("changed").data(NO_DATA)), self))
    }
}
