//! The pool of UDP ports for RTP and RTCP.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sip::rtp::Port;
use tokio::net::UdpSocket;

/// Hands out pairs of ports in turn: an even one for RTP and the one above it for RTCP (RFC 3550
/// §11). A pair rests after its call: late packets of one call must not reach the next one.
#[derive(Debug)]
pub(super) struct RtpPorts {
    address: IpAddr,
    rest: Duration,
    free: Arc<Mutex<VecDeque<FreePort>>>,
}

/// The even port of a pair that nobody uses.
#[derive(Debug, Clone, Copy)]
struct FreePort {
    port: u16,
    /// `None` if it was never used.
    since: Option<Instant>,
}

/// The sockets of one call. Dropping them gives their ports back.
#[derive(Debug)]
pub(super) struct RtpSockets {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    /// Dropped after the sockets, as the order of the fields wants it.
    lease: Lease,
}

#[derive(Debug)]
struct Lease {
    port: u16,
    free: Arc<Mutex<VecDeque<FreePort>>>,
}

impl RtpSockets {
    /// The even port of the pair.
    pub(super) fn port(&self) -> u16 {
        self.lease.port
    }

    pub(super) fn of(&self, port: Port) -> &UdpSocket {
        match port {
            Port::Rtp => &self.rtp,
            Port::Rtcp => &self.rtcp,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let port = FreePort { port: self.port, since: Some(Instant::now()) };
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push_back(port);
    }
}

impl RtpPorts {
    /// The pairs between these two ports. Each rests for `rest` after a call.
    pub(super) fn new(address: IpAddr, (first, last): (u16, u16), rest: Duration) -> Self {
        let pairs = (first..last).filter(|port| port % 2 == 0);
        let free = pairs.map(|port| FreePort { port, since: None }).collect();
        Self { address, rest, free: Arc::new(Mutex::new(free)) }
    }

    /// The sockets of the pair that has rested for longest; `None` when all are in use or resting.
    pub(super) async fn bind(&mut self) -> Option<RtpSockets> {
        let attempts = self.free().len();
        for _ in 0..attempts {
            let lease = self.take()?;
            // A pair of which another program has a port is skipped, and goes to the end.
            if let Ok((rtp, rtcp)) = self.bind_pair(lease.port).await {
                return Some(RtpSockets { rtp, rtcp, lease });
            }
        }
        None
    }

    fn take(&self) -> Option<Lease> {
        let mut free = self.free();
        let has_rested = |since: Instant| since.elapsed() >= self.rest;
        let next = free.pop_front_if(|port| port.since.is_none_or(has_rested))?;
        Some(Lease { port: next.port, free: Arc::clone(&self.free) })
    }

    async fn bind_pair(&self, port: u16) -> std::io::Result<(UdpSocket, UdpSocket)> {
        let rtp = UdpSocket::bind(SocketAddr::new(self.address, port)).await?;
        let rtcp = UdpSocket::bind(SocketAddr::new(self.address, port + 1)).await?;
        Ok((rtp, rtcp))
    }

    fn free(&self) -> std::sync::MutexGuard<'_, VecDeque<FreePort>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// Four ports in a row that were free a moment ago.
    fn free_ports() -> (u16, u16) {
        let probe = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = probe.local_addr().unwrap().port() & !1;
        (port, port + 3)
    }

    fn ports(range: (u16, u16), rest: Duration) -> RtpPorts {
        RtpPorts::new(Ipv4Addr::LOCALHOST.into(), range, rest)
    }

    #[tokio::test]
    async fn a_pair_serves_one_call_at_a_time() {
        let range = free_ports();
        let mut ports = ports(range, Duration::ZERO);
        let first = ports.bind().await.unwrap();
        let second = ports.bind().await.unwrap();
        assert_eq!((first.port(), second.port()), (range.0, range.0 + 2));
        let rtcp = first.of(Port::Rtcp).local_addr().unwrap().port();
        assert_eq!(rtcp, range.0 + 1);
        assert!(ports.bind().await.is_none(), "both are taken");
        drop(first);
        assert_eq!(ports.bind().await.unwrap().port(), range.0);
    }

    #[tokio::test]
    async fn a_pair_rests_after_its_call() {
        let mut ports = ports(free_ports(), Duration::from_secs(3_600));
        for _ in 0..2 {
            drop(ports.bind().await.unwrap());
        }
        assert!(ports.bind().await.is_none(), "both are resting");
    }

    #[tokio::test]
    async fn a_pair_of_which_another_program_has_a_port_is_skipped() {
        let range = free_ports();
        let mut ports = ports(range, Duration::ZERO);
        let _rtcp_taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, range.0 + 1)).await.unwrap();
        assert_eq!(ports.bind().await.unwrap().port(), range.0 + 2);
    }

    #[tokio::test]
    async fn a_range_without_a_pair_has_none_to_give() {
        for range in [(20_001, 20_001), (20_000, 20_000), (20_001, 20_002)] {
            assert!(ports(range, Duration::ZERO).bind().await.is_none(), "{range:?}");
        }
    }
}
