//! The partner's admin in a real browser.

mod account;
mod desk;
mod embedding;
mod live;

use fantoccini::Locator;
use zavud::domain::Role;

use crate::chromium::Browser;
use crate::support::{PASSWORD, TestDaemon, admitted};

/// Signs in as somebody of this role, by a link, as whoever was just added does. Ends on the list of
/// invitations; tells what the addresses of the project begin with.
pub(crate) async fn sign_in(browser: &Browser, daemon: &TestDaemon, role: Role) -> String {
    let project = daemon.invited.project.clone();
    let email = format!("{role}@example.com");
    let link = admitted(&daemon.daemon.store, &project, &email, role).await;
    let origin = format!("http://{}", daemon.daemon.web_address());
    browser.client.goto(&format!("{origin}/password/{}", link.expose())).await.unwrap();
    browser.fill("password", PASSWORD).await;
    browser.click("button.primary").await;
    browser.wait_for("body.admin").await;
    format!("{origin}/p/{project}")
}
