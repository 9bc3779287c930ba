//! The answering endpoint: takes in messages, commands and time, gives out messages, events and
//! the next timeout. Here: the order in which effects become outputs. `contract` has the types that
//! cross the border, `receive` finds out what a datagram belongs to, `admission` decides on
//! requests outside a dialog, `calls` and `schedule` are its indexes.

mod admission;
mod authentication;
mod calls;
mod checks;
mod connections;
mod contract;
mod receive;
mod registrations;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::call::{
    Call, CallCommand, CallEvent, CallHandle, Effect, EndReason, Local, RefreshOutcome, Reply,
    Scene, Step, new_tag,
};
use crate::digest::{Credentials, Verifier};
use crate::message::{Request, Response};
use crate::registration::{Registration, RegistrationHandle};
use crate::sdp::MediaPolicy;
use crate::transaction::TransactionId;
use crate::transaction::client_table::{ClientTransactions, Expired};
use crate::transaction::key::PeerIndex;
use crate::transaction::table::{Limits, ServerTransactions};
use crate::{ConnectionId, Flow, StatusCode, Transport};
pub use contract::{
    CallerIdentity, DropReason, Dropped, EndpointConfig, Input, Output, Peer, Readiness, Received,
    Transmit,
};

use calls::Calls;
use connections::Connections;
use registrations::Registrations;
use schedule::Schedule;

/// A SIP user agent server, without a socket and without a clock.
///
/// After each [`handle`](Self::handle), call [`poll_output`](Self::poll_output) until it says
/// [`Output::Timeout`].
///
/// Bounds: `max_calls` calls; eight transactions a call and 64 more, three quarters of them for one
/// source address. When they are used up, INVITE and OPTIONS get 503 and leave no state; BYE and
/// CANCEL are still carried out and answered, but not remembered, so that a retransmitted BYE gets
/// 481. Requests of our own are sent once then and not retransmitted.
#[derive(Debug)]
pub struct Endpoint {
    peers: Vec<KnownPeer>,
    local: Local,
    readiness: Readiness,
    reports_received: bool,
    rng: StdRng,
    transactions: ServerTransactions,
    /// Of our own requests.
    requests: ClientTransactions<CallHandle>,
    connections: Connections,
    registrations: Registrations,
    verifier: Verifier,
    calls: Calls,
    schedule: Schedule,
    outputs: VecDeque<Output>,
    now: Instant,
}

#[derive(Debug)]
struct KnownPeer {
    name: Arc<str>,
    networks: Vec<ipnet::IpNet>,
    caller_identity: CallerIdentity,
    media: Arc<MediaPolicy>,
    transport: Option<Transport>,
    users: Vec<Credentials>,
}

impl KnownPeer {
    fn takes(&self, transport: Transport) -> bool {
        self.transport.is_none_or(|only| only == transport)
    }
}

/// What has a timer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum TimerOwner {
    Transaction(TransactionId),
    /// By its branch.
    Request(Vec<u8>),
    Call(CallHandle),
    Connection(ConnectionId),
    Registration(RegistrationHandle),
}

/// How long an endpoint with nothing to do may sleep.
const IDLE: Duration = Duration::from_secs(3600);

const TRANSACTIONS_PER_CALL: usize = 8;
const SPARE_TRANSACTIONS: usize = 64;

impl Endpoint {
    /// An endpoint that is ready and has no calls. Its first outputs ask for the ways to registrars.
    pub fn new(config: EndpointConfig, now: Instant) -> Self {
        let overall = config
            .max_calls
            .saturating_mul(TRANSACTIONS_PER_CALL)
            .saturating_add(SPARE_TRANSACTIONS);
        let peers = config.peers.into_iter().map(|peer| KnownPeer {
            name: peer.name.into(),
            networks: peer.networks,
            caller_identity: peer.caller_identity,
            media: Arc::new(peer.media),
            transport: peer.transport,
            users: peer.users,
        });
        let mut rng = StdRng::from_seed(config.seed);
        let verifier = Verifier::new(&mut rng, now);
        let mut endpoint = Self {
            peers: peers.collect(),
            local: Local {
                advertised: config.advertised,
                server_name: config.server_name.chars().filter(|c| !c.is_control()).collect(),
            },
            readiness: Readiness::Ready,
            reports_received: false,
            rng,
            transactions: ServerTransactions::new(Limits {
                overall,
                of_one_source: overall / 4 * 3,
            }),
            requests: ClientTransactions::default(),
            connections: Connections::default(),
            registrations: Registrations::default(),
            verifier,
            calls: Calls::new(config.max_calls),
            schedule: Schedule::default(),
            outputs: VecDeque::new(),
            now,
        };
        endpoint.begin_registrations(config.registrations);
        endpoint
    }

    /// Replaces the addresses that a peer calls from: its names were resolved again. Calls and
    /// connections that live are not touched. A name of no peer does nothing.
    pub fn set_peer_networks(&mut self, peer: &str, networks: Vec<ipnet::IpNet>) {
        if let Some(PeerIndex(index)) = self.peer_named(peer) {
            self.peers[index].networks = networks;
        }
    }

    /// Registrations whose binding may still stand. After [`Input::Unregister`] it goes to zero.
    pub fn registrations_left(&self) -> usize {
        self.registrations.left()
    }

    /// Whether new calls are taken.
    pub fn set_readiness(&mut self, readiness: Readiness) {
        self.readiness = readiness;
    }

    /// Whether an address is a peer's, over this transport. Whoever else connects need not be let
    /// in, unless a certificate may prove who it is.
    pub fn knows(&self, address: IpAddr, transport: Transport) -> bool {
        self.peer_of(address, transport).is_some()
    }

    /// Whether each message of a peer is told as [`Output::Received`]. It is not, at first.
    pub fn report_received(&mut self, wanted: bool) {
        self.reports_received = wanted;
    }

    /// How many calls live.
    pub fn call_count(&self) -> usize {
        self.calls.len()
    }

    /// How many transactions live, of peers and of our own. Zero, with no calls, means that nothing
    /// is remembered.
    pub fn transaction_count(&self) -> usize {
        self.transactions.len() + self.requests.len()
    }

    /// Takes in what happened.
    pub fn handle(&mut self, input: Input<'_>) {
        match input {
            Input::Datagram { now, source, bytes } => {
                self.advance(now);
                self.receive_datagram(source, bytes);
            }
            Input::Connected { now, flow, proven } => {
                self.advance(now);
                self.connected(flow, proven);
            }
            Input::Stream { now, connection, bytes } => {
                self.advance(now);
                self.receive_stream(connection, bytes);
            }
            Input::Disconnected { now, connection } => {
                self.advance(now);
                self.disconnected(connection);
            }
            Input::Command { now, call, command } => {
                self.advance(now);
                self.step(call, |call, scene| match command {
                    CallCommand::Answer(plan) => call.accept(plan, scene),
                    CallCommand::Refuse(status) => call.refuse(status, scene),
                    CallCommand::HangUp => call.hang_up(scene),
                });
            }
            Input::RegistrarFlow { now, registration, flow } => {
                self.advance(now);
                self.registrar_flow(registration, flow);
            }
            Input::Unregister { now } => {
                self.advance(now);
                self.unregister();
            }
            Input::Timeout { now } => self.advance(now),
        }
    }

    /// The next thing to do. The last one of a drain is [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output {
        match self.outputs.pop_front() {
            Some(output) => output,
            None => Output::Timeout(self.schedule.next().unwrap_or(self.now + IDLE)),
        }
    }

    /// Moves time on and lets every timer fire that is due.
    fn advance(&mut self, now: Instant) {
        self.now = now.max(self.now);
        while let Some(owner) = self.schedule.pop_due(self.now) {
            match owner {
                TimerOwner::Transaction(id) => self.transaction_timeout(id),
                TimerOwner::Request(branch) => self.request_timeout(branch),
                TimerOwner::Call(call) => self.step(call, Call::timeout),
                TimerOwner::Connection(connection) => self.connection_timeout(connection),
                TimerOwner::Registration(registration) => {
                    self.step_registration(registration, Registration::timeout);
                }
            }
        }
    }

    fn transaction_timeout(&mut self, id: TransactionId) {
        if let Some((flow, bytes)) = self.transactions.timeout(self.now, id) {
            self.transmit(flow, bytes);
        }
        self.reschedule_transaction(id);
    }

    fn request_timeout(&mut self, branch: Vec<u8>) {
        match self.requests.timeout(self.now, &branch) {
            Expired::Retransmit(flow, bytes) => self.transmit(flow, bytes),
            Expired::NoResponse(call) => {
                self.step(call, |call, scene| {
                    call.refresh_ended(RefreshOutcome::NoResponse, scene)
                });
            }
            Expired::Nothing => {}
        }
        self.reschedule_request(branch);
    }

    fn reschedule_request(&mut self, branch: Vec<u8>) {
        let deadline = self.requests.deadline(&branch);
        self.schedule.set(TimerOwner::Request(branch), deadline);
    }

    fn reschedule_transaction(&mut self, id: TransactionId) {
        self.schedule.set(TimerOwner::Transaction(id), self.transactions.deadline(id));
    }

    /// Lets a call take a step, and carries out what it asks for. A call that is over is forgotten.
    fn step(&mut self, handle: CallHandle, verb: impl FnOnce(Call, &mut Scene<'_>) -> Step) {
        let Some(call) = self.calls.take(handle) else {
            return;
        };
        let mut scene =
            Scene { now: self.now, local: &self.local, rng: &mut self.rng, effects: Vec::new() };
        let step = verb(call, &mut scene);
        let effects = scene.effects;
        for effect in effects {
            self.carry_out(handle, effect);
        }
        match step {
            Step::Continues(call) => {
                self.schedule.set(TimerOwner::Call(handle), call.deadline());
                self.calls.put_back(call);
            }
            Step::Ended(reason) => self.end(handle, reason),
        }
    }

    fn end(&mut self, handle: CallHandle, reason: EndReason) {
        self.schedule.set(TimerOwner::Call(handle), None);
        self.calls.forget(handle);
        self.outputs.push_back(Output::Event(CallEvent::Ended { call: handle, reason }));
    }

    fn carry_out(&mut self, call: CallHandle, effect: Effect) {
        match effect {
            Effect::Respond { reply, response } => self.respond(reply, &response),
            Effect::Transmit { flow, bytes } => self.transmit(flow, bytes),
            Effect::Request { flow, request } => self.send_request(call, flow, *request),
            Effect::Acknowledge { branch, ack } => {
                let bytes = ack.to_bytes();
                if let Some(flow) = self.requests.acknowledge(&branch, bytes.clone()) {
                    self.transmit(flow, bytes);
                }
            }
            Effect::Event(event) => self.outputs.push_back(Output::Event(event)),
        }
    }

    /// Sends a final response through its transaction.
    fn respond(&mut self, reply: Reply, response: &Response) {
        let bytes = response.to_bytes();
        match reply {
            Reply::Invite(id) => {
                if let Some(flow) = self.transactions.respond(self.now, id, response.status, &bytes)
                {
                    self.transmit(flow, bytes);
                }
                self.reschedule_transaction(id);
            }
            Reply::Other(opening) => {
                let flow = opening.flow;
                if let Some(id) = self.transactions.open_other(self.now, *opening, bytes.clone()) {
                    self.reschedule_transaction(id);
                }
                self.transmit(flow, bytes);
            }
        }
    }

    fn send_request(&mut self, call: CallHandle, flow: Flow, request: Request) {
        let flow = match self.connections.is_open(&flow) {
            true => flow,
            false => self.connections.instead_of(&flow).unwrap_or(flow),
        };
        self.transmit(flow, request.to_bytes());
        if self.transaction_count() >= self.transactions.limit() {
            return;
        }
        let branch = request.essentials.via.unique_branch().unwrap_or_default().to_vec();
        self.requests.open(self.now, call, flow, request);
        self.reschedule_request(branch);
    }

    /// A message for a connection that is gone is lost with it: whoever closed it does not wait for it.
    fn transmit(&mut self, flow: Flow, bytes: Vec<u8>) {
        if !self.connections.is_open(&flow) {
            return;
        }
        self.outputs.push_back(Output::Transmit(Transmit { flow, bytes }));
    }

    fn drop_message(&mut self, flow: Flow, reason: DropReason) {
        self.outputs.push_back(Output::Dropped(Dropped { source: flow, reason }));
    }

    fn peer_named(&self, name: &str) -> Option<PeerIndex> {
        self.peers.iter().position(|peer| &*peer.name == name).map(PeerIndex)
    }

    fn peer_of(&self, address: IpAddr, transport: Transport) -> Option<PeerIndex> {
        let address = address.to_canonical();
        let knows = |peer: &KnownPeer| {
            peer.takes(transport) && peer.networks.iter().any(|network| network.contains(&address))
        };
        let of_network = self.peers.iter().position(knows).map(PeerIndex);
        of_network.or_else(|| self.peer_named(self.registrations.peer_at(address, transport)?))
    }

    /// A final response; with a tag of its own, if the request has none.
    fn final_response(&mut self, request: &Request, flow: Flow, status: StatusCode) -> Response {
        let tag = new_tag(&mut self.rng);
        self.local.response(&request.essentials, flow, status, Some(&tag))
    }
}
