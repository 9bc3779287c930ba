//! The log of strangers: one line a drop, in a fixed form that a ban list can match, and never so many
//! that a flood fills the disk.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use sip::Transport;
use tracing::warn;

/// What is counted is counted anew after this long.
const PERIOD: Duration = Duration::from_secs(60);

/// Lines for one address in a period: more than enough for a ban.
const LINES_OF_ONE_ADDRESS: u32 = 20;

/// Lines in a period, whoever they are for. Bounds the map of addresses as well.
const LINES_OVERALL: u32 = 2_000;

/// Counts what strangers send, and says which of it is told.
#[derive(Debug)]
pub(super) struct Strangers {
    since: Instant,
    lines: u32,
    lines_by_address: HashMap<IpAddr, u32>,
    untold: u64,
}

impl Strangers {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, lines: 0, lines_by_address: HashMap::new(), untold: 0 }
    }

    /// A message or a connection of a stranger was dropped. The form of the line is what
    /// `systemd/fail2ban/filter.d/zavud.conf` matches.
    pub(super) fn dropped(&mut self, now: Instant, source: IpAddr, transport: Transport) {
        if now.duration_since(self.since) >= PERIOD {
            if self.untold > 0 {
                warn!(count = self.untold, "more SIP from strangers was dropped, and not logged");
            }
            *self = Self::new(now);
        }
        let source = source.to_canonical();
        if self.is_told(source) {
            warn!("SIP from a stranger dropped, source={source} transport={transport}");
        }
    }

    fn is_told(&mut self, source: IpAddr) -> bool {
        if self.lines < LINES_OVERALL {
            let lines = self.lines_by_address.entry(source).or_default();
            if *lines < LINES_OF_ONE_ADDRESS {
                *lines += 1;
                self.lines += 1;
                return true;
            }
        }
        self.untold += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u32) -> IpAddr {
        std::net::Ipv4Addr::from(0x0a00_0000 + last).into()
    }

    #[test]
    fn one_source_is_told_often_enough_for_a_ban_and_no_more() {
        let mut strangers = Strangers::new(Instant::now());
        let told = (0..1_000).filter(|_| strangers.is_told(address(1))).count();
        assert_eq!((told, strangers.untold), (20, 980));
        assert!(strangers.is_told(address(2)), "others are still told");
    }

    #[test]
    fn a_flood_from_many_sources_fills_neither_log_nor_memory() {
        let begin = Instant::now();
        let mut strangers = Strangers::new(begin);
        let told = (0..100_000).filter(|&source| strangers.is_told(address(source))).count();
        assert_eq!((told, strangers.lines_by_address.len()), (2_000, 2_000));
        strangers.dropped(begin + PERIOD, address(1), Transport::Udp);
        assert_eq!((strangers.lines, strangers.untold), (1, 0));
    }
}
