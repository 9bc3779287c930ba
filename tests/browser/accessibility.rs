//! What axe-core finds wrong with a page (WCAG 2.2 AA, and what its authors hold for good practice).
//!
//! It goes into the page by the driver, which the page's own policy does not concern.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::chromium::{Browser, beside_the_build, missing};

const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// A line a violation: the rule, what it says, and where it is broken.
const CHECK: &str = "const [tags, done] = arguments;
    const line = ({ id, help, nodes }) =>
        `${id}: ${help}: ${nodes.map(({ target, any }) =>
            [target, ...any.map(({ message }) => message)].join(' ')).join('; ')}`;
    // The only rule of WCAG 2.2 is off unless it is asked for by name.
    const rules = { 'target-size': { enabled: true } };
    axe.run({ runOnly: tags, rules, resultTypes: ['violations'] })
        .then(({ violations }) => done(violations.map(line)), (error) => done([String(error)]));";

/// What is wrong with the page; nothing where axe-core is not there, which is said once.
pub(crate) async fn violations(browser: &Browser) -> Vec<String> {
    let Some(axe) = axe() else { return Vec::new() };
    if browser.eval("typeof axe === 'undefined'").await == true {
        browser.client.execute(axe, vec![]).await.unwrap();
    }
    let found = browser.client.execute_async(CHECK, vec![json!(TAGS)]).await.unwrap();
    found.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Its script, which `scripts/setup.sh` puts beside the build.
fn axe() -> Option<&'static str> {
    static AXE: OnceLock<Option<String>> = OnceLock::new();
    let read = || {
        let path = beside_the_build("node_modules/axe-core/axe.min.js");
        let script = std::fs::read_to_string(path).ok();
        if script.is_none() {
            missing("axe-core is not installed");
        }
        script
    };
    AXE.get_or_init(read).as_deref()
}

#[tokio::test]
async fn a_page_that_not_all_can_use_is_found_out() {
    let Some(browser) = Browser::open(320).await else { return };
    if axe().is_some() {
        let page = "<!doctype html><html lang=en><title>A</title><main><h1>A</h1>
            <p style='color:%23ccc'>pale</p>
            <button style='all:unset;width:9px;height:9px'>a</button><button
            style='all:unset;width:9px;height:9px'>b</button></main>";
        browser.client.goto(&format!("data:text/html,{page}")).await.unwrap();
        let found = violations(&browser).await;
        let rules: Vec<_> = found.iter().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(rules, ["color-contrast", "target-size"], "{found:#?}");
    }
    browser.close().await;
}
