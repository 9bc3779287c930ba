//! The types that cross the border of a session: its configuration, what it takes in, what it
//! gives out, what it has seen.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::rtp::quality::opinion_score;
use crate::rtp::receiver::ReceiverStatistics;
use crate::rtp::{FRAME, PcmFrame};
use crate::sdp::MediaPlan;

/// What the media of a call need to know.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// What was settled.
    pub plan: MediaPlan,
    /// Where the signalling comes from. Audio may come from there as well.
    pub signalling: IpAddr,
    /// Whether audio may come from an unknown address, as it does behind a NAT.
    pub behind_nat: bool,
    /// How long a packet waits for those before it.
    pub reorder_window: Duration,
    /// A call without a valid packet for this long has [`Event::TimedOut`]. Not while it is held.
    pub media_timeout: Duration,
    /// Whether silence is sent back. Some carriers end a call in which nothing comes back.
    pub comfort_silence: bool,
    /// Where SSRC, first numbers, name and report times come from. Never use one twice.
    pub seed: [u8; 32],
}

/// One of the two ports of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// The even one.
    Rtp,
    /// The odd one above it.
    Rtcp,
}

/// What can happen. `now` must never run backwards.
#[derive(Debug)]
pub enum Input<'a> {
    /// A datagram came in.
    Datagram {
        /// When.
        now: Instant,
        /// On which port.
        port: Port,
        /// From where.
        source: SocketAddr,
        /// Its payload, which is decrypted in place.
        bytes: &'a mut [u8],
    },
    /// The caller acknowledged our answer: it may be sent to.
    Confirmed {
        /// When.
        now: Instant,
    },
    /// Something else was settled.
    Changed {
        /// When.
        now: Instant,
        /// What holds from now on.
        plan: &'a MediaPlan,
    },
    /// The call is over: what is held is heard, and the peer is told.
    Ended {
        /// When.
        now: Instant,
    },
    /// The time of [`Output::Timeout`] has come. Too early does no harm.
    Timeout {
        /// When.
        now: Instant,
    },
}

/// What a session wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<'a> {
    /// 20 ms of audio, or of silence that stands for what did not come.
    Frame(PcmFrame),
    /// Send a datagram.
    Transmit {
        /// From which port.
        port: Port,
        /// Where to.
        destination: SocketAddr,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// Something of note.
    Event(Event),
    /// Nothing more to do until then, or until the next input. Always the last output of a drain.
    Timeout(Instant),
}

/// What is of note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// No valid packet came for too long. Once.
    TimedOut,
    /// The peer said in a report that it leaves; its BYE should follow by the signalling. Once.
    PeerLeft,
}

/// What a session has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Of the audio.
    pub receiver: ReceiverStatistics,
    /// Interarrival jitter at the end (RFC 3550 §6.4.1).
    pub jitter: Duration,
    /// The last round trip that the peer's reports tell.
    pub round_trip: Option<Duration>,
    /// How long packets wait for those before them, at most.
    pub reorder_window: Duration,
    /// Packets sent.
    pub sent: u32,
    /// Compound reports of the peer.
    pub reports: u64,
    /// Datagrams from addresses that are not believed.
    pub strangers: u64,
    /// Packets that SRTP refused: altered, repeated, or not encrypted.
    pub refused_by_srtp: u64,
    /// How often the source of the audio moved.
    pub moves: u8,
}

impl Statistics {
    /// The fraction of packets that were lost or came too late.
    pub fn loss(&self) -> f64 {
        let ReceiverStatistics { received, lost, .. } = self.receiver;
        let all = received + lost;
        if all == 0 { 0.0 } else { lost as f64 / all as f64 }
    }

    /// An estimate of what a listener would say, 1 to 4.4 (E-model, ITU-T G.107, simplified);
    /// `None` where there was nothing to hear.
    pub fn opinion_score(&self) -> Option<f64> {
        let one_way = self.round_trip.unwrap_or_default() / 2;
        // A frame is filled before it is sent.
        let delay = one_way + self.jitter.min(self.reorder_window) + FRAME;
        (self.receiver.received > 0).then(|| opinion_score(self.loss(), delay))
    }
}
