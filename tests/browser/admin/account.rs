//! Signing in, the account, and the pages round them.

use std::time::{SystemTime, UNIX_EPOCH};

use totp_rs::{Builder, Secret};
use zavud::accounts::admit;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{ProjectId, Role};
use zavud::store::NewProject;

use crate::chromium::Browser;
use crate::looks::Gallery;
use crate::partner::{choose, press, sign_in};
use crate::support::{Browsing, PASSWORD, TestDaemon, admitted};

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

    browser.fill("email", "ann").await;
    browser.fill("password", PASSWORD).await;
    press(&browser, "button.primary").await;
    browser.wait_for("[role=alert]").await;
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
    browser.fill("code", "12345").await;
    press(&browser, "button.primary").await;
    browser.wait_for("#code[aria-invalid=true] ~ #code-error").await;
    gallery.look("sign-in-code-wrong").await;
    browser.fill("code", &code(&secret, 1)).await;
    browser.click("button.primary").await;
    browser.wait_for("body.admin").await;
    browser.client.goto(&link).await.unwrap();
    gallery.look("password-over").await;
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}

/// Somebody who signs in elsewhere.
async fn elsewhere(daemon: &TestDaemon, email: &str, password: &str) -> Browsing {
    let mut browsing = Browsing::new(daemon.daemon.web_address());
    let fields = [("email", email), ("password", password)];
    let signed_in = browsing.submit("/sign-in", "/sign-in", &fields).await;
    assert_eq!((signed_in.status.as_u16(), signed_in.header("location")), (303, "/"));
    browsing
}

/// Whether somebody is still let in there.
async fn is_let_in(browsing: &mut Browsing) -> bool {
    browsing.get("/account").await.status == 200
}

async fn logins(browser: &Browser) -> serde_json::Value {
    browser.eval("document.querySelectorAll('#logins li').length").await
}

#[tokio::test]
async fn a_partner_changes_language_and_password_and_ends_what_goes_on_elsewhere() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = TestDaemon::start().await;
    let mut gallery = Gallery::of(&browser);
    sign_in(&browser, &daemon, Role::Owner).await;
    let account = format!("http://{}/account", daemon.daemon.web_address());
    browser.client.goto(&account).await.unwrap();
    let email = browser.text_of("main p.quiet").await;
    choose(&browser, "language", "es").await;
    press(&browser, "form[action$='/language'] button").await;
    assert_eq!(browser.eval("document.documentElement.lang").await, "es");
    gallery.glance("account", "in-spanish").await;

    let change = "form[action$='/account/password'] button";
    browser.fill("before", PASSWORD).await;
    browser.fill("after", "too short").await;
    press(&browser, change).await;
    browser.wait_for("#after[aria-invalid=true] ~ #after-error").await;
    gallery.glance("account", "weak-password").await;
    browser.fill("before", "not the password").await;
    browser.fill("after", "another horse battery").await;
    press(&browser, change).await;
    browser.wait_for("#before[aria-invalid=true] ~ #before-error").await;
    gallery.glance("account", "wrong-password").await;
    browser.fill("before", PASSWORD).await;
    browser.fill("after", "another horse battery").await;
    press(&browser, change).await;
    browser.wait_for("main:not(:has([aria-invalid]))").await;

    let mut first = elsewhere(&daemon, &email, "another horse battery").await;
    browser.client.goto(&account).await.unwrap();
    assert_eq!(logins(&browser).await, 2);
    gallery.glance("account", "signed-in-elsewhere").await;
    press(&browser, "form[action$='/logins/end'] button").await;
    assert_eq!((logins(&browser).await, is_let_in(&mut first).await), (1.into(), false));
    let mut others = [
        elsewhere(&daemon, &email, "another horse battery").await,
        elsewhere(&daemon, &email, "another horse battery").await,
    ];
    browser.client.goto(&account).await.unwrap();
    press(&browser, "form[action$='/logins/end-others'] button").await;
    assert_eq!(logins(&browser).await, 1);
    for other in &mut others {
        assert!(!is_let_in(other).await);
    }
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_partner_switches_the_second_factor_on_and_off_with_what_only_they_know() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = TestDaemon::start().await;
    let mut gallery = Gallery::of(&browser);
    sign_in(&browser, &daemon, Role::Viewer).await;
    let account = format!("http://{}/account", daemon.daemon.web_address());
    browser.client.goto(&account).await.unwrap();
    let secret = "document.querySelector('[name=secret]').value";
    let shown = browser.eval(secret).await;
    browser.fill("code", "12345").await;
    press(&browser, "#second-factor button").await;
    browser.wait_for("#code[aria-invalid=true] ~ #code-error").await;
    assert_eq!(browser.eval(secret).await, shown, "it was scanned already");
    gallery.glance("second-factor", "wrong-code").await;
    browser.fill("code", &code(shown.as_str().unwrap(), 0)).await;
    press(&browser, "#second-factor button").await;
    browser.wait_for("#second-factor .good").await;
    gallery.glance("second-factor", "on").await;
    browser.fill("password", "not the password").await;
    press(&browser, "#second-factor button").await;
    browser.wait_for("#password[aria-invalid=true] ~ #password-error").await;
    gallery.glance("second-factor", "wrong-password").await;
    browser.fill("password", PASSWORD).await;
    press(&browser, "#second-factor button").await;
    browser.wait_for("#second-factor svg").await;
    assert_ne!(browser.eval(secret).await, shown, "what was once used is not used again");
    gallery.glance("second-factor", "off").await;
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_partner_of_two_projects_goes_from_one_to_the_other() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = TestDaemon::start().await;
    let mut gallery = Gallery::of(&browser);
    let base = sign_in(&browser, &daemon, Role::Owner).await;
    let now = SystemClock.now();
    let other = ProjectId::new(now, [77; 10]);
    let new = NewProject { id: other.clone(), name: "S\u{f6}hne & Co".into(), created_at: now };
    let (here, there) = (daemon.invited.project.clone(), other.clone());
    let write = daemon.daemon.store.write(move |writer| {
        writer.insert_project(&new)?;
        let email = writer.members(&here)?.remove(0).email;
        admit(writer, &there, &email, Role::Viewer, now).map(drop)
    });
    write.await.unwrap();
    let first = format!("http://{}/", daemon.daemon.web_address());
    browser.client.goto(&first).await.unwrap();
    assert_eq!(browser.eval("document.querySelectorAll('.choices li').length").await, 2);
    gallery.look("projects").await;
    press(&browser, &format!(".choices a[href*='{other}']")).await;
    assert_eq!(browser.text_of(".projects summary bdi").await, "S\u{f6}hne & Co");
    browser.click(".projects summary").await;
    gallery.look("projects-in-the-sidebar").await;
    press(&browser, ".projects a:not([aria-current])").await;
    let here = browser.client.current_url().await.unwrap();
    assert_eq!(here.as_str(), format!("{base}/invitations"));
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}
