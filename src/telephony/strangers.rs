//! The log of strangers: one line a drop, in a fixed form that a ban list can match, and never so many
//! that a flood fills the disk.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use sip::Transport;
use tracing::warn;

use crate::observability::{Flood, FloodLimits};

/// More lines for one address than a ban needs.
const LIMITS: FloodLimits =
    FloodLimits { period: Duration::from_secs(60), of_one_source: 20, overall: 2_000 };

/// Counts what strangers send, and tells of it.
#[derive(Debug)]
pub(super) struct Strangers(Flood<IpAddr>);

impl Strangers {
    pub(super) fn new(now: Instant) -> Self {
        Self(Flood::new(LIMITS, now))
    }

    /// A message or a connection of a stranger was dropped. The form of the line is what
    /// `systemd/fail2ban/filter.d/zavud.conf` matches.
    pub(super) fn dropped(&mut self, now: Instant, source: IpAddr, transport: Transport) {
        if let Some(count) = self.0.untold_before(now) {
            warn!(count, "more SIP from strangers was dropped, and not logged");
        }
        let source = source.to_canonical();
        if self.0.is_told(source) {
            warn!("SIP from a stranger dropped, source={source} transport={transport}");
        }
    }
}
