//! The live transactions of requests of our own inside a dialog, by branch. The ACK to a refusal is
//! sent from here; the ACK to a 2xx is composed by whoever owns the INVITE, and repeated from here.
//!
//! There is no bound here: an owner asks before it opens one more.

use std::collections::BTreeMap;
use std::time::Instant;

use super::client::{ClientFired, ClientInvite, ClientOther};
use super::timers::ANSWER_LIMIT;
use crate::Flow;
use crate::message::{HeaderName, Method, Request, Response};

/// `Owner` names who is told of the outcome.
#[derive(Debug)]
pub(crate) struct ClientTransactions<Owner> {
    by_branch: BTreeMap<Vec<u8>, Entry<Owner>>,
}

#[derive(Debug)]
struct Entry<Owner> {
    owner: Owner,
    flow: Flow,
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    Invite(Box<OwnInvite>),
    Other(ClientOther),
}

#[derive(Debug)]
struct OwnInvite {
    request: Request,
    transaction: ClientInvite,
    /// To the 2xx, once there is one.
    ack: Option<Vec<u8>>,
    /// A peer that says 100 and nothing more is not waited for without end.
    give_up: Instant,
}

/// What a response of the peer causes.
#[derive(Debug)]
pub(crate) struct Received<Owner> {
    /// Who is to be told, if it is the final response, for the first time.
    pub(crate) tell: Option<Owner>,
    /// The ACK to send.
    pub(crate) ack: Option<(Flow, Vec<u8>)>,
}

/// What a timer causes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expired<Owner> {
    Retransmit(Flow, Vec<u8>),
    /// Nobody answered, which the owner is told.
    NoResponse(Owner),
    Nothing,
}

impl<Owner> Default for ClientTransactions<Owner> {
    fn default() -> Self {
        Self { by_branch: BTreeMap::new() }
    }
}

impl<Owner: Copy> ClientTransactions<Owner> {
    pub(crate) fn len(&self) -> usize {
        self.by_branch.len()
    }

    /// Begins the transaction of a request that has been sent.
    pub(crate) fn open(&mut self, now: Instant, owner: Owner, flow: Flow, request: Request) {
        let branch = branch_of(&request.essentials.via).to_vec();
        let (transport, bytes) = (flow.transport(), request.to_bytes());
        let machine = if request.method == Method::Invite {
            Machine::Invite(Box::new(OwnInvite {
                request,
                transaction: ClientInvite::new(now, transport, bytes),
                ack: None,
                give_up: now + ANSWER_LIMIT,
            }))
        } else {
            Machine::Other(ClientOther::new(now, transport, bytes))
        };
        self.by_branch.insert(branch, Entry { owner, flow, machine });
    }

    /// Takes in a response; `None` if it is to no request of ours (RFC 3261 §17.1.3).
    pub(crate) fn response(
        &mut self,
        now: Instant,
        response: &Response,
    ) -> Option<Received<Owner>> {
        let entry = self.by_branch.get_mut(branch_of(&response.essentials.via))?;
        let is_to_invite = response.essentials.cseq.method == Method::Invite;
        let (is_first, ack) = match &mut entry.machine {
            Machine::Invite(invite) if is_to_invite => invite.response(now, response),
            Machine::Other(other) if !is_to_invite => (other.response(now, response.status), None),
            Machine::Invite(_) | Machine::Other(_) => return None,
        };
        Some(Received {
            tell: is_first.then_some(entry.owner),
            ack: ack.map(|ack| (entry.flow, ack)),
        })
    }

    /// Keeps the ACK to the 2xx with this branch, for when it comes again. Returns the way it takes.
    pub(crate) fn acknowledge(&mut self, branch: &[u8], ack: Vec<u8>) -> Option<Flow> {
        let entry = self.by_branch.get_mut(branch)?;
        match &mut entry.machine {
            Machine::Invite(invite) => {
                invite.ack = Some(ack);
                Some(entry.flow)
            }
            Machine::Other(_) => None,
        }
    }

    pub(crate) fn deadline(&self, branch: &[u8]) -> Option<Instant> {
        match &self.by_branch.get(branch)?.machine {
            Machine::Invite(invite) => invite.deadline(),
            Machine::Other(other) => Some(other.deadline()),
        }
    }

    /// When the first timer of all is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.by_branch.keys().filter_map(|branch| self.deadline(branch)).min()
    }

    /// The branches whose time has come.
    pub(crate) fn due(&self, now: Instant) -> Vec<Vec<u8>> {
        let is_due = |branch: &&Vec<u8>| self.deadline(branch).is_some_and(|due| due <= now);
        self.by_branch.keys().filter(is_due).cloned().collect()
    }

    /// Lets the timers of a transaction fire. One that is over is gone.
    pub(crate) fn timeout(&mut self, now: Instant, branch: &[u8]) -> Expired<Owner> {
        let Some(entry) = self.by_branch.get_mut(branch) else {
            return Expired::Nothing;
        };
        let (owner, flow) = (entry.owner, entry.flow);
        let fired = match &mut entry.machine {
            Machine::Invite(invite) => invite.timeout(now),
            Machine::Other(other) => other.timeout(now),
        };
        match fired {
            ClientFired::Retransmit(bytes) => Expired::Retransmit(flow, bytes.to_vec()),
            ClientFired::Nothing => Expired::Nothing,
            ClientFired::NoResponse => {
                self.by_branch.remove(branch);
                Expired::NoResponse(owner)
            }
            ClientFired::Over => {
                self.by_branch.remove(branch);
                Expired::Nothing
            }
        }
    }
}

impl OwnInvite {
    /// Whether this is the final response for the first time, and the ACK it gets from here.
    fn response(&mut self, now: Instant, response: &Response) -> (bool, Option<Vec<u8>>) {
        let is_first = self.transaction.is_pending();
        if response.status.is_provisional() {
            self.transaction.provisional();
            return (false, None);
        }
        if response.status.is_success() {
            self.transaction.accepted(now);
            return (is_first, self.ack.clone());
        }
        if is_first {
            self.transaction.refused(now, ack_of_refusal(&self.request, response).to_bytes());
        }
        (is_first, self.transaction.ack_of_refusal().map(<[u8]>::to_vec))
    }

    fn deadline(&self) -> Option<Instant> {
        let give_up = self.transaction.is_pending().then_some(self.give_up);
        [self.transaction.deadline(), give_up].into_iter().flatten().min()
    }

    fn timeout(&mut self, now: Instant) -> ClientFired<'_> {
        if self.transaction.is_pending() && now >= self.give_up {
            return ClientFired::NoResponse;
        }
        self.transaction.timeout(now)
    }
}

/// The ACK to a final response that is no 2xx: that of the transaction, with the To of the response
/// and the routes of the INVITE (RFC 3261 §17.1.1.3).
pub(crate) fn ack_of_refusal(invite: &Request, refusal: &Response) -> Request {
    let mut essentials = invite.essentials.clone();
    essentials.to = refusal.essentials.to.clone();
    essentials.cseq.method = Method::Ack;
    let ack = Request::new(invite.uri.clone(), essentials);
    let routes = invite.headers.lines(&HeaderName::Route);
    routes.fold(ack, |ack, route| ack.with(HeaderName::Route, route))
}

fn branch_of(via: &crate::message::Via) -> &[u8] {
    via.unique_branch().unwrap_or_default()
}
