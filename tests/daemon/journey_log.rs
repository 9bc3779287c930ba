//! What the daemon logs while a client goes the whole way: the call, the code, the sign-up, the sender.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use zavud::cli::page_watcher::PageWatcher;
use zavud::domain::{CodeStage, InvitationToken, SignupState};
use zavud::onboarding::{pin_of, token_of};
use zavud::seal::load_key;
use zavud::store::Store;

use crate::sandbox::visitor::{Page, Visitor};
use crate::signup_crashes::{any_port, prepare};
use crate::support::{NUMBER, Serving, get, post, signup_until};

/// Goes the whole way with our number, and returns the code that was spoken.
async fn connect(serving: &Serving, link: &InvitationToken) -> String {
    let path = |rest: &str| format!("/i/{}{rest}", link.expose());
    let page = Page(get(serving.web, &path("")).await.text().to_owned());
    let sdk = page.between("data-sdk=\"http://", "/sdk.js\"").unwrap();
    let sandbox: SocketAddr = sdk.parse().unwrap();
    let begun = post(serving.web, &path("/signup/begin"), "{}").await;
    let begun: Value = serde_json::from_str(begun.text()).unwrap();

    let address = format!("http://{}{}", serving.web, path(""));
    let mut open_page = PageWatcher::open(&address, None).await.unwrap();
    let visitor = Visitor::open(sandbox, json!({})).await;
    for (action, value) in [("log_in", ""), ("choose", "Acme"), ("enter", NUMBER), ("call", "")] {
        assert_eq!(visitor.answer(action, value).await.problem(), None, "{action}");
    }
    let code = loop {
        if let CodeStage::Code { code, .. } = open_page.next().await.unwrap().unwrap().stage {
            break code.expose().to_owned();
        }
    };
    assert_eq!(visitor.answer("type", &code).await.problem(), None);
    let report = visitor.answer("allow", "").await.report(begun["signup"].as_str().unwrap());
    assert_eq!(post(serving.web, &path("/signup/result"), &report).await.status, 204);
    let is_done = |state: &SignupState| matches!(state, SignupState::Done { .. });
    signup_until(serving.web, &path("/events"), is_done).await;
    code
}

/// The token and the PIN of the sender that was made.
async fn secrets(database: &Path) -> [String; 2] {
    let store = std::sync::Arc::new(Store::open(database, Box::new(|_| {})).unwrap());
    let senders = store.read(|reader| reader.all_senders()).await.unwrap();
    let [(_, sender)] = senders.as_slice() else { panic!("{} senders", senders.len()) };
    let seal = load_key(&database.with_extension("key")).unwrap();
    let (id, connected) = (sender.id.as_str(), &sender.connected);
    let token = seal.open(&token_of(id), &connected.token).unwrap();
    let pin = seal.open(&pin_of(id), connected.pin.as_ref().unwrap()).unwrap();
    [token, pin].map(|secret| String::from_utf8(secret).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_whole_journey_holds_no_code_token_pin_or_full_number() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("zavud.db");
    let link = prepare(&database, None).await;
    let sections =
        "filter = \"debug\"\n[meta]\nmode = \"sandbox\"\nsandbox_listen = \"127.0.0.1:0\"\n";
    let serving = Serving::start_with(&database, any_port(), sections);
    let code = connect(&serving, &link).await;
    let [token, pin] = secrets(&database).await;

    let log = serving.log();
    assert!(log.contains("WhatsApp is connected"), "{log}");
    for secret in [NUMBER.trim_start_matches('+'), link.expose(), token.as_str()] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    // Six digits may stand in a longer number, or in the fraction of a second.
    let words: Vec<&str> = log.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    for digits in [code, pin] {
        assert!(!words.contains(&digits.as_str()), "{digits} is in the log:\n{log}");
    }
    assert!(serving.terminate());
}
