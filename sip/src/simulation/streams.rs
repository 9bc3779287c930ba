//! Connections over the network: what is sent arrives in order and in whatever pieces, until the
//! connection breaks and takes with it what is under way.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::long_seed;
use crate::ConnectionId;

/// How bad [`Streams`] are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamConditions {
    /// Longest time a piece takes.
    pub longest_delay: Duration,
    /// Size of the largest piece, in bytes.
    pub largest_piece: usize,
    /// Probability that a connection breaks when something is sent on it.
    pub breaks: f64,
}

impl StreamConditions {
    /// Everything arrives at once, in one piece.
    pub const PERFECT: Self =
        Self { longest_delay: Duration::ZERO, largest_piece: usize::MAX, breaks: 0.0 };
}

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Who opened it.
    Caller,
    /// Who accepted it.
    Callee,
}

/// Something that arrives on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// On which.
    pub connection: ConnectionId,
    /// Who had opened it.
    pub caller: SocketAddr,
    /// What.
    pub arrival: Arrival,
}

/// What arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// At the callee: a connection stands.
    Opened,
    /// The next bytes.
    Bytes {
        /// At which end.
        end: End,
        /// As many as came.
        bytes: Vec<u8>,
    },
    /// At both ends: it is gone.
    Gone,
}

/// All connections.
#[derive(Debug)]
pub struct Streams {
    conditions: StreamConditions,
    rng: StdRng,
    lines: BTreeMap<ConnectionId, Line>,
    under_way: BTreeMap<(Instant, u64), Delivery>,
    count: u64,
    last_id: u64,
    sent: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Line {
    caller: SocketAddr,
    /// When the piece before this one arrives, at the callee and at the caller: none overtakes.
    last_arrivals: [Instant; 2],
}

impl Streams {
    /// No connection yet.
    pub fn new(seed: u64, conditions: StreamConditions) -> Self {
        Self {
            conditions,
            rng: StdRng::from_seed(long_seed(seed)),
            lines: BTreeMap::new(),
            under_way: BTreeMap::new(),
            count: 0,
            last_id: 0,
            sent: Vec::new(),
        }
    }

    /// Opens a connection from this address.
    pub fn connect(&mut self, now: Instant, caller: SocketAddr) -> ConnectionId {
        self.last_id += 1;
        let id = ConnectionId(self.last_id);
        let opened_at = now + self.delay();
        self.lines.insert(id, Line { caller, last_arrivals: [opened_at; 2] });
        self.arrive(opened_at, Delivery { connection: id, caller, arrival: Arrival::Opened });
        id
    }

    /// Takes bytes from an end, and may break. What is sent on a connection that is gone is lost.
    pub fn send(&mut self, now: Instant, id: ConnectionId, from: End, bytes: &[u8]) {
        self.sent.push(bytes.to_vec());
        if self.rng.random_bool(self.conditions.breaks) {
            self.close(now, id);
        }
        let (end, direction) = match from {
            End::Caller => (End::Callee, 0),
            End::Callee => (End::Caller, 1),
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            let largest = rest.len().min(self.conditions.largest_piece);
            let (piece, after) = rest.split_at(self.rng.random_range(1..=largest));
            rest = after;
            let earliest = now + self.delay();
            let Some(line) = self.lines.get_mut(&id) else {
                return;
            };
            let at = earliest.max(line.last_arrivals[direction]);
            line.last_arrivals[direction] = at;
            let arrival = Arrival::Bytes { end, bytes: piece.to_vec() };
            let caller = line.caller;
            self.arrive(at, Delivery { connection: id, caller, arrival });
        }
    }

    /// Ends a connection.
    pub fn close(&mut self, now: Instant, id: ConnectionId) {
        if let Some(line) = self.lines.remove(&id) {
            self.under_way.retain(|_, delivery| delivery.connection != id);
            let (caller, arrival) = (line.caller, Arrival::Gone);
            self.arrive(now, Delivery { connection: id, caller, arrival });
        }
    }

    /// When the next thing arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// What has arrived by now.
    pub fn receive(&mut self, now: Instant) -> Option<Delivery> {
        if self.next_arrival()? > now {
            return None;
        }
        self.under_way.pop_first().map(|(_, delivery)| delivery)
    }

    /// Every message that was ever sent, lost or not.
    pub fn sent(&self) -> &[Vec<u8>] {
        &self.sent
    }

    fn delay(&mut self) -> Duration {
        self.rng.random_range(Duration::ZERO..=self.conditions.longest_delay)
    }

    fn arrive(&mut self, at: Instant, delivery: Delivery) {
        self.count += 1;
        self.under_way.insert((at, self.count), delivery);
    }
}
