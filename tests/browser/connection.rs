//! The way between the page and the daemon breaks, and the page is true again without a reload.

use std::time::Duration;

use serde_json::json;
use zavud::config::Config;
use zavud::domain::CodeStage;

use crate::chromium::Browser;
use crate::code_stages::show;
use crate::support::{Line, TestDaemon};

/// A daemon whose pages notice soon that they hear nothing, and the link of its page over a line.
async fn over_a_line() -> (TestDaemon, Line, String) {
    let often = |config: &mut Config| config.web.heartbeat = Duration::from_millis(300);
    let daemon = TestDaemon::start_deaf(often).await;
    let line = Line::to(daemon.daemon.web_address()).await;
    let link = format!("http://{}/i/{}", line.address, daemon.invited.token.expose());
    (daemon, line, link)
}

/// Takes the network from the browser, or gives it back. What flows already goes on to flow: that is
/// for a line.
async fn cut_off(browser: &Browser, is_offline: bool) {
    let conditions = json!({
        "offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
    });
    // Without this only the events of being online come and go.
    browser.devtools("Network.enable", json!({})).await;
    browser.devtools("Network.emulateNetworkConditions", conditions).await;
}

fn listening() -> CodeStage {
    CodeStage::Listening { digits: Vec::new() }
}

#[tokio::test]
async fn a_page_says_that_the_network_is_lost_and_is_true_again_when_it_is_back() {
    let Some(browser) = Browser::open(320).await else { return };
    let (daemon, line, link) = over_a_line().await;
    browser.client.goto(&link).await.unwrap();
    show(&daemon, CodeStage::Ringing).await;
    browser.wait_for_stage("ringing").await;
    browser.mark().await;
    cut_off(&browser, true).await;
    line.fall_silent();
    browser.wait_for("#offline:not([hidden])").await;
    show(&daemon, listening()).await;
    show(&daemon, CodeStage::Expired).await;
    cut_off(&browser, false).await;
    browser.wait_for_stage("expired").await;
    browser.wait_for("#offline[hidden]").await;
    assert!(browser.is_marked().await, "it was loaded again");
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_page_whose_connection_died_in_silence_is_true_again_by_itself() {
    let Some(browser) = Browser::open(320).await else { return };
    let (daemon, line, link) = over_a_line().await;
    browser.client.goto(&link).await.unwrap();
    browser.mark().await;
    for (stage, name) in [(CodeStage::Ringing, "ringing"), (listening(), "listening")] {
        show(&daemon, stage).await;
        browser.wait_for_stage(name).await;
        line.fall_silent();
    }
    show(&daemon, CodeStage::Expired).await;
    browser.wait_for_stage("expired").await;
    browser.wait_for("#offline[hidden]").await;
    assert!(browser.is_marked().await, "it was loaded again");
    browser.close().await;
    daemon.daemon.stop().await;
}
