//! What goes wrong on the way, and that the same link leads to the end all the same.

use std::sync::Arc;
use std::time::Duration;

use zavud::clock::SystemClock;
use zavud::store::NewConnection;

use crate::chromium::Browser;
use crate::closed_pages::wait_for_status;
use crate::support::{DeafModel, ManualClock, NUMBER, TestDaemon};
use crate::window::{Attempt, control, in_the_sandbox, start_deaf, text_message};

/// Lets something go wrong once.
async fn let_go_wrong(daemon: &TestDaemon, place: &str, mishap: &str) {
    control(daemon, &[("place", place), ("mishap", mishap)]).await;
}

#[tokio::test]
async fn a_client_who_leaves_meta_s_window_at_any_page_reads_so_and_tries_again() {
    let Some(browser) = Browser::open(320).await else { return };
    let daemon = start_deaf().await;
    let link = daemon.invite_to(NewConnection::Coexistence).await;
    browser.client.goto(&link).await.unwrap();
    for far in 0..Attempt::TO_CONNECT_THE_APP.len() {
        let attempt = Attempt::on_this_page(&browser).await;
        attempt.go_on(&Attempt::TO_CONNECT_THE_APP[..far]).await;
        attempt.press("cancel").await;
        attempt.on_the_page().await;
        browser.wait_for_failure("cancelled").await;
    }
    let attempt = Attempt::on_this_page(&browser).await;
    browser.client.close_window().await.unwrap();
    attempt.on_the_page().await;
    browser.wait_for_failure("cancelled").await;

    let attempt = Attempt::on_this_page(&browser).await;
    attempt.connect_app().await;
    attempt.sender().await;
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn what_meta_s_window_does_not_accept_can_be_put_right_in_it() {
    let Some(browser) = Browser::open(320).await else { return };
    let daemon = start_deaf().await;
    let link = daemon.invite_to(NewConnection::ClientNumber).await;
    let attempt = Attempt::at(&browser, &link).await;
    attempt.press("log_in").await;
    attempt.fill_in("Acme", "choose").await;
    attempt.fill_in_vain("0171 838750", "enter").await;
    let_go_wrong(&daemon, "number", "136024").await;
    attempt.fill_in_vain("+442071838750", "enter").await;
    attempt.fill_in("+442071838750", "enter").await;
    let_go_wrong(&daemon, "call", "2388091").await;
    attempt.press("call").await;
    browser.wait_for("#problem").await;
    attempt.press("sms").await;
    browser.wait_for("button[value=type]").await;
    let code = text_message(&daemon, "+442071838750").await;
    attempt.fill_in_vain(&wrong(&code), "type").await;
    attempt.fill_in(&code, "type").await;
    attempt.press("allow").await;
    attempt.sender().await;
    browser.close().await;
    daemon.daemon.stop().await;
}

/// Another code.
fn wrong(code: &str) -> String {
    code.bytes().map(|digit| char::from(b'0' + (digit - b'0' + 1) % 10)).collect()
}

#[tokio::test]
async fn a_client_who_guessed_too_often_begins_again_with_the_same_link() {
    let Some(browser) = Browser::open(320).await else { return };
    let daemon = start_deaf().await;
    let link = daemon.invite_to(NewConnection::ClientNumber).await;
    let up_to_the_code = async |attempt: &Attempt<'_>| {
        attempt.press("log_in").await;
        attempt.fill_in("Acme", "choose").await;
        attempt.fill_in("+442071838750", "enter").await;
        attempt.press("sms").await;
        browser.wait_for("button[value=type]").await;
        text_message(&daemon, "+442071838750").await
    };
    let attempt = Attempt::at(&browser, &link).await;
    let code = up_to_the_code(&attempt).await;
    for _ in 0..5 {
        attempt.fill_in_vain(&wrong(&code), "type").await;
    }
    // Now the right one is not looked at either.
    attempt.fill_in_vain(&code, "type").await;
    attempt.press("cancel").await;
    attempt.on_the_page().await;
    browser.wait_for_failure("cancelled").await;

    let attempt = Attempt::on_this_page(&browser).await;
    let code = up_to_the_code(&attempt).await;
    attempt.fill_in(&code, "type").await;
    attempt.press("allow").await;
    attempt.sender().await;
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn whatever_meta_answers_is_said_in_plain_words_and_the_same_link_leads_to_the_end() {
    let Some(browser) = Browser::open(320).await else { return };
    let impatient = |config: &mut zavud::config::Config| {
        in_the_sandbox(config);
        config.meta.timeout = Duration::from_secs(2);
    };
    let clock = Arc::new(SystemClock);
    let daemon = TestDaemon::start_with(clock, Box::new(DeafModel), impatient).await;
    let link = daemon.invite_to(NewConnection::Coexistence).await;
    browser.client.goto(&link).await.unwrap();
    for (place, mishap, failure) in [
        ("access_token", "100", "token_invalid"),
        ("access_token", "http_500", "unavailable"),
        ("access_token", "html", "unavailable"),
        ("access_token", "broken", "unavailable"),
        ("access_token", "late", "unavailable"),
        ("phone_numbers", "100", "not_owned"),
        ("phone_numbers", "http_429", "rate_limited"),
        ("subscribed_apps", "190", "token_invalid"),
        ("subscribed_apps", "200", "permission_missing"),
        ("subscribed_apps", "4", "rate_limited"),
        ("subscribed_apps", "136021", "number_not_eligible"),
    ] {
        let_go_wrong(&daemon, place, mishap).await;
        let attempt = Attempt::on_this_page(&browser).await;
        attempt.connect_app().await;
        browser.wait_for_failure(failure).await;
    }
    // What Meta does not share, and a fault of its own that passes, hold up nobody.
    for (place, mishap) in [("smb_app_data", "2593109"), ("subscribed_apps", "http_500")] {
        let_go_wrong(&daemon, place, mishap).await;
    }
    let attempt = Attempt::on_this_page(&browser).await;
    attempt.connect_app().await;
    attempt.sender().await;
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn an_invitation_that_expires_in_the_middle_of_the_sign_up_connects_nothing() {
    let Some(browser) = Browser::open(320).await else { return };
    let clock = Arc::new(ManualClock::new());
    let model = Box::new(DeafModel);
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, model, in_the_sandbox).await;
    let attempt = Attempt::at(&browser, &daemon.link()).await;
    attempt.press("log_in").await;
    attempt.fill_in("Acme", "choose").await;
    attempt.press("enter").await;
    attempt.press("sms").await;
    browser.wait_for("button[value=type]").await;
    let code = text_message(&daemon, NUMBER).await;
    attempt.fill_in(&code, "type").await;
    browser.wait_for("button[value=allow]").await;
    clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    attempt.on_the_page().await;
    wait_for_status(&browser, 410).await;
    attempt.in_the_pop_up().await;
    attempt.press("allow").await;
    attempt.on_the_page().await;
    let project = daemon.invited.project.clone();
    let senders = daemon.daemon.store.read(move |reader| reader.senders(&project)).await.unwrap();
    assert_eq!(senders.len(), 0);
    browser.close().await;
    daemon.daemon.stop().await;
}
