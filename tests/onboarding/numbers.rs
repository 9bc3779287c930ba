//! Phone numbers: whose they are, and when they may rest.

use zavud::domain::{
    InvitationStatus, NumberStatus, PhoneNumber, PhoneNumberId, ProjectId, Timestamp,
};
use zavud::onboarding::{NumberRefusal, Refusal, add_number, resume_number, suspend_number};
use zavud::store::{ManagedNumber, NewProject};

use crate::desk::{DAY, Desk, NOW, id, number, project, resend};

fn other_project() -> ProjectId {
    ProjectId::new(NOW, [2; 10])
}

async fn add(
    desk: &Desk,
    project: ProjectId,
    number: &str,
) -> Result<PhoneNumberId, NumberRefusal> {
    let number: PhoneNumber = number.parse().unwrap();
    let name = "Front desk".parse().unwrap();
    let write =
        desk.store.write(move |writer| add_number(writer, &project, number, Some(&name), NOW));
    write.await.unwrap()
}

async fn suspend(desk: &Desk, index: u8, now: Timestamp) -> Result<bool, NumberRefusal> {
    let write =
        desk.store.write(move |writer| suspend_number(writer, &project(), &number(index), now));
    write.await.unwrap()
}

async fn resume(desk: &Desk, index: u8) -> Result<bool, NumberRefusal> {
    let write =
        desk.store.write(move |writer| resume_number(writer, &project(), &number(index), NOW));
    write.await.unwrap()
}

async fn numbers(desk: &Desk, now: Timestamp) -> Vec<ManagedNumber> {
    let read = desk.store.read(move |reader| reader.numbers_of(&project(), None, 100, now));
    read.await.unwrap()
}

#[tokio::test]
async fn a_number_belongs_to_one_project_and_another_is_not_told_to_which() {
    let desk = Desk::open().await;
    let other = NewProject { id: other_project(), name: "Other".into(), created_at: NOW };
    desk.store.write(move |writer| writer.insert_project(&other)).await.unwrap();
    let added = add(&desk, project(), "+442071838750").await.unwrap();
    let again = add(&desk, project(), "+442071838750").await;
    assert_eq!(again, Err(NumberRefusal::AlreadyYours(added.clone())));
    assert_eq!(add(&desk, other_project(), "+442071838750").await, Err(NumberRefusal::Taken));
    // One that rests is taken all the same.
    let rests = added.clone();
    let write = desk.store.write(move |writer| suspend_number(writer, &project(), &rests, NOW));
    assert_eq!(write.await.unwrap(), Ok(true));
    assert_eq!(add(&desk, other_project(), "+442071838750").await, Err(NumberRefusal::Taken));
    let foreign = added.clone();
    let write =
        desk.store.write(move |writer| resume_number(writer, &other_project(), &foreign, NOW));
    assert_eq!(write.await.unwrap(), Err(NumberRefusal::Unknown));
    let listed = numbers(&desk, NOW).await.into_iter().find(|listed| listed.id == added).unwrap();
    assert_eq!(listed.name.as_deref(), Some("Front desk"));
    assert_eq!(listed.status, NumberStatus::Suspended);
}

#[tokio::test]
async fn a_number_rests_only_when_nobody_waits_for_a_call_on_it() {
    let desk = Desk::open().await;
    desk.invite(5, Some(0), NOW, 3).await.unwrap();
    assert_eq!(suspend(&desk, 0, NOW).await, Err(NumberRefusal::Invited(id(5))));
    let holder = numbers(&desk, NOW).await[0].holder.clone().unwrap();
    assert_eq!((holder.invitation, holder.status), (id(5), InvitationStatus::Pending));
    // Its time has run out, and nobody has recorded that.
    assert_eq!(numbers(&desk, NOW + DAY * 3).await[0].holder, None);
    assert_eq!(suspend(&desk, 0, NOW + DAY * 3).await, Ok(true));
    assert_eq!(suspend(&desk, 0, NOW + DAY * 3).await, Ok(false));
    let expired = desk.moves(5).await.last().copied();
    assert_eq!(expired, Some((Some(InvitationStatus::Pending), InvitationStatus::Expired)));

    let refused = desk.invite(6, Some(0), NOW + DAY * 3, 3).await;
    assert_eq!(refused, Err(Refusal::NumberNotUsable));
    let again = desk.take(5, resend(7, NOW + DAY * 3, 3), NOW + DAY * 3).await;
    assert_eq!(again, Err(Refusal::NumberNotUsable), "a new link would wait for a call in vain");
    let reads = "+15550100100".parse().unwrap();
    let own = desk.store.read(move |reader| reader.own_number(&reads)).await.unwrap();
    assert_eq!(own, None, "calls to it are for no number of ours");

    assert_eq!((resume(&desk, 0).await, resume(&desk, 0).await), (Ok(true), Ok(false)));
    let again = desk.take(5, resend(7, NOW + DAY * 3, 3), NOW + DAY * 3).await;
    assert_eq!(again, Ok(InvitationStatus::Pending));
}

#[tokio::test]
async fn a_client_is_spoken_to_in_the_language_of_the_project_unless_the_invitation_names_one() {
    let desk = Desk::open().await;
    let speak = |code: Option<&'static str>| {
        let language = code.map(|code| code.parse().unwrap());
        desk.store.write(move |writer| writer.set_project_language(&project(), language))
    };
    let spoken = async |index: u8| {
        let read = desk.store.read(move |reader| reader.open_invitation_for(&number(index), NOW));
        read.await.unwrap().unwrap().language
    };
    speak(Some("pt")).await.unwrap();
    desk.invite(5, Some(0), NOW, 3).await.unwrap();
    speak(None).await.unwrap();
    desk.invite(6, Some(1), NOW, 3).await.unwrap();
    assert_eq!((spoken(0).await, spoken(1).await), (Some("pt".parse().unwrap()), None));
}
