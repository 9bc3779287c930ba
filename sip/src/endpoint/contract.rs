//! The types that cross the border of an endpoint: its configuration, what it takes in, what it
//! gives out.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::call::{CallCommand, CallEvent, CallHandle};
use crate::error::ParseError;
use crate::message;
use crate::registration::{RegistrationConfig, RegistrationEvent, RegistrationHandle, Server};
use crate::sdp::MediaPolicy;
use crate::{Advertised, ConnectionId, Credentials, Flow, Transport};

/// What an endpoint needs to know from the start.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// Where peers reach us.
    pub advertised: Advertised,
    /// Who may speak. Anybody else meets silence.
    pub peers: Vec<Peer>,
    /// The registrars that are told to send us calls.
    pub registrations: Vec<RegistrationConfig>,
    /// The Server header; empty for none. Control characters are left out.
    pub server_name: String,
    /// How many calls may live at once. The next one gets 503. The number of transactions is
    /// bounded in proportion.
    pub max_calls: usize,
    /// Where tags, branches and session ids come from. It must be secret and never used twice.
    pub seed: [u8; 32],
}

/// A trunk: a name, and the addresses it calls from. Of two peers with the same address the first
/// one counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name in events.
    pub name: String,
    /// The addresses it calls from. IPv4 addresses mapped into IPv6 count as IPv4.
    pub networks: Vec<ipnet::IpNet>,
    /// Which header is believed to tell who calls.
    pub caller_identity: CallerIdentity,
    /// What may be settled with it.
    pub media: MediaPolicy,
    /// The only transport that is taken from it; any, without it.
    pub transport: Option<Transport>,
    /// Who of it may call, proven by digest authentication; empty for everybody.
    pub users: Vec<Credentials>,
}

impl Peer {
    /// A peer whose callers are who From says.
    pub fn new(name: impl Into<String>, networks: Vec<ipnet::IpNet>) -> Self {
        Self {
            name: name.into(),
            networks,
            caller_identity: CallerIdentity::From,
            media: MediaPolicy::default(),
            transport: None,
            users: Vec::new(),
        }
    }

    /// Tells which header is believed to tell who calls.
    pub fn with_caller_identity(self, caller_identity: CallerIdentity) -> Self {
        Self { caller_identity, ..self }
    }

    /// Tells what may be settled with it.
    pub fn with_media(self, media: MediaPolicy) -> Self {
        Self { media, ..self }
    }

    /// Takes it over this transport and no other, where there is one.
    pub fn only_over(self, transport: Option<Transport>) -> Self {
        Self { transport, ..self }
    }

    /// Asks each call for proof that it is of one of these.
    pub fn with_users(self, users: Vec<Credentials>) -> Self {
        Self { users, ..self }
    }
}

/// Which header is believed to tell who calls. P-Preferred-Identity never is: it is what a phone
/// wishes its own provider to say (RFC 3325 §9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerIdentity {
    /// From, which says whatever the caller likes.
    From,
    /// P-Asserted-Identity, which the peer has checked (RFC 3325 §9.1), and From where there is
    /// none. Only for a peer that takes the header out of calls that it did not check.
    Asserted,
}

/// What can happen to an endpoint. `now` must never run backwards.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A datagram came in on the SIP socket.
    Datagram {
        /// When.
        now: Instant,
        /// From where.
        source: SocketAddr,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// A connection stands: a peer opened it, or the shell did. One from a stranger is closed.
    Connected {
        /// When.
        now: Instant,
        /// The flow, whose connection was never named before.
        flow: Flow,
        /// The name of the peer that the other end proved to be, by a certificate of its own;
        /// without one its address tells.
        proven: Option<&'a str>,
    },
    /// Bytes came in on a connection, in whatever pieces.
    Stream {
        /// When.
        now: Instant,
        /// On which.
        connection: ConnectionId,
        /// The next bytes.
        bytes: &'a [u8],
    },
    /// A connection is gone, whoever closed it.
    Disconnected {
        /// When.
        now: Instant,
        /// Which.
        connection: ConnectionId,
    },
    /// The application decided.
    Command {
        /// When.
        now: Instant,
        /// On which call.
        call: CallHandle,
        /// What.
        command: CallCommand,
    },
    /// The answer to [`Output::FlowWanted`].
    RegistrarFlow {
        /// When.
        now: Instant,
        /// Whose registrar.
        registration: RegistrationHandle,
        /// The way to the server; `None` if there is no such server, or none that can be reached. A
        /// connection must have come in with [`Input::Connected`] before, and `proven` must be the
        /// name of the registration's peer.
        flow: Option<Flow>,
    },
    /// Take all bindings away: [`RegistrationEvent::Removed`] follows for each registration.
    Unregister {
        /// When.
        now: Instant,
    },
    /// The time of [`Output::Timeout`] has come. Too early does no harm.
    Timeout {
        /// When.
        now: Instant,
    },
}

/// What an endpoint wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a message.
    Transmit(Transmit),
    /// Close a connection, once what was to be sent on it is sent. [`Input::Disconnected`] need not
    /// follow.
    Close(ConnectionId),
    /// Tell the application.
    Event(CallEvent),
    /// The way to a server of a registrar is wanted: [`Input::RegistrarFlow`] must follow.
    FlowWanted {
        /// Whose registrar.
        registration: RegistrationHandle,
        /// Which of its servers.
        server: Server,
    },
    /// How a registration goes.
    Registration {
        /// Which.
        registration: RegistrationHandle,
        /// What happened to it.
        event: RegistrationEvent,
    },
    /// A message or a connection was thrown away: count it.
    Dropped(Dropped),
    /// A message of a peer came in; its effects follow. Only where
    /// [`report_received`](super::Endpoint::report_received) asked for it.
    Received(Received),
    /// Nothing more to do until then, or until the next input. Always the last output of a drain.
    Timeout(Instant),
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to, and over what.
    pub flow: Flow,
    /// The message.
    pub bytes: Vec<u8>,
}

/// A message that came in, for a record of who said what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Where it came from.
    pub flow: Flow,
    /// Its start line and headers, as they came, without the empty line behind them.
    pub head: Vec<u8>,
}

impl Received {
    pub(super) fn new(flow: Flow, message: &[u8]) -> Self {
        Self { flow, head: message::head(message).to_vec() }
    }
}

impl Transmit {
    /// The message without its body.
    pub fn head(&self) -> &[u8] {
        message::head(&self.bytes)
    }
}

/// A message or a connection that had no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Where it came from.
    pub source: Flow,
    /// Why.
    pub reason: DropReason,
}

/// Why a message or a connection had no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// No peer of ours has this address. Its bytes were not looked at.
    UnknownSource,
    /// It is no message, and cannot or must not be answered with 400.
    Malformed(ParseError),
    /// Line ends only, which keep a NAT binding alive.
    KeepAlive,
    /// A connection on which a message was begun and not ended, or nothing came for long.
    TooSlow,
    /// An ACK that belongs to no transaction and no call. An ACK is never answered.
    StrayAck,
    /// A response to no request of ours.
    StrayResponse,
}

/// Whether new calls are taken. Calls that live are not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// INVITE is admitted, OPTIONS gets 200.
    Ready,
    /// INVITE and OPTIONS get 503 with Retry-After: draining, overloaded, or not warm yet.
    NotReady {
        /// The value of Retry-After, rounded up to seconds.
        retry_after: Duration,
    },
}
