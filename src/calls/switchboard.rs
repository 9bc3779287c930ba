//! Takes calls as they come in, and gives each that is admitted a task of its own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, error, info, info_span, warn};

use crate::clock::Clock;
use crate::domain::{CallId, PhoneNumber, Redacted};
use crate::onboarding::Attempts;
use crate::recordings::Recordings;
use crate::speech::SpeechPool;
use crate::store::{Store, StoreError};
use crate::telephony::{PhoneCall, StatusCode};

use super::admission::{calling_number, dialled_number};
use super::call::{Ears, Line, conduct};
use super::journal::{Journal, Ringing};
use super::recording::begin_recording;

/// What calls are held to.
#[derive(Debug, Clone, Copy)]
pub struct CallRules {
    /// A call that goes on for longer is ended.
    pub max_duration: Duration,
    /// How long a code is valid, and so how long digits are kept.
    pub code_valid_for: Duration,
    /// How long the recording of a call without a code is kept after it.
    pub keep_recordings_for: Duration,
}

/// Admits calls and sees them through.
#[derive(Debug, Clone)]
pub struct Switchboard {
    pub store: Arc<Store>,
    pub recordings: Arc<Recordings>,
    pub speech: Arc<SpeechPool>,
    pub clock: Arc<dyn Clock>,
    pub rules: CallRules,
}

impl Switchboard {
    /// Takes calls until the phone side is gone, or `stop` is cancelled; calls that go on then
    /// are ended and recorded as interrupted. Each has a task `in_progress`. Waits on new calls.
    pub async fn run(
        self,
        mut calls: mpsc::Receiver<PhoneCall>,
        in_progress: TaskTracker,
        stop: CancellationToken,
    ) {
        let busy = BusyNumbers::default();
        loop {
            tokio::select! {
                Some(call) = calls.recv() => {
                    let span = info_span!("call", sip_call_id = %call.invite().sip_call_id);
                    let task = self.clone().take(call, busy.clone(), stop.clone());
                    // A panic of a call is printed where it happens; its number is free then, and its
                    // line is down.
                    in_progress.spawn(task.instrument(span));
                }
                () = stop.cancelled() => break,
                else => break,
            }
        }
        in_progress.close();
        in_progress.wait().await;
    }

    /// One call, whatever comes of it.
    async fn take(self, call: PhoneCall, busy: BusyNumbers, stop: CancellationToken) {
        if let Err(error) = self.try_take(call, busy, stop).await {
            // The line goes down with the call's handle; what was recorded so far stands.
            error!(%error, "a call failed");
        }
    }

    async fn try_take(
        self,
        call: PhoneCall,
        busy: BusyNumbers,
        stop: CancellationToken,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        let Some(number) = dialled_number(&self.store, call.invite()).await? else {
            info!("call refused: it is for no phone number");
            call.refuse(StatusCode::NOT_FOUND);
            return wait_for_end(call).await;
        };
        let Some(claim) = busy.claim(&number, call.over()).await else {
            info!(number = %Redacted(&number), "call refused: the number is in a call already");
            call.refuse(StatusCode::BUSY_HERE);
            return wait_for_end(call).await;
        };
        let Self { store, recordings, speech, clock, rules } = self;
        let id = CallId::new(at, rand::rng().random());
        let ringing = Ringing {
            id: id.clone(),
            number: number.clone(),
            trunk: call.invite().peer.to_string(),
            sip_call_id: call.invite().sip_call_id.clone(),
            caller: calling_number(call.invite()),
            at,
        };
        let journal = match Journal::open(Arc::clone(&store), clock, ringing, rules).await? {
            Ok(journal) => journal,
            Err(status) => {
                let reason = status.reason();
                info!(number = %Redacted(&number), status = status.code(), reason, "call refused");
                call.refuse(status);
                return wait_for_end(call).await;
            }
        };
        info!(number = %Redacted(&number), call = %id, trunk = %call.invite().peer, "call rings");
        report_attempts(&number, journal.attempts());
        let tape = if journal.is_worth_recording() {
            let begun = begin_recording(&store, &recordings, &id, at).await;
            begun.unwrap_or_else(|error| {
                error!(%error, "the call is not recorded");
                None
            })
        } else {
            None
        };
        let (listener, hypotheses) = speech.listen(journal.language());
        let ears = Ears { listener, hypotheses, tape };
        let line = Line { phone_call: call, _claim: claim };
        conduct(line, journal, ears, rules.max_duration, stop).await
    }
}

/// Warns the operator before Meta refuses to call the number again.
fn report_attempts(number: &PhoneNumber, attempts: Attempts) {
    let number = Redacted(number);
    match attempts {
        Attempts::Plenty => {}
        Attempts::Few(left) => {
            warn!(%number, left, "Meta verifies the number only so many times more");
        }
        Attempts::NoneUntil(until) => {
            warn!(%number, %until, "Meta verifies the number no more until then");
        }
    }
}

/// Keeps the handle of a refused call until the refusal is through: dropping it earlier would be
/// asking for something else.
async fn wait_for_end(mut call: PhoneCall) -> Result<(), StoreError> {
    while call.next_update().await.is_some() {}
    Ok(())
}

/// The numbers that are in a call: a second call to one of them is refused.
#[derive(Debug, Clone, Default)]
struct BusyNumbers(Arc<Mutex<HashMap<PhoneNumber, Occupied>>>);

#[derive(Debug)]
struct Occupied {
    /// Cancelled when the phone call is over. The last of it may still be read and recorded.
    over: CancellationToken,
    /// Cancelled when the number is free again.
    freed: CancellationToken,
}

impl BusyNumbers {
    /// Takes the number for a call that is over when `over` is cancelled. `None` when the number is in
    /// a call. A call that is over, and not yet wholly read, is waited
    /// for: whoever calls again at once must not find the number busy, nor be overtaken on the page
    /// by the end of the call before.
    async fn claim(&self, number: &PhoneNumber, over: CancellationToken) -> Option<Claim> {
        loop {
            let freed = match self.lock().entry(number.clone()) {
                Entry::Vacant(free) => {
                    free.insert(Occupied { over, freed: CancellationToken::new() });
                    return Some(Claim { busy: self.clone(), number: number.clone() });
                }
                Entry::Occupied(occupied) if !occupied.get().over.is_cancelled() => return None,
                Entry::Occupied(occupied) => occupied.get().freed.clone(),
            };
            freed.cancelled().await;
        }
    }

    /// No code panics while it holds the lock, so a poisoned map is still whole.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PhoneNumber, Occupied>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number that is in a call, for as long as this lives.
pub(super) struct Claim {
    busy: BusyNumbers,
    number: PhoneNumber,
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(occupied) = self.busy.lock().remove(&self.number) {
            occupied.freed.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_number_in_a_call_is_refused_and_one_whose_call_is_over_is_waited_for() {
        let busy = BusyNumbers::default();
        let number: PhoneNumber = "+34600000001".parse().unwrap();
        let over = CancellationToken::new();
        let claim = || busy.claim(&number, CancellationToken::new());
        let first = busy.claim(&number, over.clone()).await.unwrap();
        assert!(claim().await.is_none());
        over.cancel();
        let mut second = Box::pin(claim());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        let second = second.await.unwrap();
        assert!(claim().await.is_none());
        drop(second);
        assert!(claim().await.is_some());
    }
}
