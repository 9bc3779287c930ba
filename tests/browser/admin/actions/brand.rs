//! How the project shows itself to clients: company, language, colour and logo.

use zavud::domain::AuditAction;

use super::{Admin, inside_of_another_site, on_its_own};
use crate::partner::{choose, wait_until};

#[tokio::test]
async fn an_owner_sets_company_language_colour_and_logo() {
    on_its_own(walk).await;
}

#[tokio::test]
async fn inside_of_another_site_an_owner_sets_company_language_colour_and_logo() {
    inside_of_another_site(walk).await;
}

async fn walk(admin: &mut Admin<'_>) {
    admin.go_to("settings").await;
    company(admin).await;
    colour(admin).await;
    logo(admin).await;
}

async fn company(admin: &mut Admin<'_>) {
    admin.fill("company", " ").await;
    choose(admin.browser, "language", "pt").await;
    admin.press("#company-form button").await;
    admin.is_wrong("company", " ").await;
    assert_eq!(admin.value_of("document.getElementById('language').value").await, "pt");
    admin.look("brand", "without-a-company").await;
    admin.fill("company", "S\u{f6}hne & Co").await;
    admin.press("#company-form button").await;
    admin.is_done().await;
    assert_eq!(admin.did(AuditAction::BrandChanged).await, "S\u{f6}hne & Co");
    let project = admin.project().await;
    assert_eq!(project.brand.company, "S\u{f6}hne & Co");
    assert_eq!(project.language.unwrap().as_str(), "pt");
    admin.look("brand", "company-saved").await;
}

async fn colour(admin: &mut Admin<'_>) {
    admin.fill("colour", "teal").await;
    admin.press("#colour-form button[value=save]").await;
    admin.is_wrong("colour", "teal").await;
    admin.look("brand", "no-colour").await;
    admin.fill("colour", "#ffe100").await;
    admin.press("#colour-form button[value=preview]").await;
    assert_eq!(admin.count("#preview [data-contrast]").await, 2);
    assert_eq!(admin.project().await.brand.colour, None, "looking at it changes nothing");
    admin.look("brand", "colour-looked-at").await;
    admin.press("#colour-form button[value=save]").await;
    admin.is_done().await;
    assert_eq!(admin.did(AuditAction::BrandChanged).await, "#ffe100");
    assert_eq!(admin.project().await.brand.colour.unwrap().to_string(), "#ffe100");
    admin.look("brand", "colour-saved").await;
}

async fn logo(admin: &mut Admin<'_>) {
    admin.choose_file("logo", "logo.png", b"<svg onload=alert(1)>").await;
    admin.press("#logo-form button").await;
    admin.browser.wait_for("#logo[aria-invalid=true] ~ #logo-error").await;
    admin.look("brand", "no-logo").await;
    // Any picture is a logo: here it is one of the page itself.
    let picture = admin.browser.client.screenshot().await.unwrap();
    admin.choose_file("logo", "logo.png", &picture).await;
    admin.press("#logo-form button").await;
    admin.is_done().await;
    wait_until(admin.browser, "document.querySelector('img.logo').naturalWidth > 0").await;
    let version = admin.did(AuditAction::BrandChanged).await;
    assert_eq!(admin.project().await.brand.logo.unwrap().as_str(), version);
    admin.look("brand", "logo-saved").await;

    let to_remove = "a[href$='/settings/logo/remove']";
    admin.press(to_remove).await;
    admin.look_well("logo-to-remove").await;
    admin.press("#confirm a").await;
    admin.press(to_remove).await;
    admin.press("#confirm button").await;
    admin.is_done().await;
    assert_eq!(admin.count("img.logo").await, 0);
    admin.did(AuditAction::BrandChanged).await;
    assert_eq!(admin.project().await.brand.logo, None);
    admin.look("brand", "logo-removed").await;
}
