//! Callers, an answering desk and a bad network in virtual time, for tests. Nothing here waits: an
//! hour takes milliseconds, and the same seed gives the same run.

mod desk;
mod phone;
mod streams;
mod wire;

pub use desk::{Desk, DeskPlan, Policy};
pub use phone::{Ending, Phone, PhonePlan, PlannedChange};
pub use streams::{Arrival, Delivery, End, StreamConditions, Streams};
pub use wire::{Conditions, Parcel, Wire};

use std::time::Instant;

/// Where virtual time begins. Only distances from it matter.
#[expect(clippy::disallowed_methods, reason = "an Instant can only be had from a clock")]
pub fn origin() -> Instant {
    Instant::now()
}

/// Lets time pass from `from` to `until`: datagrams arrive, timers fire, and everybody says what
/// they have to say.
pub fn drive(
    desk: &mut Desk,
    phones: &mut [Phone],
    wire: &mut Wire,
    from: Instant,
    until: Instant,
) {
    let mut now = from;
    loop {
        desk.drain(now, wire);
        for phone in phones.iter_mut() {
            phone.drain(now, wire);
        }
        let deadlines = phones.iter().filter_map(Phone::deadline);
        let deadlines = deadlines.chain(wire.next_arrival()).chain([desk.deadline()]);
        match deadlines.min() {
            Some(next) if next <= until => now = next.max(now),
            Some(_) | None => return,
        }
        while let Some(parcel) = wire.receive(now) {
            if let Some(phone) =
                phones.iter_mut().find(|phone| phone.address() == parcel.destination)
            {
                phone.datagram(now, &parcel.bytes);
            } else {
                desk.datagram(now, &parcel);
            }
        }
        while let Some(delivery) = wire.streams().receive(now) {
            deliver(desk, phones, now, &delivery);
        }
        desk.timeout(now);
        for phone in phones.iter_mut() {
            phone.timeout(now);
        }
    }
}

/// Hands over what arrived on a connection.
fn deliver(desk: &mut Desk, phones: &mut [Phone], now: Instant, delivery: &Delivery) {
    let Delivery { connection, caller, arrival } = delivery;
    let phone = phones.iter_mut().find(|phone| phone.address() == *caller);
    match arrival {
        Arrival::Opened => desk.connected(now, *connection, *caller),
        Arrival::Bytes { end: End::Callee, bytes } => desk.stream(now, *connection, bytes),
        Arrival::Bytes { end: End::Caller, bytes } => {
            if let Some(phone) = phone {
                phone.stream(now, *connection, bytes);
            }
        }
        Arrival::Gone => {
            desk.disconnected(now, *connection);
            if let Some(phone) = phone {
                phone.disconnected(*connection);
            }
        }
    }
}

/// A seed of full length from a short one.
pub fn long_seed(seed: u64) -> [u8; 32] {
    let mut long = [0; 32];
    long[..8].copy_from_slice(&seed.to_be_bytes());
    long
}

#[cfg(test)]
mod tests;
