//! Keys of the REST API: made, shown once, used and revoked.

use zavud::domain::AuditAction;

use super::{Admin, inside_of_another_site, on_its_own};
use crate::support::get_with;

#[tokio::test]
async fn an_owner_makes_and_revokes_a_key() {
    on_its_own(walk).await;
}

#[tokio::test]
async fn inside_of_another_site_an_owner_makes_and_revokes_a_key() {
    inside_of_another_site(walk).await;
}

async fn walk(admin: &mut Admin<'_>) {
    admin.go_to_settings("keys").await;
    admin.press("#make button").await;
    admin.is_wrong("name", "").await;
    admin.look("keys", "without-a-name").await;
    admin.fill("name", "Shop <b>").await;
    while admin.count("#make input[name=scope]:checked").await > 0 {
        admin.browser.click("#make input[name=scope]:checked").await;
    }
    admin.press("#make button").await;
    admin.browser.wait_for("fieldset[aria-describedby=scope-error] #scope-error").await;
    assert_eq!(admin.value_of("document.getElementById('name').value").await, "Shop <b>");
    admin.look("keys", "for-nothing").await;
    admin.browser.click("#make input[value='invitations:read']").await;
    admin.press("#make button").await;
    let key = admin.text_of("#key").await;
    let subject = admin.did(AuditAction::KeyMade).await;
    assert!(subject.starts_with("Shop <b> ("), "{subject}");
    assert_eq!(answer_to(admin, &key).await, 200);
    admin.look("keys", "made").await;
    admin.go_to_settings("keys").await;
    assert_eq!(admin.count("#key").await, 0, "it was shown once");

    admin.press("li[data-key] a").await;
    admin.look_well("key-to-revoke").await;
    admin.press("#confirm a").await;
    assert_eq!(answer_to(admin, &key).await, 200, "asking revokes nothing");
    admin.press("li[data-key] a").await;
    admin.press("#confirm button").await;
    admin.is_done().await;
    assert_eq!(admin.count("li[data-key] .bad-news").await, 1);
    assert_eq!(admin.did(AuditAction::KeyRevoked).await, subject);
    assert_eq!(answer_to(admin, &key).await, 401);
    admin.look("keys", "revoked").await;
}

/// What a program with this key is answered.
async fn answer_to(admin: &Admin<'_>, key: &str) -> u16 {
    let bearer = format!("Bearer {key}");
    let server = admin.desk.daemon.daemon.web_address();
    let answer = get_with(server, "/v1/invitations", &[("authorization", &bearer)]).await;
    answer.status.as_u16()
}
