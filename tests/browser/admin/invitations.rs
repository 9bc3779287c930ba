//! The partner's pages of invitations, as they are looked at, and that they stay true while they are open.

use std::time::Duration;

use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, FailureReason, InvitationId, InvitationToken, Role};
use zavud::onboarding::{Step, record_opening, take_step};
use zavud::store::{NewConnection, NewInvitation, NewLink};

use crate::chromium::Browser;
use crate::keyboard::press;
use crate::looks::Gallery;
use crate::partner::{choose, click_to, fill_in, sign_in};
use crate::support::{Invited, TestDaemon};
use fantoccini::key::Key;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An invitation of so many days ago, that took these steps.
async fn make(daemon: &TestDaemon, name: &str, days: u32, steps: Vec<Step>) -> InvitationId {
    let then = SystemClock.now() - DAY * days;
    let adjust = |new: &mut NewInvitation| {
        new.client_name = Some(name.to_owned());
        new.client_email = Some("ana@panaderia.example".parse().unwrap());
        new.created_at = then;
        new.expires_at = then + DAY * 30;
    };
    let Invited { invitation, project, .. } =
        daemon.invite_with(NewConnection::ClientNumber, adjust).await;
    let id = invitation.clone();
    let write = daemon.daemon.store.write(move |writer| {
        let mut at = then + DAY / 24;
        record_opening(writer, &project, &id, at)?;
        for step in &steps {
            at = at + DAY / 48;
            take_step(writer, &id, step, Actor::Client, at)?.unwrap();
        }
        Ok(())
    });
    write.await.unwrap();
    invitation
}

/// Some of each kind, with the one that failed.
async fn fill(daemon: &TestDaemon) -> InvitationId {
    make(daemon, "Panader\u{ed}a S\u{e1}nchez", 5, vec![]).await;
    make(
        daemon,
        "\u{645}\u{62e}\u{628}\u{632} \u{627}\u{644}\u{645}\u{62f}\u{64a}\u{646}\u{629}",
        1,
        vec![Step::Begin],
    )
    .await;
    make(daemon, "Acme & Sons <Ltd>", 4, vec![Step::Cancel]).await;
    let failed = Step::Fail(FailureReason::Cancelled);
    make(
        daemon,
        "Caf\u{e9} with a name that is long enough to need a second line",
        2,
        vec![Step::Begin, failed],
    )
    .await
}

#[tokio::test]
async fn invitations_of_each_kind_are_looked_at() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = TestDaemon::start().await;
    let base = sign_in(&browser, &daemon, Role::Owner).await;
    let mut gallery = Gallery::of(&browser);
    browser.client.goto(&format!("{base}/invitations?q=nobody")).await.unwrap();
    gallery.look("admin-invitations-none").await;
    let failed = fill(&daemon).await;
    for (state, path) in [
        ("list", "/invitations".to_owned()),
        ("new", "/invitations/new".to_owned()),
        ("detail-open", format!("/invitations/{}", daemon.invited.invitation)),
        ("detail-failed", format!("/invitations/{failed}")),
    ] {
        browser.client.goto(&format!("{base}{path}")).await.unwrap();
        gallery.look(&format!("admin-invitations-{state}")).await;
    }
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn in_each_language_the_list_and_the_form_fit_where_there_is_least_room() {
    for language in ["es", "pt"] {
        let Some(browser) = Browser::open_for(320, language).await else { return };
        let daemon = TestDaemon::start().await;
        let base = sign_in(&browser, &daemon, Role::Owner).await;
        let failed = fill(&daemon).await;
        let mut gallery = Gallery::in_language(&browser, language);
        for (state, path) in
            [("list", String::new()), ("new", "/new".to_owned()), ("detail", format!("/{failed}"))]
        {
            browser.client.goto(&format!("{base}/invitations{path}")).await.unwrap();
            gallery.look(&format!("admin-invitations-{state}")).await;
        }
        gallery.close();
        browser.close().await;
        daemon.daemon.stop().await;
    }
}

#[tokio::test]
async fn a_change_of_somebody_else_is_seen_in_the_list_and_on_the_page_without_loading_them_again()
{
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = TestDaemon::start().await;
    let base = sign_in(&browser, &daemon, Role::Member).await;
    let id = daemon.invited.invitation.clone();
    let take = |step: Step| {
        let (id, now) = (id.clone(), SystemClock.now());
        daemon.daemon.store.write(move |writer| take_step(writer, &id, &step, Actor::Partner, now))
    };
    browser.client.goto(&format!("{base}/invitations")).await.unwrap();
    browser.wait_for("[data-status=pending]").await;
    browser.mark().await;
    take(Step::Begin).await.unwrap().unwrap();
    browser.wait_for("[data-status=in_progress]").await;
    click_to(&browser, &format!("tr[data-invitation={id}] a"), "#timeline-title").await;
    take(Step::Cancel).await.unwrap().unwrap();
    browser.wait_for("[data-happened=cancelled]").await;
    browser.wait_for("[data-resend]").await;
    // A day is the least, and some of it is over when the step is taken.
    let expires_at = SystemClock.now() + DAY * 2;
    let link = NewLink { token: InvitationToken::new([77; 20]), expires_at };
    take(Step::Resend(link)).await.unwrap().unwrap();
    browser.wait_for("#link").await;
    assert!(browser.text("link").await.ends_with(&"4d".repeat(20)));
    assert!(browser.is_marked().await, "no page was loaded again");
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn with_the_keyboard_alone_an_invitation_is_made_searched_for_and_cancelled() {
    let Some(browser) = Browser::open(320).await else { return };
    let daemon = TestDaemon::start().await;
    let base = sign_in(&browser, &daemon, Role::Member).await;
    browser.client.goto(&format!("{base}/invitations/new")).await.unwrap();
    browser.mark().await;
    fill_in(&browser, "client_name", "Bakery").await;
    press(&browser, &[Key::Enter.into()]).await;
    browser.wait_for("#link").await;
    let link = browser.text("link").await;
    assert_eq!(
        browser.eval("document.querySelector('[data-copy]').dataset.copy").await,
        link.as_str()
    );
    click_to(&browser, "nav a[href$='/invitations']", "#q").await;
    fill_in(&browser, "q", "bak").await;
    press(&browser, &[Key::Enter.into()]).await;
    browser.wait_for("tr[data-invitation] a").await;
    choose(&browser, "status", "pending").await;
    click_to(&browser, "#show", "#invitations").await;
    assert_eq!(browser.eval("document.querySelectorAll('tr[data-invitation]').length").await, 1);
    click_to(&browser, "tr a[href$='/cancel']", "#cancel-now").await;
    click_to(&browser, "#cancel-now", "[data-status=cancelled]").await;
    browser.close().await;
    daemon.daemon.stop().await;
}
