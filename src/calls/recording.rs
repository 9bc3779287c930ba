//! Which calls are recorded.

use tracing::info;

use crate::domain::{CallId, Timestamp};
use crate::recordings::{Recorder, Recordings, Unfinished};
use crate::store::{Store, StoreError};

use super::erasure::erase_recordings;

/// Begins to record a call. Where there is no room the oldest recording makes way. `None` when even
/// that is not enough: the call is answered and read all the same.
pub(super) async fn begin_recording(
    store: &Store,
    recordings: &Recordings,
    call: &CallId,
    now: Timestamp,
) -> Result<Option<(Recorder, Unfinished)>, StoreError> {
    if !recordings.are_wanted() {
        return Ok(None);
    }
    loop {
        if let Some(begun) = recordings.begin(call) {
            return Ok(Some(begun));
        }
        let oldest = store.read(|reader| reader.oldest_recording()).await?;
        if erase_recordings(store, recordings, oldest.into_iter().collect(), now).await? == 0 {
            recordings.report_full();
            return Ok(None);
        }
        info!("the oldest recording was erased to make room");
    }
}
