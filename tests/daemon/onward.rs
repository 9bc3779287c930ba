//! Where a client goes when the sign-up is over: over HTTP, and in a browser.

use std::time::Duration;

use fantoccini::Locator;
use serde_json::{Value, json};
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, InvitationId, InvitationToken, RedirectOrigin, Redirects, SignupId};
use zavud::onboarding::{begin_signup, invite};
use zavud::store::{NewConnection, NewInvitation};

use crate::chromium::{Browser, PATIENCE};
use crate::stand_in::{ACCOUNT, CODE, NUMBER_ID, StandIn};
use crate::support::{TestDaemon, get, post, skip};

/// A daemon with an invitation that leads to `there`.
struct Led {
    daemon: TestDaemon,
    invitation: InvitationId,
    path: String,
}

impl Led {
    async fn to(there: &str, meta: &StandIn) -> Self {
        let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
        let now = SystemClock.now();
        let (id, token) = (InvitationId::new(now, [8; 10]), InvitationToken::new([8; 20]));
        let path = format!("/i/{}", token.expose());
        let invitation = NewInvitation {
            id: id.clone(),
            project: daemon.invited.project.clone(),
            token,
            client_name: None,
            language: None,
            connection: NewConnection::ClientNumber,
            redirects: Redirects {
                success: Some(format!("{there}/done?tab=2").parse().unwrap()),
                failure: Some(format!("{there}/again").parse().unwrap()),
                state: Some("a&b".parse().unwrap()),
            },
            created_at: now,
            expires_at: now + Duration::from_secs(24 * 60 * 60),
        };
        let origin: RedirectOrigin = there.parse().unwrap();
        let write = daemon.daemon.store.write(move |writer| {
            writer.allow_redirect(&invitation.project, &origin)?;
            invite(writer, &invitation, Actor::Partner)
        });
        write.await.unwrap().unwrap();
        Self { daemon, invitation: id, path }
    }

    fn link(&self) -> String {
        format!("http://{}{}", self.daemon.daemon.web_address(), self.path)
    }

    /// Begins an attempt and reports how Meta's window was left.
    async fn leave(&self, mut report: Value) {
        let web = self.daemon.daemon.web_address();
        let begun = post(web, &format!("{}/signup/begin", self.path), "{}").await;
        let begun: Value = serde_json::from_str(begun.text()).unwrap();
        report["signup"] = begun["signup"].clone();
        let path = format!("{}/signup/result", self.path);
        assert_eq!(post(web, &path, &report.to_string()).await.status, 204);
    }

    /// The addresses that the page leads to.
    async fn leads_to(&self) -> Vec<String> {
        let page = get(self.daemon.daemon.web_address(), &self.path).await;
        let links = page.text().split(" href=\"").skip(1);
        let links = links.map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
        links.filter(|link| link.contains("://")).collect()
    }

    fn failed(&self, there: &str) -> String {
        let id = &self.invitation;
        format!(
            "{there}/again?state=a%26b&status=failed&invitationId={id}&failureReason=fb_cancelled"
        )
    }
}

fn connected() -> Value {
    json!({
        "code": CODE, "event": "FINISH", "waba_id": ACCOUNT, "phone_number_id": NUMBER_ID,
    })
}

const THERE: &str = "https://app.example.com";

#[tokio::test]
async fn the_page_leads_back_after_a_failure_and_on_after_success_and_only_where_it_may() {
    let meta = StandIn::start().await;
    let led = Led::to(THERE, &meta).await;
    assert_eq!(led.leads_to().await, Vec::<String>::new());
    led.leave(json!({ "event": "CANCEL" })).await;
    assert_eq!(led.leads_to().await, [led.failed(THERE)]);

    let (store, id) = (&led.daemon.daemon.store, led.invitation.clone());
    let again = SignupId::new(SystemClock.now(), [6; 10]);
    let begin = store.write(move |writer| begin_signup(writer, &id, &again, SystemClock.now()));
    begin.await.unwrap().unwrap();
    assert_eq!(led.leads_to().await, Vec::<String>::new(), "it goes on");

    led.leave(connected()).await;
    let mut changes = led.daemon.daemon.feed.subscribe(&led.invitation);
    let sender = loop {
        let id = led.invitation.clone();
        let read = store.read(move |reader| reader.signup_state(&id)).await.unwrap();
        if let zavud::domain::SignupState::Done { sender } = read {
            break sender;
        }
        changes.changed().await;
    };
    let done = format!(
        "{THERE}/done?tab=2&state=a%26b&status=completed&invitationId={}&senderId={sender}",
        led.invitation
    );
    assert_eq!(led.leads_to().await, [done.as_str()]);
    let told = get(led.daemon.daemon.web_address(), &format!("{}/events", led.path)).await;
    let told = told.text().split_once("data: ").unwrap().1.lines().next().unwrap();
    let target = json!({ "url": done, "host": "app.example.com" });
    let state = json!({ "state": "done", "sender": sender, "target": target });
    assert_eq!(serde_json::from_str::<Value>(told).unwrap(), state);

    let project = led.daemon.invited.project.clone();
    let forbid =
        store.write(move |writer| writer.forbid_redirect(&project, &THERE.parse().unwrap()));
    forbid.await.unwrap();
    assert_eq!(led.leads_to().await, Vec::<String>::new(), "the project has changed its mind");
    led.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_client_is_taken_on_by_itself_unless_they_stay_and_reads_where_to_go_back() {
    let name = "a_client_is_taken_on_by_itself_unless_they_stay_and_reads_where_to_go_back";
    let Some(browser) = Browser::open(320, 1_400).await else {
        return skip(name, "chromedriver is not installed");
    };
    let (meta, there) = (StandIn::start().await, StandIn::start().await);
    let led = Led::to(&there.origin, &meta).await;
    let client = &browser.client;
    client.goto(&led.link()).await.unwrap();
    browser.wait_for("[data-signup=not_begun]:not([hidden])").await;
    led.leave(json!({ "event": "CANCEL" })).await;
    browser.wait_for("#back:not([hidden])").await;
    let back = browser.eval("document.querySelector('#back a').href").await;
    assert_eq!(back, led.failed(&there.origin));
    assert!(browser.picture("onward-failed-320").await);

    let stays = client.window().await.unwrap();
    let goes = client.new_window(true).await.unwrap().handle;
    client.switch_to_window(goes.clone()).await.unwrap();
    client.goto(&led.link()).await.unwrap();
    client.switch_to_window(stays.clone()).await.unwrap();
    led.leave(connected()).await;
    browser.wait_for("#stay:not([hidden])").await;
    assert!(browser.picture("onward-done-320").await);
    let spoken = browser.eval("document.getElementById('announcement').textContent").await;
    assert_eq!(spoken, "WhatsApp is connected. You will be taken to 127.0.0.1 in a moment.");
    client.find(Locator::Id("stay")).await.unwrap().click().await.unwrap();
    assert_eq!(browser.eval("document.activeElement.matches('#onward a')").await, true);

    client.switch_to_window(goes).await.unwrap();
    let on = async {
        while !client.current_url().await.unwrap().path().starts_with("/done") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        client.current_url().await.unwrap()
    };
    let url = tokio::time::timeout(PATIENCE, on).await.expect("the page goes on");
    assert!(url.query().unwrap().contains("status=completed"), "{url}");
    client.switch_to_window(stays).await.unwrap();
    assert_eq!(browser.eval("location.pathname").await, led.path.as_str());
    browser.close().await;
    led.daemon.daemon.stop().await;
}
