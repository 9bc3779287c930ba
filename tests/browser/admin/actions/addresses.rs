//! Where clients may be sent afterwards, and which sites may have the admin inside of them.

use zavud::domain::{AuditAction, OriginPurpose};

use super::{Admin, inside_of_another_site, on_its_own};

#[tokio::test]
async fn an_owner_says_which_sites_are_allowed() {
    on_its_own(walk).await;
}

#[tokio::test]
async fn inside_of_another_site_an_owner_says_which_sites_are_allowed() {
    inside_of_another_site(walk).await;
}

async fn walk(admin: &mut Admin<'_>) {
    admin.go_to_settings("addresses").await;
    allow_and_forbid(admin, OriginPurpose::Redirect, AuditAction::RedirectsChanged).await;
    allow_and_forbid(admin, OriginPurpose::Embed, AuditAction::EmbedOriginsChanged).await;
}

async fn allow_and_forbid(admin: &mut Admin<'_>, purpose: OriginPurpose, action: AuditAction) {
    let name = purpose.as_str();
    let field = format!("{name}_origin");
    let add = format!("#{name} form[action$='/addresses'] button");
    admin.fill(&field, "shop.example").await;
    admin.press(&add).await;
    admin.is_wrong(&field, "shop.example").await;
    admin.look("addresses", &format!("{name}-wrong")).await;
    admin.fill(&field, "https://shop.example").await;
    admin.press(&add).await;
    assert_eq!(admin.did(action).await, "+ https://shop.example");
    assert!(is_stored(admin, purpose).await);
    admin.look("addresses", &format!("{name}-added")).await;
    let remove = format!(
        "#{name} li:has(input[value='https://shop.example']) form[action$='/remove'] button"
    );
    admin.press(&remove).await;
    admin.is_done().await;
    assert_eq!(admin.did(action).await, "- https://shop.example");
    assert!(!is_stored(admin, purpose).await);
    let kept = admin.value_of(&format!("document.getElementById('{field}').value")).await;
    assert_eq!(kept, "https://shop.example", "whoever did not mean it adds it again");
    admin.look("addresses", &format!("{name}-removed")).await;
}

async fn is_stored(admin: &Admin<'_>, purpose: OriginPurpose) -> bool {
    let project = admin.desk.daemon.invited.project.clone();
    let read = admin.desk.daemon.daemon.store.read(move |reader| reader.origins(&project, purpose));
    read.await.unwrap().iter().any(|origin| origin.as_str() == "https://shop.example")
}
