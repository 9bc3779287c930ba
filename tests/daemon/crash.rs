//! kill -9 in the middle of a call: after a restart the page shows what the store had.

use std::path::Path;
use std::sync::Arc;

use zavud::cli::page_watcher::{PageWatcher, Seen};
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{CallOutcome, CodeStage, EventId};
use zavud::store::Store;

use crate::support::{Invited, NUMBER, Serving, call, half_a_code, silence, stages_until, voice};

const CODE: &str = "360815";

/// Kills the daemon when the page of a call in which this is said shows a stage that `moment`
/// accepts; starts it again, and returns that stage, what the page shows then, and the
/// call's outcome.
async fn kill_and_restart(
    said: Vec<i16>,
    moment: impl Fn(&CodeStage) -> bool,
) -> (CodeStage, Vec<Seen>, Option<CallOutcome>) {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("zavud.db");
    let invited = invite(&database).await;
    let link = |serving: &Serving| format!("http://{}/i/{}", serving.web, invited.token.expose());

    let serving = Serving::start(&database);
    let mut page = PageWatcher::open(&link(&serving), None).await.unwrap();
    let calling = tokio::spawn(call(serving.sip, NUMBER, said));
    let shown = stages_until(&mut page, moment).await.pop().unwrap();
    serving.kill();
    calling.abort();

    let serving = Serving::start(&database);
    let mut page = PageWatcher::open(&link(&serving), None).await.unwrap();
    let now = page.next().await.unwrap().unwrap();
    let mut page = PageWatcher::open(&link(&serving), Some(EventId(0))).await.unwrap();
    let mut replayed = Vec::new();
    while replayed.last().is_none_or(|seen: &Seen| seen.id < now.id) {
        replayed.push(page.next().await.unwrap().unwrap());
    }
    assert_eq!(replayed.last(), Some(&now), "a replay ends where a new page begins");
    assert!(serving.terminate());

    let store = Store::open(&database, Box::new(|_| {})).unwrap();
    let invitation = invited.invitation.clone();
    let outcomes = store.read(move |reader| reader.call_outcomes(&invitation)).await.unwrap();
    let [outcome] = outcomes[..] else { panic!("one call was made: {outcomes:?}") };
    (shown, replayed, outcome)
}

async fn invite(database: &Path) -> Invited {
    let store = Arc::new(Store::open(database, Box::new(|_| {})).unwrap());
    Invited::make(&store, SystemClock.now()).await
}

#[tokio::test]
async fn digits_of_half_a_code_stay_what_they_were_and_the_call_counts_as_interrupted() {
    // The rest of the code never comes, however long the reader takes for this much.
    let said = [half_a_code(CODE), silence(60)].concat();
    let some_digits =
        |stage: &CodeStage| matches!(stage, CodeStage::Listening { digits } if digits.len() > 1);
    let (shown, replayed, outcome) = kill_and_restart(said, some_digits).await;
    let CodeStage::Listening { digits } = shown else { unreachable!("that was waited for") };
    // More may have been committed between what the page saw and the end.
    let Some(Seen { stage: CodeStage::Unreadable { digits: kept }, .. }) = replayed.last() else {
        panic!("the page shows that nothing more will come: {replayed:?}");
    };
    let heard_last = replayed.iter().rev().find_map(|seen| match &seen.stage {
        CodeStage::Listening { digits } => Some(digits),
        _ => None,
    });
    assert_eq!(Some(kept), heard_last, "no digit was lost or invented");
    assert!(
        replayed.iter().any(|seen| seen.stage == CodeStage::Listening { digits: digits.clone() })
    );
    assert!(!replayed.iter().any(|seen| matches!(seen.stage, CodeStage::Code { .. })));
    assert_eq!(outcome, Some(CallOutcome::Interrupted));
}

#[tokio::test]
async fn a_code_that_was_shown_is_still_shown() {
    let (shown, replayed, outcome) =
        kill_and_restart(voice(CODE).samples, |stage| matches!(stage, CodeStage::Code { .. }))
            .await;
    assert!(matches!(&shown, CodeStage::Code { code, .. } if code.expose() == CODE));
    assert_eq!(replayed.last().map(|seen| &seen.stage), Some(&shown));
    assert_eq!(outcome, Some(CallOutcome::CodeRead));
}
