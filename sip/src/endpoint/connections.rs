//! The live connections: whose they are, what of a message has come on them, and how long they may
//! be slow or silent. How many there may be is the shell's to say, which accepts them; each holds one
//! message at most.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::message::StreamFramer;
use crate::transaction::key::PeerIndex;
use crate::{ConnectionId, Flow};

/// A message must be there this long after its first byte: a peer writes it in one go, and only who
/// wants to hold our memory does not.
const SLOWEST_MESSAGE: Duration = Duration::from_secs(10);

/// A connection on which nothing comes for this long is closed. Peers that want to keep one send
/// line ends every two minutes (RFC 5626 §4.4.1).
const IDLE: Duration = Duration::from_secs(600);

#[derive(Debug, Default)]
pub(super) struct Connections(HashMap<ConnectionId, Connection>);

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) flow: Flow,
    pub(super) peer: PeerIndex,
    pub(super) framer: StreamFramer,
    heard_at: Instant,
    message_began: Option<Instant>,
}

impl Connection {
    /// Notes that bytes came, after the whole messages of them were taken.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard_at = now;
        self.message_began = match self.framer.is_inside_message() {
            true => self.message_began.or(Some(now)),
            false => None,
        };
    }

    /// Notes that a message was whole. The next one has its own time.
    pub(super) fn message_ended(&mut self) {
        self.message_began = None;
    }

    /// When it is closed, if nothing more comes.
    pub(super) fn deadline(&self) -> Instant {
        let idle = self.heard_at + IDLE;
        self.message_began.map_or(idle, |began| idle.min(began + SLOWEST_MESSAGE))
    }
}

impl Connections {
    pub(super) fn insert(&mut self, now: Instant, id: ConnectionId, flow: Flow, peer: PeerIndex) {
        let framer = StreamFramer::new();
        self.0.insert(id, Connection { flow, peer, framer, heard_at: now, message_began: None });
    }

    pub(super) fn remove(&mut self, id: ConnectionId) {
        self.0.remove(&id);
    }

    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.0.get_mut(&id)
    }

    /// Whether messages can still go this way.
    pub(super) fn is_open(&self, flow: &Flow) -> bool {
        flow.connection().is_none_or(|id| self.0.contains_key(&id))
    }

    /// The way our own requests go to a peer whose connection is gone: the newest one that it has
    /// to us over the same transport. Its address alone would be of no use, since that is the port
    /// it called from.
    pub(super) fn instead_of(&self, gone: &Flow) -> Option<Flow> {
        let others = self.0.iter().filter(|(_, other)| {
            other.flow.transport() == gone.transport() && other.flow.remote.ip() == gone.remote.ip()
        });
        others.max_by_key(|(id, _)| **id).map(|(_, other)| other.flow)
    }
}
