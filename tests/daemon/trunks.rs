//! Trunks that register: at a registrar that is played by hand, over every transport.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use zavud::clock::SystemClock;
use zavud::config::Trunk;
use zavud::domain::CallOutcome;
use zavud::telephony::caller::Over;
use zavud::tls::{Certificate, ClientCertificates, TlsFiles, server_config};

use crate::support::{DeafModel, NUMBER, PATIENCE, TestDaemon, call, call_over, silence};

#[derive(Deserialize)]
struct File {
    trunks: Vec<Trunk>,
}

/// A trunk that registers at this address, with more keys.
fn trunk(registrar: &str, keys: &str) -> Trunk {
    let text = format!(
        "[[trunks]]\nname = \"carrier\"\nkind = \"register\"\nregistrar = \"{registrar}\"\nuser = \"account\"\n\
        domain = \"example.com\"\npassword = \"zanzibar\"\n{keys}\n"
    );
    toml::from_str::<File>(&text).unwrap().trunks.remove(0)
}

async fn start(trunk: Trunk) -> TestDaemon {
    let adjust = |config: &mut zavud::config::Config| config.sip.trunks = vec![trunk];
    TestDaemon::start_with(Arc::new(SystemClock), Box::new(DeafModel), adjust).await
}

/// The value of a header that stands once.
fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let prefix = format!("{name}: ");
    message
        .lines()
        .find_map(|line| line.strip_prefix(&prefix))
        .unwrap_or_else(|| panic!("no {name} in {message}"))
}

fn response(request: &str, status: &str, more: &str) -> String {
    let copied: String = ["Via", "From", "To", "Call-ID", "CSeq"]
        .map(|name| format!("{name}: {}\r\n", header(request, name)))
        .concat();
    format!("SIP/2.0 {status}\r\n{copied}{more}Content-Length: 0\r\n\r\n")
}

/// What a registrar says to a REGISTER that it likes.
fn accepted(request: &str) -> String {
    response(request, "200 OK", &format!("Contact: {}\r\n", header(request, "Contact")))
}

/// A registrar that speaks UDP.
struct Registrar {
    socket: UdpSocket,
    peer: Option<SocketAddr>,
}

impl Registrar {
    async fn bind() -> Self {
        Self { socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(), peer: None }
    }

    fn address(&self) -> String {
        self.socket.local_addr().unwrap().to_string()
    }

    /// The next request.
    async fn hear(&mut self) -> String {
        let mut buffer = vec![0; 65_535];
        let received = timeout(PATIENCE, self.socket.recv_from(&mut buffer)).await;
        let (length, peer) = received.expect("something is said").unwrap();
        self.peer = Some(peer);
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    async fn say(&self, message: &str) {
        self.socket.send_to(message.as_bytes(), self.peer.unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn a_trunk_registers_takes_the_calls_of_its_registrar_and_leaves_it() {
    let mut registrar = Registrar::bind().await;
    let daemon = start(trunk(&registrar.address(), "")).await;
    let first = registrar.hear().await;
    assert!(first.starts_with("REGISTER sip:example.com SIP/2.0\r\n"), "{first}");
    assert_eq!(header(&first, "To"), "<sip:account@example.com>");
    let challenge = "WWW-Authenticate: Digest realm=\"example.com\", nonce=\"n\", qop=\"auth\"\r\n";
    registrar.say(&response(&first, "401 Unauthorized", challenge)).await;
    let second = registrar.hear().await;
    let answer = header(&second, "Authorization");
    assert!(answer.starts_with("Digest username=\"account\", realm=\"example.com\""), "{answer}");
    assert!(!second.contains("zanzibar"));
    registrar.say(&accepted(&second)).await;

    call(daemon.daemon.sip_address(), NUMBER, silence(1)).await.unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::Silent);

    let ((), last) = tokio::join!(daemon.daemon.stop(), async {
        let last = registrar.hear().await;
        registrar.say(&accepted(&last)).await;
        last
    });
    assert_eq!(header(&last, "Expires"), "0");
    assert_eq!(header(&last, "Call-ID"), header(&first, "Call-ID"));
    assert_eq!(header(&last, "CSeq"), "3 REGISTER");
}

/// A message without a body, from a connection.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut message = Vec::new();
    while !message.ends_with(b"\r\n\r\n") {
        message.push(timeout(PATIENCE, stream.read_u8()).await.expect("in time").unwrap());
    }
    String::from_utf8(message).unwrap()
}

/// Registers over a connection, which the registrar then asks something over, and leaves.
async fn register_over(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    daemon: TestDaemon,
    via: &str,
) {
    let first = read(stream).await;
    assert!(header(&first, "Via").starts_with(&format!("SIP/2.0/{via} ")), "{first}");
    let transport = via.to_lowercase();
    assert!(header(&first, "Contact").contains(&format!(";transport={transport}>")), "{first}");
    stream.write_all(accepted(&first).as_bytes()).await.unwrap();
    let options = format!(
        "OPTIONS sip:account@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{via} 127.0.0.1;branch=z9hG4bKo\r\n\
        From: <sip:example.com>;tag=1\r\nTo: <sip:account@127.0.0.1>\r\nCall-ID: o\r\n\
        CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(options.as_bytes()).await.unwrap();
    let answer = read(stream).await;
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n"), "{answer}");
    let ((), last) = tokio::join!(daemon.daemon.stop(), async {
        let last = read(stream).await;
        stream.write_all(accepted(&last).as_bytes()).await.unwrap();
        last
    });
    assert_eq!(header(&last, "Expires"), "0");
}

#[tokio::test]
async fn a_trunk_registers_over_tcp_and_hears_its_registrar_on_the_same_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let daemon = start(trunk(&address, "transport = \"tcp\"")).await;
    let (mut stream, _) = timeout(PATIENCE, listener.accept()).await.expect("in time").unwrap();
    register_over(&mut stream, daemon, "TCP").await;
}

#[tokio::test]
async fn a_trunk_registers_over_tls_when_the_certificate_is_for_its_registrar() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let registrar = listener.local_addr().unwrap().to_string();
    for (name, is_right) in [("sip.example.com", false), ("127.0.0.1", true)] {
        let issued = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        std::fs::write(&certificate, issued.cert.pem()).unwrap();
        std::fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
        let files = TlsFiles { certificate: certificate.clone(), key: key.clone() };
        let shown = Certificate::load(files).unwrap();
        let config = server_config(shown, ClientCertificates::NotAsked).unwrap();
        let keys = format!("transport = \"tls\"\ntls_authorities = {certificate:?}");
        let daemon = start(trunk(&registrar, &keys)).await;
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.expect("in time").unwrap();
        let accepted = TlsAcceptor::from(Arc::new(config)).accept(stream).await;
        match accepted {
            Ok(mut stream) if is_right => register_over(&mut stream, daemon, "TLS").await,
            Err(_) if !is_right => daemon.daemon.stop().await,
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_registrar_that_is_not_there_is_no_reason_not_to_start_or_to_stop() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let keys = "transport = \"tcp\"\naddresses = [\"127.0.0.0/8\"]";
    let daemon = start(trunk(&nobody, keys)).await;
    call_over(Over::Tcp, daemon.daemon.sip_address(), NUMBER, silence(1)).await.unwrap();
    daemon.daemon.stop().await;
}
