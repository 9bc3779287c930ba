//! The admin inside of another site, where the browser keeps no cookies of third parties.

use std::net::SocketAddr;

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
async fn embedded(daemon: &TestDaemon, role: Role, theme: Option<Theme>, allowed: bool) -> String {
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

#[tokio::test]
async fn a_site_of_the_partner_shows_the_admin_and_all_that_can_be_done_there() {
    let Some(browser) = Browser::open(1_280).await else { return };
    browser.devtools("Network.enable", json!({})).await;
    browser
        .devtools("Network.setCookieControls", json!({ "enableThirdPartyCookieRestriction": true }))
        .await;
    let daemon = TestDaemon::start().await;
    let mut gallery = Gallery::of(&browser);
    let origin = embedded(&daemon, Role::Member, Some(Theme::Dark), true).await;
    browser.client.goto(&format!("{origin}/")).await.unwrap();
    // The frame says how high it is.
    browser.wait_for("iframe[style*=height]").await;
    gallery.look("embedded").await;

    let frame = browser.client.find(fantoccini::Locator::Id("admin")).await.unwrap();
    frame.enter_frame().await.unwrap();
    browser.wait_for("body[data-embedded]").await;
    assert_eq!(browser.eval("document.cookie").await, "", "it needs no cookie");
    browser.click("a[href$='/invitations/new']").await;
    browser.wait_for("#client_name").await;
    browser.fill("client_name", "From inside").await;
    browser.click("main form button.primary").await;
    browser.wait_for("[data-copy]").await;
    assert!(
        browser.eval("document.body.innerText").await.as_str().unwrap().contains("From inside")
    );
    let outside = browser
        .eval("document.querySelectorAll('a[href=\"/account\"], a[href^=\"/p/\"]').length")
        .await;
    assert_eq!(outside, 0, "nothing leads out of the one project");
    browser.client.enter_parent_frame().await.unwrap();
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn each_page_is_for_everybody_inside_of_another_site_too() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = TestDaemon::start().await;
    let (project, now) = (daemon.invited.project.clone(), SystemClock.now());
    let theme = Some(Theme::Light);
    let made = daemon
        .daemon
        .store
        .write(move |writer| issue_embed_link(writer, project, Role::Owner, theme, now));
    let (link, _) = made.await.unwrap();
    let web = daemon.daemon.web_address();
    // In a window of its own, so that the page itself is judged and not the one round it.
    browser.client.goto(&format!("http://{web}/embed/open/{}", link.expose())).await.unwrap();
    browser.wait_for("body[data-embedded]").await;
    let first = browser.client.current_url().await.unwrap().to_string();
    let base = first.strip_suffix("/invitations").unwrap();
    let invitation = format!("/invitations/{}", daemon.invited.invitation);
    let cancel = format!("{invitation}/cancel");
    let mut gallery = Gallery::of(&browser);
    for (path, name) in [
        ("/invitations", "invitations"),
        ("/invitations/new", "new"),
        ("/invitations/import", "import"),
        (&invitation, "invitation"),
        (&cancel, "cancel"),
        ("/senders", "senders"),
        ("/numbers", "numbers"),
        ("/calls", "calls"),
        ("/settings", "settings"),
        ("/settings/members", "members"),
        ("/settings/keys", "keys"),
        ("/settings/webhook", "webhook"),
        ("/settings/addresses", "addresses"),
        ("/settings/audit", "audit"),
    ] {
        browser.client.goto(&format!("{base}{path}")).await.unwrap();
        browser.wait_for("body[data-embedded] h1").await;
        gallery.look(&format!("embedded-{name}")).await;
    }
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
    let frame = browser.client.find(fantoccini::Locator::Id("admin")).await.unwrap();
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
