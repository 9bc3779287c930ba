//! The webhook of the project's invitations: where it tells, its secret, and telling once more.

use zavud::domain::AuditAction;

use super::{Admin, inside_of_another_site, on_its_own};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1/hooks";

#[tokio::test]
async fn an_owner_looks_after_the_webhook() {
    on_its_own(walk).await;
}

#[tokio::test]
async fn inside_of_another_site_an_owner_looks_after_the_webhook() {
    inside_of_another_site(walk).await;
}

async fn walk(admin: &mut Admin<'_>) {
    admin.go_to_settings("webhook").await;
    admin.fill("url", "nowhere").await;
    admin.press("#target button").await;
    admin.is_wrong("url", "nowhere").await;
    admin.look("webhook", "no-address").await;
    admin.fill("url", NOWHERE).await;
    admin.press("#target button").await;
    let secret = admin.text_of("#secret").await;
    assert_eq!(admin.did(AuditAction::WebhookChanged).await, NOWHERE);
    admin.look("webhook", "made").await;
    admin.fill("url", "http://127.0.0.1:1/other").await;
    admin.press("#target button").await;
    admin.is_done().await;
    assert_eq!(admin.did(AuditAction::WebhookChanged).await, "http://127.0.0.1:1/other");
    assert_eq!(admin.count("#secret").await, 0, "it was shown once");
    admin.look("webhook", "moved").await;
    admin.press("#rotate button").await;
    assert_ne!(admin.text_of("#secret").await, secret);
    admin.did(AuditAction::WebhookSecretChanged).await;
    admin.look("webhook", "other-secret").await;

    let invitation = admin.desk.daemon.invited.invitation.clone();
    admin.cancel_elsewhere(&invitation).await;
    // The first try has failed.
    admin.browser.wait_for("#deliveries li[data-event] details").await;
    let event = admin.value_of("document.querySelector('li[data-event]').dataset.event").await;
    admin.look("webhook", "told-in-vain").await;
    admin.press("#deliveries li[data-event] form button").await;
    admin.is_done().await;
    assert_eq!(admin.did(AuditAction::WebhookReplayed).await, event.as_str().unwrap());
    admin.look("webhook", "told-again").await;
    admin.press("#switch button").await;
    admin.is_done().await;
    admin.did(AuditAction::WebhookChanged).await;
    assert_eq!(admin.count("#switch [value=on]").await, 1, "it is off");
    admin.look("webhook", "off").await;
    admin.press("#switch button").await;
    admin.is_done().await;
    admin.did(AuditAction::WebhookChanged).await;
    assert_eq!(admin.count("#switch [value=off]").await, 1, "it is on");
    admin.look("webhook", "on").await;
}
