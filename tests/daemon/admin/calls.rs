//! Calls, as partners look through them.

use zavud::domain::{CallId, Role};
use zavud::store::CallFilter;

use super::office::{Office, shows};
use crate::support::{NUMBER, call, get, get_with, noise};

impl Office {
    /// Calls the number, and tells the call when it is over.
    async fn is_called(&self, count: usize) -> CallId {
        call(self.daemon.daemon.sip_address(), NUMBER, noise(1)).await.unwrap();
        self.daemon.outcomes_of(count).await;
        let project = self.daemon.invited.project.clone();
        let read = self
            .daemon
            .daemon
            .store
            .read(move |reader| reader.past_calls(&project, &CallFilter::default(), None, 1));
        read.await.unwrap().remove(0).id
    }
}

#[tokio::test]
async fn a_call_is_listed_with_its_outcome_and_a_viewer_sees_no_whole_number_of_a_caller() {
    let office = Office::open().await;
    let id = office.is_called(1).await;
    let mut member = office.sign_in(Role::Member).await;
    let list = member.get(&office.at("/calls")).await;
    assert!(shows(&list, &format!("data-call=\"{id}\"")) && shows(&list, "+442071838750"));
    assert!(shows(&list, "data-outcome=\"unreadable\""));
    let detail = member.get(&office.at(&format!("/calls/{id}"))).await;
    assert!(shows(&detail, "0.0\u{a0}%"), "nothing is lost on one machine");
    let mut viewer = office.sign_in(Role::Viewer).await;
    for path in ["/calls".to_owned(), format!("/calls/{id}")] {
        let seen = viewer.get(&office.at(&path)).await;
        assert!(shows(&seen, "+***50") && !shows(&seen, "+442071838750"), "{path}");
        assert!(!shows(&seen, "<audio"), "{path}");
    }
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn calls_are_filtered_by_outcome_and_by_number() {
    let office = Office::open().await;
    let id = office.is_called(1).await;
    let mut member = office.sign_in(Role::Member).await;
    let number = NUMBER.parse().unwrap();
    let own = office.daemon.daemon.store.read(move |reader| reader.own_number(&number)).await;
    let own = own.unwrap().unwrap().id;
    for (query, is_listed) in [
        ("outcome=unreadable".to_owned(), true),
        ("outcome=code_read".to_owned(), false),
        ("outcome=nonsense".to_owned(), true),
        (format!("number={own}"), true),
        (format!("number={own}&outcome=silent"), false),
        // A number that is not the project's filters nothing.
        ("number=num_0".to_owned(), true),
        (format!("before={id}"), false),
    ] {
        let list = member.get(&office.at(&format!("/calls?{query}"))).await;
        assert_eq!(shows(&list, &format!("data-call=\"{id}\"")), is_listed, "{query}");
    }
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_recording_is_played_in_parts_to_members_of_its_project_alone() {
    let office = Office::open().await;
    let id = office.is_called(1).await;
    let mut member = office.sign_in(Role::Member).await;
    let path = office.at(&format!("/calls/{id}/recording"));
    let page = member.get(&office.at(&format!("/calls/{id}"))).await;
    assert!(shows(&page, &format!("src=\"{path}\"")));
    let whole = member.get(&path).await;
    assert_eq!((whole.status.as_u16(), whole.header("content-type")), (200, "audio/wav"));
    assert_eq!(whole.header("cache-control"), "no-store");
    let cookie = format!("login={}", member.cookie("login").unwrap());
    let server = office.daemon.daemon.web_address();
    let part = get_with(server, &path, &[("cookie", &cookie), ("range", "bytes=44-143")]).await;
    assert_eq!((part.status.as_u16(), &part.body[..]), (206, &whole.body[44..144]));

    let mut viewer = office.sign_in(Role::Viewer).await;
    assert_eq!(viewer.get(&path).await.status, 403);
    assert_eq!(get(server, &path).await.status, 303, "whoever is not signed in");
    for other in ["call_0", "..%2Fzavud.db", "%00"] {
        let path = office.at(&format!("/calls/{other}/recording"));
        assert_eq!(member.get(&path).await.status, 404, "{other}");
    }
    office.daemon.daemon.stop().await;
}
