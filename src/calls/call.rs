//! One call, from ringing to its outcome.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::codes::Decision;
use crate::domain::CallOutcome;
use crate::recordings::{Recorder, Unfinished};
use crate::speech::{Hypotheses, Listener};
use crate::store::StoreError;
use crate::telephony::{CallUpdate, EndReason, FrameSink, PcmFrame, PhoneCall};

use super::journal::{Ending, Journal};
use super::switchboard::Claim;

/// How long the last of the audio may take to be read after the call is over, besides the time that
/// a call may last: one above `speech.max_calls` is read when one before it has ended. Beyond, a reader
/// thread has died.
const READING_TIMEOUT: Duration = Duration::from_secs(2 * 60);

/// How long the last of the audio may take to be written. It takes milliseconds; beyond, the disk
/// is stuck, and the outcome does not wait for it.
const WRITING_TIMEOUT: Duration = Duration::from_secs(5);

/// How long it may take to learn what the audio was like, once its call is over. It is known at once;
/// beyond, the phone side is stuck.
const REPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long until what could not be written of a call that is over is written again.
const WRITE_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Answers the call, reads it and records what is found. Waits on updates of the call, on
/// hypotheses and on time. A disk that is full for a while costs no call its code, nor its end.
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
    let listening = Listening { line: &mut line, hypotheses, max_duration, stop: stop.clone() };
    let without_code = listening.hear_out(&mut journal, recording.is_some()).await;
    // Does nothing unless it is us who end the call: the recording ends with it.
    line.phone_call.hang_up();
    let is_recorded = match recording {
        Some(recording) => timeout(WRITING_TIMEOUT, recording.finish()).await.unwrap_or(false),
        None => false,
    };
    let quality = timeout(REPORT_TIMEOUT, report.quality()).await.ok().flatten();
    let ending = Ending { without_code, is_recorded, quality };
    let outcome = loop {
        match journal.ended(ending).await {
            // The next start of the daemon ends what this one can not.
            Err(error @ StoreError::Closed) => return Err(error),
            Err(error) if stop.is_cancelled() => return Err(error),
            Err(error) => error!(%error, "the end of a call could not be recorded yet"),
            Ok(outcome) => break outcome,
        }
        let _ = timeout(WRITE_AGAIN_AFTER, stop.cancelled()).await;
    };
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
    async fn hear_out(self, journal: &mut Journal, is_recorded: bool) -> CallOutcome {
        match self.line.phone_call.next_update().await {
            Some(CallUpdate::Established) => {
                let hang_up_at = Instant::now() + self.max_duration;
                if let Err(error) = journal.answered(is_recorded).await {
                    error!(%error, "that a call was answered could not be recorded yet");
                }
                self.run(journal, hang_up_at).await
            }
            Some(CallUpdate::Ended(EndReason::Cancelled)) => CallOutcome::Abandoned,
            Some(CallUpdate::Ended(_)) | None => CallOutcome::Failed,
        }
    }

    /// Records what is heard until all of the call is read. Returns the outcome as above.
    async fn run(mut self, journal: &mut Journal, hang_up_at: Instant) -> CallOutcome {
        let mut decision = Decision::default();
        let (mut speech_heard, mut is_reading, mut all_read) = (false, true, false);
        let mut ended: Option<CallOutcome> = None;
        let mut deadline = hang_up_at;
        while is_reading || ended.is_none() {
            tokio::select! {
                update = self.line.phone_call.next_update(), if ended.is_none() => {
                    deadline = Instant::now() + self.max_duration + READING_TIMEOUT;
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
                        // The next hypothesis, or the end of the call, brings the next chance.
                        if let Err(error) = journal.found(finding).await {
                            error!(%error, "what was heard could not be recorded yet");
                        }
                    }
                    None => {
                        // Whether no audio comes any more or the reader has died: a call that is
                        // not read has no purpose.
                        is_reading = false;
                        self.line.phone_call.hang_up();
                    }
                },
                () = self.stop.cancelled() => return CallOutcome::Interrupted,
                () = sleep_until(deadline) => {
                    if ended.is_some() {
                        return CallOutcome::Failed;
                    }
                    info!("the call goes on for too long and is ended");
                    self.line.phone_call.hang_up();
                    deadline = Instant::now() + self.max_duration + READING_TIMEOUT;
                }
            }
        }
        match ended {
            Some(CallOutcome::Unreadable) if !all_read => CallOutcome::Failed,
            Some(CallOutcome::Unreadable) if !speech_heard => CallOutcome::Silent,
            Some(outcome) => outcome,
            None => CallOutcome::Failed,
        }
    }
}
