//! Senders and phone numbers over the API.

use serde_json::{Value, json};

use super::client::Client;
use crate::support::{NUMBER, TestDaemon};

async fn create(client: &Client, body: Value) -> Value {
    let (status, sender) = client.post("/senders", body).await;
    assert_eq!(status, 201, "{sender}");
    sender
}

#[tokio::test]
async fn a_sender_is_named_for_a_number_of_ours_and_waits_for_it_to_be_connected() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    let made = create(&client, json!({ "name": "Acme", "phoneNumber": NUMBER })).await;
    assert_eq!((&made["channels"], &made["isDefault"]), (&json!([]), &json!(true)));
    assert!(made.get("whatsapp").is_none() && made.get("webhook").is_none(), "{made}");
    let id = made["id"].as_str().unwrap();
    assert_eq!(client.get(&format!("/senders/{id}")).await, made);
    assert_eq!(client.get("/senders").await, json!({ "items": [made], "nextCursor": null }));
    for (body, path) in [
        (json!({ "name": "Again", "phoneNumber": NUMBER }), "phoneNumber"),
        (json!({ "name": "Other", "phoneNumber": "+15550100999" }), "phoneNumber"),
        (json!({ "name": "Other" }), "phoneNumber"),
        (json!({ "name": "", "phoneNumber": NUMBER }), "name"),
        (json!({ "name": "X", "phoneNumber": NUMBER, "webhookEvents": [] }), "webhookUrl"),
    ] {
        let (status, error) = client.post("/senders", body.clone()).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(error["details"]["errors"][0]["path"], json!([path]), "{error}");
    }
    let (_, error) = client.post("/messages", json!({ "to": "+15551234567", "text": "Hi" })).await;
    assert_eq!(error["code"], "not_set_up", "no app of Meta's is configured here");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_default_passes_on_and_a_sender_that_is_removed_is_gone() {
    let daemon = TestDaemon::start().await;
    let client = Client::of_test(&daemon).await;
    let mut ids = Vec::new();
    for index in 0..3 {
        let number = format!("+1555010020{index}");
        let made = create(&client, json!({ "name": "S", "phoneNumber": number })).await;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let path = |index: usize| format!("/senders/{}", ids[index]);
    let defaults = async || {
        let page = client.get("/senders").await;
        let senders = page["items"].as_array().unwrap().clone();
        let is_default = |sender: &&Value| sender["isDefault"] == true;
        let ids = senders.iter().filter(is_default).map(|sender| sender["id"].clone());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(defaults().await, [json!(ids[0])]);
    let (status, changed) =
        client.patch(&path(2), json!({ "setAsDefault": true, "name": "Third" })).await;
    assert_eq!((status, &changed["name"]), (200, &json!("Third")));
    assert_eq!(defaults().await, [json!(ids[2])]);
    assert_eq!(client.ask("DELETE", &path(2), &[], None).await, (204, Value::Null));
    assert_eq!(client.ask("DELETE", &path(2), &[], None).await.0, 404);
    assert_eq!(client.ask("GET", &path(2), &[], None).await.0, 404);
    assert_eq!(defaults().await, [json!(ids[0])], "the oldest that is left");
    assert_eq!(client.patch(&path(0), json!({ "setAsDefault": false })).await.0, 400);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_sender_s_webhook_is_made_changed_by_way_of_both_signatures_and_removed() {
    let daemon = TestDaemon::start().await;
    let client = Client::of_test(&daemon).await;
    let made = create(
        &client,
        json!({
            "name": "S", "phoneNumber": "+15550100200",
            "webhookUrl": "https://hooks.example.com/zavu", "webhookEvents": ["message.sent"],
            "webhookSignatureVersion": "v1",
        }),
    )
    .await;
    let secret = made["webhook"]["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() > 40);
    let path = format!("/senders/{}", made["id"].as_str().unwrap());
    assert!(client.get(&path).await["webhook"].get("secret").is_none());
    let (status, error) = client.patch(&path, json!({ "webhookSignatureVersion": "v2" })).await;
    assert_eq!((status, &error["code"]), (400, &json!("invalid_request")));
    for version in ["v1+v2", "v2"] {
        let (_, changed) = client.patch(&path, json!({ "webhookSignatureVersion": version })).await;
        assert_eq!(changed["webhook"]["signatureVersion"], version);
    }
    let (_, changed) = client.patch(&path, json!({ "webhookActive": false })).await;
    assert_eq!(changed["webhook"]["active"], false);
    let (status, rotated) = client.ask("POST", &format!("{path}/webhook/secret"), &[], None).await;
    assert_eq!(status, 200);
    assert_ne!(rotated["secret"], secret);
    for url in ["https://127.0.0.1/", "https://169.254.169.254/latest", "http://example.com/", "x"]
    {
        let (status, error) = client.patch(&path, json!({ "webhookUrl": url })).await;
        assert_eq!(status, 400, "{url}");
        assert_eq!(error["details"]["errors"][0]["path"], json!(["webhookUrl"]), "{error}");
    }
    let (_, changed) = client.patch(&path, json!({ "webhookUrl": null })).await;
    assert!(changed.get("webhook").is_none(), "{changed}");
    assert_eq!(client.ask("POST", &format!("{path}/webhook/secret"), &[], None).await.0, 404);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_number_is_shown_and_named() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    let page = client.get("/phone-numbers?status=active").await;
    let number = &page["items"][0];
    assert_eq!(
        (&number["phoneNumber"], &number["capabilities"]),
        (&json!(NUMBER), &json!(["voice"]))
    );
    let path = format!("/phone-numbers/{}", number["id"].as_str().unwrap());
    assert_eq!(&client.get(&path).await["phoneNumber"], number);
    let (_, named) = client.patch(&path, json!({ "name": "Front desk" })).await;
    assert_eq!(named["phoneNumber"]["name"], "Front desk");
    let (_, unnamed) = client.patch(&path, json!({ "name": null })).await;
    assert!(unnamed["phoneNumber"].get("name").is_none());
    assert_eq!(client.patch(&path, json!({ "senderId": "snd_7" })).await.0, 400);
    let made = create(&client, json!({ "name": "Acme", "phoneNumber": NUMBER })).await;
    assert_eq!(client.get(&path).await["phoneNumber"]["senderId"], made["id"]);
    assert_eq!(client.get("/phone-numbers?status=suspended").await["items"], json!([]));
    assert_eq!(client.ask("GET", "/phone-numbers?status=new", &[], None).await.0, 400);
    daemon.daemon.stop().await;
}
