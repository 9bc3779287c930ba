//! One call, as the policy above sees it.

use sip::rtp::PcmFrame;
use sip::{CallHandle, EndReason, IncomingCall, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::domain::CallQuality;

/// Takes the audio of a call, 20 ms at a time. Called on the task that receives it: it must not
/// block. It is dropped when no audio follows.
pub type FrameSink = Box<dyn FnMut(PcmFrame) + Send>;

/// What happens to a call after it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallUpdate {
    /// Our answer went out: audio may arrive from now on.
    Established,
    /// The call is over. Always the last update.
    Ended(EndReason),
}

/// Who hears the audio of a call, and is told at its end what it was like.
pub(super) struct Audience {
    pub(super) sink: FrameSink,
    pub(super) report: oneshot::Sender<CallQuality>,
}

/// What the audio of a call was like, once there is no more of it.
#[derive(Debug)]
pub struct AudioReport(oneshot::Receiver<CallQuality>);

impl AudioReport {
    /// Waits for the end of the audio, and not for that of its sink. `None` when nothing was heard.
    pub async fn quality(self) -> Option<CallQuality> {
        self.0.await.ok()
    }
}

/// What the event loop is asked to do.
pub(super) enum Command {
    Answer { call: CallHandle, audience: Audience },
    Refuse { call: CallHandle, status: StatusCode },
    HangUp { call: CallHandle },
}

/// Commands to the event loop: at most three a call, so `max_calls` bounds the queue.
pub(super) type Commands = mpsc::UnboundedSender<Command>;

/// Updates of one call: `Established` and `Ended`, so two places are always enough.
pub(super) const UPDATES: usize = 2;

/// A call that came in. Answer it or refuse it; dropping it ends it.
#[derive(Debug)]
pub struct PhoneCall {
    call: CallHandle,
    invite: Box<IncomingCall>,
    updates: mpsc::Receiver<CallUpdate>,
    over: CancellationToken,
    commands: Commands,
}

impl PhoneCall {
    pub(super) fn new(
        call: CallHandle,
        invite: Box<IncomingCall>,
        updates: mpsc::Receiver<CallUpdate>,
        over: CancellationToken,
        commands: Commands,
    ) -> Self {
        Self { call, invite, updates, over, commands }
    }

    /// Who calls whom.
    pub fn invite(&self) -> &IncomingCall {
        &self.invite
    }

    /// Answers the call. Its audio goes to `sink`; what it was like is reported before that is dropped.
    pub fn answer(&self, sink: FrameSink) -> AudioReport {
        let (report, quality) = oneshot::channel();
        let audience = Audience { sink, report };
        self.command(Command::Answer { call: self.call, audience });
        AudioReport(quality)
    }

    /// Refuses the call.
    pub fn refuse(&self, status: StatusCode) {
        self.command(Command::Refuse { call: self.call, status });
    }

    /// Ends the call. [`CallUpdate::Ended`] follows.
    pub fn hang_up(&self) {
        self.command(Command::HangUp { call: self.call });
    }

    /// Cancelled when the call is over, whether or not its updates were looked at.
    pub fn over(&self) -> CancellationToken {
        self.over.clone()
    }

    /// The next update; `None` after the last one.
    pub async fn next_update(&mut self) -> Option<CallUpdate> {
        self.updates.recv().await
    }

    fn command(&self, command: Command) {
        // When the event loop is gone, so is the call.
        let _ = self.commands.send(command);
    }
}

impl Drop for PhoneCall {
    fn drop(&mut self) {
        // Does nothing when the call is over.
        self.hang_up();
    }
}
