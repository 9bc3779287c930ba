//! The store: what a transaction keeps, what it refuses, and who is told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use zavud::domain::{
    CallId, CallPurpose, CodeStage, EventId, InvitationId, InvitationToken, PhoneNumberId,
    ProjectId, Redirects, Sealed, SenderId, Timestamp,
};
use zavud::store::{
    Change, Connected, EventKind, NewCall, NewCode, NewConnection, NewEvent, NewInvitation,
    NewPhoneNumber, NewProject, NewSender, Sender, Store, StoreError, UnfinishedCall,
};

/// A test that waits in vain fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(60);

const NOW: Timestamp = Timestamp::from_unix_millis(1_795_000_000_000);

struct Opened {
    store: Store,
    told: Arc<Mutex<Vec<Change>>>,
    _directory: TempDir,
}

fn open() -> Opened {
    let directory = tempfile::tempdir().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let on_commit = Box::new(move |change: &Change| listener.lock().unwrap().push(change.clone()));
    let store = Store::open(&directory.path().join("zavud.db"), on_commit).unwrap();
    Opened { store, told, _directory: directory }
}

fn project() -> NewProject {
    NewProject { id: ProjectId::new(NOW, [1; 10]), name: "Acme".into(), created_at: NOW }
}

fn phone_number() -> NewPhoneNumber {
    NewPhoneNumber {
        id: PhoneNumberId::new(NOW, [2; 10]),
        project: project().id,
        number: "+15550100123".parse().unwrap(),
        created_at: NOW,
    }
}

fn invitation(index: u8) -> NewInvitation {
    NewInvitation {
        id: InvitationId::new(NOW, [index; 10]),
        project: project().id,
        token: InvitationToken::new([index; 20]),
        client_name: None,
        client_email: None,
        language: None,
        connection: NewConnection::Preassigned(phone_number().id),
        countries: None,
        redirects: Redirects::default(),
        created_at: NOW,
        expires_at: NOW + Duration::from_secs(60),
    }
}

fn event(stage: CodeStage) -> NewEvent {
    NewEvent {
        project: project().id,
        invitation: invitation(3).id,
        call: None,
        kind: EventKind::CallRinging,
        at: NOW,
        stage: Some(stage.into()),
    }
}

async fn fill(store: &Store) {
    let insert = store.write(|writer| {
        writer.insert_project(&project())?;
        writer.insert_phone_number(&phone_number())?;
        writer.insert_invitation(&invitation(3))
    });
    insert.await.unwrap();
}

#[tokio::test]
async fn a_number_serves_one_open_invitation_at_a_time() {
    let opened = open();
    fill(&opened.store).await;
    let second = opened.store.write(|writer| writer.insert_invitation(&invitation(4))).await;
    assert!(matches!(second, Err(StoreError::Database(_))), "{second:?}");
    let open = opened.store.read(|reader| reader.open_invitation_for(&phone_number().id, NOW));
    assert_eq!(open.await.unwrap().map(|open| open.id), Some(invitation(3).id));
}

#[tokio::test]
async fn work_that_fails_leaves_nothing_and_does_not_touch_its_neighbours() {
    let opened = open();
    fill(&opened.store).await;
    let good = opened.store.write(|writer| writer.append_event(&event(CodeStage::Ringing)));
    let bad = opened.store.write(|writer| {
        writer.append_event(&event(CodeStage::Expired))?;
        Err::<(), _>(StoreError::Unexpected("on purpose".into()))
    });
    let (good, bad) = tokio::join!(good, bad);
    assert!(matches!(bad, Err(StoreError::Unexpected(_))));
    let invitation = invitation(3).id;
    let stages =
        opened.store.read(move |reader| reader.stages_after(&invitation, EventId(0), 10, NOW));
    let stages: Vec<CodeStage> =
        stages.await.unwrap().into_iter().map(|event| event.stage).collect();
    assert_eq!(stages, [CodeStage::Ringing]);
    let told = opened.told.lock().unwrap().clone();
    let invitation = self::invitation(3);
    let of = Some((invitation.id, good.unwrap()));
    assert_eq!(told, [Change { project: invitation.project, of }]);
}

#[tokio::test]
async fn that_the_thread_that_writes_has_died_is_told() {
    let opened = open();
    assert!(opened.store.can_write().await.is_ok());
    // The second one waits until nobody takes it any more.
    for _ in 0..2 {
        let lost = opened.store.write::<(), _>(|_| panic!("on purpose")).await;
        assert!(matches!(lost, Err(StoreError::Closed)), "{lost:?}");
    }
    let found = opened.store.can_write().await;
    assert!(matches!(found, Err(StoreError::Closed)), "{found:?}");
}

#[tokio::test]
async fn work_that_fails_is_no_sign_that_nothing_can_be_written() {
    let opened = open();
    let failed = StoreError::Unexpected("on purpose".into());
    let failed = opened.store.write::<(), _>(move |_| Err(failed)).await;
    assert!(matches!(failed, Err(StoreError::Unexpected(_))), "{failed:?}");
    assert!(opened.store.can_write().await.is_ok());
}

fn sender(index: u8, number: &str) -> NewSender {
    let connected = Connected {
        name: "Ana's \"Caf\u{e9}\" <b>".into(),
        phone_number: phone_number().number,
        account: "102290129340398".into(),
        number: number.into(),
        token: Sealed::from_bytes(vec![index]),
        pin: None,
    };
    NewSender {
        id: SenderId::new(NOW, [index; 10]),
        project: project().id,
        invitation: invitation(3).id,
        created_at: NOW,
        connected,
    }
}

#[tokio::test]
async fn the_first_sender_of_a_project_is_its_default_and_stays_so_when_it_is_connected_again() {
    let opened = open();
    fill(&opened.store).await;
    for new in [sender(5, "7"), sender(6, "8"), sender(5, "7")] {
        opened.store.write(move |writer| writer.put_sender(&new)).await.unwrap();
    }
    let same_number = sender(9, "7");
    let refused = opened.store.write(move |writer| writer.put_sender(&same_number)).await;
    assert!(matches!(refused, Err(StoreError::Database(_))), "{refused:?}");
    let senders = opened.store.read(|reader| reader.senders(&project().id)).await.unwrap();
    let expected = [(sender(5, "7"), true), (sender(6, "8"), false)];
    let expected = expected.map(|(new, is_default)| Sender {
        id: new.id,
        project: new.project,
        is_default,
        connected: new.connected,
    });
    assert_eq!(senders, expected);
}

#[tokio::test]
async fn a_wrong_token_opens_nothing() {
    let opened = open();
    fill(&opened.store).await;
    let by_token = |token: InvitationToken| {
        opened.store.read(move |reader| reader.invitation_by_token(&token, NOW))
    };
    let found = by_token(InvitationToken::new([3; 20])).await.unwrap().unwrap();
    assert_eq!(found.id, invitation(3).id);
    for wrong in ["", "03", &"03".repeat(21), "' OR 1=1 --", "\0"] {
        assert_eq!(by_token(InvitationToken::from_text(wrong.into())).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("zavud.db");
    let store = Store::open(&path, Box::new(|_| {})).unwrap();
    fill(&store).await;
    drop(store);
    let store = Store::open(&path, Box::new(|_| {})).unwrap();
    let number = "+15550100123".parse().unwrap();
    let own = store.read(move |reader| reader.own_number(&number)).await.unwrap();
    assert_eq!(own.map(|own| own.id), Some(phone_number().id));
}

/// Whether a text is in the database or in its write-ahead log.
fn is_kept(database: &Path, text: &str) -> bool {
    [database.to_owned(), database.with_extension("db-wal")].iter().any(|file| {
        let bytes = std::fs::read(file).unwrap();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

#[tokio::test]
async fn whoever_reads_for_long_holds_up_no_write_and_digits_leave_the_log_when_it_has_gone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("zavud.db");
    let store = Store::open(&path, Box::new(|_| {})).unwrap();
    fill(&store).await;
    let digits = "907361";
    let call = NewCall {
        id: CallId::new(NOW, [7; 10]),
        project: project().id,
        number: phone_number().id,
        purpose: CallPurpose::Invitation(invitation(3).id),
        trunk: "test".into(),
        sip_call_id: "test".into(),
        caller: None,
        rang_at: NOW,
    };
    let code = NewCode {
        call: call.id.clone(),
        code: digits.parse().unwrap(),
        read_at: NOW,
        valid_until: NOW + Duration::from_secs(600),
    };
    let write = store.write(move |writer| {
        writer.insert_call(&call)?;
        writer.insert_code(&code)
    });
    write.await.unwrap();

    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let seen: String = reader.query_row("SELECT code FROM codes", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, digits);
    let over = NOW + Duration::from_secs(600);
    let writes = async {
        store.write(move |writer| writer.erase_dead_digits(over)).await.unwrap();
        // So many that they would lose patience, did each of them wait for the reader.
        for _ in 0..100 {
            store.write(|writer| writer.append_event(&event(CodeStage::Ringing))).await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, writes).await.expect("no write waits for the reader");
    assert!(is_kept(&path, digits), "the reader may still ask for them");

    drop(reader);
    let gone = async {
        while is_kept(&path, digits) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the log is emptied without another write");
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("zavud.db");
    std::fs::write(&path, "this is a text file and no database at all").unwrap();
    let error = Store::open(&path, Box::new(|_| {})).unwrap_err();
    assert!(error.to_string().contains("zavud.db"), "{error}");
}

#[tokio::test]
async fn calls_codes_and_what_refers_to_them_survive_that_their_tables_are_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("zavud.db");
    let earlier = rusqlite::Connection::open(&path).unwrap();
    for migration in [
        include_str!("../src/store/migrations/0001_initial.sql"),
        include_str!("../src/store/migrations/0002_recordings.sql"),
        include_str!("../src/store/migrations/0003_onboarding.sql"),
        include_str!("../src/store/migrations/0004_seal.sql"),
        include_str!("../src/store/migrations/0005_signups.sql"),
    ] {
        earlier.execute_batch(migration).unwrap();
    }
    let (project, invitation) = (project(), invitation(3));
    let fill = format!(
        "INSERT INTO projects VALUES ('{project}', 'Acme', 0);
         INSERT INTO phone_numbers VALUES ('{number}', '{project}', '+15550100123', NULL, 'active', 0);
         INSERT INTO invitations (id, project_id, token, token_hash, status, created_at, updated_at,
                                  expires_at)
         VALUES ('{invitation}', '{project}', 'x', x'00', 'pending', 0, 0, 9999999999999);
         INSERT INTO calls VALUES ('call_1', '{project}', '{number}', '{invitation}', 'carrier', 'a@b',
                                   '+442071838750', 1, 2, NULL, NULL, NULL);
         INSERT INTO codes VALUES ('call_1', '{invitation}', '481529', 3, 9999999999999);
         INSERT INTO recordings VALUES ('call_1', '{invitation}', NULL);
         INSERT INTO events (project_id, invitation_id, call_id, kind, at)
         VALUES ('{project}', '{invitation}', 'call_1', 'call_ringing', 1);
         PRAGMA user_version = 5;",
        project = project.id,
        number = phone_number().id,
        invitation = invitation.id,
    );
    earlier.execute_batch(&fill).unwrap();
    drop(earlier);

    let store = Store::open(&path, Box::new(|_| {})).unwrap();
    let id = invitation.id.clone();
    let read = store.read(move |reader| {
        Ok((reader.unfinished_calls()?, reader.valid_codes(&id, NOW)?, reader.recorded_calls()?))
    });
    let (calls, codes, recorded) = read.await.unwrap();
    let call = CallId::from_stored("call_1".into());
    let unfinished = UnfinishedCall {
        id: call.clone(),
        project: project.id,
        purpose: CallPurpose::Invitation(invitation.id),
        rang_at: Timestamp::from_unix_millis(1),
        has_code: true,
    };
    assert_eq!(
        (calls, codes, recorded),
        (vec![unfinished], vec!["481529".parse().unwrap()], vec![call])
    );
    drop(store);
    let broken: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(broken, 0);
}
