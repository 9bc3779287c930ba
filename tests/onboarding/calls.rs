//! The calls of a project, as its partners look through them.

use std::time::Duration;

use zavud::domain::{
    CallId, CallOutcome, CallPurpose, CallQuality, PhoneNumberId, ProjectId, Timestamp,
};
use zavud::onboarding::Step;
use zavud::store::{CallEnd, CallFilter, ListedCall, NewCall, NewPhoneNumber, NewProject};

use crate::desk::{DAY, Desk, NOW, id, number, project};

const QUALITY: CallQuality =
    CallQuality { lost_percent: 1.5, jitter_ms: 4.25, opinion_score: 3.75 };

fn call(minute: u64) -> CallId {
    CallId::new(rang_at(minute), [7; 10])
}

fn rang_at(minute: u64) -> Timestamp {
    NOW + Duration::from_secs(60 * minute)
}

/// A call comes in, `minute` minutes after now, and ends like this if it does.
async fn ring(desk: &Desk, minute: u64, to: u8, outcome: Option<CallOutcome>) {
    let new = NewCall {
        id: call(minute),
        project: project(),
        number: number(to),
        purpose: CallPurpose::Invitation(id(5)),
        trunk: "carrier".into(),
        sip_call_id: "a@b".into(),
        caller: Some("+442071838750".parse().unwrap()),
        rang_at: rang_at(minute),
    };
    let write = desk.store.write(move |writer| {
        writer.insert_call(&new)?;
        writer.mark_answered(&new.id, new.rang_at + Duration::from_secs(2))?;
        let Some(outcome) = outcome else { return Ok(()) };
        let at = new.rang_at + Duration::from_secs(20);
        let end = CallEnd { outcome, confidence: Some(0.5), quality: Some(QUALITY), at };
        writer.mark_ended(&new.id, end)
    });
    write.await.unwrap();
}

/// With five calls, of which the last goes on.
async fn open() -> Desk {
    let desk = Desk::open().await;
    desk.invite(5, None, NOW, 3).await.unwrap();
    ring(&desk, 1, 0, Some(CallOutcome::Silent)).await;
    ring(&desk, 2, 1, Some(CallOutcome::Unreadable)).await;
    ring(&desk, 3, 0, Some(CallOutcome::Unreadable)).await;
    ring(&desk, 4, 0, Some(CallOutcome::CodeRead)).await;
    ring(&desk, 5, 1, None).await;
    desk
}

async fn past(desk: &Desk, filter: &CallFilter, before: Option<u64>, limit: u32) -> Vec<CallId> {
    let (filter, before) = (filter.clone(), before.map(call));
    let read = desk
        .store
        .read(move |reader| reader.past_calls(&project(), &filter, before.as_ref(), limit));
    read.await.unwrap().into_iter().map(|call| call.id).collect()
}

#[tokio::test]
async fn calls_are_read_page_by_page_newest_first_and_filtered() {
    let desk = open().await;
    let all = CallFilter::default();
    assert_eq!(past(&desk, &all, None, 3).await, [4, 3, 2].map(call));
    assert_eq!(past(&desk, &all, Some(2), 3).await, [1].map(call));
    let of_number = CallFilter { number: Some(number(0)), outcome: None };
    assert_eq!(past(&desk, &of_number, None, 9).await, [4, 3, 1].map(call));
    let unreadable = CallFilter { number: None, outcome: Some(CallOutcome::Unreadable) };
    assert_eq!(past(&desk, &unreadable, None, 9).await, [3, 2].map(call));
    assert_eq!(past(&desk, &unreadable, Some(3), 9).await, [2].map(call));
    let both = CallFilter { number: Some(number(1)), outcome: Some(CallOutcome::Unreadable) };
    assert_eq!(past(&desk, &both, None, 9).await, [2].map(call));

    let live = desk.store.read(|reader| reader.live_calls(&project(), 9)).await.unwrap();
    let [live] = <[ListedCall; 1]>::try_from(live).unwrap();
    assert_eq!((live.id, live.end), (call(5), None));
    assert_eq!(live.answered_at, Some(rang_at(5) + Duration::from_secs(2)));
    let ended = desk.store.read(|reader| reader.call_of(&project(), &call(4))).await.unwrap();
    let end = ended.unwrap().end.unwrap();
    assert_eq!((end.outcome, end.confidence), (CallOutcome::CodeRead, Some(0.5)));
    assert_eq!(end.quality, Some(QUALITY));
}

#[tokio::test]
async fn calls_and_recordings_of_another_project_are_not_there() {
    let desk = open().await;
    let keep_until = NOW + DAY;
    let keep = desk.store.write(move |writer| {
        writer.insert_recording(&call(3), &id(5))?;
        writer.keep_recording(&call(3), keep_until)?;
        let other = NewProject { id: other(), name: "Other".into(), created_at: NOW };
        writer.insert_project(&other)?;
        writer.insert_phone_number(&NewPhoneNumber {
            id: PhoneNumberId::new(NOW, [9; 10]),
            project: other.id,
            number: "+15550100999".parse().unwrap(),
            created_at: NOW,
        })
    });
    keep.await.unwrap();
    let recording = async |project: ProjectId, now: Timestamp| {
        let read = desk.store.read(move |reader| reader.recording_of(&project, &call(3), now));
        read.await.unwrap()
    };
    assert_eq!(recording(project(), NOW).await, Some(call(3)));
    assert_eq!(recording(other(), NOW).await, None);
    assert_eq!(recording(project(), keep_until).await, None);
    let listed = desk.store.read(|reader| reader.call_of(&project(), &call(3))).await.unwrap();
    assert_eq!(listed.unwrap().recorded_until, Some(keep_until));
    let filter = CallFilter { number: Some(number(0)), outcome: None };
    let foreign = desk.store.read(move |reader| {
        let past = reader.past_calls(&other(), &filter, None, 9)?;
        Ok((reader.call_of(&other(), &call(3))?, past, reader.live_calls(&other(), 9)?))
    });
    assert_eq!(foreign.await.unwrap(), (None, vec![], vec![]));

    // Nobody listens any more once the invitation is closed.
    desk.take(5, Step::Cancel, NOW).await.unwrap();
    assert_eq!(recording(project(), NOW).await, None);
}

fn other() -> ProjectId {
    ProjectId::new(NOW, [2; 10])
}
