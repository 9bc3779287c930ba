//! The live server transactions of an endpoint, found by key, bounded overall and for each source
//! address. When full, `open` says so, and the request must be answered without state (RFC 3261
//! §8.2.7).

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use super::key::{MergeKey, ServerKey};
use super::server_invite::ServerInvite;
use super::server_other::ServerOther;
use super::{Fired, TransactionId};
use crate::{Flow, StatusCode};

#[derive(Debug)]
pub(crate) struct ServerTransactions {
    entries: HashMap<TransactionId, Entry>,
    by_key: HashMap<ServerKey, TransactionId>,
    by_merge_key: HashMap<MergeKey, TransactionId>,
    count_by_source: HashMap<IpAddr, usize>,
    limits: Limits,
    last_id: u64,
}

/// How many transactions may live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) overall: usize,
    pub(crate) of_one_source: usize,
}

#[derive(Debug)]
struct Entry {
    key: ServerKey,
    merge_key: Option<MergeKey>,
    flow: Flow,
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    Invite(ServerInvite),
    Other(ServerOther),
}

impl ServerTransactions {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            entries: HashMap::new(),
            by_key: HashMap::new(),
            by_merge_key: HashMap::new(),
            count_by_source: HashMap::new(),
            limits,
            last_id: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many may live.
    pub(crate) fn limit(&self) -> usize {
        self.limits.overall
    }

    pub(crate) fn find(&self, key: &ServerKey) -> Option<TransactionId> {
        self.by_key.get(key).copied()
    }

    /// Whether a request like this is already being served under another key (RFC 3261 §8.2.2.2).
    pub(crate) fn is_merged(&self, merge_key: &MergeKey) -> bool {
        self.by_merge_key.contains_key(merge_key)
    }

    /// Begins an INVITE transaction with its 100; `None` when full.
    pub(crate) fn open_invite(
        &mut self,
        opening: Opening,
        provisional: Vec<u8>,
    ) -> Option<TransactionId> {
        let invite = ServerInvite::new(opening.flow.transport(), provisional);
        self.open(opening, Machine::Invite(invite))
    }

    /// Keeps the final response to any other request, which may come again; `None` when it cannot,
    /// and when full.
    pub(crate) fn open_other(
        &mut self,
        now: Instant,
        opening: Opening,
        response: Vec<u8>,
    ) -> Option<TransactionId> {
        if opening.flow.transport().is_reliable() {
            return None;
        }
        self.open(opening, Machine::Other(ServerOther::new(now, response)))
    }

    fn open(&mut self, opening: Opening, machine: Machine) -> Option<TransactionId> {
        let Opening { key, merge_key, flow } = opening;
        let source = flow.remote.ip();
        let of_this_source = self.count_by_source.get(&source).copied().unwrap_or_default();
        if self.entries.len() >= self.limits.overall || of_this_source >= self.limits.of_one_source
        {
            return None;
        }
        // A merged request is answered too, and must not take the place of the one it was merged
        // with.
        let merge_key = merge_key.filter(|key| !self.by_merge_key.contains_key(key));
        self.last_id += 1;
        let id = TransactionId(self.last_id);
        *self.count_by_source.entry(source).or_default() += 1;
        self.by_key.insert(key.clone(), id);
        if let Some(merge_key) = &merge_key {
            self.by_merge_key.insert(merge_key.clone(), id);
        }
        self.entries.insert(id, Entry { key, merge_key, flow, machine });
        Some(id)
    }

    /// Gives an INVITE transaction its final response: where to send it, if this is the first one.
    pub(crate) fn respond(
        &mut self,
        now: Instant,
        id: TransactionId,
        status: StatusCode,
        response: &[u8],
    ) -> Option<Flow> {
        let entry = self.entries.get_mut(&id)?;
        match &mut entry.machine {
            Machine::Invite(invite) => invite.respond(now, status, response).then_some(entry.flow),
            Machine::Other(_) => None,
        }
    }

    /// The request came again: what to send once more.
    pub(crate) fn retransmitted(&self, id: TransactionId) -> Option<&[u8]> {
        match &self.entries.get(&id)?.machine {
            Machine::Invite(invite) => invite.retransmitted(),
            Machine::Other(other) => Some(other.retransmitted()),
        }
    }

    /// An ACK with this key came: whether it belongs to the transaction (and not to a dialog).
    pub(crate) fn acknowledged(&mut self, now: Instant, id: TransactionId) -> bool {
        match self.entries.get_mut(&id).map(|entry| &mut entry.machine) {
            Some(Machine::Invite(invite)) => invite.acknowledged(now),
            Some(Machine::Other(_)) | None => false,
        }
    }

    pub(crate) fn deadline(&self, id: TransactionId) -> Option<Instant> {
        match &self.entries.get(&id)?.machine {
            Machine::Invite(invite) => invite.deadline(),
            Machine::Other(other) => Some(other.deadline()),
        }
    }

    /// Lets the timers of a transaction fire: what to retransmit, and where to. A transaction that
    /// is over is gone.
    pub(crate) fn timeout(&mut self, now: Instant, id: TransactionId) -> Option<(Flow, Vec<u8>)> {
        let entry = self.entries.get_mut(&id)?;
        let fired = match &mut entry.machine {
            Machine::Invite(invite) => invite.timeout(now),
            Machine::Other(other) if other.is_over(now) => Fired::Over,
            Machine::Other(_) => Fired::Nothing,
        };
        match fired {
            Fired::Retransmit(bytes) => Some((entry.flow, bytes.to_vec())),
            Fired::Nothing => None,
            Fired::Over => {
                self.close(id);
                None
            }
        }
    }

    fn close(&mut self, id: TransactionId) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        self.by_key.remove(&entry.key);
        if let Some(merge_key) = &entry.merge_key {
            self.by_merge_key.remove(merge_key);
        }
        if let Some(count) = self.count_by_source.get_mut(&entry.flow.remote.ip()) {
            *count -= 1;
            if *count == 0 {
                self.count_by_source.remove(&entry.flow.remote.ip());
            }
        }
    }
}

/// What names a new transaction.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) key: ServerKey,
    /// `None` for a request inside a dialog.
    pub(crate) merge_key: Option<MergeKey>,
    /// How the request came: responses go back the same way.
    pub(crate) flow: Flow,
}
