//! The calls that go on: the object each has above, its ports, and the task of its audio. Told by the
//! event loop what the endpoint says, and answers with what the endpoint is to do.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use sip::rtp::SessionConfig;
use sip::{
    Advertised, AnswerPlan, CallCommand, CallEvent, CallHandle, EndReason, IncomingCall, MediaPlan,
    StatusCode,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::warn;

use super::audio::{Agreement, AudioEnd, CallAudio};
use super::fresh_seed;
use super::phone_call::{Audience, CallUpdate, Commands, PhoneCall, UPDATES};
use super::rtp_ports::{RtpPorts, RtpSockets};

/// What the audio of every call is held to.
#[derive(Debug, Clone)]
pub(super) struct MediaRules {
    pub(super) advertised: Advertised,
    pub(super) media_timeout: Duration,
    pub(super) reorder_window: Duration,
    pub(super) comfort_silence: bool,
    /// The peers whose audio may come from an unknown address.
    pub(super) behind_nat: HashSet<String>,
}

/// All of them.
pub(super) struct LiveCalls {
    media: MediaRules,
    ports: RtpPorts,
    incoming: mpsc::Sender<PhoneCall>,
    commands: Commands,
    calls: HashMap<CallHandle, Call>,
    audio: JoinSet<(CallHandle, AudioEnd)>,
}

/// What is kept of a call.
struct Call {
    signalling: SocketAddr,
    behind_nat: bool,
    updates: mpsc::Sender<CallUpdate>,
    media: Media,
    /// Says that the call is over when this is dropped.
    _over: DropGuard,
}

/// Where the audio of a call stands.
enum Media {
    /// Not answered.
    None,
    /// Ports are reserved; the endpoint has not reported what was negotiated yet.
    Reserved { sockets: RtpSockets, audience: Audience },
    /// A task receives it.
    Flowing { agreement: watch::Sender<Agreement>, stop: CancellationToken },
}

impl LiveCalls {
    /// None yet. New ones go to `incoming`; what their objects ask for goes to `commands`.
    pub(super) fn new(
        media: MediaRules,
        ports: RtpPorts,
        incoming: mpsc::Sender<PhoneCall>,
        commands: Commands,
    ) -> Self {
        Self { media, ports, incoming, commands, calls: HashMap::new(), audio: JoinSet::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    pub(super) fn handles(&self) -> Vec<CallHandle> {
        self.calls.keys().copied().collect()
    }

    /// Takes note of what happened to a call, and says what must become of it.
    pub(super) fn tell(&mut self, event: CallEvent) -> Option<(CallHandle, CallCommand)> {
        match event {
            CallEvent::Incoming { call, invite } => return self.admit(call, invite),
            CallEvent::Established { call, media } => self.established(call, media),
            CallEvent::Confirmed { call } => {
                self.agree(call, |agreement| agreement.is_confirmed = true);
            }
            CallEvent::MediaChanged { call, media } => {
                self.agree(call, |agreement| {
                    *agreement = Agreement { plan: media, is_confirmed: false };
                });
            }
            CallEvent::Ended { call, reason } => self.ended(call, reason),
        }
        None
    }

    /// Reserves ports for a call that is to be answered, and says how it is answered. A command for a
    /// call that is over does nothing.
    pub(super) async fn answer(&mut self, call: CallHandle, audience: Audience) -> CallCommand {
        let refusal = CallCommand::Refuse(StatusCode::SERVICE_UNAVAILABLE);
        let Some(state) = self.calls.get_mut(&call) else { return refusal };
        let Some(sockets) = self.ports.bind().await else {
            warn!(
                "a call is refused: no pair of RTP ports is free (see rtp.first_port, \
                 rtp.last_port, rtp.port_rest)"
            );
            return refusal;
        };
        let signalling = state.signalling.ip();
        let media_address =
            SocketAddr::new(self.media.advertised.ip_for(signalling), sockets.port());
        state.media = Media::Reserved { sockets, audience };
        CallCommand::Answer(AnswerPlan { media_address })
    }

    /// Waits for the end of some call's audio; `None` when there is none. Dropping the future loses
    /// nothing.
    pub(super) async fn next_audio_end(&mut self) -> Option<(CallHandle, AudioEnd)> {
        loop {
            // A panic of a task was already printed where it happened.
            if let Ok(ended) = self.audio.join_next().await? {
                return Some(ended);
            }
        }
    }

    fn admit(
        &mut self,
        call: CallHandle,
        invite: Box<IncomingCall>,
    ) -> Option<(CallHandle, CallCommand)> {
        let (updates, receiver) = mpsc::channel(UPDATES);
        let signalling = invite.source.remote;
        let behind_nat = self.media.behind_nat.contains(&*invite.peer);
        let over = CancellationToken::new();
        let _over = over.clone().drop_guard();
        let media = Media::None;
        self.calls.insert(call, Call { signalling, behind_nat, updates, media, _over });
        let phone_call = PhoneCall::new(call, invite, receiver, over, self.commands.clone());
        if self.incoming.try_send(phone_call).is_ok() {
            return None;
        }
        warn!("a call is refused: too many are waiting to be admitted");
        Some((call, CallCommand::Refuse(StatusCode::SERVICE_UNAVAILABLE)))
    }

    fn established(&mut self, call: CallHandle, media: MediaPlan) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        let reserved = std::mem::replace(&mut state.media, Media::None);
        let Media::Reserved { sockets, audience } = reserved else { return };
        let config = SessionConfig {
            plan: media.clone(),
            signalling: state.signalling.ip(),
            behind_nat: state.behind_nat,
            reorder_window: self.media.reorder_window,
            media_timeout: self.media.media_timeout,
            comfort_silence: self.media.comfort_silence,
            seed: fresh_seed(),
        };
        let (agreement, changes) = watch::channel(Agreement { plan: media, is_confirmed: false });
        let stop = CancellationToken::new();
        let audio = CallAudio { sockets, config, agreement: changes, audience };
        let stopped = stop.clone();
        self.audio.spawn(async move { (call, audio.run(stopped).await) });
        state.media = Media::Flowing { agreement, stop };
        // There is room for both updates of a call; its task may be gone, which is no matter.
        let _ = state.updates.try_send(CallUpdate::Established);
    }

    fn ended(&mut self, call: CallHandle, reason: EndReason) {
        let Some(state) = self.calls.remove(&call) else { return };
        if let Media::Flowing { stop, .. } = state.media {
            stop.cancel();
        }
        if let EndReason::NoAck { contact } = reason {
            warn!(
                %contact,
                "a caller never acknowledged our answer: can it reach the advertised address?"
            );
        }
        let _ = state.updates.try_send(CallUpdate::Ended(reason));
    }

    /// Tells the audio of a call what is settled now.
    fn agree(&self, call: CallHandle, change: impl FnOnce(&mut Agreement)) {
        if let Some(Call { media: Media::Flowing { agreement, .. }, .. }) = self.calls.get(&call) {
            agreement.send_modify(change);
        }
    }
}
