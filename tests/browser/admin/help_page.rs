//! The help page that the product was made from, followed sentence by sentence: each that describes what
//! somebody does or sees is a step, in its order, in a real browser with a stand-in for Meta.

use std::time::Duration;

use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, Role};
use zavud::onboarding::{Step, take_step};
use zavud::store::NewConnection;

use crate::chromium::Browser;
use crate::partner::{choose, click_to, copy, fill_in, sign_in};
use crate::support::{PASSWORD, TestDaemon, admitted, tell};
use crate::window::{Attempt, control, start_deaf, start_reading};

/// A sentence that is followed now. It is told, so that whoever reads a failure knows where it was.
fn step(sentence: &str) {
    tell(&format!("help page: {sentence}"));
}

/// Where a link leads here: what a test listens on is not the public address.
fn here(daemon: &TestDaemon, link: &str) -> String {
    let (_, token) = link.split_once("/i/").expect("it is the link of an invitation");
    format!("http://{}/i/{token}", daemon.daemon.web_address())
}

/// Makes an invitation in the form, and tells its link.
async fn invite(browser: &Browser, base: &str, name: &str, connection: &str) -> String {
    browser.client.goto(&format!("{base}/invitations/new")).await.unwrap();
    fill_in(browser, "client_name", name).await;
    browser.click(&format!("#{connection}")).await;
    click_to(browser, "#make", "#link").await;
    browser.text("link").await
}

#[tokio::test]
async fn partner_invitations_creating_an_invitation() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = start_deaf().await;
    let (server, project) = (daemon.daemon.web_address(), daemon.invited.project.clone());

    step("Log in to the dashboard");
    let store = &daemon.daemon.store;
    let link = admitted(store, &project, "ann@example.com", Role::Owner).await;
    let site = format!("http://{server}");
    browser.client.goto(&format!("{site}/password/{}", link.expose())).await.unwrap();
    fill_in(&browser, "password", PASSWORD).await;
    click_to(&browser, "main button", ".sidebar").await;
    step("Select your project from the sidebar");
    assert_eq!(
        browser.eval("document.querySelector('.sidebar .project').textContent").await,
        "Acme"
    );
    step("Click on Partner Invitations in the navigation");
    click_to(&browser, ".sidebar nav a[href$='/invitations']", "#invitations").await;
    assert_eq!(
        browser.eval("document.querySelector('h1').textContent").await,
        "Partner Invitations"
    );

    step("Click the New Invitation button");
    click_to(&browser, "#new", "#client_name").await;
    step("Client name and client e-mail are optional, and so is a phone number");
    step("How long the link is valid is required: 1 to 30 days");
    fill_in(&browser, "days", "31").await;
    click_to(&browser, "#make", "#days-error").await;
    fill_in(&browser, "days", "1").await;
    fill_in(&browser, "client_name", "Acme Corp").await;
    fill_in(&browser, "client_email", "ann@acme.example").await;
    step("There are three options for the phone number");
    let options =
        "[...document.querySelectorAll('[name=connection]')].map((it) => it.id).join(' ')";
    assert_eq!(browser.eval(options).await, "client_number preassigned coexistence");
    step("Select a phone number from your account to pre-assign to this invitation");
    let free = daemon.add_number("+15550100188").await;
    click_to(&browser, "#preassigned", "#number").await;
    click_to(&browser, "#make", "#number-error").await;
    let number = free.number().unwrap().to_string();
    choose(&browser, "number", &number).await;
    click_to(&browser, "#make", "#link").await;

    step("Copy the generated invitation link, and send it by any method");
    let link = browser.text("link").await;
    let keep = "navigator.clipboard.writeText = async (text) => { window.wasCopied = text; }";
    browser.client.execute(keep, vec![]).await.unwrap();
    copy(&browser).await;
    assert_eq!(browser.eval("wasCopied").await, link.as_str());
    step("The client uses this link to complete the setup");
    browser.client.goto(&here(&daemon, &link)).await.unwrap();
    browser.wait_for_signup("not_begun").await;
    assert!(browser.eval("document.body.innerText").await.as_str().unwrap().contains("Acme Corp"));
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn partner_invitations_what_the_client_sees_and_after_completion() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = start_deaf().await;
    let base = sign_in(&browser, &daemon, Role::Owner).await;
    let link = invite(&browser, &base, "Caf\u{e9} Ana", "coexistence").await;
    let detail = browser.client.current_url().await.unwrap().to_string();
    step("Pending: created, waiting for the client to start");
    browser.wait_for("[data-status=pending]").await;

    step("Welcome: the company name and what is going to happen");
    browser.client.goto(&here(&daemon, &link)).await.unwrap();
    assert!(browser.text("welcome").await.contains("Acme"));
    step("Requirements: an account, a phone number unless pre-assigned, five minutes");
    assert_eq!(browser.eval("document.querySelectorAll('.needs li').length").await, 3);
    step("Log in with Facebook, choose an account, register the number");
    step("The client keeps using the app on the phone");
    let attempt = Attempt::on_this_page(&browser).await;
    attempt.on_the_page().await;
    step("In Progress: the client has started the setup");
    let other = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(other.clone()).await.unwrap();
    browser.client.goto(&detail).await.unwrap();
    browser.wait_for("[data-status=in_progress]").await;
    browser.wait_for("[data-happened=opened]").await;
    attempt.in_the_pop_up().await;
    attempt.connect_app().await;
    step("Confirmation: a success message when the setup is complete");
    let sender = attempt.sender().await;

    step("Completed: WhatsApp connected, sender created; the status changes to Completed");
    browser.client.switch_to_window(other).await.unwrap();
    browser.wait_for("[data-status=completed]").await;
    step("The sender id is shown in the completed invitation's details");
    browser.wait_for("#sender").await;
    assert_eq!(browser.text("sender").await, sender);
    step("Go to Senders, and look for the sender with the client's number");
    click_to(&browser, "nav a[href$='/senders']", &format!("tr[data-sender={sender}]")).await;
    let row = browser.text_of(&format!("tr[data-sender={sender}]")).await;
    assert!(row.contains("+442071838750"), "{row}");
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn partner_invitations_pre_assigned_phone_number_flow() {
    let Some(browser) = Browser::open_for(1_280, "en").await else { return };
    let daemon = start_reading().await;
    let number = daemon.add_number("+15550100124").await;
    let invited = daemon.invite(number, Some("en")).await;
    step("The client sees the phone number on the invitation page, to copy it");
    browser.client.goto(&daemon.link_of(&invited)).await.unwrap();
    let shown = "document.querySelector('#number [data-copy]').dataset.copy";
    assert_eq!(browser.eval(shown).await, "+15550100124");
    let attempt = Attempt::on_this_page(&browser).await;
    attempt.press("log_in").await;
    attempt.fill_in("Acme", "choose").await;
    attempt.press("enter").await;
    step("When prompted for verification, they select Phone Call");
    attempt.press("call").await;
    step("The verification code is received automatically and shown to be entered");
    attempt.on_the_page().await;
    browser.wait_for_stage("code").await;
    let code = browser.eval("document.getElementById('copy-code').dataset.copy").await;
    attempt.in_the_pop_up().await;
    attempt.fill_in(code.as_str().unwrap(), "type").await;
    attempt.press("allow").await;
    attempt.sender().await;
    step("The partner follows it: the call rang, the code was read, WhatsApp is connected");
    let base = sign_in(&browser, &daemon, Role::Viewer).await;
    let detail = format!("{base}/invitations/{}", invited.invitation);
    browser.client.goto(&detail).await.unwrap();
    for happened in ["opened", "rang", "code_read", "call_ended", "completed"] {
        browser.wait_for(&format!("[data-happened={happened}]")).await;
    }
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn partner_invitations_managing_invitations() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = start_deaf().await;
    let base = sign_in(&browser, &daemon, Role::Member).await;
    let first = invite(&browser, &base, "Bakery", "client_number").await;
    let list = format!("{base}/invitations?q=bakery");

    step("From the list: Copy Link");
    browser.client.goto(&list).await.unwrap();
    assert_eq!(
        browser.eval("document.querySelector('tr [data-copy]').dataset.copy").await,
        first.as_str()
    );
    step("From the list: Cancel invalidates the invitation so that it can't be used");
    click_to(&browser, "tr a[href$='/cancel']", "#cancel-now").await;
    click_to(&browser, "#cancel-now", "[data-status=cancelled]").await;
    step("\"Invalid invitation\": the link may be cancelled");
    browser.client.goto(&here(&daemon, &first)).await.unwrap();
    assert_eq!(browser.eval("document.getElementById('connect')").await, serde_json::Value::Null);
    step("From the list: Resend generates a new link for a cancelled invitation");
    browser.client.goto(&list).await.unwrap();
    click_to(&browser, "tr [data-resend]", "#link").await;
    let second = browser.text("link").await;
    assert_ne!(first, second);
    step("Expired: the invitation expired before completion");
    let id = browser.eval("document.getElementById('invitation').dataset.invitation").await;
    let id = zavud::domain::InvitationId::from_stored(id.as_str().unwrap().to_owned());
    let later = SystemClock.now() + Duration::from_secs(8 * 24 * 60 * 60);
    let expired = daemon
        .daemon
        .store
        .write(move |writer| take_step(writer, &id, &Step::Begin, Actor::Client, later));
    assert!(expired.await.unwrap().is_err(), "its time is over");
    browser.wait_for("[data-status=expired]").await;
    step("Resend generates a new link for an expired invitation");
    click_to(&browser, "[data-resend]", "#link").await;
    assert_ne!(browser.text("link").await, second);
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn partner_invitations_troubleshooting_and_following_up() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = start_deaf().await;
    let base = sign_in(&browser, &daemon, Role::Member).await;
    step("Facebook login fails: the client is told, and so is the partner");
    let link = invite(&browser, &base, "Garage", "client_number").await;
    let detail = browser.client.current_url().await.unwrap().to_string();
    let attempt = Attempt::at(&browser, &here(&daemon, &link)).await;
    attempt.press("cancel").await;
    attempt.on_the_page().await;
    browser.wait_for_failure("cancelled").await;
    browser.client.goto(&detail).await.unwrap();
    browser.wait_for("#failure").await;
    step("Phone number already on WhatsApp: Meta's window says so, and another one can be entered");
    let attempt = Attempt::at(&browser, &here(&daemon, &link)).await;
    attempt.press("log_in").await;
    attempt.fill_in("Acme", "choose").await;
    control(&daemon, &[("place", "number"), ("mishap", "136024")]).await;
    attempt.fill_in_vain("+442071838750", "enter").await;
    attempt.on_the_page().await;

    let long_ago = |days: u32| {
        let then = SystemClock.now() - Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        move |new: &mut zavud::store::NewInvitation| {
            new.client_name = Some(format!("Since {days}"));
            new.created_at = then;
            new.expires_at = then + Duration::from_secs(30 * 24 * 60 * 60);
        }
    };
    step("Pending for more than a few days: reach out to your client");
    daemon.invite_with(NewConnection::ClientNumber, long_ago(4)).await;
    step("In Progress for an extended time: contact the client");
    let stuck = daemon.invite_with(NewConnection::ClientNumber, long_ago(2)).await;
    let (id, then) = (stuck.invitation.clone(), SystemClock.now() - Duration::from_secs(7_200));
    let begin = daemon
        .daemon
        .store
        .write(move |writer| take_step(writer, &id, &Step::Begin, Actor::Client, then));
    begin.await.unwrap().unwrap();
    browser.client.goto(&format!("{base}/invitations")).await.unwrap();
    browser.wait_for("[data-hint=reach-out]").await;
    browser.wait_for("[data-hint=stuck]").await;
    step("If needed, cancel it and create a new invitation");
    let own = format!("{base}/invitations/{}", stuck.invitation);
    browser.client.goto(&own).await.unwrap();
    click_to(&browser, "#cancel", "#cancel-now").await;
    click_to(&browser, "#cancel-now", "[data-status=cancelled]").await;
    invite(&browser, &base, "Since 2, again", "client_number").await;
    browser.close().await;
    daemon.daemon.stop().await;
}
