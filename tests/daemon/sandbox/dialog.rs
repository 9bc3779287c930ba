//! Every way through the dialog.

use hyper::StatusCode;
use serde_json::json;
use zavud::meta::sandbox::APP_ID;

use super::visitor::{OPENER, StandIn};
use crate::support::get;

#[tokio::test]
async fn a_client_who_keeps_the_app_is_asked_for_no_code() {
    let stand_in = StandIn::start().await;
    let (_, message) = stand_in.connect_app().await;
    assert_eq!(message["event"], "FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING");
    assert_eq!(message["type"], "WA_EMBEDDED_SIGNUP");
    assert!(message["data"]["waba_id"].is_string());
    assert!(message["data"].get("phone_number_id").is_none());
    stand_in.stop().await;
}

#[tokio::test]
async fn the_number_of_the_invitation_is_filled_in() {
    let stand_in = StandIn::start().await;
    let business = json!({ "name": "Acme", "phone": { "code": 1, "number": "5550100123" } });
    let visitor = stand_in.visit(json!({ "setup": { "business": business } })).await;
    let page = visitor.answer("log_in", "").await;
    assert!(page.0.contains("value=\"Acme\""));
    let page = visitor.answer("choose", "Acme").await;
    assert!(page.0.contains("value=\"+15550100123\""));
    let page = visitor.answer("enter", "+15550100123").await;
    assert_eq!(page.title(), "How should we verify your number?");
    stand_in.stop().await;
}

#[tokio::test]
async fn leaving_tells_the_page_where() {
    let stand_in = StandIn::start().await;
    for (steps, left_at) in [
        (0, "BUSINESS_ACCOUNT_SELECTION"),
        (1, "BUSINESS_ACCOUNT_SELECTION"),
        (2, "WABA_PHONE_PROFILE_PICKER"),
        (3, "PHONE_NUMBER_SETUP"),
        (4, "PHONE_NUMBER_VERIFICATION"),
    ] {
        let visitor = stand_in.visit(json!({})).await;
        let way = [("log_in", ""), ("choose", "Acme"), ("enter", "+15550100123"), ("sms", "")];
        for (action, value) in &way[..steps] {
            visitor.answer(action, value).await;
        }
        let end = visitor.answer("cancel", "").await;
        let message = end.message();
        assert_eq!((&message["event"], end.code()), (&json!("CANCEL"), None));
        assert_eq!(message["data"], json!({ "current_step": left_at }));
    }
    stand_in.stop().await;
}

#[tokio::test]
async fn a_code_that_is_guessed_is_refused_and_then_no_other_is_looked_at() {
    let stand_in = StandIn::start().await;
    let visitor = stand_in.visit(json!({})).await;
    for (action, value) in
        [("log_in", ""), ("choose", "Acme"), ("enter", "+15550100123"), ("sms", "")]
    {
        visitor.answer(action, value).await;
    }
    // Five letters are never right, whichever code was sent.
    for _ in 0..5 {
        let page = visitor.answer("type", "abcdef").await;
        assert_eq!(page.problem(), Some("This code is not right."));
    }
    let page = visitor.answer("type", "abcdef").await;
    assert_eq!(page.problem(), Some("You have guessed too often. Try again in 12 hours."));
    assert_eq!(page.title(), "Enter the code");
    stand_in.stop().await;
}

#[tokio::test]
async fn what_is_typed_is_text_and_nothing_else() {
    let stand_in = StandIn::start().await;
    let visitor = stand_in.visit(json!({})).await;
    visitor.answer("log_in", "").await;
    assert!(visitor.answer("choose", "  ").await.problem().is_some());
    let hostile = "\"><script>alert('1')</script> \u{202e}\u{1f600} O'Neil & Söhne";
    visitor.answer("choose", hostile).await;
    let page = visitor.answer("enter", "\"><script>").await;
    assert_eq!(page.problem(), Some("Enter the number with its country code."));
    assert!(!page.0.contains("<script>"), "{}", page.0);
    visitor.answer("enter", "0044 20 7183-8750").await;
    stand_in.stop().await;
}

#[tokio::test]
async fn a_dialog_is_opened_only_as_metas_sdk_would() {
    let stand_in = StandIn::start().await;
    let extras = json!({ "sessionInfoVersion": "3" }).to_string();
    for (client_id, origin, extras) in [
        ("7", OPENER, extras.as_str()),
        (APP_ID, "*", extras.as_str()),
        (APP_ID, "http://127.0.0.1:8080/i/t0k3n", extras.as_str()),
        (APP_ID, OPENER, "{}"),
        (APP_ID, OPENER, "{"),
    ] {
        let opened = stand_in.open(client_id, origin, extras).await;
        assert_eq!(opened.status, StatusCode::BAD_REQUEST, "{client_id} {origin} {extras}");
    }
    let unknown = get(stand_in.sandbox.address(), "/dialog/7").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    stand_in.stop().await;
}

#[tokio::test]
async fn each_page_says_that_it_is_not_meta() {
    let stand_in = StandIn::start().await;
    let visitor = stand_in.visit(json!({})).await;
    let mut pages = vec![visitor.page().await];
    for (action, value) in
        [("log_in", ""), ("choose", "Acme"), ("enter", "+15550100123"), ("sms", ""), ("cancel", "")]
    {
        pages.push(visitor.answer(action, value).await);
    }
    let control = get(stand_in.sandbox.address(), "/").await;
    let texts = pages.iter().map(|page| page.0.as_str()).chain([control.text()]);
    for text in texts {
        assert!(text.contains("Sandbox: this is not Meta."), "{text}");
    }
    let policy = control.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    stand_in.stop().await;
}
