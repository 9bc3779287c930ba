//! Each state of a page as it is looked at: narrow and wide, light and dark.
//!
//! A picture of each is left in `target/screenshots/`, for people. Machines look whether the page fits
//! its width, and whether it is accessible.

use std::fmt;

use serde_json::json;

use super::accessibility;
use super::chromium::{Browser, beside_the_build};

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
    faults: Vec<String>,
}

impl<'a> Gallery<'a> {
    /// For states that look alike in all languages, or are there in one only.
    pub(crate) fn of(browser: &'a Browser) -> Self {
        Self { browser, looks: &Look::ALL, language: None, faults: Vec::new() }
    }

    /// For the same states in one language after the other: what the words of another one can spoil is
    /// seen where there is least room.
    pub(crate) fn in_language(browser: &'a Browser, language: &str) -> Self {
        let looks = if language == "en" { &Look::ALL[..] } else { &Look::ALL[..1] };
        Self { browser, looks, language: Some(language.to_owned()), faults: Vec::new() }
    }

    /// Looks at what the page shows, in each way. `state` names the pictures.
    pub(crate) async fn look(&mut self, state: &str) {
        for &look in self.looks {
            self.look_once(state, look).await;
        }
    }

    async fn look_once(&mut self, state: &str, look: Look) {
        let mut name = format!("{state}-{look}");
        if let Some(language) = &self.language {
            name = format!("{language}-{name}");
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
        let violations = accessibility::violations(self.browser).await;
        self.faults.extend(violations.into_iter().map(|fault| format!("{name}: {fault}")));
    }

    /// Nothing was wrong.
    pub(crate) fn close(self) {
        let Self { faults, .. } = self;
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }
}
