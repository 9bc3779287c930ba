//! The connections of the SIP side, TCP and TLS: accepted within limits, taken through the handshake,
//! read and written by a task each. Knows nothing of messages.
//!
//! What a stranger can hold: a connection that is not a peer's is closed at once, one whose peer a
//! client certificate may still prove has [`SLOWEST_HANDSHAKE`] for it, and both are counted
//! against the limits. Slow and silent peers are the endpoint's to close.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use sip::{Channel, ConnectionId, Endpoint, Flow, Transport};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tracing::{debug, warn};

use super::peer_certificates::PeerCertificates;

/// A TLS handshake takes a few round trips.
const SLOWEST_HANDSHAKE: Duration = Duration::from_secs(10);

/// A server that is there is connected to by then, handshake included.
const SLOWEST_CONNECT: Duration = Duration::from_secs(10);

/// A peer that takes no bytes for this long is gone.
const SLOWEST_WRITE: Duration = Duration::from_secs(10);

/// Messages that may wait for a peer to take them. One that lets more of them pile up does not read,
/// and is disconnected.
const OUTGOING_QUEUE: usize = 256;

/// Pieces read from all connections that may wait for the event loop. Beyond, connections are not
/// read, and TCP slows their peers down.
const INCOMING_QUEUE: usize = 256;

/// How much is read at once.
const PIECE_BYTES: usize = 8 * 1024;

/// How long to wait after the system refused to accept, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections there may be, the peers' and strangers' in their handshake.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionLimits {
    pub(super) overall: usize,
    pub(super) of_one_address: usize,
}

/// What happened to a connection.
#[derive(Debug)]
pub(super) enum Happened {
    /// It stands. `proven` is the trunk whose certificate the other end has.
    Opened { flow: Flow, proven: Option<String> },
    /// Bytes came.
    Received { connection: ConnectionId, bytes: Vec<u8> },
    /// It is gone.
    Closed { connection: ConnectionId },
    /// Somebody who is no peer connected, and was disconnected.
    Stranger { source: SocketAddr, transport: Transport },
}

/// What a connection of ours is made of.
#[derive(Clone)]
pub(super) enum Stream {
    Tcp,
    Tls {
        connector: TlsConnector,
        /// What the certificate of the other end must be for.
        name: ServerName<'static>,
    },
}

impl Stream {
    async fn open(
        self,
        remote: SocketAddr,
        connection: ConnectionId,
    ) -> std::io::Result<(Box<dyn Bytes>, Flow)> {
        let stream = TcpStream::connect(remote).await?;
        let _ = stream.set_nodelay(true);
        match self {
            Self::Tcp => Ok((Box::new(stream), Flow { remote, channel: Channel::Tcp(connection) })),
            Self::Tls { connector, name } => {
                let stream = connector.connect(name, stream).await?;
                Ok((Box::new(stream), Flow { remote, channel: Channel::Tls(connection) }))
            }
        }
    }
}

/// What is read and written.
trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// Where encrypted connections are accepted.
pub(super) struct TlsListener {
    pub(super) listener: TcpListener,
    pub(super) acceptor: TlsAcceptor,
    /// Trunks that are known by a certificate.
    pub(super) peers: Arc<PeerCertificates>,
}

/// All connections.
pub(super) struct Connections {
    tcp: TcpListener,
    tls: Option<TlsListener>,
    limits: ConnectionLimits,
    open: HashMap<ConnectionId, Open>,
    count_by_address: HashMap<IpAddr, usize>,
    tasks: JoinSet<()>,
    connection_of_task: HashMap<Id, ConnectionId>,
    happened: mpsc::Receiver<Happened>,
    tell: mpsc::Sender<Happened>,
    last_id: u64,
}

struct Open {
    address: IpAddr,
    outgoing: mpsc::Sender<Vec<u8>>,
}

impl Connections {
    pub(super) fn new(
        tcp: TcpListener,
        tls: Option<TlsListener>,
        limits: ConnectionLimits,
    ) -> Self {
        let (tell, happened) = mpsc::channel(INCOMING_QUEUE);
        Self {
            tcp,
            tls,
            limits,
            open: HashMap::new(),
            count_by_address: HashMap::new(),
            tasks: JoinSet::new(),
            connection_of_task: HashMap::new(),
            happened,
            tell,
            last_id: 0,
        }
    }

    /// Waits for the next thing that happens to a connection. Dropping the future loses nothing.
    pub(super) async fn next(&mut self, endpoint: &Endpoint) -> Happened {
        loop {
            let (accepted, transport) = tokio::select! {
                Some(happened) = self.happened.recv() => return happened,
                Some(ended) = self.tasks.join_next_with_id() => match ended {
                    // It has told its end itself.
                    Ok((task, ())) => {
                        self.forget(task);
                        continue;
                    }
                    // It panicked, which was printed where it happened.
                    Err(error) => match self.forget(error.id()) {
                        Some(connection) => return Happened::Closed { connection },
                        None => continue,
                    },
                },
                accepted = self.tcp.accept() => (accepted, Transport::Tcp),
                accepted = accept_tls(self.tls.as_ref()) => (accepted, Transport::Tls),
            };
            match accepted {
                Ok((stream, source)) => {
                    if let Some(happened) = self.admit(endpoint, stream, source, transport) {
                        return happened;
                    }
                }
                Err(error) => {
                    warn!(%error, "a SIP connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Opens a connection to a server of a trunk, which is then that trunk's whatever its address is.
    /// [`Happened::Opened`] follows, or [`Happened::Closed`] if it can not be had. It counts against
    /// the limits and is not held to them: only the operator's own trunks make us connect.
    pub(super) fn connect(
        &mut self,
        remote: SocketAddr,
        over: Stream,
        trunk: String,
    ) -> ConnectionId {
        let connection = self.next_id();
        self.begin(connection, remote.ip(), move |task| async move {
            let opened = timeout(SLOWEST_CONNECT, over.open(remote, connection)).await;
            match opened.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())) {
                Ok((stream, flow)) => task.serve(stream, flow, Some(trunk)).await,
                Err(error) => warn!(%trunk, %remote, %error, "a trunk can not be connected to"),
            }
        });
        connection
    }

    /// Hands a message on. A peer that does not take them is disconnected.
    pub(super) fn send(&mut self, connection: ConnectionId, bytes: Vec<u8>) {
        let Some(open) = self.open.get(&connection) else { return };
        if open.outgoing.try_send(bytes).is_err() {
            debug!(source = %open.address, "a SIP peer does not read what it is sent");
            self.close(connection);
        }
    }

    /// Closes a connection, once everything handed on was sent.
    pub(super) fn close(&mut self, connection: ConnectionId) {
        if let Some(open) = self.open.remove(&connection) {
            self.uncount(open.address);
        }
    }

    /// Closes all, and waits until what was handed on is sent, for no longer than `limit`.
    pub(super) async fn close_all(mut self, limit: Duration) {
        self.open.clear();
        // Their pieces are of no interest any more, and nobody must wait for room.
        self.happened.close();
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(limit, all_ended).await.is_err() {
            debug!("some SIP connections were still open when the daemon stopped");
        }
    }

    fn admit(
        &mut self,
        endpoint: &Endpoint,
        stream: TcpStream,
        source: SocketAddr,
        transport: Transport,
    ) -> Option<Happened> {
        let tls = match transport {
            Transport::Tls => self.tls.as_ref(),
            Transport::Udp | Transport::Tcp => None,
        };
        let tls = tls.map(|tls| (tls.acceptor.clone(), Arc::clone(&tls.peers)));
        let may_prove_itself = tls.as_ref().is_some_and(|(_, peers)| !peers.is_empty());
        if !endpoint.knows(source.ip(), transport) && !may_prove_itself {
            return Some(Happened::Stranger { source, transport });
        }
        let of_this_address = self.count_by_address.get(&source.ip()).copied().unwrap_or_default();
        if self.open.len() >= self.limits.overall || of_this_address >= self.limits.of_one_address {
            debug!(%source, "a SIP connection too many is closed");
            return None;
        }
        let _ = stream.set_nodelay(true);
        let connection = self.next_id();
        self.begin(connection, source.ip(), move |task| async move {
            let Some((acceptor, peers)) = tls else {
                let flow = Flow { remote: source, channel: Channel::Tcp(connection) };
                return task.serve(stream, flow, None).await;
            };
            match timeout(SLOWEST_HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let proven = peers.owner_of(stream.get_ref().1.peer_certificates());
                    let flow = Flow { remote: source, channel: Channel::Tls(connection) };
                    task.serve(stream, flow, proven).await;
                }
                Ok(Err(error)) => debug!(%source, %error, "a TLS handshake of SIP failed"),
                Err(_) => debug!(%source, "a TLS handshake of SIP took too long"),
            }
        });
        None
    }

    /// Starts the task of a connection.
    fn begin<F>(&mut self, connection: ConnectionId, address: IpAddr, run: impl FnOnce(Task) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (outgoing, queued) = mpsc::channel(OUTGOING_QUEUE);
        let tell = self.tell.clone();
        let running = run(Task { outgoing: queued, tell: tell.clone() });
        let handle = self.tasks.spawn(async move {
            running.await;
            // In one queue with what it brought: a BYE right before the end is heard.
            let _ = tell.send(Happened::Closed { connection }).await;
        });
        self.connection_of_task.insert(handle.id(), connection);
        self.open.insert(connection, Open { address, outgoing });
        *self.count_by_address.entry(address).or_default() += 1;
    }

    /// A task has ended, whoever wanted it.
    fn forget(&mut self, task: Id) -> Option<ConnectionId> {
        let connection = self.connection_of_task.remove(&task)?;
        self.close(connection);
        Some(connection)
    }

    fn uncount(&mut self, address: IpAddr) {
        if let Some(count) = self.count_by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.count_by_address.remove(&address);
            }
        }
    }

    fn next_id(&mut self) -> ConnectionId {
        self.last_id += 1;
        ConnectionId(self.last_id)
    }
}

async fn accept_tls(tls: Option<&TlsListener>) -> std::io::Result<(TcpStream, SocketAddr)> {
    match tls {
        Some(tls) => tls.listener.accept().await,
        None => std::future::pending().await,
    }
}

/// The task of one connection.
struct Task {
    outgoing: mpsc::Receiver<Vec<u8>>,
    tell: mpsc::Sender<Happened>,
}

impl Task {
    /// Waits on bytes of the peer and on messages for it, until either side closes.
    async fn serve(
        mut self,
        stream: impl AsyncRead + AsyncWrite,
        flow: Flow,
        proven: Option<String>,
    ) {
        let Some(connection) = flow.connection() else { return };
        let (mut reader, mut writer) = tokio::io::split(stream);
        if self.tell.send(Happened::Opened { flow, proven }).await.is_err() {
            return;
        }
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            tokio::select! {
                read = reader.read(&mut piece) => match read {
                    Ok(0) | Err(_) => return,
                    Ok(length) => {
                        let bytes = piece[..length].to_vec();
                        let told = self.tell.send(Happened::Received { connection, bytes }).await;
                        if told.is_err() {
                            return;
                        }
                    }
                },
                message = self.outgoing.recv() => {
                    let Some(message) = message else { break };
                    match timeout(SLOWEST_WRITE, self.write(&mut writer, message)).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) | Err(_) => return,
                    }
                }
            }
        }
        // Whoever does not take the goodbye has gone already.
        let _ = timeout(SLOWEST_WRITE, writer.shutdown()).await;
    }

    /// Writes a message, and whatever else is queued by then, in one go.
    async fn write(
        &mut self,
        writer: &mut (impl AsyncWrite + Unpin),
        mut bytes: Vec<u8>,
    ) -> std::io::Result<()> {
        while let Ok(more) = self.outgoing.try_recv() {
            bytes.extend_from_slice(&more);
        }
        writer.write_all(&bytes).await?;
        writer.flush().await
    }
}
