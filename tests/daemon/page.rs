//! The invitation page over HTTP: its addresses, its headers, its live events.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use zavud::clock::Clock as _;
use zavud::domain::{
    Actor, CallId, CallPurpose, CodeStage, EventId, HeardDigit, InvitationStatus, InvitationToken,
    Timestamp,
};
use zavud::onboarding::{Step, take_step};
use zavud::store::{EventKind, NewCall, NewCode, NewEvent, NewLink, NewStage, Store};

use crate::support::{self, Answer, DeafModel, Invited, ManualClock, NUMBER, PATIENCE, TestDaemon};

async fn get(daemon: &TestDaemon, path: &str) -> Answer {
    support::get(daemon.daemon.web_address(), path).await
}

fn stage_event(invited: &Invited, stage: CodeStage, dies_at: Option<Timestamp>) -> NewEvent {
    NewEvent {
        project: invited.project.clone(),
        invitation: invited.invitation.clone(),
        call: None,
        kind: EventKind::DigitsHeard,
        at: Timestamp::from_unix_millis(0),
        stage: Some(NewStage { stage, digits_die_at: dies_at }),
    }
}

async fn append(store: &Store, event: NewEvent) -> EventId {
    store.write(move |writer| writer.append_event(&event)).await.unwrap()
}

fn listening(text: &str) -> CodeStage {
    let digits = text.bytes().map(|digit| HeardDigit { digit: digit - b'0', sure: true });
    CodeStage::Listening { digits: digits.collect() }
}

#[tokio::test]
async fn an_unknown_token_gets_a_plain_page_and_404() {
    let daemon = TestDaemon::start().await;
    let unknown = get(&daemon, "/i/0123456789abcdef0123456789abcdef01234567").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.text().contains("This link does not work"));
    // An address that never was looks the same: nobody learns whether a token existed.
    let elsewhere = get(&daemon, "/elsewhere").await;
    assert_eq!((elsewhere.status, elsewhere.body), (unknown.status, unknown.body));
    let events = get(&daemon, "/i/0123456789abcdef/events").await;
    assert_eq!(events.status, StatusCode::NOT_FOUND);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn the_page_shows_company_number_and_stage_and_is_well_protected() {
    let daemon = TestDaemon::start().await;
    let page = get(&daemon, &format!("/i/{}", daemon.invited.token.expose())).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("Acme") && page.text().contains(NUMBER));
    let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert!(header("content-security-policy").contains("media-src 'self'"));
    assert!(!header("content-security-policy").contains("unsafe"));
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");

    let mut is_live = false;
    for script in page.text().split("src=\"").skip(1) {
        let asset = get(&daemon, script.split('"').next().unwrap()).await;
        assert_eq!(asset.status, StatusCode::OK);
        assert!(asset.headers["cache-control"].to_str().unwrap().contains("immutable"));
        is_live |= asset.text().contains("EventSource");
    }
    assert!(is_live);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn an_invitation_is_gone_at_the_moment_it_expires() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |_| {}).await;
    let path = format!("/i/{}", daemon.invited.token.expose());
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    clock.advance(week - Duration::from_millis(1));
    assert_eq!(get(&daemon, &path).await.status, StatusCode::OK);
    clock.advance(Duration::from_millis(1));
    let gone = get(&daemon, &path).await;
    assert_eq!(gone.status, StatusCode::GONE);
    assert!(gone.text().contains("has expired"));
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn an_open_page_hears_of_the_expiry_at_its_moment_and_nothing_after_it() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |_| {}).await;
    let (store, invited) = (&daemon.daemon.store, &daemon.invited);
    let mut page = daemon.watch(None).await;
    assert_eq!(page.next().await.unwrap().unwrap().stage, CodeStage::Waiting);
    clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    append(store, stage_event(invited, listening("4"), None)).await;
    assert_eq!(page.next().await.unwrap(), None);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn the_timer_ends_an_invitation_that_nobody_looks_at() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |_| {}).await;
    let invitation = daemon.invited.invitation.clone();
    let mut changes = daemon.daemon.feed.subscribe(&invitation);
    clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    changes.changed().await;
    assert_eq!(daemon.statuses().await, [InvitationStatus::Pending, InvitationStatus::Expired]);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_page_whose_link_was_replaced_sees_nothing_of_what_follows() {
    let daemon = TestDaemon::start().await;
    let (store, invited) = (&daemon.daemon.store, daemon.invited.clone());
    let mut page = daemon.watch(None).await;
    assert_eq!(page.next().await.unwrap().unwrap().stage, CodeStage::Waiting);
    let now = zavud::clock::SystemClock.now();
    let link = NewLink {
        token: InvitationToken::new([9; 20]),
        expires_at: now + Duration::from_secs(7 * 24 * 60 * 60),
    };
    let write = store.write(move |writer| {
        let take = |step| take_step(writer, &invited.invitation, &step, Actor::Partner, now);
        take(Step::Cancel)?.unwrap();
        take(Step::Resend(link))?.unwrap();
        writer.append_event(&stage_event(&invited, listening("481"), None))
    });
    write.await.unwrap();
    assert_eq!(page.next().await.unwrap(), None);
    let path = format!("/i/{}", daemon.invited.token.expose());
    assert_eq!(get(&daemon, &path).await.status, StatusCode::NOT_FOUND);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_page_that_was_away_gets_everything_it_missed_in_order() {
    let daemon = TestDaemon::start().await;
    let (store, invited) = (&daemon.daemon.store, &daemon.invited);
    let first = append(store, stage_event(invited, CodeStage::Ringing, None)).await;
    append(store, stage_event(invited, listening("4"), None)).await;
    let last = append(store, stage_event(invited, listening("48"), None)).await;

    let mut away = daemon.watch(Some(first)).await;
    assert_eq!(away.next().await.unwrap().unwrap().stage, listening("4"));
    let newest = away.next().await.unwrap().unwrap();
    assert_eq!((newest.id, newest.stage), (last, listening("48")));

    let mut new = daemon.watch(None).await;
    let now = new.next().await.unwrap().unwrap();
    assert_eq!((now.id, now.stage), (last, listening("48")), "a new page gets the present only");

    append(store, stage_event(invited, listening("481"), None)).await;
    for page in [&mut away, &mut new] {
        assert_eq!(page.next().await.unwrap().unwrap().stage, listening("481"));
    }
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn an_idle_page_hears_a_heartbeat() {
    let daemon = TestDaemon::start_with(
        Arc::new(zavud::clock::SystemClock),
        Box::new(DeafModel),
        |config| config.web.heartbeat = Duration::from_millis(50),
    )
    .await;
    let stream = TcpStream::connect(daemon.daemon.web_address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let path = format!("/i/{}/events?after=0", daemon.invited.token.expose());
    let request = Request::get(path).header("host", "localhost");
    let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    let mut body = response.into_body();
    for event in ["signup", "earlier", "heartbeat"] {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(frame.starts_with(format!("event: {event}").as_bytes()), "{event}: {frame:?}");
    }
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_code_leaves_page_and_disk_when_its_time_is_over() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |_| {}).await;
    let now = clock.now();
    let valid_until = now + Duration::from_secs(600);
    let digits = "907361";
    show_code(&daemon, digits, now, valid_until).await;
    assert!(database_contains(&daemon, digits), "the code is kept while it is valid");

    let mut page = daemon.watch(None).await;
    let shown = page.next().await.unwrap().unwrap();
    assert!(matches!(shown.stage, CodeStage::Code { code, .. } if code.expose() == digits));

    clock.advance(Duration::from_secs(600));
    let path = format!("/i/{}", daemon.invited.token.expose());
    assert!(!get(&daemon, &path).await.text().contains("907"), "not shown from that moment on");
    assert_eq!(page.next().await.unwrap().unwrap().stage, CodeStage::Expired);
    // A query may stand in the way for a moment, and then they leave the log a little later.
    let gone = async {
        while database_contains(&daemon, digits) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("its bytes are gone");
    let replayed = daemon.watch(Some(EventId(0))).await.next().await.unwrap().unwrap();
    assert_eq!(replayed.stage, CodeStage::Expired, "a replay does not bring it back");
    daemon.daemon.stop().await;
}

/// Records a call in which `digits` were read, as the policy of calls does.
async fn show_code(daemon: &TestDaemon, digits: &str, now: Timestamp, valid_until: Timestamp) {
    let invited = daemon.invited.clone();
    let call = CallId::new(now, [5; 10]);
    let code: zavud::domain::SpokenCode = digits.parse().unwrap();
    let number = NUMBER.parse().unwrap();
    let own = daemon.daemon.store.read(move |reader| reader.own_number(&number)).await.unwrap();
    let new_call = NewCall {
        id: call.clone(),
        project: invited.project.clone(),
        number: own.unwrap().id,
        purpose: CallPurpose::Invitation(invited.invitation.clone()),
        trunk: "test".into(),
        sip_call_id: "test".into(),
        caller: None,
        rang_at: now,
    };
    let row = NewCode { call: call.clone(), code: code.clone(), read_at: now, valid_until };
    let half = stage_event(&invited, listening(&digits[..3]), Some(valid_until));
    let read = NewEvent {
        call: Some(call.clone()),
        kind: EventKind::CodeRead,
        ..stage_event(&invited, CodeStage::Code { code, valid_until }, Some(valid_until))
    };
    let ended =
        NewEvent { call: Some(call), kind: EventKind::CallEnded, stage: None, ..half.clone() };
    let write = daemon.daemon.store.write(move |writer| {
        writer.insert_call(&new_call)?;
        writer.insert_code(&row)?;
        for event in [&half, &read, &ended] {
            writer.append_event(event)?;
        }
        Ok(())
    });
    write.await.unwrap();
}

fn database_contains(daemon: &TestDaemon, text: &str) -> bool {
    daemon.database_files().iter().any(|file| {
        let bytes = std::fs::read(file).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn https_is_served_where_a_certificate_is_configured() {
    let directory = tempfile::tempdir().unwrap();
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) =
        (directory.path().join("certificate.pem"), directory.path().join("key.pem"));
    std::fs::write(&certificate, issued.cert.pem()).unwrap();
    std::fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
    let system_clock = Arc::new(zavud::clock::SystemClock);
    let daemon = TestDaemon::start_with(system_clock, Box::new(DeafModel), |config| {
        config.web.tls_certificate = Some(certificate);
        config.web.tls_key = Some(key);
    })
    .await;

    let mut trusted = rustls::RootCertStore::empty();
    trusted.add(issued.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let stream = TcpStream::connect(daemon.daemon.web_address()).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/health").header("host", "localhost");
    let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    drop((sender, response));
    daemon.daemon.stop().await;
}
