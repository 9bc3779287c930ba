//! Pages of the admin hear of every change in their project, and of none elsewhere.

use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, CallId, CallOutcome, CallPurpose, ProjectId, Role};
use zavud::onboarding::{Step, take_step};
use zavud::store::{CallEnd, NewCall, NewProject};

use crate::support::{Browsing, NUMBER, PATIENCE, TestDaemon};

/// The live events of a project, as an open page gets them.
struct Events(Incoming);

impl Events {
    async fn open(server: std::net::SocketAddr, path: &str, browsing: &Browsing) -> Self {
        let stream = TcpStream::connect(server).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let cookie = format!("login={}", browsing.cookie("login").unwrap());
        let request = Request::get(path).header("host", "localhost").header("cookie", cookie);
        let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await;
        let answer = answer.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self(answer.into_body())
    }

    async fn next(&mut self) -> String {
        let frame = timeout(PATIENCE, self.0.frame()).await.expect("something is told");
        let data = frame.unwrap().unwrap().into_data().unwrap();
        String::from_utf8(data.to_vec()).unwrap()
    }
}

#[tokio::test]
async fn a_change_is_told_to_the_pages_of_its_project_alone() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let here = daemon.invited.project.clone();
    let other = ProjectId::new(SystemClock.now(), [77; 10]);
    let new = NewProject { id: other.clone(), name: "Other".into(), created_at: SystemClock.now() };
    store.write(move |writer| writer.insert_project(&new)).await.unwrap();
    let own = Browsing::signed_in(server, store, &here, Role::Viewer).await;
    let stranger = Browsing::signed_in(server, store, &other, Role::Viewer).await;
    let mut own = Events::open(server, &format!("/p/{here}/events"), &own).await;
    let mut strange = Events::open(server, &format!("/p/{other}/events"), &stranger).await;

    let (invitation, now) = (daemon.invited.invitation.clone(), SystemClock.now());
    let cancel = store
        .write(move |writer| take_step(writer, &invitation, &Step::Cancel, Actor::Partner, now));
    cancel.await.unwrap().unwrap();
    assert!(own.next().await.starts_with("event: changed"));
    // A change of its own is the first that the other one hears of.
    let seen = other.clone();
    let rename = store.write(move |writer| {
        writer.record_audit(&zavud::store::NewAuditEntry {
            project: seen,
            at: now,
            who: zavud::domain::AuditActor::Operator,
            action: zavud::domain::AuditAction::BrandChanged,
            subject: None,
        })
    });
    rename.await.unwrap();
    assert!(strange.next().await.starts_with("event: changed"));
}

#[tokio::test]
async fn a_call_is_told_to_the_pages_of_its_project_from_its_ring_to_its_end() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    let browsing = Browsing::signed_in(server, store, &project, Role::Viewer).await;
    let mut events = Events::open(server, &format!("/p/{project}/events"), &browsing).await;
    let (now, invitation) = (SystemClock.now(), daemon.invited.invitation.clone());
    let number = store.read(|reader| reader.own_number(&NUMBER.parse().unwrap())).await;
    let number = number.unwrap().unwrap().id;
    let id = CallId::new(now, [1; 10]);
    let new = NewCall {
        id: id.clone(),
        project,
        number,
        purpose: CallPurpose::Invitation(invitation),
        trunk: "carrier".into(),
        sip_call_id: "a@b".into(),
        caller: None,
        rang_at: now,
    };
    store.write(move |writer| writer.insert_call(&new)).await.unwrap();
    assert!(events.next().await.starts_with("event: changed"));
    let end = CallEnd { outcome: CallOutcome::Silent, confidence: None, quality: None, at: now };
    store.write(move |writer| writer.mark_ended(&id, end)).await.unwrap();
    assert!(events.next().await.starts_with("event: changed"));
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn that_a_webhook_was_told_is_told_to_the_pages_of_its_project() {
    let receiver = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let daemon = TestDaemon::start_deaf(|config| {
        config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    let mut owner = Browsing::signed_in(server, store, &project, Role::Owner).await;
    let settings = format!("/p/{project}/settings/webhook");
    let url = format!("http://{}/hooks", receiver.local_addr().unwrap());
    assert_eq!(owner.submit(&settings, &settings, &[("url", &url)]).await.status, 200);
    let mut events = Events::open(server, &format!("/p/{project}/events"), &owner).await;
    let (invitation, now) = (daemon.invited.invitation.clone(), SystemClock.now());
    let cancel = store
        .write(move |writer| take_step(writer, &invitation, &Step::Cancel, Actor::Partner, now));
    cancel.await.unwrap().unwrap();
    assert!(events.next().await.starts_with("event: changed"));
    // Whoever is told answers only now.
    let (mut told, _) = receiver.accept().await.unwrap();
    told.read_buf(&mut Vec::new()).await.unwrap();
    told.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(events.next().await.starts_with("event: changed"));
    daemon.daemon.stop().await;
}
