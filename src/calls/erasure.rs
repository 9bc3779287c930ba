//! Codes do not outlive their validity.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// How often the clock is compared with the next moment of erasure. Asking again rather than
/// sleeping until then follows a wall clock that is set.
const CHECK: Duration = Duration::from_millis(500);

/// Erases digits as their time runs out, until `stop` is cancelled. Waits on time.
pub async fn erase_digits_in_time(
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut ticks = interval(CHECK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = erase_what_is_due(&store, clock.as_ref()).await {
            error!(%error, "digits could not be erased; trying again");
        }
    }
}

async fn erase_what_is_due(store: &Store, clock: &dyn Clock) -> Result<(), StoreError> {
    let now = clock.now();
    let next = store.read(|reader| reader.next_erasure()).await?;
    if next.is_some_and(|moment| moment <= now) {
        store.write(move |writer| writer.erase_dead_digits(now)).await?;
    }
    Ok(())
}
