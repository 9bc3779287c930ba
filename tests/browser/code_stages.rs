//! The stages of the code on the invitation page.
//!
//! Each is brought about in the store while the page is open, so what is looked at came over the live
//! connection.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use serde_json::{Value, json};
use zavud::clock::Clock as _;
use zavud::domain::{CallId, CallPurpose, CodeStage, HeardDigit, Recording, SpokenCode, Timestamp};
use zavud::onboarding::record_attempt;
use zavud::store::{EventKind, NewCall, NewCode, NewEvent, NewStage};

use crate::chromium::Browser;
use crate::journeys::LANGUAGES;
use crate::looks::Gallery;
use crate::support::{DeafModel, Invited, ManualClock, NUMBER, TestDaemon};
use crate::window::{in_the_sandbox, start_deaf};

/// An event that brings this stage.
pub(crate) fn event(invited: &Invited, stage: CodeStage) -> NewEvent {
    NewEvent {
        project: invited.project.clone(),
        invitation: invited.invitation.clone(),
        call: None,
        kind: EventKind::DigitsHeard,
        at: Timestamp::from_unix_millis(0),
        stage: Some(stage.into()),
    }
}

/// Shows this stage on the page of the daemon's first invitation.
pub(crate) async fn show(daemon: &TestDaemon, stage: CodeStage) {
    show_to(daemon, &daemon.invited, stage).await;
}

async fn show_to(daemon: &TestDaemon, invited: &Invited, stage: CodeStage) {
    let event = event(invited, stage);
    daemon.daemon.store.write(move |writer| writer.append_event(&event)).await.unwrap();
}

/// For how long a code is valid here.
const VALID: Duration = Duration::from_secs(600);

/// A call for an invitation, as the policy of calls records it.
struct Call<'a> {
    daemon: &'a TestDaemon,
    invited: &'a Invited,
    id: CallId,
}

impl<'a> Call<'a> {
    async fn ring(daemon: &'a TestDaemon, invited: &'a Invited, now: Timestamp) -> Self {
        let id = CallId::new(now, rand::rng().random());
        let (call, of) = (id.clone(), invited.clone());
        let write = daemon.daemon.store.write(move |writer| {
            let called = writer.invitation_state(&of.invitation)?.unwrap().phone_number.unwrap();
            writer.insert_call(&NewCall {
                id: call.clone(),
                project: of.project.clone(),
                number: called,
                purpose: CallPurpose::Invitation(of.invitation.clone()),
                trunk: "test".into(),
                sip_call_id: "test".into(),
                caller: None,
                rang_at: now,
            })?;
            let ringing = NewEvent { call: Some(call), ..event(&of, CodeStage::Ringing) };
            writer.append_event(&ringing).map(drop)
        });
        write.await.unwrap();
        Self { daemon, invited, id }
    }

    /// A code is read. One that was read before in the call was wrong.
    async fn read(&self, code: SpokenCode, now: Timestamp) {
        let valid_until = now + VALID;
        let stage = CodeStage::Code { code: code.clone(), valid_until };
        let read = NewEvent {
            call: Some(self.id.clone()),
            kind: EventKind::CodeRead,
            stage: Some(NewStage { stage, digits_die_at: Some(valid_until) }),
            ..event(self.invited, CodeStage::Waiting)
        };
        let row = NewCode { call: self.id.clone(), code, read_at: now, valid_until };
        let write = self.daemon.daemon.store.write(move |writer| {
            writer.withdraw_code(&row.call)?;
            writer.append_event(&read)?;
            writer.insert_code(&row)
        });
        write.await.unwrap();
    }

    /// The code that was read is taken back.
    async fn withdraw(&self) {
        let withdrawn = NewEvent {
            call: Some(self.id.clone()),
            kind: EventKind::CodeWithdrawn,
            ..event(self.invited, CodeStage::Listening { digits: Vec::new() })
        };
        let id = self.id.clone();
        let write = self.daemon.daemon.store.write(move |writer| {
            writer.withdraw_code(&id)?;
            writer.append_event(&withdrawn).map(drop)
        });
        write.await.unwrap();
    }
}

/// One stage to look at.
struct Scene {
    name: &'static str,
    /// What is stored, if anything has to be.
    stored: Option<CodeStage>,
    /// The part of the page that is shown then.
    part: &'static str,
    /// What is there when all of it has come to the page.
    sign: &'static str,
}

fn scenes(now: Timestamp) -> Vec<Scene> {
    let valid_until = now + VALID;
    let digits = |heard: &[(u8, bool)]| -> Vec<HeardDigit> {
        heard.iter().map(|&(digit, sure)| HeardDigit { digit, sure }).collect()
    };
    let listening = |heard: &[(u8, bool)]| Some(CodeStage::Listening { digits: digits(heard) });
    let code = |text: &str| Some(CodeStage::Code { code: text.parse().unwrap(), valid_until });
    let unreadable = |heard: &[(u8, bool)], recording: Recording| {
        Some(CodeStage::Unreadable { digits: digits(heard), recording })
    };
    let kept = Recording::Kept { call: CallId::new(now, [1; 10]), until: valid_until };
    let scene = |name, stored, part, sign| Scene { name, stored, part, sign };
    vec![
        scene("waiting", None, "waiting", "body"),
        scene("ringing", Some(CodeStage::Ringing), "ringing", "body"),
        scene("listening", listening(&[]), "listening", "body"),
        scene(
            "uncertain",
            listening(&[(4, true), (8, true), (1, true), (5, false)]),
            "listening",
            "[data-stage=listening] li:nth-child(4).unsure",
        ),
        scene(
            "corrected",
            listening(&[(4, true), (8, true), (7, true), (5, true), (2, true)]),
            "listening",
            "[data-stage=listening] li:nth-child(3) del",
        ),
        scene("shown", code("481529"), "code", "body"),
        scene("unreadable", unreadable(&[(4, true), (8, false)], kept), "unreadable", "body"),
        scene("shown-after-another", code("773016"), "code", "#earlier:not([hidden])"),
        scene("expired", Some(CodeStage::Expired), "expired", "#earlier[hidden]"),
        scene("erased", unreadable(&[(4, true)], Recording::Erased), "unreadable", "body"),
        scene(
            "nothing-heard",
            unreadable(&[], Recording::None),
            "unreadable",
            "#heard-digits[hidden]",
        ),
    ]
}

#[tokio::test]
async fn each_stage_of_the_code_reaches_the_open_page_and_anybody_can_read_it() {
    let Some(browser) = Browser::open(320).await else { return };
    let clock = Arc::new(ManualClock::new());
    let now = clock.now();
    let daemon = TestDaemon::start_with(clock, Box::new(DeafModel), in_the_sandbox).await;
    for (language, number) in LANGUAGES {
        let number = daemon.add_number(number).await;
        let invited = daemon.invite(number, Some(language)).await;
        browser.client.goto(&daemon.link_of(&invited)).await.unwrap();
        let mut gallery = Gallery::in_language(&browser, language);
        walk_through(&mut gallery, &browser, &daemon, &invited, now).await;
        gallery.close();
    }
    browser.close().await;
    daemon.daemon.stop().await;
}

/// Brings each scene to the page that is open.
async fn walk_through(
    gallery: &mut Gallery<'_>,
    browser: &Browser,
    daemon: &TestDaemon,
    invited: &Invited,
    now: Timestamp,
) {
    for Scene { name, stored, part, sign } in scenes(now) {
        match stored {
            None => {}
            Some(CodeStage::Code { code, .. }) => {
                Call::ring(daemon, invited, now).await.read(code, now).await;
            }
            Some(CodeStage::Expired) => {
                let write = daemon.daemon.store.write(move |w| w.erase_dead_digits(now + VALID));
                write.await.unwrap();
            }
            Some(stage) => show_to(daemon, invited, stage).await,
        }
        browser.wait_for_stage(part).await;
        browser.wait_for(sign).await;
        let shown = "[...document.querySelectorAll('[data-stage]:not([hidden])')].map(e => e.dataset.stage)";
        assert_eq!(browser.eval(shown).await, json!([part]));
        check(browser, name).await;
        gallery.look(&format!("code-{name}")).await;
    }
}

/// What must be true of the page in a scene.
async fn check(browser: &Browser, scene: &str) {
    match scene {
        "uncertain" => {
            let expected = json!(["4", "8", "1", "5unsure", "", ""]);
            assert_eq!(cells(browser, "[data-stage=listening]").await, expected);
            let rows = "new Set([...document.querySelectorAll('[data-stage=listening] li')]
                .map(e => e.offsetTop)).size";
            assert_eq!(browser.eval(rows).await, 1, "the six digits stand in one line");
        }
        "corrected" => {
            let cells =
                "[...document.querySelectorAll('[data-stage=listening] li')].map(e => e.innerHTML)";
            let expected = json!(["4", "8", "7<del>1</del>", "5", "2", ""]);
            assert_eq!(browser.eval(cells).await, expected);
            assert!(is_announced(browser, "listening", "").await, "a correction is not read out");
        }
        "shown" => check_shown(browser).await,
        "unreadable" => {
            let expected = json!(["4", "8unsure"]);
            let cells = cells(browser, "#heard-digits").await;
            assert_eq!(cells, expected, "nobody knows where the others belong");
            assert_eq!(
                browser.eval("document.getElementById('missing-digits').hidden").await,
                false
            );
            for (element, attribute) in [("recording-link", "href"), ("recording-player", "src")] {
                let address = format!("document.getElementById('{element}').{attribute}");
                let folder = "location.href + '/recordings/call_'";
                let offered = browser.eval(&format!("{address}.startsWith({folder})")).await;
                assert_eq!(offered, true, "{element}");
            }
        }
        "shown-after-another" => {
            let player = "document.getElementById('recording-player').hasAttribute('src')";
            assert_eq!(browser.eval(player).await, false, "nothing goes on playing");
            assert_eq!(browser.text("code-digits").await, "773 016");
            assert_eq!(copy_says(browser, "label").await, true, "this one is not copied");
            let earlier = "document.querySelector('#earlier li')";
            assert_eq!(browser.eval(&format!("{earlier}.textContent")).await, "481 529");
            let line = format!("getComputedStyle({earlier}).textDecorationLine");
            assert_eq!(browser.eval(&line).await, "line-through");
        }
        "expired" => {
            let body = browser.eval("document.body.innerHTML").await;
            assert!(!body.as_str().unwrap().contains("773"), "the code has left the page");
        }
        _ => {}
    }
}

async fn check_shown(browser: &Browser) {
    assert_eq!(browser.text("code-digits").await, "481 529");
    assert!(is_announced(browser, "code", " 4 8 1 5 2 9").await);
    let remaining = browser.text("remaining").await;
    assert!(remaining.starts_with("9:") || remaining == "10:00", "{remaining}");
    assert_eq!(copy_says(browser, "label").await, true);
    browser.click("#copy-code").await;
    let script = "const [done] = arguments;
        const button = document.getElementById('copy-code');
        const look = () =>
            button.textContent === button.dataset.copied ? done(button.dataset.copy) : setTimeout(look, 20);
        look();";
    assert_eq!(browser.client.execute_async(script, vec![]).await.unwrap(), "481529");
}

/// What stands in the cells of digits within an element, and how they are marked.
async fn cells(browser: &Browser, within: &str) -> Value {
    let cells = format!(
        "[...document.querySelectorAll('{within} li')].map(e => e.textContent + e.className)"
    );
    browser.eval(&cells).await
}

/// Whether a screen reader is told what this part of the page says of itself, and this after it.
async fn is_announced(browser: &Browser, part: &str, rest: &str) -> bool {
    let told = "document.getElementById('announcement').textContent";
    let own = format!("document.querySelector('[data-stage={part}]').dataset.announce");
    browser.eval(&format!("{own} !== '' && {told} === {own} + '{rest}'")).await == true
}

/// Whether the button for the code shows what it keeps under this name.
async fn copy_says(browser: &Browser, name: &str) -> Value {
    let button = "document.getElementById('copy-code')";
    browser.eval(&format!("{button}.textContent === {button}.dataset.{name}")).await
}

#[tokio::test]
async fn an_open_page_lists_the_codes_of_earlier_calls_that_one_loaded_now_lists() {
    let Some(browser) = Browser::open(320).await else { return };
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |_| {}).await;
    browser.client.goto(&daemon.link()).await.unwrap();
    let [first, second, third, other] = ["481529", "773016", "907361", "264058"];
    let begin = clock.now();

    // A code that its own call takes back, or reads otherwise, is one of no call.
    let call = Call::ring(&daemon, &daemon.invited, begin).await;
    call.read(first.parse().unwrap(), begin).await;
    wait_for_code(&browser, first).await;
    call.withdraw().await;
    browser.wait_for_stage("listening").await;
    lists(&browser, &[]).await;
    for code in [second, third] {
        call.read(code.parse().unwrap(), begin).await;
        wait_for_code(&browser, code).await;
        lists(&browser, &[]).await;
    }

    // One that the next call hides stands there until its time is over.
    let minute = Duration::from_secs(60);
    clock.advance(minute);
    let next = Call::ring(&daemon, &daemon.invited, clock.now()).await;
    browser.wait_for_stage("ringing").await;
    lists(&browser, &["907 361"]).await;
    next.read(other.parse().unwrap(), clock.now()).await;
    wait_for_code(&browser, other).await;
    lists(&browser, &["907 361"]).await;
    clock.advance(VALID - minute);
    lists(&browser, &[]).await;
    wait_for_code(&browser, other).await;
    browser.close().await;
    daemon.daemon.stop().await;
}

/// Waits until this code is the one that is shown.
async fn wait_for_code(browser: &Browser, code: &str) {
    browser.wait_for(&format!("[data-stage=code]:not([hidden]) [data-copy='{code}']")).await;
}

/// Waits until the page lists these codes of earlier calls, as one that is loaded then does.
async fn lists(browser: &Browser, codes: &[&str]) {
    let script = "const [codes, done] = arguments;
        const listed = (page) =>
            [...page.querySelectorAll('#earlier:not([hidden]) li')].map((line) => line.textContent);
        const look = async () => {
            if (String(listed(document)) !== String(codes)) return setTimeout(look, 20);
            const loaded = await (await fetch(location.href)).text();
            done(listed(new DOMParser().parseFromString(loaded, 'text/html')));
        };
        look();";
    let loaded = browser.client.execute_async(script, vec![json!(codes)]).await.unwrap();
    assert_eq!(loaded, json!(codes));
}

#[tokio::test]
async fn nothing_moves_for_whoever_asked_for_that() {
    let Some(browser) = Browser::open(320).await else { return };
    let daemon = start_deaf().await;
    browser.client.goto(&daemon.link()).await.unwrap();
    for (motion, moves) in [("no-preference", true), ("reduce", false)] {
        let media = json!({ "features": [{ "name": "prefers-reduced-motion", "value": motion }] });
        browser.devtools("Emulation.setEmulatedMedia", media).await;
        assert_eq!(browser.eval("document.getAnimations().length > 0").await, moves, "{motion}");
    }
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn two_minutes_without_a_call_bring_a_hint() {
    let Some(browser) = Browser::open(320).await else { return };
    let daemon = start_deaf().await;
    // For the page two minutes are over at once.
    let hasten = "const wait = setTimeout;
        window.setTimeout = (task, ms, ...rest) => wait(task, ms === 120_000 ? 0 : ms, ...rest);";
    browser.run_first(hasten).await;
    browser.client.goto(&daemon.link()).await.unwrap();
    browser.wait_for("#no-call:not([hidden])").await;
    let mut gallery = Gallery::of(&browser);
    gallery.look("code-no-call").await;
    show(&daemon, CodeStage::Ringing).await;
    browser.wait_for_stage("ringing").await;
    browser.wait_for("#no-call[hidden]").await;
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn an_open_page_warns_of_the_last_attempts() {
    let Some(browser) = Browser::open(320).await else { return };
    let daemon = start_deaf().await;
    let now = zavud::clock::SystemClock.now();
    browser.client.goto(&daemon.link()).await.unwrap();
    let mut gallery = Gallery::of(&browser);
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
        match shown {
            [true, _] => gallery.look("code-attempts-few").await,
            [_, true] => gallery.look("code-attempts-none").await,
            [false, false] => {}
        }
    }
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}
