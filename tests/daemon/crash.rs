//! kill -9 in the middle of a call: after a restart the page shows what the store had.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use zavud::cli::page_watcher::{PageWatcher, Seen};
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, CallOutcome, CodeStage, EventId, InvitationToken, Recording};
use zavud::onboarding::{Step, take_step};
use zavud::speech::audio_file;
use zavud::store::{NewLink, Store};

use crate::support::{
    Invited, NUMBER, Serving, call, get, half_a_code, recordings_of, silence, stages_until, voice,
    zavud,
};

const CODE: &str = "360815";

struct Aftermath {
    /// What the page showed when the daemon was killed.
    shown: CodeStage,
    /// What the page shows when it is opened again, from the beginning.
    replayed: Vec<Seen>,
    outcome: Option<CallOutcome>,
    /// The recording that the page offers.
    recording: Option<Vec<i16>>,
    /// How many recordings lie on the disk in the end.
    files: usize,
}

/// Kills the daemon when the page of a call in which this is said shows a stage that `moment`
/// accepts; starts it again, and returns what came of it.
async fn kill_and_restart(said: Vec<i16>, moment: impl Fn(&CodeStage) -> bool) -> Aftermath {
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
    let recording = match &now.stage {
        CodeStage::Unreadable { recording: Recording::Kept { call, .. }, .. } => {
            let path = format!("/i/{}/recordings/{call}", invited.token.expose());
            let answer = get(serving.web, &path).await;
            assert_eq!(answer.status, StatusCode::OK);
            let file = directory.path().join("heard.wav");
            std::fs::write(&file, &answer.body).unwrap();
            Some(audio_file::read(&file).unwrap())
        }
        _ => None,
    };
    assert!(serving.terminate());

    let store = Store::open(&database, Box::new(|_| {})).unwrap();
    let invitation = invited.invitation.clone();
    let outcomes = store.read(move |reader| reader.call_outcomes(&invitation)).await.unwrap();
    let [outcome] = outcomes[..] else { panic!("one call was made: {outcomes:?}") };
    let files = recordings_of(&database).len();
    Aftermath { shown, replayed, outcome, recording, files }
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
    let Aftermath { shown, replayed, outcome, recording, files } =
        kill_and_restart(said, some_digits).await;
    let CodeStage::Listening { digits } = shown else { unreachable!("that was waited for") };
    // More may have been committed between what the page saw and the end.
    let Some(Seen { stage: CodeStage::Unreadable { digits: kept, .. }, .. }) = replayed.last()
    else {
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
    let heard = recording.expect("the client may listen to what was said");
    let is_voice = |sample: &i16| sample.unsigned_abs() > 1_000;
    assert!(heard.iter().any(is_voice), "a voice is heard in {} samples", heard.len());
    assert_eq!(files, 1);
}

#[tokio::test]
async fn a_code_that_was_shown_is_still_shown() {
    let is_code = |stage: &CodeStage| matches!(stage, CodeStage::Code { .. });
    let Aftermath { shown, replayed, outcome, recording, files } =
        kill_and_restart(voice(CODE).samples, is_code).await;
    assert!(matches!(&shown, CodeStage::Code { code, .. } if code.expose() == CODE));
    assert_eq!(replayed.last().map(|seen| &seen.stage), Some(&shown));
    assert_eq!(outcome, Some(CallOutcome::CodeRead));
    assert_eq!((recording, files), (None, 0), "nobody has to listen to it");
}

#[tokio::test]
async fn a_second_daemon_on_the_same_database_is_refused_and_disturbs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("zavud.db");
    let invited = invite(&database).await;
    let serving = Serving::start_unread(&database, "");
    let link = format!("http://{}/i/{}", serving.web, invited.token.expose());
    let mut page = PageWatcher::open(&link, None).await.unwrap();
    let calling = tokio::spawn(call(serving.sip, NUMBER, silence(60)));
    let is_listening = |stage: &CodeStage| matches!(stage, CodeStage::Listening { .. });
    stages_until(&mut page, is_listening).await;

    let config = directory.path().join("config.toml");
    let second = zavud().args(["serve", "--config"]).arg(&config).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success() && said.contains("in use by another daemon"), "{said}");
    let mut page = PageWatcher::open(&link, None).await.unwrap();
    assert!(is_listening(&page.next().await.unwrap().unwrap().stage));
    calling.abort();
    assert!(serving.terminate());
}

#[tokio::test]
async fn what_a_crash_cut_off_is_not_for_whoever_has_the_link_that_came_after() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("zavud.db");
    let invited = invite(&database).await;
    let serving = Serving::start(&database);
    let link = format!("http://{}/i/{}", serving.web, invited.token.expose());
    let mut page = PageWatcher::open(&link, None).await.unwrap();
    let said = [half_a_code(CODE), silence(60)].concat();
    let calling = tokio::spawn(call(serving.sip, NUMBER, said));
    let some_digits =
        |stage: &CodeStage| matches!(stage, CodeStage::Listening { digits } if digits.len() > 1);
    stages_until(&mut page, some_digits).await;
    serving.kill();
    calling.abort();

    let store = Store::open(&database, Box::new(|_| {})).unwrap();
    let (now, token) = (SystemClock.now(), InvitationToken::new([9; 20]));
    let link = NewLink { token: token.clone(), expires_at: now + Duration::from_secs(172_800) };
    let resend = store.write(move |writer| {
        for step in [Step::Cancel, Step::Resend(link)] {
            take_step(writer, &invited.invitation, &step, Actor::Partner, now)?.unwrap();
        }
        Ok(())
    });
    resend.await.unwrap();
    drop(store);
    let serving = Serving::start(&database);
    let link = format!("http://{}/i/{}", serving.web, token.expose());
    let mut page = PageWatcher::open(&link, None).await.unwrap();
    assert_eq!(page.next().await.unwrap().unwrap().stage, CodeStage::Waiting);
    assert!(serving.terminate());
    assert_eq!(recordings_of(&database).len(), 0, "nobody may listen to it");
}
