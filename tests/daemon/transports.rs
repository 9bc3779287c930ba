//! Calls over TCP and TLS, and what connections may not do, those of the web side too.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use zavud::clock::SystemClock;
use zavud::config::Config;
use zavud::domain::CallOutcome;
use zavud::telephony::caller::{CallFailure, Over};

use crate::support::{DeafModel, Identity, NUMBER, TestDaemon, call, call_over, silence};

async fn start(adjust: impl FnOnce(&mut Config)) -> TestDaemon {
    TestDaemon::start_with(Arc::new(SystemClock), Box::new(DeafModel), adjust).await
}

/// Whether the other end has closed the connection without a word.
async fn is_closed_silently(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 1]).await {
        Ok(length) => length == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

fn options(call_id: &str) -> String {
    format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK{call_id}\r\n\
         From: <sip:raw@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {call_id}\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

/// The first line of the answer to an OPTIONS.
async fn ask(stream: &mut TcpStream, call_id: &str) -> String {
    stream.write_all(options(call_id).as_bytes()).await.unwrap();
    let mut buffer = vec![0; 4_096];
    let length = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..length]).lines().next().unwrap_or_default().to_owned()
}

/// A request of a call, without a word too many.
fn in_call(method: &str, call_id: &str, to_tag: &str, body: &str) -> String {
    let cseq = if method == "BYE" { 2 } else { 1 };
    let length = body.len();
    format!(
        "{method} sip:{NUMBER}@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK{method}{call_id}\r\n\
         From: <sip:raw@127.0.0.1>;tag=1\r\nTo: <sip:{NUMBER}@127.0.0.1>{to_tag}\r\n\
         Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:raw@127.0.0.1;transport=tcp>\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Calls, and returns what the answer adds to the To header: the tag.
async fn is_answered(stream: &mut TcpStream, call_id: &str) -> String {
    let offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                 m=audio 40000 RTP/AVP 0\r\n";
    stream.write_all(in_call("INVITE", call_id, "", offer).as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("\r\nm=audio ") {
        let mut buffer = vec![0; 4_096];
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    let (_, answer) = heard.split_once("SIP/2.0 200 OK").unwrap();
    let to = answer.lines().find(|line| line.starts_with("To:")).unwrap();
    to[to.find(";tag=").unwrap()..].to_owned()
}

#[tokio::test]
async fn a_call_over_tcp_is_a_call() {
    let daemon = start(|_| {}).await;
    call_over(Over::Tcp, daemon.daemon.sip_address(), NUMBER, silence(1)).await.unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::Silent);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_peer_that_says_bye_and_closes_at_once_is_heard() {
    let daemon = start(|config| config.rtp.media_timeout = Duration::from_secs(3_600)).await;
    // What comes of the two is chance where they are told apart, so once is not enough.
    for calls in 1..=20 {
        let mut stream = TcpStream::connect(daemon.daemon.sip_address()).await.unwrap();
        let call_id = format!("call-{calls}");
        let tag = is_answered(&mut stream, &call_id).await;
        let end = ["ACK", "BYE"].map(|method| in_call(method, &call_id, &tag, ""));
        stream.write_all(end.concat().as_bytes()).await.unwrap();
        drop(stream);
        assert_eq!(daemon.outcomes_of(calls).await, vec![CallOutcome::Silent; calls]);
    }
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_call_over_tls_is_a_call() {
    let directory = tempfile::tempdir().unwrap();
    let identity = Identity::make(directory.path(), "localhost");
    let daemon = start(|config| identity.switch_on(config)).await;
    let remote = daemon.daemon.sip_tls_address().unwrap();
    call_over(identity.over_tls(), remote, NUMBER, silence(1)).await.unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::Silent);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_after_a_reload_and_a_broken_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let identity = Identity::make(directory.path(), "localhost");
    let daemon = start(|config| identity.switch_on(config)).await;
    let remote = daemon.daemon.sip_tls_address().unwrap();
    let believes_before = identity.over_tls();
    identity.renew("localhost");
    let believes_after = identity.over_tls();
    assert!(shakes_hands(&believes_before, remote).await);
    assert!(!shakes_hands(&believes_after, remote).await);

    daemon.daemon.reload_certificates();
    assert!(!shakes_hands(&believes_before, remote).await);
    assert!(shakes_hands(&believes_after, remote).await);

    std::fs::write(&identity.key, "no key").unwrap();
    daemon.daemon.reload_certificates();
    assert!(shakes_hands(&believes_after, remote).await);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_trunk_is_known_by_its_certificate_from_any_address_and_by_no_other_one() {
    let directory = tempfile::tempdir().unwrap();
    let ours = Identity::make(directory.path(), "localhost");
    let trunk = Identity::make(directory.path(), "trunk.example.com");
    let daemon = start(|config| {
        ours.switch_on(config);
        config.sip.tls_client_authorities = Some(trunk.certificate.clone());
        config.sip.trunks[0].addresses.clear();
        config.sip.trunks[0].tls_client_name = Some("trunk.example.com".to_owned());
    })
    .await;
    let remote = daemon.daemon.sip_tls_address().unwrap();
    let nobody = call_over(ours.over_tls(), remote, NUMBER, silence(1)).await;
    assert!(matches!(nobody, Err(CallFailure::Network { .. })), "{nobody:?}");
    assert_eq!(daemon.outcomes().await, []);

    call_over(ours.over_tls_as(&trunk), remote, NUMBER, silence(1)).await.unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::Silent);
    daemon.daemon.stop().await;
}

async fn shakes_hands(over: &Over, remote: SocketAddr) -> bool {
    let Over::Tls { config, name } = over else { panic!("{over:?}") };
    let stream = TcpStream::connect(remote).await.unwrap();
    TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream).await.is_ok()
}

#[tokio::test]
async fn a_stranger_is_disconnected_without_a_word() {
    let directory = tempfile::tempdir().unwrap();
    let identity = Identity::make(directory.path(), "localhost");
    let daemon = start(|config| {
        identity.switch_on(config);
        config.sip.trunks.clear();
    })
    .await;
    for address in [daemon.daemon.sip_address(), daemon.daemon.sip_tls_address().unwrap()] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert!(is_closed_silently(&mut stream).await);
    }
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn one_address_has_only_so_many_connections_and_a_closed_one_makes_room() {
    let daemon = start(|config| config.sip.max_connections_per_address = 2).await;
    let address = daemon.daemon.sip_address();
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    assert_eq!(ask(&mut first, "a").await, "SIP/2.0 200 OK");
    assert_eq!(ask(&mut second, "b").await, "SIP/2.0 200 OK");
    let mut third = TcpStream::connect(address).await.unwrap();
    assert!(is_closed_silently(&mut third).await);

    first.shutdown().await.unwrap();
    assert!(is_closed_silently(&mut first).await);
    let mut fourth = TcpStream::connect(address).await.unwrap();
    assert_eq!(ask(&mut fourth, "c").await, "SIP/2.0 200 OK");
    daemon.daemon.stop().await;
}

/// Follows the invitation page from an address of this host, if that is let in.
async fn follow_from(daemon: &TestDaemon, address: Ipv4Addr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((address, 0))).unwrap();
    let mut stream = socket.connect(daemon.daemon.web_address()).await.unwrap();
    let token = daemon.invited.token.expose();
    let request = format!("GET /i/{token}/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = *b"HTTP/1.1 000";
    stream.read_exact(&mut answer).await.ok()?;
    assert_eq!(&answer, b"HTTP/1.1 200");
    Some(stream)
}

#[tokio::test]
async fn one_address_has_its_share_of_the_web_connections_and_leaves_others_theirs() {
    let daemon = start(|config| {
        config.web.max_connections_per_address = 2;
        config.web.trusted_proxies = vec!["127.0.0.3/32".parse().unwrap()];
    })
    .await;
    let (stranger, other, proxy) = (1, 2, 3);
    let mut open = Vec::new();
    for (host, is_let_in) in [
        (stranger, true),
        (stranger, true),
        (stranger, false),
        (other, true),
        (proxy, true),
        (proxy, true),
        (proxy, true),
    ] {
        let followed = follow_from(&daemon, Ipv4Addr::new(127, 0, 0, host)).await;
        assert_eq!(followed.is_some(), is_let_in, "127.0.0.{host} after {} others", open.len());
        open.extend(followed);
    }
    drop(open);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn connections_that_say_nothing_hold_nobody_up() {
    let directory = tempfile::tempdir().unwrap();
    let identity = Identity::make(directory.path(), "localhost");
    let daemon = start(|config| identity.switch_on(config)).await;
    let remote = daemon.daemon.sip_tls_address().unwrap();
    let mut silent = Vec::new();
    for address in [daemon.daemon.sip_address(), remote].repeat(5) {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    call_over(identity.over_tls(), remote, NUMBER, silence(1)).await.unwrap();
    // The next call comes another way, and could overtake the BYE of this one.
    assert_eq!(daemon.outcome().await, CallOutcome::Silent);
    call(daemon.daemon.sip_address(), NUMBER, silence(1)).await.unwrap();
    drop(silent);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_daemon_that_drains_refuses_new_calls_and_finishes_those_it_has() {
    let daemon = start(|_| {}).await;
    let address = daemon.daemon.sip_address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut page = daemon.watch(None).await;
    let going_on = tokio::spawn(call(address, NUMBER, silence(2)));
    let mut listening = false;
    while !listening {
        let event = page.next().await.unwrap().unwrap();
        listening = matches!(event.stage, zavud::domain::CodeStage::Listening { .. });
    }
    let (_, answer) = tokio::join!(daemon.daemon.drain(crate::support::PATIENCE), async {
        // The daemon has drained when the first of these is refused; it was told before.
        for number in 0_u64.. {
            let answer = ask(&mut stream, &format!("options-{number}")).await;
            if answer != "SIP/2.0 200 OK" {
                return answer;
            }
        }
        unreachable!("the numbers do not end")
    });
    assert_eq!(answer, "SIP/2.0 503 Service Unavailable");
    going_on.await.unwrap().unwrap();
    assert_eq!(daemon.outcomes().await, [Some(CallOutcome::Silent)]);
    daemon.daemon.stop().await;
}
