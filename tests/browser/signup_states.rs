//! The states of the sign-up on the invitation page, for each way to connect.

use serde_json::json;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{SignupFailure, SignupId, SignupStep};
use zavud::onboarding::begin_signup;
use zavud::store::{EventKind, Learned, NewConnection, NewEvent, Writer};

use crate::chromium::Browser;
use crate::journeys::LANGUAGES;
use crate::looks::Gallery;
use crate::support::stand_in::{ACCOUNT, CODE, StandIn};
use crate::support::{Invited, TestDaemon, post};

async fn change(
    daemon: &TestDaemon,
    invited: &Invited,
    change: impl FnOnce(&Writer<'_>) -> Result<(), zavud::store::StoreError> + Send + 'static,
) {
    let wake = NewEvent {
        project: invited.project.clone(),
        invitation: invited.invitation.clone(),
        call: None,
        kind: EventKind::SignupEnded,
        at: SystemClock.now(),
        stage: None,
    };
    let write = daemon.daemon.store.write(move |writer| {
        change(writer)?;
        writer.append_event(&wake).map(|_| ())
    });
    write.await.unwrap();
}

/// Begins an attempt, as the page does.
async fn begin(daemon: &TestDaemon, invited: &Invited, attempt: u8) -> SignupId {
    let (now, invitation) = (SystemClock.now(), invited.invitation.clone());
    let id = SignupId::new(now, [attempt; 10]);
    let new = id.clone();
    let begin =
        daemon.daemon.store.write(move |writer| begin_signup(writer, &invitation, &new, now));
    begin.await.unwrap().unwrap();
    id
}

async fn fail(daemon: &TestDaemon, invited: &Invited, id: SignupId, failure: SignupFailure) {
    let end = move |writer: &Writer<'_>| writer.end_signup(&id, Some(failure), SystemClock.now());
    change(daemon, invited, end).await;
}

/// Shows the page of an invitation before anything, and after each of these failures.
async fn fail_in_turn(
    gallery: &mut Gallery<'_>,
    browser: &Browser,
    daemon: &TestDaemon,
    (name, invited): (&str, &Invited),
    failures: &[SignupFailure],
) {
    browser.client.goto(&daemon.link_of(invited)).await.unwrap();
    browser.wait_for_signup("not_begun").await;
    gallery.look(&format!("signup-{name}-not-begun")).await;
    for (attempt, &failure) in failures.iter().enumerate() {
        let id = begin(daemon, invited, attempt as u8).await;
        browser.wait_for_signup("open").await;
        fail(daemon, invited, id, failure).await;
        browser.wait_for_failure(failure.as_str()).await;
        gallery.look(&format!("signup-{name}-failed-{}", failure.as_str())).await;
    }
}

/// Shows the page of an invitation in each state that it can be in, with these failures.
async fn walk_through(
    gallery: &mut Gallery<'_>,
    browser: &Browser,
    daemon: &TestDaemon,
    (name, invited): (&str, &Invited),
    failures: &[SignupFailure],
) {
    fail_in_turn(gallery, browser, daemon, (name, invited), failures).await;

    let id = begin(daemon, invited, 100).await;
    browser.wait_for_signup("open").await;
    let number_is_hidden = "document.getElementById('number')?.hidden";
    assert_ne!(browser.eval(number_is_hidden).await, true, "Meta may ask for it");
    gallery.look(&format!("signup-{name}-open")).await;
    let moved = id.clone();
    let finishing = move |writer: &Writer<'_>| {
        writer.move_signup(&moved, SignupStep::Exchanging, &Learned::default(), SystemClock.now())
    };
    change(daemon, invited, finishing).await;
    browser.wait_for_signup("finishing").await;
    assert_ne!(browser.eval(number_is_hidden).await, false, "Meta has verified it");
    gallery.look(&format!("signup-{name}-finishing")).await;

    fail(daemon, invited, id, SignupFailure::Interrupted).await;
    let id = begin(daemon, invited, 101).await;
    let path = format!("/i/{}/signup/result", invited.token.expose());
    let report = json!({ "signup": id, "code": CODE, "event": "FINISH", "waba_id": ACCOUNT });
    let told = post(daemon.daemon.web_address(), &path, &report.to_string()).await;
    assert_eq!(told.status, 204);
    browser.wait_for_signup("done").await;
    gallery.look(&format!("signup-{name}-done")).await;
    // Somebody who comes later reads the same on a page of its own.
    browser.client.refresh().await.unwrap();
    browser.wait_for("#sender").await;
    gallery.look(&format!("closed-completed-{name}")).await;
}

#[tokio::test]
async fn anybody_can_read_each_state_of_the_sign_up_for_each_way_to_connect() {
    let Some(browser) = Browser::open(320).await else { return };
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    // One link begins only so many attempts.
    let (some, others) = SignupFailure::ALL.split_at(SignupFailure::ALL.len() / 2);
    for (language, _) in LANGUAGES {
        let own = daemon.invite(NewConnection::ClientNumber, Some(language)).await;
        let other = daemon.invite(NewConnection::ClientNumber, Some(language)).await;
        let app = daemon.invite(NewConnection::Coexistence, Some(language)).await;
        let mut ways =
            vec![(("own-number", &own), some), (("app", &app), &[SignupFailure::Cancelled][..])];
        // There is one number of ours that the stand-in can connect. With it only the title is another.
        if language == "en" {
            ways.push((("our-number", &daemon.invited), &[SignupFailure::Cancelled]));
        }
        let mut gallery = Gallery::in_language(&browser, language);
        fail_in_turn(&mut gallery, &browser, &daemon, ("own-number", &other), others).await;
        for (way, failures) in ways {
            walk_through(&mut gallery, &browser, &daemon, way, failures).await;
        }
        gallery.close();
    }
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn anybody_can_read_what_the_page_itself_finds_out() {
    let Some(browser) = Browser::open(320).await else { return };
    let mut gallery = Gallery::of(&browser);
    let nothing_set_up = TestDaemon::start().await;
    browser.client.goto(&nothing_set_up.link()).await.unwrap();
    gallery.look("signup-not-set-up").await;
    nothing_set_up.daemon.stop().await;
    // It tries to come back, and says so meanwhile.
    browser.wait_for("#offline:not([hidden])").await;
    gallery.look("page-offline").await;

    let meta = StandIn::start().await;
    let gone = StandIn::start().await.origin.clone();
    let daemon = TestDaemon::start_deaf(|config| {
        meta.configure(config);
        config.meta.sdk_url = format!("{gone}/sdk.js");
    })
    .await;
    browser.client.goto(&daemon.link()).await.unwrap();
    browser.click("#connect").await;
    browser.wait_for("#sdk-blocked:not([hidden])").await;
    browser.wait_for_signup("not_begun").await;
    gallery.look("signup-sdk-blocked").await;
    daemon.daemon.stop().await;

    // The click is long ago when Meta's script is there at last.
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    let late =
        "Object.defineProperty(navigator, 'userActivation', { value: { isActive: false } });";
    browser.run_first(late).await;
    browser.client.goto(&daemon.link()).await.unwrap();
    browser.click("#connect").await;
    browser.wait_for("#popup-ready:not([hidden])").await;
    gallery.look("signup-popup-ready").await;

    // Nobody hears how the window was left.
    browser.click("#connect").await;
    let hasten = "const wait = window.setTimeout;
        window.setTimeout = (task, ms) => wait(task, Math.min(ms, 10));";
    browser.client.execute(hasten, vec![]).await.unwrap();
    daemon.daemon.stop().await;
    let leave = "window.fbAnswer({ status: 'unknown', authResponse: null })";
    browser.client.execute(leave, vec![]).await.unwrap();
    browser.wait_for("#not-sent:not([hidden])").await;
    gallery.look("signup-not-sent").await;
    gallery.close();
    browser.close().await;
}
