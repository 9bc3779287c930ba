//! The page in the name of a company: its colour, its logo, and the way back to its own pages.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, CodeStage, Logo, OriginPurpose, ProjectId, Redirects};
use zavud::onboarding::{Step, take_step};
use zavud::store::NewConnection;

use crate::chromium::{Browser, PATIENCE};
use crate::closed_pages::wait_for_status;
use crate::code_stages::show;
use crate::looks::Gallery;
use crate::signup::{answer, connected, open_window, say, with_code};
use crate::support::TestDaemon;
use crate::support::stand_in::StandIn;

/// A name with everything in it that has broken pages, and no place to break it.
const COMPANY: &str = "Söhne & Töchter \"<b>\" \u{5d0}\u{5d1}\u{5d2} \u{1f600} \
    Donaudampfschifffahrtsgesellschaftskapitänsmützenhersteller";

async fn call_it(daemon: &TestDaemon, project: ProjectId, colour: &str, logo: Vec<u8>) {
    let (name, colour) = (COMPANY.parse().unwrap(), colour.parse().unwrap());
    let logo = Logo::parse(logo).unwrap();
    let brand = daemon.daemon.store.write(move |writer| {
        writer.set_company(&project, &name)?;
        writer.set_colour(&project, Some(colour))?;
        writer.put_logo(&project, &logo)
    });
    brand.await.unwrap();
}

#[tokio::test]
async fn anybody_can_read_a_page_in_the_colour_of_any_company() {
    let Some(browser) = Browser::open(320).await else { return };
    let meta = StandIn::start().await;
    // Any picture is a logo: here it is one of an empty page.
    browser.resize(240, 60).await;
    let logo = browser.client.screenshot().await.unwrap();
    for colour in ["#ffe600", "#000000", "#ffffff", "#e60023"] {
        let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
        let project = daemon.invited.project.clone();
        call_it(&daemon, project, colour, logo.clone()).await;
        let name = format!("brand-{}", &colour[1..]);
        let mut gallery = Gallery::of(&browser);
        browser.client.goto(&daemon.link()).await.unwrap();
        browser.wait_for_signup("not_begun").await;
        gallery.look(&format!("{name}-not-begun")).await;
        let valid_until = SystemClock.now() + Duration::from_secs(600);
        let code = "481529".parse().unwrap();
        show(&daemon, CodeStage::Code { code, valid_until }).await;
        browser.wait_for_stage("code").await;
        gallery.look(&format!("{name}-code")).await;
        let invitation = daemon.invited.invitation.clone();
        let cancel = daemon.daemon.store.write(move |writer| {
            take_step(writer, &invitation, &Step::Cancel, Actor::Partner, SystemClock.now())
        });
        cancel.await.unwrap().unwrap();
        wait_for_status(&browser, 410).await;
        gallery.look(&format!("{name}-cancelled")).await;
        gallery.close();
        daemon.daemon.stop().await;
    }
    browser.close().await;
}

/// The link of an invitation whose client goes to the stand-in's pages in the end.
async fn invite_and_lead_on(daemon: &TestDaemon, meta: &StandIn) -> String {
    let (project, origin) = (daemon.invited.project.clone(), meta.origin.parse().unwrap());
    let allow = daemon
        .daemon
        .store
        .write(move |writer| writer.allow_origin(&project, OriginPurpose::Redirect, &origin));
    allow.await.unwrap();
    let page = |name: &str| Some(format!("{}/{name}", meta.origin).parse().unwrap());
    let invited = daemon.invite_with(NewConnection::Coexistence, |new| {
        new.redirects = Redirects {
            success: page("thanks"),
            failure: page("again"),
            state: Some("a b&c".parse().unwrap()),
        };
    });
    daemon.link_of(&invited.await)
}

#[tokio::test]
async fn a_client_is_led_on_with_the_state_of_the_partner_unless_they_stay() {
    let Some(browser) = Browser::open(320).await else { return };
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    let mut gallery = Gallery::of(&browser);
    let link = invite_and_lead_on(&daemon, &meta).await;
    // The ten seconds until the page goes on by itself are as long as this says.
    let clock = |ms: u32| {
        format!(
            "{{ const wait = setTimeout;
            window.setTimeout = (task, ms, ...rest) => wait(task, ms === 10_000 ? {ms} : ms, ...rest); }}"
        )
    };
    browser.run_first(&clock(1 << 30)).await;
    browser.client.goto(&link).await.unwrap();

    open_window(&browser).await;
    say(&browser, "CANCEL", json!({ "current_step": "PERMISSIONS" })).await;
    answer(&browser, json!({ "status": "unknown", "authResponse": null })).await;
    browser.wait_for("#back:not([hidden])").await;
    let back = "document.querySelector('#back a').href";
    let back = browser.eval(back).await.as_str().unwrap().to_owned();
    assert!(
        back.starts_with(&format!("{}/again?state=a+b%26c&status=failed", meta.origin)),
        "{back}"
    );
    gallery.look("onward-failed").await;

    open_window(&browser).await;
    answer(&browser, with_code()).await;
    say(&browser, "FINISH", connected()).await;
    browser.wait_for("#stay:not([hidden])").await;
    gallery.look("onward-soon").await;
    browser.click("#stay").await;
    browser.wait_for("#stay[hidden]").await;
    assert_eq!(browser.eval("document.activeElement.matches('#onward a')").await, true);
    gallery.look("onward-stays").await;
    gallery.close();

    // Whoever opens the link once more is led on as well.
    browser.run_first(&clock(0)).await;
    browser.client.refresh().await.unwrap();
    let arrived = "location.pathname === '/thanks' && location.search";
    let arrive = async {
        loop {
            if let Some(query) = browser.eval(arrived).await.as_str() {
                return query.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let query = timeout(PATIENCE, arrive).await.unwrap();
    assert!(query.starts_with("?state=a+b%26c&status=completed&invitationId=inv_"), "{query}");
    assert!(query.contains("&senderId=snd_"), "{query}");
    browser.close().await;
    daemon.daemon.stop().await;
}
