//! Sign-ups that break off: a crash at any request to Meta, and what is left of it.

use tokio::runtime::Runtime;
use zavud::domain::InvitationStatus::{Cancelled, Completed, Expired, Failed, InProgress};
use zavud::domain::{SignupFailure, SignupId, SignupState, Timestamp};
use zavud::onboarding::Step;

use crate::completion::{
    ACCOUNT, NUMBER, answers, begin, code, completions, failed, listed, ok, pins, profile, senders,
    state, token,
};
use crate::desk::{DAY, Desk, NOW, id, resend};
use crate::graph::{Script, Server};

/// Runs an attempt until Meta was asked so often, and then as a power cut would.
async fn crash(desk: &Desk, server: &Server, attempt: &SignupId, asked: usize) {
    let other = Runtime::new().unwrap();
    let (completions, attempt) = (completions(desk, server, NOW), attempt.clone());
    other.spawn(async move {
        let returned = code(Some(ACCOUNT), Some(NUMBER));
        completions.finish(id(1), attempt, returned).await.unwrap();
        completions.stopped().await;
    });
    server.asked_times(asked).await;
    other.shutdown_background();
}

async fn resume(desk: &Desk, server: &Server, now: Timestamp) {
    let completions = completions(desk, server, now);
    completions.resume().await.unwrap();
    completions.stopped().await;
}

#[tokio::test]
async fn a_crash_at_any_request_loses_nothing_and_repeats_nothing_that_may_happen_once() {
    let (todo, done) = (|| ok(profile("NOT_APPLICABLE")), || ok(profile("CLOUD_API")));
    let [_, listed, subscribed, registered, last] =
        <[Script; 5]>::try_from(answers()).unwrap_or_else(|_| unreachable!());
    for (crash_at, after) in [
        (2, vec![listed, subscribed.clone(), registered.clone(), last.clone()]),
        (3, vec![subscribed, registered.clone(), last.clone()]),
        (4, vec![todo(), registered, last.clone()]),
        (4, vec![done(), last.clone()]),
        (5, vec![last]),
    ] {
        let desk = Desk::open().await;
        desk.invite(1, None, NOW, 7).await.unwrap();
        let attempt = begin(&desk, 1).await;
        let mut script = answers();
        script[crash_at - 1] = Script::Silence;
        let before = Server::start(script).await;
        crash(&desk, &before, &attempt, crash_at).await;
        let (desk, count) = (desk.reopen(), after.len());
        assert_eq!(state(&desk).await, SignupState::Finishing);
        let server = Server::start(after).await;
        resume(&desk, &server, NOW).await;
        assert_eq!(server.asked().len(), count, "after a crash at {crash_at}");
        assert!(matches!(state(&desk).await, SignupState::Done { .. }), "{crash_at}");
        let told: Vec<String> = [pins(&before), pins(&server)].concat();
        assert!(!told.is_empty() && told.iter().all(|pin| *pin == told[0]), "{crash_at}");
        resume(&desk, &server, NOW).await;
        assert_eq!(server.asked().len(), count, "it is over");
        assert_eq!(senders(&desk).await.len(), 1);
    }
}

#[tokio::test]
async fn a_crash_while_the_code_is_exchanged_fails_and_may_be_tried_again() {
    let desk = Desk::open().await;
    desk.invite(1, None, NOW, 7).await.unwrap();
    let attempt = begin(&desk, 1).await;
    crash(&desk, &Server::start(vec![Script::Silence]).await, &attempt, 1).await;
    let desk = desk.reopen();
    let server = Server::start(vec![]).await;
    resume(&desk, &server, NOW).await;
    assert_eq!(state(&desk).await, failed(SignupFailure::Interrupted));
    assert_eq!(desk.steps(1).await.last().unwrap().to, Failed);
    begin(&desk, 2).await;
    assert_eq!(state(&desk).await, SignupState::Open);
}

#[tokio::test]
async fn a_sign_up_that_expires_in_the_middle_asks_for_nothing_more() {
    let desk = Desk::open().await;
    desk.invite(1, None, NOW, 1).await.unwrap();
    let attempt = begin(&desk, 1).await;
    let before = Server::start(vec![token(), listed(), Script::Silence]).await;
    crash(&desk, &before, &attempt, 3).await;
    let desk = desk.reopen();
    let server = Server::start(vec![]).await;
    resume(&desk, &server, NOW + DAY).await;
    assert_eq!(state(&desk).await, failed(SignupFailure::InvitationClosed));
    assert_eq!(desk.steps(1).await.last().unwrap().to, Expired);
    assert_eq!((server.asked().len(), senders(&desk).await.len()), (0, 0));
}

#[tokio::test]
async fn what_was_registered_before_the_end_is_completed_after_it_and_nothing_is_registered_then() {
    for (platform, is_done) in [("CLOUD_API", true), ("NOT_APPLICABLE", false)] {
        let desk = Desk::open().await;
        desk.invite(1, None, NOW, 1).await.unwrap();
        let attempt = begin(&desk, 1).await;
        let mut script = answers();
        script[3] = Script::Silence;
        let before = Server::start(script).await;
        crash(&desk, &before, &attempt, 4).await;
        let desk = desk.reopen();
        let after =
            if is_done { vec![ok(profile(platform)); 2] } else { vec![ok(profile(platform))] };
        let (server, count) = (Server::start(after.clone()).await, after.len());
        resume(&desk, &server, NOW + DAY).await;
        assert_eq!(server.asked().len(), count);
        assert_eq!(pins(&server), Vec::<String>::new(), "nothing is registered after the end");
        let moves = desk.moves(1).await;
        if is_done {
            assert!(matches!(state(&desk).await, SignupState::Done { .. }));
            assert_eq!(moves[2..], [(Some(InProgress), Expired), (Some(Expired), Completed)]);
        } else {
            assert_eq!(state(&desk).await, failed(SignupFailure::InvitationClosed));
            assert_eq!(moves.last(), Some(&(Some(InProgress), Expired)));
        }
        assert_eq!(senders(&desk).await.len(), usize::from(is_done));
    }
}

#[tokio::test]
async fn who_was_withdrawn_is_not_connected_even_when_the_number_is_registered() {
    for resent in [false, true] {
        let desk = Desk::open().await;
        desk.invite(1, None, NOW, 7).await.unwrap();
        let attempt = begin(&desk, 1).await;
        let mut script = answers();
        script[4] = Script::Silence;
        let before = Server::start(script).await;
        crash(&desk, &before, &attempt, 5).await;
        desk.take(1, Step::Cancel, NOW).await.unwrap();
        if resent {
            // Whoever has the new link begins, and is not connected by what the one before left.
            let later = NOW + DAY;
            desk.take(1, resend(2, later, 7), later).await.unwrap();
            desk.take(1, Step::Begin, later).await.unwrap();
        }
        let desk = desk.reopen();
        let server = Server::start(vec![]).await;
        resume(&desk, &server, NOW + DAY * 2).await;
        assert_eq!((server.asked().len(), senders(&desk).await.len()), (0, 0), "{resent}");
        let last = if resent { InProgress } else { Cancelled };
        assert_eq!(desk.steps(1).await.last().unwrap().to, last);
        // Its PIN is kept, so that the number can be registered again.
        let pin = desk.store.read(|reader| reader.pin_of_number(NUMBER)).await.unwrap();
        assert_eq!(pin.map(|(of, _)| of), Some(attempt));
    }
}
