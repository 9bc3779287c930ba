//! A client between two windows: our page, and the one of the stand-in for Meta.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use fantoccini::Locator;
use fantoccini::wd::WindowHandle;
use tokio::time::timeout;
use zavud::clock::SystemClock;
use zavud::config::{Config, MetaMode};

use crate::chromium::{Browser, PATIENCE};
use crate::support::{DeafModel, TestDaemon, get, post_form, real_model};

pub(crate) fn in_the_sandbox(config: &mut Config) {
    config.meta.mode = MetaMode::Sandbox;
    config.meta.sandbox_listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
}

/// A daemon with the stand-in, which understands nothing that is spoken.
pub(crate) async fn start_deaf() -> TestDaemon {
    TestDaemon::start_with(Arc::new(SystemClock), Box::new(DeafModel), in_the_sandbox).await
}

/// The same with the model that is shipped.
pub(crate) async fn start_reading() -> TestDaemon {
    TestDaemon::start_with(Arc::new(SystemClock), real_model(), in_the_sandbox).await
}

/// Sets something on the page on which the stand-in is told what to do.
pub(crate) async fn control(daemon: &TestDaemon, form: &[(&str, &str)]) {
    let sandbox = daemon.daemon.sandbox().unwrap().address();
    assert_eq!(post_form(sandbox, "/control", form).await.status, 303);
}

/// The newest code that the stand-in wrote to this number.
pub(crate) async fn text_message(daemon: &TestDaemon, number: &str) -> String {
    let page = get(daemon.daemon.sandbox().unwrap().address(), "/").await;
    let (_, message) = page.text().split_once(&format!("<li>{number}: ")).unwrap();
    message[..6].to_owned()
}

/// One attempt to connect.
pub(crate) struct Attempt<'a> {
    pub(crate) browser: &'a Browser,
    page: WindowHandle,
    pop_up: WindowHandle,
}

impl<'a> Attempt<'a> {
    /// Opens the link and presses the button. Meta's window is the one that is looked at then.
    pub(crate) async fn at(browser: &'a Browser, link: &str) -> Self {
        browser.client.goto(link).await.unwrap();
        Self::on_this_page(browser).await
    }

    /// Presses the button of the page that is looked at.
    pub(crate) async fn on_this_page(browser: &'a Browser) -> Self {
        let before = browser.client.windows().await.unwrap();
        browser.click("#connect").await;
        // What an attempt before came to is gone then.
        browser.wait_for_signup("open").await;
        Self::opened(browser, &before).await
    }

    /// Meta's window has been asked for; `before` were the windows until then.
    pub(crate) async fn opened(browser: &'a Browser, before: &[WindowHandle]) -> Self {
        let page = browser.client.window().await.unwrap();
        let pop_up = timeout(PATIENCE, async {
            loop {
                let windows = browser.client.windows().await.unwrap();
                if let Some(new) = windows.into_iter().find(|window| !before.contains(window)) {
                    return new;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let pop_up = pop_up.await.expect("Meta's window opens");
        let attempt = Self { browser, page, pop_up };
        attempt.in_the_pop_up().await;
        attempt
    }

    pub(crate) async fn in_the_pop_up(&self) {
        self.browser.client.switch_to_window(self.pop_up.clone()).await.unwrap();
    }

    pub(crate) async fn on_the_page(&self) {
        self.browser.client.switch_to_window(self.page.clone()).await.unwrap();
    }

    /// Presses the button with this value, once it is there.
    pub(crate) async fn press(&self, action: &str) {
        let selector = format!("button[value={action}]");
        self.browser.wait_for(&selector).await;
        self.browser.click(&selector).await;
    }

    /// Types into the only field, and goes on.
    pub(crate) async fn fill_in(&self, text: &str, action: &str) {
        self.browser.wait_for(&format!("button[value={action}]")).await;
        let field = self.browser.client.find(Locator::Id("value")).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
        self.press(action).await;
    }

    /// The same with a text that is not accepted.
    pub(crate) async fn fill_in_vain(&self, text: &str, action: &str) {
        let forget = "document.getElementById('problem')?.remove()";
        self.browser.wait_for(&format!("button[value={action}]")).await;
        self.browser.client.execute(forget, vec![]).await.unwrap();
        self.fill_in(text, action).await;
        self.browser.wait_for("#problem").await;
    }

    /// What a client who keeps the app types and presses, page by page.
    pub(crate) const TO_CONNECT_THE_APP: [(Option<&'static str>, &'static str); 4] = [
        (None, "log_in"),
        (Some("Acme"), "choose"),
        (Some("+442071838750"), "enter"),
        (None, "allow"),
    ];

    /// Goes on through so many pages.
    pub(crate) async fn go_on(&self, pages: &[(Option<&str>, &str)]) {
        for (text, action) in pages {
            match text {
                Some(text) => self.fill_in(text, action).await,
                None => self.press(action).await,
            }
        }
    }

    /// Goes through the dialog of a client who keeps the app.
    pub(crate) async fn connect_app(&self) {
        self.go_on(&Self::TO_CONNECT_THE_APP).await;
        self.on_the_page().await;
    }

    /// Waits until the page says that WhatsApp is connected, and tells the name of the sender.
    pub(crate) async fn sender(&self) -> String {
        self.on_the_page().await;
        self.browser.wait_for_signup("done").await;
        let sender = self.browser.text("sender").await;
        assert!(sender.starts_with("snd_"), "{sender}");
        sender
    }
}
