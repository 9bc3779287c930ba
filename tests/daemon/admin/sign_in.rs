//! How partners sign in, and how nobody else does.

use hyper::StatusCode;
use zavud::domain::Role;

use crate::support::{Browsing, PASSWORD, TestDaemon, admitted, get};

#[tokio::test]
async fn a_link_sets_the_password_once_and_signs_in() {
    let daemon = TestDaemon::start().await;
    let (server, project) = (daemon.daemon.web_address(), daemon.invited.project.clone());
    let link = admitted(&daemon.daemon.store, &project, "ann@example.com", Role::Owner).await;
    let path = format!("/password/{}", link.expose());
    let mut browsing = Browsing::new(server);

    for (password, problem) in [("too short", "12 characters"), ("aaaaaaaaaaaaa", "different")] {
        let refused = browsing.submit(&path, &path, &[("password", password)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains(problem), "{}", refused.text());
        assert!(!refused.text().contains(password));
    }
    let set = browsing.submit(&path, &path, &[("password", PASSWORD)]).await;
    assert_eq!((set.status, set.header("location")), (StatusCode::SEE_OTHER, "/"));
    let first = browsing.get("/").await;
    let home = format!("/p/{project}/invitations");
    assert_eq!((first.status, first.header("location")), (StatusCode::SEE_OTHER, &*home));

    let mut other = Browsing::new(server);
    assert_eq!(other.get(&path).await.status, StatusCode::GONE);
    let signed_in = other.submit(
        "/sign-in",
        "/sign-in",
        &[("email", "Ann@Example.com"), ("password", PASSWORD)],
    );
    assert_eq!(signed_in.await.status, StatusCode::SEE_OTHER);
    assert_eq!(other.get("/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_form_that_anybody_may_send_is_short() {
    let daemon = TestDaemon::start().await;
    let mut browsing = Browsing::new(daemon.daemon.web_address());
    let long = "x".repeat(16 * 1024);
    let fields = [("email", "ann@example.com"), ("password", &*long)];
    let refused = browsing.submit("/sign-in", "/sign-in", &fields).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn after_ten_wrong_passwords_the_right_one_is_not_even_looked_at() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    Browsing::signed_in(server, store, &project, Role::Owner).await;
    let email = format!("owner@{}.example.com", project.as_str().replace('_', "-"));
    let mut browsing = Browsing::new(server);
    for attempt in 0..100 {
        let fields = [("email", &*email), ("password", "not the password")];
        let refused = browsing.submit("/sign-in", "/sign-in", &fields).await;
        let expected = match attempt {
            0..10 => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::TOO_MANY_REQUESTS,
        };
        assert_eq!(refused.status, expected, "attempt {attempt}");
    }
    let fields = [("email", &*email), ("password", PASSWORD)];
    let blocked = browsing.submit("/sign-in", "/sign-in", &fields).await;
    assert_eq!(blocked.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(blocked.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(browsing.cookie("login").is_none());
}

#[tokio::test]
async fn a_stranger_who_knows_an_e_mail_address_keeps_its_owner_out_nowhere_else() {
    let daemon = TestDaemon::start_deaf(|config| {
        config.web.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    Browsing::signed_in(server, store, &project, Role::Owner).await;
    let email = format!("owner@{}.example.com", project.as_str().replace('_', "-"));
    let sign_in = async |from, password| {
        let mut browsing = Browsing::new(server).forwarded_for(from);
        let fields = [("email", &*email), ("password", password)];
        browsing.submit("/sign-in", "/sign-in", &fields).await.status.as_u16()
    };
    for _ in 0..10 {
        assert_eq!(sign_in("2001:db8:1:1::1", "not the password").await, 422);
    }
    assert_eq!(sign_in("2001:db8:1:2::2", PASSWORD).await, 429, "it is the same network");
    assert_eq!(sign_in("198.51.100.7", PASSWORD).await, 303);
}

#[tokio::test]
async fn who_has_an_account_can_not_be_told_by_a_wrong_password() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    Browsing::signed_in(server, store, &project, Role::Owner).await;
    admitted(store, &project, "new@example.com", Role::Viewer).await;
    let known = format!("owner@{}.example.com", project.as_str().replace('_', "-"));
    let mut told = Vec::new();
    for email in [known.as_str(), "new@example.com", "nobody@example.com", "no address"] {
        let mut browsing = Browsing::new(server);
        let fields = [("email", email), ("password", "not the password")];
        let refused = browsing.submit("/sign-in", "/sign-in", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let token = browsing.cookie("visitor").unwrap().to_owned();
        assert!(!refused.text().contains(&token));
        let start = refused.text().find("role=\"alert\"").unwrap();
        told.push(refused.text()[start..start + 80].to_owned());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn a_page_that_was_asked_for_is_shown_after_signing_in_and_no_other_site_ever() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    Browsing::signed_in(server, store, &project, Role::Owner).await;
    let email = format!("owner@{}.example.com", project.as_str().replace('_', "-"));
    let back = format!("/p/{project}/invitations?status=failed");
    let asked = get(server, &back).await;
    let to = asked.header("location").to_owned();
    let (page, query) = to.split_once('?').unwrap();
    let told: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    assert_eq!((asked.status, page), (StatusCode::SEE_OTHER, "/sign-in"));
    assert_eq!(told, [("next".into(), back.as_str().into())]);
    for (next, leads) in [(back.as_str(), back.as_str()), ("https://evil.example", "/")] {
        let fields = [("email", &*email), ("password", PASSWORD), ("next", next)];
        let answer = Browsing::new(server).submit(&to, "/sign-in", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, leads));
    }
}

#[tokio::test]
async fn whoever_signs_out_or_is_signed_out_elsewhere_is_out() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    let mut first = Browsing::signed_in(server, store, &project, Role::Owner).await;
    let email = format!("owner@{}.example.com", project.as_str().replace('_', "-"));
    let fields = [("email", &*email), ("password", PASSWORD)];
    let mut second = Browsing::new(server);
    second.submit("/sign-in", "/sign-in", &fields).await;
    let mut third = Browsing::new(server);
    third.submit("/sign-in", "/sign-in", &fields).await;

    let listed = first.get("/account").await;
    let login = listed.text().split("name=\"login\" value=\"").nth(1).unwrap();
    let login = login.split('"').next().unwrap().to_owned();
    let ended = first.submit("/account", "/account/logins/end", &[("login", &login)]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    let out = async |browsing: &mut Browsing| {
        browsing.get("/account").await.status == StatusCode::SEE_OTHER
    };
    let outside = [out(&mut first).await, out(&mut second).await, out(&mut third).await];
    assert_eq!(outside.iter().filter(|is_out| **is_out).count(), 1, "{outside:?}");
    first.submit("/account", "/account/logins/end-others", &[]).await;
    let outside = [out(&mut first).await, out(&mut second).await, out(&mut third).await];
    assert_eq!(outside, [false, true, true]);

    let token = first.cookie("login").unwrap().to_owned();
    let signed_out = first.submit("/account", "/sign-out", &[]).await;
    assert_eq!(signed_out.header("location"), "/sign-in");
    assert!(first.cookie("login").is_none());
    let cookie = format!("login={token}");
    let answer = crate::support::get_with(server, "/account", &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn another_password_ends_the_other_logins() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    let mut here = Browsing::signed_in(server, store, &project, Role::Member).await;
    let email = format!("member@{}.example.com", project.as_str().replace('_', "-"));
    let mut there = Browsing::new(server);
    there.submit("/sign-in", "/sign-in", &[("email", &email), ("password", PASSWORD)]).await;

    let change = "/account/password";
    let wrong = [("before", "not the password"), ("after", "another long password")];
    let refused = here.submit("/account", change, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = [("before", PASSWORD), ("after", "another long password")];
    assert_eq!(here.submit("/account", change, &right).await.status, StatusCode::SEE_OTHER);

    assert_eq!(here.get("/account").await.status, StatusCode::OK);
    assert_eq!(there.get("/account").await.status, StatusCode::SEE_OTHER);
    let old = [("email", &*email), ("password", PASSWORD)];
    let refused = there.submit("/sign-in", "/sign-in", &old).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}
