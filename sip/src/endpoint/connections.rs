//! The live connections: whose they are, and what of a message has come on them. How many there may
//! be is the shell's to say, which accepts them; each holds one message at most.

use std::collections::HashMap;

use crate::message::StreamFramer;
use crate::transaction::key::PeerIndex;
use crate::{ConnectionId, Flow};

#[derive(Debug, Default)]
pub(super) struct Connections(HashMap<ConnectionId, Connection>);

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) flow: Flow,
    pub(super) peer: PeerIndex,
    pub(super) framer: StreamFramer,
}

impl Connections {
    pub(super) fn insert(&mut self, id: ConnectionId, flow: Flow, peer: PeerIndex) {
        self.0.insert(id, Connection { flow, peer, framer: StreamFramer::new() });
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
