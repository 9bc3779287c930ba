//! Phone numbers: added, named, suspended, and verified by ourselves.

use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{AuditAction, SenderId};

use super::{Admin, inside_of_another_site, on_its_own};
use crate::support::NUMBER;
use crate::support::stand_in::NUMBER_ID;

#[tokio::test]
async fn an_owner_looks_after_phone_numbers() {
    on_its_own(walk).await;
}

#[tokio::test]
async fn inside_of_another_site_an_owner_looks_after_phone_numbers() {
    inside_of_another_site(walk).await;
}

async fn walk(admin: &mut Admin<'_>) {
    add(admin).await;
    name(admin).await;
    suspend_and_resume(admin).await;
    verify(admin).await;
    leaf_through(admin).await;
}

async fn add(admin: &mut Admin<'_>) {
    admin.go_to("numbers").await;
    admin.browser.click("details summary").await;
    admin.fill("number", "020 7183 8750").await;
    admin.fill("name", "Front <desk>").await;
    admin.press("#add button").await;
    admin.is_wrong("number", "020 7183 8750").await;
    assert_eq!(admin.value_of("document.getElementById('name').value").await, "Front <desk>");
    admin.look("numbers", "without-country").await;
    admin.fill("number", NUMBER).await;
    admin.press("#add button").await;
    admin.is_wrong("number", NUMBER).await;
    admin.look("numbers", "there-already").await;
    admin.fill("number", "+44 20 7183 8750").await;
    admin.press("#add button").await;
    admin.is_done().await;
    assert_eq!(admin.text_of("h1").await, "+442071838750");
    assert_eq!(admin.did(AuditAction::NumberAdded).await, "+442071838750");
    admin.look("number", "added").await;
}

async fn name(admin: &mut Admin<'_>) {
    let too_long = "x".repeat(101);
    admin.fill("name", &too_long).await;
    admin.press("#rename button").await;
    admin.is_wrong("name", &too_long).await;
    admin.look("number", "wrong-name").await;
    admin.fill("name", "Back desk").await;
    admin.press("#rename button").await;
    admin.is_done().await;
    assert_eq!(admin.text_of("#facts bdi").await, "Back desk");
    assert_eq!(admin.did(AuditAction::NumberNamed).await, "+442071838750");
    admin.look("number", "named").await;
}

async fn suspend_and_resume(admin: &mut Admin<'_>) {
    admin.press("#suspend button").await;
    admin.is_done().await;
    assert_eq!(admin.count("#facts .bad-news").await, 1);
    assert_eq!(admin.did(AuditAction::NumberSuspended).await, "+442071838750");
    admin.look("number", "suspended").await;
    admin.press("#resume button").await;
    admin.is_done().await;
    assert_eq!(admin.count("#facts .good-news").await, 1);
    assert_eq!(admin.did(AuditAction::NumberResumed).await, "+442071838750");
    admin.look("number", "resumed").await;

    let held = admin.desk.own_number().await;
    admin.open(&format!("/numbers/{held}")).await;
    admin.press("#suspend button").await;
    admin.is_refused().await;
    admin.did_nothing().await;
    admin.look("number", "waited-for").await;
}

/// Of a number that is a sender, and that no client verifies.
async fn verify(admin: &mut Admin<'_>) {
    let sender = SenderId::new(SystemClock.now(), [9; 10]);
    admin.desk.connect(&sender, "Front desk", (NUMBER, NUMBER_ID)).await;
    let invitation = admin.desk.daemon.invited.invitation.clone();
    admin.cancel_elsewhere(&invitation).await;
    let number = admin.desk.own_number().await;
    admin.open(&format!("/numbers/{number}")).await;
    admin.press("#verify button").await;
    assert_eq!(admin.did(AuditAction::NumberVerified).await, NUMBER);
    admin.browser.wait_for("#verification[data-step=waiting]").await;
    let asked = admin.meta.asked();
    assert_eq!(asked.iter().filter(|path| path.ends_with("/request_code")).count(), 1);
    assert_eq!(admin.count("#verify").await, 0, "it is under way");
    admin.look("number", "being-verified").await;
}

/// As many as make a second page.
async fn leaf_through(admin: &mut Admin<'_>) {
    for index in 100..147 {
        admin.desk.daemon.add_number(&format!("+15550107{index}")).await;
    }
    admin.go_to("numbers").await;
    assert_eq!(admin.count("tr[data-number]").await, 50);
    admin.look("numbers", "many").await;
    admin.press("#next").await;
    assert_eq!(admin.count("tr[data-number]").await, 1);
    admin.look("numbers", "second-page").await;
}
