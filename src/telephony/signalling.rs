//! The signalling of an outgoing call: datagrams, or a connection of its own.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sip::call_out::Input;
use sip::{Channel, ConnectionId, Flow, Transmit};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

/// The largest datagram there is.
const LARGEST_DATAGRAM: usize = 65_535;

/// A caller has one connection.
const CONNECTION: ConnectionId = ConnectionId(0);

/// Over what a call is placed.
#[derive(Clone)]
pub enum Over {
    Udp,
    Tcp,
    Tls {
        /// Who is believed, and what we show.
        config: Arc<ClientConfig>,
        /// What the certificate of the other end must be for.
        name: ServerName<'static>,
    },
}

impl fmt::Debug for Over {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp => formatter.write_str("Udp"),
            Self::Tcp => formatter.write_str("Tcp"),
            Self::Tls { name, .. } => write!(formatter, "Tls({name:?})"),
        }
    }
}

/// The open way to the other end.
pub(super) struct Signalling {
    pub(super) flow: Flow,
    /// Our address, as the other end can reach it.
    pub(super) local: SocketAddr,
    line: Line,
    buffer: Vec<u8>,
}

enum Line {
    Datagrams(UdpSocket),
    Connection(Box<dyn Connection>),
}

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

impl Signalling {
    pub(super) async fn open(remote: SocketAddr, over: Over) -> std::io::Result<Self> {
        let (channel, local, line) = match over {
            Over::Udp => {
                let socket = datagrams(remote).await?;
                (Channel::Udp, socket.local_addr()?, Line::Datagrams(socket))
            }
            Over::Tcp => {
                let stream = connect(remote).await?;
                let local = stream.local_addr()?;
                (Channel::Tcp(CONNECTION), local, Line::Connection(Box::new(stream)))
            }
            Over::Tls { config, name } => {
                let stream = connect(remote).await?;
                let local = stream.local_addr()?;
                let stream = TlsConnector::from(config).connect(name, stream).await?;
                (Channel::Tls(CONNECTION), local, Line::Connection(Box::new(stream)))
            }
        };
        let buffer = vec![0; LARGEST_DATAGRAM];
        Ok(Self { flow: Flow { remote, channel }, local, line, buffer })
    }

    pub(super) async fn send(&mut self, transmit: &Transmit) -> std::io::Result<()> {
        match &mut self.line {
            Line::Datagrams(socket) => {
                socket.send_to(&transmit.bytes, transmit.flow.remote).await?;
            }
            Line::Connection(stream) => {
                stream.write_all(&transmit.bytes).await?;
                stream.flush().await?;
            }
        }
        Ok(())
    }

    /// Waits for what the other end says. Dropping the future loses nothing.
    pub(super) async fn receive(&mut self) -> std::io::Result<Input<'_>> {
        match &mut self.line {
            Line::Datagrams(socket) => {
                let length = socket.recv(&mut self.buffer).await?;
                Ok(Input::Datagram { now: Instant::now(), bytes: &self.buffer[..length] })
            }
            Line::Connection(stream) => match stream.read(&mut self.buffer).await? {
                0 => Err(std::io::ErrorKind::ConnectionReset.into()),
                length => Ok(Input::Stream { now: Instant::now(), bytes: &self.buffer[..length] }),
            },
        }
    }
}

async fn connect(remote: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(remote).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A socket on the local address that this peer can reach.
async fn datagrams(remote: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((unspecified_like(remote.ip()), 0)).await?;
    socket.connect(remote).await?;
    let local = socket.local_addr()?;
    // Connected only to learn the address: responses may come from another port.
    drop(socket);
    UdpSocket::bind(local).await
}

fn unspecified_like(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
