//! Expiry, at its moment.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::store::{Store, StoreError};

use super::invitations::expire_if_overdue;

/// How long to wait at most before the clock is looked at again: a wall clock may be set, and an
/// invitation that expires sooner may be made.
const CHECK: Duration = Duration::from_millis(500);

/// Invitations that expire in one transaction. After a long stop there may be thousands, and calls
/// wait for the same writer.
const BATCH: u32 = 100;

/// Expires invitations as their time runs out, until `stop` is cancelled. Waits on time.
pub async fn expire_in_time(store: Arc<Store>, clock: Arc<dyn Clock>, stop: CancellationToken) {
    loop {
        let until_next = match expire_overdue(&store, clock.now()).await {
            Ok(next) => next.map_or(CHECK, |next| next.since(clock.now()).min(CHECK)),
            Err(error) => {
                error!(%error, "invitations could not be expired; trying again");
                CHECK
            }
        };
        tokio::select! {
            () = sleep(until_next) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Expires what is overdue at `now`, and tells when the next one is.
///
/// # Errors
/// When the store refuses.
pub async fn expire_overdue(
    store: &Store,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    loop {
        let next = store.read(|reader| reader.next_expiry()).await?;
        if next.is_none_or(|next| next > now) {
            return Ok(next);
        }
        let expired = store
            .write(move |writer| {
                let overdue = writer.overdue_invitations(now, BATCH)?;
                overdue.iter().try_for_each(|id| expire_if_overdue(writer, id, now))?;
                Ok(overdue)
            })
            .await?;
        for invitation in expired {
            info!(%invitation, "invitation expired");
        }
    }
}
