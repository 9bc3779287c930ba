//! The same link in two tabs, each with a window of Meta's.

use fantoccini::wd::WindowHandle;
use serde_json::json;
use zavud::store::NewConnection;

use crate::chromium::Browser;
use crate::signup::{answer, connected, open_window, say, with_code};
use crate::support::TestDaemon;
use crate::support::stand_in::StandIn;

/// Two tabs with the page, in each of which Meta's window is open.
async fn two_tabs(browser: &Browser, link: &str) -> [WindowHandle; 2] {
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    for tab in [&first, &second] {
        browser.client.switch_to_window(tab.clone()).await.unwrap();
        browser.client.goto(link).await.unwrap();
        open_window(browser).await;
    }
    [first, second]
}

/// Waits until both say that WhatsApp is connected, and that it is the same sender.
async fn both_are_done(browser: &Browser, tabs: &[WindowHandle; 2]) {
    let mut senders = Vec::new();
    for tab in tabs {
        browser.client.switch_to_window(tab.clone()).await.unwrap();
        browser.wait_for_signup("done").await;
        senders.push(browser.text("sender").await);
    }
    assert!(senders[0].starts_with("snd_") && senders[0] == senders[1], "{senders:?}");
}

#[tokio::test]
async fn of_two_tabs_that_finish_at_once_one_connects_and_both_say_so() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    let tabs = two_tabs(&browser, &daemon.link()).await;
    meta.hold("/access_token");
    for tab in &tabs {
        browser.client.switch_to_window(tab.clone()).await.unwrap();
        answer(&browser, with_code()).await;
        say(&browser, "FINISH", connected()).await;
        browser.wait_for_signup("finishing").await;
    }
    meta.release();
    both_are_done(&browser, &tabs).await;
    let exchanges = meta.asked().iter().filter(|path| path.ends_with("/access_token")).count();
    assert_eq!(exchanges, 1, "the other code is not taken up");
    let project = daemon.invited.project.clone();
    let senders = daemon.daemon.store.read(move |reader| reader.senders(&project)).await.unwrap();
    assert_eq!(senders.len(), 1);
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_window_that_is_left_fails_nothing_while_the_other_tab_goes_on() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    for (left, goes_on) in [(0, 1), (1, 0)] {
        let link = daemon.invite_to(NewConnection::Coexistence).await;
        let tabs = two_tabs(&browser, &link).await;
        browser.client.switch_to_window(tabs[left].clone()).await.unwrap();
        say(&browser, "CANCEL", json!({ "current_step": "PERMISSIONS" })).await;
        answer(&browser, json!({ "status": "unknown", "authResponse": null })).await;
        // Where the newer attempt was left, that is what is shown until the older one gets on.
        browser.wait_for_signup(if left == 0 { "open" } else { "failed" }).await;
        browser.client.switch_to_window(tabs[goes_on].clone()).await.unwrap();
        answer(&browser, with_code()).await;
        say(&browser, "FINISH", connected()).await;
        both_are_done(&browser, &tabs).await;
    }
    browser.close().await;
    daemon.daemon.stop().await;
}
