//! The second factor, as an authenticator app and a partner meet it.

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use totp_rs::{Builder, Secret};
use zavud::domain::Role;

use crate::support::{Browsing, PASSWORD, TestDaemon};

/// The code of an app, in so many steps of thirty seconds from now.
fn code(secret: &str, steps: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let secret = Secret::try_from_base32(secret).unwrap();
    Builder::new().with_secret(secret).build_noncompliant().generate(now + 30 * steps).to_string()
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_code_opens_once() {
    let daemon = TestDaemon::start().await;
    let (server, store) = (daemon.daemon.web_address(), &daemon.daemon.store);
    let project = daemon.invited.project.clone();
    let mut browsing = Browsing::signed_in(server, store, &project, Role::Owner).await;
    let email = format!("owner@{}.example.com", project.as_str().replace('_', "-"));
    let page = browsing.get("/account").await;
    let secret = page.text().split("name=\"secret\" value=\"").nth(1).unwrap();
    let secret = secret.split('"').next().unwrap().to_owned();
    assert!(page.text().contains("<svg"), "a QR code");

    let enrol = "/account/second-factor";
    let wrong = [("secret", &*secret), ("code", "000000")];
    let refused = browsing.submit("/account", enrol, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains(&secret), "the same one can be tried again");
    let used = code(&secret, 0);
    let right = [("secret", &*secret), ("code", &*used)];
    assert_eq!(browsing.submit("/account", enrol, &right).await.status, StatusCode::SEE_OTHER);

    let mut other = Browsing::new(server);
    let password = [("email", &*email), ("password", PASSWORD)];
    let half = other.submit("/sign-in", "/sign-in", &password).await;
    assert_eq!(half.header("location"), "/sign-in/code?next=%2F");
    let kept_out = other.get("/account").await;
    assert_eq!(kept_out.header("location"), "/sign-in/code", "the password is not enough");
    let half_token = other.cookie("login").unwrap().to_owned();
    let again = other.submit("/sign-in/code", "/sign-in/code", &[("code", &used)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "it was used to switch it on");
    let next = code(&secret, 1);
    let whole = other.submit("/sign-in/code", "/sign-in/code", &[("code", &next)]).await;
    assert_eq!((whole.status, whole.header("location")), (StatusCode::SEE_OTHER, "/"));
    assert_ne!(other.cookie("login"), Some(half_token.as_str()), "another token from here on");
    assert_eq!(other.get("/account").await.status, StatusCode::OK);

    // Who is signed in cannot put another one in its place.
    let another: String = secret.chars().rev().collect();
    let its_code = code(&another, 0);
    let another = [("secret", &*another), ("code", &*its_code)];
    let ignored = browsing.submit("/account", enrol, &another).await;
    assert_eq!(ignored.status, StatusCode::SEE_OTHER);
    let mut third = Browsing::new(server);
    third.submit("/sign-in", "/sign-in", &password).await;
    let kept_out = third.submit("/sign-in/code", "/sign-in/code", &[("code", &its_code)]).await;
    assert_eq!(kept_out.status, StatusCode::UNPROCESSABLE_ENTITY);

    let drop = "/account/second-factor/drop";
    let refused = other.submit("/account", drop, &[("password", "not the password")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let dropped = other.submit("/account", drop, &[("password", PASSWORD)]).await;
    assert_eq!(dropped.status, StatusCode::SEE_OTHER);
    let mut third = Browsing::new(server);
    let signed_in = third.submit("/sign-in", "/sign-in", &password).await;
    assert_eq!(signed_in.header("location"), "/");
}
