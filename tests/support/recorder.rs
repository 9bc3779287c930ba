//! What an open page was shown.

use std::time::Duration;

use tokio::time::timeout;
use zavud::cli::page_watcher::PageWatcher;
use zavud::domain::CodeStage;

/// Longer than any stage of a call lasts, on a busy machine: a test that waits in vain fails
/// instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The stages that the page shows, up to and with the first that `is_last` accepts.
pub(crate) async fn stages_until(
    page: &mut PageWatcher,
    is_last: impl Fn(&CodeStage) -> bool,
) -> Vec<CodeStage> {
    let mut stages = Vec::new();
    loop {
        let next = timeout(PATIENCE, page.next()).await;
        let next = next.unwrap_or_else(|_| panic!("nothing follows {stages:?}"));
        let seen = next.unwrap().expect("the stream goes on");
        let done = is_last(&seen.stage);
        stages.push(seen.stage);
        if done {
            return stages;
        }
    }
}

/// The code that the page shows in the end.
pub(crate) async fn code_on(page: &mut PageWatcher) -> String {
    let is_end =
        |stage: &CodeStage| matches!(stage, CodeStage::Code { .. } | CodeStage::Unreadable { .. });
    let stages = stages_until(page, is_end).await;
    let Some(CodeStage::Code { code, .. }) = stages.last() else { panic!("{stages:?}") };
    code.expose().to_owned()
}
