//! The webhook of a project's invitations, as its owner looks after it.

use hyper::StatusCode;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, Role};
use zavud::onboarding::{Step, take_step};

use crate::support::{Answer, Browsing, TestDaemon};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1/hooks";

struct Scene {
    daemon: TestDaemon,
    owner: Browsing,
    here: String,
}

impl Scene {
    async fn open() -> Self {
        let daemon = TestDaemon::start_deaf(|config| {
            config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await;
        let project = daemon.invited.project.clone();
        let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
        let owner = Browsing::signed_in(server, store, &project, Role::Owner).await;
        Self { daemon, owner, here: format!("/p/{project}/settings/webhook") }
    }

    async fn page(&mut self) -> String {
        let here = self.here.clone();
        self.owner.get(&here).await.text().to_owned()
    }

    async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let (here, action) = (self.here.clone(), format!("{}{path}", self.here));
        self.owner.submit(&here, &action, fields).await
    }
}

/// The secret that a page shows, if it does.
fn secret(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("id=\"secret\">")?;
    Some(rest.split('<').next()?.to_owned())
}

#[tokio::test]
async fn a_secret_is_shown_when_it_is_made_and_never_again() {
    let mut scene = Scene::open().await;
    for (url, problem) in [
        ("nowhere", "no address"),
        ("ftp://example.com/", "https://"),
        ("http://1.1.1.1/hooks", "https://"),
        ("https://10.0.0.1/hooks", "private network"),
        ("https://ann@example.com/", "user name"),
    ] {
        let refused = scene.submit("", &[("url", url)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        assert!(refused.text().contains(problem) && refused.text().contains(url), "{url}");
    }
    let made = scene.submit("", &[("url", NOWHERE)]).await;
    assert_eq!(made.status, StatusCode::OK);
    let first = secret(made.text()).unwrap();
    assert!(first.starts_with("whsec_"), "{first}");
    let page = scene.page().await;
    assert!(page.contains(NOWHERE) && !page.contains("whsec_"));
    let moved = scene.submit("", &[("url", "http://127.0.0.1:2/hooks")]).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER, "another address keeps the secret");
    let rotated = scene.submit("/secret", &[]).await;
    assert_ne!(secret(rotated.text()), Some(first));
    assert!(!scene.page().await.contains("whsec_"));
    scene.daemon.daemon.stop().await;
}

#[tokio::test]
async fn what_was_told_is_listed_and_can_be_told_again_and_all_of_it_be_switched_off() {
    let mut scene = Scene::open().await;
    scene.submit("", &[("url", NOWHERE)]).await;
    let (invitation, now) = (scene.daemon.invited.invitation.clone(), SystemClock.now());
    let cancel =
        scene.daemon.daemon.store.write(move |writer| {
            take_step(writer, &invitation, &Step::Cancel, Actor::Partner, now)
        });
    cancel.await.unwrap().unwrap();
    let page = scene.page().await;
    assert!(page.contains(scene.daemon.invited.invitation.as_str()), "{page}");
    let (_, rest) = page.split_once("data-event=\"").unwrap();
    let event = rest.split('"').next().unwrap().to_owned();
    let replayed = scene.submit(&format!("/events/{event}/replay"), &[]).await;
    assert_eq!(replayed.status, StatusCode::SEE_OTHER);
    let unknown = scene.submit("/events/evt_0/replay", &[]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);

    assert_eq!(scene.submit("/switch", &[("to", "off")]).await.status, StatusCode::SEE_OTHER);
    assert!(scene.page().await.contains("name=\"to\" value=\"on\""));
    assert_eq!(scene.submit("/switch", &[("to", "on")]).await.status, StatusCode::SEE_OTHER);
    assert!(scene.page().await.contains("name=\"to\" value=\"off\""));
    let project = &scene.daemon.invited.project;
    let audit = scene.owner.get(&format!("/p/{project}/settings/audit")).await;
    assert!(audit.text().contains(&event), "who told it again is recorded");
    scene.daemon.daemon.stop().await;
}
