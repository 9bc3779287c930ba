//! The admin inside of another site.

use hyper::StatusCode;
use zavud::accounts::issue_embed_link;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{OriginPurpose, Role, SecretToken, Theme, Timestamp};

use crate::support::{Browsing, TestDaemon, get};

async fn link(daemon: &TestDaemon, role: Role, at: Timestamp) -> SecretToken {
    let project = daemon.invited.project.clone();
    let write = daemon.daemon.store.write(move |writer| {
        writer.allow_origin(
            &project,
            OriginPurpose::Embed,
            &"https://partner.example".parse().unwrap(),
        )?;
        issue_embed_link(writer, project, role, Some(Theme::Dark), at)
    });
    write.await.unwrap().0
}

#[tokio::test]
async fn a_link_opens_the_admin_of_its_project_once_without_any_cookie() {
    let daemon = TestDaemon::start().await;
    let server = daemon.daemon.web_address();
    let link = link(&daemon, Role::Viewer, SystemClock.now()).await;
    let path = format!("/embed/open/{}", link.expose());
    let opened = get(server, &path).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER);
    let home = opened.header("location").to_owned();
    assert!(home.starts_with("/embed/") && home.ends_with("/invitations"), "{home}");
    assert_eq!(get(server, &path).await.status, StatusCode::GONE, "once");

    let page = get(server, &home).await;
    assert_eq!(page.status, StatusCode::OK);
    let policy = page.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors https://partner.example"), "{policy}");
    assert!(page.text().contains("data-embedded"));
    assert!(page.text().contains("content=\"dark\""), "the theme that was asked for");
    assert!(!page.text().contains("/sign-out") && !page.text().contains("/account"));
}

#[tokio::test]
async fn a_link_that_is_older_than_a_minute_or_made_up_opens_nothing() {
    let daemon = TestDaemon::start().await;
    let server = daemon.daemon.web_address();
    let late = SystemClock.now() - std::time::Duration::from_secs(61);
    let link = link(&daemon, Role::Owner, late).await;
    for token in [link.expose(), "0000", "", "%ff"] {
        let answer = get(server, &format!("/embed/open/{token}")).await;
        assert!(
            [StatusCode::GONE, StatusCode::NOT_FOUND].contains(&answer.status),
            "{token}: {}",
            answer.status
        );
    }
    let strange = get(server, "/embed/0000/invitations").await;
    assert_eq!(strange.status, StatusCode::GONE);
    assert!(strange.header("content-security-policy").ends_with("frame-ancestors 'none'"));
}

#[tokio::test]
async fn a_partner_may_not_be_framed_and_the_token_of_a_partner_embeds_nothing() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    link(&daemon, Role::Owner, SystemClock.now()).await;
    let mut browsing = Browsing::signed_in(server, store, &project, Role::Owner).await;
    let page = browsing.get(&format!("/p/{project}/invitations")).await;
    assert!(page.header("content-security-policy").ends_with("frame-ancestors 'none'"));
    let token = browsing.cookie("login").unwrap();
    let answer = get(server, &format!("/embed/{token}/invitations")).await;
    assert_eq!(answer.status, StatusCode::GONE);
}
