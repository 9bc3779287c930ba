//! One outgoing call: the small user agent client of the demo, of tests and of an
//! operator's self-test. No authentication, no forking (the first 2xx counts), no provisional
//! media. Knows nothing of the answering endpoint.
//!
//! Requests of the callee are answered without state: an answer depends on nothing but the request
//! and the dialog, so a retransmitted request gets the same one again (RFC 3261 §8.2.7). Those that
//! refresh the session are in `later`, as are our own changes of it; what comes of INVITE, CANCEL and
//! BYE is in `responses`.

mod compose;
mod contract;
mod later;
mod responses;
#[cfg(test)]
mod tests;

pub use contract::{CallOutEnd, CallOutEvent, CallOutPlan, Change, Input, Output, SessionTimer};

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::call::{Local, new_branch};
use crate::dialog::{Dialog, DialogId};
use crate::endpoint::Transmit;
use crate::message::{self, Frame, HeaderName, Message, Method, Request, StreamFramer};
use crate::sdp::Offer;
use crate::transaction::client::{ClientFired, ClientInvite, ClientOther};
use crate::transaction::timers::CANCEL_LIMIT;
use crate::{Advertised, Flow, StatusCode};
use compose::{cancel_of, compose_invite};
use later::Later;

/// One outgoing call.
#[derive(Debug)]
pub struct CallOut {
    plan: CallOutPlan,
    local: Local,
    rng: StdRng,
    invite: Request,
    offer: Offer,
    invite_transaction: Option<ClientInvite>,
    cancel: Option<Cancel>,
    bye: Option<Bye>,
    later: Later,
    /// Of the connection, if the call goes over one.
    framer: StreamFramer,
    state: State,
    outputs: VecDeque<Output>,
    now: Instant,
}

#[derive(Debug)]
enum State {
    /// No final response yet.
    Inviting(Wish),
    Established(Dialog),
    /// The dialog stays, if there was one, to acknowledge a 2xx and to answer a BYE that come
    /// again.
    Over(Option<Dialog>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Talk,
    /// CANCEL, once a provisional response has come (§9.1), or BYE, if a 2xx is faster.
    GiveUp,
}

/// A CANCEL that is out.
#[derive(Debug)]
struct Cancel {
    /// `None` once it is over, while the INVITE is still open.
    transaction: Option<ClientOther>,
    /// Beyond it the INVITE is given up.
    limit: Instant,
}

/// A BYE that is out.
#[derive(Debug)]
struct Bye {
    branch: Vec<u8>,
    flow: Flow,
    transaction: ClientOther,
}

/// How long a call out with nothing to do may sleep.
const IDLE: Duration = Duration::from_secs(3600);

impl CallOut {
    /// Begins a call: the INVITE is the first output.
    pub fn place(now: Instant, plan: CallOutPlan) -> Self {
        let mut rng = StdRng::from_seed(plan.seed);
        let local = Local { advertised: Advertised::new(plan.local), server_name: String::new() };
        let (invite, offer) = compose_invite(&plan, &local, &mut rng);
        let bytes = invite.to_bytes();
        let transport = plan.remote.transport();
        let transmit = Transmit { flow: plan.remote, bytes: bytes.clone() };
        Self {
            plan,
            local,
            rng,
            invite,
            offer,
            invite_transaction: Some(ClientInvite::new(now, transport, bytes)),
            cancel: None,
            bye: None,
            later: Later::new(),
            framer: StreamFramer::new(),
            state: State::Inviting(Wish::Talk),
            outputs: VecDeque::from([Output::Transmit(transmit)]),
            now,
        }
    }

    /// Whether the call is over and nothing is left to be retransmitted: it can be forgotten.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over(_)) && self.deadline().is_none()
    }

    /// Takes in what happened.
    pub fn handle(&mut self, input: Input<'_>) {
        match input {
            Input::Datagram { now, bytes } => {
                self.advance(now);
                self.receive(bytes);
            }
            Input::Stream { now, bytes } => {
                self.advance(now);
                self.framer.push(bytes);
                // After an error nothing more comes of the connection.
                while let Ok(Some(frame)) = self.framer.next() {
                    match frame {
                        Frame::Message(message) => self.receive(&message),
                        Frame::Ping | Frame::Pong => {}
                    }
                }
            }
            Input::HangUp { now } => {
                self.advance(now);
                self.hang_up();
            }
            Input::Change { now, change, timer } => {
                self.advance(now);
                self.change(change, timer);
            }
            Input::Timeout { now } => self.advance(now),
        }
    }

    /// What cannot be read is dropped: nobody waits for a 400 from here.
    fn receive(&mut self, bytes: &[u8]) {
        match message::parse(bytes) {
            Ok(Message::Response(response)) => self.receive_response(&response),
            Ok(Message::Request(request)) => self.receive_request(&request),
            Ok(Message::KeepAlive) | Err(_) => {}
        }
    }

    /// The next thing to do. The last one of a drain is [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output {
        match self.outputs.pop_front() {
            Some(output) => output,
            None => Output::Timeout(self.deadline().unwrap_or(self.now + IDLE)),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let invite = self.invite_transaction.as_ref().and_then(ClientInvite::deadline);
        let cancel = self.cancel.as_ref().map(|cancel| {
            let transaction = cancel.transaction.as_ref().map(ClientOther::deadline);
            transaction.map_or(cancel.limit, |due| due.min(cancel.limit))
        });
        let bye = self.bye.as_ref().map(|bye| bye.transaction.deadline());
        [invite, cancel, bye, self.later.deadline()].into_iter().flatten().min()
    }

    fn advance(&mut self, now: Instant) {
        self.now = now.max(self.now);
        self.invite_timeout();
        self.cancel_timeout();
        self.bye_timeout();
        self.later_timeout();
    }

    fn invite_timeout(&mut self) {
        let Some(transaction) = &mut self.invite_transaction else {
            return;
        };
        match transaction.timeout(self.now) {
            ClientFired::Retransmit(bytes) => {
                let transmit = Transmit { flow: self.plan.remote, bytes: bytes.to_vec() };
                self.outputs.push_back(Output::Transmit(transmit));
            }
            ClientFired::Nothing => {}
            ClientFired::Over => self.invite_transaction = None,
            ClientFired::NoResponse => self.give_up_invite(),
        }
    }

    fn give_up_invite(&mut self) {
        self.invite_transaction = None;
        self.cancel = None;
        self.end(None, CallOutEvent::Ended(CallOutEnd::NoResponse));
    }

    fn cancel_timeout(&mut self) {
        let Some(cancel) = &mut self.cancel else {
            return;
        };
        let is_pending = self.invite_transaction.as_ref().is_some_and(ClientInvite::is_pending);
        if self.now >= cancel.limit && is_pending {
            return self.give_up_invite();
        }
        let fired = match &mut cancel.transaction {
            Some(transaction) => transaction.timeout(self.now),
            None => ClientFired::Over,
        };
        match fired {
            ClientFired::Retransmit(bytes) => {
                let transmit = Transmit { flow: self.plan.remote, bytes: bytes.to_vec() };
                self.outputs.push_back(Output::Transmit(transmit));
            }
            // While the INVITE is open, the CANCEL is kept for its limit.
            ClientFired::Over | ClientFired::NoResponse if is_pending => cancel.transaction = None,
            ClientFired::Over | ClientFired::NoResponse => self.cancel = None,
            ClientFired::Nothing => {}
        }
    }

    fn bye_timeout(&mut self) {
        let Some(bye) = &mut self.bye else { return };
        match bye.transaction.timeout(self.now) {
            ClientFired::Retransmit(bytes) => {
                let transmit = Transmit { flow: bye.flow, bytes: bytes.to_vec() };
                self.outputs.push_back(Output::Transmit(transmit));
            }
            ClientFired::Over | ClientFired::NoResponse => self.bye = None,
            ClientFired::Nothing => {}
        }
    }

    fn hang_up(&mut self) {
        match std::mem::replace(&mut self.state, State::Over(None)) {
            State::Inviting(_) => {
                self.state = State::Inviting(Wish::GiveUp);
                if self.invite_transaction.as_ref().is_some_and(ClientInvite::is_proceeding) {
                    self.send_cancel();
                }
            }
            State::Established(dialog) => self.leave(dialog, CallOutEnd::HungUp),
            State::Over(dialog) => self.state = State::Over(dialog),
        }
    }

    /// Sends CANCEL, once.
    fn send_cancel(&mut self) {
        if self.cancel.is_some() {
            return;
        }
        let bytes = cancel_of(&self.invite).to_bytes();
        let transaction = ClientOther::new(self.now, self.plan.remote.transport(), bytes.clone());
        self.cancel =
            Some(Cancel { transaction: Some(transaction), limit: self.now + CANCEL_LIMIT });
        self.transmit(self.plan.remote, bytes);
    }

    /// Sends BYE; the call is over for us.
    fn leave(&mut self, mut dialog: Dialog, reason: CallOutEnd) {
        let branch = new_branch(&mut self.rng);
        let (flow, request) = dialog.request(Method::Bye, &self.local.advertised, &branch);
        let bytes = request.to_bytes();
        let transaction = ClientOther::new(self.now, flow.transport(), bytes.clone());
        self.bye = Some(Bye { branch, flow, transaction });
        self.transmit(flow, bytes);
        self.end(Some(dialog), CallOutEvent::Ended(reason));
    }

    fn end(&mut self, dialog: Option<Dialog>, event: CallOutEvent) {
        self.state = State::Over(dialog);
        self.outputs.push_back(Output::Event(event));
    }

    /// A request of the callee: BYE ends the call, what refreshes it and OPTIONS are answered,
    /// anything else is turned down.
    fn receive_request(&mut self, request: &Request) {
        if let Some(response) = self.later.response_to(request) {
            let bytes = response.to_vec();
            return self.transmit(self.plan.remote, bytes);
        }
        let id = DialogId::of_request(&request.essentials);
        let dialog = match &self.state {
            State::Established(dialog) | State::Over(Some(dialog)) => {
                Some(dialog).filter(|dialog| Some(dialog.id()) == id)
            }
            State::Inviting(_) | State::Over(None) => None,
        };
        let (status, allow) = match (&request.method, dialog) {
            (Method::Ack, _) => return,
            (Method::Bye | Method::Options, Some(_)) => (StatusCode::OK, false),
            (Method::Invite | Method::Update, Some(_))
                if matches!(self.state, State::Established(_)) =>
            {
                return self.receive_later_request(request);
            }
            (Method::Other(_), _) => (StatusCode::METHOD_NOT_ALLOWED, true),
            (
                Method::Bye
                | Method::Options
                | Method::Invite
                | Method::Update
                | Method::Prack
                | Method::Cancel,
                _,
            ) => (StatusCode::NO_SUCH_CALL, false),
        };
        let known = dialog.is_some();
        // The request has a To tag, or there is no dialog whose tag it could get.
        let mut response = self.local.response(&request.essentials, self.plan.remote, status, None);
        if allow {
            response = response.with(HeaderName::Allow, Method::ALLOWED);
        }
        self.transmit(self.plan.remote, response.to_bytes());
        if known && request.method == Method::Bye {
            self.callee_hung_up();
        }
    }

    fn callee_hung_up(&mut self) {
        match std::mem::replace(&mut self.state, State::Over(None)) {
            State::Established(dialog) => {
                self.end(Some(dialog), CallOutEvent::Ended(CallOutEnd::CalleeHungUp));
            }
            state @ (State::Inviting(_) | State::Over(_)) => self.state = state,
        }
    }

    fn ack(&self, dialog: &Dialog) -> (Flow, Vec<u8>) {
        // The branch must differ from that of the INVITE (§13.2.2.4), and may be the same for each
        // ACK of it.
        let branch =
            [self.invite.essentials.via.unique_branch().unwrap_or_default(), b"-ack"].concat();
        let (flow, ack) =
            dialog.ack(self.invite.essentials.cseq.number, &self.local.advertised, &branch);
        (flow, ack.to_bytes())
    }

    fn transmit(&mut self, flow: Flow, bytes: Vec<u8>) {
        self.outputs.push_back(Output::Transmit(Transmit { flow, bytes }));
    }
}
