//! Each route that there is: who is let in, and who is not.

use std::collections::BTreeSet;

use hyper::{Method, StatusCode};
use zavud::accounts::issue_embed_link;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{ProjectId, Role};
use zavud::store::NewProject;
use zavud::web::{Access, Route};

use crate::support::{Answer, Browsing, TestDaemon, ask_with, get, post_with};

/// What answers without sign-in, and why that is right. Whatever is not on this list asks for one.
const OPEN: &[(&str, &str)] = &[
    ("GET /sign-in", "by it one signs in"),
    ("POST /sign-in", "by it one signs in"),
    ("GET /sign-in/code", "by it one signs in"),
    ("POST /sign-in/code", "by it one signs in"),
    ("GET /password/{link}", "whoever has the link"),
    ("POST /password/{link}", "whoever has the link"),
    ("GET /embed/open/{link}", "whoever has the link"),
    ("GET /i/{token}", "the client has the link"),
    ("GET /i/{token}/events", "the client has the link"),
    ("GET /i/{token}/recordings/{call}", "the client has the link"),
    ("GET /i/{token}/logo/{version}", "the client has the link"),
    ("POST /i/{token}/signup/begin", "the client has the link"),
    ("POST /i/{token}/signup/result", "the client has the link"),
    ("GET /meta/webhook", "Meta, by its verify token"),
    ("POST /meta/webhook", "Meta, by its signature"),
    ("GET /assets/{name}", "scripts and styles"),
    ("GET /returned", "where Meta's window ends"),
    ("GET /health", "for load balancers"),
    ("GET /v1/openapi.json", "the documentation of the API"),
    ("GET /v1/docs", "the documentation of the API"),
];

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// The address of a route, in this project and with ids that lead nowhere.
fn address(route: &Route, project: &str, id: &str) -> String {
    route
        .path
        .split('/')
        .map(|part| match part {
            "{project}" => project,
            part if part.starts_with('{') => id,
            part => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

async fn ask(browsing: &mut Browsing, route: &Route, path: &str) -> Answer {
    match route.method {
        Method::GET => browsing.get(path).await,
        Method::POST => browsing.post(path, &[]).await,
        _ => ask_with(browsing.server(), route.method.as_str(), path, &[], "").await,
    }
}

#[tokio::test]
async fn no_route_answers_without_sign_in_but_those_on_the_list() {
    let daemon = TestDaemon::start().await;
    let server = daemon.daemon.web_address();
    let project = daemon.invited.project.to_string();
    let mut open = BTreeSet::new();
    for route in &daemon.daemon.routes {
        let path = address(route, &project, "0000");
        let answer = ask(&mut Browsing::new(server), route, &path).await;
        match route.access {
            Access::Partner | Access::Project(_) if route.path.starts_with("/embed/") => {
                assert_eq!(answer.status, StatusCode::GONE, "{}", name(route));
            }
            Access::Partner | Access::Project(_) => {
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", name(route));
                assert!(answer.header("location").starts_with("/sign-in"), "{}", name(route));
            }
            Access::Key => assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", name(route)),
            Access::Public | Access::Client | Access::Meta | Access::Link => {
                open.insert(name(route));
            }
        }
    }
    let listed: BTreeSet<_> = OPEN.iter().map(|(route, _)| (*route).to_owned()).collect();
    assert_eq!(open, listed);
}

#[tokio::test]
async fn no_post_is_taken_without_the_token_of_its_form_or_from_another_site() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    let mut owner = Browsing::signed_in(server, store, &project, Role::Owner).await;
    let cookie = format!("login={}", owner.cookie("login").unwrap());
    let posts = daemon.daemon.routes.iter().filter(|route| {
        route.method != Method::GET
            && matches!(
                route.access,
                Access::Partner | Access::Project(_) | Access::Public | Access::Link
            )
            && !route.path.starts_with("/embed/")
    });
    for route in posts {
        let path = address(route, project.as_str(), "0000");
        for kind in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"] {
            let body = match kind {
                "application/x-www-form-urlencoded" => "form_token=0000&a=b",
                _ => {
                    "--b\r\ncontent-disposition: form-data; name=\"form_token\"\r\n\r\n0000\r\n--b--\r\n"
                }
            };
            let is_refused = [StatusCode::FORBIDDEN, StatusCode::UNSUPPORTED_MEDIA_TYPE];
            // A wrong token, and none.
            for body in [body.to_owned(), body.replace("form_token", "other")] {
                let refused = owner.post_body(&path, kind, &body).await;
                assert!(is_refused.contains(&refused.status), "{} {kind}", name(route));
            }
        }
        let headers = [
            ("origin", "https://evil.example"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", &cookie),
        ];
        let refused = post_with(server, &path, &headers, "form_token=0000").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", name(route));
    }
}

#[tokio::test]
async fn no_post_inside_of_another_site_is_taken_without_the_token_of_its_form() {
    let daemon = TestDaemon::start().await;
    let project = daemon.invited.project.clone();
    let (id, now) = (project.clone(), SystemClock.now());
    let made = daemon
        .daemon
        .store
        .write(move |writer| issue_embed_link(writer, id, Role::Owner, None, now));
    let (link, _) = made.await.unwrap();
    let mut browsing = Browsing::new(daemon.daemon.web_address());
    let opened = browsing.get(&format!("/embed/open/{}", link.expose())).await;
    let base = opened.header("location").strip_suffix("/invitations").unwrap().to_owned();
    let posts =
        daemon.daemon.routes.iter().filter(|route| {
            route.method == Method::POST && route.path.starts_with("/embed/{login}")
        });
    let mut asked = 0;
    for route in posts {
        let path = address(route, project.as_str(), "0000").replacen("/embed/0000", &base, 1);
        for (kind, body) in [
            ("application/x-www-form-urlencoded", "a=b"),
            ("multipart/form-data; boundary=b", "--b--\r\n"),
        ] {
            let refused = browsing.post_body(&path, kind, body).await;
            let is_refused = [StatusCode::FORBIDDEN, StatusCode::UNSUPPORTED_MEDIA_TYPE];
            assert!(is_refused.contains(&refused.status), "{} {kind}", name(route));
        }
        asked += 1;
    }
    assert!(asked > 20, "{asked}");
}

#[tokio::test]
async fn no_route_crosses_projects() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let other = ProjectId::new(SystemClock.now(), [77; 10]);
    let new = NewProject { id: other.clone(), name: "Other".into(), created_at: SystemClock.now() };
    store.write(move |writer| writer.insert_project(&new)).await.unwrap();
    let mut stranger = Browsing::signed_in(server, store, &other, Role::Owner).await;
    let project = &daemon.invited.project;
    for route in &daemon.daemon.routes {
        let Access::Project(_) = route.access else { continue };
        if route.path.starts_with("/embed/") {
            continue;
        }
        // The other project, whatever the ids are.
        let path = address(route, project.as_str(), daemon.invited.invitation.as_str());
        let answer = ask(&mut stranger, route, &path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", name(route));
        assert!(!answer.text().contains("Acme"), "{}", name(route));
        // The own project, with ids of the other one.
        if route.path.matches('{').count() > 1 {
            let path = address(route, other.as_str(), daemon.invited.invitation.as_str());
            let answer = match route.method {
                Method::GET => stranger.get(&path).await,
                _ => stranger.submit(&format!("/p/{other}/invitations"), &path, &[]).await,
            };
            // 410: an import that is over and one that never was are the same.
            let nothing = [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST, StatusCode::GONE];
            assert!(nothing.contains(&answer.status), "{}: {}", name(route), answer.status);
        }
    }
}

#[tokio::test]
async fn a_role_opens_what_it_may_and_nothing_more() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    for role in [Role::Viewer, Role::Member] {
        let mut browsing = Browsing::signed_in(server, store, &project, role).await;
        for route in &daemon.daemon.routes {
            let Access::Project(least) = route.access else { continue };
            if route.path.starts_with("/embed/") || least <= role {
                continue;
            }
            let path = address(route, project.as_str(), "0000");
            let answer = ask(&mut browsing, route, &path).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} as {role}", name(route));
        }
    }
}

#[tokio::test]
async fn what_there_is_not_is_not_found() {
    let daemon = TestDaemon::start().await;
    let server = daemon.daemon.web_address();
    for path in ["/p", "/p/", "/p/x", "/p/%ff/invitations", "/embed", "/admin", "/account/x"] {
        assert_eq!(get(server, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
