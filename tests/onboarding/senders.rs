//! Senders: which is the default, and what is left of one that was removed.

use zavud::domain::{Sealed, SenderId, VerificationFailure};
use zavud::onboarding::{SenderRefusal, make_default_sender, remove_sender};
use zavud::store::{Connected, NewSender, NewVerification, Sender};

use crate::desk::{Desk, NOW, id, number, project};

fn sender(index: u8) -> SenderId {
    SenderId::new(NOW, [index; 10])
}

fn connected(index: u8) -> NewSender {
    NewSender {
        id: sender(index),
        project: project(),
        invitation: id(9),
        created_at: NOW,
        connected: Connected {
            name: format!("Shop {index}"),
            phone_number: format!("+1555010020{index}").parse().unwrap(),
            account: "102290129340398".into(),
            number: format!("10000{index}"),
            token: Sealed::from_bytes(b"sealed token".to_vec()),
            pin: Some(Sealed::from_bytes(b"sealed pin".to_vec())),
        },
    }
}

/// With three senders, of which the first is the default.
async fn open() -> Desk {
    let desk = Desk::open().await;
    desk.invite(9, None, NOW, 3).await.unwrap();
    for index in 1..=3 {
        connect(&desk, index).await;
    }
    desk
}

async fn connect(desk: &Desk, index: u8) {
    desk.store.write(move |writer| writer.put_sender(&connected(index))).await.unwrap();
}

async fn senders(desk: &Desk) -> Vec<Sender> {
    desk.store.read(|reader| reader.senders(&project())).await.unwrap()
}

/// Which senders there are, and which is the default.
async fn standing(desk: &Desk) -> Vec<(SenderId, bool)> {
    senders(desk).await.into_iter().map(|sender| (sender.id, sender.is_default)).collect()
}

async fn remove(desk: &Desk, index: u8) -> Result<SenderId, SenderRefusal> {
    let write =
        desk.store.write(move |writer| remove_sender(writer, &project(), &sender(index), NOW));
    write.await.unwrap().map(|removed| removed.id)
}

#[tokio::test]
async fn a_project_with_senders_has_one_default() {
    let desk = open().await;
    let make = |index| {
        desk.store.write(move |writer| make_default_sender(writer, &project(), &sender(index), NOW))
    };
    assert_eq!(make(3).await.unwrap().unwrap().id, sender(3));
    let expected = [(sender(1), false), (sender(2), false), (sender(3), true)];
    assert_eq!(standing(&desk).await, expected);
    assert_eq!(make(7).await.unwrap(), Err(SenderRefusal::Unknown));
    assert_eq!(remove(&desk, 3).await, Ok(sender(3)));
    assert_eq!(standing(&desk).await, [(sender(1), true), (sender(2), false)]);
    for index in [2, 1] {
        assert_eq!(remove(&desk, index).await, Ok(sender(index)));
    }
    assert_eq!(remove(&desk, 1).await, Err(SenderRefusal::Unknown), "it was removed");
    assert_eq!(make(1).await.unwrap(), Err(SenderRefusal::Unknown));
    assert_eq!(standing(&desk).await, []);
    connect(&desk, 4).await;
    assert_eq!(standing(&desk).await, [(sender(4), true)], "a new first one is the default");
}

#[tokio::test]
async fn a_removed_sender_is_gone_for_its_project_and_no_secret_of_it_is_left() {
    let desk = open().await;
    remove(&desk, 2).await.unwrap();
    assert_eq!(standing(&desk).await, [(sender(1), true), (sender(3), false)]);
    let listed =
        desk.store.read(|reader| reader.listed_senders(&project(), None, 9)).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|sender| sender.id).collect();
    assert_eq!(listed, [sender(1), sender(3)]);
    let database = rusqlite::Connection::open(desk.database()).unwrap();
    let secrets: (Option<Vec<u8>>, Option<Vec<u8>>) = database
        .query_row("SELECT token, pin FROM senders WHERE id = ?1", [sender(2).as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(secrets, (None, None));
}

#[tokio::test]
async fn a_sender_whose_token_is_in_use_is_not_removed() {
    let desk = open().await;
    let verification = zavud::domain::VerificationId::new(NOW, [1; 10]);
    let new = NewVerification {
        id: verification.clone(),
        phone_number: number(0),
        sender: sender(2),
        number: "100002".into(),
        begun_at: NOW,
    };
    desk.store.write(move |writer| writer.insert_verification(&new)).await.unwrap();
    assert_eq!(remove(&desk, 2).await, Err(SenderRefusal::UnderWay));
    let failed = VerificationFailure::NoCall;
    let write =
        desk.store.write(move |writer| writer.fail_verification(&verification, failed, NOW));
    write.await.unwrap();
    assert_eq!(remove(&desk, 2).await, Ok(sender(2)));
    let last = desk.store.read(|reader| reader.last_verification(&number(0))).await.unwrap();
    let (begun_at, last) = last.unwrap();
    assert_eq!((begun_at, last.failure), (NOW, Some(failed)));
}
