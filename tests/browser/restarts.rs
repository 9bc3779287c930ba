//! The daemon is killed at each stage of an open page, and started again on the same port and database:
//! the page is true again without a reload.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{CallId, CallPurpose, CodeStage};
use zavud::store::{EventKind, NewCall, NewEvent, Store};

use crate::chromium::Browser;
use crate::signup::{answer, connected, open_window, say, with_code};
use crate::support::stand_in::StandIn;
use crate::support::{CODE, Invited, NUMBER, Serving, call, half_a_code, silence, voice};

/// A page and a daemon that can be killed under it.
struct Open {
    browser: Browser,
    meta: StandIn,
    invited: Invited,
    database: PathBuf,
    address: SocketAddr,
    serving: Option<Serving>,
    _directory: TempDir,
}

impl Open {
    async fn page() -> Option<Self> {
        let browser = Browser::open(1_280).await?;
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("zavud.db");
        let store = Arc::new(Store::open(&database, Box::new(|_| {})).unwrap());
        let invited = Invited::make(&store, SystemClock.now()).await;
        drop(store);
        let meta = StandIn::start().await;
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let serving = Serving::start_with(&database, any, &meta.section());
        let address = serving.web;
        let link = format!("http://{address}/i/{}", invited.token.expose());
        browser.client.goto(&link).await.unwrap();
        browser.mark().await;
        let (serving, _directory) = (Some(serving), directory);
        Some(Self { browser, meta, invited, database, address, serving, _directory })
    }

    /// SIGKILL. The page says that it has lost its connection.
    async fn kill(&mut self) {
        self.serving.take().unwrap().kill();
        self.browser.wait_for("#offline:not([hidden])").await;
    }

    /// Starts the daemon again.
    fn start(&mut self) {
        self.serving =
            Some(Serving::start_with(&self.database, self.address, &self.meta.section()));
    }

    /// Waits until the page is connected again, and makes sure that it is the same one.
    async fn is_back(&self) {
        self.browser.wait_for("#offline[hidden]").await;
        assert!(self.browser.is_marked().await, "the page was loaded again");
    }

    /// Places a call in which this is said.
    fn call(&self, said: Vec<i16>) -> JoinHandle<()> {
        let sip = self.serving.as_ref().unwrap().sip;
        tokio::spawn(async move {
            // It is cut off by the end of the daemon.
            let _ = call(sip, NUMBER, said).await;
        })
    }

    async fn end(self) {
        self.browser.close().await;
        assert!(self.serving.unwrap().terminate());
    }
}

/// What a daemon that is killed while a call rings leaves behind: too short a time to be met.
async fn leave_a_call_ringing(open: &Open) {
    let store = Arc::new(Store::open(&open.database, Box::new(|_| {})).unwrap());
    let now = SystemClock.now();
    let Invited { project, invitation, .. } = open.invited.clone();
    let write = store.write(move |writer| {
        let id = CallId::new(now, [9; 10]);
        writer.insert_call(&NewCall {
            id: id.clone(),
            project: project.clone(),
            number: writer.own_number(&NUMBER.parse().unwrap())?.unwrap().id,
            purpose: CallPurpose::Invitation(invitation.clone()),
            trunk: "loopback".into(),
            sip_call_id: "1@127.0.0.1".into(),
            caller: None,
            rang_at: now,
        })?;
        let stage = Some(CodeStage::Ringing.into());
        let kind = EventKind::CallRinging;
        writer.append_event(&NewEvent { project, invitation, call: Some(id), kind, at: now, stage })
    });
    write.await.unwrap();
}

#[tokio::test]
async fn an_open_page_outlives_the_daemon_while_it_waits_and_while_a_call_rings() {
    let Some(mut open) = Open::page().await else { return };
    open.browser.wait_for_stage("waiting").await;
    open.kill().await;
    open.start();
    open.is_back().await;
    open.browser.wait_for_stage("waiting").await;

    open.kill().await;
    leave_a_call_ringing(&open).await;
    // The page is told what it missed, and that nobody rings any more.
    let watch = "window.seen = [];
        new MutationObserver(() => {
            const shown = document.querySelector('[data-stage]:not([hidden])').dataset.stage;
            if (seen.at(-1) !== shown) seen.push(shown);
        }).observe(document.getElementById('stage'), { subtree: true, attributes: true });";
    open.browser.client.execute(watch, vec![]).await.unwrap();
    open.start();
    open.is_back().await;
    let wait = "const [done] = arguments;
        const look = () => seen.length > 1 ? done(seen) : setTimeout(look, 20);
        look();";
    let seen = open.browser.client.execute_async(wait, vec![]).await.unwrap();
    assert_eq!(seen, json!(["ringing", "waiting"]));
    open.end().await;
}

#[tokio::test]
async fn an_open_page_outlives_the_daemon_while_a_code_is_spoken_and_while_it_is_shown() {
    let Some(mut open) = Open::page().await else { return };
    let calling = open.call([half_a_code(CODE), silence(60)].concat());
    open.browser.wait_for("[data-stage=listening] li:nth-child(2):not(:empty)").await;
    open.kill().await;
    calling.abort();
    open.start();
    open.browser.wait_for_stage("unreadable").await;
    open.is_back().await;
    open.browser.wait_for("#recording:not([hidden])").await;

    let calling = open.call(voice(CODE).samples);
    open.browser.wait_for_stage("code").await;
    open.kill().await;
    calling.abort();
    open.start();
    open.is_back().await;
    open.browser.wait_for_stage("code").await;
    let shown = open.browser.eval("document.getElementById('copy-code').dataset.copy").await;
    assert_eq!(shown, CODE);
    open.end().await;
}

#[tokio::test]
async fn an_open_page_outlives_the_daemon_while_meta_s_window_is_open_and_while_it_finishes() {
    let Some(mut open) = Open::page().await else { return };
    open_window(&open.browser).await;
    open.kill().await;
    open.start();
    open.is_back().await;
    open.browser.wait_for_signup("open").await;
    // The attempt is still known.
    say(&open.browser, "CANCEL", json!({ "current_step": "PERMISSIONS" })).await;
    answer(&open.browser, json!({ "status": "unknown", "authResponse": null })).await;
    open.browser.wait_for_failure("cancelled").await;

    for held in ["/access_token", "/subscribed_apps"] {
        open_window(&open.browser).await;
        open.meta.hold(held);
        answer(&open.browser, with_code()).await;
        say(&open.browser, "FINISH", connected()).await;
        open.browser.wait_for_signup("finishing").await;
        open.kill().await;
        open.meta.release();
        open.start();
        open.is_back().await;
        if held == "/access_token" {
            // Nobody knows whether the code was used up: the client begins again.
            open.browser.wait_for_failure("interrupted").await;
        }
    }
    open.browser.wait_for_signup("done").await;
    assert!(open.browser.text("sender").await.starts_with("snd_"));
    open.end().await;
}
