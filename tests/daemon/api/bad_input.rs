//! What programs get wrong.

use serde_json::{Value, json};

use super::client::Client;
use crate::support::TestDaemon;

#[tokio::test]
async fn what_is_wrong_with_a_body_is_said_with_where_it_stands() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    for (body, path) in [
        (json!({ "clientName": 7 }), json!(["clientName"])),
        (json!({ "clientName": "x".repeat(101) }), json!(["clientName"])),
        (json!({ "clientEmail": "ana" }), json!(["clientEmail"])),
        (json!({ "clientPhone": "0151 1234" }), json!(["clientPhone"])),
        (json!({ "expiresInDays": 0 }), json!(["expiresInDays"])),
        (json!({ "expiresInDays": 31 }), json!(["expiresInDays"])),
        (json!({ "expiresInDays": -1 }), json!(["expiresInDays"])),
        (json!({ "expiresInDays": 1.5 }), json!(["expiresInDays"])),
        (json!({ "allowedPhoneCountries": ["DE", 7] }), json!(["allowedPhoneCountries", "1"])),
        (json!({ "allowedPhoneCountries": ["Germany"] }), json!(["allowedPhoneCountries"])),
        (json!({ "allowedPhoneCountries": ["DE", "ZZ"] }), json!(["allowedPhoneCountries"])),
        (json!({ "allowedPhoneCountries": [] }), json!(["allowedPhoneCountries"])),
        (json!({ "connectionType": "messenger" }), json!(["connectionType"])),
        (json!({ "connectionType": "sms" }), json!(["connectionType"])),
        (json!({ "phoneNumberId": "num_0" }), json!(["phoneNumberId"])),
        (json!({ "successRedirectUrl": "https://a@b" }), json!(["successRedirectUrl"])),
        (json!({ "language": "klingon" }), json!(["language"])),
        (json!({ "theme": "pink" }), json!(["theme"])),
        (json!({ "clientNam": "Acme" }), json!(["clientNam"])),
        (json!([]), json!([])),
        (json!("text"), json!([])),
        (json!(null), json!([])),
    ] {
        let (status, error) = client.post("/invitations", body.clone()).await;
        assert_eq!((status, &error["code"]), (400, &json!("invalid_request")), "{body}");
        assert_eq!(error["details"]["errors"][0]["path"], path, "{error}");
    }
    let two = json!({ "clientEmail": "x", "theme": "pink" });
    let (_, error) = client.post("/invitations", two).await;
    assert_eq!(error["details"]["errors"].as_array().unwrap().len(), 2, "all of it at once");
    assert_eq!(client.get("/invitations").await["items"].as_array().unwrap().len(), 1);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn what_is_no_json_or_too_long_or_something_else_is_refused_as_such() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    let long = json!({ "clientName": "x".repeat(70_000) }).to_string();
    let deep = "[".repeat(10_000);
    for (headers, body, status, code) in [
        (vec![], "{", 400, "invalid_json"),
        (vec![], "{\"clientName\": \"\u{0}\"}", 400, "invalid_json"),
        (vec![], "{} {}", 400, "invalid_json"),
        (vec![], &deep, 400, "invalid_json"),
        (vec![], &long, 413, "payload_too_large"),
        (vec![("content-type", "text/plain")], "{}", 415, "unsupported_media_type"),
        (
            vec![("content-type", "application/x-www-form-urlencoded")],
            "a=b",
            415,
            "unsupported_media_type",
        ),
        (vec![("idempotency-key", "")], "{}", 400, "invalid_request"),
    ] {
        let answer = client.raw("POST", "/invitations", &headers, Some(body.to_owned())).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
        assert_eq!(client.checked("POST", "/invitations", &answer)["code"], code);
    }
    let answer = client.raw("PUT", "/invitations", &[], None).await;
    let error: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!((answer.status.as_u16(), &error["code"]), (405, &json!("method_not_allowed")));
    let answer = client.raw("GET", "/elsewhere", &[], None).await;
    let error: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!((answer.status.as_u16(), &error["code"]), (404, &json!("not_found")));
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn names_and_queries_that_make_no_sense_lead_nowhere() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    for name in ["x", "inv_", "%00", "%ff", "..%2f..", "inv_0'%20OR%201=1", &"a".repeat(4_000)] {
        for path in [format!("/invitations/{name}"), format!("/senders/{name}")] {
            let (status, error) = client.ask("GET", &path, &[], None).await;
            assert_eq!((status, &error["code"]), (404, &json!("not_found")), "{path}");
        }
    }
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=5&limit=6",
        "cursor=snd_0190a0b0c0d0e0f00190a0b0c0d0e0f0",
        "cursor=%00",
        "status=new",
        "stauts=pending",
    ] {
        let (status, error) = client.ask("GET", &format!("/invitations?{query}"), &[], None).await;
        assert_eq!((status, &error["code"]), (400, &json!("invalid_request")), "{query}");
    }
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_thousand_requests_at_once_are_all_answered() {
    let daemon = TestDaemon::start_deaf(|config| {
        config.api.requests_per_minute = 600;
        config.web.max_connections_per_address = 2_000;
    })
    .await;
    let client = std::sync::Arc::new(Client::of(&daemon).await);
    let requests = (0..1_000).map(|_| {
        let client = std::sync::Arc::clone(&client);
        tokio::spawn(async move {
            let answer = client.raw("POST", "/invitations", &[], Some("{}".to_owned())).await;
            client.checked("POST", "/invitations", &answer);
            answer.status.as_u16()
        })
    });
    let mut made = 0;
    for request in requests.collect::<Vec<_>>() {
        match request.await.unwrap() {
            201 => made += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert!(made >= 600, "{made} within the allowance");
    assert_eq!(client.raw("GET", "/me", &[], None).await.status.as_u16() / 100 % 2, 0);
    daemon.daemon.stop().await;
}
