//! What a page costs before the client clicks, and whom it asks.

use serde_json::json;
use zavud::store::NewConnection;

use crate::chromium::Browser;
use crate::support::stand_in::StandIn;
use crate::support::{TestDaemon, tell};

/// Bytes over the wire, with headers.
const LIMIT: u64 = 60_000;

#[tokio::test]
async fn a_page_is_light_and_asks_nobody_else_before_the_click() {
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    let links = [
        ("our number", daemon.link()),
        ("own number", daemon.invite_to(NewConnection::ClientNumber).await),
        ("app", daemon.invite_to(NewConnection::Coexistence).await),
    ];
    for (way, link) in links {
        // A new one each time: nothing is there yet.
        let Some(browser) = Browser::open(320).await else { break };
        browser.client.goto(&link).await.unwrap();
        browser.wait_for_signup("not_begun").await;
        let loaded =
            "['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type))
            .map(({ name, transferSize }) => [name, transferSize])";
        let loaded = browser.eval(loaded).await;
        let loaded: Vec<(String, u64)> = serde_json::from_value(loaded).unwrap();
        assert!(loaded.len() > 3, "a page, a style and scripts: {loaded:?}");
        let origin = format!("http://{}/", daemon.daemon.web_address());
        let foreign: Vec<_> =
            loaded.iter().filter(|(name, _)| !name.starts_with(&origin)).collect();
        assert_eq!(json!(foreign), json!([]));
        let weight: u64 = loaded.iter().map(|(_, bytes)| bytes).sum();
        tell(&format!("the page for {way} weighs {weight} bytes"));
        assert!((5_000..LIMIT).contains(&weight), "{weight} bytes: {loaded:?}");
        browser.close().await;
    }
    assert_eq!(meta.asked(), Vec::<String>::new());
    daemon.daemon.stop().await;
}
