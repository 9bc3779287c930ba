//! Sign-ups whose browser brought no code: completed when Meta says that the account was shared, and
//! led by nobody else's word.

use std::time::Duration;

use zavud::domain::InvitationStatus::{Completed, Failed, InProgress};
use zavud::domain::{SignupFailure, SignupState, Timestamp};
use zavud::meta::graph::AccessToken;
use zavud::onboarding::{Recovery, Returned, Step, token_of};
use zavud::store::Sender;

use crate::completion::{
    ACCOUNT, answers, begin, code, completions, failed, listed, ok, paths, profile, seal, senders,
    state, success,
};
use crate::desk::{Desk, NOW, id};
use crate::graph::{Script, Server};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn recovery() -> Recovery {
    Recovery { token: AccessToken::new("sys-t0ken".into()), after: Duration::ZERO }
}

/// Meta's webhook comes, and no browser is waited for.
async fn share(desk: &Desk, server: &Server) {
    let completions = completions(desk, server, NOW).recovering(recovery());
    completions.account_shared(ACCOUNT.parse().unwrap());
    completions.stopped().await;
}

/// The daemon starts.
async fn restart(desk: &Desk, server: &Server, now: Timestamp) {
    let completions = completions(desk, server, now).recovering(recovery());
    completions.resume().await.unwrap();
    completions.stopped().await;
}

async fn leave(desk: &Desk, server: &Server, attempt: u8, returned: Returned) {
    let attempt = begin(desk, attempt).await;
    let completions = completions(desk, server, NOW);
    completions.finish(id(1), attempt, returned).await.unwrap();
    completions.stopped().await;
}

/// What Meta answers when it is asked what is in the account, and then for each step.
fn without_code() -> Vec<Script> {
    vec![listed(), listed(), success(), success(), ok(profile("CLOUD_API"))]
}

#[tokio::test]
async fn a_number_of_ours_in_a_shared_account_is_connected_though_no_code_came() {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 7).await.unwrap();
    let server = Server::start(without_code()).await;
    leave(&desk, &server, 1, Returned::Nothing(SignupFailure::CodeMissed)).await;
    assert_eq!(state(&desk).await, failed(SignupFailure::CodeMissed));

    share(&desk, &server).await;
    let steps = ["phone_numbers", "phone_numbers", "subscribed_apps", "register", "profile"];
    assert_eq!(paths(&server), steps);
    let [sender] = <[Sender; 1]>::try_from(senders(&desk).await).unwrap();
    assert_eq!(state(&desk).await, SignupState::Done { sender: sender.id.clone() });
    let moves: Vec<_> = desk.moves(1).await.into_iter().map(|(_, to)| to).collect();
    assert_eq!(moves[1..], [InProgress, Failed, InProgress, Completed]);
    let opened = seal(&desk).open(&token_of(sender.id.as_str()), &sender.connected.token);
    assert_eq!(opened, Ok(b"sys-t0ken".to_vec()));
}

#[tokio::test]
async fn a_browser_that_never_came_back_is_not_needed_either() {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 7).await.unwrap();
    begin(&desk, 1).await;
    let server = Server::start(without_code()).await;
    share(&desk, &server).await;
    assert!(matches!(state(&desk).await, SignupState::Done { .. }));
}

#[tokio::test]
async fn the_token_of_ours_connects_no_number_that_only_a_browser_named() {
    let desk = Desk::open().await;
    desk.invite(1, None, NOW, 7).await.unwrap();
    begin(&desk, 1).await;
    let server = Server::start(vec![listed()]).await;
    share(&desk, &server).await;
    assert_eq!(paths(&server), ["phone_numbers"]);
    assert_eq!((state(&desk).await, senders(&desk).await), (SignupState::Open, vec![]));
}

#[tokio::test]
async fn a_sign_up_that_is_over_is_left_alone() {
    let completed = Desk::open().await;
    completed.invite(1, Some(0), NOW, 7).await.unwrap();
    let server = Server::start(answers().into_iter().chain([listed()]).collect()).await;
    leave(&completed, &server, 1, code(Some(ACCOUNT), None)).await;
    let senders_before = senders(&completed).await;
    share(&completed, &server).await;
    assert_eq!(paths(&server).len(), 6, "Meta was asked what is in the account, and no more");
    assert_eq!((senders_before.len(), senders(&completed).await), (1, senders_before));

    let cancelled = Desk::open().await;
    cancelled.invite(1, Some(0), NOW, 7).await.unwrap();
    cancelled.take(1, Step::Cancel, NOW).await.unwrap();
    let server = Server::start(vec![listed()]).await;
    share(&cancelled, &server).await;
    assert_eq!((paths(&server).len(), senders(&cancelled).await), (1, vec![]));
}

#[tokio::test]
async fn what_was_shared_of_late_is_looked_at_again_at_the_next_start() {
    let desk = Desk::open().await;
    desk.invite(1, Some(0), NOW, 7).await.unwrap();
    let told = desk.store.write(|writer| writer.insert_shared_account(ACCOUNT, NOW));
    told.await.unwrap();
    let server = Server::start(without_code()).await;
    restart(&desk, &server, NOW + 2 * HOUR).await;
    assert_eq!(paths(&server), Vec::<String>::new(), "that is no news any more");
    restart(&desk, &server, NOW + HOUR / 2).await;
    assert!(matches!(state(&desk).await, SignupState::Done { .. }));
}
