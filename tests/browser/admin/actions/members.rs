//! Members: added by a link, given another role, and removed.

use zavud::domain::{AuditAction, Role};

use super::{Admin, inside_of_another_site, on_its_own};
use crate::partner::choose;
use crate::support::admitted;

#[tokio::test]
async fn an_owner_says_who_may_do_what() {
    on_its_own(walk).await;
}

#[tokio::test]
async fn inside_of_another_site_an_owner_says_who_may_do_what() {
    inside_of_another_site(walk).await;
}

async fn walk(admin: &mut Admin<'_>) {
    let anybody = "li[data-member='ann@example.com']";
    admin.go_to_settings("members").await;
    admin.fill("email", "ann@").await;
    choose(admin.browser, "role", "viewer").await;
    admin.press("#add button").await;
    admin.is_wrong("email", "ann@").await;
    assert_eq!(admin.value_of("document.getElementById('role').value").await, "viewer");
    admin.look("members", "no-address").await;
    admin.fill("email", "ann@example.com").await;
    admin.press("#add button").await;
    let link = admin.text_of("#password-link").await;
    assert_eq!(admin.did(AuditAction::MemberAdded).await, "ann@example.com (viewer)");
    admin.look("members", "added").await;
    admin.fill("email", "ann@example.com").await;
    admin.press("#add button").await;
    admin.is_wrong("email", "ann@example.com").await;
    admin.did_nothing().await;
    admin.look("members", "in-already").await;

    admin.press(&format!("{anybody} form[action$='/link'] button")).await;
    assert_ne!(admin.text_of("#password-link").await, link);
    assert_eq!(admin.did(AuditAction::MemberLinkMade).await, "ann@example.com");
    admin.go_to_settings("members").await;
    assert_eq!(admin.count("#password-link").await, 0, "it was shown once");
    change_roles(admin).await;

    let to_remove = format!("{anybody} a[href$='/remove']");
    admin.press(&to_remove).await;
    admin.look_well("member-to-remove").await;
    admin.press("#confirm a").await;
    admin.press(&to_remove).await;
    admin.press("#confirm button").await;
    admin.is_done().await;
    assert_eq!(admin.count(anybody).await, 0);
    assert_eq!(admin.did(AuditAction::MemberRemoved).await, "ann@example.com");
    admin.look("members", "removed").await;
}

/// The last owner keeps theirs.
async fn change_roles(admin: &mut Admin<'_>) {
    set_role(admin, "ann@example.com", "member").await;
    admin.is_done().await;
    assert_eq!(admin.did(AuditAction::MemberRoleChanged).await, "ann@example.com (member)");
    let select = "document.querySelector(\"li[data-member='ann@example.com'] select\").value";
    assert_eq!(admin.value_of(select).await, "member");
    admin.look("members", "role-changed").await;
    let owner = "document.querySelector('li[data-member]:has(option[value=owner][selected])')";
    if admin.value_of(&format!("{owner} === null")).await == true {
        // Whoever is here by a link of the partner's own backend is no member.
        let (store, project) =
            (&admin.desk.daemon.daemon.store, &admin.desk.daemon.invited.project);
        admitted(store, project, "olivia@example.com", Role::Owner).await;
        admin.go_to_settings("members").await;
    }
    let owner = admin.value_of(&format!("{owner}.dataset.member")).await;
    set_role(admin, owner.as_str().unwrap(), "viewer").await;
    admin.is_refused().await;
    admin.did_nothing().await;
    admin.look("members", "last-owner").await;
}

async fn set_role(admin: &Admin<'_>, email: &str, role: &str) {
    let form = format!("li[data-member='{email}'] form[action$='/role']");
    let select = format!("{form} select");
    admin.browser.wait_for(&select).await;
    let select = fantoccini::Locator::Css(&select);
    let select = admin.browser.client.find(select).await.unwrap();
    select.select_by_value(role).await.unwrap();
    admin.press(&format!("{form} button")).await;
}
