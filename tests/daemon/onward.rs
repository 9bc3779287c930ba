//! Where a client goes when the sign-up is over.

use std::time::Duration;

use serde_json::{Value, json};
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{
    Actor, InvitationId, InvitationToken, OriginPurpose, Redirects, SignupId, SiteOrigin,
};
use zavud::onboarding::{begin_signup, invite};
use zavud::store::{NewConnection, NewInvitation};

use crate::support::stand_in::{ACCOUNT, CODE, NUMBER_ID, StandIn};
use crate::support::{TestDaemon, get, post};

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
            client_email: None,
            language: None,
            connection: NewConnection::ClientNumber,
            countries: None,
            redirects: Redirects {
                success: Some(format!("{there}/done?tab=2").parse().unwrap()),
                failure: Some(format!("{there}/again").parse().unwrap()),
                state: Some("a&b".parse().unwrap()),
            },
            created_at: now,
            expires_at: now + Duration::from_secs(24 * 60 * 60),
        };
        let origin: SiteOrigin = there.parse().unwrap();
        let write = daemon.daemon.store.write(move |writer| {
            writer.allow_origin(&invitation.project, OriginPurpose::Redirect, &origin)?;
            invite(writer, &invitation, Actor::Partner)
        });
        write.await.unwrap().unwrap();
        Self { daemon, invitation: id, path }
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
    let forbid = store.write(move |writer| {
        writer.forbid_origin(&project, OriginPurpose::Redirect, &THERE.parse().unwrap())
    });
    forbid.await.unwrap();
    assert_eq!(led.leads_to().await, Vec::<String>::new(), "the project has changed its mind");
    led.daemon.daemon.stop().await;
}
