//! Each action of the admin, pressed in a browser: on its own, and inside of another site that the browser
//! keeps no cookies for. A walk presses the actions of one section; it is the same in both places, and what
//! the page shows after each is looked at.
//!
//! What a partner has outside of projects is in `account.rs`.

mod addresses;
mod audit;
mod brand;
mod calls;
mod invitations;
mod keys;
mod members;
mod numbers;
mod senders;
mod webhook;

use fantoccini::Locator;
use serde_json::{Value, json};
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, AuditAction, InvitationId, Role};
use zavud::onboarding::{Step, take_step};
use zavud::store::{AuditFilter, Project};

use super::desk::Desk;
use super::embedding::{FRAME, embedded, enter, keep_no_cookies_of_third_parties};
use crate::chromium::Browser;
use crate::looks::Gallery;
use crate::partner;
use crate::support::stand_in::StandIn;

/// The admin, as an owner of the project has it before them.
struct Admin<'a> {
    browser: &'a Browser,
    desk: &'a Desk,
    meta: &'a StandIn,
    gallery: Gallery<'a>,
    /// What the addresses of the project begin with.
    base: String,
    /// What the audit log calls somebody who is here.
    kind: &'static str,
    /// The newest entry of the audit log that was looked at.
    last_entry: i64,
}

/// Walks through the admin on its own, signed in.
async fn on_its_own(walk: impl AsyncFnOnce(&mut Admin<'_>)) {
    let Some(browser) = Browser::open(1_280).await else { return };
    let (meta, desk) = open().await;
    let base = partner::sign_in(&browser, &desk.daemon, Role::Owner).await;
    browser.client.goto(&format!("{base}/invitations")).await.unwrap();
    let gallery = Gallery::of(&browser);
    walk_through(&browser, (&meta, &desk), gallery, "partner", walk).await;
    close(browser, desk).await;
}

/// Walks through the admin in a frame of the documentation's sample.
async fn inside_of_another_site(walk: impl AsyncFnOnce(&mut Admin<'_>)) {
    let Some(browser) = Browser::open(1_280).await else { return };
    keep_no_cookies_of_third_parties(&browser).await;
    let (meta, desk) = open().await;
    let site = embedded(&desk.daemon, Role::Owner, None, true).await;
    enter(&browser, &site).await;
    assert_eq!(browser.eval("document.cookie").await, "", "it needs no cookie");
    let gallery = Gallery::in_frame(&browser, FRAME);
    walk_through(&browser, (&meta, &desk), gallery, "embed", walk).await;
    let leads_out = "document.querySelectorAll('a[href=\"/account\"], a[href^=\"/p/\"]').length";
    assert_eq!(browser.eval(leads_out).await, 0, "nothing leads out of the one project");
    browser.client.enter_parent_frame().await.unwrap();
    close(browser, desk).await;
}

/// A project in which there is something of everything, and Meta.
async fn open() -> (StandIn, Desk) {
    let meta = StandIn::start().await;
    let desk = Desk::open_with(|config| {
        meta.configure(config);
        config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let desk = desk.await;
    (meta, desk)
}

async fn walk_through(
    browser: &Browser,
    (meta, desk): (&StandIn, &Desk),
    gallery: Gallery<'_>,
    kind: &'static str,
    walk: impl AsyncFnOnce(&mut Admin<'_>),
) {
    let here = browser.eval("location.pathname").await;
    let base = here.as_str().unwrap().strip_suffix("/invitations").unwrap().to_owned();
    let mut admin = Admin { browser, desk, meta, gallery, base, kind, last_entry: 0 };
    walk(&mut admin).await;
    admin.gallery.close();
}

async fn close(browser: Browser, desk: Desk) {
    browser.close().await;
    desk.daemon.daemon.stop().await;
}

impl Admin<'_> {
    /// Goes to a section, by the navigation.
    async fn go_to(&self, section: &str) {
        self.press(&format!("header.sidebar nav a[href$='/{section}']")).await;
    }

    /// Goes to a part of the settings.
    async fn go_to_settings(&self, part: &str) {
        self.go_to("settings").await;
        self.press(&format!("nav.parts a[href$='/settings/{part}']")).await;
    }

    /// Opens a page by its address, as a link from elsewhere does.
    async fn open(&self, path: &str) {
        let script = "document.getElementById('main').dataset.isOld = ''; \
            location.assign(arguments[0]);";
        let address = json!(format!("{}{path}", self.base));
        self.browser.client.execute(script, vec![address]).await.unwrap();
        self.browser.wait_for("#main:not([data-is-old])").await;
    }

    /// Presses something, and waits for the page to which it leads.
    async fn press(&self, selector: &str) {
        partner::press(self.browser, selector).await;
    }

    /// Types into the field with this id, over what was there.
    async fn fill(&self, id: &str, text: &str) {
        partner::fill_in(self.browser, id, text).await;
    }

    /// Looks at the state in which an action has left a page.
    async fn look(&mut self, page: &str, state: &str) {
        self.gallery.glance(page, state).await;
    }

    /// The same where a page has few states: in all ways.
    async fn look_well(&mut self, state: &str) {
        self.gallery.look(state).await;
    }

    /// Makes sure that something wrong is said beside its field, that what was typed is still there, and
    /// that the reader was led to the first thing that is wrong.
    async fn is_wrong(&self, id: &str, typed: &str) {
        self.browser.wait_for(&format!("#{id}[aria-invalid=true]")).await;
        let script = "const field = document.getElementById(arguments[0]);
            const said = `${field.id}-error`;
            const first = document.querySelector(
                \"main [aria-invalid='true'], main [role='alert']\");
            return {
                typed: field.value,
                isSaid: document.getElementById(said).textContent !== '',
                isDescribed: field.getAttribute('aria-describedby').split(' ').includes(said),
                isLedTo: document.activeElement === first,
            };";
        let told = self.browser.client.execute(script, vec![json!(id)]).await.unwrap();
        let wanted = json!({
            "typed": typed, "isSaid": true, "isDescribed": true, "isLedTo": true,
        });
        assert_eq!(told, wanted, "{id}");
    }

    /// Makes sure that something was refused which is the fault of no field.
    async fn is_refused(&self) {
        self.browser.wait_for("main [role=alert]").await;
        assert_eq!(self.value_of("document.activeElement.role").await, "alert");
    }

    /// Makes sure that the page says that it was done.
    async fn is_done(&self) {
        self.browser.wait_for("#done[role=status]").await;
    }

    /// Makes sure that the audit log has, as its newest entry, that somebody who is here has done this; tells
    /// to what.
    async fn did(&mut self, action: AuditAction) -> String {
        let entry = self.newest_entry().await;
        assert!(entry.0 > self.last_entry, "nothing was recorded since {entry:?}");
        assert_eq!((entry.1, entry.2), (action, self.kind));
        self.last_entry = entry.0;
        entry.3
    }

    /// Makes sure that nothing was done since.
    async fn did_nothing(&self) {
        let (number, action, ..) = self.newest_entry().await;
        assert_eq!(number, self.last_entry, "{action:?}");
    }

    /// Its number, what was done, by which kind of somebody, and to what.
    async fn newest_entry(&self) -> (i64, AuditAction, &'static str, String) {
        let project = self.desk.daemon.invited.project.clone();
        let read =
            self.desk.daemon.daemon.store.read(move |reader| {
                reader.audit_entries(&project, &AuditFilter::default(), None, 1)
            });
        let entry = read.await.unwrap().pop().expect("something was done");
        let kind = entry.who.parts().0;
        (entry.number, entry.action, kind, entry.subject.unwrap_or_default())
    }

    /// The project as it is stored.
    async fn project(&self) -> Project {
        let id = self.desk.daemon.invited.project.clone();
        let read = self.desk.daemon.daemon.store.read(move |reader| reader.project(&id));
        read.await.unwrap().unwrap()
    }

    /// Cancels an invitation elsewhere: the page is told of it, but not asked.
    async fn cancel_elsewhere(&self, id: &InvitationId) {
        let (id, now) = (id.clone(), SystemClock.now());
        let cancel = self
            .desk
            .daemon
            .daemon
            .store
            .write(move |writer| take_step(writer, &id, &Step::Cancel, Actor::Partner, now));
        cancel.await.unwrap().unwrap();
    }

    /// How many elements there are.
    async fn count(&self, selector: &str) -> u64 {
        let count = format!("document.querySelectorAll(\"{selector}\").length");
        self.value_of(&count).await.as_u64().unwrap()
    }

    /// What stands in the first element.
    async fn text_of(&self, selector: &str) -> String {
        self.browser.wait_for(selector).await;
        self.browser.text_of(selector).await
    }

    async fn value_of(&self, expression: &str) -> Value {
        self.browser.eval(expression).await
    }

    /// Chooses a file for a field.
    async fn choose_file(&self, id: &str, name: &str, content: &[u8]) {
        let folder = self.browser.folder();
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        let field = self.browser.client.find(Locator::Id(id)).await.unwrap();
        field.send_keys(path.to_str().unwrap()).await.unwrap();
    }
}
