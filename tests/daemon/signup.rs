//! What the page reports of Meta's window, and Meta's webhooks, over HTTP.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use zavud::domain::{InvitationStatus, MetaReason, SignupFailure, SignupState};
use zavud::meta::graph::AppSecret;
use zavud::meta::sandbox::APP_SECRET;

use crate::sandbox::visitor::{StandIn, VERIFY_TOKEN, Visitor};
use crate::support::{Answer, DeafModel, ManualClock, NUMBER, TestDaemon, get, post, post_with};

const ACCOUNT: &str = "102290129340398";

async fn start(meta: &StandIn) -> TestDaemon {
    TestDaemon::start_deaf(|config| meta.configure(config)).await
}

/// The same with a clock that is moved by hand.
async fn start_at(meta: &StandIn, clock: &Arc<ManualClock>) -> TestDaemon {
    let (clock, deaf) = (Arc::clone(clock), Box::new(DeafModel));
    TestDaemon::start_with(clock, deaf, |config| meta.configure(config)).await
}

fn path(daemon: &TestDaemon, rest: &str) -> String {
    format!("/i/{}{rest}", daemon.invited.token.expose())
}

async fn begin(daemon: &TestDaemon) -> String {
    let path = path(daemon, "/signup/begin");
    let begun = post(daemon.daemon.web_address(), &path, "{}").await;
    assert_eq!(begun.status, 200);
    let answer: Value = serde_json::from_str(begun.text()).unwrap();
    answer["signup"].as_str().unwrap().to_owned()
}

async fn report(daemon: &TestDaemon, report: &str) -> Answer {
    post(daemon.daemon.web_address(), &path(daemon, "/signup/result"), report).await
}

async fn state(daemon: &TestDaemon) -> SignupState {
    let invitation = daemon.invited.invitation.clone();
    daemon.daemon.store.read(move |reader| reader.signup_state(&invitation)).await.unwrap()
}

async fn state_when(daemon: &TestDaemon, is_it: impl Fn(&SignupState) -> bool) -> SignupState {
    let mut changes = daemon.daemon.feed.subscribe(&daemon.invited.invitation);
    loop {
        let state = state(daemon).await;
        if is_it(&state) {
            return state;
        }
        changes.changed().await;
    }
}

#[tokio::test]
async fn a_report_becomes_a_sender_and_what_is_said_once_more_changes_nothing() {
    let meta = StandIn::start().await;
    let daemon = start(&meta).await;
    assert_eq!(state(&daemon).await, SignupState::NotBegun);
    let signup = begin(&daemon).await;
    assert_eq!(state(&daemon).await, SignupState::Open);
    let end = Visitor::verify_by_text(meta.sandbox.address(), "Ana's Caf\u{e9}", NUMBER).await;
    let said = end.report(&signup);
    assert_eq!(report(&daemon, &said).await.status, 204);
    let done = state_when(&daemon, |state| matches!(state, SignupState::Done { .. })).await;
    let SignupState::Done { sender } = &done else { unreachable!() };
    let asked = meta.sandbox.asked();
    assert_eq!(meta.asked_times("GET access_token"), 1);

    let page = get(daemon.daemon.web_address(), &path(&daemon, "")).await;
    assert!(page.status == 200 && page.text().contains(sender.as_str()), "{}", page.text());
    assert_eq!(report(&daemon, &said).await.status, 200, "the page that says it is connected");
    assert_eq!((state(&daemon).await, meta.sandbox.asked()), (done, asked));
    use InvitationStatus::{Completed, InProgress, Pending};
    assert_eq!(daemon.statuses().await, [Pending, InProgress, Completed]);
    for file in daemon.database_files() {
        let bytes = std::fs::read(&file).unwrap();
        // What the stand-in's tokens begin with.
        for secret in [end.code().unwrap().as_str(), "EAA"] {
            let is_there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "{secret} in {}", file.display());
        }
    }
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn a_report_that_is_none_changes_nothing() {
    let meta = StandIn::start().await;
    let daemon = start(&meta).await;
    let signup = begin(&daemon).await;
    let (web, address) = (daemon.daemon.web_address(), path(&daemon, "/signup/result"));
    for body in ["", "null", "[]", "{\"signup\":7}", "{\"code\":\"AQB\"}", "\u{0}"] {
        assert_eq!(post(web, &address, body).await.status, 400, "{body}");
    }
    let long = json!({ "signup": signup, "code": "A".repeat(20_000) }).to_string();
    assert_eq!(post(web, &address, &long).await.status, 413);
    let foreign = json!({ "signup": "sgn_' OR 1=1 --", "code": "AQB" });
    assert_eq!(report(&daemon, &foreign.to_string()).await.status, 204);
    assert_eq!(state(&daemon).await, SignupState::Open);
    assert_eq!(meta.sandbox.asked(), Vec::<String>::new());
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn a_code_that_is_replayed_or_of_another_client_connects_nobody() {
    let meta = StandIn::start().await;
    let daemon = start(&meta).await;
    let end = Visitor::verify_by_text(meta.sandbox.address(), "Ana", NUMBER).await;
    let stolen = end.code().unwrap();
    let (client, code) = (meta.client(), stolen.clone());
    client.exchange_code(&zavud::meta::graph::AuthorizationCode::new(code)).await.unwrap();
    let token_invalid = SignupFailure::Meta(MetaReason::TokenInvalid);
    let failed = SignupState::Failed { failure: token_invalid };
    let signup = begin(&daemon).await;
    assert_eq!(report(&daemon, &end.report(&signup)).await.status, 204);
    assert_eq!(state(&daemon).await, failed, "it was used up");

    // Its own code, and the account of somebody else: the token may not manage that one.
    let other = Visitor::verify_by_text(meta.sandbox.address(), "Eve", "+442071838750").await;
    let mut crossed: Value = serde_json::from_str(&other.report(&begin(&daemon).await)).unwrap();
    for name in ["waba_id", "phone_number_id"] {
        crossed[name] = end.message()["data"][name].clone();
    }
    assert_eq!(report(&daemon, &crossed.to_string()).await.status, 204);
    let is_over =
        |state: &SignupState| !matches!(state, SignupState::Open | SignupState::Finishing);
    let end = state_when(&daemon, is_over).await;
    assert_eq!(end, SignupState::Failed { failure: SignupFailure::NotOwned });
    assert_eq!(meta.asked_times("POST subscribed_apps"), 0);
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn a_client_who_returns_after_the_end_is_told_so_and_meta_is_asked_for_nothing() {
    let meta = StandIn::start().await;
    let clock = Arc::new(ManualClock::new());
    let daemon = start_at(&meta, &clock).await;
    let signup = begin(&daemon).await;
    let end = Visitor::verify_by_text(meta.sandbox.address(), "Acme", NUMBER).await;
    clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    let answer = report(&daemon, &end.report(&signup)).await;
    assert_eq!(answer.status, 410);
    assert!(answer.text().contains("This invitation has expired"), "{}", answer.text());
    assert_eq!(meta.sandbox.asked(), Vec::<String>::new());
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn a_link_begins_so_many_sign_ups_in_an_hour_and_then_one_has_to_wait() {
    let meta = StandIn::start().await;
    let clock = Arc::new(ManualClock::new());
    let daemon = start_at(&meta, &clock).await;
    let (web, address) = (daemon.daemon.web_address(), path(&daemon, "/signup/begin"));
    for _ in 0..20 {
        begin(&daemon).await;
    }
    let begun = async || {
        let invitation = daemon.invited.invitation.clone();
        let all = zavud::domain::Timestamp::from_unix_millis(0);
        let read =
            daemon.daemon.store.read(move |reader| reader.signups_begun(&invitation, all)).await;
        read.unwrap().len()
    };
    for _ in 0..3 {
        let refused = post(web, &address, "{}").await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "3601"));
    }
    assert_eq!(begun().await, 20);
    clock.advance(Duration::from_secs(3_600));
    begin(&daemon).await;
    assert_eq!(begun().await, 21);
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn a_token_of_another_length_opens_nothing_and_says_no_more_than_a_wrong_one() {
    let meta = StandIn::start().await;
    let daemon = start(&meta).await;
    let (web, token) = (daemon.daemon.web_address(), daemon.invited.token.expose());
    let wrong = get(web, &format!("/i/{}", "0".repeat(40))).await;
    assert_eq!(wrong.status, 404);
    let long = "a".repeat(4_000);
    for other in
        ["0", &token[..39], &format!("{token}0"), &long, "%00", "%ff%fe", "..%2f", "%F0%9F%98%80"]
    {
        for rest in ["", "/events", "/signup/begin", "/signup/result"] {
            let path = format!("/i/{other}{rest}");
            let answer = match rest {
                "" | "/events" => get(web, &path).await,
                _ => post(web, &path, "{}").await,
            };
            // What is no text at all is no address either.
            assert!(matches!(answer.status.as_u16(), 400 | 404), "{path}: {}", answer.status);
            if answer.status == 404 {
                assert_eq!(answer.text(), wrong.text(), "{path}");
            }
        }
    }
    assert_eq!(state(&daemon).await, SignupState::NotBegun);
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn only_the_page_itself_may_report() {
    let meta = StandIn::start().await;
    let daemon = start(&meta).await;
    let (web, address) = (daemon.daemon.web_address(), path(&daemon, "/signup/begin"));
    let own = format!("http://{web}");
    let json = ("content-type", "application/json");
    for (headers, status) in [
        (vec![json], 403),
        (vec![json, ("origin", "https://evil.example")], 403),
        (vec![json, ("origin", "null")], 403),
        (vec![json, ("origin", own.as_str()), ("sec-fetch-site", "cross-site")], 403),
        (vec![("origin", own.as_str()), ("content-type", "text/plain")], 415),
    ] {
        let refused = post_with(web, &address, &headers, "{}").await;
        assert_eq!(refused.status, status, "{headers:?}");
    }
    assert_eq!(post(web, "/i/0123456789abcdef/signup/begin", "{}").await.status, 404);
    assert_eq!(get(web, &address).await.status, 403);
    assert_eq!(state(&daemon).await, SignupState::NotBegun);
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn the_page_may_load_from_meta_only_where_a_sign_up_is_set_up() {
    let daemon = TestDaemon::start().await;
    let page = get(daemon.daemon.web_address(), &path(&daemon, "")).await;
    assert!(page.text().contains("not set up here") && page.text().contains("data-stage"));
    assert!(!page.header("content-security-policy").contains("facebook"));
    let begun = post(daemon.daemon.web_address(), &path(&daemon, "/signup/begin"), "{}").await;
    assert_eq!(begun.status, 404);
    daemon.daemon.stop().await;

    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| {
        meta.configure(config);
        config.meta.sdk_url = "https://connect.facebook.net/en_US/sdk.js".into();
        config.meta.stand_in_origin = None;
    })
    .await;
    let page = get(daemon.daemon.web_address(), &path(&daemon, "")).await;
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none';",
        "script-src 'self' https://connect.facebook.net;",
        "connect-src 'self' https://graph.facebook.com https://www.facebook.com;",
        "frame-src https://www.facebook.com;",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !page.text().contains("data-stand-in"));
    let elsewhere = get(daemon.daemon.web_address(), "/elsewhere").await;
    assert!(!elsewhere.header("content-security-policy").contains("facebook"));
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn a_webhook_is_believed_when_it_is_meta_s() {
    let meta = StandIn::start().await;
    let daemon = start(&meta).await;
    let web = daemon.daemon.web_address();
    let ask = |token: &'static str| async move {
        let query = format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444");
        get(web, &format!("/meta/webhook?{query}")).await
    };
    let right = ask(VERIFY_TOKEN).await;
    assert_eq!((right.status.as_u16(), right.text()), (200, "1158201444"));
    assert_eq!(ask("verify-you").await.status, 404);

    let change = json!({
        "event": "PARTNER_ADDED", "waba_info": { "waba_id": ACCOUNT, "owner_business_id": "7" },
    });
    let changes = json!([{ "field": "account_update", "value": change }]);
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "changes": changes }] });
    let body = body.to_string();
    let forged = post_with(web, "/meta/webhook", &[("x-hub-signature-256", "sha256=00")], &body);
    assert_eq!(forged.await.status, 403);
    assert_eq!(post_with(web, "/meta/webhook", &[], &body).await.status, 403);
    let ever = zavud::domain::Timestamp::from_unix_millis(0);
    let shared = || daemon.daemon.store.read(move |reader| reader.shared_accounts_since(ever));
    assert_eq!(shared().await.unwrap(), Vec::<String>::new());
    let secret = AppSecret::new(APP_SECRET.into());
    let signature = zavud::meta::webhook::signature(&secret, body.as_bytes());
    for _ in 0..2 {
        let headers = [("x-hub-signature-256", signature.as_str())];
        assert_eq!(post_with(web, "/meta/webhook", &headers, &body).await.status, 200);
    }
    assert_eq!(shared().await.unwrap(), [ACCOUNT]);
    daemon.daemon.stop().await;
    meta.stop().await;
}
