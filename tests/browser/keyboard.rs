//! The whole way with the keyboard alone.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;

use crate::chromium::Browser;
use crate::window::{Attempt, start_reading};

/// Presses these one after the other, each alone.
pub(crate) async fn press(browser: &Browser, keys: &[char]) {
    let mut actions = KeyActions::new("keyboard".into());
    for &value in keys {
        actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
    }
    browser.client.perform_actions(actions).await.unwrap();
}

/// Presses one while another one is held.
pub(crate) async fn press_with(browser: &Browser, held: Key, value: char) {
    let held = char::from(held);
    let chord = [
        KeyAction::Down { value: held },
        KeyAction::Down { value },
        KeyAction::Up { value },
        KeyAction::Up { value: held },
    ];
    let keyboard = KeyActions::new("keyboard".into());
    let actions = chord.into_iter().fold(keyboard, KeyActions::then);
    browser.client.perform_actions(actions).await.unwrap();
}

async fn type_in(browser: &Browser, text: &str) {
    press(browser, &text.chars().collect::<Vec<_>>()).await;
}

/// Goes on with Tab until this has the focus, which can be seen at each stop.
async fn tab_to(browser: &Browser, selector: &str) {
    let mut stops = Vec::new();
    for _ in 0..12 {
        press(browser, &[Key::Tab.into()]).await;
        let stop = browser.eval("document.activeElement.outerHTML").await;
        let visible = "(() => {
            const element = document.activeElement;
            const { outlineStyle, outlineWidth } = getComputedStyle(element);
            return element.matches(':focus-visible') && outlineStyle !== 'none'
                && parseFloat(outlineWidth) >= 2;
        })()";
        assert_eq!(browser.eval(visible).await, true, "the focus can not be seen: {stop}");
        if browser.eval(&format!("document.activeElement.matches('{selector}')")).await == true {
            return;
        }
        stops.push(stop);
    }
    panic!("Tab does not lead to {selector}: {stops:#?}");
}

/// Goes to a button and presses it.
async fn enter(browser: &Browser, selector: &str) {
    browser.wait_for(selector).await;
    tab_to(browser, selector).await;
    press(browser, &[Key::Enter.into()]).await;
}

#[tokio::test]
async fn a_client_connects_a_number_of_ours_with_the_keyboard_alone() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = start_reading().await;
    browser.client.goto(&daemon.link()).await.unwrap();
    let before = browser.client.windows().await.unwrap();
    enter(&browser, "#connect").await;
    let attempt = Attempt::opened(&browser, &before).await;
    enter(&browser, "button[value=log_in]").await;
    browser.wait_for("button[value=choose]").await;
    tab_to(&browser, "#value").await;
    type_in(&browser, "Acme").await;
    enter(&browser, "button[value=choose]").await;
    enter(&browser, "button[value=enter]").await;
    enter(&browser, "button[value=call]").await;

    attempt.on_the_page().await;
    browser.wait_for_stage("code").await;
    // The focus stays where the client left it, whatever the page shows meanwhile.
    let focused = "document.activeElement.id";
    assert_eq!(browser.eval(focused).await, "connect");
    tab_to(&browser, "#copy-code").await;
    press(&browser, &[Key::Enter.into()]).await;
    assert_eq!(browser.eval(focused).await, "copy-code");
    let code = browser.eval("document.getElementById('copy-code').dataset.copy").await;

    attempt.in_the_pop_up().await;
    browser.wait_for("button[value=type]").await;
    tab_to(&browser, "#value").await;
    type_in(&browser, code.as_str().unwrap()).await;
    press(&browser, &[Key::Enter.into()]).await;
    enter(&browser, "button[value=allow]").await;
    attempt.sender().await;
    // What had it is hidden now: it goes to what is news, from where Tab leads on.
    assert_eq!(browser.eval(focused).await, "signup-title");
    browser.close().await;
    daemon.daemon.stop().await;
}
