//! Verifications of our own, with a scripted Graph API: what is asked in which order, what a call brings,
//! crashes between any two requests, and everything that may be answered.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use zavud::clock::Clock as _;
use zavud::domain::VerificationFailure::{Interrupted, NoCall, NoCode, OtherNumber, UsedUp};
use zavud::domain::{
    CallId, CallOutcome, CallPurpose, InvitationStatus, MetaReason, PhoneNumber, SenderId,
    Timestamp, VerificationFailure, VerificationId, VerificationStep,
};
use zavud::onboarding::{
    Attempts, HeardCode, NamedNumber, NotApplicable, NumberRefusal, Refusal, Verifications,
    awaited_call, can_verify, record_attempt, record_heard_code, suspend_number, token_of,
};
use zavud::store::{CallEnd, Connected, NewCall, NewSender, NewVerification, Verification};

use crate::captured::Captured;
use crate::clock::ManualClock;
use crate::completion::{NUMBER, error, ok, seal, success};
use crate::desk::{DAY, Desk, NOW, id, number, project, resend};
use crate::graph::{Script, Server};

const CODE: &str = "481529";
const OURS: &str = "+15550100100";

/// A test that waits in vain fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// A desk with a sender that has the first number, of an invitation that is over.
async fn open() -> Desk {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 1).await.unwrap();
    desk.take(1, zavud::onboarding::Step::Cancel, NOW).await.unwrap();
    let token = seal(&desk).seal(&token_of(sender().as_str()), b"EAAJ-t0ken", [3; 24]);
    let connected = Connected {
        name: "Acme".into(),
        phone_number: OURS.parse().unwrap(),
        account: "102290129340398".into(),
        number: NUMBER.into(),
        token,
        pin: None,
    };
    let new = NewSender {
        id: sender(),
        project: project(),
        invitation: id(1),
        created_at: NOW,
        connected,
    };
    desk.store.write(move |writer| writer.put_sender(&new)).await.unwrap();
    desk
}

fn sender() -> SenderId {
    SenderId::new(NOW, [8; 10])
}

fn ours() -> PhoneNumber {
    OURS.parse().unwrap()
}

fn verifications(desk: &Desk, server: &Server, clock: &Arc<ManualClock>) -> Verifications {
    Verifications::new(
        Arc::new(server.client()),
        Arc::new(seal(desk)),
        Arc::clone(&desk.store),
        Arc::clone(clock) as _,
        CancellationToken::new(),
    )
}

/// What Meta knows of the number.
fn profile(status: &str) -> Script {
    ok(json!({
        "id": NUMBER, "display_phone_number": "+1 555-010-0100", "code_verification_status": status,
    }))
}

async fn find(desk: &Desk, id: &VerificationId) -> Verification {
    let id = id.clone();
    desk.store.read(move |reader| reader.verification(&id)).await.unwrap().unwrap()
}

async fn begin(verifications: &Verifications) -> VerificationId {
    verifications.begin(ours(), None).await.unwrap().unwrap().0
}

/// Waits until it came to this step, or is over.
async fn at(verifications: &Verifications, id: &VerificationId, step: VerificationStep) {
    let mut found = verifications.find(id).await.unwrap().unwrap();
    while found.step != step && !found.step.is_over() {
        found = verifications.changed(&found).await.unwrap().unwrap();
    }
    assert_eq!(found.step, step, "{:?}", found.failure);
}

/// A call comes in.
async fn ring(desk: &Desk, id: &VerificationId, index: u8, now: Timestamp) -> CallId {
    let call = CallId::new(now, [index; 10]);
    let new = NewCall {
        id: call.clone(),
        project: project(),
        number: number(0),
        purpose: CallPurpose::Verification(id.clone()),
        trunk: "test".into(),
        sip_call_id: "test".into(),
        caller: None,
        rang_at: now,
    };
    desk.store.write(move |writer| writer.insert_call(&new)).await.unwrap();
    call
}

/// It ends, with this code if one was read.
async fn hang_up(
    desk: &Desk,
    id: &VerificationId,
    call: CallId,
    code: Option<&str>,
    now: Timestamp,
) {
    let outcome = if code.is_some() { CallOutcome::CodeRead } else { CallOutcome::Unreadable };
    let end = CallEnd { outcome, confidence: None, quality: None, at: now };
    let code = code.map(|code| code.parse().unwrap());
    let id = id.clone();
    let write = desk.store.write(move |writer| {
        writer.mark_ended(&call, end)?;
        let Some(code) = code else { return Ok(()) };
        let valid_until = now + Duration::from_secs(600);
        let heard = HeardCode { call, code, read_at: now, valid_until };
        record_heard_code(writer, &id, heard)
    });
    write.await.unwrap();
}

async fn attempts(desk: &Desk) -> usize {
    let read = desk.store.read(|reader| reader.attempts_of(&number(0), NOW - DAY));
    read.await.unwrap().len()
}

/// The ends of the addresses that were asked, and what was sent there.
fn asked(server: &Server) -> Vec<(String, Value)> {
    let end = |line: &str| {
        let path = line.split('?').next().unwrap().rsplit('/').next().unwrap();
        path.replace(NUMBER, "profile")
    };
    server.asked_for().into_iter().map(|(line, body)| (end(&line), body)).collect()
}

fn paths(server: &Server) -> Vec<String> {
    asked(server).into_iter().map(|(path, _)| path).collect()
}

#[tokio::test]
async fn meta_calls_the_code_is_heard_and_handed_in_and_nobody_copies_anything() {
    let (desk, clock) = (open().await, Arc::new(ManualClock::new()));
    let server = Server::start(vec![profile("NOT_VERIFIED"), success(), success()]).await;
    let verifications = verifications(&desk, &server, &clock);
    let id = begin(&verifications).await;
    at(&verifications, &id, VerificationStep::Waiting).await;
    let call = ring(&desk, &id, 1, clock.now()).await;
    hang_up(&desk, &id, call, Some(CODE), clock.now()).await;
    verifications.stopped().await;

    assert_eq!(find(&desk, &id).await.step, VerificationStep::Verified);
    let expected = [
        ("profile".to_owned(), Value::Null),
        ("request_code".to_owned(), json!({ "code_method": "VOICE", "language": "en_US" })),
        ("verify_code".to_owned(), json!({ "code": CODE })),
    ];
    assert_eq!(asked(&server), expected);
    assert_eq!(attempts(&desk).await, 1);
    // A query may stand in the way for a moment, and then it leaves the log a little later.
    let gone = async {
        while is_kept(&desk, CODE) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the code is gone");
}

/// Whether a text is in the database or in its write-ahead log.
fn is_kept(desk: &Desk, text: &str) -> bool {
    [desk.database(), desk.database().with_extension("db-wal")].iter().any(|file| {
        let bytes = std::fs::read(file).unwrap();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

#[tokio::test]
async fn a_number_that_is_verified_is_not_called() {
    let (desk, clock) = (open().await, Arc::new(ManualClock::new()));
    let server = Server::start(vec![profile("VERIFIED")]).await;
    let verifications = verifications(&desk, &server, &clock);
    let id = begin(&verifications).await;
    verifications.stopped().await;
    assert_eq!(find(&desk, &id).await.step, VerificationStep::Verified);
    assert_eq!((paths(&server), attempts(&desk).await), (vec!["profile".to_owned()], 0));
}

#[tokio::test]
async fn where_it_does_not_apply_it_says_why() {
    let desk = open().await;
    let why = async |number: &str, named: Option<NamedNumber>| {
        let number = number.parse().unwrap();
        let read = desk.store.read(move |reader| can_verify(reader, &number, named.as_ref(), NOW));
        read.await.unwrap().map(|ground| (ground.sender, ground.meta_number, ground.attempts))
    };
    let named = |sender| Some(NamedNumber { sender, meta_number: "7".parse().unwrap() });
    assert_eq!(why(OURS, None).await, Ok((sender(), NUMBER.to_owned(), Attempts::Plenty)));
    assert_eq!(why("+15550100999", None).await, Err(NotApplicable::NotOurs));
    assert_eq!(why("+15550100101", None).await, Err(NotApplicable::NoSender));
    let expected = Ok((sender(), "7".to_owned(), Attempts::Plenty));
    assert_eq!(why("+15550100101", named(sender())).await, expected);
    let stranger = SenderId::from_stored("snd_0".into());
    let refused = why("+15550100101", named(stranger.clone())).await;
    assert_eq!(refused, Err(NotApplicable::UnknownSender(stranger)));

    desk.invite(2, Some(0), NOW, 1).await.unwrap();
    assert_eq!(why(OURS, None).await, Err(NotApplicable::Invited(id(2))));
    desk.take(2, zavud::onboarding::Step::Cancel, NOW).await.unwrap();
    for second in 0..10 {
        let at = NOW - Duration::from_secs(second);
        desk.store.write(move |writer| record_attempt(writer, &number(0), at)).await.unwrap();
        let expected = match 9 - second {
            0 => Err(NotApplicable::UsedUp(at + DAY * 3)),
            left @ 1..=3 => Ok(Attempts::Few(usize::try_from(left).unwrap())),
            _ => Ok(Attempts::Plenty),
        };
        assert_eq!(why(OURS, None).await.map(|(_, _, attempts)| attempts), expected);
    }
}

#[tokio::test]
async fn a_number_is_verified_once_at_a_time_and_never_beyond_the_ledger() {
    let (desk, clock) = (open().await, Arc::new(ManualClock::new()));
    let server = Server::start(vec![Script::Silence]).await;
    let verifications = verifications(&desk, &server, &clock);
    let under_way = begin(&verifications).await;
    let second = verifications.begin(ours(), None).await.unwrap();
    assert_eq!(second, Err(NotApplicable::UnderWay(under_way)));

    // The last attempts are used while Meta is asked about the number.
    let desk = open().await;
    let id = crash(&desk, &Server::start(vec![Script::Silence]).await, &clock, 1).await;
    for _ in 0..10 {
        desk.store.write(|writer| record_attempt(writer, &number(0), NOW)).await.unwrap();
    }
    let server = Server::start(vec![profile("NOT_VERIFIED")]).await;
    let verifications = self::verifications(&desk, &server, &clock);
    verifications.resume().await.unwrap();
    verifications.stopped().await;
    assert_eq!(find(&desk, &id).await.failure, Some(UsedUp));
    assert_eq!((paths(&server), attempts(&desk).await), (vec!["profile".to_owned()], 10));
}

#[tokio::test]
async fn a_number_that_is_being_verified_has_no_call_for_anybody_else_until_that_is_over() {
    let desk = open().await;
    let verification = VerificationId::new(NOW, [1; 10]);
    let new = NewVerification {
        id: verification.clone(),
        phone_number: number(0),
        sender: sender(),
        number: NUMBER.into(),
        begun_at: NOW,
    };
    desk.store.write(move |writer| writer.insert_verification(&new)).await.unwrap();
    let refusal = Refusal::NumberBeingVerified(verification.clone());
    assert_eq!(desk.invite(2, Some(0), NOW, 1).await, Err(refusal.clone()));
    assert_eq!(desk.take(1, resend(3, NOW, 1), NOW).await, Err(refusal));
    assert_eq!(desk.link(3, NOW).await, None);
    let suspend =
        desk.store.write(|writer| suspend_number(writer, &project(), &number(0), NOW)).await;
    assert_eq!(suspend.unwrap(), Err(NumberRefusal::UnderWay(verification.clone())));
    assert_eq!(desk.invite(2, Some(1), NOW, 1).await, Ok(()), "the other number is free");

    let end = desk.store.write(move |writer| {
        writer.fail_verification(&verification, VerificationFailure::NoCall, NOW)
    });
    end.await.unwrap();
    let pending = Ok(InvitationStatus::Pending);
    assert_eq!(desk.take(1, resend(3, NOW, 1), NOW).await, pending);
}

#[tokio::test]
async fn only_a_call_that_is_waited_for_is_for_it() {
    let (desk, clock) = (open().await, Arc::new(ManualClock::new()));
    let is_awaited = async |now| {
        let read = desk.store.read(move |reader| awaited_call(reader, &number(0), &ours(), now));
        read.await.unwrap().map(|call| call.verification)
    };
    assert_eq!(is_awaited(NOW).await, None);
    let server = Server::start(vec![profile("NOT_VERIFIED"), success()]).await;
    let verifications = verifications(&desk, &server, &clock);
    let id = begin(&verifications).await;
    at(&verifications, &id, VerificationStep::Waiting).await;
    assert_eq!(is_awaited(clock.now()).await, Some(id.clone()));
    let patience = Duration::from_secs(300);
    assert_eq!(is_awaited(clock.now() + patience).await, None);
    clock.advance(patience);
    verifications.stopped().await;
    assert_eq!(find(&desk, &id).await.failure, Some(NoCall));
}

#[tokio::test]
async fn a_call_without_a_code_is_not_the_last_and_one_that_goes_on_is_heard_out() {
    let (desk, clock) = (open().await, Arc::new(ManualClock::new()));
    // Nobody knows whether Meta has heard that it is to call.
    let server = Server::start(vec![profile("NOT_VERIFIED"), Script::Nothing, success()]).await;
    let verifications = verifications(&desk, &server, &clock);
    let id = begin(&verifications).await;
    at(&verifications, &id, VerificationStep::Waiting).await;
    let stranger = ring(&desk, &id, 1, clock.now()).await;
    hang_up(&desk, &id, stranger, None, clock.now()).await;
    let call = ring(&desk, &id, 2, clock.now()).await;
    clock.advance(Duration::from_secs(301));
    hang_up(&desk, &id, call, Some(CODE), clock.now()).await;
    verifications.stopped().await;
    assert_eq!(find(&desk, &id).await.step, VerificationStep::Verified);

    let desk = open().await;
    let server = Server::start(vec![profile("NOT_VERIFIED"), success()]).await;
    let verifications = self::verifications(&desk, &server, &clock);
    let id = begin(&verifications).await;
    at(&verifications, &id, VerificationStep::Waiting).await;
    let stranger = ring(&desk, &id, 1, clock.now()).await;
    hang_up(&desk, &id, stranger, None, clock.now()).await;
    clock.advance(Duration::from_secs(301));
    verifications.stopped().await;
    assert_eq!(find(&desk, &id).await.failure, Some(NoCode));
}

#[tokio::test]
async fn another_number_is_not_called_whatever_name_was_given() {
    let foreign = json!({ "id": "7", "display_phone_number": "+44 20 7183 8750" });
    for answer in [ok(foreign), error(400, 100)] {
        let (desk, clock) = (open().await, Arc::new(ManualClock::new()));
        let server = Server::start(vec![answer]).await;
        let verifications = verifications(&desk, &server, &clock);
        let id = begin(&verifications).await;
        verifications.stopped().await;
        assert_eq!(find(&desk, &id).await.failure, Some(OtherNumber));
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn whatever_meta_refuses_is_said_and_not_asked_for_again() {
    let meta = VerificationFailure::Meta;
    for (refusal, reason) in [
        (error(400, 2_388_091), MetaReason::CodeNotSent),
        (error(400, 2_494_158), MetaReason::RateLimited),
        (error(400, 136_024), MetaReason::NumberNotEligible),
        (error(401, 190), MetaReason::TokenInvalid),
        (error(400, 200), MetaReason::PermissionMissing),
        (error(500, 2), MetaReason::Unavailable),
        (Script::Text(502, "<html>"), MetaReason::Unavailable),
        (Script::Text(429, ""), MetaReason::RateLimited),
    ] {
        let (desk, clock) = (open().await, Arc::new(ManualClock::new()));
        let server = Server::start(vec![profile("NOT_VERIFIED"), refusal.clone()]).await;
        let verifications = verifications(&desk, &server, &clock);
        let id = begin(&verifications).await;
        verifications.stopped().await;
        assert_eq!(find(&desk, &id).await.failure, Some(meta(reason)), "{refusal:?}");
        assert_eq!(paths(&server), ["profile", "request_code"]);
    }
    for (refusal, reason) in [
        (error(400, 2_388_093), MetaReason::CodeNotAccepted),
        (error(400, 2_494_158), MetaReason::RateLimited),
    ] {
        let (desk, clock) = (open().await, Arc::new(ManualClock::new()));
        let server = Server::start(vec![profile("NOT_VERIFIED"), success(), refusal]).await;
        let verifications = verifications(&desk, &server, &clock);
        let id = begin(&verifications).await;
        at(&verifications, &id, VerificationStep::Waiting).await;
        let call = ring(&desk, &id, 1, clock.now()).await;
        hang_up(&desk, &id, call, Some(CODE), clock.now()).await;
        verifications.stopped().await;
        assert_eq!(find(&desk, &id).await.failure, Some(meta(reason)));
        assert_eq!(paths(&server), ["profile", "request_code", "verify_code"]);
    }
}

/// Runs a verification until Meta was asked so often, and then as a power cut would. A call brings the
/// code when Meta was asked for it.
async fn crash(
    desk: &Desk,
    server: &Server,
    clock: &Arc<ManualClock>,
    asked: usize,
) -> VerificationId {
    let other = Runtime::new().unwrap();
    let verifications = Arc::new(verifications(desk, server, clock));
    let begun = Arc::clone(&verifications);
    let id = other.spawn(async move { begin(&begun).await }).await.unwrap();
    if asked > 2 {
        at(&verifications, &id, VerificationStep::Waiting).await;
        let call = ring(desk, &id, 1, clock.now()).await;
        hang_up(desk, &id, call, Some(CODE), clock.now()).await;
    }
    server.asked_times(asked).await;
    other.shutdown_background();
    id
}

#[tokio::test]
async fn a_crash_at_any_request_neither_rings_twice_nor_guesses_twice() {
    let first = || profile("NOT_VERIFIED");
    for (crash_at, after, step, failure) in [
        (1, vec![first(), success(), success()], VerificationStep::Verified, None),
        // Meta was asked, or was not: a call is waited for, and none is asked for.
        (2, vec![success()], VerificationStep::Verified, None),
        (3, vec![profile("VERIFIED")], VerificationStep::Verified, None),
        (3, vec![first()], VerificationStep::Failed, Some(Interrupted)),
    ] {
        let (desk, clock) = (open().await, Arc::new(ManualClock::new()));
        let mut script = vec![first(), success(), success()];
        script[crash_at - 1] = Script::Silence;
        let before = Server::start(script).await;
        let id = crash(&desk, &before, &clock, crash_at).await;
        let (desk, count) = (desk.reopen(), after.len());
        let server = Server::start(after).await;
        let verifications = verifications(&desk, &server, &clock);
        verifications.resume().await.unwrap();
        if crash_at < 3 {
            let mut found = verifications.find(&id).await.unwrap().unwrap();
            while !found.step.awaits_a_call() {
                found = verifications.changed(&found).await.unwrap().unwrap();
            }
            let call = ring(&desk, &id, 1, clock.now()).await;
            hang_up(&desk, &id, call, Some(CODE), clock.now()).await;
        }
        verifications.stopped().await;
        let found = find(&desk, &id).await;
        assert_eq!((found.step, found.failure), (step, failure), "after a crash at {crash_at}");
        assert_eq!(server.asked().len(), count, "after a crash at {crash_at}");
        let all = [paths(&before), paths(&server)].concat();
        for once in ["request_code", "verify_code"] {
            let times = all.iter().filter(|path| *path == once).count();
            assert_eq!(times, 1, "{once} after a crash at {crash_at}: {all:?}");
        }
        assert_eq!(attempts(&desk).await, 1);
    }
}

#[tokio::test]
async fn neither_code_nor_token_nor_number_reaches_a_log_whatever_is_logged() {
    let log = Captured::default();
    let _guard = log.capture();
    for last in [success(), error(400, 2_388_093)] {
        let (desk, clock) = (open().await, Arc::new(ManualClock::new()));
        let server = Server::start(vec![profile("EXPIRED"), success(), last]).await;
        let verifications = verifications(&desk, &server, &clock);
        let id = begin(&verifications).await;
        at(&verifications, &id, VerificationStep::Waiting).await;
        let call = ring(&desk, &id, 1, clock.now()).await;
        hang_up(&desk, &id, call, Some(CODE), clock.now()).await;
        verifications.stopped().await;
        tracing::info!(found = ?find(&desk, &id).await, "it is over");
    }
    let log = log.text();
    let told = ["Meta calls a number to verify it", "a number is verified", "was not accepted"];
    assert!(told.iter().all(|words| log.contains(words)), "{log}");
    for secret in [CODE, "EAAJ", "5550100100", "555-010-0100"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
