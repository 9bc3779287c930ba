//! The answering side: an endpoint with an application that answers or refuses every call, and
//! listens.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{End, Parcel, Wire};
use crate::rtp::{PcmFrame, Receiver, ReceiverConfig, ReceiverStatistics};
use crate::{
    AnswerPlan, CallCommand, CallEvent, CallHandle, Channel, ConnectionId, Dropped, Endpoint,
    EndpointConfig, Flow, Input, Output, StatusCode, Transmit,
};

/// What a desk is made of.
#[derive(Clone, Debug)]
pub struct DeskPlan {
    /// Its endpoint. The address in it is where SIP arrives; RTP arrives on the ports above.
    pub endpoint: EndpointConfig,
    /// What it does with a call.
    pub policy: Policy,
}

/// What a desk does with a call, after some thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Answers, and waits for the caller to hang up.
    Answer {
        /// How long it thinks.
        after: Duration,
    },
    /// Answers, and hangs up some time after it has answered.
    AnswerAndHangUp {
        /// How long it thinks.
        after: Duration,
        /// How long it listens.
        lasting: Duration,
    },
    /// Refuses.
    Refuse {
        /// How long it thinks.
        after: Duration,
        /// What it says.
        status: StatusCode,
    },
}

/// The answering side.
#[derive(Debug)]
pub struct Desk {
    endpoint: Endpoint,
    address: SocketAddr,
    policy: Policy,
    decisions: BTreeMap<(Instant, CallHandle, u8), CallCommand>,
    listeners: HashMap<CallHandle, Listener>,
    endpoint_deadline: Instant,
    events: Vec<(Instant, CallEvent)>,
    dropped: Vec<Dropped>,
    most_transactions: usize,
}

/// The media of a call.
#[derive(Debug)]
struct Listener {
    address: SocketAddr,
    receiver: Option<Receiver>,
    frames: Vec<PcmFrame>,
}

impl Desk {
    /// A desk without calls.
    pub fn new(now: Instant, plan: DeskPlan) -> Self {
        Self {
            address: plan.endpoint.advertised.address(),
            endpoint: Endpoint::new(plan.endpoint, now),
            policy: plan.policy,
            decisions: BTreeMap::new(),
            listeners: HashMap::new(),
            endpoint_deadline: now,
            events: Vec::new(),
            dropped: Vec::new(),
            most_transactions: 0,
        }
    }

    /// Its endpoint.
    pub fn endpoint(&mut self) -> &mut Endpoint {
        &mut self.endpoint
    }

    /// Everything the endpoint told, and when.
    pub fn events(&self) -> &[(Instant, CallEvent)] {
        &self.events
    }

    /// Everything the endpoint threw away.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// How many transactions it had at most.
    pub fn most_transactions(&self) -> usize {
        self.most_transactions
    }

    /// What was heard in a call.
    pub fn frames(&self, call: CallHandle) -> &[PcmFrame] {
        self.listeners.get(&call).map_or(&[], |listener| listener.frames.as_slice())
    }

    /// What the receiver of a call has counted.
    pub fn statistics(&self, call: CallHandle) -> Option<ReceiverStatistics> {
        self.listeners.get(&call)?.receiver.as_ref().map(Receiver::statistics)
    }

    /// Takes in a datagram: SIP, or the RTP of a call.
    pub fn datagram(&mut self, now: Instant, parcel: &Parcel) {
        if parcel.destination == self.address {
            let (source, bytes) = (parcel.source, parcel.bytes.as_slice());
            return self.endpoint.handle(Input::Datagram { now, source, bytes });
        }
        let mut listeners = self.listeners.values_mut();
        if let Some(listener) = listeners.find(|listener| listener.address == parcel.destination)
            && let Some(receiver) = &mut listener.receiver
        {
            receiver.handle(now, &parcel.bytes);
            listener.listen(now);
        }
    }

    /// A phone has opened a connection.
    pub fn connected(&mut self, now: Instant, connection: ConnectionId, caller: SocketAddr) {
        let flow = Flow { remote: caller, channel: Channel::Tcp(connection) };
        self.endpoint.handle(Input::Connected { now, flow, proven: None });
    }

    /// Takes in what came on a connection.
    pub fn stream(&mut self, now: Instant, connection: ConnectionId, bytes: &[u8]) {
        self.endpoint.handle(Input::Stream { now, connection, bytes });
    }

    /// A connection is gone.
    pub fn disconnected(&mut self, now: Instant, connection: ConnectionId) {
        self.endpoint.handle(Input::Disconnected { now, connection });
    }

    /// Lets timers fire and decisions be made.
    pub fn timeout(&mut self, now: Instant) {
        while let Some(decision) = self.decisions.first_entry() {
            let (at, call, _) = *decision.key();
            if at > now {
                break;
            }
            let command = decision.remove();
            self.endpoint.handle(Input::Command { now, call, command });
        }
        if now >= self.endpoint_deadline {
            self.endpoint.handle(Input::Timeout { now });
        }
        for listener in self.listeners.values_mut() {
            listener.listen(now);
        }
    }

    /// When it has something to do.
    pub fn deadline(&self) -> Instant {
        let decision = self.decisions.keys().next().map(|(at, _, _)| *at);
        let media = self.listeners.values().filter_map(Listener::deadline);
        media.chain(decision).fold(self.endpoint_deadline, Instant::min)
    }

    /// Says everything it has to say now.
    pub fn drain(&mut self, now: Instant, wire: &mut Wire) {
        self.most_transactions = self.most_transactions.max(self.endpoint.transaction_count());
        loop {
            match self.endpoint.poll_output() {
                Output::Transmit(Transmit { flow, bytes }) => match flow.connection() {
                    Some(connection) => {
                        wire.streams().send(now, connection, End::Callee, &bytes);
                    }
                    None => {
                        let (source, destination) = (self.address, flow.remote);
                        wire.send(now, Parcel { source, destination, bytes });
                    }
                },
                Output::Close(connection) => wire.streams().close(now, connection),
                // A simulation keeps no record and has no registrars.
                Output::Received(_) | Output::Registration { .. } => {}
                Output::FlowWanted { registration, .. } => {
                    self.endpoint.handle(Input::RegistrarFlow { now, registration, flow: None });
                }
                Output::Event(event) => self.note(now, event),
                Output::Dropped(dropped) => self.dropped.push(dropped),
                Output::Timeout(deadline) => {
                    self.endpoint_deadline = deadline;
                    return;
                }
            }
        }
    }

    fn note(&mut self, now: Instant, event: CallEvent) {
        match &event {
            CallEvent::Incoming { call, .. } => self.decide(now, *call),
            CallEvent::Established { call, media } => {
                if let Some(listener) = self.listeners.get_mut(call) {
                    listener.receiver = Some(Receiver::new(ReceiverConfig::from(media)));
                }
            }
            CallEvent::Confirmed { .. } | CallEvent::MediaChanged { .. } => {}
            CallEvent::Ended { call, .. } => {
                if let Some(listener) = self.listeners.get_mut(call) {
                    listener.hang_up(now);
                }
            }
        }
        self.events.push((now, event));
    }

    fn decide(&mut self, now: Instant, call: CallHandle) {
        let mut address = self.address;
        // One port for each call there ever was; a simulation is short.
        let port_offset = u16::try_from(self.listeners.len() + 1).unwrap_or(u16::MAX);
        address.set_port(self.address.port().saturating_add(port_offset));
        self.listeners.insert(call, Listener { address, receiver: None, frames: Vec::new() });
        let answer = CallCommand::Answer(AnswerPlan { media_address: address });
        match self.policy {
            Policy::Answer { after } => {
                self.decisions.insert((now + after, call, 0), answer);
            }
            Policy::AnswerAndHangUp { after, lasting } => {
                self.decisions.insert((now + after, call, 0), answer);
                let hang_up_at = now + after + lasting;
                self.decisions.insert((hang_up_at, call, 1), CallCommand::HangUp);
            }
            Policy::Refuse { after, status } => {
                self.decisions.insert((now + after, call, 0), CallCommand::Refuse(status));
            }
        }
    }
}

impl Listener {
    fn listen(&mut self, now: Instant) {
        if let Some(receiver) = &mut self.receiver {
            self.frames.extend(std::iter::from_fn(|| receiver.poll_frame(now)));
        }
    }

    fn hang_up(&mut self, now: Instant) {
        if let Some(receiver) = &mut self.receiver {
            receiver.flush();
        }
        self.listen(now);
    }

    fn deadline(&self) -> Option<Instant> {
        self.receiver.as_ref()?.poll_timeout()
    }
}
