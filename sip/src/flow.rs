//! How messages travel: over datagrams or over connections (RFC 3261 §18).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// A transport of SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams: what is lost is sent again by the transactions.
    Udp,
    /// Connections.
    Tcp,
    /// Encrypted connections.
    Tls,
}

impl Transport {
    /// Whether nothing has to be sent again (§17).
    pub(crate) fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp | Self::Tls => true,
        }
    }

    /// Its name in Via (§20.42).
    pub(crate) fn in_via(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.in_via())
    }
}

/// Names a connection inside one endpoint. The shell gives it, and never the same one twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The way to a peer: its address, and over what. What came over a flow is answered over it, never
/// to an address that a message names (§18.2.2, RFC 3581, RFC 5923).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The peer's address.
    pub remote: SocketAddr,
    /// Over what.
    pub channel: Channel,
}

/// Over what messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Datagrams of the one socket.
    Udp,
    /// This connection.
    Tcp(ConnectionId),
    /// This encrypted connection.
    Tls(ConnectionId),
}

impl Flow {
    /// Datagrams to and from an address.
    pub fn udp(remote: SocketAddr) -> Self {
        Self { remote, channel: Channel::Udp }
    }

    /// Over what kind of transport.
    pub fn transport(&self) -> Transport {
        match self.channel {
            Channel::Udp => Transport::Udp,
            Channel::Tcp(_) => Transport::Tcp,
            Channel::Tls(_) => Transport::Tls,
        }
    }

    /// The connection, if it is one.
    pub fn connection(&self) -> Option<ConnectionId> {
        match self.channel {
            Channel::Udp => None,
            Channel::Tcp(connection) | Channel::Tls(connection) => Some(connection),
        }
    }
}

/// The addresses peers are told to reach us at: written into Contact, Via and the `o=` line. At
/// most one of each family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertised {
    first: IpAddr,
    /// Of the other family.
    second: Option<IpAddr>,
    /// Where datagrams and plain connections arrive.
    port: u16,
    /// Where encrypted connections arrive.
    tls_port: u16,
}

impl Advertised {
    /// The well-known port of SIP over TLS (§19.1.2).
    pub const TLS_PORT: u16 = 5061;

    /// One address, for every peer.
    pub fn new(address: SocketAddr) -> Self {
        Self { first: address.ip(), second: None, port: address.port(), tls_port: Self::TLS_PORT }
    }

    /// Another address, for peers of its family.
    pub fn and(self, other: IpAddr) -> Self {
        Self { second: Some(other), ..self }
    }

    /// Where encrypted connections arrive.
    pub fn with_tls_port(self, tls_port: u16) -> Self {
        Self { tls_port, ..self }
    }

    /// The first address, with the port of datagrams and plain connections.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.first, self.port)
    }

    /// The IP address for a peer: one of its own family, if there is one.
    pub fn ip_for(&self, peer: IpAddr) -> IpAddr {
        let wants_ipv4 = peer.to_canonical().is_ipv4();
        let fits = |ip: &IpAddr| ip.is_ipv4() == wants_ipv4;
        self.second.filter(|second| !fits(&self.first) && fits(second)).unwrap_or(self.first)
    }

    /// The address for messages over a flow.
    pub(crate) fn address_for(&self, flow: &Flow) -> SocketAddr {
        let port = match flow.transport() {
            Transport::Udp | Transport::Tcp => self.port,
            Transport::Tls => self.tls_port,
        };
        SocketAddr::new(self.ip_for(flow.remote.ip()), port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(remote: &str, channel: Channel) -> Flow {
        Flow { remote: remote.parse().unwrap(), channel }
    }

    #[test]
    fn a_peer_is_told_the_address_of_its_own_family_and_the_port_of_its_transport() {
        let advertised = Advertised::new("198.51.100.1:5070".parse().unwrap())
            .and("2001:db8::1".parse().unwrap())
            .with_tls_port(5071);
        let tls = Channel::Tls(ConnectionId(1));
        for (remote, channel, expected) in [
            ("192.0.2.1:5060", Channel::Udp, "198.51.100.1:5070"),
            ("[::ffff:192.0.2.1]:5060", Channel::Udp, "198.51.100.1:5070"),
            ("[2001:db8::9]:5060", Channel::Tcp(ConnectionId(2)), "[2001:db8::1]:5070"),
            ("[2001:db8::9]:5060", tls, "[2001:db8::1]:5071"),
        ] {
            let told = advertised.address_for(&flow(remote, channel));
            assert_eq!(told, expected.parse().unwrap(), "{remote} {channel:?}");
        }
        let only_ipv4 = Advertised::new("198.51.100.1:5060".parse().unwrap());
        let told = only_ipv4.address_for(&flow("[2001:db8::9]:5060", tls));
        assert_eq!(told, "198.51.100.1:5061".parse().unwrap());
    }
}
