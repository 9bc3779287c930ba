//! Messages over the API, and what Meta tells of them.

use serde_json::{Value, json};
use zavud::meta::graph::AppSecret;
use zavud::meta::sandbox::APP_SECRET;

use super::client::Client;
use super::receiver::Receiver;
use crate::sandbox::visitor::{StandIn, Visitor};
use crate::support::{NUMBER, TestDaemon, post, post_with};

/// A daemon with a sender that is connected, at a stand-in for Meta.
async fn connected(meta: &StandIn) -> (TestDaemon, Client) {
    let daemon = TestDaemon::start_deaf(|config| {
        meta.configure(config);
        // Programs here ask until something has happened.
        config.api.requests_per_minute = 1_000_000;
        config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let web = daemon.daemon.web_address();
    let token = daemon.invited.token.expose();
    let begun = post(web, &format!("/i/{token}/signup/begin"), "{}").await;
    let signup: Value = serde_json::from_str(begun.text()).unwrap();
    let end = Visitor::verify_by_text(meta.sandbox.address(), "Acme", NUMBER).await;
    let report = end.report(signup["signup"].as_str().unwrap());
    let mut changes = daemon.daemon.feed.subscribe(&daemon.invited.invitation);
    post(web, &format!("/i/{token}/signup/result"), &report).await;
    let client = Client::of(&daemon).await;
    while client.get("/senders").await["items"] == json!([]) {
        changes.changed().await;
    }
    (daemon, client)
}

/// Waits until a message came this far.
async fn message_when(client: &Client, id: &Value, status: &str) -> Value {
    let path = format!("/messages/{}", id.as_str().unwrap());
    loop {
        let message = client.get(&path).await["message"].clone();
        if message["status"] == status {
            return message;
        }
        assert_ne!(message["status"], "failed", "{message}");
        tokio::task::yield_now().await;
    }
}

/// What Meta says of a message, signed.
async fn told_by_meta(daemon: &TestDaemon, value: Value) -> u16 {
    let changes = json!([{ "field": "messages", "value": value }]);
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "changes": changes }] });
    let (body, secret) = (body.to_string(), AppSecret::new(APP_SECRET.into()));
    let signature = zavud::meta::webhook::signature(&secret, body.as_bytes());
    let headers = [("x-hub-signature-256", signature.as_str())];
    post_with(daemon.daemon.web_address(), "/meta/webhook", &headers, &body).await.status.as_u16()
}

#[tokio::test]
async fn what_meta_tells_of_a_number_is_never_for_a_test_that_claims_it() {
    let meta = StandIn::start().await;
    let (daemon, client) = connected(&meta).await;
    let number = client.get("/senders").await["items"][0]["whatsapp"]["phoneNumberId"].clone();
    let test = Client::of_test(&daemon).await;
    let claim = json!({ "clientPhone": format!("+{}", number.as_str().unwrap()) });
    let (_, made) = test.post("/invitations", claim).await;
    let path = format!("/invitations/{}/simulate", made["invitation"]["id"].as_str().unwrap());
    let (_, ended) = test.post(&path, json!({ "outcome": "completed" })).await;
    assert_eq!(ended["invitation"]["status"], "completed");
    assert_eq!(test.get("/senders").await["items"][0]["whatsapp"]["phoneNumberId"], number);

    let inbound = json!({
        "metadata": { "phone_number_id": number },
        "messages": [{ "from": "15551234567", "id": "wamid.in", "type": "text", "text": { "body": "Hi!" } }],
    });
    assert_eq!(told_by_meta(&daemon, inbound).await, 200);
    assert_eq!(client.get("/messages").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(test.get("/messages").await["items"], json!([]));
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn a_message_is_sent_by_the_default_sender_and_followed_by_what_meta_tells() {
    let meta = StandIn::start().await;
    let (daemon, client) = connected(&meta).await;
    let (receiver, sender) =
        (Receiver::start().await, client.get("/senders").await["items"][0].clone());
    let path = format!("/senders/{}", sender["id"].as_str().unwrap());
    let (_, changed) = client.patch(&path, json!({ "webhookUrl": receiver.url() })).await;
    let secret = changed["webhook"]["secret"].as_str().unwrap().to_owned();
    let asked = json!({
        "to": "+15551234567", "text": "Hello \u{1f44b}", "channel": "whatsapp",
        "metadata": { "order": "7" }, "idempotencyKey": "m-1",
    });
    let (status, answer) = client.post("/messages", asked.clone()).await;
    let message = &answer["message"];
    assert_eq!((status, &message["status"]), (202, &json!("queued")));
    assert_eq!((&message["from"], &message["to"]), (&json!(NUMBER), &json!("+15551234567")));
    assert_eq!(
        (&message["senderId"], &message["metadata"]),
        (&sender["id"], &json!({ "order": "7" }))
    );
    let sent = message_when(&client, &message["id"], "sent").await;
    let name = sent["providerMessageId"].clone();
    assert!(name.as_str().unwrap().starts_with("wamid."), "{sent}");
    assert_eq!(client.post("/messages", asked).await.1, answer, "it is sent once");
    assert_eq!(meta.asked_times("POST messages"), 1);

    let number = &sender["whatsapp"]["phoneNumberId"];
    let status = |status: &str| {
        json!({ "metadata": { "phone_number_id": number },
                "statuses": [{ "id": name, "status": status, "timestamp": "1795000000" }] })
    };
    for told in ["delivered", "sent", "delivered", "read", "delivered"] {
        assert_eq!(told_by_meta(&daemon, status(told)).await, 200);
    }
    assert_eq!(
        client.get(&format!("/messages/{}", sent["id"].as_str().unwrap())).await["message"]["status"],
        "read"
    );
    let inbound = json!({
        "metadata": { "phone_number_id": number },
        "messages": [{ "from": "15551234567", "id": "wamid.in", "type": "text", "text": { "body": "Hi!" } }],
    });
    for _ in 0..2 {
        assert_eq!(told_by_meta(&daemon, inbound.clone()).await, 200);
    }
    let told = receiver.told_times(5).await;
    let mut kinds: Vec<_> =
        told.iter().map(|told| told.json()["type"].as_str().unwrap().to_owned()).collect();
    // What is about different messages comes in any order.
    kinds.sort();
    let expected =
        ["message.delivered", "message.inbound", "message.queued", "message.read", "message.sent"];
    assert_eq!(kinds, expected);
    let now = zavud::clock::Clock::now(&zavud::clock::SystemClock).unix_millis() / 1_000;
    assert!(told.iter().all(|told| told.is_signed(&secret, "v2", now)));
    assert!(told.iter().all(|told| told.json()["senderId"] == sender["id"]));
    let received = client.get("/messages?status=received").await["items"][0].clone();
    assert_eq!((&received["direction"], &received["text"]), (&json!("inbound"), &json!("Hi!")));
    assert_eq!((&received["from"], &received["to"]), (&json!("+15551234567"), &json!(NUMBER)));
    let listed = client.get("/messages?to=%2B15551234567").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_followed_by_the_name_that_we_gave_it() {
    let meta = StandIn::start().await;
    let (daemon, client) = connected(&meta).await;
    let sender = client.get("/senders").await["items"][0].clone();
    meta.let_go_wrong("messages", "broken").await;
    let asked = json!({ "to": "+15551234567", "text": "Hello", "channel": "whatsapp" });
    let (_, answer) = client.post("/messages", asked).await;
    let id = &answer["message"]["id"];
    let path = format!("/messages/{}", id.as_str().unwrap());
    let message = async || client.get(&path).await["message"].clone();
    while message().await["status"] != "failed" {
        tokio::task::yield_now().await;
    }
    assert_eq!(message().await["errorCode"], "delivery_unknown");

    let told = async |number: &str, name: &str, status: &str| {
        let status = json!({ "id": name, "status": status, "biz_opaque_callback_data": id });
        let metadata = json!({ "phone_number_id": number });
        told_by_meta(&daemon, json!({ "metadata": metadata, "statuses": [status] })).await
    };
    let number = sender["whatsapp"]["phoneNumberId"].as_str().unwrap();
    assert_eq!(told("1", "wamid.other", "delivered").await, 200);
    assert_eq!(message().await["status"], "failed", "anybody can call a message of his so");
    assert_eq!(told(number, "wamid.late", "delivered").await, 200);
    let known = message().await;
    assert_eq!((&known["status"], &known["errorCode"]), (&json!("delivered"), &Value::Null));
    assert_eq!(known["providerMessageId"], "wamid.late");
    assert_eq!(told(number, "wamid.other", "read").await, 200);
    assert_eq!(message().await["status"], "delivered", "it has its name");
    assert_eq!(told(number, "wamid.late", "read").await, 200);
    assert_eq!(message().await["status"], "read");
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn what_can_not_be_sent_is_refused_with_its_reason() {
    let meta = StandIn::start().await;
    let (daemon, client) = connected(&meta).await;
    for (body, path) in [
        (json!({ "to": "020 7183", "text": "Hi" }), "to"),
        (json!({ "to": "+15551234567" }), "text"),
        (json!({ "to": "+15551234567", "text": "" }), "text"),
        (json!({ "to": "+15551234567", "text": "x".repeat(4_097) }), "text"),
        (json!({ "to": "+15551234567", "text": "Hi", "channel": "sms" }), "channel"),
        (json!({ "to": "+15551234567", "text": "Hi", "messageType": "image" }), "messageType"),
        (json!({ "to": "+15551234567", "text": "Hi", "idempotencyKey": "" }), "idempotencyKey"),
    ] {
        let (status, error) = client.post("/messages", body.clone()).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(error["details"]["errors"][0]["path"], json!([path]), "{error}");
    }
    for sender in ["snd_0", "snd_0190a0b0c0d0e0f00190a0b0c0d0e0f0"] {
        let body = json!({ "to": "+15551234567", "text": "Hi" });
        let headers = [("zavu-sender", sender)];
        let (status, error) = client.ask("POST", "/messages", &headers, Some(body)).await;
        assert_eq!(
            (status, &error["details"]["errors"][0]["path"]),
            (400, &json!(["Zavu-Sender"]))
        );
    }
    assert_eq!(client.get("/messages").await["items"], json!([]));
    assert_eq!(meta.asked_times("POST messages"), 0);
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn a_message_of_a_test_goes_nowhere_and_is_said_to_have_arrived() {
    let meta = StandIn::start().await;
    let (daemon, _) = connected(&meta).await;
    let test = Client::of_test(&daemon).await;
    let body = json!({ "to": "+15551234567", "text": "Hi" });
    assert_eq!(test.post("/messages", body.clone()).await.0, 400, "the test has no sender yet");
    test.post("/senders", json!({ "name": "Try", "phoneNumber": "+15550100200" })).await;
    let (status, answer) = test.post("/messages", body).await;
    assert_eq!(status, 202);
    message_when(&test, &answer["message"]["id"], "delivered").await;
    assert_eq!(meta.asked_times("POST messages"), 0);
    daemon.daemon.stop().await;
    meta.stop().await;
}
