//! The media of one call, both ways: datagrams in, frames and datagrams out. Joins where the audio
//! may come from, SRTP, the receiver, the reports and the silence that is sent back.

mod contract;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::rtp::latch::{Latch, Verdict};
use crate::rtp::receiver::{Receiver, ReceiverConfig};
use crate::rtp::rtcp::{Received, Reports};
use crate::rtp::sender::{Sender, SenderConfig};
use crate::rtp::silence::SilenceClock;
use crate::rtp::srtp::Inbound;
use crate::rtp::{FRAME, jitter::Jitter};
pub use contract::{Event, Input, Output, Port, SessionConfig, Statistics};

use crate::sdp::{Direction, MediaPlan, Rtcp, SrtpKeys};

/// Silence on the wire becomes silence in the audio after this long: a peer that suppresses
/// silence sends nothing between two words, and whoever listens must notice that time goes on.
/// Shorter would tear words apart where the network stalls for a moment.
const SILENCE_AFTER: Duration = Duration::from_millis(400);

/// How long a session with nothing to do may sleep.
const IDLE: Duration = Duration::from_secs(3600);

/// The media of one call.
///
/// After each [`handle`](Self::handle), call [`poll_output`](Self::poll_output) until it says
/// [`Output::Timeout`].
///
/// Nothing is sent before the caller has acknowledged our answer or a valid packet of it came, and
/// then to where its packets come from. Bounds are those of [`Receiver`].
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    latch: Latch,
    /// `None` for plain RTP.
    inbound: Option<Inbound>,
    receiver: Receiver,
    sender: Sender,
    reports: Reports,
    silence: SilenceClock,
    phase: Phase,
    /// Where the peer's reports come from, if not from the port of its audio.
    report_source: Option<SocketAddr>,
    /// The plan holds, and its address was acknowledged.
    confirmed: bool,
    last_packet: Instant,
    last_frame: Instant,
    timed_out: Notice,
    peer_left: Notice,
    reports_received: u64,
    strangers: u64,
    refused_by_srtp: u64,
    scratch: Vec<u8>,
    now: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Live,
    /// Over, and the peer is not told yet.
    Leaving,
    Over,
}

/// Something that is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notice {
    NotYet,
    ToTell,
    Told,
}

impl Notice {
    fn raise(&mut self) {
        if *self == Self::NotYet {
            *self = Self::ToTell;
        }
    }

    fn take(&mut self) -> bool {
        let is_to_tell = *self == Self::ToTell;
        if is_to_tell {
            *self = Self::Told;
        }
        is_to_tell
    }
}

impl Session {
    /// A session that has heard nothing yet.
    pub fn new(config: SessionConfig, now: Instant) -> Self {
        let mut rng = StdRng::from_seed(config.seed);
        let plan = &config.plan;
        Self {
            latch: Latch::new(plan.remote, config.signalling, config.behind_nat),
            inbound: inbound(plan.srtp.as_ref()),
            receiver: Receiver::new(receiver_config(plan, config.reorder_window)),
            sender: Sender::new(&SenderConfig::new(plan, rng.random())),
            reports: Reports::new(now, rng),
            silence: SilenceClock::default(),
            phase: Phase::Live,
            report_source: None,
            confirmed: false,
            last_packet: now,
            last_frame: now,
            timed_out: Notice::NotYet,
            peer_left: Notice::NotYet,
            reports_received: 0,
            strangers: 0,
            refused_by_srtp: 0,
            scratch: Vec::new(),
            now,
            config,
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, input: Input<'_>) {
        match input {
            Input::Datagram { now, port, source, bytes } => {
                self.advance(now);
                if self.phase == Phase::Live {
                    self.receive(port, source, bytes);
                }
            }
            Input::Confirmed { now } => {
                self.advance(now);
                self.confirmed = true;
            }
            Input::Changed { now, plan } => {
                self.advance(now);
                self.change(plan);
            }
            Input::Ended { now } => {
                self.advance(now);
                if self.phase == Phase::Live {
                    self.phase = Phase::Leaving;
                    self.receiver.flush();
                }
            }
            Input::Timeout { now } => self.advance(now),
        }
    }

    /// The next thing to do. The last one of a drain is [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output<'_> {
        if let Some(frame) = self.receiver.poll_frame(self.now) {
            self.last_frame = self.now;
            return Output::Frame(frame);
        }
        if self.peer_left.take() {
            return Output::Event(Event::PeerLeft);
        }
        match self.phase {
            Phase::Live => self.poll_live(),
            Phase::Leaving => {
                self.phase = Phase::Over;
                self.report(true)
            }
            Phase::Over => Output::Timeout(self.now + IDLE),
        }
    }

    /// What has been seen so far.
    pub fn statistics(&self) -> Statistics {
        let heard = self.receiver.reception();
        Statistics {
            receiver: self.receiver.statistics(),
            jitter: Jitter::duration(heard.map_or(0, |reception| reception.jitter)),
            round_trip: self.reports.round_trip(),
            reorder_window: self.config.reorder_window,
            sent: self.sender.sent().packets,
            reports: self.reports_received,
            strangers: self.strangers,
            refused_by_srtp: self.refused_by_srtp,
            moves: self.latch.moves(),
        }
    }

    fn advance(&mut self, now: Instant) {
        self.now = now.max(self.now);
        if self.media_deadline().is_some_and(|deadline| self.now >= deadline) {
            self.timed_out.raise();
        }
    }

    fn poll_live(&mut self) -> Output<'_> {
        if self.timed_out.take() {
            return Output::Event(Event::TimedOut);
        }
        if self.now >= self.last_frame + SILENCE_AFTER {
            self.receiver.stand_in();
            if let Some(frame) = self.receiver.poll_frame(self.now) {
                self.last_frame += FRAME;
                return Output::Frame(frame);
            }
        }
        let destination = self
            .destination()
            .filter(|_| self.config.comfort_silence && self.config.plan.direction.sends());
        if let Some(destination) = destination
            && let Some(skipped) = self.silence.tick(self.now)
        {
            self.sender.skip(skipped);
            self.sender.silence(&mut self.scratch);
            return Output::Transmit { port: Port::Rtp, destination, bytes: &self.scratch };
        }
        if destination.is_none() {
            self.silence.pause();
        }
        if self.now >= self.reports.due() {
            return self.report(false);
        }
        self.timeout()
    }

    fn timeout(&self) -> Output<'_> {
        let deadlines = [
            Some(self.last_frame + SILENCE_AFTER),
            Some(self.reports.due()),
            self.receiver.poll_timeout(),
            self.media_deadline(),
            self.silence.deadline(),
        ];
        let next = deadlines.into_iter().flatten().min();
        Output::Timeout(next.unwrap_or(self.now + IDLE))
    }

    /// While the peer holds the call nothing need come; the application limits how long a call is.
    fn media_deadline(&self) -> Option<Instant> {
        let is_awaited =
            self.timed_out == Notice::NotYet && self.config.plan.direction == Direction::SendRecv;
        is_awaited.then(|| self.last_packet + self.config.media_timeout)
    }

    /// A report, if it may be sent anywhere.
    fn report(&mut self, last: bool) -> Output<'_> {
        self.reports.postpone(self.now);
        let Some(destination) = self.report_destination() else {
            return self.timeout();
        };
        let heard = self.receiver.reception();
        self.reports.write(self.now, &self.sender, heard, last, &mut self.scratch);
        self.sender.protect_rtcp(&mut self.scratch);
        let port = match self.config.plan.rtcp {
            Rtcp::Muxed => Port::Rtp,
            Rtcp::Separate(_) => Port::Rtcp,
        };
        Output::Transmit { port, destination, bytes: &self.scratch }
    }

    /// Where audio goes: to where it comes from, or to the address that was acknowledged.
    fn destination(&self) -> Option<SocketAddr> {
        let described = self.latch.described();
        let may_be_sent_to = self.confirmed && !described.ip().is_unspecified();
        self.latch.source().or(may_be_sent_to.then_some(described))
    }

    fn report_destination(&self) -> Option<SocketAddr> {
        let audio = self.destination()?;
        match self.config.plan.rtcp {
            Rtcp::Muxed => Some(audio),
            Rtcp::Separate(_) if self.report_source.is_some() => self.report_source,
            Rtcp::Separate(described) if audio == self.latch.described() => {
                Some(described).filter(|address| !address.ip().is_unspecified())
            }
            // The described address is not where the peer is; one above its audio is a good guess.
            Rtcp::Separate(_) => Some(SocketAddr::new(audio.ip(), audio.port().checked_add(1)?)),
        }
    }

    fn change(&mut self, plan: &MediaPlan) {
        if self.latch.describe(plan.remote) {
            self.confirmed = false;
            self.report_source = None;
        }
        self.receiver.change(receiver_config(plan, self.config.reorder_window));
        self.sender.change(plan);
        let key =
            |keys: &Option<SrtpKeys>| keys.as_ref().map(|keys| (keys.suite, keys.remote.clone()));
        if key(&plan.srtp) != key(&self.config.plan.srtp) {
            self.inbound = inbound(plan.srtp.as_ref());
        }
        // Where a hold ends, the wait for audio begins anew.
        if plan.direction != self.config.plan.direction {
            self.last_packet = self.now;
        }
        self.config.plan = plan.clone();
    }

    fn receive(&mut self, port: Port, source: SocketAddr, bytes: &mut [u8]) {
        match port {
            Port::Rtp if is_rtcp(bytes) => self.receive_report(source, bytes),
            Port::Rtp => self.receive_audio(source, bytes),
            Port::Rtcp => self.receive_report(source, bytes),
        }
    }

    fn receive_audio(&mut self, source: SocketAddr, bytes: &mut [u8]) {
        // What is no RTP has no source; the receiver counts it.
        let ssrc = bytes
            .get(8..12)
            .map_or(0, |ssrc| u32::from_be_bytes([ssrc[0], ssrc[1], ssrc[2], ssrc[3]]));
        if self.latch.judge(self.now, source, ssrc) == Verdict::Stranger {
            self.strangers += 1;
            return;
        }
        let packet = match &mut self.inbound {
            Some(inbound) => match inbound.unprotect(bytes) {
                Ok(packet) => packet,
                Err(_) => {
                    self.refused_by_srtp += 1;
                    return;
                }
            },
            None => bytes,
        };
        if !self.receiver.recognises(packet) {
            self.receiver.handle(self.now, packet);
            return;
        }
        if !self.latch.note(self.now, source, ssrc) {
            self.strangers += 1;
            return;
        }
        let before = self.receiver.statistics().received;
        self.receiver.handle(self.now, packet);
        if self.receiver.statistics().received > before {
            self.last_packet = self.now;
            self.silence.nudge();
        }
    }

    fn receive_report(&mut self, source: SocketAddr, bytes: &mut [u8]) {
        if !self.latch.knows_host(source.ip()) {
            self.strangers += 1;
            return;
        }
        let packet = match &mut self.inbound {
            Some(inbound) => match inbound.unprotect_rtcp(bytes) {
                Ok(packet) => packet,
                Err(_) => {
                    self.refused_by_srtp += 1;
                    return;
                }
            },
            None => bytes,
        };
        let heard = self.receiver.reception().map(|reception| reception.ssrc);
        match self.reports.receive(self.now, packet, self.sender.ssrc(), heard) {
            Received::Malformed => return,
            Received::Report => {}
            Received::Farewell => self.peer_left.raise(),
        }
        self.reports_received += 1;
        // Reports go back to where they come from only on the host that the audio comes from.
        if self.latch.source().is_some_and(|audio| audio.ip() == source.ip().to_canonical()) {
            self.report_source = Some(source);
        }
    }
}

/// RTCP on the port of RTP has packet types that no payload type looks like (RFC 5761 §4).
fn is_rtcp(bytes: &[u8]) -> bool {
    bytes.get(1).is_some_and(|packet_type| (192..=223).contains(packet_type))
}

fn inbound(keys: Option<&SrtpKeys>) -> Option<Inbound> {
    keys.map(|keys| Inbound::new(keys.suite, &keys.remote))
}

fn receiver_config(plan: &MediaPlan, reorder_window: Duration) -> ReceiverConfig {
    ReceiverConfig { reorder_window, ..ReceiverConfig::from(plan) }
}
