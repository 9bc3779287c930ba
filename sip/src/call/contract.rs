//! The types of a call that cross the border of the endpoint: events and commands.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::error::NegotiationError;
use crate::sdp::MediaPlan;
use crate::{Flow, StatusCode, Uri};

/// Names a call inside one endpoint. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallHandle(pub(crate) u64);

impl fmt::Display for CallHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {}", self.0)
    }
}

/// What the application is told of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEvent {
    /// Somebody calls. The 100 is sent; the call awaits `Answer` or `Refuse`, for three minutes at
    /// most.
    Incoming {
        /// The call.
        call: CallHandle,
        /// Who calls whom. Boxed, since it is much larger than the other events.
        invite: Box<IncomingCall>,
    },
    /// Offer and answer are exchanged: audio may arrive from now on. Once at most for each call.
    Established {
        /// The call.
        call: CallHandle,
        /// What was settled.
        media: MediaPlan,
    },
    /// The caller has acknowledged our answer, so it receives where it says it does. Once for each
    /// answer, later ones as well.
    Confirmed {
        /// The call.
        call: CallHandle,
    },
    /// The caller changed the session, with another INVITE or an UPDATE: hold, or another address or codec.
    MediaChanged {
        /// The call.
        call: CallHandle,
        /// What is settled from now on.
        media: MediaPlan,
    },
    /// The call is over. Exactly once for each `Incoming`.
    Ended {
        /// The call.
        call: CallHandle,
        /// Why.
        reason: EndReason,
    },
}

/// An INVITE that begins a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingCall {
    /// Name of the peer, from the configuration.
    pub peer: Arc<str>,
    /// How the INVITE came.
    pub source: Flow,
    /// Call-ID, for logs; bytes that are not UTF-8 are replaced.
    pub sip_call_id: String,
    /// Request-URI.
    pub called: Uri,
    /// To, which still has the number where a trunk rewrote the Request-URI.
    pub to: Option<Uri>,
    /// P-Called-Party-ID (RFC 7315 §4.2).
    pub called_party: Option<Uri>,
    /// Diversion, topmost first (RFC 5806).
    pub diverted_by: Vec<Uri>,
    /// Who calls: P-Asserted-Identity of a peer that is believed, or else From.
    pub caller: Option<Uri>,
}

/// What the application wants of a call. A command for a call that is over, or that comes too late,
/// does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallCommand {
    /// Answer with 200.
    Answer(AnswerPlan),
    /// Refuse. A code below 300 is no refusal: 480 is sent in its place.
    Refuse(StatusCode),
    /// End the call: BYE, once the caller has acknowledged our answer; 480 if it is not answered
    /// yet.
    HangUp,
}

/// How to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerPlan {
    /// Where we receive the call's RTP.
    pub media_address: SocketAddr,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The caller sent BYE.
    CallerHungUp,
    /// We hung up.
    HungUp,
    /// The caller gave up before the call was answered.
    Cancelled,
    /// We refused, with this code; 480 also when the application let the call wait too long.
    Refused(StatusCode),
    /// Our 200 was never acknowledged. The usual cause is a Contact that the peer cannot reach.
    NoAck {
        /// The address in it.
        contact: SocketAddr,
    },
    /// The session timer ran out: the caller did not refresh the session, or has lost the call
    /// (RFC 4028 §10).
    SessionExpired,
    /// The INVITE had no session description, and the answer to ours was missing or of no use.
    NoUsableAnswer(NegotiationError),
}
