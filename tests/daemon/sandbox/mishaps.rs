//! What goes wrong on demand goes wrong as Meta's reference says, once.

use hyper::StatusCode;
use serde_json::json;
use zavud::domain::MetaReason;
use zavud::meta::graph::{AccessToken, GraphClient, GraphError, OutgoingText, WabaId};

use super::visitor::StandIn;

async fn subscribe(client: &GraphClient, waba: &WabaId, token: &AccessToken) -> Option<MetaReason> {
    client.subscribe_app(waba, token).await.err().map(|error| error.reason())
}

#[tokio::test]
async fn each_documented_refusal_is_understood() {
    let stand_in = StandIn::start().await;
    let (token, message) = stand_in.connect_app().await;
    let client = stand_in.client();
    let waba = message["data"]["waba_id"].as_str().unwrap().parse().unwrap();
    for (mishap, reason) in [
        ("4", MetaReason::RateLimited),
        ("100", MetaReason::InvalidRequest),
        ("190", MetaReason::TokenInvalid),
        ("200", MetaReason::PermissionMissing),
        ("463", MetaReason::TokenInvalid),
        ("133005", MetaReason::PinMismatch),
        ("136021", MetaReason::NumberNotEligible),
        ("136024", MetaReason::NumberNotEligible),
        ("2388091", MetaReason::CodeNotSent),
        ("2388093", MetaReason::CodeNotAccepted),
        ("2494158", MetaReason::RateLimited),
        ("2593109", MetaReason::HistoryDeclined),
        ("http_429", MetaReason::RateLimited),
        ("html", MetaReason::Unavailable),
    ] {
        let told = stand_in.let_go_wrong("subscribed_apps", mishap).await;
        assert_eq!(told, StatusCode::SEE_OTHER);
        assert_eq!(subscribe(&client, &waba, &token).await, Some(reason), "{mishap}");
        assert_eq!(subscribe(&client, &waba, &token).await, None, "{mishap}, again");
    }
    // What may be repeated is, so that this does no harm.
    for mishap in ["http_500", "broken"] {
        stand_in.let_go_wrong("subscribed_apps", mishap).await;
        assert_eq!(subscribe(&client, &waba, &token).await, None, "{mishap}");
    }
    stand_in.stop().await;
}

#[tokio::test]
async fn what_may_not_happen_twice_is_not_repeated() {
    let stand_in = StandIn::start().await;
    let (token, message) = stand_in.connect_app().await;
    let client = stand_in.client();
    let waba = message["data"]["waba_id"].as_str().unwrap().parse().unwrap();
    let number = client.numbers_of(&waba, &token).await.unwrap()[0].id.clone();
    stand_in.let_go_wrong("messages", "broken").await;
    let to = "+442071838750".parse().unwrap();
    let text = OutgoingText { to: &to, body: "Hello", reference: None };
    let lost = client.send_text(&number, text, &token).await;
    assert!(matches!(lost, Err(GraphError::NoAnswer(_))), "{lost:?}");
    stand_in.stop().await;
}

#[tokio::test]
async fn the_dialog_says_what_is_wrong_with_a_number_and_with_a_call() {
    let stand_in = StandIn::start().await;
    let visitor = stand_in.visit(json!({})).await;
    visitor.answer("log_in", "").await;
    visitor.answer("choose", "Acme").await;
    stand_in.let_go_wrong("number", "136024").await;
    let page = visitor.answer("enter", "+15550100123").await;
    assert_eq!(page.problem(), Some("This phone number is not eligible"));
    visitor.answer("enter", "+15550100123").await;
    stand_in.let_go_wrong("call", "2388091").await;
    let page = visitor.answer("call", "").await;
    assert_eq!(page.problem(), Some("The verification code could not be sent"));
    stand_in.stop().await;
}

#[tokio::test]
async fn what_is_unknown_can_not_go_wrong() {
    let stand_in = StandIn::start().await;
    for (place, mishap) in [("nowhere", "100"), ("register", "7"), ("register", "")] {
        let told = stand_in.let_go_wrong(place, mishap).await;
        assert_eq!(told, StatusCode::BAD_REQUEST, "{place} {mishap}");
    }
    stand_in.stop().await;
}
