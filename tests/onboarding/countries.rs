//! Of which countries a client's number may be, where the partner named some.

use zavud::domain::{Actor, Countries, Redirects, SignupFailure, SignupState};
use zavud::onboarding::{Refusal, invite};
use zavud::store::{NewConnection, NewInvitation};

use crate::completion::{
    ACCOUNT, NUMBER, answers, begin, code, failed, finish, paths, senders, state,
};
use crate::desk::{DAY, Desk, NOW, id, number, project, token};
use crate::graph::Server;

async fn invite_from(
    desk: &Desk,
    connection: NewConnection,
    countries: &str,
) -> Result<(), Refusal> {
    let countries = Countries::from_stored(countries);
    let invitation = NewInvitation {
        id: id(1),
        project: project(),
        token: token(1),
        client_name: None,
        client_email: None,
        language: None,
        connection,
        countries: Some(countries),
        redirects: Redirects::default(),
        created_at: NOW,
        expires_at: NOW + DAY,
    };
    let write = desk.store.write(move |writer| invite(writer, &invitation, Actor::Partner));
    write.await.unwrap()
}

#[tokio::test]
async fn a_number_of_another_country_is_not_connected_and_meta_is_asked_for_nothing_more() {
    let desk = Desk::open().await;
    invite_from(&desk, NewConnection::ClientNumber, "DE AT").await.unwrap();
    let attempt = begin(&desk, 1).await;
    let server = Server::start(answers()).await;
    finish(&desk, &server, &attempt, code(Some(ACCOUNT), Some(NUMBER))).await;
    assert_eq!(paths(&server), ["access_token", "phone_numbers"]);
    assert_eq!(state(&desk).await, failed(SignupFailure::CountryNotAllowed));
    assert!(senders(&desk).await.is_empty());
}

#[tokio::test]
async fn a_number_of_one_of_the_countries_is_connected() {
    let desk = Desk::open().await;
    invite_from(&desk, NewConnection::ClientNumber, "DE US").await.unwrap();
    let attempt = begin(&desk, 1).await;
    let server = Server::start(answers()).await;
    finish(&desk, &server, &attempt, code(Some(ACCOUNT), Some(NUMBER))).await;
    assert!(matches!(state(&desk).await, SignupState::Done { .. }));
}

#[tokio::test]
async fn a_number_of_ours_is_not_pre_assigned_where_its_country_is_not_allowed() {
    let desk = Desk::open().await;
    let ours = NewConnection::Preassigned(number(1));
    let refused = invite_from(&desk, ours.clone(), "DE AT").await;
    assert_eq!(refused, Err(Refusal::CountryNotAllowed));
    assert_eq!(invite_from(&desk, ours, "AT US").await, Ok(()));
}
