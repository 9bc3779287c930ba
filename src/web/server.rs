//! Connections: accepted, limited, taken through TLS where it is switched on, and served by hyper.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::RequestBodyDeadline;
use tracing::{debug, warn};

use super::remote::{Peer, is_trusted};
use super::shares::Shares;
use crate::domain::Network;
use crate::tls::{Certificate, ClientCertificates, UnusableTls, server_config};

/// A browser that is not through with its handshake or its request headers by then is a stranger
/// who holds a connection open.
const SLOWEST_GREETING: Duration = Duration::from_secs(10);

/// The body of a request is there by then, be it the longest file that is taken (4 MB) over a line of
/// 1.2 Mbit/s. All of it, and not the next piece: a stranger who sends a byte now and then would hold
/// the connection, and what was kept of the body, for ever.
const SLOWEST_BODY: Duration = Duration::from_secs(30);

/// How long open requests may take when the daemon stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long to wait after the system refused a connection, most likely for want of file
/// descriptors: trying again at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the server needs to know.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    pub listen: SocketAddr,
    /// What HTTPS shows; `None` for HTTP.
    pub certificate: Option<Arc<Certificate>>,
    pub max_connections: usize,
    /// From one network.
    pub max_connections_per_address: usize,
    /// Networks of proxies, which connect for many.
    pub trusted_proxies: Arc<[IpNet]>,
}

/// Why pages can not be served.
#[derive(Debug, thiserror::Error)]
pub enum CannotServe {
    /// The port can not be had.
    #[error("cannot listen for HTTP on {address}: {source}. Is another program using the port?")]
    Listen { address: SocketAddr, source: std::io::Error },
    /// HTTPS can not be had with this certificate.
    #[error(transparent)]
    Tls(#[from] UnusableTls),
}

/// The running web side of the daemon.
#[derive(Debug)]
pub struct WebServer {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl WebServer {
    /// Begins to serve `router`, until `stop` is cancelled.
    ///
    /// # Errors
    /// When the port or the certificate for HTTPS can not be used.
    pub async fn start(
        config: ServerConfig,
        router: Router,
        stop: CancellationToken,
    ) -> Result<Self, CannotServe> {
        let listen = config.listen;
        let acceptor = config.certificate.map(tls_acceptor).transpose()?;
        let cannot_listen = |source| CannotServe::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let server = Server {
            acceptor,
            router,
            connections: Arc::new(Semaphore::new(config.max_connections)),
            shares: Arc::new(Shares::new(config.max_connections_per_address)),
            trusted_proxies: config.trusted_proxies,
        };
        Ok(Self { address, accepting: tokio::spawn(server.accept_all(listener, stop)) })
    }

    /// Where pages are served, with the port that was really taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until open requests are done, or were given up.
    pub async fn stopped(self) {
        // A panic of the task was already printed where it happened.
        let _ = self.accepting.await;
    }
}

fn tls_acceptor(certificate: Arc<Certificate>) -> Result<TlsAcceptor, UnusableTls> {
    let config = server_config(certificate, ClientCertificates::NotAsked)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

struct Server {
    acceptor: Option<TlsAcceptor>,
    router: Router,
    connections: Arc<Semaphore>,
    shares: Arc<Shares>,
    trusted_proxies: Arc<[IpNet]>,
}

impl Server {
    /// Waits for connections, each of which gets a task of its own that holds a permit, and its part of
    /// its network's share. One beyond that share is closed, unless it is a trusted proxy's.
    async fn accept_all(self, listener: TcpListener, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        loop {
            let permit = tokio::select! {
                permit = Arc::clone(&self.connections).acquire_owned() => permit,
                () = stop.cancelled() => break,
            };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let share = self.shares.take(Network::of(peer.ip()));
            if share.is_none() && !is_trusted(peer.ip(), &self.trusted_proxies) {
                debug!(%peer, "a connection too many is closed");
                continue;
            }
            let (acceptor, router) = (self.acceptor.clone(), self.router.clone());
            let watcher = graceful.watcher();
            tokio::spawn(async move {
                greet_and_serve(stream, acceptor, Site { router, peer }, watcher).await;
                drop((permit, share));
            });
        }
        drop(listener);
        if timeout(FAREWELL, graceful.shutdown()).await.is_err() {
            debug!("some connections were still open when the daemon stopped");
        }
    }
}

/// The site, as one connection asks for it.
struct Site {
    router: Router,
    peer: SocketAddr,
}

async fn greet_and_serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    site: Site,
    watcher: Watcher,
) {
    // Digits are small and urgent.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else { return serve(stream, site, watcher).await };
    match timeout(SLOWEST_GREETING, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => serve(stream, site, watcher).await,
        Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
        Err(_) => debug!("a TLS handshake took too long"),
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    Site { router, peer }: Site,
    watcher: Watcher,
) {
    let router = TowerToHyperService::new(RequestBodyDeadline::new(router, SLOWEST_BODY));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SLOWEST_GREETING)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        debug!(%error, "a connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::routing::{MethodRouter, post};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    /// A connection to a site of one page.
    fn connect(page: MethodRouter) -> DuplexStream {
        let (browser, ours) = duplex(1_024);
        let router = Router::new().route("/", page);
        let site = Site { router, peer: SocketAddr::from(([192, 0, 2, 1], 50_000)) };
        tokio::spawn(async move {
            // Who drops this ends the connection.
            let graceful = GracefulShutdown::new();
            serve(ours, site, graceful.watcher()).await;
        });
        browser
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_a_byte_at_a_time_is_not_waited_for() {
        let mut browser = connect(post(|body: Bytes| async move { body }));
        let head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n";
        browser.write_all(head).await.unwrap();
        let mut taken = 0;
        while browser.write_all(b"x").await.is_ok() {
            taken += 1;
            sleep(Duration::from_secs(9)).await;
        }
        assert_eq!(taken, 4, "after 0, 9, 18 and 27 of 30 seconds");
        let mut answer = String::new();
        browser.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_take_longer_than_a_body() {
        let mut browser = connect(post(|body: Bytes| async move {
            sleep(10 * SLOWEST_BODY).await;
            body
        }));
        let request = b"POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                        content-length: 4\r\n\r\nbody";
        browser.write_all(request).await.unwrap();
        let mut answer = String::new();
        browser.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nbody"), "{answer}");
    }
}
