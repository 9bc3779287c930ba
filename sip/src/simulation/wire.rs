//! A network that loses, delays, duplicates and reorders datagrams, as its seed says. Connections
//! are in `streams`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{StreamConditions, Streams, long_seed};

/// How bad a [`Wire`] is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Probability that a datagram is lost.
    pub loss: f64,
    /// Probability that it arrives twice.
    pub duplication: f64,
    /// Shortest time it takes.
    pub shortest_delay: Duration,
    /// Longest time it takes. What is sent within the difference may arrive in another order.
    pub longest_delay: Duration,
}

impl Conditions {
    /// Everything arrives, once, in order, after 10 ms.
    pub const PERFECT: Self = Self {
        loss: 0.0,
        duplication: 0.0,
        shortest_delay: Duration::from_millis(10),
        longest_delay: Duration::from_millis(10),
    };
}

/// A datagram under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Who sent it.
    pub source: SocketAddr,
    /// Who is to get it.
    pub destination: SocketAddr,
    /// Its payload.
    pub bytes: Vec<u8>,
}

/// The network between all that take part.
#[derive(Debug)]
pub struct Wire {
    conditions: Conditions,
    rng: StdRng,
    under_way: BTreeMap<(Instant, u64), Parcel>,
    count: u64,
    sent: Vec<(Instant, Parcel)>,
    delivered: Vec<(Instant, Parcel)>,
    streams: Streams,
}

impl Wire {
    /// An empty network.
    pub fn new(seed: u64, conditions: Conditions) -> Self {
        Self {
            conditions,
            rng: StdRng::from_seed(long_seed(seed)),
            under_way: BTreeMap::new(),
            count: 0,
            sent: Vec::new(),
            delivered: Vec::new(),
            streams: Streams::new(seed, StreamConditions::PERFECT),
        }
    }

    /// Changes how good its connections are.
    pub fn with_streams(self, seed: u64, conditions: StreamConditions) -> Self {
        Self { streams: Streams::new(seed, conditions), ..self }
    }

    /// Its connections.
    pub fn streams(&mut self) -> &mut Streams {
        &mut self.streams
    }

    /// Changes the conditions for what is sent from now on.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// Takes a datagram, and may lose it.
    pub fn send(&mut self, now: Instant, parcel: Parcel) {
        let copies = if self.rng.random_bool(self.conditions.duplication) { 2 } else { 1 };
        for _ in 0..copies {
            let delay = self
                .rng
                .random_range(self.conditions.shortest_delay..=self.conditions.longest_delay);
            if !self.rng.random_bool(self.conditions.loss) {
                self.count += 1;
                self.under_way.insert((now + delay, self.count), parcel.clone());
            }
        }
        self.sent.push((now, parcel));
    }

    /// When the next datagram arrives, or the next piece on a connection.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.next_datagram().into_iter().chain(self.streams.next_arrival()).min()
    }

    fn next_datagram(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((arrival, _), _)| *arrival)
    }

    /// A datagram that has arrived by now.
    pub fn receive(&mut self, now: Instant) -> Option<Parcel> {
        if self.next_datagram()? > now {
            return None;
        }
        let (_, parcel) = self.under_way.pop_first()?;
        self.delivered.push((now, parcel.clone()));
        Some(parcel)
    }

    /// Everything that was ever sent, lost or not.
    pub fn sent(&self) -> &[(Instant, Parcel)] {
        &self.sent
    }

    /// Everything that ever arrived, and when.
    pub fn delivered(&self) -> &[(Instant, Parcel)] {
        &self.delivered
    }
}
