//! The pages of the stand-in for Meta.

use serde_json::json;

use crate::chromium::Browser;
use crate::looks::Gallery;
use crate::window::{control, start_deaf};

/// The address that the SDK opens.
fn dialog(origin: &str, opener: &str) -> String {
    let extras = json!({ "sessionInfoVersion": "3", "version": "v4" }).to_string();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", zavud::meta::sandbox::APP_ID),
            ("config_id", "7"),
            ("response_type", "code"),
            ("origin", opener),
            ("extras", &extras),
        ])
        .finish();
    format!("{origin}/dialog/oauth?{query}")
}

#[tokio::test]
async fn anybody_can_read_each_page_of_the_stand_in() {
    let Some(browser) = Browser::open(320).await else { return };
    let daemon = start_deaf().await;
    let origin = daemon.daemon.sandbox().unwrap().origin();
    let mut gallery = Gallery::of(&browser);
    let says_what_it_is = async || {
        let first =
            browser.eval("document.querySelector('main').firstElementChild.className").await;
        assert_eq!(first, "notice", "each page says that it is not Meta's");
    };
    browser.client.goto(&dialog(&origin, "http://127.0.0.1:1")).await.unwrap();
    for (page, typed, action, next) in [
        ("log-in", None, "log_in", "button[value=choose]"),
        ("business", Some("Acme \"Söhne\" <script>"), "choose", "button[value=enter]"),
        ("number", Some("0171"), "enter", "#problem"),
        ("number-refused", Some("+442071838750"), "enter", "button[value=sms]"),
        ("method", None, "sms", "button[value=type]"),
        ("code", Some("12"), "type", "#problem"),
    ] {
        says_what_it_is().await;
        gallery.look(&format!("sandbox-{page}")).await;
        if let Some(text) = typed {
            let field = browser.client.find(fantoccini::Locator::Id("value")).await.unwrap();
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
        }
        browser.click(&format!("button[value={action}]")).await;
        browser.wait_for(next).await;
    }
    gallery.look("sandbox-code-refused").await;
    let code = crate::window::text_message(&daemon, "+442071838750").await;
    let field = browser.client.find(fantoccini::Locator::Id("value")).await.unwrap();
    field.send_keys(&code).await.unwrap();
    browser.click("button[value=type]").await;
    browser.wait_for("button[value=allow]").await;
    gallery.look("sandbox-permissions").await;
    // No page opened this window, so that it stays.
    browser.click("button[value=allow]").await;
    browser.wait_for("#end").await;
    says_what_it_is().await;
    gallery.look("sandbox-over").await;

    control(&daemon, &[("place", "register"), ("mishap", "136024")]).await;
    browser.client.goto(&origin).await.unwrap();
    browser.wait_for("#texts").await;
    browser.wait_for("#waiting").await;
    says_what_it_is().await;
    gallery.look("sandbox-control").await;
    gallery.close();
    browser.close().await;
    daemon.daemon.stop().await;
}
