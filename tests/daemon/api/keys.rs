//! Who may ask, how often, and how often the same.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use zavud::domain::{ApiMode, ProjectId, Scope};
use zavud::store::NewProject;

use super::client::{Client, make_key, make_key_for};
use crate::sandbox::visitor::StandIn;
use crate::support::{DeafModel, ManualClock, TestDaemon, ask_with, get, get_with, post};

#[tokio::test]
async fn whoever_has_no_key_is_told_nothing() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    let web = daemon.daemon.web_address();
    let invitation = format!("/v1/invitations/{}", daemon.invited.invitation);
    for path in ["/v1/me", "/v1/invitations", &invitation, "/v1/elsewhere"] {
        for key in ["", "Bearer ", "Bearer zv_live_0", "Basic YTpi", &client.key] {
            let headers = [("authorization", key)];
            let answer = ask_with(web, "GET", path, &headers, "").await;
            let error: Value = serde_json::from_str(answer.text()).unwrap();
            assert_eq!((answer.status.as_u16(), &error["code"]), (401, &json!("unauthorized")));
            assert!(error["message"].is_string() && error.get("details").is_none(), "{error}");
        }
    }
    assert_eq!(get(web, "/v1/openapi.json").await.status, 200, "what it can do is no secret");
    assert_eq!(get(web, "/v1/docs").await.status, 200);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_key_that_was_taken_back_opens_nothing_and_the_use_of_one_is_known_to_the_minute() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |_| {}).await;
    let client = Client::of(&daemon).await;
    let project = daemon.invited.project.clone();
    let key = async || {
        let project = project.clone();
        daemon.daemon.store.read(move |reader| reader.api_keys(&project)).await.unwrap().remove(0)
    };
    assert_eq!(key().await.last_used_at, None);
    let first = zavud::clock::Clock::now(clock.as_ref());
    client.get("/me").await;
    clock.advance(Duration::from_secs(59));
    client.get("/me").await;
    assert_eq!(key().await.last_used_at, Some(first));
    clock.advance(Duration::from_secs(1));
    client.get("/me").await;
    assert_eq!(key().await.last_used_at, Some(first + Duration::from_secs(60)));
    let (project, id) = (project.clone(), key().await.id);
    let revoke =
        daemon.daemon.store.write(move |writer| writer.revoke_api_key(&project, &id, first));
    assert!(revoke.await.unwrap());
    assert_eq!(client.ask("GET", "/me", &[], None).await.0, 401);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_key_does_what_it_is_allowed_and_nothing_else() {
    let daemon = TestDaemon::start().await;
    let scopes = [Scope::InvitationsRead].into_iter().collect();
    let (store, project) = (&daemon.daemon.store, &daemon.invited.project);
    let key = make_key_for(store, project, (ApiMode::Live, scopes), 3).await;
    let client = Client::with_key(daemon.daemon.web_address(), key.expose()).await;
    assert_eq!(client.ask("GET", "/invitations", &[], None).await.0, 200);
    assert_eq!(client.ask("GET", "/me", &[], None).await.0, 200);
    for (method, path) in [
        ("POST", "/invitations"),
        ("POST", "/invitations/inv_0/cancel"),
        ("POST", "/invitations/webhook/secret"),
        ("GET", "/senders"),
        ("DELETE", "/senders/snd_0"),
        ("GET", "/phone-numbers"),
        ("GET", "/messages"),
        ("GET", "/calls"),
    ] {
        let (status, error) = client.ask(method, path, &[], None).await;
        assert_eq!((status, &error["code"]), (403, &json!("forbidden")), "{method} {path}");
    }
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn what_is_another_project_s_is_not_there() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    let now = zavud::clock::Clock::now(&zavud::clock::SystemClock);
    let stranger = ProjectId::new(now, [77; 10]);
    let new = NewProject { id: stranger.clone(), name: "Stranger".into(), created_at: now };
    daemon.daemon.store.write(move |writer| writer.insert_project(&new)).await.unwrap();
    let key = make_key(&daemon.daemon.store, &stranger, ApiMode::Live, 4).await;
    let other = Client::with_key(daemon.daemon.web_address(), key.expose()).await;
    let invitation = format!("/invitations/{}", daemon.invited.invitation);
    let number = client.get("/phone-numbers").await["items"][0]["id"].clone();
    let number = number.as_str().unwrap();
    for (method, path) in [
        ("GET", invitation.clone()),
        ("POST", format!("{invitation}/cancel")),
        ("POST", format!("{invitation}/resend")),
        ("GET", format!("{invitation}/events")),
        ("GET", format!("/phone-numbers/{number}")),
        ("PATCH", format!("/phone-numbers/{number}")),
    ] {
        let body = (method == "PATCH").then(|| json!({ "name": "Mine" }));
        let (status, error) = other.ask(method, &path, &[], body).await;
        assert_eq!((status, &error["code"]), (404, &json!("not_found")), "{method} {path}");
    }
    for list in ["/invitations", "/phone-numbers", "/senders", "/messages", "/calls"] {
        // A cursor from elsewhere begins there, and leads to nothing.
        let cursor = match list {
            "/invitations" => format!("?cursor={}", daemon.invited.invitation),
            _ => String::new(),
        };
        assert_eq!(other.get(&format!("{list}{cursor}")).await["items"], json!([]), "{list}");
    }
    let taken = json!({ "phoneNumberId": number });
    let (status, error) = other.post("/invitations", taken).await;
    assert_eq!((status, &error["details"]["errors"][0]["path"]), (400, &json!(["phoneNumberId"])));
    assert_eq!(other.get("/me").await["project"]["name"], "Stranger");
    assert_eq!(client.get(&invitation).await["invitation"]["status"], "pending");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_test_key_sees_a_project_of_its_own() {
    let daemon = TestDaemon::start().await;
    let (live, test) = (Client::of(&daemon).await, Client::of_test(&daemon).await);
    let (me, mine) = (test.get("/me").await, live.get("/me").await);
    assert_eq!((&me["isTestMode"], &mine["isTestMode"]), (&json!(true), &json!(false)));
    assert_ne!(me["project"]["id"], mine["project"]["id"]);
    assert_eq!(me["project"]["name"], mine["project"]["name"]);
    assert_eq!(test.get("/invitations").await["items"], json!([]));
    let (_, made) = test.post("/invitations", json!({ "clientName": "Nobody" })).await;
    let id = made["invitation"]["id"].as_str().unwrap();
    assert_eq!(live.ask("GET", &format!("/invitations/{id}"), &[], None).await.0, 404);
    assert_eq!(test.get("/me").await, me, "it is made once");
    let projects = daemon.daemon.store.read(|reader| reader.projects()).await.unwrap();
    assert_eq!(projects.len(), 1, "no list of projects shows it");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_key_is_used_so_often_in_a_minute_and_told_when_to_come_again() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |config| {
        config.api.requests_per_minute = 30;
    })
    .await;
    let client = Client::of(&daemon).await;
    let ask = async || client.raw("GET", "/me", &[], None).await;
    for left in (0..30).rev() {
        let answer = ask().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-limit"), "30");
        assert_eq!(answer.header("ratelimit-remaining"), left.to_string());
    }
    let refused = ask().await;
    assert_eq!(client.checked("GET", "/me", &refused)["code"], "rate_limited");
    assert_eq!(refused.header("retry-after"), "2");
    assert_eq!(refused.header("retry-after-ms"), "2000");
    assert_eq!(refused.header("ratelimit-reset"), "60");
    clock.advance(Duration::from_secs(2));
    assert_eq!(ask().await.status, 200);
    assert_eq!(ask().await.status, 429);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn where_many_wrong_keys_came_from_none_is_looked_at_for_a_while() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |config| {
        config.api.requests_per_minute = 30;
    })
    .await;
    let client = Client::of(&daemon).await;
    let web = daemon.daemon.web_address();
    let guess = async |index: usize| {
        let key = format!("Bearer zv_live_{index:040}");
        get_with(web, "/v1/me", &[("authorization", &key)]).await
    };
    for _ in 0..40 {
        assert_eq!(get(web, "/v1/me").await.status, 401);
    }
    for index in 0..30 {
        assert_eq!(guess(index).await.status, 401);
    }
    let refused = guess(30).await;
    assert_eq!(get(web, "/v1/me").await.status, 401, "what is no key is not looked up");
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "2"));
    let mine = client.raw("GET", "/me", &[], None).await;
    assert_eq!(mine.status, 429, "a guess that is right is not told from the others");
    clock.advance(Duration::from_secs(2));
    assert_eq!(client.raw("GET", "/me", &[], None).await.status, 200);
    assert_eq!(guess(31).await.status, 401);
    assert_eq!(guess(32).await.status, 429);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_request_with_an_idempotency_key_is_done_once() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |_| {}).await;
    let client = Client::of(&daemon).await;
    let once = [("idempotency-key", "order-7")];
    let body = || Some(json!({ "clientName": "Acme" }));
    let send = async || client.ask("POST", "/invitations", &once, body()).await;
    let all = tokio::join!(send(), send(), send());
    assert_eq!((&all.0, &all.1), (&all.1, &all.2));
    assert_eq!(client.get("/invitations").await["items"].as_array().unwrap().len(), 2);
    let raw = client.raw("POST", "/invitations", &once, body().map(|b| b.to_string())).await;
    assert_eq!(raw.header("idempotency-replayed"), "true");
    let other = Some(json!({ "clientName": "Other" }));
    let (status, error) = client.ask("POST", "/invitations", &once, other).await;
    assert_eq!((status, &error["code"]), (409, &json!("idempotency_key_reused")));
    let path = format!("/invitations/{}/cancel", daemon.invited.invitation);
    let (status, _) = client.ask("POST", &path, &once, None).await;
    assert_eq!(status, 409, "the key of one address is not that of another");
    let test = Client::of_test(&daemon).await;
    assert_eq!(test.ask("POST", "/invitations", &once, body()).await.0, 201, "nor of a project");

    // What was refused has done nothing, and may be mended.
    let again = [("idempotency-key", "order-8")];
    let wrong = Some(json!({ "expiresInDays": 31 }));
    assert_eq!(client.ask("POST", "/invitations", &again, wrong).await.0, 400);
    assert_eq!(client.ask("POST", "/invitations", &again, body()).await.0, 201);
    clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
    assert_ne!(send().await.1, all.0.1, "after a day it is another request");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_link_of_a_test_shows_the_company_and_never_leads_to_meta() {
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    let (web, project) = (daemon.daemon.web_address(), daemon.invited.project.clone());
    let company = "Acme & Sons".parse().unwrap();
    daemon.daemon.store.write(move |w| w.set_company(&project, &company)).await.unwrap();
    let test = Client::of_test(&daemon).await;
    let (_, made) = test.post("/invitations", json!({})).await;
    let path = format!("/i/{}", made["invitation"]["token"].as_str().unwrap());
    let page = get(web, &path).await;
    assert!(page.text().contains("Acme &amp; Sons"), "{}", page.text());
    assert!(page.text().contains("not set up here"), "{}", page.text());
    assert!(!page.header("content-security-policy").contains(&meta.sandbox.origin()));
    let begun = post(web, &format!("{path}/signup/begin"), "{}").await;
    assert_eq!(begun.status, 404);
    assert_eq!(meta.sandbox.asked(), Vec::<String>::new());
    daemon.daemon.stop().await;
    meta.stop().await;
}

#[tokio::test]
async fn what_a_key_changes_is_in_the_audit_log_with_its_id() {
    let daemon = TestDaemon::start().await;
    let client = Client::of(&daemon).await;
    let (_, made) = client.post("/invitations", json!({})).await;
    let id = made["invitation"]["id"].as_str().unwrap();
    client.ask("POST", &format!("/invitations/{id}/cancel"), &[], None).await;
    client.ask("POST", &format!("/invitations/{id}/cancel"), &[], None).await;
    client.post(&format!("/invitations/{id}/resend"), json!({})).await;
    let key = client.get("/me").await["apiKey"]["id"].as_str().unwrap().to_owned();
    let files = daemon.database_files();
    let path = files.iter().find(|path| path.extension().is_some_and(|it| it == "db")).unwrap();
    let database = rusqlite::Connection::open(path).unwrap();
    let mut statement = database
        .prepare("SELECT actor_kind, actor, action, subject FROM audit_log ORDER BY rowid")
        .unwrap();
    let rows = statement
        .query_map([], |row| Ok([row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?]));
    let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
    let expected = ["invitation_made", "invitation_cancelled", "invitation_resent"]
        .map(|action| ["key".to_owned(), key.clone(), action.to_owned(), id.to_owned()]);
    assert_eq!(rows, expected, "what was refused is not in it");
    daemon.daemon.stop().await;
}
