//! Each state of a page as it is looked at: narrow and wide, light and dark.
//!
//! A picture of each is left in `target/screenshots/`, for people. Machines look whether the page fits
//! its width, and whether it is accessible.

use std::collections::BTreeMap;
use std::fmt;

use fantoccini::Locator;

use serde_json::json;

use super::accessibility;
use super::chromium::{Browser, beside_the_build};
use super::partner::wait_until;

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
struct Look {
    width: u32,
    scheme: &'static str,
}

impl Look {
    const ALL: [Self; 4] = [
        Self { width: 320, scheme: "light" },
        Self { width: 320, scheme: "dark" },
        Self { width: 1_280, scheme: "light" },
        Self { width: 1_280, scheme: "dark" },
    ];
}

impl fmt::Display for Look {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.width, self.scheme)
    }
}

/// Looks at states one after the other, and says in the end what is wrong with any.
pub(crate) struct Gallery<'a> {
    browser: &'a Browser,
    looks: &'static [Look],
    /// Of pages that are there in several.
    language: Option<String>,
    /// The frame of another site in which the pages are, and the driver between two looks.
    frame: Option<&'static str>,
    /// How often each page was glanced at.
    glances: BTreeMap<String, usize>,
    faults: Vec<String>,
}

impl<'a> Gallery<'a> {
    /// For states that look alike in all languages, or are there in one only.
    pub(crate) fn of(browser: &'a Browser) -> Self {
        Self {
            browser,
            looks: &Look::ALL,
            language: None,
            frame: None,
            glances: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// For pages in the frame with this id. The pictures are of the site round it, which makes the frame
    /// as high as the page says it is; what is judged is the page.
    pub(crate) fn in_frame(browser: &'a Browser, id: &'static str) -> Self {
        Self { frame: Some(id), ..Self::of(browser) }
    }

    /// For the same states in one language after the other: what the words of another one can spoil is
    /// seen where there is least room.
    pub(crate) fn in_language(browser: &'a Browser, language: &str) -> Self {
        let looks = if language == "en" { &Look::ALL[..] } else { &Look::ALL[..1] };
        Self { looks, language: Some(language.to_owned()), ..Self::of(browser) }
    }

    /// Looks at what the page shows, in each way. `state` names the pictures.
    pub(crate) async fn look(&mut self, state: &str) {
        for &look in self.looks {
            self.look_once(state, look).await;
        }
    }

    /// Looks at a page in one of the ways, each time in the next one: for pages that are seen in many
    /// states. By the end it has to be seen in all of the ways.
    pub(crate) async fn glance(&mut self, page: &str, state: &str) {
        let glances = self.glances.entry(page.to_owned()).or_default();
        let look = Look::ALL[*glances % Look::ALL.len()];
        *glances += 1;
        self.look_once(&format!("{page}-{state}"), look).await;
    }

    async fn look_once(&mut self, state: &str, look: Look) {
        let name = self.name(state, look);
        if let Some(language) = &self.language {
            let told = self.browser.eval("document.documentElement.lang.split('-')[0]").await;
            if told != language.as_str() {
                self.faults.push(format!("{name}: says that its language is {told}"));
            }
        }
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": look.scheme },
            // What moves would look different each time.
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.browser.devtools("Emulation.setEmulatedMedia", media).await;
        self.browser.resize(look.width, 100).await;
        self.leave_the_frame(&name).await;
        let size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]";
        let size = self.browser.eval(size).await;
        let [width, height] = [0, 1].map(|index| size[index].as_u64().unwrap() as u32);
        if width > look.width {
            self.faults.push(format!("{name}: scrolls sideways, to {width} pixels"));
        }
        self.browser.resize(look.width, height).await;
        let picture = self.browser.client.screenshot().await.unwrap();
        let folder = beside_the_build("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
        self.enter_the_frame().await;
        let violations = accessibility::violations(self.browser).await;
        self.faults.extend(violations.into_iter().map(|fault| format!("{name}: {fault}")));
    }

    /// Leaves the frame, when it has the room that its page has asked the site for.
    async fn leave_the_frame(&mut self, name: &str) {
        if self.frame.is_none() {
            return;
        }
        let browser = self.browser;
        browser.client.enter_parent_frame().await.unwrap();
        let width = browser.eval("document.documentElement.clientWidth").await;
        self.enter_the_frame().await;
        // 40rem are what the site of the documentation keeps free at least.
        let has_room = format!(
            "innerWidth === {width} && innerHeight ===
            Math.max(640, Math.ceil(document.documentElement.getBoundingClientRect().height))"
        );
        wait_until(browser, &has_room).await;
        let needed = browser.eval("document.documentElement.scrollWidth").await;
        if needed.as_u64() > width.as_u64() {
            self.faults.push(format!("{name}: scrolls sideways in its frame, to {needed} pixels"));
        }
        browser.client.enter_parent_frame().await.unwrap();
    }

    async fn enter_the_frame(&self) {
        let Some(id) = self.frame else { return };
        let frame = self.browser.client.find(Locator::Id(id)).await.unwrap();
        frame.enter_frame().await.unwrap();
    }

    /// Of a picture.
    fn name(&self, state: &str, look: Look) -> String {
        let language = self.language.as_ref().map(|language| format!("{language}-"));
        let frame = self.frame.map(|_| "embedded-");
        format!("{}{}{state}-{look}", language.unwrap_or_default(), frame.unwrap_or_default())
    }

    /// Nothing was wrong.
    pub(crate) fn close(self) {
        let Self { mut faults, glances, .. } = self;
        let unseen = glances.iter().filter(|(_, glances)| **glances < Look::ALL.len());
        faults.extend(unseen.map(|(page, glances)| format!("{page}: seen in {glances} ways only")));
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }
}
