//! A partner's browser, signed in to the admin.

use fantoccini::Locator;
use serde_json::json;
use zavud::domain::Role;

use crate::chromium::{Browser, EVERY, PATIENCE};
use crate::support::{Browsing, TestDaemon};

/// Signs in as somebody of this role, and tells what the addresses of the project begin with.
pub(crate) async fn sign_in(browser: &Browser, daemon: &TestDaemon, role: Role) -> String {
    let (server, project) = (daemon.daemon.web_address(), &daemon.invited.project);
    let partner = Browsing::signed_in(server, &daemon.daemon.store, project, role).await;
    let cookie = json!({
        "name": "login", "value": partner.cookie("login").unwrap(), "httpOnly": true,
        "url": format!("http://{server}/"),
    });
    browser.devtools("Network.setCookie", cookie).await;
    format!("http://{server}/p/{project}")
}

/// Types into the field with this id, over what was there.
pub(crate) async fn fill_in(browser: &Browser, id: &str, text: &str) {
    browser.wait_for(&format!("#{id}")).await;
    browser.fill(id, text).await;
}

/// Chooses an option of the field with this id, or of the one that a live page puts in its place.
pub(crate) async fn choose(browser: &Browser, id: &str, value: &str) {
    loop {
        let field = browser.client.find(Locator::Id(id)).await.unwrap();
        match field.select_by_value(value).await {
            Err(error) if error.is_stale_element_reference() => {}
            chosen => return chosen.unwrap(),
        }
    }
}

/// Clicks, and waits until the page has what this selects.
pub(crate) async fn click_to(browser: &Browser, selector: &str, then: &str) {
    browser.wait_for(selector).await;
    browser.click(selector).await;
    browser.wait_for(then).await;
}

/// Presses something, and waits for the page to which it leads. What is sent or opened inline leaves all
/// but `main` as it was.
pub(crate) async fn press(browser: &Browser, selector: &str) {
    browser.wait_for(selector).await;
    let script = "const pressed = document.querySelector(arguments[0]);
        document.getElementById('main').dataset.isOld = '';
        window.isMarked = true;
        return pressed.matches('a[data-inline], form[data-inline] button');";
    let is_inline = browser.client.execute(script, vec![json!(selector)]).await.unwrap();
    browser.click(selector).await;
    browser.wait_for("#main:not([data-is-old])").await;
    let is_loaded_anew = !browser.is_marked().await;
    assert_ne!(json!(is_loaded_anew), is_inline, "whether {selector} loads the page anew");
}

/// Presses a button that copies something, and makes sure that it says so. It does for two seconds, in which
/// a busy machine may not have asked it once: the page itself watches.
pub(crate) async fn copy(browser: &Browser) {
    browser.wait_for("[data-copy]").await;
    let watch = "window.hasSaidSo = false;
        new MutationObserver(() => {
            const button = document.querySelector('[data-copy]');
            window.hasSaidSo ||= button?.textContent === button?.dataset.copied;
        }).observe(document.body, { childList: true, characterData: true, subtree: true });";
    browser.client.execute(watch, vec![]).await.unwrap();
    browser.click("[data-copy]").await;
    wait_until(browser, "window.hasSaidSo").await;
}

/// Waits until an expression is true. It is asked for again and again from here: a page, or a frame, may
/// have no time for a script that waits.
pub(crate) async fn wait_until(browser: &Browser, expression: &str) {
    let comes_true = async {
        while browser.eval(expression).await != true {
            tokio::time::sleep(EVERY).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, comes_true).await;
    assert!(waited.is_ok(), "it never comes true that {expression}");
}
