//! A server with a script: it answers one connection after the other, and keeps what it was asked.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use zavud::meta::graph::{AccessToken, GraphClient, GraphConfig, NumberId};

/// What it does with a connection, once it has read the request.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    Json(u16, Value),
    Text(u16, &'static str),
    /// Closes without a word.
    Nothing,
    /// Promises more than it sends.
    Half,
    /// Keeps the connection open and says nothing.
    Silence,
}

type Asked = Arc<watch::Sender<Vec<String>>>;

pub(crate) struct Server {
    base_url: String,
    asked: Asked,
    answering: JoinHandle<()>,
    directory: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

impl Server {
    /// Over HTTP. Connections after the last one of the script are refused.
    pub(crate) async fn start(script: Vec<Script>) -> Self {
        Self::listen(script, None, "http").await
    }

    /// Over HTTPS, with a certificate that the authorities of [`Server::client`] vouch for.
    pub(crate) async fn start_tls(script: Vec<Script>) -> Self {
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
        let server = Self::listen(script, Some(TlsAcceptor::from(Arc::new(config))), "https").await;
        std::fs::write(server.authorities(), issued.cert.pem()).unwrap();
        server
    }

    async fn listen(script: Vec<Script>, tls: Option<TlsAcceptor>, scheme: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base_url = format!("{scheme}://localhost:{}", listener.local_addr().unwrap().port());
        let asked = Asked::default();
        let answering = tokio::spawn(answer_all(listener, script, tls, Arc::clone(&asked)));
        let directory = tempfile::tempdir().unwrap();
        let server = Self { base_url, asked, answering, directory };
        let other = rcgen::generate_simple_self_signed(["elsewhere".to_owned()]).unwrap();
        std::fs::write(server.authorities(), other.cert.pem()).unwrap();
        server
    }

    pub(crate) fn authorities(&self) -> PathBuf {
        self.directory.path().join("authorities.pem")
    }

    pub(crate) fn config(&self) -> GraphConfig {
        GraphConfig {
            base_url: self.base_url.clone(),
            version: "v25.0".into(),
            app_id: "1234".into(),
            app_secret: zavud::meta::graph::AppSecret::new("app-s3cret".into()),
            authorities: self.authorities(),
            timeout: Duration::from_secs(20),
        }
    }

    pub(crate) fn client(&self) -> GraphClient {
        GraphClient::new(self.config()).unwrap()
    }

    /// One that is not patient, for a server that will never answer.
    pub(crate) fn impatient_client(&self) -> GraphClient {
        let timeout = Duration::from_secs(1);
        GraphClient::new(GraphConfig { timeout, ..self.config() }).unwrap()
    }

    /// The requests so far, whole.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// Waits until so many requests were made.
    pub(crate) async fn asked_times(&self, count: usize) {
        let mut asked = self.asked.subscribe();
        asked.wait_for(|asked| asked.len() >= count).await.unwrap();
    }

    /// The first lines of the requests so far, and their bodies.
    pub(crate) fn asked_for(&self) -> Vec<(String, Value)> {
        let split = |request: &String| {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
            (line, serde_json::from_str(body).unwrap_or(Value::Null))
        };
        self.asked().iter().map(split).collect()
    }
}

pub(crate) fn token() -> AccessToken {
    AccessToken::new("EAAJ-t0ken".into())
}

pub(crate) fn number() -> NumberId {
    "106540352242922".parse().unwrap()
}

async fn answer_all(
    listener: TcpListener,
    script: Vec<Script>,
    tls: Option<TlsAcceptor>,
    asked: Asked,
) {
    let mut open = Vec::new();
    for step in script {
        let (stream, _) = listener.accept().await.unwrap();
        match &tls {
            // A client that does not believe the certificate ends the handshake.
            Some(acceptor) => {
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(Box::new(stream), step, &asked, &mut open).await;
                }
            }
            None => answer(Box::new(stream), step, &asked, &mut open).await,
        }
    }
    drop(listener);
    std::future::pending::<()>().await;
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn answer(
    mut stream: Box<dyn Stream>,
    step: Script,
    asked: &watch::Sender<Vec<String>>,
    open: &mut Vec<Box<dyn Stream>>,
) {
    let request = read_request(stream.as_mut()).await;
    asked.send_modify(|asked| asked.push(request));
    let (status, body, length) = match &step {
        Script::Json(status, value) => (*status, value.to_string(), None),
        Script::Text(status, text) => (*status, (*text).to_owned(), None),
        Script::Half => (200, "{\"succ".to_owned(), Some(17)),
        Script::Nothing => return,
        Script::Silence => return open.push(stream),
    };
    let length = length.unwrap_or(body.len());
    let head = format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\n\r\n");
    // The client may have gone.
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Up to the end of the body, as long as the header says it is.
async fn read_request(stream: &mut dyn Stream) -> String {
    let mut received = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&received);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return text.into_owned();
            }
        }
        if stream.read_buf(&mut received).await.unwrap() == 0 {
            return String::from_utf8(received).unwrap();
        }
    }
}
