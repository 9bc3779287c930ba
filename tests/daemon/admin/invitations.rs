//! Invitations in the admin: made, found, cancelled and sent again, by whom it is allowed to.

use std::time::Duration;

use hyper::StatusCode;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{InvitationStatus, Role};
use zavud::store::{ListQuery, NewConnection};

use crate::support::{Answer, Browsing, NUMBER, TestDaemon, get_with};
use crate::verification::being_verified;

/// A daemon, and a member of its project.
pub(super) struct Office {
    pub(super) daemon: TestDaemon,
    pub(super) member: Browsing,
    /// What the addresses of the project begin with.
    pub(super) base: String,
}

impl Office {
    pub(super) async fn open() -> Self {
        let daemon = TestDaemon::start().await;
        let (server, project) = (daemon.daemon.web_address(), daemon.invited.project.clone());
        let member =
            Browsing::signed_in(server, &daemon.daemon.store, &project, Role::Member).await;
        Self { daemon, member, base: format!("/p/{project}") }
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("{}/invitations{path}", self.base)
    }

    /// Sends a form of one page.
    async fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let (page, action) = (self.at(page), self.at(action));
        self.member.submit(&page, &action, fields).await
    }

    /// Who is invited, the newest first.
    pub(super) async fn clients(&self) -> Vec<Option<String>> {
        let project = self.daemon.invited.project.clone();
        let now = SystemClock.now();
        let read =
            self.daemon.daemon.store.read(move |reader| {
                reader.invitation_page(&project, &ListQuery::default(), 100, now)
            });
        read.await.unwrap().rows.into_iter().map(|row| row.client_name).collect()
    }
}

/// What stands in a hidden field.
fn hidden(page: &Answer, name: &str) -> String {
    let (_, rest) = page.text().split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

const FORM: [(&str, &str); 4] = [
    ("client_name", "Caf\u{e9} Ana"),
    ("client_email", "ana@cafe.example"),
    ("language", "es"),
    ("days", "3"),
];

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_invitation_and_leads_to_it_both_times() {
    let mut office = Office::open().await;
    let page = office.member.get(&office.at("/new")).await;
    let submission = hidden(&page, "submission");
    let mut fields = FORM.to_vec();
    fields.extend([("connection", "client_number"), ("submission", &submission)]);
    let first = office.submit("/new", "/new", &fields).await;
    let second = office.submit("/new", "/new", &fields).await;
    assert_eq!((first.status, second.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(office.clients().await, [Some("Caf\u{e9} Ana".to_owned()), None]);
    let detail = office.member.get(first.header("location")).await;
    for part in [
        "Caf\u{e9} Ana",
        "ana@cafe.example",
        "Espa\u{f1}ol",
        "data-copy=\"http",
        "<svg",
        "data-happened=\"pending\"",
    ] {
        assert!(detail.text().contains(part), "{part}: {}", detail.text());
    }
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_what_was_typed_stays() {
    let mut office = Office::open().await;
    let long = "x".repeat(101);
    let fields = [
        ("client_name", &*long),
        ("client_email", "ana@"),
        ("connection", "preassigned"),
        ("number", ""),
        ("days", "31"),
        ("submission", "abc"),
    ];
    let refused = office.submit("/new", "/new", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in [
        "id=\"client_name-error\"",
        "id=\"client_email-error\"",
        "id=\"number-error\"",
        "id=\"days-error\"",
        "value=\"ana@\"",
        "value=\"31\"",
        &format!("value=\"{long}\""),
        "value=\"abc\"",
    ] {
        assert!(refused.text().contains(part), "{part}: {}", refused.text());
    }
    assert_eq!(office.clients().await, [None]);
}

#[tokio::test]
async fn a_number_that_is_taken_says_by_whom_and_is_not_given_twice() {
    let mut office = Office::open().await;
    let free = office.daemon.add_number("+15550100199").await;
    let page = office.member.get(&office.at("/new")).await;
    let number = free.number().unwrap().to_string();
    let fields = [("connection", "preassigned"), ("number", &number), ("days", "7")];
    let with = |submission: &'static str, name: &'static str| {
        [&fields[..], &[("submission", submission), ("client_name", name)]].concat()
    };
    assert!(page.text().contains(&format!("<option value=\"{number}\">+15550100199")));
    let made = office.submit("/new", "/new", &with("a", "Bakery")).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER);
    let refused = office.submit("/new", "/new", &with("b", "Garage")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("id=\"number-error\""), "{}", refused.text());
    let taken = format!("<option value=\"{number}\" selected disabled>+15550100199");
    let (_, rest) =
        refused.text().split_once(&taken).unwrap_or_else(|| panic!("{}", refused.text()));
    assert!(rest.split('<').next().unwrap().contains("Bakery"));
    assert_eq!(office.clients().await, [Some("Bakery".to_owned()), None]);
}

#[tokio::test]
async fn a_number_that_is_being_verified_is_said_to_be_and_no_client_is_invited_to_it() {
    let mut office = Office::open().await;
    being_verified(&office.daemon).await;
    let number = NUMBER.parse().unwrap();
    let read = office.daemon.daemon.store.read(move |reader| reader.own_number(&number));
    let number = read.await.unwrap().unwrap().id;
    let fields = [
        ("connection", "preassigned"),
        ("number", number.as_str()),
        ("days", "7"),
        ("submission", "a"),
    ];
    let refused = office.submit("/new", "/new", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("id=\"number-error\""), "{}", refused.text());
    assert!(refused.text().contains("being verified right now"), "{}", refused.text());
    assert_eq!(office.clients().await, [None]);

    let own = format!("/{}", office.daemon.invited.invitation);
    let seen = hidden(&office.member.get(&office.at(&own)).await, "seen");
    let refused = office.submit(&own, &format!("{own}/resend"), &[("seen", &seen)]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("id=\"explained\" role=\"alert\""), "{}", refused.text());
    assert!(refused.text().contains("being verified right now"), "{}", refused.text());
    use InvitationStatus::{Cancelled, Pending};
    assert_eq!(office.daemon.statuses().await, [Pending, Cancelled]);
}

#[tokio::test]
async fn a_stale_tab_is_told_where_the_invitation_stands_and_does_nothing() {
    let mut office = Office::open().await;
    let id = office.daemon.invited.invitation.to_string();
    let (own, cancel, resend) =
        (format!("/{id}"), format!("/{id}/cancel"), format!("/{id}/resend"));
    // Two tabs ask whether to cancel.
    let stale = hidden(&office.member.get(&office.at(&cancel)).await, "seen");
    let cancelled = office.submit(&cancel, &cancel, &[("seen", &stale)]).await;
    assert_eq!(cancelled.status, StatusCode::SEE_OTHER);
    let again = office.submit(&own, &cancel, &[("seen", &stale)]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text().contains("id=\"explained\" role=\"alert\""), "{}", again.text());
    assert!(again.text().contains("data-status=\"cancelled\""));
    // It is sent again, and the tab that saw the first pending state must not cancel the second one.
    let seen = hidden(&again, "seen");
    let resent = office.submit(&own, &resend, &[("seen", &seen)]).await;
    assert_eq!(resent.status, StatusCode::SEE_OTHER);
    for (action, seen) in [(&cancel, &stale), (&resend, &seen)] {
        let refused = office.submit(&cancel, action, &[("seen", seen)]).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.text().contains("data-status=\"pending\""));
    }
    use InvitationStatus::{Cancelled, Pending};
    assert_eq!(office.daemon.statuses().await, [Pending, Cancelled, Pending]);
    let old = office.daemon.link();
    let old = old.split_once("/i/").unwrap().1;
    let server = office.daemon.daemon.web_address();
    assert_eq!(get_with(server, &format!("/i/{old}"), &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_list_is_searched_filtered_and_paged() {
    let mut office = Office::open().await;
    for index in 0..30 {
        let adjust = |new: &mut zavud::store::NewInvitation| {
            new.client_name = Some(format!("Client {index:02}"));
            new.client_email = Some(format!("c{index:02}@example.com").parse().unwrap());
        };
        office.daemon.invite_with(NewConnection::ClientNumber, adjust).await;
    }
    let rows = |page: &Answer| page.text().matches("<tr data-invitation=").count();
    let first = office.member.get(&office.at("")).await;
    assert_eq!((first.status, rows(&first)), (StatusCode::OK, 25));
    let (_, rest) = first.text().split_once("rel=\"next\"").unwrap();
    let (_, rest) = rest.split_once("href=\"").unwrap();
    let link = rest.split('"').next().unwrap();
    let second = office.member.get(&link.replace("&amp;", "&")).await;
    assert_eq!(rows(&second), 6);
    assert!(second.text().contains("rel=\"prev\"") && !second.text().contains("rel=\"next\""));
    for (query, count) in [
        ("?q=client+07", 1),
        ("?q=c07%40example", 1),
        ("?q=%2B1+555+010-0123", 1),
        ("?status=pending&q=client", 25),
        ("?status=cancelled", 0),
        ("?sort=expiry&q=nobody", 0),
        ("?status=%00&sort=x&after=y&before=-", 25),
    ] {
        let page = office.member.get(&office.at(query)).await;
        assert_eq!((page.status, rows(&page)), (StatusCode::OK, count), "{query}");
    }
}

#[tokio::test]
async fn a_viewer_sees_the_link_and_can_change_nothing() {
    let office = Office::open().await;
    let (server, project) =
        (office.daemon.daemon.web_address(), office.daemon.invited.project.clone());
    let store = &office.daemon.daemon.store;
    let mut viewer = Browsing::signed_in(server, store, &project, Role::Viewer).await;
    let id = office.daemon.invited.invitation.to_string();
    for path in [String::new(), format!("/{id}")] {
        let page = viewer.get(&office.at(&path)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains("data-copy="));
        assert!(!page.text().contains("/cancel\"") && !page.text().contains("/new\""));
    }
}

#[tokio::test]
async fn a_browser_that_opens_the_link_is_told_of_and_a_preview_of_a_chat_is_not() {
    let mut office = Office::open().await;
    let server = office.daemon.daemon.web_address();
    let link = office.daemon.link();
    let path = format!("/i/{}", link.split_once("/i/").unwrap().1);
    let detail = office.at(&format!("/{}", office.daemon.invited.invitation));
    get_with(server, &path, &[("user-agent", "WhatsApp/2.23")]).await;
    let preview = office.member.get(&detail).await;
    assert!(!preview.text().contains("data-happened=\"opened\""));
    let mut changes = office.daemon.daemon.feed.subscribe(&office.daemon.invited.invitation);
    for _ in 0..2 {
        get_with(server, &path, &[("sec-fetch-dest", "document")]).await;
    }
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, changes.changed()).await.expect("the opening is recorded");
    let opened = office.member.get(&detail).await;
    assert_eq!(opened.text().matches("data-happened=\"opened\"").count(), 1);
}
