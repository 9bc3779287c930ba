//! kill -9 in each step of a sign-up: the process is killed while Meta holds its answer, and the next one
//! on the same database finishes what was begun, and does nothing twice that may happen once.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, InvitationId, InvitationToken, Redirects, SignupFailure, SignupState};
use zavud::onboarding::invite;
use zavud::store::{NewConnection, NewInvitation, Store};

use crate::sandbox::visitor::{Page, StandIn, Visitor};
use crate::support::{Invited, NUMBER, Serving, post, signup_until};

/// A daemon that can be killed, and an invitation.
struct Victim {
    directory: TempDir,
    sections: String,
    serving: Serving,
    token: InvitationToken,
}

impl Victim {
    async fn start(meta: &StandIn, connection: Option<NewConnection>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("zavud.db");
        let token = prepare(&database, connection).await;
        let sections = meta.section();
        let serving = Serving::start_with(&database, any_port(), &sections);
        Self { directory, sections, serving, token }
    }

    fn path(&self, rest: &str) -> String {
        format!("/i/{}{rest}", self.token.expose())
    }

    async fn begin(&self) -> String {
        let begun = post(self.serving.web, &self.path("/signup/begin"), "{}").await;
        assert_eq!(begun.status, 200);
        let answer: Value = serde_json::from_str(begun.text()).unwrap();
        answer["signup"].as_str().unwrap().to_owned()
    }

    /// Kills it while it waits for Meta, which is told how the window was left, and starts it again.
    async fn kill_while_meta_holds(self, meta: &StandIn, report: String) -> Self {
        let (web, path) = (self.serving.web, self.path("/signup/result"));
        let reporting = tokio::spawn(report_to(web, path, report));
        meta.sandbox.held(1).await;
        reporting.abort();
        self.kill_and_restart()
    }

    fn kill_and_restart(self) -> Self {
        let Self { directory, sections, serving, token } = self;
        serving.kill();
        let serving =
            Serving::start_with(&directory.path().join("zavud.db"), any_port(), &sections);
        Self { directory, sections, serving, token }
    }

    /// Where the page says that the sign-up stands when nothing more is done.
    async fn end(&self) -> SignupState {
        signup_until(self.serving.web, &self.path("/events"), |state| {
            matches!(state, SignupState::Done { .. } | SignupState::Failed { .. })
        })
        .await
    }
}

pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

async fn report_to(web: SocketAddr, path: String, report: String) {
    post(web, &path, &report).await;
}

/// An invitation to connect our number, or like this. Returns what opens it.
pub(crate) async fn prepare(database: &Path, connection: Option<NewConnection>) -> InvitationToken {
    let (store, now) =
        (Arc::new(Store::open(database, Box::new(|_| {})).unwrap()), SystemClock.now());
    let invited = Invited::make(&store, now).await;
    let Some(connection) = connection else { return invited.token };
    let token = InvitationToken::new([7; 20]);
    let new = NewInvitation {
        id: InvitationId::new(now, [7; 10]),
        project: invited.project,
        token: token.clone(),
        client_name: None,
        client_email: None,
        language: None,
        connection,
        countries: None,
        redirects: Redirects::default(),
        created_at: now,
        expires_at: now + Duration::from_secs(24 * 60 * 60),
    };
    let write = store.write(move |writer| invite(writer, &new, Actor::Partner));
    write.await.unwrap().unwrap();
    token
}

/// Whoever is through Meta's window.
async fn client(meta: &StandIn, is_app: bool) -> Page {
    let server = meta.sandbox.address();
    if is_app {
        Visitor::keep_the_app(server).await
    } else {
        Visitor::verify_by_text(server, "Acme", NUMBER).await
    }
}

#[tokio::test]
async fn an_attempt_whose_window_was_open_is_taken_up_by_the_next_run() {
    let meta = StandIn::start().await;
    let victim = Victim::start(&meta, None).await;
    let signup = victim.begin().await;
    let victim = victim.kill_and_restart();
    let report = client(&meta, false).await.report(&signup);
    assert_eq!(post(victim.serving.web, &victim.path("/signup/result"), &report).await.status, 204);
    assert!(matches!(victim.end().await, SignupState::Done { .. }));
    victim.serving.kill();
    meta.stop().await;
}

#[tokio::test]
async fn a_code_that_was_in_exchange_is_given_up_and_the_client_starts_again() {
    for mishap in ["hold", "hold_answer"] {
        let meta = StandIn::start().await;
        let victim = Victim::start(&meta, None).await;
        let report = client(&meta, false).await.report(&victim.begin().await);
        meta.let_go_wrong("access_token", mishap).await;
        let victim = victim.kill_while_meta_holds(&meta, report).await;
        let failed = SignupState::Failed { failure: SignupFailure::Interrupted };
        assert_eq!(victim.end().await, failed, "{mishap}");
        assert_eq!(meta.sandbox.asked(), ["GET access_token"], "it is not asked for again");

        let report = client(&meta, false).await.report(&victim.begin().await);
        post(victim.serving.web, &victim.path("/signup/result"), &report).await;
        assert!(matches!(victim.end().await, SignupState::Done { .. }), "{mishap}");
        victim.serving.kill();
        meta.stop().await;
    }
}

#[tokio::test]
async fn a_number_is_connected_whenever_the_daemon_is_killed_and_registered_once() {
    for (place, mishap, registrations) in [
        ("phone_numbers", "hold", 1),
        ("subscribed_apps", "hold", 1),
        ("subscribed_apps", "hold_answer", 1),
        // The first was never done: it is looked up, and done.
        ("register", "hold", 2),
        ("register", "hold_answer", 1),
        ("profile", "hold", 1),
    ] {
        let meta = StandIn::start().await;
        let victim = Victim::start(&meta, None).await;
        let report = client(&meta, false).await.report(&victim.begin().await);
        meta.let_go_wrong(place, mishap).await;
        let victim = victim.kill_while_meta_holds(&meta, report).await;
        let end = victim.end().await;
        assert!(matches!(end, SignupState::Done { .. }), "{place} {mishap}: {end:?}");
        assert_eq!(meta.asked_times("GET access_token"), 1, "{place} {mishap}");
        assert_eq!(meta.asked_times("POST register"), registrations, "{place} {mishap}");
        victim.serving.kill();
        meta.stop().await;
    }
}

#[tokio::test]
async fn what_an_app_holds_is_asked_for_once_whenever_the_daemon_is_killed() {
    for (mishaps, asked) in [
        (["hold"].as_slice(), 2),
        (["hold_answer"].as_slice(), 2),
        // The contacts are declined; the conversations are held.
        (["2593109", "hold"].as_slice(), 2),
        (["2593109", "hold_answer"].as_slice(), 2),
    ] {
        let meta = StandIn::start().await;
        let victim = Victim::start(&meta, Some(NewConnection::Coexistence)).await;
        let report = client(&meta, true).await.report(&victim.begin().await);
        for mishap in mishaps {
            meta.let_go_wrong("smb_app_data", mishap).await;
        }
        let victim = victim.kill_while_meta_holds(&meta, report).await;
        let end = victim.end().await;
        assert!(matches!(end, SignupState::Done { .. }), "{mishaps:?}: {end:?}");
        assert_eq!(meta.asked_times("POST smb_app_data"), asked, "{mishaps:?}");
        assert_eq!(meta.asked_times("POST register"), 0, "{mishaps:?}");
        victim.serving.kill();
        meta.stop().await;
    }
}
