//! Calls: filtered, and listened to.

use fantoccini::Locator;
use fantoccini::actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};

use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{CallId, CallOutcome};

use super::{Admin, inside_of_another_site, on_its_own};
use crate::chromium::Browser;
use crate::partner::{choose, wait_until};
use crate::support::{NUMBER, call, noise};

#[tokio::test]
async fn an_owner_looks_through_calls_and_listens_to_one() {
    on_its_own(walk).await;
}

#[tokio::test]
async fn inside_of_another_site_an_owner_looks_through_calls_and_listens_to_one() {
    inside_of_another_site(walk).await;
}

async fn walk(admin: &mut Admin<'_>) {
    filter(admin).await;
    listen(admin).await;
    leaf_through(admin).await;
}

async fn filter(admin: &mut Admin<'_>) {
    let [_, with_code, unreadable] = admin.desk.calls.clone();
    let row = |id| format!("#past tr[data-call={id}]");
    admin.go_to("calls").await;
    choose(admin.browser, "outcome", "code_read").await;
    admin.press("#filter button").await;
    assert_eq!(admin.count(&row(&with_code)).await, 1);
    assert_eq!(admin.count(&row(&unreadable)).await, 0);
    admin.look("calls", "with-a-code").await;
    choose(admin.browser, "outcome", "silent").await;
    admin.press("#filter button").await;
    assert_eq!(admin.count("#past tr[data-call]").await, 0);
    admin.look("calls", "none").await;

    let number = admin.desk.own_number().await;
    admin.open(&format!("/numbers/{number}")).await;
    admin.press("#facts a[href*='/calls?number=']").await;
    assert_eq!(admin.count("#past tr[data-call]").await, 2);
    admin.look("calls", "of-a-number").await;
    admin.press("#of-number a").await;
    assert_eq!(admin.count("#of-number").await, 0);
    admin.look("calls", "of-all").await;
}

/// The button has no element that a page knows of: it is at the left end of the player.
async fn press_play(browser: &Browser) {
    let player = browser.client.find(Locator::Css("#recording audio")).await.unwrap();
    let (.., width, _) = player.rectangle().await.unwrap();
    let mouse = MouseActions::new("mouse".into())
        .then(PointerAction::MoveToElement {
            element: player,
            duration: None,
            x: 24.0 - width / 2.0,
            y: 0.0,
        })
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
        .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    browser.client.perform_actions(mouse).await.unwrap();
}

/// To one that was really made.
async fn listen(admin: &mut Admin<'_>) {
    let [_, with_code, unreadable] = admin.desk.calls.clone();
    call(admin.desk.daemon.daemon.sip_address(), NUMBER, noise(1)).await.unwrap();
    let new =
        format!("#past tr[data-call]:not([data-call={with_code}]):not([data-call={unreadable}]) a");
    admin.press(&new).await;
    press_play(admin.browser).await;
    // Of one second: it may be over already.
    wait_until(admin.browser, "document.querySelector('#recording audio').currentTime > 0").await;
    admin.look_well("call-listened-to").await;
}

/// As many as make a second page, with the same filter.
async fn leaf_through(admin: &mut Admin<'_>) {
    let now = SystemClock.now();
    for index in 10..60 {
        let (id, end) = (CallId::new(now, [index; 10]), (CallOutcome::CodeRead, 4.4));
        admin.desk.ring(&id, Some(end)).await;
    }
    admin.go_to("calls").await;
    choose(admin.browser, "outcome", "code_read").await;
    admin.press("#filter button").await;
    assert_eq!(admin.count("#past tr[data-call]").await, 50);
    admin.press("#next").await;
    let [_, with_code, _] = &admin.desk.calls;
    assert_eq!(admin.count("#past tr[data-call]").await, 1);
    assert_eq!(admin.count(&format!("tr[data-call={with_code}]")).await, 1, "it came first");
    admin.look("calls", "second-page").await;
}
