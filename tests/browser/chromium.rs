//! Debian's Chromium, driven by its WebDriver, and by DevTools where WebDriver has no word for it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{post_with, skip};

/// How long the page may take to show what is in the store, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How often a page is asked meanwhile.
pub(crate) const EVERY: Duration = Duration::from_millis(20);

/// How often something is clicked that does not hear it.
const MOST_CLICKS: usize = 20;

/// Of a small laptop. Pictures are as high as their page.
const HEIGHT: u32 = 900;

pub(crate) struct Browser {
    driver: Child,
    driver_address: SocketAddr,
    pub(crate) client: Client,
    profile: TempDir,
}

impl Browser {
    /// With windows that are `width` pixels wide. `None` when there is no Chromium: the test is skipped.
    pub(crate) async fn open(width: u32) -> Option<Self> {
        Self::open_for(width, "en").await
    }

    /// The same for somebody who speaks this language.
    pub(crate) async fn open_for(width: u32, language: &str) -> Option<Self> {
        let Some((driver, driver_address)) = start_driver() else {
            missing("chromedriver is not installed");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let client = ClientBuilder::new(connector)
            .capabilities(capabilities(profile.path(), language).as_object().unwrap().clone())
            .connect(&format!("http://{driver_address}"))
            .await
            .unwrap();
        let browser = Self { driver, driver_address, client, profile };
        browser.resize(width, HEIGHT).await;
        Some(browser)
    }

    /// Makes the page that is looked at as large as this. A window can not be as narrow as a phone, a
    /// page can.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// A command of the DevTools protocol for the page that is looked at.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let path = format!("/session/{session}/goog/cdp/execute");
        let body = json!({ "cmd": command, "params": parameters }).to_string();
        let headers = [("content-type", "application/json")];
        let answer = post_with(self.driver_address, &path, &headers, &body).await;
        assert_eq!(answer.status, 200, "{command}: {}", answer.text());
        serde_json::from_str::<Value>(answer.text()).unwrap()["value"].take()
    }

    /// Runs this in each document that is opened from now on, before its own scripts.
    pub(crate) async fn run_first(&self, script: &str) {
        let source = json!({ "source": script });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source).await;
    }

    /// Waits until the part of this stage is the one that is shown.
    pub(crate) async fn wait_for_stage(&self, stage: &str) {
        self.wait_for(&format!("[data-stage={stage}]:not([hidden])")).await;
    }

    /// Waits until the part of this state of the sign-up is the one that is shown.
    pub(crate) async fn wait_for_signup(&self, state: &str) {
        self.wait_for(&format!("[data-signup={state}]:not([hidden])")).await;
    }

    /// Waits until the words for this failure of a sign-up are shown.
    pub(crate) async fn wait_for_failure(&self, failure: &str) {
        self.wait_for(&format!("[data-failure={failure}]:not([hidden])")).await;
    }

    /// Waits until the page has an element that this selects.
    pub(crate) async fn wait_for(&self, selector: &str) {
        let wait = self.client.wait().at_most(PATIENCE).every(EVERY);
        if let Err(error) = wait.for_element(Locator::Css(selector)).await {
            let page = self.eval("document.body.innerText").await;
            panic!("the page does not show {selector:?}: {error}\n{}", page.as_str().unwrap());
        }
    }

    /// Clicks what this selects. A page that is live may have put another element in its place since it
    /// was found: that one is meant then. A frame that has just grown may not be where the browser believes
    /// it to be: a click that no document of ours has heard went past it, and is made again.
    pub(crate) async fn click(&self, selector: &str) {
        let listen = "window.isClicked = false;
            const hear = () => { window.isClicked = true; };
            document.addEventListener('click', hear, { capture: true, once: true });";
        for _ in 0..MOST_CLICKS {
            let found = self.client.find(Locator::Css(selector)).await.unwrap();
            self.client.execute(listen, vec![]).await.unwrap();
            match found.click().await {
                Err(error) if error.is_stale_element_reference() => continue,
                clicked => clicked.unwrap(),
            }
            // A window that it closes answers no more.
            let unheard = self.client.execute("return window.isClicked === false", vec![]).await;
            if !unheard.is_ok_and(|unheard| unheard == true) {
                return;
            }
        }
        panic!("{selector:?} hears no click");
    }

    /// Types into the field with this id, in place of what is there.
    pub(crate) async fn fill(&self, id: &str, text: &str) {
        let field = self.client.find(Locator::Id(id)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Leaves a mark in the page that is gone when it is loaded again.
    pub(crate) async fn mark(&self) {
        self.client.execute("window.isMarked = true", vec![]).await.unwrap();
    }

    pub(crate) async fn is_marked(&self) -> bool {
        self.eval("window.isMarked === true").await == true
    }

    /// What stands in the element with this id.
    pub(crate) async fn text(&self, id: &str) -> String {
        let text = self.eval(&format!("document.getElementById('{id}').textContent")).await;
        text.as_str().unwrap().to_owned()
    }

    /// What stands in the first element that this selects.
    pub(crate) async fn text_of(&self, selector: &str) -> String {
        self.client.find(Locator::Css(selector)).await.unwrap().text().await.unwrap()
    }

    /// A folder of its own, for what it is given to send.
    pub(crate) fn folder(&self) -> &Path {
        self.profile.path()
    }

    /// Waits for a file that the page lets somebody keep, and tells what is in it.
    pub(crate) async fn downloaded(&self, name: &str) -> String {
        // It has another name until it is whole.
        let file = downloads(self.profile.path()).join(name);
        let whole = async {
            loop {
                match std::fs::read_to_string(&file) {
                    Ok(text) => break text,
                    Err(_) => tokio::time::sleep(EVERY).await,
                }
            }
        };
        let whole = tokio::time::timeout(PATIENCE, whole).await;
        assert!(whole.is_ok(), "{name} never comes");
        // The next one with this name is to have it as well.
        std::fs::remove_file(file).unwrap();
        whole.unwrap()
    }

    /// What this expression is.
    pub(crate) async fn eval(&self, expression: &str) -> Value {
        self.client.execute(&format!("return {expression}"), vec![]).await.unwrap()
    }

    pub(crate) async fn close(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    /// Ends the driver, and with it a Chromium that a failed test did not close.
    fn drop(&mut self) {
        let asked = TcpStream::connect(self.driver_address).and_then(|mut driver| {
            driver.set_read_timeout(Some(PATIENCE))?;
            let request = b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            driver.write_all(request)?;
            driver.read_to_end(&mut Vec::new())
        });
        // It has closed its windows by then, or never will.
        let _ = (asked, self.driver.kill(), self.driver.wait());
    }
}

/// Something is not there that the tests need. The one that asks is skipped, and said to be; it fails
/// where everything is required to be there.
pub(crate) fn missing(what: &str) {
    let required = std::env::var_os("ZAVUD_BROWSER").is_some_and(|value| value == "required");
    assert!(!required, "{what}, and ZAVUD_BROWSER says that it is required");
    // The harness names the thread of a test after it.
    let thread = std::thread::current();
    skip(thread.name().unwrap_or_default(), what);
}

/// Where what is built lies.
pub(crate) fn beside_the_build(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("..").join(name)
}

/// chromedriver on a free port, which it tells.
fn start_driver() -> Option<(Child, SocketAddr)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = loop {
        let line = lines.next().expect("chromedriver starts").unwrap();
        if let Some((_, rest)) = line.split_once("successfully on port ") {
            break rest.trim_end_matches('.').parse().unwrap();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    Some((driver, SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
}

/// Where a browser keeps the files that it was given.
fn downloads(profile: &Path) -> PathBuf {
    profile.join("downloads")
}

fn capabilities(profile: &Path, language: &str) -> Value {
    json!({
        "browserName": "chrome",
        "goog:chromeOptions": {
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                format!("--accept-lang={language}"),
                format!("--user-data-dir={}", profile.display()),
            ],
            "prefs": { "download.default_directory": downloads(profile) },
        },
    })
}
