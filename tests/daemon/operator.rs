//! What an operator asks: what was said in a call, whether the daemon works, and what load the host stands.

use std::os::unix::fs::PermissionsExt as _;

use tokio::net::UdpSocket;
use tokio::time::timeout;
use zavud::control::{Answer, CallTrace, Question, ask};
use zavud::store::StoreError;

use crate::support::{NUMBER, PATIENCE, TestDaemon, get, zavud};

/// A caller by hand: sends an INVITE with `call_id`, and waits for its final response.
async fn invite(daemon: &TestDaemon, number: &str, call_id: &str) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (us, them) = (socket.local_addr().unwrap(), daemon.daemon.sip_address());
    let session = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                   m=audio 4000 RTP/AVP 0\r\n";
    let text = format!(
        "INVITE sip:{number}@{them} SIP/2.0\r\nVia: SIP/2.0/UDP {us};branch=z9hG4bK{call_id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+15550100777@{us}>;tag=1\r\nTo: <sip:{number}@{them}>\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:{us}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{session}",
        session.len()
    );
    socket.send_to(text.as_bytes(), them).await.unwrap();
    let mut buffer = [0; 2_048];
    loop {
        let length = timeout(PATIENCE, socket.recv(&mut buffer)).await.unwrap().unwrap();
        if !buffer[..length].starts_with(b"SIP/2.0 1") {
            return socket;
        }
    }
}

async fn trace(daemon: &TestDaemon, call: &str, numbers: bool) -> Answer {
    let question = Question::Trace { call: call.to_owned(), numbers };
    ask(&daemon.control_socket(), &question).await.unwrap()
}

/// Who said what: each message with an arrow, ours to the left.
fn said(answer: &Answer) -> Vec<String> {
    let Answer::Trace(CallTrace { messages, .. }) = answer else { panic!("{answer:?}") };
    let arrow = |sent| if sent { "<-" } else { "->" };
    messages.iter().map(|m| format!("{} {} ({})", arrow(m.sent), m.what, m.cseq)).collect()
}

#[tokio::test]
async fn a_call_that_was_refused_can_be_traced_without_its_numbers() {
    let daemon = TestDaemon::start().await;
    let _caller = invite(&daemon, "+15550100999", "refused-1").await;
    let answer = trace(&daemon, "refused-1", false).await;
    assert_eq!(
        said(&answer),
        ["-> INVITE (1 INVITE)", "<- 100 Trying (1 INVITE)", "<- 404 Not Found (1 INVITE)"]
    );
    let Answer::Trace(CallTrace { caller, called, .. }) = answer else { unreachable!() };
    assert_eq!(caller.as_deref(), Some("+***77@127.0.0.1"));
    assert_eq!(called.as_deref(), Some("+***99@127.0.0.1"));

    let Answer::Trace(trace) = trace(&daemon, "refused-1", true).await else { panic!("no trace") };
    assert_eq!(trace.called.as_deref(), Some("+15550100999@127.0.0.1"));
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_call_is_found_by_our_id_while_it_goes_on() {
    let daemon = TestDaemon::start().await;
    let _caller = invite(&daemon, NUMBER, "answered-1").await;
    let calls = daemon.daemon.store.read(|reader| reader.unfinished_calls()).await.unwrap();
    let answer = trace(&daemon, calls[0].id.as_str(), false).await;
    assert_eq!(
        said(&answer),
        ["-> INVITE (1 INVITE)", "<- 100 Trying (1 INVITE)", "<- 200 OK (1 INVITE)"]
    );
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn only_the_daemons_user_may_ask_and_nothing_is_left_when_it_ends() {
    let daemon = TestDaemon::start().await;
    let socket = daemon.control_socket();
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let answer = trace(&daemon, "nobody", false).await;
    assert!(matches!(&answer, Answer::Nothing(reason) if reason.contains("nobody")), "{answer:?}");
    daemon.daemon.stop().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_daemon_that_reads_and_can_not_write_is_not_healthy() {
    let daemon = TestDaemon::start().await;
    let health = async || {
        let answer = get(daemon.daemon.web_address(), "/health").await;
        (answer.status.as_u16(), answer.text().to_owned())
    };
    assert_eq!(health().await, (200, "ok\n".to_owned()));
    // The thread that writes dies, and the second one waits until nobody takes it any more.
    for _ in 0..2 {
        let lost = daemon.daemon.store.write::<(), _>(|_| panic!("on purpose")).await;
        assert!(matches!(lost, Err(StoreError::Closed)), "{lost:?}");
    }
    assert_eq!(health().await, (503, "the store does not write any more\n".to_owned()));
    daemon.daemon.stop().await;
}

#[test]
fn every_call_of_a_load_is_answered_and_every_packet_of_it_decoded() {
    let arguments = "bench sip --calls-per-second 20 --concurrent 10 --seconds 1 --media --json";
    let output = zavud().args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["calls"], &report["completed"]), (&20.into(), &20.into()), "{report}");
    assert_eq!(report["failures"], serde_json::json!({}));
    let audio = &report["audio"];
    assert!(audio["packets_sent"].as_u64().unwrap() > 20, "{report}");
    assert_eq!(audio["packets_received"], audio["packets_sent"], "{report}");
    for figure in ["p50", "p95", "p99", "max"] {
        assert!(report["until_answer_ms"][figure].as_f64().unwrap() > 0.0, "{report}");
    }
    assert!(report["daemon"]["processor_ms_per_call"].as_f64().unwrap() > 0.0, "{report}");
}
