//! Invitations: made, found, withdrawn, sent again, and made from a file.

use zavud::domain::{AuditAction, InvitationId};
use zavud::store::{NewConnection, NewInvitation};

use super::{Admin, inside_of_another_site, on_its_own};
use crate::keyboard::press_with;

#[tokio::test]
async fn an_owner_makes_finds_withdraws_and_imports_invitations() {
    on_its_own(walk).await;
}

#[tokio::test]
async fn inside_of_another_site_an_owner_makes_finds_withdraws_and_imports_invitations() {
    inside_of_another_site(walk).await;
}

async fn walk(admin: &mut Admin<'_>) {
    let id = make(admin).await;
    find(admin, &id).await;
    withdraw(admin, &id).await;
    send_again(admin, &id).await;
    import(admin).await;
}

/// The invitation whose page this is.
async fn shown(admin: &Admin<'_>) -> InvitationId {
    admin.browser.wait_for("#invitation").await;
    let id = admin.value_of("document.getElementById('invitation').dataset.invitation").await;
    InvitationId::from_stored(id.as_str().unwrap().to_owned())
}

async fn make(admin: &mut Admin<'_>) -> InvitationId {
    admin.go_to("invitations").await;
    admin.press("#new").await;
    admin.fill("client_name", "Bakery <b>").await;
    admin.fill("client_email", "ana@").await;
    admin.fill("days", "31").await;
    admin.press("#make").await;
    admin.is_wrong("client_email", "ana@").await;
    admin.is_wrong("days", "31").await;
    assert_eq!(admin.value_of("document.getElementById('client_name').value").await, "Bakery <b>");
    admin.look_well("invitation-new-wrong").await;
    admin.fill("client_email", "ana@bakery.example").await;
    admin.fill("days", "30").await;
    admin.press("#make").await;
    let id = shown(admin).await;
    assert_eq!(admin.text_of("h1").await, "Bakery <b>");
    assert_eq!(admin.did(AuditAction::InvitationMade).await, id.as_str());

    let link = admin.text_of("#link").await;
    crate::partner::copy(admin.browser).await;
    admin.look("invitation", "copied").await;
    admin.go_to("invitations").await;
    admin.browser.click("#q").await;
    press_with(admin.browser, fantoccini::key::Key::Control, 'v').await;
    assert_eq!(admin.value_of("document.getElementById('q').value").await, link.as_str());
    id
}

/// More than one page of them.
async fn find(admin: &mut Admin<'_>, id: &InvitationId) {
    for index in 0..26 {
        let name = move |new: &mut NewInvitation| {
            new.client_name = Some(format!("Shop {index}"));
        };
        admin.desk.daemon.invite_with(NewConnection::ClientNumber, name).await;
    }
    admin.go_to("invitations").await;
    assert_eq!(admin.count("tr[data-invitation]").await, 25);
    admin.press("a[rel=next]").await;
    assert_eq!(admin.count("tr[data-invitation]").await, 3, "of 28");
    assert_eq!(admin.count(&format!("tr[data-invitation={id}]")).await, 1, "it came first");
    admin.look("invitations", "second-page").await;
    admin.press("a[rel=prev]").await;
    assert_eq!(admin.text_of("tr[data-invitation] a").await, "Shop 25", "the newest");

    crate::partner::choose(admin.browser, "sort", "oldest").await;
    admin.press("#show").await;
    let oldest = admin.value_of("document.querySelector('[data-invitation]').dataset.invitation");
    assert_eq!(oldest.await, admin.desk.daemon.invited.invitation.as_str());
    admin.look("invitations", "oldest-first").await;
    admin.fill("q", "nobody").await;
    admin.press("#show").await;
    assert_eq!(admin.count("tr[data-invitation]").await, 0);
    admin.look("invitations", "none-found").await;
    admin.press(".tallies a[href*='status=pending']").await;
    assert_eq!(admin.count("tr [data-status=pending]").await, 25);
    admin.fill("q", "bak").await;
    admin.press("#show").await;
    assert_eq!(admin.count("tr[data-invitation]").await, 1);
    admin.look("invitations", "found").await;
    admin.browser.click("nav.pages a[href*='/export']").await;
    let file = admin.browser.downloaded("invitations.csv").await;
    let lines: Vec<_> = file.lines().collect();
    assert!(lines.len() == 2 && lines[1].contains("Bakery <b>"), "what the list shows: {file}");
}

async fn withdraw(admin: &mut Admin<'_>, id: &InvitationId) {
    admin.press(&format!("tr[data-invitation={id}] a[href$='/cancel']")).await;
    admin.press(&format!("a.button[href$='{id}']")).await;
    assert_eq!(admin.count("[data-status=pending]").await, 1, "asking cancels nothing");
    admin.press("#cancel").await;
    admin.look_well("invitation-to-cancel").await;
    admin.press("#cancel-now").await;
    assert_eq!(admin.count("[data-status=cancelled]").await, 1);
    assert_eq!(admin.did(AuditAction::InvitationCancelled).await, id.as_str());
    admin.look("invitation", "cancelled").await;

    let other = admin.desk.daemon.invited.invitation.clone();
    admin.open(&format!("/invitations/{other}/cancel")).await;
    admin.cancel_elsewhere(&other).await;
    admin.press("#cancel-now").await;
    admin.is_refused().await;
    admin.browser.wait_for("#explained").await;
    admin.did_nothing().await;
    admin.look("invitation", "other-by-now").await;
}

async fn send_again(admin: &mut Admin<'_>, id: &InvitationId) {
    admin.press("[data-resend]").await;
    let other = shown(admin).await;
    assert_eq!(admin.did(AuditAction::InvitationResent).await, other.as_str());
    assert_eq!(admin.count("#link").await, 1, "it can be used again");
    admin.look("invitation", "sent-again").await;
    admin.open("/invitations?q=bakery").await;
    admin.press(&format!("tr[data-invitation={id}] [data-resend]")).await;
    assert_eq!(shown(admin).await, *id);
    assert_eq!(admin.did(AuditAction::InvitationResent).await, id.as_str());
}

async fn import(admin: &mut Admin<'_>) {
    admin.go_to("invitations").await;
    admin.press("a[href$='/invitations/import']").await;
    paste(admin, "shade\nred\n").await;
    admin.press("#check").await;
    admin.browser.wait_for("#file[aria-invalid=true]").await;
    assert_eq!(admin.count("#file-error").await, 1);
    assert_eq!(admin.value_of("document.getElementById('pasted').value").await, "shade\nred\n");
    admin.look("invitations-import", "wrong").await;
    paste(admin, "name\temail\tdays\nGarage\tbob@garage.example\t7\nKiosk\tnobody\t99\n").await;
    admin.press("#check").await;
    assert_eq!(admin.count("#problems tr[data-line]").await, 1);
    admin.look("invitations-import", "preview").await;
    admin.press("#make").await;
    admin.browser.wait_for("#made[data-count='1']").await;
    assert_eq!(admin.did(AuditAction::InvitationsImported).await, "1");
    admin.look("invitations-import", "made").await;

    admin.go_to("invitations").await;
    admin.press("a[href$='/invitations/import']").await;
    let file = "email\nann@example.com\nbob@example.com\n";
    admin.choose_file("file", "clients.csv", file.as_bytes()).await;
    admin.press("#check").await;
    admin.browser.wait_for("#good-rows[data-count='2']").await;
    admin.look("invitations-import", "of-a-file").await;
    admin.press("#make").await;
    admin.browser.wait_for("#made[data-count='2']").await;
    assert_eq!(admin.did(AuditAction::InvitationsImported).await, "2");
}

/// As somebody does who has copied cells of a spreadsheet: tabs can not be typed into the field.
async fn paste(admin: &Admin<'_>, rows: &str) {
    let paste = "document.getElementById('pasted').value = arguments[0]";
    admin.browser.client.execute(paste, vec![rows.into()]).await.unwrap();
}
