//! The sockets that SIP arrives at.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use sip::Transport;
use socket2::SockRef;
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

use crate::tls::{ClientCertificates, server_config};

use super::connections::{ConnectionLimits, Connections, TlsListener};
use super::peer_certificates::PeerCertificates;
use super::trunks::TrunkPlan;
use super::{CannotListen, TelephonyConfig, TlsConfig};

/// UDP and TCP share a number. When any number will do, the one that UDP was given may be taken for
/// TCP.
const MOST_ATTEMPTS: usize = 16;

/// Datagrams that wait to be read: about a second of 1,000 calls a second. What the system has no
/// room for is lost, and comes again half a second later (RFC 3261 §17.1.1.1).
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// All of them.
pub(super) struct Sockets {
    pub(super) udp: UdpSocket,
    pub(super) connections: Connections,
    /// Of UDP and TCP, with the port that was really taken.
    pub(super) address: SocketAddr,
    pub(super) tls_address: Option<SocketAddr>,
}

impl Sockets {
    pub(super) async fn open(config: &TelephonyConfig) -> Result<Self, CannotListen> {
        let (udp, tcp, address) = open_pair(config.listen).await?;
        let certificates = config.trunks.iter().filter_map(TrunkPlan::certificate).collect();
        let tls = match &config.tls {
            Some(tls) => Some(open_tls(tls, certificates).await?),
            None => None,
        };
        let tls_address = tls.as_ref().map(|(_, address)| *address);
        let limits = ConnectionLimits {
            overall: config.max_connections,
            of_one_address: config.max_connections_per_address,
        };
        let listener = tls.map(|(listener, _)| listener);
        let connections = Connections::new(tcp, listener, limits);
        Ok(Self { udp, connections, address, tls_address })
    }
}

/// UDP and TCP on the same port.
async fn open_pair(
    listen: SocketAddr,
) -> Result<(UdpSocket, TcpListener, SocketAddr), CannotListen> {
    let failed = |transport, source| CannotListen::Port { transport, address: listen, source };
    let mut attempts = 0;
    loop {
        attempts += 1;
        let udp = UdpSocket::bind(listen).await.map_err(|source| failed(Transport::Udp, source))?;
        let address = udp.local_addr().map_err(|source| failed(Transport::Udp, source))?;
        // As much as the system allows (net.core.rmem_max); it is no fault when that is less.
        let _ = SockRef::from(&udp).set_recv_buffer_size(RECEIVE_BUFFER);
        match TcpListener::bind(address).await {
            Ok(tcp) => return Ok((udp, tcp, address)),
            Err(_) if listen.port() == 0 && attempts < MOST_ATTEMPTS => {}
            Err(source) => return Err(failed(Transport::Tcp, source)),
        }
    }
}

async fn open_tls(
    config: &TlsConfig,
    peers: Vec<(ServerName<'static>, String)>,
) -> Result<(TlsListener, SocketAddr), CannotListen> {
    let clients = match &config.client_authorities {
        Some(authorities) => ClientCertificates::Optional(authorities.clone()),
        None => ClientCertificates::NotAsked,
    };
    let server = server_config(Arc::clone(&config.certificate), clients)?;
    let failed =
        |source| CannotListen::Port { transport: Transport::Tls, address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let listener = TlsListener {
        listener,
        acceptor: TlsAcceptor::from(Arc::new(server)),
        peers: Arc::new(PeerCertificates::new(peers)),
    };
    Ok((listener, address))
}
