//! The whole way of a client: from the link through the window of the stand-in for Meta to the sender,
//! for each way to connect and in each language.

use tokio::time::timeout;
use zavud::cli::page_watcher::PageWatcher;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{CodeStage, Timestamp};
use zavud::store::NewConnection;
use zavud::voices::Voice;

use crate::chromium::{Browser, PATIENCE};
use crate::support::tell;
use crate::window::{Attempt, control, start_deaf, start_reading, text_message};

/// The languages of pages and voices, each with a number of ours where it is spoken.
pub(crate) const LANGUAGES: [(&str, &str); 3] =
    [("en", "+15550100124"), ("es", "+34910000124"), ("pt", "+5511900000124")];

/// Notes in the page when six digits stand in it, and when it says that they are the code.
const WATCH: &str = "window.came = {};
    const note = (what) => came[what] ??= Date.now();
    const look = () => {
        const cells = [...document.querySelectorAll('[data-stage=listening] li')];
        if (cells.every((cell) => cell.textContent)) note('digits');
        if (!document.querySelector('[data-stage=code]').hidden) note('code');
    };
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver(look).observe(document.getElementById('stage'), all);";

/// The moment at which the page of this link is told that its call was answered.
async fn answered(link: String) -> Timestamp {
    let mut page = PageWatcher::open(&link, None).await.unwrap();
    loop {
        let seen = page.next().await.unwrap().expect("the stream goes on");
        if matches!(seen.stage, CodeStage::Listening { .. }) {
            return SystemClock.now();
        }
    }
}

#[tokio::test]
async fn in_each_language_a_client_connects_a_number_of_ours_with_the_code_that_is_spoken() {
    let daemon = start_reading().await;
    for (language, number) in LANGUAGES {
        // Meta speaks the language of the browser.
        let Some(browser) = Browser::open_for(1_280, language).await else { break };
        let number = daemon.add_number(number).await;
        let link = daemon.link_of(&daemon.invite(number, Some(language)).await);
        let answer = tokio::spawn(answered(link.clone()));
        browser.client.goto(&link).await.unwrap();
        assert_eq!(browser.eval("navigator.language").await, language);
        browser.client.execute(WATCH, vec![]).await.unwrap();

        let attempt = Attempt::on_this_page(&browser).await;
        attempt.press("log_in").await;
        attempt.fill_in("Acme \"Söhne\" <script>", "choose").await;
        // The number is filled in already.
        attempt.press("enter").await;
        attempt.press("call").await;
        attempt.on_the_page().await;
        browser.wait_for_stage("code").await;
        let code = browser.eval("document.getElementById('copy-code').dataset.copy").await;
        let code = code.as_str().unwrap().to_owned();
        let answered_at = timeout(PATIENCE, answer).await.unwrap().unwrap();
        tell_of_the_time(&browser, language, &code, answered_at).await;

        attempt.in_the_pop_up().await;
        attempt.fill_in(&code, "type").await;
        attempt.press("allow").await;
        attempt.sender().await;
        assert_eq!(browser.eval("document.documentElement.lang.split('-')[0]").await, language);
        browser.close().await;
    }
    daemon.daemon.stop().await;
}

/// Prints how long after the last spoken digit the page had all six, and said that they are the code.
async fn tell_of_the_time(browser: &Browser, language: &str, code: &str, answered_at: Timestamp) {
    let voice = Voice::of(language.parse().unwrap()).unwrap();
    let spoken = voice.speak(&code.parse().unwrap()).unwrap();
    let came = browser.eval("[came.digits ?? came.code, came.code]").await;
    let came = [0, 1].map(|index| came[index].as_i64().unwrap() - answered_at.unix_millis());
    let ends = spoken.readings_end.iter().map(|end| end.as_millis() as i64);
    let after = came.map(|came| {
        // A digit can be known before its sound has faded: then it is less than nothing after its end.
        let heard = ends.clone().filter(|end| end - 500 <= came).max();
        came - heard.expect("nothing is shown before it was spoken")
    });
    let [digits, decision] = after;
    tell(&format!(
        "{language}: {digits} ms from the last spoken digit to six digits in the page, \
         {decision} ms to the code"
    ));
}

#[tokio::test]
async fn in_each_language_a_client_connects_a_number_of_their_own_with_a_text_message() {
    let Some(browser) = Browser::open(320).await else { return };
    let daemon = start_deaf().await;
    for (language, _) in LANGUAGES {
        let invited = daemon.invite(NewConnection::ClientNumber, Some(language)).await;
        let attempt = Attempt::at(&browser, &daemon.link_of(&invited)).await;
        attempt.press("log_in").await;
        attempt.fill_in("Acme", "choose").await;
        attempt.fill_in("+44 20 7183 8750", "enter").await;
        attempt.press("sms").await;
        browser.wait_for("button[value=type]").await;
        let code = text_message(&daemon, "+442071838750").await;
        attempt.fill_in(&code, "type").await;
        attempt.press("allow").await;
        attempt.sender().await;
        assert_eq!(browser.eval("document.documentElement.lang.split('-')[0]").await, language);
    }
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn in_each_language_a_client_keeps_the_app_and_whatever_comes_first_counts() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let daemon = start_deaf().await;
    let orders = ["event_first", "code_first", "event_lost"];
    for ((language, _), order) in LANGUAGES.into_iter().zip(orders.into_iter().cycle()) {
        control(&daemon, &[("order", order)]).await;
        let invited = daemon.invite(NewConnection::Coexistence, Some(language)).await;
        let attempt = Attempt::at(&browser, &daemon.link_of(&invited)).await;
        attempt.connect_app().await;
        attempt.sender().await;
        assert_eq!(browser.eval("document.documentElement.lang.split('-')[0]").await, language);
    }
    browser.close().await;
    daemon.daemon.stop().await;
}
