//! From what Meta's window left to a sender, with a scripted Graph API: the order of the requests,
//! what is kept of them, crashes between any two, and everything that may be answered.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use zavud::clock::Clock;
use zavud::domain::InvitationStatus::{Cancelled, Completed, Failed, InProgress};
use zavud::domain::{MetaReason, SignupFailure, SignupId, SignupState, Timestamp};
use zavud::meta::graph::AuthorizationCode;
use zavud::onboarding::{Completions, Returned, Step, begin_signup, pin_of, token_of};
use zavud::seal::{Seal, load_key, make_key};
use zavud::store::{NewConnection, Sender};

use crate::captured::Captured;
use crate::desk::{Desk, NOW, id, number, project};
use crate::graph::{Script, Server};

pub(crate) const ACCOUNT: &str = "102290129340398";
pub(crate) const NUMBER: &str = "106540352242922";

#[derive(Debug)]
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

pub(crate) fn seal(desk: &Desk) -> Seal {
    let path = desk.database().with_extension("key");
    load_key(&path).unwrap_or_else(|_| make_key(&path, [7; 32]).unwrap())
}

pub(crate) fn completions(desk: &Desk, server: &Server, now: Timestamp) -> Completions {
    Completions::new(
        Arc::new(server.client()),
        Arc::new(seal(desk)),
        Arc::clone(&desk.store),
        Arc::new(At(now)),
        CancellationToken::new(),
    )
}

pub(crate) async fn begin(desk: &Desk, attempt: u8) -> SignupId {
    let signup = SignupId::new(NOW, [attempt; 10]);
    let new = signup.clone();
    let begin = desk.store.write(move |writer| begin_signup(writer, &id(1), &new, NOW));
    begin.await.unwrap().unwrap();
    signup
}

pub(crate) fn code(account: Option<&str>, number: Option<&str>) -> Returned {
    Returned::Code {
        code: AuthorizationCode::new("AQB-c0de".into()),
        account: account.map(|id| id.parse().unwrap()),
        number: number.map(|id| id.parse().unwrap()),
    }
}

/// Takes up what an attempt left, and waits until all is done.
pub(crate) async fn finish(desk: &Desk, server: &Server, attempt: &SignupId, returned: Returned) {
    let completions = completions(desk, server, NOW);
    completions.finish(id(1), attempt.clone(), returned).await.unwrap();
    completions.stopped().await;
}

pub(crate) async fn state(desk: &Desk) -> SignupState {
    desk.store.read(|reader| reader.signup_state(&id(1))).await.unwrap()
}

pub(crate) async fn senders(desk: &Desk) -> Vec<Sender> {
    desk.store.read(|reader| reader.senders(&project())).await.unwrap()
}

pub(crate) fn failed(failure: SignupFailure) -> SignupState {
    SignupState::Failed { failure }
}

pub(crate) fn ok(answer: Value) -> Script {
    Script::Json(200, answer)
}

pub(crate) fn token() -> Script {
    ok(json!({ "access_token": "EAAJ-t0ken", "token_type": "bearer" }))
}

pub(crate) fn success() -> Script {
    ok(json!({ "success": true }))
}

pub(crate) fn profile(platform: &str) -> Value {
    json!({
        "id": NUMBER, "display_phone_number": "+1 555-010-0100",
        "verified_name": "Ana's \"Caf\u{e9}\" <b>", "platform_type": platform,
    })
}

pub(crate) fn listed() -> Script {
    ok(json!({ "data": [profile("NOT_APPLICABLE")] }))
}

/// What a sign-up without trouble is answered.
pub(crate) fn answers() -> Vec<Script> {
    vec![token(), listed(), success(), success(), ok(profile("CLOUD_API"))]
}

pub(crate) fn error(status: u16, code: i64) -> Script {
    let error = json!({ "message": "+15550100100", "type": "OAuthException", "code": code });
    Script::Json(status, json!({ "error": error }))
}

/// The last parts of the addresses that were asked, without their queries.
pub(crate) fn paths(server: &Server) -> Vec<String> {
    let path = |line: &String| {
        let path = line.split('?').next().unwrap().rsplit('/').next().unwrap();
        path.replace(NUMBER, "profile")
    };
    server.asked_for().iter().map(|(line, _)| path(line)).collect()
}

/// The PINs that Meta was told.
pub(crate) fn pins(server: &Server) -> Vec<String> {
    let told = server
        .asked_for()
        .into_iter()
        .filter_map(|(_, body)| body.get("pin").and_then(Value::as_str).map(str::to_owned));
    told.collect()
}

#[tokio::test]
async fn a_code_becomes_a_sender_and_its_secrets_are_sealed() {
    let desk = Desk::open().await;
    desk.invite(1, None, NOW, 7).await.unwrap();
    assert_eq!(state(&desk).await, SignupState::NotBegun);
    let attempt = begin(&desk, 1).await;
    assert_eq!(state(&desk).await, SignupState::Open);
    let server = Server::start(answers()).await;
    finish(&desk, &server, &attempt, code(Some(ACCOUNT), Some(NUMBER))).await;

    let expected = ["access_token", "phone_numbers", "subscribed_apps", "register", "profile"];
    assert_eq!(paths(&server), expected);
    let [sender] = <[Sender; 1]>::try_from(senders(&desk).await).unwrap();
    assert_eq!(state(&desk).await, SignupState::Done { sender: sender.id.clone() });
    assert_eq!(desk.steps(1).await.last().unwrap().to, Completed);
    let connected = &sender.connected;
    assert_eq!(connected.name, "Ana's \"Caf\u{e9}\" <b>");
    assert_eq!(connected.phone_number.as_str(), "+15550100100");
    assert_eq!((connected.account.as_str(), connected.number.as_str()), (ACCOUNT, NUMBER));
    assert!(sender.is_default);
    let opened = seal(&desk).open(&token_of(sender.id.as_str()), &connected.token);
    assert_eq!(opened, Ok(b"EAAJ-t0ken".to_vec()));
    let pin = connected.pin.clone().unwrap();
    let pin = seal(&desk).open(&pin_of(sender.id.as_str()), &pin).unwrap();
    assert_eq!(pins(&server), [String::from_utf8(pin).unwrap()]);
    let kept = desk.store.read(move |reader| reader.signup(&attempt, &id(1))).await.unwrap();
    assert_eq!(kept.unwrap().token, None, "only the sender has it");
}

#[tokio::test]
async fn without_the_window_s_message_the_token_says_what_was_connected() {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 7).await.unwrap();
    let attempt = begin(&desk, 1).await;
    let scopes = json!({ "data": { "granular_scopes": [
        { "scope": "whatsapp_business_management", "target_ids": ["7", ACCOUNT] },
    ] } });
    let other = json!({ "data": [{ "id": "8", "display_phone_number": "+44 20 7183 8750" }] });
    let mut script = answers();
    script.splice(1..2, [ok(scopes), ok(other), listed()]);
    let server = Server::start(script).await;
    finish(&desk, &server, &attempt, code(None, None)).await;
    let asked = paths(&server);
    assert_eq!(asked[1..4], ["debug_token", "phone_numbers", "phone_numbers"]);
    assert_eq!(senders(&desk).await[0].connected.account, ACCOUNT, "it has the number assigned");
}

#[tokio::test]
async fn an_app_that_stays_in_use_is_synchronised_once_and_not_registered() {
    let desk = Desk::open().await;
    desk.invite_to(1, NewConnection::Coexistence, NOW, 7).await.unwrap();
    let attempt = begin(&desk, 1).await;
    let declined = error(400, 2_593_109);
    let rest = [success(), success(), declined, ok(profile("CLOUD_API"))];
    let server = Server::start([vec![token(), listed()], rest.to_vec()].concat()).await;
    finish(&desk, &server, &attempt, code(Some(ACCOUNT), None)).await;
    let expected = [
        "access_token",
        "phone_numbers",
        "subscribed_apps",
        "smb_app_data",
        "smb_app_data",
        "profile",
    ];
    assert_eq!(paths(&server), expected);
    assert_eq!(senders(&desk).await[0].connected.pin, None, "the app keeps its own");
    assert_eq!(desk.steps(1).await.last().unwrap().to, Completed, "declining fails nothing");
}

#[tokio::test]
async fn what_the_browser_names_and_the_token_does_not_own_is_refused() {
    for (account, number, answer) in
        [(Some(ACCOUNT), Some("666"), listed()), (Some("666"), Some(NUMBER), error(400, 100))]
    {
        let desk = Desk::open().await;
        desk.invite(1, None, NOW, 7).await.unwrap();
        let attempt = begin(&desk, 1).await;
        let server = Server::start(vec![token(), answer]).await;
        finish(&desk, &server, &attempt, code(account, number)).await;
        assert_eq!(state(&desk).await, failed(SignupFailure::NotOwned));
        assert_eq!(server.asked().len(), 2, "nothing was changed at Meta");
        assert_eq!(senders(&desk).await, []);
    }
}

#[tokio::test]
async fn an_invitation_that_was_withdrawn_makes_no_sender() {
    let desk = Desk::open().await;
    desk.invite(1, None, NOW, 7).await.unwrap();
    let attempt = begin(&desk, 1).await;
    desk.take(1, Step::Cancel, NOW).await.unwrap();
    let server = Server::start(vec![]).await;
    finish(&desk, &server, &attempt, code(None, None)).await;
    assert_eq!(desk.steps(1).await.last().unwrap().to, Cancelled);
    assert_eq!((server.asked().len(), senders(&desk).await.len()), (0, 0));
}

#[tokio::test]
async fn whatever_graph_answers_is_said_in_the_end_and_the_next_try_keeps_the_pin() {
    let unavailable = SignupFailure::Meta(MetaReason::Unavailable);
    for (answer, failure) in [
        (error(500, 2), unavailable),
        (error(429, 4), SignupFailure::Meta(MetaReason::RateLimited)),
        (error(400, 136_024), SignupFailure::Meta(MetaReason::NumberNotEligible)),
        (error(400, 133_005), SignupFailure::Meta(MetaReason::PinMismatch)),
        (error(401, 190), SignupFailure::Meta(MetaReason::TokenInvalid)),
        (Script::Text(200, "<html>Sign in</html>"), unavailable),
        (Script::Text(502, ""), unavailable),
    ] {
        let desk = Desk::open().await;
        desk.invite(1, None, NOW, 7).await.unwrap();
        let attempt = begin(&desk, 1).await;
        let mut script = answers();
        script[3] = answer.clone();
        let server = Server::start(script).await;
        finish(&desk, &server, &attempt, code(Some(ACCOUNT), Some(NUMBER))).await;
        assert_eq!(state(&desk).await, failed(failure), "{answer:?}");
        assert_eq!(desk.steps(1).await.last().unwrap().to, Failed);

        let attempt = begin(&desk, 2).await;
        let again = Server::start(answers()).await;
        finish(&desk, &again, &attempt, code(Some(ACCOUNT), Some(NUMBER))).await;
        assert!(matches!(state(&desk).await, SignupState::Done { .. }), "{answer:?}");
        assert_eq!(pins(&again), pins(&server), "Meta takes no other one");
    }
}

#[tokio::test]
async fn a_registration_without_an_answer_is_looked_up() {
    let desk = Desk::open().await;
    desk.invite(1, None, NOW, 7).await.unwrap();
    let attempt = begin(&desk, 1).await;
    let mut script = answers();
    script.splice(3..4, [Script::Nothing, ok(profile("CLOUD_API"))]);
    let server = Server::start(script).await;
    finish(&desk, &server, &attempt, code(Some(ACCOUNT), Some(NUMBER))).await;
    assert!(matches!(state(&desk).await, SignupState::Done { .. }));
    assert_eq!(pins(&server).len(), 1, "it was registered once");
}

#[tokio::test]
async fn a_code_that_meta_does_not_take_asks_for_a_new_start() {
    let desk = Desk::open().await;
    desk.invite(1, None, NOW, 7).await.unwrap();
    let attempt = begin(&desk, 1).await;
    let server = Server::start(vec![error(400, 100)]).await;
    finish(&desk, &server, &attempt, code(None, None)).await;
    assert_eq!(state(&desk).await, failed(SignupFailure::Meta(MetaReason::TokenInvalid)));
}

#[tokio::test]
async fn the_second_word_on_an_attempt_and_a_word_on_a_foreign_one_change_nothing() {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 7).await.unwrap();
    desk.invite(2, Some(1), NOW, 7).await.unwrap();
    let attempt = begin(&desk, 1).await;
    let server = Server::start(answers()).await;
    let completions = completions(&desk, &server, NOW);
    let returned = || code(Some(ACCOUNT), Some(NUMBER));
    completions.finish(id(2), attempt.clone(), returned()).await.unwrap();
    let unknown = SignupId::from_stored("sgn_0 OR 1=1".into());
    completions.finish(id(1), unknown, returned()).await.unwrap();
    assert_eq!((state(&desk).await, server.asked().len()), (SignupState::Open, 0));
    let twice = tokio::join!(
        completions.finish(id(1), attempt.clone(), returned()),
        completions.finish(id(1), attempt.clone(), returned()),
    );
    assert!(twice.0.is_ok() && twice.1.is_ok());
    completions.stopped().await;
    assert_eq!(server.asked().len(), answers().len());
    let done = state(&desk).await;
    assert!(matches!(done, SignupState::Done { .. }));
    finish(&desk, &server, &attempt, Returned::Nothing(SignupFailure::Cancelled)).await;
    assert_eq!((state(&desk).await, senders(&desk).await.len()), (done, 1));
}

#[tokio::test]
async fn of_two_tabs_the_one_that_is_left_does_not_fail_the_other() {
    let desk = Desk::open().await;
    desk.invite_to(1, NewConnection::Preassigned(number(0)), NOW, 7).await.unwrap();
    let (first, second) = (begin(&desk, 1).await, begin(&desk, 2).await);
    let server = Server::start(answers()).await;
    let left = || Returned::Nothing(SignupFailure::Cancelled);
    finish(&desk, &server, &first, left()).await;
    assert_eq!(state(&desk).await, SignupState::Open);
    assert_eq!(desk.steps(1).await.last().unwrap().to, InProgress);
    let third = begin(&desk, 3).await;
    finish(&desk, &server, &third, left()).await;
    finish(&desk, &server, &second, code(Some(ACCOUNT), Some(NUMBER))).await;
    assert!(matches!(state(&desk).await, SignupState::Done { .. }));
}

#[tokio::test]
async fn no_secret_of_a_sign_up_reaches_a_log_whatever_is_logged() {
    let log = Captured::default();
    let _guard = log.capture();
    let desk = Desk::open().await;
    desk.invite(1, None, NOW, 7).await.unwrap();
    let mut refused = answers();
    refused[3] = error(400, 136_024);
    let mut secrets = ["AQB-c0de", "EAAJ", "app-s3cret", "5550100100", "555-010-0100", "Ana's"]
        .map(str::to_owned)
        .to_vec();
    for (attempt, script) in [(1, refused), (2, answers())] {
        let attempt = begin(&desk, attempt).await;
        let server = Server::start(script).await;
        let returned = code(Some(ACCOUNT), Some(NUMBER));
        tracing::info!(?returned, "the client is through");
        finish(&desk, &server, &attempt, returned).await;
        secrets.extend(pins(&server));
    }
    let log = log.text();
    assert!(log.contains("WhatsApp is connected") && log.contains("a sign-up failed"), "{log}");
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} in {log}");
    }
}
