//! The task that drives the SIP endpoint: everything that happens goes in, everything that the
//! endpoint wants is carried out.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Instant;

use sip::rtp::Statistics;
use sip::{
    CallCommand, CallHandle, DropReason, Dropped, Endpoint, Flow, Input, Output, Readiness,
    Received, Transmit,
};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Duration, sleep_until};
use tracing::{debug, info, trace, warn};

use super::Shutdown;
use super::audio::AudioEnd;
use super::connections::{Connections, Happened};
use super::farewell::{Farewell, LAST_MESSAGES};
use super::live_calls::LiveCalls;
use super::monitor::Monitor;
use super::phone_call::Command;
use super::sockets::Sockets;
use super::strangers::Strangers;
use super::trace::Speaker;
use super::trunks::{News, NextStep, Trunks, Way};

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
    calls: LiveCalls,
    monitor: Monitor,
    commanded: mpsc::UnboundedReceiver<Command>,
    warned_peers: HashSet<SocketAddr>,
}

impl EventLoop {
    pub(super) fn new(
        endpoint: Endpoint,
        sockets: Sockets,
        trunks: Trunks,
        calls: LiveCalls,
        commanded: mpsc::UnboundedReceiver<Command>,
        monitor: Monitor,
    ) -> Self {
        Self {
            endpoint,
            socket: sockets.udp,
            connections: sockets.connections,
            strangers: Strangers::new(Instant::now()),
            trunks,
            calls,
            monitor,
            commanded,
            warned_peers: HashSet::new(),
        }
    }

    /// Waits on the SIP socket and the connections, on the tasks of trunks, on commands, on audio tasks
    /// and on the endpoint's timers, until it is told to stop and the calls are over.
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
                Some((call, end)) = self.calls.next_audio_end() => self.audio_ended(call, &end),
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
        while let Some((call, end)) = self.calls.next_audio_end().await {
            self.audio_ended(call, &end);
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
                Output::Event(event) => {
                    if let Some((call, command)) = self.calls.tell(event) {
                        self.command(call, command);
                    }
                }
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

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Answer { call, audience } => {
                let decision = self.calls.answer(call, audience).await;
                self.command(call, decision);
            }
            Command::Refuse { call, status } => self.command(call, CallCommand::Refuse(status)),
            Command::HangUp { call } => self.command(call, CallCommand::HangUp),
        }
    }

    fn command(&mut self, call: CallHandle, command: CallCommand) {
        self.endpoint.handle(Input::Command { now: Instant::now(), call, command });
    }

    fn hang_up_all(&mut self) {
        for call in self.calls.handles() {
            self.command(call, CallCommand::HangUp);
        }
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
