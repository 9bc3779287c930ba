//! The sign-up in a real browser, with a script that stands in for Meta's.

use serde_json::{Value, json};
use zavud::store::NewConnection;

use crate::chromium::Browser;
use crate::support::TestDaemon;
use crate::support::stand_in::{ACCOUNT, CODE, NUMBER_ID, StandIn};

/// Clicks, and waits until Meta's window is open.
pub(crate) async fn open_window(browser: &Browser) {
    browser.eval("(window.fbAnswer = undefined, null)").await;
    browser.click("#connect").await;
    let script = "const done = arguments[0];
        const look = () => window.fbAnswer ? done() : setTimeout(look, 20);
        look();";
    browser.client.execute_async(script, vec![]).await.unwrap();
    browser.wait_for_signup("open").await;
}

/// What Meta's window says, as its message.
pub(crate) async fn say(browser: &Browser, event: &str, data: Value) {
    let message = json!({ "type": "WA_EMBEDDED_SIGNUP", "event": event, "data": data });
    let script = "window.fbSay(arguments[0])";
    browser.client.execute(script, vec![json!(message.to_string())]).await.unwrap();
}

pub(crate) async fn answer(browser: &Browser, answer: Value) {
    browser.client.execute("window.fbAnswer(arguments[0])", vec![answer]).await.unwrap();
}

pub(crate) fn with_code() -> Value {
    json!({ "status": "connected", "authResponse": { "code": CODE } })
}

pub(crate) fn connected() -> Value {
    json!({ "waba_id": ACCOUNT, "phone_number_id": NUMBER_ID, "business_id": "7" })
}

#[tokio::test]
async fn a_client_connects_and_every_tab_follows() {
    let Some(browser) = Browser::open(320).await else { return };
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    browser.client.goto(&daemon.link()).await.unwrap();
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(second.clone()).await.unwrap();
    browser.client.goto(&daemon.link()).await.unwrap();
    browser.wait_for_signup("not_begun").await;
    browser.client.switch_to_window(first.clone()).await.unwrap();
    browser.wait_for_signup("not_begun").await;

    open_window(&browser).await;
    let told = browser.eval("[fbInit.appId, fbInit.version, fbOptions]").await;
    let extras = json!({
        "setup": { "business": { "phone": { "code": 1, "number": "5550100123" } } },
        "featureType": "", "sessionInfoVersion": "3", "version": "v4",
    });
    let home = format!("http://{}/returned", daemon.daemon.web_address());
    let options = json!({
        "config_id": "2345", "response_type": "code", "override_default_response_type": true,
        "fallback_redirect_uri": home, "extras": extras,
    });
    assert_eq!(told, json!(["1234", "v25.0", options]));
    let seen = browser.eval("[...fbSeen, location.href]").await;
    assert_eq!(seen, json!([home, home, daemon.link()]), "Meta's script never sees the token");
    browser.client.switch_to_window(second.clone()).await.unwrap();
    browser.wait_for_signup("open").await;

    browser.client.switch_to_window(first.clone()).await.unwrap();
    answer(&browser, with_code()).await;
    say(&browser, "FINISH", connected()).await;
    browser.wait_for_signup("done").await;
    let sender = browser.eval("document.getElementById('sender').textContent").await;
    assert!(sender.as_str().unwrap().starts_with("snd_"), "{sender}");
    let said = "document.getElementById('announcement').textContent ===
        document.querySelector('[data-signup=done]').dataset.announce";
    assert_eq!(browser.eval(said).await, true);
    browser.client.switch_to_window(second).await.unwrap();
    browser.wait_for_signup("done").await;
    assert_eq!(browser.eval("document.getElementById('sender').textContent").await, sender);
    assert_eq!(browser.eval("document.getElementById('number').hidden").await, true);
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_client_who_leaves_or_is_refused_reads_why_and_tries_again() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    browser.client.goto(&daemon.link()).await.unwrap();

    // A message of any other page is not believed: the client is said to have left early.
    open_window(&browser).await;
    let forged = json!({ "type": "WA_EMBEDDED_SIGNUP", "event": "FINISH", "data": connected() });
    let script = "window.postMessage(arguments[0], '*')";
    browser.client.execute(script, vec![json!(forged.to_string())]).await.unwrap();
    answer(&browser, json!({ "status": "unknown", "authResponse": null })).await;
    browser.wait_for_failure("cancelled").await;

    open_window(&browser).await;
    say(&browser, "ERROR", json!({ "error_message": "...", "error_code": "524126" })).await;
    answer(&browser, json!({ "status": "unknown" })).await;
    browser.wait_for_failure("window_failed").await;

    meta.refusals.lock().unwrap().push(json!({ "code": 136_024, "message": "..." }));
    open_window(&browser).await;
    say(&browser, "FINISH", connected()).await;
    answer(&browser, with_code()).await;
    browser.wait_for_failure("number_not_eligible").await;

    open_window(&browser).await;
    answer(&browser, with_code()).await;
    say(&browser, "FINISH", connected()).await;
    browser.wait_for_signup("done").await;
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_page_without_a_number_of_ours_is_live_as_well() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    let link = daemon.invite_to(NewConnection::Coexistence).await;
    browser.client.goto(&link).await.unwrap();
    open_window(&browser).await;
    let extras = browser.eval("[fbOptions.extras.featureType, fbOptions.extras.setup]").await;
    assert_eq!(extras, json!(["whatsapp_business_app_onboarding", {}]));
    let event = "FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING";
    say(&browser, event, json!({ "waba_id": ACCOUNT })).await;
    answer(&browser, with_code()).await;
    browser.wait_for_signup("done").await;
    let syncs = meta.asked().iter().filter(|path| path.ends_with("/smb_app_data")).count();
    assert_eq!(syncs, 2);
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_client_who_opens_the_window_too_often_is_told_to_wait() {
    let Some(browser) = Browser::open(320).await else { return };
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    browser.client.goto(&daemon.link()).await.unwrap();
    // The server says so only after many attempts.
    let refused = "window.fetch = async () => new Response('', { status: 429 })";
    browser.client.execute(refused, vec![]).await.unwrap();
    browser.click("#connect").await;
    browser.wait_for("#too-often:not([hidden])").await;
    let words = "['too-often', 'announcement'].map(id => document.getElementById(id).textContent)";
    let words = browser.eval(words).await;
    assert!(words[0] == words[1] && words[0].as_str().unwrap().contains("an hour"), "{words}");
    browser.wait_for_signup("not_begun").await;
    browser.close().await;
    daemon.daemon.stop().await;
}
