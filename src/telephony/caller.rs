//! A caller: places one call, plays audio into it and hangs up. For the demo, for tests and for
//! an operator who wants to hear whether the line works.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip::call_out::{CallOut, CallOutEnd, CallOutEvent, CallOutPlan, Input, Output};
use sip::rtp::{FRAME_SAMPLES, SAMPLE_RATE, Sender, SenderConfig};
use sip::{MediaPlan, MediaPolicy, StatusCode, Uri};
use tokio::net::UdpSocket;
use tokio::time::sleep_until;

use super::fresh_seed;
use super::signalling::Signalling;

pub use super::signalling::Over;

/// A packet of G.711 holds this much (RFC 3551 §4.5.14).
const PACKET_TIME: Duration = Duration::from_millis(20);

/// Whom to call, and what to say.
#[derive(Debug, Clone)]
pub struct OutgoingCall {
    /// Request-URI and To.
    pub target: Uri,
    /// Where the INVITE goes.
    pub remote: SocketAddr,
    /// Over what.
    pub over: Over,
    /// From.
    pub caller: Uri,
    /// What is played once the call is answered, at [`sip::rtp::SAMPLE_RATE`]. Then we hang up.
    pub samples: Vec<i16>,
    /// Codecs and encryption that are offered.
    pub media: MediaPolicy,
}

/// How a call goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallProgress {
    /// The other end rings.
    Ringing,
    /// It answered, and the first sample is played at this moment.
    Playing { since: Instant },
    /// Everything was played.
    Played,
}

/// Why a call did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum CallFailure {
    /// A socket of ours failed.
    #[error("cannot call {remote}: {source}")]
    Network { remote: SocketAddr, source: std::io::Error },
    /// The other end refused.
    #[error("{remote} refused the call: {} {}", status.code(), status.reason())]
    Refused { remote: SocketAddr, status: StatusCode },
    /// Nobody answered.
    #[error("{remote} does not answer: is a SIP server there, and may this address call it?")]
    NoResponse { remote: SocketAddr },
    /// The call broke off before everything was played.
    #[error("the call was ended by {remote} before everything was played")]
    CutOff { remote: SocketAddr },
    /// The answer can not be used.
    #[error("{remote} answered with a session description of no use: {reason}")]
    UnusableAnswer { remote: SocketAddr, reason: String },
}

/// Places a call, plays its samples in real time and hangs up. `progress` is told on the way.
///
/// # Errors
/// When the call is refused, not answered, or breaks off.
pub async fn place_call(
    call: OutgoingCall,
    mut progress: impl FnMut(CallProgress),
) -> Result<(), CallFailure> {
    let remote = call.remote;
    let network = |source| CallFailure::Network { remote, source };
    let mut line = Line::open(call).await.map_err(network)?;
    loop {
        let wake_at = loop {
            match line.call.poll_output() {
                Output::Transmit(transmit) => {
                    line.signalling.send(&transmit).await.map_err(network)?;
                }
                Output::Event(event) => {
                    if let Some(result) = line.told(event, &mut progress) {
                        line.see_off().await;
                        return result;
                    }
                }
                Output::Timeout(wake_at) => break wake_at,
            }
        };
        let next_packet = line.playing.as_ref().map(Playing::next_packet);
        tokio::select! {
            received = line.signalling.receive() => line.call.handle(received.map_err(network)?),
            () = sleep_until(next_packet.unwrap_or(wake_at).into()), if next_packet.is_some() => {
                line.play(&mut progress).await.map_err(network)?;
            }
            () = sleep_until(wake_at.into()) => {
                line.call.handle(Input::Timeout { now: Instant::now() });
            }
        }
    }
}

/// The state of the call.
struct Line {
    remote: SocketAddr,
    signalling: Signalling,
    media: UdpSocket,
    call: CallOut,
    samples: Vec<i16>,
    playing: Option<Playing>,
}

struct Playing {
    destination: SocketAddr,
    sender: Sender,
    /// Whether the codec has twice the samples.
    is_wide: bool,
    since: Instant,
    packets_sent: usize,
}

impl Playing {
    fn next_packet(&self) -> Instant {
        let sent = u32::try_from(self.packets_sent).unwrap_or(u32::MAX);
        self.since + PACKET_TIME * sent
    }
}

impl Line {
    async fn open(call: OutgoingCall) -> std::io::Result<Self> {
        let OutgoingCall { target, remote, over, caller, samples, media: policy } = call;
        let signalling = Signalling::open(remote, over).await?;
        let local = signalling.local;
        let media = UdpSocket::bind((local.ip(), 0)).await?;
        let plan = CallOutPlan {
            local,
            remote: signalling.flow,
            target,
            caller,
            media_address: media.local_addr()?,
            media: policy,
            seed: fresh_seed(),
        };
        let call = CallOut::place(Instant::now(), plan);
        Ok(Self { remote, signalling, media, call, samples, playing: None })
    }

    /// Notes what happened. Returns the result of the call when it is over.
    fn told(
        &mut self,
        event: CallOutEvent,
        progress: &mut impl FnMut(CallProgress),
    ) -> Option<Result<(), CallFailure>> {
        let remote = self.remote;
        match event {
            CallOutEvent::Ringing => {
                progress(CallProgress::Ringing);
                None
            }
            CallOutEvent::Answered(plan) => {
                progress(CallProgress::Playing { since: self.start(&plan) });
                None
            }
            // Nobody here changes a session.
            CallOutEvent::Changed(_) => None,
            CallOutEvent::Refused(status) => Some(Err(CallFailure::Refused { remote, status })),
            CallOutEvent::Ended(end) => Some(match end {
                CallOutEnd::HungUp => Ok(()),
                CallOutEnd::NoResponse => Err(CallFailure::NoResponse { remote }),
                CallOutEnd::CalleeHungUp | CallOutEnd::Cancelled => {
                    Err(CallFailure::CutOff { remote })
                }
                CallOutEnd::UnusableAnswer(reason) => {
                    Err(CallFailure::UnusableAnswer { remote, reason: reason.to_string() })
                }
            }),
        }
    }

    fn start(&mut self, plan: &MediaPlan) -> Instant {
        let since = Instant::now();
        let sender = Sender::new(&SenderConfig::new(plan, fresh_seed()));
        let is_wide = plan.codec.sample_rate() > SAMPLE_RATE;
        let destination = plan.remote;
        self.playing = Some(Playing { destination, sender, is_wide, since, packets_sent: 0 });
        since
    }

    /// Sends the packet that is due, or hangs up after the last one.
    async fn play(&mut self, progress: &mut impl FnMut(CallProgress)) -> std::io::Result<()> {
        let Some(playing) = &mut self.playing else { return Ok(()) };
        let from = playing.packets_sent * FRAME_SAMPLES;
        if from >= self.samples.len() {
            self.playing = None;
            progress(CallProgress::Played);
            self.call.handle(Input::HangUp { now: Instant::now() });
            return Ok(());
        }
        let until = (from + FRAME_SAMPLES).min(self.samples.len());
        let packet = if playing.is_wide {
            playing.sender.packet(&widened(&self.samples[from..until]))
        } else {
            playing.sender.packet(&self.samples[from..until])
        };
        playing.packets_sent += 1;
        self.media.send_to(&packet, playing.destination).await?;
        Ok(())
    }

    /// Sends what the end of the call still wants sent, the ACK of a refusal for example.
    async fn see_off(&mut self) {
        while let Output::Transmit(transmit) = self.call.poll_output() {
            // The call is over; nobody waits for this any more.
            let _ = self.signalling.send(&transmit).await;
        }
    }
}

/// The same sound with twice the samples. The ear of a test needs no better filter.
fn widened(samples: &[i16]) -> Vec<i16> {
    let next = samples.iter().skip(1).chain(samples.last());
    samples.iter().zip(next).flat_map(|(&this, &next)| [this, this.midpoint(next)]).collect()
}
