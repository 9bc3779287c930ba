//! Signing in, the account, and the pages round them.

use std::time::{SystemTime, UNIX_EPOCH};

use totp_rs::{Builder, Secret};
use zavud::domain::Role;

use crate::chromium::Browser;
use crate::looks::Gallery;
use crate::partner::sign_in;
use crate::support::{PASSWORD, TestDaemon, admitted};

/// The code that an authenticator app shows, in so many steps of thirty seconds from now.
fn code(secret: &str, steps: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let secret = Secret::try_from_base32(secret).unwrap();
    Builder::new().with_secret(secret).build_noncompliant().generate(now + 30 * steps).to_string()
}

#[tokio::test]
async fn a_partner_sets_a_password_signs_in_with_a_second_factor_and_out_again() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = TestDaemon::start().await;
    let origin = format!("http://{}", daemon.daemon.web_address());
    let mut gallery = Gallery::of(&browser);
    let project = daemon.invited.project.clone();
    let link = admitted(&daemon.daemon.store, &project, "ann@example.com", Role::Owner).await;
    let link = format!("{origin}/password/{}", link.expose());

    browser.client.goto(&link).await.unwrap();
    gallery.look("password").await;
    browser.fill("password", "too short").await;
    browser.click("button.primary").await;
    browser.wait_for("#password[aria-invalid=true]").await;
    gallery.look("password-weak").await;
    browser.fill("password", PASSWORD).await;
    browser.click("button.primary").await;
    browser.wait_for("body.admin").await;
    browser.click("header.sidebar a[href='/account']").await;
    browser.wait_for("#second-factor svg").await;
    gallery.look("account").await;

    let secret = browser.eval("document.querySelector('[name=secret]').value").await;
    let secret = secret.as_str().unwrap().to_owned();
    browser.fill("code", &code(&secret, 0)).await;
    browser.click("#second-factor button").await;
    browser.wait_for("#second-factor .good").await;
    gallery.look("account-second-factor").await;
    browser.click("form[action='/sign-out'] button").await;
    browser.wait_for("#email").await;
    gallery.look("sign-in").await;

    browser.fill("email", "ann@example.com").await;
    browser.fill("password", "not the password").await;
    browser.click("button.primary").await;
    browser.wait_for("[role=alert]").await;
    let typed = browser.eval("document.getElementById('email').value").await;
    assert_eq!(typed, "ann@example.com", "what was typed is kept, but for the password");
    gallery.look("sign-in-wrong").await;
    browser.fill("password", PASSWORD).await;
    browser.click("button.primary").await;
    browser.wait_for("#code").await;
    gallery.look("sign-in-code").await;
    browser.fill("code", &code(&secret, 1)).await;
    browser.click("button.primary").await;
    browser.wait_for("body.admin").await;
    browser.client.goto(&link).await.unwrap();
    gallery.look("password-over").await;
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn the_admin_speaks_the_languages_of_its_partners() {
    for language in ["en", "es", "pt"] {
        let Some(browser) = Browser::open_for(320, language).await else { return };
        let daemon = TestDaemon::start().await;
        let mut gallery = Gallery::in_language(&browser, language);
        let base = sign_in(&browser, &daemon, Role::Owner).await;
        for (path, name) in [
            ("/invitations", "invitations"),
            ("/invitations/new", "invitation-new"),
            ("/invitations/import", "import"),
            ("/senders", "senders"),
            ("/numbers", "numbers"),
            ("/calls", "calls"),
            ("/settings", "settings"),
            ("/settings/members", "members"),
            ("/settings/webhook", "webhook"),
            ("/settings/audit", "audit"),
            ("/nothing", "not-found"),
        ] {
            browser.client.goto(&format!("{base}{path}")).await.unwrap();
            gallery.look(&format!("admin-{name}")).await;
        }
        gallery.close();
        browser.close().await;
        daemon.daemon.stop().await;
    }
}
