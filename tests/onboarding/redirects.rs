//! Where clients may be sent.

use zavud::domain::{Actor, OriginPurpose, Redirects, SiteOrigin};
use zavud::onboarding::{Refusal, invite};
use zavud::store::{NewConnection, NewInvitation};

use crate::desk::{DAY, Desk, NOW, id, project, token};

const APP: &str = "https://app.example.com";

fn redirects() -> Redirects {
    Redirects {
        success: Some(format!("{APP}/done").parse().unwrap()),
        failure: Some("https://help.example.com/".parse().unwrap()),
        state: Some("s3ss10n".parse().unwrap()),
    }
}

async fn invite_with(desk: &Desk, redirects: Redirects) -> Result<(), Refusal> {
    let invitation = NewInvitation {
        id: id(1),
        project: project(),
        token: token(1),
        client_name: None,
        client_email: None,
        language: None,
        connection: NewConnection::ClientNumber,
        countries: None,
        redirects,
        created_at: NOW,
        expires_at: NOW + DAY,
    };
    let write = desk.store.write(move |writer| invite(writer, &invitation, Actor::Partner));
    write.await.unwrap()
}

async fn allow(desk: &Desk, origin: &str) {
    let origin: SiteOrigin = origin.parse().unwrap();
    desk.store
        .write(move |writer| writer.allow_origin(&project(), OriginPurpose::Redirect, &origin))
        .await
        .unwrap();
}

async fn led_to(desk: &Desk) -> Redirects {
    desk.store.read(|reader| reader.redirects_of(&id(1))).await.unwrap()
}

#[tokio::test]
async fn an_invitation_leads_nowhere_that_its_project_does_not_allow() {
    let desk = Desk::open().await;
    let refused = |origin: &str| Err(Refusal::RedirectNotAllowed(origin.parse().unwrap()));
    assert_eq!(invite_with(&desk, redirects()).await, refused(APP));
    allow(&desk, APP).await;
    assert_eq!(invite_with(&desk, redirects()).await, refused("https://help.example.com"));
    allow(&desk, "https://help.example.com").await;
    assert_eq!(invite_with(&desk, redirects()).await, Ok(()));
    assert_eq!(led_to(&desk).await, redirects());
}

#[tokio::test]
async fn an_origin_that_is_forbidden_later_is_led_to_no_more_and_after_a_restart_the_rest_is() {
    let desk = Desk::open().await;
    for origin in [APP, "https://help.example.com"] {
        allow(&desk, origin).await;
    }
    invite_with(&desk, redirects()).await.unwrap();
    let forbid = desk.store.write(|writer| {
        writer.forbid_origin(
            &project(),
            OriginPurpose::Redirect,
            &"https://help.example.com".parse().unwrap(),
        )
    });
    forbid.await.unwrap();
    let desk = desk.reopen();
    assert_eq!(led_to(&desk).await, Redirects { failure: None, ..redirects() });
}
