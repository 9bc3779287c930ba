//! Senders: named, preferred, tried out, connected again and removed.

use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{AuditAction, SenderId};

use super::{Admin, inside_of_another_site, on_its_own};

#[tokio::test]
async fn an_owner_looks_after_senders() {
    on_its_own(walk).await;
}

#[tokio::test]
async fn inside_of_another_site_an_owner_looks_after_senders() {
    inside_of_another_site(walk).await;
}

async fn walk(admin: &mut Admin<'_>) {
    let sender = admin.desk.senders[1].clone();
    admin.go_to("senders").await;
    admin.look("senders", "two").await;
    admin.press(&format!("tr[data-sender={sender}] a")).await;
    rename(admin).await;
    prefer(admin).await;
    try_out(admin).await;
    connect_again(admin, &sender).await;
    remove(admin, &sender).await;
    leaf_through(admin).await;
}

async fn rename(admin: &mut Admin<'_>) {
    let too_long = "x".repeat(101);
    admin.fill("name", &too_long).await;
    admin.press("#rename button").await;
    admin.is_wrong("name", &too_long).await;
    admin.look("sender", "wrong-name").await;
    admin.fill("name", "Shop & Co").await;
    admin.press("#rename button").await;
    admin.is_done().await;
    assert_eq!(admin.text_of("h1").await, "Shop & Co");
    let subject = admin.did(AuditAction::SenderRenamed).await;
    assert!(subject.contains(admin.desk.senders[1].as_str()), "{subject}");
    admin.look("sender", "renamed").await;
}

async fn prefer(admin: &mut Admin<'_>) {
    assert_eq!(admin.count("#facts .good-news").await, 0);
    admin.press("#make-default button").await;
    admin.is_done().await;
    assert_eq!(admin.count("#facts .good-news").await, 1);
    assert_eq!(admin.count("#make-default").await, 0, "it is the default");
    admin.did(AuditAction::SenderMadeDefault).await;
    admin.look("sender", "made-default").await;
}

async fn try_out(admin: &mut Admin<'_>) {
    let meta = admin.meta;
    let sent = || meta.asked().iter().filter(|path| path.ends_with("/messages")).count();
    admin.fill("to", "020 7183 8750").await;
    admin.fill("text", "Is this <on>?").await;
    admin.press("#test button").await;
    admin.is_wrong("to", "020 7183 8750").await;
    assert_eq!(admin.value_of("document.getElementById('text').value").await, "Is this <on>?");
    assert_eq!(sent(), 0);
    admin.look("sender", "message-to-nobody").await;
    admin.fill("to", "+44 20 7183 8750").await;
    admin.press("#test button").await;
    admin.is_done().await;
    assert_eq!(sent(), 1);
    admin.did(AuditAction::SenderTested).await;
    admin.look("sender", "message-sent").await;
}

/// Its number is still kept for the invitation by which it was connected.
async fn connect_again(admin: &mut Admin<'_>, sender: &SenderId) {
    admin.press("#reconnect button").await;
    admin.is_refused().await;
    admin.did_nothing().await;
    admin.look("sender", "not-connected-again").await;
    let invitation = admin.desk.daemon.invited.invitation.clone();
    admin.cancel_elsewhere(&invitation).await;
    admin.press("#reconnect button").await;
    admin.browser.wait_for("#link").await;
    let made = admin.did(AuditAction::InvitationMade).await;
    assert!(admin.value_of("location.pathname").await.as_str().unwrap().ends_with(&made));
    admin.open(&format!("/senders/{sender}")).await;
}

async fn remove(admin: &mut Admin<'_>, sender: &SenderId) {
    admin.press("#remove").await;
    admin.look_well("sender-to-remove").await;
    admin.press("#confirm a").await;
    admin.browser.wait_for("#rename").await;
    admin.press("#remove").await;
    admin.press("#confirm button").await;
    admin.is_done().await;
    assert_eq!(admin.count(&format!("tr[data-sender={sender}]")).await, 0);
    assert_eq!(admin.count("tr .good-news").await, 1, "the other one is the default now");
    admin.did(AuditAction::SenderRemoved).await;
    admin.look("senders", "one-removed").await;
}

/// As many as make a second page.
async fn leaf_through(admin: &mut Admin<'_>) {
    let now = SystemClock.now();
    for index in 10..60 {
        let id = SenderId::new(now, [index; 10]);
        let (number, meta) = (format!("+155501006{index}"), format!("1065403522430{index}"));
        admin.desk.connect(&id, "Branch", (&number, &meta)).await;
    }
    admin.go_to("senders").await;
    assert_eq!(admin.count("tr[data-sender]").await, 50);
    admin.look("senders", "many").await;
    admin.press("#next").await;
    assert_eq!(admin.count("tr[data-sender]").await, 1);
    admin.look("senders", "second-page").await;
}
