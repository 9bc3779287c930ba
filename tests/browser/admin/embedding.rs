//! The admin inside of another site, where the browser keeps no cookies of third parties.

use std::net::SocketAddr;

use fantoccini::Locator;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use zavud::accounts::issue_embed_link;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{OriginPurpose, Role, Theme};

use crate::chromium::Browser;
use crate::looks::Gallery;
use crate::support::TestDaemon;

/// The page of the documentation, which asks for a link where `url` is told.
async fn sample_site(url: String) -> SocketAddr {
    let page = include_str!("../../../docs/embedding-sample.html");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            let length = stream.read(&mut request).await.unwrap_or_default();
            let (kind, body) = match &request[..length] {
                asked if asked.starts_with(b"POST /embed-link ") => {
                    ("application/json", json!({ "url": url }).to_string())
                }
                _ => ("text/html", page.to_owned()),
            };
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            // A browser that has gone away needs none.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

/// A link that opens the admin, and the site that shows it. `allowed` says whether the site may.
pub(super) async fn embedded(
    daemon: &TestDaemon,
    role: Role,
    theme: Option<Theme>,
    allowed: bool,
) -> String {
    let project = daemon.invited.project.clone();
    let now = SystemClock.now();
    let made = daemon.daemon.store.write({
        let project = project.clone();
        move |writer| issue_embed_link(writer, project, role, theme, now)
    });
    let (link, _) = made.await.unwrap();
    let web = daemon.daemon.web_address();
    let site = sample_site(format!("http://{web}/embed/open/{}", link.expose())).await;
    // Another name of this machine, and so another site.
    let origin = format!("http://localhost:{}", site.port());
    if allowed {
        let parsed = origin.parse().unwrap();
        let allow = daemon
            .daemon
            .store
            .write(move |writer| writer.allow_origin(&project, OriginPurpose::Embed, &parsed));
        allow.await.unwrap();
    }
    origin
}

/// The element of the sample that has the admin in it.
pub(super) const FRAME: &str = "admin";

/// Opens a site and goes on in its frame, when the admin is there.
pub(super) async fn enter(browser: &Browser, site: &str) {
    browser.client.goto(&format!("{site}/")).await.unwrap();
    // The frame says how high it is.
    browser.wait_for("iframe[style*=height]").await;
    let frame = browser.client.find(Locator::Id(FRAME)).await.unwrap();
    frame.enter_frame().await.unwrap();
    browser.wait_for("body[data-embedded]").await;
}

/// As more and more browsers do.
pub(super) async fn keep_no_cookies_of_third_parties(browser: &Browser) {
    browser.devtools("Network.enable", json!({})).await;
    let restricted = json!({ "enableThirdPartyCookieRestriction": true });
    browser.devtools("Network.setCookieControls", restricted).await;
}

#[tokio::test]
async fn a_site_shows_the_admin_in_the_theme_that_it_asks_for() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = TestDaemon::start().await;
    let origin = embedded(&daemon, Role::Member, Some(Theme::Dark), true).await;
    enter(&browser, &origin).await;
    let mut gallery = Gallery::in_frame(&browser, FRAME);
    gallery.look("in-the-dark").await;
    let is_dark = "getComputedStyle(document.body).backgroundColor";
    let in_the_dark = browser.eval(is_dark).await;
    let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": "light" }] });
    browser.devtools("Emulation.setEmulatedMedia", media).await;
    assert_eq!(browser.eval(is_dark).await, in_the_dark, "whatever the browser would have");
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_site_that_the_project_does_not_allow_shows_nothing_of_it() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = TestDaemon::start().await;
    let origin = embedded(&daemon, Role::Owner, None, false).await;
    browser.client.goto(&format!("{origin}/")).await.unwrap();
    browser.wait_for("iframe[src]").await;
    let frame = browser.client.find(Locator::Id(FRAME)).await.unwrap();
    frame.enter_frame().await.unwrap();
    // Chromium shows a page of its own in its place.
    let is_blocked = async {
        while browser.eval("location.protocol").await != "chrome-error:" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::chromium::PATIENCE, is_blocked).await.expect("it is blocked");
    browser.close().await;
    daemon.daemon.stop().await;
}
