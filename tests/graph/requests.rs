//! Each request as Meta's reference has it, and what is read from its answer.

use serde_json::{Value, json};
use zavud::meta::graph::{
    AccessToken, AuthorizationCode, CodeMethod, MessageId, OutgoingText, Pin, SyncType, WabaId,
};

use crate::captured::Captured;
use crate::server::{Script, Server, number, token};

fn success() -> Script {
    Script::Json(200, json!({ "success": true }))
}

fn waba() -> WabaId {
    "102290129340398".parse().unwrap()
}

#[tokio::test]
async fn a_code_is_exchanged_for_a_token() {
    let answer = json!({ "access_token": "EAAJ-new", "token_type": "bearer", "expires_in": 5 });
    let server = Server::start(vec![Script::Json(200, answer)]).await;
    let code = AuthorizationCode::new("AQB a&b=c/+#".into());
    let exchanged = server.client().exchange_code(&code).await;
    assert_eq!(exchanged, Ok(AccessToken::new("EAAJ-new".into())));
    let line = "GET /v25.0/oauth/access_token?client_id=1234&client_secret=app-s3cret\
                &code=AQB+a%26b%3Dc%2F%2B%23";
    assert_eq!(server.asked_for(), [(line.to_owned(), Value::Null)]);
}

#[tokio::test]
async fn a_token_names_the_accounts_it_was_given() {
    let answer = json!({ "data": { "app_id": "1234", "is_valid": true, "granular_scopes": [
        { "scope": "whatsapp_business_management", "target_ids": ["102290129340398", "7"] },
        { "scope": "whatsapp_business_messaging", "target_ids": ["9"] },
        { "scope": "business_management" },
    ] } });
    let server = Server::start(vec![Script::Json(200, answer)]).await;
    let accounts = server.client().accounts_of(&token()).await;
    assert_eq!(accounts, Ok(vec![waba(), "7".parse().unwrap()]));
    let line = "GET /v25.0/debug_token?input_token=EAAJ-t0ken&access_token=1234%7Capp-s3cret";
    assert_eq!(server.asked_for(), [(line.to_owned(), Value::Null)]);
}

#[tokio::test]
async fn the_numbers_of_an_account_are_listed() {
    let listed = json!({ "data": [
        { "id": "106540352242922", "display_phone_number": "+1 555-010-0123" },
        { "id": "7", "display_phone_number": "+44 20 7183 8750", "verified_name": "Ana" },
    ], "paging": { "cursors": { "before": "a", "after": "b" } } });
    let server = Server::start(vec![Script::Json(200, listed)]).await;
    let numbers = server.client().numbers_of(&waba(), &token()).await.unwrap();
    let ids: Vec<&str> = numbers.iter().map(|number| number.id.as_str()).collect();
    assert_eq!(ids, ["106540352242922", "7"]);
    let line = "GET /v25.0/102290129340398/phone_numbers?fields=id%2Cdisplay_phone_number%2C\
                verified_name%2Cquality_rating%2Ccode_verification_status%2Cis_on_biz_app%2C\
                platform_type&limit=100";
    assert_eq!(server.asked_for()[0].0, line);
}

#[tokio::test]
async fn the_steps_of_a_sign_up_are_asked_for_as_the_reference_says() {
    let server = Server::start(vec![success(); 6]).await;
    let (client, number, token) = (server.client(), number(), token());
    let pin: Pin = "204816".parse().unwrap();
    client.subscribe_app(&waba(), &token).await.unwrap();
    client.register(&number, &pin, &token).await.unwrap();
    client.sync_app_data(&number, SyncType::Contacts, &token).await.unwrap();
    client.sync_app_data(&number, SyncType::History, &token).await.unwrap();
    client.request_code(&number, CodeMethod::Voice, "en_US", &token).await.unwrap();
    client.verify_code(&number, &"481529".parse().unwrap(), &token).await.unwrap();
    let sync = |what| json!({ "messaging_product": "whatsapp", "sync_type": what });
    let expected = [
        ("102290129340398/subscribed_apps", Value::Null),
        ("106540352242922/register", json!({ "messaging_product": "whatsapp", "pin": "204816" })),
        ("106540352242922/smb_app_data", sync("smb_app_state_sync")),
        ("106540352242922/smb_app_data", sync("history")),
        ("106540352242922/request_code", json!({ "code_method": "VOICE", "language": "en_US" })),
        ("106540352242922/verify_code", json!({ "code": "481529" })),
    ];
    let expected = expected.map(|(path, body)| (format!("POST /v25.0/{path}"), body));
    assert_eq!(server.asked_for(), expected);
    for request in server.asked() {
        assert!(request.contains("\r\nauthorization: Bearer EAAJ-t0ken\r\n"), "{request}");
    }
}

#[tokio::test]
async fn a_number_is_read_with_and_without_what_meta_leaves_out() {
    let whole = json!({
        "id": "106540352242922", "display_phone_number": "+1 555-010-0123",
        "verified_name": "Ana's \"Caf\u{e9}\" <b>", "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED", "is_on_biz_app": true, "platform_type": "CLOUD_API",
    });
    let least = json!({ "id": "106540352242922", "display_phone_number": "+1 555-010-0123" });
    let server = Server::start(vec![Script::Json(200, whole), Script::Json(200, least)]).await;
    let client = server.client();
    let profile = client.number_profile(&number(), &token()).await.unwrap();
    assert_eq!(profile.verified_name.as_deref(), Some("Ana's \"Caf\u{e9}\" <b>"));
    assert!(profile.is_on_biz_app);
    let profile = client.number_profile(&number(), &token()).await.unwrap();
    assert_eq!((profile.verified_name, profile.is_on_biz_app), (None, false));
    let line = "GET /v25.0/106540352242922?fields=id%2Cdisplay_phone_number%2Cverified_name%2C\
                quality_rating%2Ccode_verification_status%2Cis_on_biz_app%2Cplatform_type";
    assert_eq!(server.asked_for()[0].0, line);
}

#[tokio::test]
async fn a_text_is_sent_and_known_by_its_name() {
    let answer = json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": "+15550100123", "wa_id": "15550100123" }],
        "messages": [{ "id": "wamid.HBgL" }],
    });
    let server = Server::start(vec![Script::Json(200, answer)]).await;
    let to = "+15550100123".parse().unwrap();
    let text = OutgoingText { to: &to, body: "\u{5e9} \"hi\"\n", reference: Some("msg_7") };
    let sent = server.client().send_text(&number(), text, &token()).await;
    assert_eq!(sent, Ok(MessageId("wamid.HBgL".into())));
    let body = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+15550100123",
        "type": "text", "text": { "body": "\u{5e9} \"hi\"\n" }, "biz_opaque_callback_data": "msg_7",
    });
    assert_eq!(server.asked_for(), [("POST /v25.0/106540352242922/messages".to_owned(), body)]);
}

#[tokio::test]
async fn no_secret_reaches_a_log_whatever_is_logged() {
    let log = Captured::default();
    let _guard = log.capture();
    let answer = json!({ "access_token": "EAAJ-new" });
    let error = json!({ "error": { "code": 4, "message": "+15550100123 EAAJ-t0ken" } });
    let script =
        vec![Script::Json(200, answer), success(), Script::Json(400, error), Script::Nothing];
    let server = Server::start(script).await;
    let (client, token) = (server.client(), token());
    let exchanged = client.exchange_code(&AuthorizationCode::new("AQB-c0de".into())).await;
    tracing::info!(?exchanged, ?client, config = ?server.config(), "exchanged");
    let pin: Pin = "204816".parse().unwrap();
    client.register(&number(), &pin, &token).await.unwrap();
    let to = "+15550100123".parse().unwrap();
    for _ in 0..2 {
        let text = OutgoingText { to: &to, body: "hello", reference: None };
        let error = client.send_text(&number(), text, &token).await.unwrap_err();
        tracing::info!(%error, ?error, "refused");
    }
    let log = log.text();
    assert!(log.contains("Meta answered"), "{log}");
    for secret in ["app-s3cret", "AQB-c0de", "EAAJ", "204816", "5550100123", "hello"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
