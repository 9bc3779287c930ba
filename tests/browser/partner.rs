//! A partner's browser, signed in to the admin.

use fantoccini::Locator;
use serde_json::json;
use zavud::domain::Role;

use crate::chromium::{Browser, PATIENCE};
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

/// Chooses an option of the field with this id.
pub(crate) async fn choose(browser: &Browser, id: &str, value: &str) {
    let field = browser.client.find(Locator::Id(id)).await.unwrap();
    field.select_by_value(value).await.unwrap();
}

/// Clicks, and waits until the page has what this selects.
pub(crate) async fn click_to(browser: &Browser, selector: &str, then: &str) {
    browser.wait_for(selector).await;
    browser.click(selector).await;
    browser.wait_for(then).await;
}

/// Waits until an expression is true.
pub(crate) async fn wait_until(browser: &Browser, expression: &str) {
    let script = "const [expression, done] = arguments;
        const look = () => new Function('return ' + expression)() ? done() : setTimeout(look, 20);
        look();";
    let wait = browser.client.execute_async(script, vec![json!(expression)]);
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| panic!("it never comes true that {expression}")).unwrap();
}
