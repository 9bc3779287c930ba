//! One call, from ringing to its outcome.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::codes::Decision;
use crate::domain::CallOutcome;
use crate::recordings::{Recorder, Unfinished};
use crate::speech::{Hypotheses, Listener};
use crate::store::StoreError;
use crate::telephony::{CallUpdate, EndReason, FrameSink, PcmFrame, PhoneCall};

use super::journal::{Ending, Journal};
use super::switchboard::Claim;

/// How long the last of the audio may take to be read after the call is over. A call above
/// `speech.max_calls` is read when one before it has ended, so this is longer than calls last; beyond, a
/// reader thread has died.
const READING_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How long the last of the audio may take to be written. It takes milliseconds; beyond, the disk
/// is stuck, and the outcome does not wait for it.
const WRITING_TIMEOUT: Duration = Duration::from_secs(5);

/// How long it may take to learn what the audio was like, once its call is over. It is known at once;
/// beyond, the phone side is stuck.
const REPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Answers the call, reads it and records what is found. Waits on updates of the call, on
/// hypotheses and on time.
pub(super) async fn conduct(
    mut line: Line,
    mut journal: Journal,
    ears: Ears,
    max_duration: Duration,
    stop: CancellationToken,
) -> Result<(), StoreError> {
    let Ears { listener, hypotheses, tape } = ears;
    let (recorder, recording) = tape.unzip();
    let report = line.phone_call.answer(sink(listener, recorder));
    let listening = Listening { line: &mut line, hypotheses, max_duration, stop };
    let without_code = listening.hear_out(&mut journal, recording.is_some()).await;
    // Does nothing unless it is us who end the call: the recording ends with it.
    line.phone_call.hang_up();
    let is_recorded = match recording {
        Some(recording) => timeout(WRITING_TIMEOUT, recording.finish()).await.unwrap_or(false),
        None => false,
    };
    let quality = timeout(REPORT_TIMEOUT, report.quality()).await.ok().flatten();
    let outcome =
        journal.ended(Ending { without_code: without_code?, is_recorded, quality }).await?;
    info!(%outcome, "call ended");
    Ok(())
}

/// Whoever hears a call.
pub(super) struct Ears {
    pub(super) listener: Listener,
    pub(super) hypotheses: Hypotheses,
    /// `None` when the call is not recorded.
    pub(super) tape: Option<(Recorder, Unfinished)>,
}

fn sink(mut listener: Listener, mut recorder: Option<Recorder>) -> FrameSink {
    Box::new(move |frame: PcmFrame| {
        if let Some(recorder) = &mut recorder {
            recorder.hear(&frame.samples, frame.sample_rate);
        }
        listener.hear(frame.samples, frame.sample_rate);
    })
}

/// A phone call, and the number that is taken for as long as the call is not wholly recorded.
pub(super) struct Line {
    pub(super) phone_call: PhoneCall,
    pub(super) _claim: Claim,
}

/// A call that is being answered.
struct Listening<'a> {
    line: &'a mut Line,
    hypotheses: Hypotheses,
    max_duration: Duration,
    stop: CancellationToken,
}

impl Listening<'_> {
    /// Waits for the answer to go through, and records what is heard then. Returns the call's
    /// outcome for the case that no code was read.
    async fn hear_out(
        self,
        journal: &mut Journal,
        is_recorded: bool,
    ) -> Result<CallOutcome, StoreError> {
        match self.line.phone_call.next_update().await {
            Some(CallUpdate::Established) => {
                journal.answered(is_recorded).await?;
                let hang_up_at = Instant::now() + self.max_duration;
                self.run(journal, hang_up_at).await
            }
            Some(CallUpdate::Ended(EndReason::Cancelled)) => Ok(CallOutcome::Abandoned),
            Some(CallUpdate::Ended(_)) | None => Ok(CallOutcome::Failed),
        }
    }

    /// Records what is heard until all of the call is read. Returns the outcome as above.
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
                        let finding = decision.consider(&hypothesis);
                        self.hypotheses.code_is(finding.code());
                        journal.found(finding).await?;
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
