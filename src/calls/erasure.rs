//! Neither codes nor recordings outlive the time they are of use.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::clock::Clock;
use crate::domain::{CallId, Timestamp};
use crate::recordings::Recordings;
use crate::store::{Store, StoreError};

/// How often the clock is compared with the next moment of erasure. Asking again rather than
/// sleeping until then follows a wall clock that is set.
const CHECK: Duration = Duration::from_millis(500);

/// Erases digits and recordings as their time runs out, until `stop` is cancelled; then what is due
/// at that moment, and no more. Waits on time.
pub async fn erase_in_time(
    store: Arc<Store>,
    recordings: Arc<Recordings>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut ticks = interval(CHECK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_last = false;
    while !is_last {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => is_last = true,
        }
        if let Err(error) = erase_what_is_due(&store, &recordings, clock.now()).await {
            error!(%error, "digits could not be erased; trying again");
        }
    }
}

async fn erase_what_is_due(
    store: &Store,
    recordings: &Recordings,
    now: Timestamp,
) -> Result<(), StoreError> {
    let next = store.read(|reader| reader.next_erasure()).await?;
    if next.is_none_or(|moment| moment > now) {
        return Ok(());
    }
    store.write(move |writer| writer.erase_dead_digits(now)).await?;
    let dead = store.read(move |reader| reader.dead_recordings(now)).await?;
    erase_recordings(store, recordings, dead, now).await?;
    Ok(())
}

/// Erases the recordings of these calls. The store forgets them last: whatever happens in between,
/// there is no file that it does not know. Returns how many are gone.
pub(super) async fn erase_recordings(
    store: &Store,
    recordings: &Recordings,
    calls: Vec<CallId>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut erased = Vec::with_capacity(calls.len());
    for call in calls {
        match recordings.erase(&call).await {
            Ok(()) => erased.push(call),
            Err(error) => error!(%call, %error, "a recording could not be erased; trying again"),
        }
    }
    if erased.is_empty() {
        return Ok(0);
    }
    store
        .write(move |writer| {
            erased.iter().try_for_each(|call| writer.forget_recording(call, now))?;
            Ok(erased.len())
        })
        .await
}
