//! The pages of links that open nothing any more, or never did.

use std::sync::Arc;
use std::time::Duration;

use zavud::clock::Clock as _;
use zavud::domain::{Actor, InvitationToken};
use zavud::onboarding::{Step, take_step};
use zavud::store::NewLink;

use crate::chromium::{Browser, PATIENCE};
use crate::looks::Gallery;
use crate::support::{DeafModel, ManualClock, TestDaemon};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn take(daemon: &TestDaemon, clock: &ManualClock, step: Step) {
    let (invitation, now) = (daemon.invited.invitation.clone(), clock.now());
    let take = move |writer: &zavud::store::Writer<'_>| {
        take_step(writer, &invitation, &step, Actor::Partner, now)
    };
    daemon.daemon.store.write(take).await.unwrap().unwrap();
}

/// Waits until the open page has loaded itself again, and was answered with this status.
pub(crate) async fn wait_for_status(browser: &Browser, status: u16) {
    let answered = "performance.getEntriesByType('navigation')[0]?.responseStatus";
    let wait = async {
        while browser.eval(answered).await != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the page says what has become of its link");
}

#[tokio::test]
async fn an_open_page_says_at_once_that_its_link_opens_nothing_any_more() {
    let Some(browser) = Browser::open(320).await else { return };
    let clock = Arc::new(ManualClock::new());
    let model = Box::new(DeafModel);
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, model, |_| {}).await;
    let mut gallery = Gallery::of(&browser);
    let resend = |index: u8| {
        let token = InvitationToken::new([index; 20]);
        let link = format!("http://{}/i/{}", daemon.daemon.web_address(), token.expose());
        (link, Step::Resend(NewLink { token, expires_at: clock.now() + DAY }))
    };

    browser.client.goto(&daemon.link()).await.unwrap();
    wait_for_status(&browser, 200).await;
    take(&daemon, &clock, Step::Cancel).await;
    wait_for_status(&browser, 410).await;
    gallery.look("closed-cancelled").await;

    let (link, again) = resend(50);
    take(&daemon, &clock, again).await;
    browser.client.goto(&link).await.unwrap();
    wait_for_status(&browser, 200).await;
    clock.advance(DAY);
    wait_for_status(&browser, 410).await;
    gallery.look("closed-expired").await;

    // The link before, and one that never was, look the same.
    let (newer, again) = resend(51);
    take(&daemon, &clock, again).await;
    let mut pages = Vec::new();
    for (name, address) in [("replaced", &link), ("unknown", &format!("{newer}0"))] {
        browser.client.goto(address).await.unwrap();
        wait_for_status(&browser, 404).await;
        pages.push(browser.eval("document.documentElement.outerHTML").await);
        gallery.look(&format!("closed-{name}")).await;
    }
    assert_eq!(pages[0], pages[1]);

    browser.client.goto(&format!("{newer}/recordings/call_7")).await.unwrap();
    wait_for_status(&browser, 404).await;
    gallery.look("closed-recording").await;
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}
