//! Callers, an answering desk and a bad network in virtual time, for tests. Nothing here waits: an
//! hour takes milliseconds, and the same seed gives the same run.

mod desk;
mod phone;
mod wire;

pub use desk::{Desk, DeskPlan, Policy};
pub use phone::{Ending, Phone, PhonePlan};
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
        desk.timeout(now);
        for phone in phones.iter_mut() {
            phone.timeout(now);
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
