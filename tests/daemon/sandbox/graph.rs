//! Our own client and the stand-in's Graph API: the two agree.

use std::time::Duration;

use zavud::domain::MetaReason;
use zavud::meta::graph::{
    AccessToken, AuthorizationCode, CodeMethod, GraphError, OutgoingText, Pin, SyncType,
};

use super::visitor::StandIn;

fn reason<T: std::fmt::Debug>(answer: Result<T, GraphError>) -> MetaReason {
    answer.unwrap_err().reason()
}

#[tokio::test]
async fn each_request_of_a_sign_up_is_answered() {
    let stand_in = StandIn::start().await;
    let (token, message) = stand_in.connect_app().await;
    let client = stand_in.client();
    let waba = message["data"]["waba_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(client.accounts_of(&token).await.unwrap(), std::slice::from_ref(&waba));
    client.subscribe_app(&waba, &token).await.unwrap();
    client.subscribe_app(&waba, &token).await.unwrap();
    let numbers = client.numbers_of(&waba, &token).await.unwrap();
    let number = numbers[0].id.clone();
    let profile = client.number_profile(&number, &token).await.unwrap();
    assert_eq!(profile, numbers[0]);
    assert_eq!(profile.display_phone_number, "+15550100123");
    assert_eq!(profile.verified_name.as_deref(), Some("Acme"));
    assert!(profile.is_on_biz_app);
    for what in [SyncType::Contacts, SyncType::History] {
        client.sync_app_data(&number, what, &token).await.unwrap();
        let again = client.sync_app_data(&number, what, &token).await;
        assert_eq!(reason(again), MetaReason::InvalidRequest, "each once");
    }
    let to = "+442071838750".parse().unwrap();
    let text = |body| OutgoingText { to: &to, body, reference: None };
    let sent = client.send_text(&number, text("Hello"), &token).await.unwrap();
    assert!(sent.0.starts_with("wamid."));
    let empty = client.send_text(&number, text(""), &token).await;
    assert_eq!(reason(empty), MetaReason::InvalidRequest);
    stand_in.stop().await;
}

#[tokio::test]
async fn a_number_is_registered_when_it_is_verified_and_keeps_its_pin() {
    let stand_in = StandIn::start().await;
    let (token, message) = stand_in.connect_app().await;
    let client = stand_in.client();
    let waba = message["data"]["waba_id"].as_str().unwrap().parse().unwrap();
    let number = client.numbers_of(&waba, &token).await.unwrap()[0].id.clone();
    let pin: Pin = "204816".parse().unwrap();
    assert_eq!(reason(client.register(&number, &pin, &token).await), MetaReason::InvalidRequest);
    client.request_code(&number, CodeMethod::Sms, "en_US", &token).await.unwrap();
    let nobody = client.request_code(&number, CodeMethod::Voice, "en_US", &token).await;
    assert_eq!(reason(nobody), MetaReason::CodeNotSent, "it was not told whom to call");
    let early = client.verify_code(&number, &"000000".parse().unwrap(), &token).await;
    // One in a million is the right one.
    assert!(early.is_ok() || reason(early) == MetaReason::CodeNotAccepted);
    stand_in.stop().await;
}

#[tokio::test]
async fn a_code_of_a_log_in_works_once_and_for_30_seconds() {
    let stand_in = StandIn::start().await;
    let client = stand_in.client();
    let (_, _) = stand_in.connect_app().await;
    let unknown = client.exchange_code(&AuthorizationCode::new("AQB".into())).await;
    assert_eq!(reason(unknown), MetaReason::InvalidRequest);
    for (seconds, is_late) in [(29, false), (30, true)] {
        let visitor = stand_in
            .visit(serde_json::json!({ "featureType": "whatsapp_business_app_onboarding" }))
            .await;
        for (action, value) in [("log_in", ""), ("choose", "Acme"), ("enter", "+15550100123")] {
            visitor.answer(action, value).await;
        }
        let code = AuthorizationCode::new(visitor.answer("allow", "").await.code().unwrap());
        stand_in.clock.advance(Duration::from_secs(seconds));
        let exchanged = client.exchange_code(&code).await;
        assert_eq!(exchanged.is_err(), is_late, "after {seconds} s");
        assert_eq!(reason(client.exchange_code(&code).await), MetaReason::InvalidRequest);
    }
    stand_in.stop().await;
}

#[tokio::test]
async fn whoever_has_no_secret_or_token_gets_nothing() {
    let stand_in = StandIn::start().await;
    let (token, message) = stand_in.connect_app().await;
    let other = stand_in.client_with("guess");
    let code = AuthorizationCode::new("AQB".into());
    assert_eq!(reason(other.exchange_code(&code).await), MetaReason::Unknown);
    assert_eq!(reason(other.accounts_of(&token).await), MetaReason::TokenInvalid);
    let client = stand_in.client();
    let waba = message["data"]["waba_id"].as_str().unwrap().parse().unwrap();
    let guessed = AccessToken::new("EAA".into());
    assert_eq!(reason(client.subscribe_app(&waba, &guessed).await), MetaReason::TokenInvalid);
    let foreign = client.subscribe_app(&"7".parse().unwrap(), &token).await;
    assert_eq!(reason(foreign), MetaReason::InvalidRequest);
    let foreign = client.number_profile(&"7".parse().unwrap(), &token).await;
    assert_eq!(reason(foreign), MetaReason::InvalidRequest);
    stand_in.stop().await;
}
