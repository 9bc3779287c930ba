//! The task that drives the SIP endpoint: everything that happens goes in, everything that the
//! endpoint wants is carried out.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Instant;

use sip::rtp::{SessionConfig, Statistics};
use sip::{
    Advertised, AnswerPlan, CallCommand, CallEvent, CallHandle, DropReason, Dropped, EndReason,
    Endpoint, Flow, IncomingCall, Input, MediaPlan, Output, Readiness, Received, StatusCode,
    Transmit,
};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, trace, warn};

use super::audio::{Agreement, AudioEnd, CallAudio};
use super::connections::{Connections, Happened};
use super::farewell::{Farewell, LAST_MESSAGES};
use super::monitor::Monitor;
use super::phone_call::{CallUpdate, Command, Commands, FrameSink, PhoneCall, UPDATES};
use super::rtp_ports::{RtpPorts, RtpSockets};
use super::sockets::Sockets;
use super::strangers::Strangers;
use super::trace::Speaker;
use super::trunks::{News, NextStep, Trunks, Way};
use super::{Shutdown, fresh_seed};

/// The largest datagram there is.
const LARGEST_DATAGRAM: usize = 65_535;

/// What a caller is told to wait when the daemon is stopping.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Peers that were warned about once because sending to them failed. Bounded by clearing it.
const MOST_WARNED_PEERS: usize = 1_024;

pub(super) struct EventLoop {
    endpoint: Endpoint,
    socket: UdpSocket,
    connections: Connections,
    strangers: Strangers,
    trunks: Trunks,
    ports: RtpPorts,
    media: MediaRules,
    monitor: Monitor,
    incoming: mpsc::Sender<PhoneCall>,
    commands: Commands,
    commanded: mpsc::UnboundedReceiver<Command>,
    calls: HashMap<CallHandle, Call>,
    audio: JoinSet<(CallHandle, AudioEnd)>,
    warned_peers: HashSet<SocketAddr>,
}

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

/// Where the rest of the daemon hears of the phone side.
pub(super) struct Outlets {
    pub(super) incoming: mpsc::Sender<PhoneCall>,
    pub(super) monitor: Monitor,
}

/// What the shell keeps of a call.
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
    Reserved { sockets: RtpSockets, sink: FrameSink },
    /// A task receives it.
    Flowing { agreement: watch::Sender<Agreement>, stop: CancellationToken },
}

impl EventLoop {
    pub(super) fn new(
        endpoint: Endpoint,
        sockets: Sockets,
        trunks: Trunks,
        ports: RtpPorts,
        media: MediaRules,
        Outlets { incoming, monitor }: Outlets,
    ) -> Self {
        let (commands, commanded) = mpsc::unbounded_channel();
        Self {
            endpoint,
            socket: sockets.udp,
            connections: sockets.connections,
            strangers: Strangers::new(Instant::now()),
            trunks,
            ports,
            media,
            monitor,
            incoming,
            commands,
            commanded,
            calls: HashMap::new(),
            audio: JoinSet::new(),
            warned_peers: HashSet::new(),
        }
    }

    /// Waits on the SIP socket and the connections, on the tasks of trunks, on commands, on audio tasks and on the endpoint's
    /// timers, until it is told to stop and the calls are over.
    pub(super) async fn run(mut self, Shutdown { drain, stop }: Shutdown) {
        let mut buffer = vec![0; LARGEST_DATAGRAM];
        let mut wake_at = self.carry_out().await;
        let mut is_draining = false;
        let mut farewell: Option<Farewell> = None;
        loop {
            let deadline = farewell.as_ref().map_or(wake_at, |end| end.next().min(wake_at));
            tokio::select! {
                received = self.socket.recv_from(&mut buffer) => match received {
                    Ok((length, source)) => self.endpoint.handle(Input::Datagram {
                        now: Instant::now(),
                        source,
                        bytes: &buffer[..length],
                    }),
                    // The system reports here that an earlier datagram of ours was not delivered.
                    Err(error) => debug!(%error, "a SIP datagram was not delivered"),
                },
                happened = self.connections.next(&self.endpoint) => self.connection_told(happened),
                news = self.trunks.next() => self.trunk_told(news),
                Some(command) = self.commanded.recv() => self.obey(command).await,
                Some(ended) = self.audio.join_next() => {
                    if let Ok((call, end)) = ended {
                        self.audio_ended(call, &end);
                    }
                }
                () = sleep_until(deadline.into()) => {
                    self.endpoint.handle(Input::Timeout { now: Instant::now() });
                }
                () = drain.cancelled(), if !is_draining => {
                    is_draining = true;
                    self.take_no_calls();
                }
                () = stop.cancelled(), if farewell.is_none() => {
                    self.take_no_calls();
                    farewell = Some(Farewell::begin(!self.calls.is_empty()));
                    self.hang_up_all();
                }
            }
            wake_at = self.carry_out().await;
            if farewell.as_ref().is_some_and(|farewell| farewell.is_over(&self.endpoint)) {
                break;
            }
        }
        while let Some(ended) = self.audio.join_next().await {
            if let Ok((call, end)) = ended {
                self.audio_ended(call, &end);
            }
        }
        self.trunks.end().await;
        self.connections.close_all(LAST_MESSAGES).await;
    }

    /// Callers are told to try again, and registrars to send nobody here. Calls that go on are not
    /// touched.
    fn take_no_calls(&mut self) {
        self.endpoint.set_readiness(Readiness::NotReady { retry_after: RETRY_AFTER });
        self.endpoint.handle(Input::Unregister { now: Instant::now() });
    }

    fn connection_told(&mut self, happened: Happened) {
        let now = Instant::now();
        match happened {
            Happened::Opened { flow, proven } => {
                let proven = proven.as_deref();
                self.endpoint.handle(Input::Connected { now, flow, proven });
                let waiting = flow.connection().and_then(|one| self.trunks.connected(one));
                if let Some(registration) = waiting {
                    let flow = Some(flow);
                    self.endpoint.handle(Input::RegistrarFlow { now, registration, flow });
                }
            }
            Happened::Received { connection, bytes } => {
                self.endpoint.handle(Input::Stream { now, connection, bytes: &bytes });
            }
            Happened::Closed { connection } => {
                self.trunks.disconnected(connection);
                self.endpoint.handle(Input::Disconnected { now, connection });
            }
            Happened::Stranger { source, transport } => {
                self.strangers.dropped(now, source.ip(), transport);
            }
        }
    }

    fn trunk_told(&mut self, news: News) {
        let now = Instant::now();
        let (registration, address) = match news {
            News::Networks { trunk, networks } => {
                return self.endpoint.set_peer_networks(&trunk, networks);
            }
            News::Server { registration, address } => (registration, address),
        };
        let flow = match (address, self.trunks.next_step(registration)) {
            (Some(address), Some(NextStep { way: Way::Udp, .. })) => Some(Flow::udp(address)),
            (Some(address), Some(NextStep { way: Way::Connection(stream), trunk })) => {
                let connection = self.connections.connect(address, stream, trunk);
                return self.trunks.connecting(connection, registration);
            }
            (None, _) | (Some(_), None) => None,
        };
        self.endpoint.handle(Input::RegistrarFlow { now, registration, flow });
    }

    /// Does what the endpoint wants, and returns when it wants to be woken.
    async fn carry_out(&mut self) -> Instant {
        loop {
            match self.endpoint.poll_output() {
                Output::Transmit(transmit) => self.send(transmit).await,
                Output::Received(Received { flow, head }) => {
                    self.monitor.trace.record(Instant::now(), Speaker::Peer, flow, &head);
                }
                Output::Close(connection) => self.connections.close(connection),
                Output::FlowWanted { registration, server } => {
                    self.trunks.want(registration, server);
                }
                Output::Registration { registration, event } => {
                    self.trunks.report(registration, &event);
                }
                Output::Event(event) => self.tell(event),
                Output::Dropped(dropped) => self.report_drop(&dropped),
                Output::Timeout(wake_at) => return wake_at,
            }
        }
    }

    async fn send(&mut self, transmit: Transmit) {
        let flow = transmit.flow;
        self.monitor.trace.record(Instant::now(), Speaker::Ourselves, flow, transmit.head());
        let bytes = transmit.bytes;
        if let Some(connection) = flow.connection() {
            return self.connections.send(connection, bytes);
        }
        let destination = flow.remote;
        let Err(error) = self.socket.send_to(&bytes, destination).await else { return };
        if self.warned_peers.len() >= MOST_WARNED_PEERS {
            self.warned_peers.clear();
        }
        if self.warned_peers.insert(destination) {
            warn!(%destination, %error, "cannot send SIP to this peer");
        }
    }

    fn tell(&mut self, event: CallEvent) {
        match event {
            CallEvent::Incoming { call, invite } => self.admit(call, invite),
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
    }

    fn admit(&mut self, call: CallHandle, invite: Box<IncomingCall>) {
        let (updates, receiver) = mpsc::channel(UPDATES);
        let signalling = invite.source.remote;
        let behind_nat = self.media.behind_nat.contains(&*invite.peer);
        let over = CancellationToken::new();
        let _over = over.clone().drop_guard();
        let media = Media::None;
        self.calls.insert(call, Call { signalling, behind_nat, updates, media, _over });
        let phone_call = PhoneCall::new(call, invite, receiver, over, self.commands.clone());
        if self.incoming.try_send(phone_call).is_err() {
            warn!("a call is refused: too many are waiting to be admitted");
            self.command(call, CallCommand::Refuse(StatusCode::SERVICE_UNAVAILABLE));
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Answer { call, sink } => self.answer(call, sink).await,
            Command::Refuse { call, status } => self.command(call, CallCommand::Refuse(status)),
            Command::HangUp { call } => self.command(call, CallCommand::HangUp),
        }
    }

    async fn answer(&mut self, call: CallHandle, sink: FrameSink) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        let Some(sockets) = self.ports.bind().await else {
            warn!(
                "a call is refused: no pair of RTP ports is free (see rtp.first_port, \
                 rtp.last_port, rtp.port_rest)"
            );
            self.command(call, CallCommand::Refuse(StatusCode::SERVICE_UNAVAILABLE));
            return;
        };
        let signalling = state.signalling.ip();
        let media_address =
            SocketAddr::new(self.media.advertised.ip_for(signalling), sockets.port());
        state.media = Media::Reserved { sockets, sink };
        self.command(call, CallCommand::Answer(AnswerPlan { media_address }));
    }

    fn command(&mut self, call: CallHandle, command: CallCommand) {
        self.endpoint.handle(Input::Command { now: Instant::now(), call, command });
    }

    fn hang_up_all(&mut self) {
        let calls: Vec<CallHandle> = self.calls.keys().copied().collect();
        for call in calls {
            self.command(call, CallCommand::HangUp);
        }
    }

    /// Tells the audio of a call what is settled now.
    fn agree(&self, call: CallHandle, change: impl FnOnce(&mut Agreement)) {
        if let Some(Call { media: Media::Flowing { agreement, .. }, .. }) = self.calls.get(&call) {
            agreement.send_modify(change);
        }
    }

    fn established(&mut self, call: CallHandle, media: MediaPlan) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        let Media::Reserved { sockets, sink } = std::mem::replace(&mut state.media, Media::None)
        else {
            return;
        };
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
        let audio = CallAudio { sockets, config, agreement: changes, sink };
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

    fn audio_ended(&mut self, call: CallHandle, end: &AudioEnd) {
        report_audio(call, &end.statistics);
        self.monitor.audio_ended(&end.statistics);
        if end.timed_out {
            info!(%call, "no audio for too long: the call is ended");
            self.command(call, CallCommand::HangUp);
        }
    }

    fn report_drop(&mut self, Dropped { source, reason }: &Dropped) {
        let (address, transport) = (source.remote, source.transport());
        match reason {
            DropReason::UnknownSource => {
                self.strangers.dropped(Instant::now(), address.ip(), transport);
            }
            DropReason::Malformed(error) => debug!(%address, %error, "malformed SIP dropped"),
            DropReason::TooSlow => debug!(%address, "a silent or slow SIP connection is closed"),
            DropReason::KeepAlive | DropReason::StrayAck | DropReason::StrayResponse => {
                trace!(%address, ?reason, "SIP without effect");
            }
        }
    }
}

/// One line a call, with what an operator asks when a code was not read.
fn report_audio(call: CallHandle, statistics: &Statistics) {
    let receiver = &statistics.receiver;
    info!(
        %call,
        received = receiver.received,
        lost = receiver.lost,
        late = receiver.late,
        duplicates = receiver.duplicates,
        jitter_ms = statistics.jitter.as_secs_f64() * 1_000.0,
        round_trip_ms = statistics.round_trip.map(|time| time.as_secs_f64() * 1_000.0),
        ssrc_changes = receiver.restarts,
        source_moves = statistics.moves,
        strangers = statistics.strangers,
        refused_by_srtp = statistics.refused_by_srtp,
        foreign = receiver.foreign_payload_type + receiver.malformed + receiver.stray,
        sent = statistics.sent,
        opinion_score = statistics.opinion_score(),
        "the audio of a call ended"
    );
}
