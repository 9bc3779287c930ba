//! What is changed in one tab is in the other without a reload.

use fantoccini::Locator;
use zavud::domain::Role;

use crate::chromium::Browser;
use crate::partner::sign_in;
use crate::support::TestDaemon;

#[tokio::test]
async fn an_invitation_that_is_made_in_one_tab_appears_in_the_other() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = TestDaemon::start().await;
    let base = sign_in(&browser, &daemon, Role::Member).await;
    browser.client.goto(&format!("{base}/invitations")).await.unwrap();
    browser.mark().await;
    let list = browser.client.window().await.unwrap();
    let other = browser.client.new_window(false).await.unwrap().handle;
    browser.client.switch_to_window(other.clone()).await.unwrap();
    browser.client.goto(&format!("{base}/invitations/new")).await.unwrap();
    browser.fill("client_name", "Bakery <b>Söhne</b>").await;
    browser.click("main form button.primary").await;
    browser.wait_for("[data-copy]").await;
    browser.client.switch_to_window(list.clone()).await.unwrap();
    let row = Locator::XPath("//*[contains(text(), 'Bakery <b>Söhne</b>')]");
    let wait = browser.client.wait().at_most(crate::chromium::PATIENCE);
    wait.for_element(row).await.unwrap();
    assert!(browser.is_marked().await, "it was not loaded again");
    browser.close().await;
    daemon.daemon.stop().await;
}
