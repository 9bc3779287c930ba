//! The types that cross the border of a call out.

use std::net::SocketAddr;
use std::time::Instant;

use crate::endpoint::Transmit;
use crate::sdp::{Direction, MediaPlan, MediaPolicy};
use crate::{Flow, NegotiationError, StatusCode, Uri};

/// Whom to call, and how.
#[derive(Clone, Debug)]
pub struct CallOutPlan {
    /// Our SIP address: Via and Contact.
    pub local: SocketAddr,
    /// Where requests go, and over what.
    pub remote: Flow,
    /// Request-URI and To.
    pub target: Uri,
    /// From.
    pub caller: Uri,
    /// Where we receive RTP.
    pub media_address: SocketAddr,
    /// What is offered: its codecs, in their order, and SRTP if it is required.
    pub media: MediaPolicy,
    /// Where tags, branches and the Call-ID come from. Never use one twice.
    pub seed: [u8; 32],
}

/// What can happen to a call out.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A datagram came in.
    Datagram {
        /// When.
        now: Instant,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// Bytes came in on the connection, in whatever pieces.
    Stream {
        /// When.
        now: Instant,
        /// The next bytes.
        bytes: &'a [u8],
    },
    /// End the call: CANCEL or BYE, whichever is right.
    HangUp {
        /// When.
        now: Instant,
    },
    /// Change the session of an answered call, or refresh it. Does nothing before the answer, after
    /// the end, and while another change is open.
    Change {
        /// When.
        now: Instant,
        /// How.
        change: Change,
        /// The session timer to ask for.
        timer: SessionTimer,
    },
    /// The time of [`Output::Timeout`] has come.
    Timeout {
        /// When.
        now: Instant,
    },
}

/// A change of the session. Directions are seen from us: `SendOnly` is hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// An INVITE with an offer (RFC 3261 §14.1).
    Reinvite(Direction),
    /// An UPDATE with an offer (RFC 3311).
    Update(Direction),
    /// An UPDATE without one.
    Refresh,
}

/// The session timer of a call (RFC 4028).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionTimer {
    /// None.
    Off,
    /// Refreshes are up to the application here.
    WeRefresh {
        /// How long the session lives without one.
        seconds: u32,
    },
    /// Refreshes come from the callee.
    CalleeRefreshes {
        /// How long the session lives without one.
        seconds: u32,
    },
}

/// What a call out wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a message.
    Transmit(Transmit),
    /// Tell the caller.
    Event(CallOutEvent),
    /// Nothing more to do until then. Always the last output of a drain.
    Timeout(Instant),
}

/// How a call out goes on. `Refused` or `Ended` comes exactly once, and last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutEvent {
    /// A provisional response above 100 came.
    Ringing,
    /// The callee answered, and our ACK is out.
    Answered(MediaPlan),
    /// A change has its final response; 408 if none came.
    Changed(StatusCode),
    /// A final response that is no 2xx came.
    Refused(StatusCode),
    /// The call is over.
    Ended(CallOutEnd),
}

/// Why a call out is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutEnd {
    /// We hung up an answered call.
    HungUp,
    /// We gave up before there was an answer.
    Cancelled,
    /// The callee sent BYE.
    CalleeHungUp,
    /// No final response came in time.
    NoResponse,
    /// The callee answered with a session description of no use; it got a BYE.
    UnusableAnswer(NegotiationError),
}
