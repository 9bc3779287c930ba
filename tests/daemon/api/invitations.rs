//! Invitations over the API.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use zavud::domain::{Actor, InvitationId, OriginPurpose};
use zavud::onboarding::{Step, take_step};

use super::client::Client;
use super::receiver::Receiver;
use crate::support::{DeafModel, ManualClock, NUMBER, TestDaemon, get, get_with};
use crate::verification::being_verified;

async fn create(client: &Client, body: Value) -> Value {
    let (status, answer) = client.post("/invitations", body).await;
    assert_eq!(status, 201, "{answer}");
    answer["invitation"].clone()
}

fn id(invitation: &Value) -> &str {
    invitation["id"].as_str().unwrap()
}

#[tokio::test]
async fn an_invitation_is_made_with_all_that_is_said_of_it_and_its_link_opens_the_page() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(clock, Box::new(DeafModel), |_| {}).await;
    let client = Client::of(&daemon).await;
    let allowed = "https://app.example.com".parse().unwrap();
    let project = daemon.invited.project.clone();
    daemon
        .daemon
        .store
        .write(move |w| w.allow_origin(&project, OriginPurpose::Redirect, &allowed))
        .await
        .unwrap();
    let asked = json!({
        "clientName": "Ana's \"Caf\u{e9}\" <b>",
        "clientEmail": "ana@example.com",
        "clientPhone": "+15551234567",
        "expiresInDays": 30,
        "allowedPhoneCountries": ["de", "AT"],
        "connectionType": "whatsapp_coexistence",
        "successRedirectUrl": "https://app.example.com/done",
        "failureRedirectUrl": "https://app.example.com/again",
        "state": "s-1",
        "language": "es",
        "theme": "dark",
    });
    let made = create(&client, asked.clone()).await;
    for (name, value) in asked.as_object().unwrap() {
        if !matches!(name.as_str(), "expiresInDays" | "allowedPhoneCountries") {
            assert_eq!(&made[name], value, "{name}");
        }
    }
    assert_eq!(made["allowedPhoneCountries"], json!(["DE", "AT"]));
    assert_eq!(made["createdAt"], "2026-11-18T11:06:40.000Z");
    assert_eq!(made["updatedAt"], made["createdAt"]);
    assert_eq!(made["expiresAt"], "2026-12-18T11:06:40.000Z");
    assert_eq!(made["status"], "pending");
    for name in ["senderId", "viewedAt", "startedAt", "completedAt", "failedAt", "failureReason"] {
        assert_eq!(made[name], Value::Null, "{name}");
    }
    let path = format!("/i/{}", made["token"].as_str().unwrap());
    assert!(made["url"].as_str().unwrap().ends_with(&path), "{made}");
    // As a browser does that goes there.
    let headers = [("sec-fetch-dest", "document")];
    let page = get_with(daemon.daemon.web_address(), &path, &headers).await;
    assert!(page.status == 200 && page.text().contains("lang=\"es\""), "{}", page.text());
    assert!(page.text().contains("content=\"dark\""), "the theme: {}", page.text());
    let known =
        async || client.get(&format!("/invitations/{}", id(&made))).await["invitation"].clone();
    // Nobody waits for that to be written down.
    while known().await["viewedAt"].is_null() {
        tokio::task::yield_now().await;
    }
    assert_eq!(known().await["viewedAt"], made["createdAt"]);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn nothing_has_to_be_said_and_a_number_is_pre_assigned_once() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    let (status, answer) = client.ask("POST", "/invitations", &[], None).await;
    assert_eq!((status, &answer["invitation"]["connectionType"]), (201, &json!("whatsapp_waba")));
    // The test's own invitation has the only number there is.
    let numbers = client.get("/phone-numbers").await;
    let number = numbers["items"][0]["id"].clone();
    let (status, error) = client.post("/invitations", json!({ "phoneNumberId": number })).await;
    assert_eq!((status, &error["code"]), (409, &json!("number_taken")));
    let holder = daemon.invited.invitation.as_str();
    assert!(error["message"].as_str().unwrap().contains(holder), "{error}");
    let (status, _) = client.ask("POST", &format!("/invitations/{holder}/cancel"), &[], None).await;
    assert_eq!(status, 200);
    let made = create(&client, json!({ "phoneNumberId": number })).await;
    assert_eq!(made["phoneNumberId"], number);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_number_that_is_being_verified_is_not_pre_assigned_and_no_link_is_replaced() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    let verification = being_verified(&daemon).await;
    let numbers = client.get("/phone-numbers").await;
    let number = json!({ "phoneNumberId": numbers["items"][0]["id"] });
    let resend = format!("/invitations/{}/resend", daemon.invited.invitation);
    for (path, body) in [("/invitations", number), (resend.as_str(), json!({}))] {
        let (status, error) = client.post(path, body).await;
        assert_eq!((status, &error["code"]), (409, &json!("number_being_verified")), "{path}");
        assert!(error["message"].as_str().unwrap().contains(verification.as_str()), "{error}");
    }
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_list_is_walked_through_from_the_newest_to_the_oldest_and_by_status() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |_| {}).await;
    let client = Client::of(&daemon).await;
    let mut expected = vec![daemon.invited.invitation.to_string()];
    for index in 0..7 {
        clock.advance(Duration::from_millis(1));
        let made = create(&client, json!({ "clientName": format!("Client {index}") })).await;
        expected.insert(0, id(&made).to_owned());
    }
    let walk = async |query: &str| {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = client.get(&format!("/invitations?limit=3&cursor={cursor}{query}")).await;
            let items = page["items"].as_array().unwrap();
            ids.extend(items.iter().map(|item| id(item).to_owned()));
            match page["nextCursor"].as_str() {
                Some(next) => {
                    assert_eq!(items.len(), 3, "only the last page is shorter");
                    cursor = next.to_owned();
                }
                None => return ids,
            }
        }
    };
    assert_eq!(walk("").await, expected);
    let cancelled = expected.remove(2);
    let path = format!("/invitations/{cancelled}/cancel");
    assert_eq!(client.ask("POST", &path, &[], None).await.0, 200);
    assert_eq!(walk("&status=cancelled").await, [cancelled]);
    assert_eq!(walk("&status=pending").await, expected);
    clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    // Whether or not their end was recorded yet.
    assert_eq!(walk("&status=expired").await, expected);
    assert_eq!(walk("&status=pending").await, Vec::<String>::new());
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn an_invitation_is_withdrawn_and_gets_a_new_link_by_the_rules_of_the_pages() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    let made = create(&client, json!({})).await;
    let path = |verb: &str| format!("/invitations/{}/{verb}", id(&made));
    let (status, error) = client.post(&path("resend"), json!({})).await;
    assert_eq!((status, &error["code"]), (409, &json!("invalid_status")));
    let raw = client.raw("POST", &path("resend"), &[], None).await;
    assert_eq!((raw.status.as_u16(), raw.header("x-should-retry")), (409, "false"));
    let (status, answer) = client.ask("POST", &path("cancel"), &[], None).await;
    assert_eq!((status, &answer["invitation"]["status"]), (200, &json!("cancelled")));
    assert_eq!(client.ask("POST", &path("cancel"), &[], None).await.0, 409);
    let (status, answer) = client.post(&path("resend"), json!({ "expiresInDays": 3 })).await;
    assert_eq!((status, &answer["invitation"]["status"]), (200, &json!("pending")));
    assert_ne!(answer["invitation"]["token"], made["token"]);
    let web = daemon.daemon.web_address();
    let link = |invitation: &Value| format!("/i/{}", invitation["token"].as_str().unwrap());
    assert_eq!(get(web, &link(&made)).await.status, 404);
    assert_eq!(get(web, &link(&answer["invitation"])).await.status, 200);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_test_is_brought_to_any_end_and_tells_of_it_as_a_client_would() {
    let daemon = TestDaemon::start_deaf(|config| {
        config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let (client, receiver) = (Client::of_test(&daemon).await, Receiver::start().await);
    let webhook = json!({ "url": receiver.url(), "events": ["invitation.status_changed"] });
    client.post("/invitations/webhook", webhook).await;
    let made = create(&client, json!({ "clientName": "Acme", "clientPhone": NUMBER })).await;
    let simulate = async |made: &Value, outcome: &str| {
        let path = format!("/invitations/{}/simulate", id(made));
        client.post(&path, json!({ "outcome": outcome })).await
    };
    for reason in ["fb_cancelled", "fb_not_authorized", "signup_abandoned", "internal_error"] {
        let (status, answer) = simulate(&made, reason).await;
        let failed = &answer["invitation"];
        assert_eq!((status, &failed["status"]), (200, &json!("failed")));
        assert_eq!(failed["failureReason"], reason);
    }
    let (_, answer) = simulate(&made, "completed").await;
    let completed = &answer["invitation"];
    assert_eq!(completed["status"], "completed");
    assert_eq!(completed["connectedAccount"]["name"], "Acme");
    let sender = client.get("/senders").await["items"][0].clone();
    assert_eq!((&sender["id"], &sender["phoneNumber"]), (&completed["senderId"], &json!(NUMBER)));
    assert_eq!(sender["channels"], json!(["whatsapp"]));
    // Begun and failed four times, begun and completed.
    let told = receiver.told_times(10).await;
    let last = told[9].json();
    assert_eq!(last["data"]["currentStatus"], "completed", "{last}");

    assert_eq!(simulate(&made, "completed").await.0, 409, "it is over");
    let (status, error) = simulate(&made, "messenger").await;
    assert_eq!((status, &error["details"]["errors"][0]["path"]), (400, &json!(["outcome"])));
    let again = create(&client, json!({ "clientPhone": NUMBER })).await;
    let (_, answer) = simulate(&again, "completed").await;
    assert_eq!(answer["invitation"]["senderId"], sender["id"], "it is the same number");
    for (asked, end) in [
        (json!({}), "completed"),
        (json!({ "allowedPhoneCountries": ["KZ"] }), "completed"),
        (json!({ "allowedPhoneCountries": ["DE"], "clientPhone": NUMBER }), "failed"),
    ] {
        let (_, answer) = simulate(&create(&client, asked.clone()).await, "completed").await;
        assert_eq!(answer["invitation"]["status"], end, "{asked}");
    }

    let live = Client::of(&daemon).await;
    let path = format!("/invitations/{}/simulate", daemon.invited.invitation);
    let (status, error) = live.post(&path, json!({ "outcome": "completed" })).await;
    assert_eq!((status, &error["code"]), (409, &json!("live_key")));
    let elsewhere = client.post(&path, json!({ "outcome": "completed" })).await;
    assert_eq!(elsewhere.0, 404);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_program_that_watches_is_told_of_each_step_without_the_code() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    let made = create(&client, json!({})).await;
    let mut events = client.watch(&format!("/invitations/{}/events", id(&made))).await;
    let (name, data) = events.next().await;
    assert_eq!((name.as_str(), &data["status"]), ("invitation", &json!("pending")));
    let (name, data) = events.next().await;
    assert_eq!((name.as_str(), &data), ("stage", &json!({ "stage": "waiting" })));
    let (invitation, now) = (
        InvitationId::from_stored(id(&made).to_owned()),
        zavud::clock::Clock::now(&zavud::clock::SystemClock),
    );
    let begin = daemon
        .daemon
        .store
        .write(move |writer| take_step(writer, &invitation, &Step::Begin, Actor::Client, now));
    begin.await.unwrap().unwrap();
    let (name, data) = events.next().await;
    assert_eq!((name.as_str(), &data["status"]), ("invitation", &json!("in_progress")));
    assert!(data["startedAt"].is_string(), "{data}");
    daemon.daemon.stop().await;
    events.end().await;
}
