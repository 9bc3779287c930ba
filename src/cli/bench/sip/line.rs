//! The way to the daemon: datagrams, or one connection for all calls, as a trunk has it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;
use rustls::RootCertStore;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

use super::Transport;
use super::dialogue::message_length;
use super::host::Host;
use crate::tls::client_config;

/// The largest datagram there is, and as much as is read from a connection at once.
const LARGEST_READ: usize = 65_535;

/// An open line.
pub(super) struct Line {
    way: Way,
    local: SocketAddr,
    buffer: Vec<u8>,
}

enum Way {
    Datagrams { socket: UdpSocket, daemon: SocketAddr },
    Connection { stream: Box<dyn Stream>, received: Vec<u8>, to_send: Vec<u8> },
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl Line {
    pub(super) async fn open(host: &Host, transport: Transport) -> anyhow::Result<Self> {
        let (way, local) = match transport {
            Transport::Udp => {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
                let local = socket.local_addr()?;
                (Way::Datagrams { socket, daemon: host.sip }, local)
            }
            Transport::Tcp => {
                let stream = connect(host.sip).await?;
                let local = stream.local_addr()?;
                (Way::connection(stream), local)
            }
            Transport::Tls => {
                let stream = connect(host.sip_tls).await?;
                let local = stream.local_addr()?;
                let mut roots = RootCertStore::empty();
                roots.add(host.certificate.clone())?;
                let config = Arc::new(client_config(roots)?);
                let stream =
                    TlsConnector::from(config).connect("localhost".try_into()?, stream).await?;
                (Way::connection(stream), local)
            }
        };
        Ok(Self { way, local, buffer: vec![0; LARGEST_READ] })
    }

    /// Our address on it.
    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Sends a message; on a connection, once [`Line::flush`] is called.
    pub(super) async fn send(&mut self, message: &[u8]) -> anyhow::Result<()> {
        match &mut self.way {
            Way::Datagrams { socket, daemon } => {
                socket.send_to(message, *daemon).await.context("cannot reach the daemon")?;
            }
            Way::Connection { to_send, .. } => to_send.extend_from_slice(message),
        }
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> anyhow::Result<()> {
        match &mut self.way {
            Way::Connection { stream, to_send, .. } if !to_send.is_empty() => {
                stream.write_all(to_send).await.context("cannot reach the daemon")?;
                stream.flush().await?;
                to_send.clear();
            }
            Way::Connection { .. } | Way::Datagrams { .. } => {}
        }
        Ok(())
    }

    /// Waits for messages of the daemon. Dropping the future loses none.
    pub(super) async fn receive(&mut self, mut take: impl FnMut(&[u8])) -> anyhow::Result<()> {
        match &mut self.way {
            Way::Datagrams { socket, .. } => {
                socket.readable().await?;
                while let Ok((length, _)) = socket.try_recv_from(&mut self.buffer) {
                    take(&self.buffer[..length]);
                }
            }
            Way::Connection { stream, received, .. } => {
                let length = stream.read(&mut self.buffer).await?;
                anyhow::ensure!(length > 0, "the daemon closed the connection");
                received.extend_from_slice(&self.buffer[..length]);
                let mut taken = 0;
                while let Some(length) = message_length(&received[taken..]) {
                    take(&received[taken..taken + length]);
                    taken += length;
                }
                received.drain(..taken);
            }
        }
        Ok(())
    }
}

impl Way {
    fn connection(stream: impl Stream + 'static) -> Self {
        let stream = Box::new(stream);
        Self::Connection { stream, received: Vec::new(), to_send: Vec::new() }
    }
}

async fn connect(daemon: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(daemon).await.context("cannot reach the daemon")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
