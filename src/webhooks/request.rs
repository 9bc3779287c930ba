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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;

    use super::*;

    fn messenger(allowed: &[&str]) -> Messenger {
        let networks = allowed.iter().map(|network| network.parse().unwrap()).collect();
        let tls = crate::tls::client_config(rustls::RootCertStore::empty()).unwrap();
        Messenger { reach: Arc::new(Reach::new(networks)), tls: Arc::new(tls) }
    }

    fn letter() -> Letter {
        let kind = WebhookEventKind::InvitationStatusChanged;
        Letter { kind, signature: "t=1,v2=00".to_owned(), body: "{}".to_owned() }
    }

    /// Takes one connection, answers it with this, and keeps it open.
    async fn receiver(answer: &'static str) -> (u16, JoinHandle<String>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = String::new();
            while !asked.ends_with("{}") {
                let mut bytes = [0; 1024];
                let count = stream.read(&mut bytes).await.unwrap();
                asked += std::str::from_utf8(&bytes[..count]).unwrap();
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            // Until the other end has had enough.
            let _ = stream.read(&mut [0; 1]).await;
            asked
        });
        (port, taken)
    }

    async fn deliver(url: &str, allowed: &[&str]) -> Result<u16, String> {
        let delivered = messenger(allowed).deliver(&url.parse().unwrap(), letter()).await;
        delivered.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn an_answer_counts_by_its_status_alone() {
        for (answer, expected) in [
            ("HTTP/1.1 204 No Content\r\n\r\n", Ok(204)),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Ok(200)),
            ("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", Err("the answer is 500")),
            (
                "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
                Err("the answer is 302, and no redirect is followed"),
            ),
        ] {
            let (port, taken) = receiver(answer).await;
            let url = format!("http://127.0.0.1:{port}/hooks?a=b");
            let delivered = deliver(&url, &["127.0.0.0/8"]).await;
            assert_eq!(delivered, expected.map_err(str::to_owned), "{answer}");
            let asked = taken.await.unwrap();
            assert!(asked.starts_with("POST /hooks?a=b HTTP/1.1\r\n"), "{asked}");
            assert!(asked.contains(&format!("host: 127.0.0.1:{port}\r\n")), "{asked}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_receiver_has_thirty_seconds() {
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no"] {
            let (port, _taken) = receiver(answer).await;
            let begun = tokio::time::Instant::now();
            let url = format!("http://127.0.0.1:{port}/");
            let delivered = deliver(&url, &["127.0.0.0/8"]).await;
            assert_eq!(delivered, Err("no answer within 30 seconds".to_owned()));
            assert_eq!(begun.elapsed().as_secs(), 30);
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_into_a_private_network_is_not_asked() {
        let private = Err("the address is one of a private network".to_owned());
        // Whatever listens there would be asked if the name were believed.
        let (port, taken) = receiver("").await;
        for scheme in ["https", "http"] {
            let url = format!("{scheme}://localhost:{port}/");
            assert_eq!(deliver(&url, &[]).await, private);
            assert_eq!(deliver(&url, &["10.0.0.0/8"]).await, private);
        }
        assert!(!taken.is_finished(), "nobody has connected");
    }

    #[tokio::test]
    async fn nobody_is_believed_without_a_certificate_that_somebody_vouches_for() {
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key =
            rustls::pki_types::PrivateKeyDer::Pkcs8(issued.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let shaking = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            acceptor.accept(stream).await.is_ok()
        });
        let refused = deliver(&url, &["127.0.0.0/8", "::1/128"]).await.unwrap_err();
        assert!(refused.starts_with("no TLS: "), "{refused}");
        assert!(!shaking.await.unwrap());
    }
}
