//! Calls that come in: what a call is, which states it goes through, and what it asks of the
//! endpoint. Each verb has a file. A verb consumes the call and says how it goes on; what is to be
//! sent is put down as effects. Knows nothing of sockets, peers or the table of transactions.

mod accept;
mod ack;
mod bye;
mod cancel;
mod contract;
mod own_session;
mod pending_invite;
mod refresh;
mod refuse;
mod reinvite;
mod session_timer;
mod timeout;
mod update;

use std::sync::Arc;
use std::time::Instant;

pub use contract::{AnswerPlan, CallCommand, CallEvent, CallHandle, EndReason, IncomingCall};
pub(crate) use pending_invite::PendingInvite;
pub(crate) use refresh::RefreshOutcome;
pub(crate) use session_timer::{MIN_SE, TimerRequest};

use own_session::OwnSession;
use session_timer::SessionTimer;

use rand::RngExt;
use rand::rngs::StdRng;

use crate::dialog::{Dialog, Security};
use crate::error::PeerIncompatible;
use crate::message::{Essentials, HeaderName, Method, Request, Response, option_tag};
use crate::sdp::{MediaPlan, MediaPolicy, Negotiation, Offer};
use crate::transaction::TransactionId;
use crate::transaction::table::Opening;
use crate::transaction::timers::{ACK_LIMIT, ANSWER_LIMIT, Backoff};
use crate::{Advertised, Flow, StatusCode, Uri};

/// A call that came in.
#[derive(Debug)]
pub(crate) struct Call {
    handle: CallHandle,
    dialog: Dialog,
    timer: SessionTimer,
    /// What may be settled with its peer.
    policy: Arc<MediaPolicy>,
    state: State,
}

#[derive(Debug)]
enum State {
    Ringing(Box<Ringing>),
    Answering(Answering),
    Confirmed(Confirmed),
}

/// The application has not decided yet.
#[derive(Debug)]
struct Ringing {
    invite: PendingInvite,
    /// `None` if the INVITE came without a description: then the 2xx makes the offer.
    offer: Option<Negotiation>,
    give_up: Instant,
}

/// Our 2xx, to the first INVITE or to a later one, waits for its ACK.
#[derive(Debug)]
struct Answering {
    /// CSeq of the INVITE, which is that of the ACK.
    cseq: u32,
    response: Vec<u8>,
    flow: Flow,
    retransmission: Backoff,
    ack_limit: Instant,
    session: OwnSession,
    media: PendingMedia,
    after_ack: AfterAck,
}

/// What of the media is settled while the ACK is awaited.
#[derive(Debug)]
enum PendingMedia {
    /// The 2xx held the answer.
    Settled(MediaPlan),
    /// The 2xx held the offer and the ACK brings the answer; `before` is in force till then.
    Offered { offer: Box<Offer>, before: Option<MediaPlan> },
}

/// BYE must not overtake the ACK (RFC 3261 §15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterAck {
    Stay,
    HangUp,
}

#[derive(Debug)]
struct Confirmed {
    session: OwnSession,
    media: MediaPlan,
}

/// How a call goes on.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "lives for one step only; a box would cost more than the move"
)]
pub(crate) enum Step {
    Continues(Call),
    Ended(EndReason),
}

/// What a verb asks of the endpoint.
#[derive(Debug)]
pub(crate) enum Effect {
    /// A final response.
    Respond {
        reply: Reply,
        response: Box<Response>,
    },
    /// Bytes that are nobody's transaction: a 2xx once more.
    Transmit {
        flow: Flow,
        bytes: Vec<u8>,
    },
    /// A request of our own, with a client transaction.
    Request {
        flow: Flow,
        request: Box<Request>,
    },
    /// The ACK to the 2xx to an INVITE of ours with this branch. It takes the way of the INVITE.
    Acknowledge {
        branch: Vec<u8>,
        ack: Box<Request>,
    },
    Event(CallEvent),
}

/// The way a final response takes.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Through the INVITE transaction that sent the 100.
    Invite(TransactionId),
    /// It begins the transaction of any other request.
    Other(Box<Opening>),
}

/// What a verb may see of the endpoint.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) now: Instant,
    pub(crate) local: &'a Local,
    pub(crate) rng: &'a mut StdRng,
    pub(crate) effects: Vec<Effect>,
}

/// How we appear in messages.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) advertised: Advertised,
    pub(crate) server_name: String,
}

impl Local {
    /// A response with our Server header.
    pub(crate) fn response(
        &self,
        request: &Essentials,
        flow: Flow,
        status: StatusCode,
        tag: Option<&[u8]>,
    ) -> Response {
        let response = Response::to(request, flow.remote, status, tag);
        if self.server_name.is_empty() {
            return response;
        }
        response.with(HeaderName::Server, self.server_name.as_bytes())
    }

    /// The Contact of a message over this flow, in a dialog of this kind.
    pub(crate) fn contact_value(&self, flow: &Flow, security: Security) -> Vec<u8> {
        let address = self.advertised.address_for(flow);
        let uri = match security {
            Security::EveryHop => Uri::secure(address),
            Security::OfTransport => Uri::reached_over(flow.transport(), address),
        };
        format!("<{uri}>").into_bytes()
    }

    /// Why there is no session with a peer (RFC 3261 §20.43).
    pub(crate) fn warning(&self, flow: &Flow, why: PeerIncompatible) -> String {
        format!("{} {} \"{why}\"", why.warning_code(), self.advertised.address_for(flow))
    }

    /// A 2xx that begins or refreshes a dialog: where we are reached, and what we take.
    fn reachable(&self, response: Response, flow: &Flow, security: Security) -> Response {
        response
            .with(HeaderName::Contact, self.contact_value(flow, security))
            .with(HeaderName::Allow, Method::ALLOWED)
            .with(HeaderName::Supported, option_tag::SUPPORTED)
    }
}

impl Call {
    /// A call that rings.
    pub(crate) fn new(
        handle: CallHandle,
        dialog: Dialog,
        invite: PendingInvite,
        (offer, policy): (Option<Negotiation>, Arc<MediaPolicy>),
        now: Instant,
    ) -> Self {
        let ringing = Ringing { invite, offer, give_up: now + ANSWER_LIMIT };
        Self {
            handle,
            dialog,
            timer: SessionTimer::off(),
            policy,
            state: State::Ringing(Box::new(ringing)),
        }
    }

    pub(crate) fn handle(&self) -> CallHandle {
        self.handle
    }

    pub(crate) fn dialog(&self) -> &Dialog {
        &self.dialog
    }

    pub(crate) fn dialog_mut(&mut self) -> &mut Dialog {
        &mut self.dialog
    }

    /// When `timeout` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Ringing(ringing) => Some(ringing.give_up),
            State::Answering(answering) => {
                Some(answering.retransmission.due().min(answering.ack_limit))
            }
            State::Confirmed(_) => self.timer.deadline(),
        }
    }
}

/// Sends BYE.
fn send_bye(dialog: &mut Dialog, scene: &mut Scene<'_>) {
    let branch = new_branch(scene.rng);
    let (flow, request) = dialog.request(Method::Bye, &scene.local.advertised, &branch);
    scene.effects.push(Effect::Request { flow, request: Box::new(request) });
}

impl Answering {
    /// Sends a 2xx and waits for its ACK.
    fn begin(
        dialog: &Dialog,
        invite: &PendingInvite,
        session: OwnSession,
        media: PendingMedia,
        scene: &mut Scene<'_>,
    ) -> Self {
        let response = invite.success(scene.local, dialog, session.description());
        let answering = Self {
            cseq: invite.cseq(),
            response: response.to_bytes(),
            flow: invite.flow(),
            retransmission: Backoff::up_to_t2(scene.now),
            ack_limit: scene.now + ACK_LIMIT,
            session,
            media,
            after_ack: AfterAck::Stay,
        };
        let reply = Reply::Invite(invite.transaction());
        scene.effects.push(Effect::Respond { reply, response: Box::new(response) });
        answering
    }
}

/// A tag nobody can guess (RFC 3261 §19.3).
pub(crate) fn new_tag(rng: &mut StdRng) -> Vec<u8> {
    format!("{:016x}", rng.random::<u64>()).into_bytes()
}

/// A branch that is unique by itself (RFC 3261 §8.1.1.7).
pub(crate) fn new_branch(rng: &mut StdRng) -> Vec<u8> {
    format!("z9hG4bK{:016x}", rng.random::<u64>()).into_bytes()
}
