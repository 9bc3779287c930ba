//! Senders, phone numbers, calls and settings of the admin, as partners meet them.

use std::time::Duration;

use serde_json::Value;
use zavud::clock::{Clock as _, SystemClock};
use zavud::config::Config;
use zavud::domain::{
    CallId, CallOutcome, CallPurpose, CallQuality, NumberStatus, PhoneNumberId, Role, SenderId,
    Timestamp,
};
use zavud::onboarding::{record_attempt, token_of};
use zavud::store::{CallEnd, Connected, NewCall, NewPhoneNumber, NewSender};

use crate::chromium::Browser;
use crate::looks::Gallery;
use crate::partner::sign_in;
use crate::support::{NUMBER, TestDaemon};

/// A name with everything in it that has broken pages, and no place to break it.
const LONG_NAME: &str = "S\u{f6}hne & T\u{f6}chter \"<b>\" \u{5d0}\u{5d1}\u{5d2} \
    Donaudampfschifffahrtsgesellschaftskapit\u{e4}nsm\u{fc}tzenhersteller";

/// A daemon in whose project much has happened.
pub(super) struct Desk {
    pub(super) daemon: TestDaemon,
    pub(super) senders: [SenderId; 2],
    /// One that goes on, one with a code, and one that can be listened to.
    pub(super) calls: [CallId; 3],
}

impl Desk {
    async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub(super) async fn open_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let daemon = TestDaemon::start_deaf(adjust).await;
        let now = SystemClock.now();
        let ids = [1, 2, 3];
        let desk = Self {
            senders: [1, 2].map(|index| SenderId::new(now, [index; 10])),
            calls: ids.map(|index| CallId::new(now, [index; 10])),
            daemon,
        };
        desk.connect(&desk.senders[0], "Ana's Caf\u{e9}", ("+15550100200", "106540352242920"))
            .await;
        desk.connect(&desk.senders[1], LONG_NAME, ("+15550100201", "106540352242921")).await;
        desk.number_states(now).await;
        desk.ring(&desk.calls[0], None).await;
        desk.ring(&desk.calls[1], Some((CallOutcome::CodeRead, 4.4))).await;
        desk.ring(&desk.calls[2], Some((CallOutcome::Unreadable, 2.2))).await;
        desk
    }

    /// A sender with this number, which Meta calls something else.
    pub(super) async fn connect(
        &self,
        id: &SenderId,
        name: &str,
        (phone_number, number): (&str, &str),
    ) {
        let token = self.daemon.daemon.seal.seal(&token_of(id.as_str()), b"t0ken", [7; 24]);
        let sender = NewSender {
            id: id.clone(),
            project: self.daemon.invited.project.clone(),
            invitation: self.daemon.invited.invitation.clone(),
            created_at: SystemClock.now(),
            connected: Connected {
                name: name.to_owned(),
                phone_number: phone_number.parse().unwrap(),
                account: "102290129340398".into(),
                number: number.to_owned(),
                token,
                pin: None,
            },
        };
        self.daemon.daemon.store.write(move |writer| writer.put_sender(&sender)).await.unwrap();
    }

    /// One that is free and one that rests, beside the one of the invitation, with few attempts left.
    async fn number_states(&self, now: Timestamp) {
        let project = self.daemon.invited.project.clone();
        let write = self.daemon.daemon.store.write(move |writer| {
            for index in [5, 6] {
                let id = PhoneNumberId::new(now, [index; 10]);
                writer.insert_phone_number(&NewPhoneNumber {
                    id: id.clone(),
                    project: project.clone(),
                    number: format!("+1555010030{index}").parse().unwrap(),
                    created_at: now,
                })?;
                let name = LONG_NAME.parse().unwrap();
                writer.name_number(&id, Some(&name), now)?;
            }
            let rests = PhoneNumberId::new(now, [6; 10]);
            writer.set_number_status(&rests, NumberStatus::Suspended, now)?;
            let own = writer.own_number(&NUMBER.parse().unwrap())?.unwrap();
            (0..8).try_for_each(|hours| {
                let at = now - Duration::from_secs(hours * 3_600);
                record_attempt(writer, &own.id, at).map(drop)
            })
        });
        write.await.unwrap();
    }

    /// A call that came in now.
    pub(super) async fn ring(&self, id: &CallId, end: Option<(CallOutcome, f64)>) {
        let (id, now) = (id.clone(), SystemClock.now());
        let invitation = self.daemon.invited.invitation.clone();
        let new = NewCall {
            id: id.clone(),
            project: self.daemon.invited.project.clone(),
            number: self.own_number().await,
            purpose: CallPurpose::Invitation(invitation.clone()),
            trunk: "carrier".into(),
            sip_call_id: "a@b".into(),
            caller: Some("+442071838750".parse().unwrap()),
            rang_at: now,
        };
        let write = self.daemon.daemon.store.write(move |writer| {
            writer.insert_call(&new)?;
            writer.mark_answered(&id, now)?;
            let Some((outcome, opinion_score)) = end else { return Ok(()) };
            let quality = Some(CallQuality { lost_percent: 3.25, jitter_ms: 12.5, opinion_score });
            let confidence = (outcome == CallOutcome::CodeRead).then_some(0.97);
            let at = now + Duration::from_secs(21);
            writer.mark_ended(&id, CallEnd { outcome, confidence, quality, at })?;
            if outcome == CallOutcome::Unreadable {
                writer.insert_recording(&id, &invitation)?;
                writer.keep_recording(&id, now + Duration::from_secs(600))?;
            }
            Ok(())
        });
        write.await.unwrap();
    }

    pub(super) async fn own_number(&self) -> PhoneNumberId {
        let number = NUMBER.parse().unwrap();
        let read = self.daemon.daemon.store.read(move |reader| reader.own_number(&number));
        read.await.unwrap().unwrap().id
    }

    fn at(&self, path: &str) -> String {
        let project = &self.daemon.invited.project;
        format!("http://{}/p/{project}{path}", self.daemon.daemon.web_address())
    }

    /// Opens a page, and looks at it when its part is there.
    async fn look(&self, browser: &Browser, gallery: &mut Gallery<'_>, path: &str, name: &str) {
        browser.client.goto(&self.at(path)).await.unwrap();
        browser.wait_for("main h1").await;
        gallery.look(name).await;
    }
}

async fn look_at_all(language: &str) {
    let Some(browser) = Browser::open_for(1_280, language).await else { return };
    let desk = Desk::open().await;
    sign_in(&browser, &desk.daemon, Role::Owner).await;
    let mut gallery = Gallery::in_language(&browser, language);
    let (sender, number) = (&desk.senders[1], desk.own_number().await);
    let rare = [
        ("/senders".to_owned(), "desk-senders"),
        (format!("/senders/{sender}?done=renamed"), "desk-sender"),
        ("/numbers".to_owned(), "desk-numbers"),
        (format!("/numbers/{number}"), "desk-number"),
        ("/calls".to_owned(), "desk-calls"),
        (format!("/calls/{}", desk.calls[1]), "desk-call"),
        (format!("/calls/{}", desk.calls[2]), "desk-call-recorded"),
        ("/nothing".to_owned(), "desk-not-found"),
    ];
    let usual = [
        ("/invitations/import".to_owned(), "desk-import"),
        (format!("/senders/{}/remove", desk.senders[0]), "desk-sender-removal"),
        ("/settings".to_owned(), "desk-brand"),
        ("/settings/members".to_owned(), "desk-members"),
        ("/settings/keys".to_owned(), "desk-keys"),
        ("/settings/webhook".to_owned(), "desk-webhook"),
        ("/settings/addresses".to_owned(), "desk-addresses"),
        ("/settings/audit?day=2026".to_owned(), "desk-audit"),
    ];
    // In English the usual ones are looked at where their actions are pressed.
    let usual = usual.into_iter().filter(|_| language != "en");
    for (path, name) in rare.into_iter().chain(usual) {
        desk.look(&browser, &mut gallery, &path, name).await;
    }
    gallery.close();
    browser.close().await;
    desk.daemon.daemon.stop().await;
}

#[tokio::test]
async fn each_page_is_for_everybody_and_on_every_screen() {
    look_at_all("en").await;
}

#[tokio::test]
async fn each_page_has_room_for_spanish() {
    look_at_all("es").await;
}

#[tokio::test]
async fn each_page_has_room_for_portuguese() {
    look_at_all("pt").await;
}

#[tokio::test]
async fn a_call_that_comes_in_is_on_the_open_page_of_calls() {
    let Some(browser) = Browser::open(1_280).await else { return };
    let desk = Desk::open().await;
    sign_in(&browser, &desk.daemon, Role::Viewer).await;
    browser.client.goto(&desk.at("/calls")).await.unwrap();
    let live = desk.calls[0].clone();
    browser.wait_for(&format!("#live tr[data-call='{live}']")).await;
    let at = SystemClock.now();
    let end = CallEnd { outcome: CallOutcome::Silent, confidence: None, quality: None, at };
    let ended = live.clone();
    desk.daemon.daemon.store.write(move |writer| writer.mark_ended(&ended, end)).await.unwrap();
    browser.wait_for(&format!("#past tr[data-call='{live}']")).await;
    assert_eq!(browser.eval("document.querySelector('#live tr')").await, Value::Null);
    browser.close().await;
    desk.daemon.daemon.stop().await;
}
