//! One call, from ringing to its outcome.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::codes::Decision;
use crate::domain::CallOutcome;
use crate::speech::{Hypotheses, Listener};
use crate::store::StoreError;
use crate::telephony::{CallUpdate, EndReason, FrameSink, PcmFrame, PhoneCall};

use super::journal::Journal;
use super::switchboard::Claim;

/// How long the last of the audio may take to be read after the call is over. It is far more than
/// a loaded host needs; beyond, a reader thread has died.
const READING_TIMEOUT: Duration = Duration::from_secs(60);

/// Answers the call, reads it and records what is found. Waits on updates of the call, on
/// hypotheses and on time.
pub(super) async fn conduct(
    mut line: Line,
    mut journal: Journal,
    (listener, hypotheses): (Listener, Hypotheses),
    max_duration: Duration,
    stop: CancellationToken,
) -> Result<(), StoreError> {
    line.phone_call.answer(sink(listener));
    let without_code = match line.phone_call.next_update().await {
        Some(CallUpdate::Established) => {
            journal.answered().await?;
            let listening = Listening { line: &mut line, hypotheses, stop };
            listening.run(&mut journal, Instant::now() + max_duration).await?
        }
        Some(CallUpdate::Ended(EndReason::Cancelled)) => CallOutcome::Abandoned,
        Some(CallUpdate::Ended(_)) | None => CallOutcome::Failed,
    };
    let outcome = journal.ended(without_code).await?;
    info!(%outcome, "call ended");
    Ok(())
}

fn sink(mut listener: Listener) -> FrameSink {
    Box::new(move |frame: PcmFrame| listener.hear(frame.samples, frame.sample_rate))
}

/// A phone call, and the number that is taken for as long as the call is not wholly recorded.
pub(super) struct Line {
    pub(super) phone_call: PhoneCall,
    pub(super) _claim: Claim,
}

/// An answered call.
struct Listening<'a> {
    line: &'a mut Line,
    hypotheses: Hypotheses,
    stop: CancellationToken,
}

impl Listening<'_> {
    /// Records what is heard until all of the call is read. Returns its outcome for the case that
    /// no code was read.
    async fn run(
        mut self,
        journal: &mut Journal,
        hang_up_at: Instant,
    ) -> Result<CallOutcome, StoreError> {
        let mut decision = Decision::default();
        let (mut speech_heard, mut is_reading, mut all_read) = (false, true, false);
        let mut ended: Option<CallOutcome> = None;
        let mut deadline = hang_up_at;
        while is_reading || ended.is_none() {
            tokio::select! {
                update = self.line.phone_call.next_update(), if ended.is_none() => {
                    deadline = Instant::now() + READING_TIMEOUT;
                    ended = Some(match update {
                        // A caller who lets the session expire has hung up, and its BYE was lost.
                        Some(CallUpdate::Ended(
                            EndReason::CallerHungUp | EndReason::HungUp | EndReason::SessionExpired,
                        )) => {
                            CallOutcome::Unreadable
                        }
                        Some(CallUpdate::Ended(_) | CallUpdate::Established) | None => {
                            CallOutcome::Failed
                        }
                    });
                }
                hypothesis = self.hypotheses.next(), if is_reading => match hypothesis {
                    Some(hypothesis) => {
                        speech_heard = hypothesis.speech_heard;
                        all_read = hypothesis.is_final;
                        journal.found(decision.consider(&hypothesis)).await?;
                    }
                    None => {
                        // Whether no audio comes any more or the reader has died: a call that is
                        // not read has no purpose.
                        is_reading = false;
                        self.line.phone_call.hang_up();
                    }
                },
                () = self.stop.cancelled() => return Ok(CallOutcome::Interrupted),
                () = sleep_until(deadline) => {
                    if ended.is_some() {
                        return Ok(CallOutcome::Failed);
                    }
                    info!("the call goes on for too long and is ended");
                    self.line.phone_call.hang_up();
                    deadline = Instant::now() + READING_TIMEOUT;
                }
            }
        }
        Ok(match ended {
            Some(CallOutcome::Unreadable) if !all_read => CallOutcome::Failed,
            Some(CallOutcome::Unreadable) if !speech_heard => CallOutcome::Silent,
            Some(outcome) => outcome,
            None => CallOutcome::Failed,
        })
    }
}
