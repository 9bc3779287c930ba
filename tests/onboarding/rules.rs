//! One rule a test.

use std::time::Duration;

use zavud::domain::InvitationStatus::{Completed, Expired, Failed, InProgress, Pending};
use zavud::domain::{
    Actor, CallId, CallPurpose, CodeStage, EventId, FailureReason, ProjectId, Timestamp,
};
use zavud::onboarding::{
    Attempts, Refusal, Step, attempts_left, expire_overdue, record_attempt, take_step,
};
use zavud::store::{EventKind, NewCall, NewCode, NewEvent, NewStage, RecordedStep, StoreError};

use crate::desk::{DAY, Desk, NOW, id, number, project, resend};

const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_journey_with_a_failure_is_recorded_step_by_step_and_pages_are_told_of_each() {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 7).await.unwrap();
    let at = |seconds| NOW + Duration::from_secs(seconds);
    let abandoned = FailureReason::Abandoned;
    for (step, seconds, to) in [
        (Step::Begin, 1, InProgress),
        (Step::Begin, 2, InProgress),
        (Step::Fail(abandoned), 3, Failed),
        (Step::Begin, 4, InProgress),
        (Step::Complete, 5, Completed),
    ] {
        assert_eq!(desk.take(1, step, at(seconds)).await, Ok(to));
    }
    let step = |seconds, actor, from, to, failure| RecordedStep {
        at: at(seconds),
        actor,
        from,
        to,
        failure,
    };
    let expected = [
        step(0, Actor::Partner, None, Pending, None),
        step(1, Actor::Client, Some(Pending), InProgress, None),
        step(3, Actor::Client, Some(InProgress), Failed, Some(abandoned)),
        step(4, Actor::Client, Some(Failed), InProgress, None),
        step(5, Actor::Client, Some(InProgress), Completed, None),
    ];
    assert_eq!(desk.steps(1).await, expected, "beginning twice is one step");
    assert_eq!(desk.told_of(1), expected.len());
}

#[tokio::test]
async fn a_step_that_is_not_legal_is_refused_with_its_reason_and_leaves_nothing() {
    let desk = Desk::open().await;
    desk.invite(1, None, NOW, 7).await.unwrap();
    let refused = desk.take(1, Step::Complete, NOW).await.unwrap_err();
    assert_eq!(refused.to_string(), "an invitation that is pending cannot be completed");
    let refused = desk.take(1, resend(2, NOW, 7), NOW).await.unwrap_err();
    assert_eq!(refused.to_string(), "an invitation that is pending cannot be sent again");
    assert_eq!(desk.take(9, Step::Begin, NOW).await, Err(Refusal::Unknown));
    assert_eq!(desk.moves(1).await, [(None, Pending)]);
    assert_eq!((desk.link(1, NOW).await, desk.link(2, NOW).await), (Some(Pending), None));
}

#[tokio::test]
async fn expiry_takes_effect_at_its_moment_whether_or_not_it_was_recorded_yet() {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 1).await.unwrap();
    let end = NOW + DAY;
    assert_eq!(desk.link(1, end - MILLISECOND).await, Some(Pending));
    assert_eq!(desk.link(1, end).await, Some(Expired));
    let too_late = Refusal::Illegal { status: Expired, participle: "begun" };
    assert_eq!(desk.take(1, Step::Begin, end + DAY).await, Err(too_late));
    let steps = desk.steps(1).await;
    let expired = RecordedStep {
        at: end,
        actor: Actor::Daemon,
        from: Some(Pending),
        to: Expired,
        failure: None,
    };
    assert_eq!(steps[1..], [expired], "it is said to have happened when it did");
}

#[tokio::test]
async fn what_expired_while_the_daemon_was_down_is_expired_when_it_starts() {
    let desk = Desk::open().await;
    for (index, days) in [(1, 1), (2, 2), (3, 3)] {
        desk.invite(index, None, NOW, days).await.unwrap();
    }
    desk.take(2, Step::Begin, NOW).await.unwrap();
    let desk = desk.reopen();
    let next = expire_overdue(&desk.store, NOW + DAY * 2).await.unwrap();
    assert_eq!(next, Some(NOW + DAY * 3));
    assert_eq!(desk.moves(1).await, [(None, Pending), (Some(Pending), Expired)]);
    assert_eq!(desk.moves(2).await.last(), Some(&(Some(InProgress), Expired)));
    assert_eq!(desk.moves(3).await, [(None, Pending)]);
    let told = [desk.told_of(1), desk.told_of(2), desk.told_of(3)];
    assert_eq!(told, [2, 3, 1]);
    assert_eq!(expire_overdue(&desk.store, NOW + DAY * 2).await.unwrap(), next);
    assert_eq!(desk.told_of(1), 2, "it expires once");
}

#[tokio::test]
async fn a_resend_makes_a_new_link_and_the_one_before_opens_nothing() {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 1).await.unwrap();
    desk.take(1, Step::Begin, NOW).await.unwrap();
    desk.take(1, Step::Cancel, NOW).await.unwrap();
    let later = NOW + DAY * 5;
    assert_eq!(desk.take(1, resend(2, later, 7), later).await, Ok(Pending));
    assert_eq!(desk.link(1, later).await, None);
    assert_eq!(desk.link(2, later + DAY * 7 - MILLISECOND).await, Some(Pending));
    assert_eq!(desk.link(2, later + DAY * 7).await, Some(Expired));
}

#[tokio::test]
async fn a_number_that_is_taken_is_refused_with_who_has_it() {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 1).await.unwrap();
    assert_eq!(desk.invite(2, Some(0), NOW, 7).await, Err(Refusal::NumberTaken(id(1))));
    assert_eq!(desk.moves(2).await, []);
    desk.invite(3, Some(1), NOW, 7).await.unwrap();
    // From the moment that the first one expires the number is free, with no sweep in between.
    let end = NOW + DAY;
    assert_eq!(desk.invite(2, Some(0), end, 7).await, Ok(()));
    assert_eq!(desk.take(1, resend(4, end, 7), end).await, Err(Refusal::NumberTaken(id(2))));
    assert_eq!(desk.link(1, end).await, Some(Expired), "the link it had is still the one it had");
    desk.take(2, Step::Cancel, end).await.unwrap();
    assert_eq!(desk.take(1, resend(4, end, 7), end).await, Ok(Pending));
}

#[tokio::test]
async fn a_number_of_another_project_and_a_link_that_lives_too_long_are_refused() {
    let desk = Desk::open().await;
    assert_eq!(desk.invite(1, Some(9), NOW, 7).await, Err(Refusal::NumberNotUsable));
    for days in [0, 31] {
        assert_eq!(desk.invite(1, None, NOW, days).await, Err(Refusal::Lifetime), "{days}");
    }
    for (index, days) in [(1, 1), (2, 30)] {
        assert_eq!(desk.invite(index, None, NOW, days).await, Ok(()), "{days}");
    }
    desk.take(1, Step::Cancel, NOW).await.unwrap();
    assert_eq!(desk.take(1, resend(3, NOW, 31), NOW).await, Err(Refusal::Lifetime));
}

#[tokio::test]
async fn the_audit_log_is_only_ever_added_to_and_goes_with_its_step() {
    let desk = Desk::open().await;
    desk.invite(1, None, NOW, 7).await.unwrap();
    let undone = desk.store.write(|writer| {
        take_step(writer, &id(1), &Step::Begin, Actor::Client, NOW)?.unwrap();
        Err::<(), _>(StoreError::Unexpected("on purpose".into()))
    });
    assert!(undone.await.is_err());
    assert_eq!(desk.moves(1).await, [(None, Pending)]);
    assert_eq!((desk.link(1, NOW).await, desk.told_of(1)), (Some(Pending), 1));
    // Not even a mistake in a statement of ours could rewrite it.
    let connection = rusqlite::Connection::open(desk.database()).unwrap();
    for statement in
        ["UPDATE invitation_steps SET actor = 'client'", "DELETE FROM invitation_steps"]
    {
        let refused = connection.execute(statement, []).unwrap_err();
        assert_eq!(refused.to_string(), "the audit log is only ever added to");
    }
}

#[tokio::test]
async fn what_was_heard_for_one_client_is_gone_when_the_invitation_is_closed() {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 7).await.unwrap();
    let valid_until = NOW + Duration::from_secs(600);
    let write = desk.store.write(move |writer| hear_a_code(writer, valid_until));
    write.await.unwrap();
    desk.take(1, Step::Cancel, NOW).await.unwrap();
    desk.take(1, resend(2, NOW, 7), NOW).await.unwrap();
    let read = desk.store.read(|reader| {
        let stages = reader.stages_after(&id(1), EventId(0), 10, NOW)?;
        Ok((reader.valid_codes(&id(1), NOW)?, stages, reader.next_erasure()?))
    });
    let (codes, stages, next_erasure) = read.await.unwrap();
    let stages: Vec<_> = stages.into_iter().map(|event| event.stage).collect();
    assert_eq!((codes, stages, next_erasure), (vec![], vec![CodeStage::Waiting], None));
}

fn hear_a_code(
    writer: &zavud::store::Writer<'_>,
    valid_until: Timestamp,
) -> Result<(), StoreError> {
    let call = CallId::new(NOW, [5; 10]);
    let code: zavud::domain::SpokenCode = "907361".parse().unwrap();
    writer.insert_call(&NewCall {
        id: call.clone(),
        project: project(),
        number: number(0),
        purpose: CallPurpose::Invitation(id(1)),
        trunk: "test".into(),
        sip_call_id: "test".into(),
        caller: None,
        rang_at: NOW,
    })?;
    writer.insert_code(&NewCode {
        call: call.clone(),
        code: code.clone(),
        read_at: NOW,
        valid_until,
    })?;
    let stage = CodeStage::Code { code, valid_until };
    writer.append_event(&NewEvent {
        project: project(),
        invitation: id(1),
        call: Some(call),
        kind: EventKind::CodeRead,
        at: NOW,
        stage: Some(NewStage { stage, digits_die_at: Some(valid_until) }),
    })?;
    Ok(())
}

#[tokio::test]
async fn attempts_are_counted_by_number_and_forgotten_after_72_hours() {
    let desk = Desk::open().await;
    let attempt =
        |index, at| desk.store.write(move |writer| record_attempt(writer, &number(index), at));
    for second in 0..9 {
        attempt(0, NOW + Duration::from_secs(second)).await.unwrap();
    }
    let tenth = attempt(0, NOW + Duration::from_secs(9)).await.unwrap();
    assert_eq!(tenth, Attempts::NoneUntil(NOW + DAY * 3));
    assert_eq!(attempt(1, NOW).await.unwrap(), Attempts::Plenty);
    let left = |at| desk.store.read(move |reader| attempts_left(reader, &number(0), at));
    assert_eq!(left(NOW + DAY * 3).await.unwrap(), Attempts::Few(1));
    assert_eq!(attempt(0, NOW + DAY * 4).await.unwrap(), Attempts::Plenty);
    let all = desk.store.read(|reader| reader.attempts_of(&number(0), NOW - DAY)).await.unwrap();
    assert_eq!(all, [NOW + DAY * 4], "what no longer counts is not kept");
}

#[tokio::test]
async fn a_number_is_active_for_its_own_project_only() {
    let desk = Desk::open().await;
    let stranger = ProjectId::new(NOW, [9; 10]);
    let is_active = desk
        .store
        .read(move |reader| {
            let of = |project| reader.is_active_number(&number(0), project);
            Ok((of(&project())?, of(&stranger)?))
        })
        .await
        .unwrap();
    assert_eq!(is_active, (true, false));
}
