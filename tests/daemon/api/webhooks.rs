//! What partners' programs are told, and how.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use zavud::clock::Clock as _;
use zavud::domain::{
    Actor, FailureReason, InvitationId, Timestamp, WebhookEventId, WebhookEventKind,
};
use zavud::onboarding::{Step, take_step};
use zavud::store::{NewWebhookEvent, WebhookEventState};

use super::client::Client;
use super::receiver::{Receiver, Reply, Told, is_signed};
use crate::sandbox::visitor::{StandIn, Visitor};
use crate::support::{DeafModel, ManualClock, NUMBER, PATIENCE, TestDaemon, post};

/// A daemon whose webhooks may go to this machine, a receiver there, and a program that has set it up.
struct Scene {
    daemon: TestDaemon,
    clock: Arc<ManualClock>,
    client: Client,
    receiver: Receiver,
    secret: String,
}

impl Scene {
    async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    async fn open_with(adjust: impl FnOnce(&mut zavud::config::Config)) -> Self {
        let clock = Arc::new(ManualClock::new());
        let daemon =
            TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |config| {
                config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
                adjust(config);
            })
            .await;
        let (client, receiver) = (Client::of(&daemon).await, Receiver::start().await);
        let asked = json!({ "url": receiver.url(), "events": ["invitation.status_changed"] });
        let (status, answer) = client.post("/invitations/webhook", asked).await;
        assert_eq!(status, 200, "{answer}");
        let secret = answer["webhook"]["secret"].as_str().unwrap().to_owned();
        Self { daemon, clock, client, receiver, secret }
    }

    async fn take(&self, step: Step) {
        self.take_for(&self.daemon.invited.invitation, step).await;
    }

    async fn take_for(&self, invitation: &InvitationId, step: Step) {
        let (invitation, now) = (invitation.clone(), self.clock.now());
        let store = &self.daemon.daemon.store;
        let write =
            store.write(move |writer| take_step(writer, &invitation, &step, Actor::Client, now));
        write.await.unwrap().unwrap();
    }

    async fn new_invitation(&self) -> InvitationId {
        let (_, answer) = self.client.post("/invitations", json!({ "clientName": "Ana" })).await;
        InvitationId::parse(answer["invitation"]["id"].as_str().unwrap()).unwrap()
    }

    /// So much is to be told of so many invitations.
    async fn much_happens(&self, count: usize) {
        let (project, now) = (self.daemon.invited.project.clone(), self.clock.now());
        let write = self.daemon.daemon.store.write(move |writer| {
            let webhook = writer.webhook_of_invitations(&project)?.unwrap();
            (0..count).try_for_each(|index| {
                writer.insert_webhook_event(&NewWebhookEvent {
                    id: WebhookEventId::from_stored(format!("evt_{index:032x}")),
                    webhook: webhook.id.clone(),
                    project: project.clone(),
                    subject: format!("inv_{index:032x}"),
                    kind: WebhookEventKind::InvitationStatusChanged,
                    body: "{}".into(),
                    at: now,
                })
            })
        });
        write.await.unwrap();
    }

    fn seconds(&self) -> i64 {
        self.clock.now().unix_millis() / 1_000
    }

    /// How each try to tell something went.
    async fn failures(&self, told: &Told) -> Vec<Option<String>> {
        let (project, id) =
            (self.daemon.invited.project.clone(), WebhookEventId::parse(&told.id()).unwrap());
        let read = self.daemon.daemon.store.read(move |reader| {
            let event = reader.webhook_event(&project, &id)?.unwrap();
            reader.webhook_tries(event.number)
        });
        read.await.unwrap().into_iter().map(|tried| tried.failure).collect()
    }

    /// The same, once it is written down how so many tries went: the receiver knows a little sooner.
    async fn failures_of(&self, told: &Told, tries: usize) -> Vec<Option<String>> {
        let written = async {
            loop {
                let failures = self.failures(told).await;
                if failures.len() >= tries {
                    break failures;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, written).await.expect("each try is written down")
    }

    async fn webhook(&self) -> Value {
        self.client.get("/invitations/webhook").await["webhook"].clone()
    }
}

fn steps(told: &[Told]) -> Vec<(String, String)> {
    told.iter().map(Told::step).collect()
}

fn step(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

#[tokio::test]
async fn each_change_of_an_invitation_is_told_in_order_and_signed() {
    let scene = Scene::open().await;
    for change in [Step::Begin, Step::Fail(FailureReason::Cancelled), Step::Begin, Step::Cancel] {
        scene.take(change).await;
        scene.clock.advance(Duration::from_secs(1));
    }
    let told = scene.receiver.told_times(4).await;
    let expected = [
        step("pending", "in_progress"),
        step("in_progress", "failed"),
        step("failed", "in_progress"),
        step("in_progress", "cancelled"),
    ];
    assert_eq!(steps(&told), expected);
    let failed = &told[1];
    assert_eq!(failed.path, "/hooks?of=acme");
    for (name, value) in [
        ("content-type", "application/json"),
        ("user-agent", "Zavu-Webhook/1.0"),
        ("x-zavu-event", "invitation.status_changed"),
    ] {
        assert_eq!(failed.headers[name], value);
    }
    for told in &told {
        assert!(told.is_signed(&scene.secret, "v2", scene.seconds()), "{told:?}");
        assert!(!told.signature().contains("v1="), "{}", told.signature());
    }
    let mut envelope = failed.json();
    assert!(envelope["id"].as_str().unwrap().starts_with("evt_"));
    envelope["id"].take();
    let expected = json!({
        "id": null,
        "type": "invitation.status_changed",
        "timestamp": 1_795_000_001_000_i64,
        "projectId": scene.daemon.invited.project,
        "data": {
            "invitationId": scene.daemon.invited.invitation,
            "clientName": null,
            "clientEmail": null,
            "connectionType": "whatsapp_waba",
            "previousStatus": "in_progress",
            "currentStatus": "failed",
            "failureReason": "fb_cancelled",
        },
    });
    assert_eq!(envelope, expected);
    scene.daemon.daemon.stop().await;
}

#[tokio::test]
async fn whoever_is_told_that_it_is_completed_is_told_the_sender_and_what_was_connected() {
    let meta = StandIn::start().await;
    let scene = Scene::open_with(|config| meta.configure(config)).await;
    let (web, token) =
        (scene.daemon.daemon.web_address(), scene.daemon.invited.token.expose().to_owned());
    let begun = post(web, &format!("/i/{token}/signup/begin"), "{}").await;
    let signup: Value = serde_json::from_str(begun.text()).unwrap();
    let end = Visitor::verify_by_text(meta.sandbox.address(), "Ana's Caf\u{e9}", NUMBER).await;
    let report = end.report(signup["signup"].as_str().unwrap());
    post(web, &format!("/i/{token}/signup/result"), &report).await;
    let told = scene.receiver.told_times(2).await;
    let completed = told[1].json();
    assert_eq!(told[1].step(), step("in_progress", "completed"));
    let sender = scene.client.get("/senders").await["items"][0].clone();
    assert_eq!(
        (&completed["senderId"], &completed["data"]["senderId"]),
        (&sender["id"], &sender["id"])
    );
    let account = &completed["data"]["connectedAccount"];
    assert_eq!((&account["channel"], &account["name"]), (&json!("whatsapp"), &sender["name"]));
    assert_eq!(account["id"], sender["whatsapp"]["phoneNumberId"]);
    let path = format!("/invitations/{}", scene.daemon.invited.invitation);
    let invitation = scene.client.get(&path).await["invitation"].clone();
    assert_eq!(invitation["connectedAccount"]["id"], account["id"]);
    assert_eq!(
        (&invitation["senderId"], &sender["channels"]),
        (&sender["id"], &json!(["whatsapp"]))
    );
    scene.daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_on_schedule_and_nothing_overtakes() {
    let scene = Scene::open().await;
    scene.receiver.reply([Reply::Status(500), Reply::Redirect("http://127.0.0.1:1/")]);
    scene.take(Step::Begin).await;
    let first = scene.receiver.told_times(1).await.remove(0);
    scene.take(Step::Cancel).await;
    let other = scene.new_invitation().await;
    scene.take_for(&other, Step::Cancel).await;
    // The other invitation is told of at once, by the redirect, which is not followed.
    let told = scene.receiver.told_times(2).await;
    assert_eq!(told[1].json()["data"]["invitationId"], json!(other));
    scene.clock.advance(Duration::from_secs(67));
    let told = scene.receiver.told_times(5).await;
    let of_first: Vec<_> = told
        .iter()
        .filter(|told| told.json()["data"]["invitationId"] != json!(other))
        .cloned()
        .collect();
    let expected = [
        step("pending", "in_progress"),
        step("pending", "in_progress"),
        step("in_progress", "cancelled"),
    ];
    assert_eq!(steps(&of_first), expected);
    assert_eq!((of_first[0].id(), &of_first[0].body), (of_first[1].id(), &of_first[1].body));
    let failed = scene.failures_of(&first, 2).await;
    assert_eq!(failed, [Some("the answer is 500".to_owned()), None]);
    let redirected = scene.failures_of(&told[1], 2).await;
    let expected = "the answer is 307, and no redirect is followed".to_owned();
    assert_eq!(redirected, [Some(expected), None]);
    scene.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_dead_is_paused_and_what_it_missed_is_told_when_it_is_back() {
    let scene = Scene::open().await;
    scene.receiver.reply([Reply::Status(503); 6]);
    scene.take(Step::Begin).await;
    scene.take(Step::Cancel).await;
    for (tries, wait) in [(1, 67), (2, 331), (3, 991), (4, 3_961), (5, 15_841)] {
        scene.receiver.told_times(tries).await;
        scene.failures_of(&scene.receiver.told()[0], tries).await;
        scene.clock.advance(Duration::from_secs(wait));
    }
    let told = scene.receiver.told_times(6).await;
    while scene.webhook().await["paused"] == false {
        tokio::task::yield_now().await;
    }
    assert_eq!(steps(&told), vec![step("pending", "in_progress"); 6]);
    let (status, answer) =
        scene.client.patch("/invitations/webhook", json!({ "active": true })).await;
    assert_eq!((status, &answer["webhook"]["paused"]), (200, &json!(false)));
    let told = scene.receiver.told_times(8).await;
    let expected = [step("pending", "in_progress"), step("in_progress", "cancelled")];
    assert_eq!(steps(&told[6..]), expected);
    scene.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_receiver_that_hangs_keeps_no_other_waiting() {
    let scene = Scene::open().await;
    scene.receiver.reply([Reply::Nothing; 64]);
    for _ in 0..8 {
        let invitation = scene.new_invitation().await;
        scene.take_for(&invitation, Step::Cancel).await;
    }
    scene.receiver.told_times(4).await;
    another_is_told(&scene.daemon).await;
    assert_eq!(scene.receiver.told().len(), 4, "so many are under way to one");
    scene.daemon.daemon.stop().await;
}

#[tokio::test]
async fn behind_two_thousand_events_of_a_receiver_that_hangs_others_are_seen() {
    let scene = Scene::open().await;
    scene.receiver.reply([Reply::Nothing; 2_000]);
    scene.much_happens(2_000).await;
    scene.receiver.told_times(4).await;
    another_is_told(&scene.daemon).await;
    scene.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_project_with_many_receivers_that_hang_keeps_no_other_waiting() {
    let scene = Scene::open().await;
    let (test, hanging) = (Client::of_test(&scene.daemon).await, Receiver::start().await);
    hanging.reply([Reply::Nothing; 80]);
    for index in 10..30 {
        let asked = json!({
            "name": "S", "phoneNumber": format!("+155501002{index}"),
            "webhookUrl": hanging.url(), "webhookEvents": ["invitation.status_changed"],
        });
        assert_eq!(test.post("/senders", asked).await.0, 201);
    }
    // Twenty receivers with four things to be told each.
    for _ in 0..4 {
        cancel_one(&test).await;
    }
    hanging.told_times(16).await;
    scene.take(Step::Begin).await;
    assert_eq!(steps(&scene.receiver.told_times(1).await), [step("pending", "in_progress")]);
    assert_eq!(hanging.told().len(), 16, "so many are under way of one project");
    scene.daemon.daemon.stop().await;
}

/// A program makes an invitation and withdraws it.
async fn cancel_one(client: &Client) {
    let (_, made) = client.post("/invitations", json!({})).await;
    let path = format!("/invitations/{}/cancel", made["invitation"]["id"].as_str().unwrap());
    assert_eq!(client.ask("POST", &path, &[], None).await.0, 200);
}

/// Waits until a receiver of another project is told of something.
async fn another_is_told(daemon: &TestDaemon) {
    let (test, other) = (Client::of_test(daemon).await, Receiver::start().await);
    let asked = json!({ "url": other.url(), "events": ["invitation.status_changed"] });
    assert_eq!(test.post("/invitations/webhook", asked).await.0, 200);
    cancel_one(&test).await;
    assert_eq!(steps(&other.told_times(1).await), [step("pending", "cancelled")]);
}

#[tokio::test]
async fn a_webhook_keeps_its_secret_when_it_is_replaced_and_both_sign_when_that_is_rotated() {
    let scene = Scene::open().await;
    let asked = json!({
        "url": scene.receiver.url(), "events": ["invitation.status_changed"],
        "signatureVersion": "v1+v2",
    });
    let (_, answer) = scene.client.post("/invitations/webhook", asked).await;
    assert_eq!(answer["webhook"]["secret"], json!(scene.secret));
    assert!(scene.webhook().await.get("secret").is_none());
    let once = [("idempotency-key", "rotate-1")];
    let rotate = async || {
        let path = "/invitations/webhook/secret";
        scene.client.ask("POST", path, &once, None).await.1["secret"].as_str().unwrap().to_owned()
    };
    let secret = rotate().await;
    assert_ne!(secret, scene.secret);
    assert_eq!(rotate().await, secret, "it is rotated once, and told again");
    scene.take(Step::Begin).await;
    let told = scene.receiver.told_times(1).await.remove(0);
    for secret in [&secret, &scene.secret] {
        for version in ["v1", "v2"] {
            assert!(told.is_signed(secret, version, scene.seconds()), "{version}");
        }
    }
    scene.clock.advance(Duration::from_secs(24 * 60 * 60));
    scene.take(Step::Cancel).await;
    let told = scene.receiver.told_times(2).await.remove(1);
    assert!(told.is_signed(&secret, "v2", scene.seconds()));
    assert!(!told.is_signed(&scene.secret, "v2", scene.seconds()), "a day is over");
    for file in scene.daemon.database_files() {
        let bytes = std::fs::read(&file).unwrap();
        let is_there = bytes.windows(6).any(|part| part == b"whsec_");
        assert!(!is_there, "a secret in {}", file.display());
    }
    scene.daemon.daemon.stop().await;
}

#[tokio::test]
async fn what_was_changed_or_signed_at_another_time_is_not_believed() {
    let scene = Scene::open().await;
    scene.take(Step::Begin).await;
    let told = scene.receiver.told_times(1).await.remove(0);
    let (now, secret) = (scene.seconds(), scene.secret.as_str());
    let check = |header: &str, body: &str, secret: &str, at: i64| {
        is_signed(header, body, (secret, "v2"), at)
    };
    let (header, body) = (told.signature(), told.body.as_str());
    assert!(check(header, body, secret, now));
    assert!(check(header, body, secret, now + 299) && check(header, body, secret, now - 299));
    assert!(!check(header, body, secret, now + 301) && !check(header, body, secret, now - 301));
    assert!(!check(header, &body.replace("in_progress", "completed"), secret, now));
    assert!(!check(header, &format!("{body} "), secret, now));
    assert!(!check(header, body, "whsec_0", now));
    let later = header.replace(&format!("t={now}"), &format!("t={}", now + 1));
    assert!(!check(&later, body, secret, now), "the moment is signed as well");
    scene.daemon.daemon.stop().await;
}

#[tokio::test]
async fn what_was_told_is_in_a_log_and_told_once_more_with_the_same_id() {
    let scene = Scene::open().await;
    scene.take(Step::Begin).await;
    let first = scene.receiver.told_times(1).await.remove(0);
    let (project, store) = (&scene.daemon.invited.project, &scene.daemon.daemon.store);
    let listed = async || {
        let project = project.clone();
        store.read(move |reader| reader.webhook_events(&project, None, 10)).await.unwrap()
    };
    while listed().await[0].state != WebhookEventState::Delivered {
        tokio::task::yield_now().await;
    }
    let id = WebhookEventId::parse(&first.id()).unwrap();
    let replay = async |project: zavud::domain::ProjectId| {
        let (id, now) = (id.clone(), scene.clock.now());
        let write = store.write(move |writer| writer.replay_webhook_event(&project, &id, now));
        write.await.unwrap()
    };
    let stranger = zavud::domain::ProjectId::new(Timestamp::from_unix_millis(0), [9; 10]);
    assert!(!replay(stranger).await);
    assert!(replay(project.clone()).await);
    let again = scene.receiver.told_times(2).await.remove(1);
    assert_eq!((again.id(), again.body), (first.id(), first.body));
    scene.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_webhook_that_is_switched_off_is_told_nothing_and_one_that_is_none_is_refused() {
    let scene = Scene::open().await;
    let (_, off) = scene.client.patch("/invitations/webhook", json!({ "active": false })).await;
    assert_eq!(off["webhook"]["active"], false);
    scene.take(Step::Begin).await;
    scene.client.patch("/invitations/webhook", json!({ "active": true })).await;
    scene.take(Step::Cancel).await;
    assert_eq!(steps(&scene.receiver.told_times(1).await), [step("in_progress", "cancelled")]);
    for (body, path) in [
        (json!({ "url": "http://10.0.0.1/", "events": ["invitation.status_changed"] }), "url"),
        (json!({ "url": "https://[::1]/", "events": ["invitation.status_changed"] }), "url"),
        (json!({ "url": "x", "events": ["invitation.status_changed"] }), "url"),
        (json!({ "url": scene.receiver.url(), "events": [] }), "events"),
        (json!({ "url": scene.receiver.url(), "events": ["message.sent"] }), "events"),
        (json!({ "url": scene.receiver.url(), "events": ["x"] }), "events"),
    ] {
        let (status, error) = scene.client.post("/invitations/webhook", body.clone()).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(error["details"]["errors"][0]["path"], json!([path]), "{error}");
    }
    let test = Client::of_test(&scene.daemon).await;
    assert_eq!(test.get("/invitations/webhook").await, json!({ "webhook": null }));
    assert_eq!(test.patch("/invitations/webhook", json!({ "active": true })).await.0, 404);
    scene.daemon.daemon.stop().await;
}
