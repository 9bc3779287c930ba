//! What the page reports of Meta's window, and Meta's webhooks, over HTTP.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use zavud::clock::Clock as _;
use zavud::config::Config;
use zavud::daemon::{Daemon, Surroundings};
use zavud::domain::{InvitationStatus, SignupId, SignupState};
use zavud::meta::graph::{AppSecret, AuthorizationCode, GraphClient, GraphConfig};
use zavud::onboarding::{Completions, Returned, begin_signup};
use zavud::seal::make_key;
use zavud::store::Store;

use crate::support::stand_in::{ACCOUNT, CODE, NUMBER_ID, StandIn};
use crate::support::{Answer, Invited, TestDaemon, get, post, post_with};

async fn start(meta: &StandIn) -> TestDaemon {
    TestDaemon::start_deaf(|config| meta.configure(config)).await
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

async fn report(daemon: &TestDaemon, report: &Value) -> Answer {
    let path = path(daemon, "/signup/result");
    post(daemon.daemon.web_address(), &path, &report.to_string()).await
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
    let said = json!({
        "signup": signup, "code": CODE, "event": "FINISH", "waba_id": ACCOUNT,
        "phone_number_id": NUMBER_ID,
    });
    assert_eq!(report(&daemon, &said).await.status, 204);
    let done = state_when(&daemon, |state| matches!(state, SignupState::Done { .. })).await;
    let SignupState::Done { sender } = &done else { unreachable!() };
    let asked = meta.asked();
    assert_eq!(asked.iter().filter(|path| path.ends_with("/access_token")).count(), 1);

    let page = get(daemon.daemon.web_address(), &path(&daemon, "")).await;
    assert!(page.status == 200 && page.text().contains(sender.as_str()), "{}", page.text());
    assert_eq!(report(&daemon, &said).await.status, 200, "the page that says it is connected");
    assert_eq!((state(&daemon).await, meta.asked()), (done, asked));
    use InvitationStatus::{Completed, InProgress, Pending};
    assert_eq!(daemon.statuses().await, [Pending, InProgress, Completed]);
    for file in daemon.database_files() {
        let bytes = std::fs::read(&file).unwrap();
        for secret in [CODE, "EAAJ-t0ken"] {
            let is_there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "{secret} in {}", file.display());
        }
    }
    daemon.daemon.stop().await;
}

/// Takes a code up, as a daemon that is killed right after it was exchanged.
async fn exchange_a_code(store: &Arc<Store>, config: &Config, invited: &Invited) {
    let now = zavud::clock::SystemClock.now();
    let signup = SignupId::new(now, [7; 10]);
    let (id, invitation) = (signup.clone(), invited.invitation.clone());
    let begin = store.write(move |writer| begin_signup(writer, &invitation, &id, now));
    begin.await.unwrap().unwrap();
    let graph = GraphClient::new(GraphConfig {
        base_url: config.meta.graph_url.clone(),
        version: config.meta.graph_version.clone(),
        app_id: "1234".into(),
        app_secret: AppSecret::new("app-s3cret".into()),
        authorities: config.meta.authorities.clone(),
        timeout: config.meta.timeout,
    });
    let is_killed = CancellationToken::new();
    is_killed.cancel();
    let completions = Completions::new(
        Arc::new(graph.unwrap()),
        Arc::new(make_key(&config.key_file(), [7; 32]).unwrap()),
        Arc::clone(store),
        Arc::new(zavud::clock::SystemClock),
        is_killed,
    );
    let code = AuthorizationCode::new(CODE.into());
    let returned = Returned::Code { code, account: ACCOUNT.parse().ok(), number: None };
    completions.finish(invited.invitation.clone(), signup, returned).await.unwrap();
    completions.stopped().await;
}

#[tokio::test]
async fn what_an_earlier_run_left_unfinished_goes_on_when_the_daemon_starts() {
    let (meta, directory) = (StandIn::start().await, tempfile::tempdir().unwrap());
    let mut config = Config::shipped(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    meta.configure(&mut config);
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    (config.sip.listen, config.web.listen) = (any_port, any_port);
    config.store.path = directory.path().join("zavud.db");
    let store = Arc::new(Store::open(&config.store.path, Box::new(|_| {})).unwrap());
    let invited = Invited::make(&store, zavud::clock::SystemClock.now()).await;
    exchange_a_code(&store, &config, &invited).await;
    let id = invited.invitation.clone();
    let before = store.read(move |reader| reader.signup_state(&id)).await.unwrap();
    assert_eq!(before, SignupState::Finishing);
    drop(store);

    let clock = Arc::new(zavud::clock::SystemClock);
    let daemon = Daemon::start(&config, Surroundings { clock, model: None }).await.unwrap();
    let mut changes = daemon.feed.subscribe(&invited.invitation);
    loop {
        let id = invited.invitation.clone();
        let state = daemon.store.read(move |reader| reader.signup_state(&id)).await.unwrap();
        match state {
            SignupState::Done { .. } => break,
            state => assert_eq!(state, SignupState::Finishing),
        }
        changes.changed().await;
    }
    let exchanges = meta.asked().iter().filter(|path| path.ends_with("/access_token")).count();
    assert_eq!(exchanges, 1, "a code works once");
    daemon.stop().await;
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
    let foreign = json!({ "signup": "sgn_' OR 1=1 --", "code": CODE });
    assert_eq!(report(&daemon, &foreign).await.status, 204);
    assert_eq!(state(&daemon).await, SignupState::Open);
    assert_eq!(meta.asked(), Vec::<String>::new());
    daemon.daemon.stop().await;
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
    let right = ask("verify-me").await;
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
    let is_shared = || daemon.daemon.store.read(|reader| reader.is_shared_account(ACCOUNT));
    assert!(!is_shared().await.unwrap());
    let secret = AppSecret::new("app-s3cret".into());
    let signature = zavud::meta::webhook::signature(&secret, body.as_bytes());
    for _ in 0..2 {
        let headers = [("x-hub-signature-256", signature.as_str())];
        assert_eq!(post_with(web, "/meta/webhook", &headers, &body).await.status, 200);
    }
    assert!(is_shared().await.unwrap());
    daemon.daemon.stop().await;
}
