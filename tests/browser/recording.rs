//! The invitation page in a real browser.
//!
//! Each state of the code stage is brought about in the store while the page is open, so what is
//! looked at came over the live connection. A picture of each is left in `target/screenshots/`,
//! at the width of a small phone and of a laptop.

use std::sync::Arc;
use std::time::Duration;

use fantoccini::Locator;
use serde_json::json;
use zavud::domain::{Actor, CallId, CodeStage, HeardDigit, Recording};
use zavud::onboarding::{Step, record_attempt, take_step};
use zavud::store::{EventKind, NewEvent};

use crate::chromium::{Browser, PATIENCE};
use crate::support::{ManualClock, NUMBER, TestDaemon, call, noise, skip};

fn digits(heard: &[(u8, bool)]) -> Vec<HeardDigit> {
    heard.iter().map(|&(digit, sure)| HeardDigit { digit, sure }).collect()
}

async fn show(daemon: &TestDaemon, stage: CodeStage) {
    let event = NewEvent {
        project: daemon.invited.project.clone(),
        invitation: daemon.invited.invitation.clone(),
        call: None,
        kind: EventKind::DigitsHeard,
        at: zavud::domain::Timestamp::from_unix_millis(0),
        stage: Some(stage.into()),
    };
    daemon.daemon.store.write(move |writer| writer.append_event(&event)).await.unwrap();
}

#[tokio::test]
async fn each_stage_reaches_the_open_page_and_fits_a_phone_and_a_laptop() {
    for (width, height) in [(320, 1_000), (1_280, 1_000)] {
        let Some(browser) = Browser::open(width, height).await else {
            let name = "each_stage_reaches_the_open_page_and_fits_a_phone_and_a_laptop";
            return skip(name, "chromedriver is not installed");
        };
        walk_through_stages(&browser, width).await;
        browser.close().await;
    }
}

async fn walk_through_stages(browser: &Browser, width: u32) {
    let clock = Arc::new(ManualClock::new());
    let now = zavud::clock::Clock::now(clock.as_ref());
    let model = Box::new(crate::support::DeafModel);
    let daemon = TestDaemon::start_with(clock, model, |_| {}).await;
    browser.client.goto(&daemon.link()).await.unwrap();
    let valid_until = now + Duration::from_secs(600);
    let code = |text: &str| CodeStage::Code { code: text.parse().unwrap(), valid_until };
    let unreadable = CodeStage::Unreadable {
        digits: digits(&[(4, true), (8, false)]),
        recording: Recording::Kept { call: CallId::new(now, [1; 10]), until: valid_until },
    };
    let stages = [
        ("waiting", None),
        ("ringing", Some(CodeStage::Ringing)),
        (
            "listening",
            Some(CodeStage::Listening {
                digits: digits(&[(4, true), (8, true), (1, true), (5, false)]),
            }),
        ),
        (
            "listening",
            Some(CodeStage::Listening {
                digits: digits(&[(4, true), (8, true), (7, true), (5, true), (2, true)]),
            }),
        ),
        ("code", Some(code("481529"))),
        ("unreadable", Some(unreadable)),
        ("code", Some(code("773016"))),
        ("expired", Some(CodeStage::Expired)),
    ];
    for (index, (name, stage)) in stages.into_iter().enumerate() {
        if let Some(stage) = stage {
            show(&daemon, stage).await;
        }
        browser.wait_for_stage(name).await;
        check_stage(browser, index, name).await;
        assert!(browser.picture(&format!("{index}-{name}-{width}")).await, "it scrolls sideways");
    }
    daemon.daemon.stop().await;
}

/// What must be true of the page in each stage.
async fn check_stage(browser: &Browser, index: usize, name: &str) {
    let shown = browser
        .eval("[...document.querySelectorAll('[data-stage]:not([hidden])')].map(e => e.dataset.stage)")
        .await;
    assert_eq!(shown, json!([name]));
    let text = |id: &str| format!("document.getElementById('{id}').textContent");
    let offered = |id: &str, attribute: &str| {
        format!(
            "document.getElementById('{id}').{attribute}.startsWith(location.href + '/recordings/call_')"
        )
    };
    match index {
        2 => {
            let cells = browser
                .eval("[...document.querySelectorAll('[data-stage=listening] li')].map(e => e.textContent + e.className)")
                .await;
            assert_eq!(cells, json!(["4", "8", "1", "5unsure", "", ""]));
            let rows = browser
                .eval("new Set([...document.querySelectorAll('[data-stage=listening] li')].map(e => e.offsetTop)).size")
                .await;
            assert_eq!(rows, 1, "the six digits stand in one line");
        }
        3 => {
            let fifth = "//div[@data-stage='listening']//li[5][text()='2']";
            let there = browser.client.wait().at_most(PATIENCE);
            there.for_element(Locator::XPath(fifth)).await.unwrap();
            let cells = browser
                .eval("[...document.querySelectorAll('[data-stage=listening] li')].map(e => e.innerHTML)")
                .await;
            assert_eq!(cells, json!(["4", "8", "7<del>1</del>", "5", "2", ""]));
            let announced = browser.eval(&text("announcement")).await;
            assert_eq!(announced, "Listening to the call.", "a correction is not read out");
        }
        4 => {
            assert_eq!(browser.eval(&text("code-digits")).await, "481 529");
            let announced = browser.eval(&text("announcement")).await;
            assert_eq!(announced, "Your code is 4 8 1 5 2 9");
            let remaining = browser.eval(&text("remaining")).await;
            assert!(remaining.as_str().unwrap().starts_with("9:") || remaining == "10:00");
            let copy = "document.getElementById('copy-code')";
            browser.client.find(Locator::Id("copy-code")).await.unwrap().click().await.unwrap();
            browser
                .client
                .wait()
                .at_most(PATIENCE)
                .for_element(Locator::XPath("//button[.='Copied']"))
                .await
                .unwrap();
            assert_eq!(browser.eval(&format!("{copy}.dataset.copy")).await, "481529");
        }
        5 => {
            let cells = browser
                .eval("[...document.querySelectorAll('#heard-digits li')].map(e => e.textContent + e.className)")
                .await;
            assert_eq!(cells, json!(["4", "8unsure"]), "nobody knows where the others belong");
            assert_eq!(
                browser.eval("document.getElementById('missing-digits').hidden").await,
                false
            );
            assert_eq!(browser.eval(&offered("recording-link", "href")).await, true);
            assert_eq!(browser.eval(&offered("recording-player", "src")).await, true);
        }
        6 => {
            let player = "document.getElementById('recording-player').hasAttribute('src')";
            assert_eq!(browser.eval(player).await, false, "nothing goes on playing");
            assert_eq!(browser.eval(&text("code-digits")).await, "773 016");
            assert_eq!(
                browser.eval(&text("copy-code")).await,
                "Copy code",
                "this one is not copied"
            );
            let earlier = "document.querySelector('#earlier li')";
            assert_eq!(browser.eval(&format!("{earlier}.textContent")).await, "481 529");
            let line = format!("getComputedStyle({earlier}).textDecorationLine");
            assert_eq!(browser.eval(&line).await, "line-through");
        }
        7 => {
            let body = browser.eval("document.body.innerHTML").await;
            assert!(!body.as_str().unwrap().contains("773"), "the code has left the page");
        }
        _ => {}
    }
}

#[tokio::test]
async fn a_page_left_open_comes_back_to_the_truth_after_the_daemon_was_gone() {
    let Some(browser) = Browser::open(1_280, 800).await else {
        let name = "a_page_left_open_comes_back_to_the_truth_after_the_daemon_was_gone";
        return skip(name, "chromedriver is not installed");
    };
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("zavud.db");
    let store = Arc::new(zavud::store::Store::open(&database, Box::new(|_| {})).unwrap());
    let now = zavud::clock::Clock::now(&zavud::clock::SystemClock);
    let invited = crate::support::Invited::make(&store, now).await;

    let first = crate::support::Serving::start(&database);
    let address = first.web;
    let link = format!("http://{address}/i/{}", invited.token.expose());
    browser.client.goto(&link).await.unwrap();
    browser.wait_for_stage("waiting").await;
    first.kill();
    let offline = Locator::Css("#offline:not([hidden])");
    browser.client.wait().at_most(PATIENCE).for_element(offline).await.unwrap();

    let event = NewEvent {
        project: invited.project,
        invitation: invited.invitation,
        call: None,
        kind: EventKind::CallRinging,
        at: now,
        stage: Some(CodeStage::Ringing.into()),
    };
    store.write(move |writer| writer.append_event(&event)).await.unwrap();
    let second = crate::support::Serving::start_on(&database, address);
    browser.wait_for_stage("ringing").await;
    let notice = browser.eval("document.getElementById('offline').hidden").await;
    assert_eq!(notice, true, "nothing is said to be interrupted any more");
    browser.close().await;
    assert!(second.terminate());
}

#[tokio::test]
async fn a_recording_can_be_played_from_the_middle() {
    let Some(browser) = Browser::open(320, 1_000).await else {
        let name = "a_recording_can_be_played_from_the_middle";
        return skip(name, "chromedriver is not installed");
    };
    let daemon = TestDaemon::start().await;
    browser.client.goto(&daemon.link()).await.unwrap();
    call(daemon.daemon.sip_address(), NUMBER, noise(4)).await.unwrap();
    browser.wait_for_stage("unreadable").await;
    let script = "const done = arguments[0];
        const player = document.getElementById('recording-player');
        if (player.readyState !== 0) done('it was fetched before anybody asked for it');
        player.onerror = () => done(player.error.message);
        player.onloadedmetadata = () => { player.currentTime = 2; };
        player.onseeked = () => done([player.duration, player.currentTime]);
        player.preload = 'auto';";
    let played = browser.client.execute_async(script, vec![]).await.unwrap();
    let [duration, position] = [0, 1].map(|index| played[index].as_f64().unwrap_or(f64::NAN));
    assert!((3.8..4.2).contains(&duration) && position == 2.0, "{played}");
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn an_open_page_warns_of_the_last_attempts_and_says_when_its_invitation_is_withdrawn() {
    let Some(browser) = Browser::open(320, 1_000).await else {
        let name =
            "an_open_page_warns_of_the_last_attempts_and_says_when_its_invitation_is_withdrawn";
        return skip(name, "chromedriver is not installed");
    };
    let daemon = TestDaemon::start().await;
    let now = zavud::clock::Clock::now(&zavud::clock::SystemClock);
    browser.client.goto(&daemon.link()).await.unwrap();
    for (attempts, shown) in [(6, [false, false]), (1, [true, false]), (3, [false, true])] {
        let count = daemon.daemon.store.write(move |writer| {
            let number = writer.own_number(&NUMBER.parse().unwrap())?.unwrap().id;
            (0..attempts).try_for_each(|_| record_attempt(writer, &number, now).map(|_| ()))
        });
        count.await.unwrap();
        for (stage, name) in [(CodeStage::Ringing, "ringing"), (CodeStage::Waiting, "waiting")] {
            show(&daemon, stage).await;
            browser.wait_for_stage(name).await;
        }
        let warnings =
            "['few', 'none'].map(id => !document.getElementById(`attempts-${id}`).hidden)";
        assert_eq!(browser.eval(warnings).await, json!(shown), "after {attempts} more");
    }
    let invitation = daemon.invited.invitation.clone();
    let cancel = daemon
        .daemon
        .store
        .write(move |writer| take_step(writer, &invitation, &Step::Cancel, Actor::Partner, now));
    cancel.await.unwrap().unwrap();
    let says_so = Locator::XPath("//h1[.='This invitation was withdrawn']");
    browser.client.wait().at_most(PATIENCE).for_element(says_so).await.unwrap();
    browser.close().await;
    daemon.daemon.stop().await;
}
