//! Answers that are none, and which request is sent again after them.

use serde_json::json;
use zavud::domain::MetaReason;
use zavud::meta::graph::{GraphClient, GraphError};

use crate::server::{Script, Server, number, token};

/// A request that changes nothing.
async fn read(client: &GraphClient) -> Result<(), GraphError> {
    client.number_profile(&number(), &token()).await.map(|_| ())
}

/// A request that may not happen twice: it makes Meta call.
async fn act(client: &GraphClient) -> Result<(), GraphError> {
    let method = zavud::meta::graph::CodeMethod::Voice;
    client.request_code(&number(), method, "en_US", &token()).await
}

fn error(code: i64) -> serde_json::Value {
    json!({ "error": { "message": "...", "type": "OAuthException", "code": code } })
}

/// What an answer leads to, and how often each kind of request is sent when it never changes.
async fn outcome(script: Script) -> (Vec<GraphError>, [usize; 2]) {
    let server = Server::start(vec![script; 4]).await;
    let client = server.client();
    let first = read(&client).await.unwrap_err();
    let reads = server.asked().len();
    let second = act(&client).await.unwrap_err();
    (vec![first, second], [reads, server.asked().len() - reads])
}

#[tokio::test]
async fn what_is_meta_s_fault_is_asked_for_again_where_that_does_no_harm() {
    for script in [Script::Json(500, error(2)), Script::Text(502, "<html>Bad Gateway</html>")] {
        let (errors, tries) = outcome(script).await;
        assert!(errors.iter().all(|error| error.reason() == MetaReason::Unavailable), "{errors:?}");
        assert_eq!(tries, [3, 1]);
    }
}

#[tokio::test]
async fn a_refusal_is_final() {
    for (script, reason) in [
        (Script::Json(429, error(4)), MetaReason::RateLimited),
        (Script::Text(429, "Slow down"), MetaReason::RateLimited),
        (Script::Json(400, error(136_024)), MetaReason::NumberNotEligible),
        (Script::Json(401, error(190)), MetaReason::TokenInvalid),
    ] {
        let (errors, tries) = outcome(script).await;
        assert!(errors.iter().all(|error| error.reason() == reason), "{errors:?}");
        assert_eq!(tries, [1, 1]);
    }
}

#[tokio::test]
async fn what_is_no_answer_of_graph_is_not_understood_and_not_believed() {
    for script in [
        Script::Text(200, "<html>Sign in to the hotel's network</html>"),
        Script::Text(200, ""),
        Script::Json(200, json!({ "success": false })),
        Script::Json(200, json!([])),
    ] {
        let (errors, tries) = outcome(script).await;
        assert_eq!(errors, vec![GraphError::NotUnderstood { status: 200 }; 2]);
        assert_eq!(tries, [1, 1]);
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_whole_leaves_open_what_was_done() {
    for script in [Script::Nothing, Script::Half] {
        let (errors, tries) = outcome(script).await;
        let is_open = |error: &GraphError| matches!(error, GraphError::NoAnswer(_));
        assert!(errors.iter().all(is_open), "{errors:?}");
        assert_eq!(tries, [3, 1], "Meta may be calling already");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = Server::start(vec![Script::Silence]).await;
    let refused = act(&server.impatient_client()).await;
    assert_eq!(refused, Err(GraphError::NoAnswer("nothing within 1s".into())));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_after_40_seconds_is_one_too_late() {
    let server = Server::start(vec![Script::Silence]).await;
    let client = server.client();
    let acting = tokio::spawn(async move { act(&client).await });
    server.asked_times(1).await;
    // Its clock stands still from here on, but for what it is told.
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(40)).await;
    let given_up = acting.await.unwrap();
    assert_eq!(given_up, Err(GraphError::NoAnswer("nothing within 20s".into())));
    assert_eq!(server.asked().len(), 1, "Meta may be calling already");
}

#[tokio::test]
async fn an_answer_longer_than_any_of_meta_s_is_given_up() {
    static ENDLESS: [u8; 300 * 1024] = [b' '; 300 * 1024];
    let text = std::str::from_utf8(&ENDLESS).unwrap();
    let server = Server::start(vec![Script::Text(200, text)]).await;
    assert!(matches!(act(&server.client()).await, Err(GraphError::NoAnswer(_))));
}

#[tokio::test]
async fn a_second_try_may_succeed() {
    let profile = json!({ "id": "106540352242922", "display_phone_number": "+1 555-010-0123" });
    let server = Server::start(vec![Script::Nothing, Script::Json(200, profile)]).await;
    assert_eq!(read(&server.client()).await, Ok(()));
}

#[tokio::test]
async fn a_host_that_is_not_there_was_asked_for_nothing() {
    let client = {
        let server = Server::start(vec![]).await;
        server.client()
    };
    for result in [read(&client).await, act(&client).await] {
        assert!(matches!(result, Err(GraphError::Unreachable(_))), "{result:?}");
    }
}

#[tokio::test]
async fn only_a_certificate_that_is_vouched_for_is_told_anything() {
    let success = Script::Json(200, json!({ "success": true }));
    let server = Server::start_tls(vec![success; 4]).await;
    assert_eq!(act(&server.client()).await, Ok(()));
    let stranger = Server::start(vec![]).await;
    let config =
        zavud::meta::graph::GraphConfig { authorities: stranger.authorities(), ..server.config() };
    let refused = act(&GraphClient::new(config).unwrap()).await;
    assert!(matches!(refused, Err(GraphError::Unreachable(_))), "{refused:?}");
    assert_eq!(server.asked().len(), 1);
}
