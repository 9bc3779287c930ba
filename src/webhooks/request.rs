//! Asks one receiver once. Its name is resolved here, what it resolves to is looked at, and that very address
//! is connected to: there is no second look that could see another one. No redirect is followed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::reach::{Forbidden, Reach};
use crate::domain::{WebhookEventKind, WebhookUrl};

/// So long a receiver may take, from its name to the end of its answer.
const SLOWEST: Duration = Duration::from_secs(30);

/// Addresses of a name that are tried.
const MOST_ADDRESSES: usize = 4;

/// Of an answer only the status counts; so much of the rest is read, for the connection to end well.
const LONGEST_ANSWER: usize = 64 * 1024;

/// What is sent.
pub(super) struct Letter {
    pub(super) kind: WebhookEventKind,
    pub(super) signature: String,
    pub(super) body: String,
}

/// Why something does not count as delivered. No secret and nothing of the answer is in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undelivered {
    #[error("the name of the host cannot be resolved")]
    Unresolved,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error("no connection: {0}")]
    Unreachable(std::io::Error),
    #[error("no TLS: {0}")]
    Tls(std::io::Error),
    #[error("the name of the host is none for a certificate")]
    Name,
    #[error("no answer of HTTP: {0}")]
    Broken(#[from] hyper::Error),
    #[error("no answer within 30 seconds")]
    Slow,
    #[error("the answer is {0}, and no redirect is followed")]
    Redirect(u16),
    #[error("the answer is {0}")]
    Status(u16),
}

impl Undelivered {
    /// The status of the answer, where there was one.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Redirect(status) | Self::Status(status) => Some(*status),
            _ => None,
        }
    }
}

/// Asks receivers.
#[derive(Debug)]
pub(super) struct Messenger {
    pub(super) reach: Arc<Reach>,
    pub(super) tls: Arc<ClientConfig>,
}

impl Messenger {
    /// Delivers a letter, and tells with which status it was taken.
    pub(super) async fn deliver(
        &self,
        url: &WebhookUrl,
        letter: Letter,
    ) -> Result<u16, Undelivered> {
        let asked = timeout(SLOWEST, self.ask(url, letter)).await;
        let status = asked.map_err(|_| Undelivered::Slow)??;
        match status {
            200..=299 => Ok(status),
            300..=399 => Err(Undelivered::Redirect(status)),
            _ => Err(Undelivered::Status(status)),
        }
    }

    async fn ask(&self, url: &WebhookUrl, letter: Letter) -> Result<u16, Undelivered> {
        let stream = self.connect(url).await?;
        // The letter is small, and nothing follows it.
        let _ = stream.set_nodelay(true);
        if !url.is_secure() {
            return exchange(stream, url, letter).await;
        }
        let name = match url.address() {
            Some(address) => ServerName::IpAddress(address.into()),
            None => ServerName::try_from(url.host().to_owned()).map_err(|_| Undelivered::Name)?,
        };
        let tls = TlsConnector::from(Arc::clone(&self.tls));
        let stream = tls.connect(name, stream).await.map_err(Undelivered::Tls)?;
        exchange(stream, url, letter).await
    }

    async fn connect(&self, url: &WebhookUrl) -> Result<TcpStream, Undelivered> {
        let mut refused = Undelivered::Unresolved;
        for address in resolve(url).await?.into_iter().take(MOST_ADDRESSES) {
            self.reach.check_resolved(url, address)?;
            match TcpStream::connect(SocketAddr::new(address, url.port())).await {
                Ok(stream) => return Ok(stream),
                Err(error) => refused = Undelivered::Unreachable(error),
            }
        }
        Err(refused)
    }
}

async fn resolve(url: &WebhookUrl) -> Result<Vec<IpAddr>, Undelivered> {
    if let Some(address) = url.address() {
        return Ok(vec![address]);
    }
    let found = lookup_host((url.host(), url.port())).await;
    let found = found.map_err(|_| Undelivered::Unresolved)?;
    Ok(found.map(|address| address.ip()).collect())
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    url: &WebhookUrl,
    letter: Letter,
) -> Result<u16, Undelivered> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::post(url.target())
        .header(HOST, url.authority())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, "Zavu-Webhook/1.0")
        .header("x-zavu-event", letter.kind.as_str())
        .header("x-zavu-signature", letter.signature)
        .body(Full::new(Bytes::from(letter.body)))
        .expect("an address that was taken apart, and headers of plain text");
    let answer = async {
        let response: Response<hyper::body::Incoming> = sender.send_request(request).await?;
        let status = response.status().as_u16();
        // What is too long, or breaks off, was taken all the same: its status says so.
        let _ = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
        Ok(status)
    };
    // Both end together: with the answer, or when the connection breaks and there is none.
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        broken = connection => match broken {
            Err(error) => Err(error.into()),
            Ok(()) => answer.await,
        },
    }
}
