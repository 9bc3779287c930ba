//! The whole way of a client, in a real browser: from the link through the pop-up of the stand-in for
//! Meta to the sender, for each way to connect.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use fantoccini::Locator;
use fantoccini::wd::WindowHandle;
use tokio::time::timeout;
use zavud::clock::SystemClock;
use zavud::config::{Config, MetaMode};
use zavud::store::NewConnection;

use crate::chromium::{Browser, PATIENCE};
use crate::support::{DeafModel, TestDaemon, get, post_form, real_model, skip};

fn in_the_sandbox(config: &mut Config) {
    config.meta.mode = MetaMode::Sandbox;
    config.meta.sandbox_listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
}

async fn start_deaf() -> TestDaemon {
    TestDaemon::start_with(Arc::new(SystemClock), Box::new(DeafModel), in_the_sandbox).await
}

/// The client's page and Meta's window beside it.
struct Journey {
    browser: Browser,
    page: WindowHandle,
    pop_up: WindowHandle,
}

impl Journey {
    /// Opens the link and presses the button.
    async fn begin(browser: Browser, link: &str) -> Self {
        browser.client.goto(link).await.unwrap();
        browser.client.find(Locator::Id("connect")).await.unwrap().click().await.unwrap();
        let page = browser.client.window().await.unwrap();
        let pop_up = timeout(PATIENCE, async {
            loop {
                let windows = browser.client.windows().await.unwrap();
                if let Some(other) = windows.into_iter().find(|window| *window != page) {
                    return other;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let pop_up = pop_up.await.expect("Meta's window opens");
        Self { browser, page, pop_up }
    }

    async fn in_the_pop_up(&self) {
        self.browser.client.switch_to_window(self.pop_up.clone()).await.unwrap();
    }

    async fn on_the_page(&self) {
        self.browser.client.switch_to_window(self.page.clone()).await.unwrap();
    }

    /// Presses the button with this value, once it is there.
    async fn press(&self, action: &str) {
        let selector = format!("button[value={action}]");
        self.browser.wait_for(&selector).await;
        let button = self.browser.client.find(Locator::Css(&selector)).await.unwrap();
        button.click().await.unwrap();
    }

    /// Types into the only field, and goes on.
    async fn fill_in(&self, text: &str, action: &str) {
        self.browser.wait_for(&format!("button[value={action}]")).await;
        let field = self.browser.client.find(Locator::Id("value")).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
        self.press(action).await;
    }

    /// Waits until the page says that WhatsApp is connected, and tells the name of the sender.
    async fn sender(&self) -> String {
        self.on_the_page().await;
        self.browser.wait_for("[data-signup=done]:not([hidden])").await;
        let sender = self.browser.client.find(Locator::Id("sender")).await.unwrap();
        sender.text().await.unwrap()
    }
}

#[tokio::test]
async fn a_client_connects_a_number_of_ours_with_the_code_that_is_spoken() {
    let Some(browser) = Browser::open(1_280, 1_000).await else {
        let name = "a_client_connects_a_number_of_ours_with_the_code_that_is_spoken";
        return skip(name, "chromedriver is not installed");
    };
    let daemon = TestDaemon::start_with(Arc::new(SystemClock), real_model(), in_the_sandbox).await;
    let journey = Journey::begin(browser, &daemon.link()).await;
    journey.in_the_pop_up().await;
    journey.press("log_in").await;
    journey.fill_in("Acme \"Söhne\" <script>", "choose").await;
    // The number is filled in already.
    journey.press("enter").await;
    journey.press("call").await;

    journey.on_the_page().await;
    journey.browser.wait_for_stage("code").await;
    let code = "document.getElementById('copy-code').dataset.copy";
    let code = journey.browser.eval(code).await.as_str().unwrap().to_owned();
    journey.in_the_pop_up().await;
    journey.fill_in(&code, "type").await;
    journey.press("allow").await;

    assert!(journey.sender().await.starts_with("snd_"));
    assert!(journey.browser.picture("journey-done-1280").await);
    journey.browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_client_connects_a_number_of_their_own_with_a_text_message() {
    let Some(browser) = Browser::open(320, 1_400).await else {
        let name = "a_client_connects_a_number_of_their_own_with_a_text_message";
        return skip(name, "chromedriver is not installed");
    };
    let daemon = start_deaf().await;
    let link = daemon.invite_to(NewConnection::ClientNumber).await;
    let journey = Journey::begin(browser, &link).await;
    journey.in_the_pop_up().await;
    journey.press("log_in").await;
    journey.fill_in("Acme", "choose").await;
    journey.fill_in("+44 20 7183 8750", "enter").await;
    journey.press("sms").await;
    journey.browser.wait_for("button[value=type]").await;
    let control = get(daemon.daemon.sandbox().unwrap().address(), "/").await;
    let (_, message) = control.text().split_once("<li>+442071838750: ").unwrap();
    journey.fill_in(&message[..6], "type").await;
    journey.press("allow").await;
    assert!(journey.sender().await.starts_with("snd_"));
    assert!(journey.browser.picture("journey-done-320").await);
    journey.browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_client_keeps_the_app_and_whatever_comes_first_counts() {
    for order in ["event_first", "code_first", "event_lost"] {
        let Some(browser) = Browser::open(1_280, 1_000).await else {
            let name = "a_client_keeps_the_app_and_whatever_comes_first_counts";
            return skip(name, "chromedriver is not installed");
        };
        let daemon = start_deaf().await;
        let sandbox = daemon.daemon.sandbox().unwrap().address();
        post_form(sandbox, "/control", &[("order", order)]).await;
        let link = daemon.invite_to(NewConnection::Coexistence).await;
        let journey = Journey::begin(browser, &link).await;
        journey.in_the_pop_up().await;
        journey.press("log_in").await;
        journey.fill_in("Acme", "choose").await;
        journey.fill_in("+442071838750", "enter").await;
        journey.press("allow").await;
        assert!(journey.sender().await.starts_with("snd_"), "{order}");
        journey.browser.close().await;
        daemon.daemon.stop().await;
    }
}

#[tokio::test]
async fn a_client_who_leaves_metas_window_or_is_refused_reads_why_and_tries_again() {
    let Some(browser) = Browser::open(320, 1_400).await else {
        let name = "a_client_who_leaves_metas_window_or_is_refused_reads_why_and_tries_again";
        return skip(name, "chromedriver is not installed");
    };
    let daemon = start_deaf().await;
    let sandbox = daemon.daemon.sandbox().unwrap().address();
    let link = daemon.invite_to(NewConnection::Coexistence).await;
    let left = Journey::begin(browser, &link).await;
    left.in_the_pop_up().await;
    left.press("log_in").await;
    left.press("cancel").await;
    left.on_the_page().await;
    left.browser.wait_for("[data-failure=cancelled]:not([hidden])").await;

    post_form(sandbox, "/control", &[("place", "subscribed_apps"), ("mishap", "200")]).await;
    let refused = Journey::begin(left.browser, &link).await;
    refused.in_the_pop_up().await;
    refused.press("log_in").await;
    refused.fill_in("Acme", "choose").await;
    refused.fill_in("+442071838750", "enter").await;
    refused.press("allow").await;
    refused.on_the_page().await;
    refused.browser.wait_for("[data-failure=permission_missing]:not([hidden])").await;
    assert!(refused.browser.picture("journey-refused-320").await);
    refused.browser.close().await;
    daemon.daemon.stop().await;
}
