//! The audio of one call: a loop round [`sip::rtp::Session`], with its two sockets and its sink.

use std::net::SocketAddr;
use std::time::Instant;

use sip::MediaPlan;
use sip::rtp::{Event, Input, Output, Port, Session, SessionConfig, Statistics};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, trace};

use super::phone_call::Audience;
use super::rtp_ports::RtpSockets;
use crate::domain::CallQuality;

/// More than a packet of RTP or RTCP can be on any link of the internet.
const LARGEST_PACKET: usize = 2_048;

/// Datagrams taken in before the session is asked what it wants. A flood must not keep a call from
/// its timers and the end of the call.
const BATCH: usize = 32;

/// Datagrams thrown away before the first one is believed, at most: a socket holds about as many.
const MOST_STALE: usize = 1_024;

/// What is settled with the caller at this moment.
#[derive(Debug, Clone)]
pub(super) struct Agreement {
    pub(super) plan: MediaPlan,
    /// Whether the caller has acknowledged it.
    pub(super) is_confirmed: bool,
}

/// What the task needs.
pub(super) struct CallAudio {
    pub(super) sockets: RtpSockets,
    pub(super) config: SessionConfig,
    /// Only the newest agreement counts.
    pub(super) agreement: watch::Receiver<Agreement>,
    pub(super) audience: Audience,
}

/// Why the task ended, and what it has seen.
#[derive(Debug)]
pub(super) struct AudioEnd {
    pub(super) timed_out: bool,
    pub(super) statistics: Statistics,
}

/// The state of the task.
struct Audio {
    sockets: RtpSockets,
    session: Session,
    agreement: watch::Receiver<Agreement>,
    audience: Audience,
    timed_out: bool,
}

impl CallAudio {
    /// Receives until `stop` is cancelled or no valid packet came for too long. Waits on both
    /// sockets, on what is settled and on time.
    pub(super) async fn run(self, stop: CancellationToken) -> AudioEnd {
        let session = Session::new(self.config, Instant::now());
        let mut audio = Audio {
            sockets: self.sockets,
            session,
            agreement: self.agreement,
            audience: self.audience,
            timed_out: false,
        };
        audio.throw_away_what_is_stale();
        audio.note_agreement();
        let timer = sleep_until(audio.carry_out().into());
        tokio::pin!(timer);
        while !audio.timed_out {
            let mut is_time = false;
            tokio::select! {
                () = stop.cancelled() => break,
                Ok(()) = audio.agreement.changed() => audio.note_agreement(),
                Ok(()) = audio.sockets.rtp.readable() => {}
                Ok(()) = audio.sockets.rtcp.readable() => audio.take_in(Port::Rtcp),
                () = &mut timer => is_time = true,
            }
            // Whatever woke us: after a stall of the host, what came meanwhile comes before the time that
            // passed without audio.
            audio.take_in(Port::Rtp);
            if is_time {
                audio.session.handle(Input::Timeout { now: Instant::now() });
            }
            let wake_at = audio.carry_out();
            reset(timer.as_mut(), wake_at);
        }
        audio.end()
    }
}

/// Moves the timer only where it must: each packet of a call comes by here.
fn reset(timer: std::pin::Pin<&mut Sleep>, wake_at: Instant) {
    if timer.deadline() != wake_at.into() {
        timer.reset(wake_at.into());
    }
}

impl Audio {
    /// What came on the ports before this call was answered is of another one.
    fn throw_away_what_is_stale(&self) {
        let mut buffer = [0; LARGEST_PACKET];
        for socket in [&self.sockets.rtp, &self.sockets.rtcp] {
            for _ in 0..MOST_STALE {
                match socket.try_recv_from(&mut buffer) {
                    Ok((_, source)) => trace!(%source, "stale RTP was dropped"),
                    Err(_) => break,
                }
            }
        }
    }

    fn note_agreement(&mut self) {
        let now = Instant::now();
        let agreement = self.agreement.borrow_and_update();
        self.session.handle(Input::Changed { now, plan: &agreement.plan });
        if agreement.is_confirmed {
            self.session.handle(Input::Confirmed { now });
        }
    }

    /// Takes in what has arrived, up to a batch.
    fn take_in(&mut self, port: Port) {
        let mut buffer = [0; LARGEST_PACKET];
        for _ in 0..BATCH {
            match self.socket(port).try_recv_from(&mut buffer) {
                Ok((length, source)) => {
                    let (now, bytes) = (Instant::now(), &mut buffer[..length]);
                    self.session.handle(Input::Datagram { now, port, source, bytes });
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // The system reports here that an earlier datagram of ours was not delivered.
                Err(_) => {}
            }
        }
    }

    /// Does what the session wants, and returns when it wants to be woken.
    fn carry_out(&mut self) -> Instant {
        loop {
            match self.session.poll_output() {
                Output::Frame(frame) => (self.audience.sink)(frame),
                Output::Transmit { port, destination, bytes } => {
                    send(self.sockets.of(port), destination, bytes);
                }
                Output::Event(Event::TimedOut) => self.timed_out = true,
                Output::Event(Event::PeerLeft) => debug!("the caller's RTCP says goodbye"),
                Output::Timeout(wake_at) => return wake_at,
            }
        }
    }

    /// What has already arrived still counts: a code may end with the last packet.
    fn end(mut self) -> AudioEnd {
        for port in [Port::Rtp, Port::Rtcp] {
            self.take_in(port);
        }
        self.session.handle(Input::Ended { now: Instant::now() });
        self.carry_out();
        let Self { session, audience: Audience { sink, report }, timed_out, .. } = self;
        let statistics = session.statistics();
        if let Some(quality) = quality(&statistics) {
            // Whoever answered the call may have given it up.
            let _ = report.send(quality);
        }
        // Whoever waits for the end of the audio finds the report there.
        drop(sink);
        AudioEnd { timed_out, statistics }
    }

    fn socket(&self, port: Port) -> &UdpSocket {
        self.sockets.of(port)
    }
}

/// What the audio was like; `None` when there was none.
fn quality(statistics: &Statistics) -> Option<CallQuality> {
    let opinion_score = statistics.opinion_score()?;
    let lost_percent = statistics.loss() * 100.0;
    let jitter_ms = statistics.jitter.as_secs_f64() * 1_000.0;
    Some(CallQuality { lost_percent, jitter_ms, opinion_score })
}

/// Sends without waiting: a packet that the system has no room for now is late anyway.
fn send(socket: &UdpSocket, destination: SocketAddr, bytes: &[u8]) {
    if let Err(error) = socket.try_send_to(bytes, destination) {
        trace!(%destination, %error, "a packet of silence or a report was not sent");
    }
}
