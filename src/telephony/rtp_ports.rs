//! The pool of UDP ports for RTP.

use std::net::{IpAddr, SocketAddr};

use tokio::net::UdpSocket;

/// Hands out ports in turn, so that one that was just given back rests for as long as possible:
/// late packets of an ended call must not reach the next one.
#[derive(Debug)]
pub(super) struct RtpPorts {
    address: IpAddr,
    /// Even ports only: RTP uses them, and leaves the odd ones to RTCP (RFC 3550 §11).
    ports: Vec<u16>,
    next: usize,
}

impl RtpPorts {
    pub(super) fn new(address: IpAddr, (first, last): (u16, u16)) -> Self {
        let ports = (first..=last).filter(|port| port % 2 == 0).collect();
        Self { address, ports, next: 0 }
    }

    /// A socket on the next free port; `None` when all are taken.
    pub(super) async fn bind(&mut self) -> Option<UdpSocket> {
        for _ in 0..self.ports.len() {
            let port = self.ports[self.next];
            self.next = (self.next + 1) % self.ports.len();
            // A port that another program has is skipped.
            if let Ok(socket) = UdpSocket::bind(SocketAddr::new(self.address, port)).await {
                return Some(socket);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// Two neighbouring even ports that were free a moment ago.
    fn free_ports() -> (u16, u16) {
        let probe = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = probe.local_addr().unwrap().port() & !1;
        (port, port + 3)
    }

    #[tokio::test]
    async fn each_port_serves_one_call_and_rests_before_the_next() {
        let mut ports = RtpPorts::new(Ipv4Addr::LOCALHOST.into(), free_ports());
        let first = ports.bind().await.unwrap();
        let second = ports.bind().await.unwrap();
        assert!(ports.bind().await.is_none(), "both are taken");
        let (port, _) = (first.local_addr().unwrap().port(), drop(first));
        assert_eq!(ports.bind().await.unwrap().local_addr().unwrap().port(), port);
        drop(second);
    }

    #[tokio::test]
    async fn a_range_without_an_even_port_has_none_to_give() {
        assert!(RtpPorts::new(Ipv4Addr::LOCALHOST.into(), (20_001, 20_001)).bind().await.is_none());
    }
}
