//! Symmetric RTP with bounds: from which address the audio of a call is believed, and so where ours
//! goes (RFC 4961, RFC 7362 §4).
//!
//! The address in the description is preferred. Another one is believed where nothing has come yet:
//! at once from the same host or from that of the signalling, after [`TRUSTED_AFTER`] packets in a
//! row from anywhere, if the peer is said to be behind a NAT. Later the source moves only with the
//! same SSRC and after a silence, and not often: who merely guesses the port changes nothing.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// Packets in a row, of one SSRC and from one address, that make an unknown address believed.
const TRUSTED_AFTER: u8 = 5;
/// How long the source must be silent before another address with its SSRC is believed. Longer
/// than any stall of a network that is still a call, shorter than a media timeout.
const SILENCE: Duration = Duration::from_secs(2);
/// Moves of the source in one call. More is no network but an attack, or a loop.
const MAX_MOVES: u8 = 4;

#[derive(Debug)]
pub(super) struct Latch {
    signalling: IpAddr,
    behind_nat: bool,
    /// The address in the description.
    described: SocketAddr,
    state: State,
    moves: u8,
}

#[derive(Debug)]
enum State {
    /// Nothing has come since the description. What was believed before it still may come.
    Waiting {
        former: Option<SocketAddr>,
        candidate: Option<Candidate>,
    },
    Latched {
        source: SocketAddr,
        ssrc: u32,
        last: Instant,
    },
}

/// An unknown address that may become believed.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    packets: u8,
}

/// What a packet means, before anything of it is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Believed,
    /// It would make its address the source.
    Moves,
    /// It counts towards that.
    Counts,
    Stranger,
}

impl Latch {
    pub(super) fn new(described: SocketAddr, signalling: IpAddr, behind_nat: bool) -> Self {
        let described = canonical(described);
        let state = State::Waiting { former: None, candidate: None };
        Self { signalling: signalling.to_canonical(), behind_nat, described, state, moves: 0 }
    }

    /// A later description. Returns whether it moves the peer; a hold without an address does not.
    pub(super) fn describe(&mut self, described: SocketAddr) -> bool {
        let described = canonical(described);
        if described.ip().is_unspecified() || described == self.described {
            return false;
        }
        self.described = described;
        let former = self.source();
        self.state = State::Waiting { former, candidate: None };
        true
    }

    /// Where the peer's audio comes from.
    pub(super) fn source(&self) -> Option<SocketAddr> {
        match self.state {
            State::Latched { source, .. } => Some(source),
            State::Waiting { .. } => None,
        }
    }

    pub(super) fn described(&self) -> SocketAddr {
        self.described
    }

    pub(super) fn moves(&self) -> u8 {
        self.moves
    }

    /// Whether this host may have something to do with the call.
    pub(super) fn knows_host(&self, host: IpAddr) -> bool {
        let host = host.to_canonical();
        self.is_near(host) || self.source().is_some_and(|source| source.ip() == host)
    }

    /// The host of the description, or that of the signalling.
    fn is_near(&self, host: IpAddr) -> bool {
        host == self.described.ip() || host == self.signalling
    }

    pub(super) fn judge(&self, now: Instant, source: SocketAddr, ssrc: u32) -> Verdict {
        let source = canonical(source);
        match self.state {
            State::Waiting { .. } if source == self.described || self.is_near(source.ip()) => {
                Verdict::Moves
            }
            State::Waiting { former, .. } if former == Some(source) => Verdict::Believed,
            State::Waiting { candidate, .. } if self.behind_nat => match candidate {
                Some(candidate)
                    if (candidate.source, candidate.ssrc) == (source, ssrc)
                        && candidate.packets + 1 >= TRUSTED_AFTER =>
                {
                    Verdict::Moves
                }
                Some(_) | None => Verdict::Counts,
            },
            State::Waiting { .. } => Verdict::Stranger,
            State::Latched { source: known, .. } if source == known => Verdict::Believed,
            State::Latched { .. } if self.moves >= MAX_MOVES => Verdict::Stranger,
            State::Latched { .. } if source == self.described => Verdict::Moves,
            State::Latched { ssrc: known, last, .. }
                if ssrc == known && now.saturating_duration_since(last) >= SILENCE =>
            {
                Verdict::Moves
            }
            State::Latched { .. } => Verdict::Stranger,
        }
    }

    /// Takes note of a packet that is genuine as far as can be told. Returns whether it is one of
    /// the call.
    pub(super) fn note(&mut self, now: Instant, source: SocketAddr, ssrc: u32) -> bool {
        let verdict = self.judge(now, source, ssrc);
        let source = canonical(source);
        match (verdict, &mut self.state) {
            (Verdict::Stranger, _) => false,
            (Verdict::Counts, State::Waiting { candidate, .. }) => {
                let packets = candidate
                    .filter(|candidate| (candidate.source, candidate.ssrc) == (source, ssrc))
                    .map_or(0, |candidate| candidate.packets);
                *candidate = Some(Candidate { source, ssrc, packets: packets + 1 });
                false
            }
            // Nothing is counted once there is a source.
            (Verdict::Counts, State::Latched { .. }) => false,
            (Verdict::Believed, State::Waiting { .. }) => true,
            (Verdict::Believed, State::Latched { ssrc: known, last, .. }) => {
                (*known, *last) = (ssrc, now);
                true
            }
            (Verdict::Moves, state) => {
                if matches!(state, State::Latched { .. }) {
                    self.moves += 1;
                }
                self.state = State::Latched { source, ssrc, last: now };
                true
            }
        }
    }
}

/// An IPv4 address that is written as one of IPv6 is the same address.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::origin;

    const DESCRIBED: &str = "192.0.2.1:4000";
    const SIGNALLING: &str = "192.0.2.99";
    const STRANGER: &str = "203.0.113.5:7000";

    struct Bench {
        latch: Latch,
        now: Instant,
    }

    impl Bench {
        fn new(behind_nat: bool) -> Self {
            let described = DESCRIBED.parse().unwrap();
            let latch = Latch::new(described, SIGNALLING.parse().unwrap(), behind_nat);
            Self { latch, now: origin() }
        }

        fn packet(&mut self, source: &str, ssrc: u32) -> bool {
            self.now += Duration::from_millis(20);
            self.latch.note(self.now, source.parse().unwrap(), ssrc)
        }

        fn source(&self) -> Option<String> {
            self.latch.source().map(|source| source.to_string())
        }
    }

    #[test]
    fn the_described_address_is_preferred_to_any_other_one() {
        let mut bench = Bench::new(true);
        assert!(bench.packet("192.0.2.99:9", 1));
        assert!(bench.packet(DESCRIBED, 2));
        assert_eq!(bench.source().as_deref(), Some(DESCRIBED));
        for source in ["192.0.2.99:9", "192.0.2.1:4002", STRANGER] {
            assert!((0..20).all(|_| !bench.packet(source, 2)), "{source}");
        }
        assert!(bench.packet(&format!("[::ffff:{}]:4000", "192.0.2.1"), 2));
    }

    #[test]
    fn a_stranger_is_never_believed_unless_a_nat_is_expected() {
        let mut bench = Bench::new(false);
        assert!((0..100).all(|_| !bench.packet(STRANGER, 1)));
        assert_eq!(bench.source(), None);
        assert!(bench.packet("192.0.2.1:5004", 1));
    }

    #[test]
    fn behind_a_nat_five_packets_in_a_row_of_one_source_are_believed() {
        let mut bench = Bench::new(true);
        for ssrc in [1, 1, 1, 1, 2, 1, 1, 1, 1] {
            assert!(!bench.packet(STRANGER, ssrc));
        }
        assert!(bench.packet(STRANGER, 1));
        assert_eq!(bench.source().as_deref(), Some(STRANGER));
        assert!((0..20).all(|_| !bench.packet("203.0.113.6:7000", 1)));
    }

    #[test]
    fn the_source_moves_with_its_ssrc_after_a_silence_and_not_often() {
        let mut bench = Bench::new(false);
        assert!(bench.packet(DESCRIBED, 1));
        assert!(!bench.packet(STRANGER, 1));
        bench.now += SILENCE;
        assert!(!bench.packet(STRANGER, 2));
        assert!(bench.packet(STRANGER, 1));
        for port in 1..u16::from(MAX_MOVES) {
            bench.now += SILENCE;
            assert!(bench.packet(&format!("203.0.113.5:{port}"), 1));
        }
        bench.now += SILENCE;
        assert!(!bench.packet(DESCRIBED, 1) && !bench.packet(STRANGER, 1));
        assert!(bench.packet("203.0.113.5:3", 1));
        assert_eq!(bench.latch.moves(), MAX_MOVES);
    }

    #[test]
    fn a_new_description_waits_for_its_address_and_hears_the_former_one_meanwhile() {
        let mut bench = Bench::new(false);
        assert!(bench.packet(DESCRIBED, 1));
        assert!(!bench.latch.describe("0.0.0.0:4000".parse().unwrap()));
        assert!(!bench.latch.describe(DESCRIBED.parse().unwrap()));
        assert!(bench.latch.describe("198.51.100.7:4000".parse().unwrap()));
        assert_eq!(bench.source(), None);
        assert!(bench.packet(DESCRIBED, 1) && bench.packet("198.51.100.7:4000", 1));
        assert!(!bench.packet(DESCRIBED, 1));
        assert_eq!(bench.source().as_deref(), Some("198.51.100.7:4000"));
    }
}
