//! Recordings of calls: offered while they are of use, and gone when they are not.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use zavud::cli::page_watcher::PageWatcher;
use zavud::clock::{Clock, SystemClock};
use zavud::config::Config;
use zavud::domain::{Actor, CallId, CallOutcome, CodeStage, Recording};
use zavud::onboarding::{Step, take_step};
use zavud::speech::audio_file;

use crate::support::{
    CODE, DeafModel, ManualClock, NUMBER, TestDaemon, call, get, get_range, half_a_code, noise,
    stages_until, voice,
};

fn is_unreadable(stage: &CodeStage) -> bool {
    matches!(stage, CodeStage::Unreadable { .. })
}

/// Calls, says `samples`, and returns the call whose recording the page offers then.
async fn recorded_call(daemon: &TestDaemon, page: &mut PageWatcher, samples: Vec<i16>) -> CallId {
    call(daemon.daemon.sip_address(), NUMBER, samples).await.unwrap();
    // Past what an earlier call left there.
    stages_until(page, |stage| matches!(stage, CodeStage::Listening { .. })).await;
    match stages_until(page, is_unreadable).await.pop() {
        Some(CodeStage::Unreadable { recording: Recording::Kept { call, .. }, .. }) => call,
        other => panic!("no recording is offered: {other:?}"),
    }
}

fn address(daemon: &TestDaemon, call: &str) -> String {
    format!("/i/{}/recordings/{call}", daemon.invited.token.expose())
}

/// What a listener hears.
fn decoded(directory: &Path, bytes: &[u8]) -> Vec<i16> {
    let path = directory.join("heard.wav");
    std::fs::write(&path, bytes).unwrap();
    audio_file::read(&path).unwrap()
}

fn loudness(samples: &[i16]) -> f64 {
    samples.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>().sqrt()
}

#[tokio::test]
async fn a_call_that_could_not_be_read_can_be_listened_to() {
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let said = half_a_code(CODE);
    let call = recorded_call(&daemon, &mut page, said.clone()).await;
    assert_eq!(daemon.outcome().await, CallOutcome::Unreadable);

    let web = daemon.daemon.web_address();
    let path = address(&daemon, call.as_str());
    let document = get(web, &format!("/i/{}", daemon.invited.token.expose())).await;
    assert!(document.text().contains(&format!("src=\"{path}\"")));
    assert!(document.text().contains(&format!("href=\"{path}\"")));

    let answer = get(web, &path).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "audio/wav"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let directory = tempfile::tempdir().unwrap();
    let heard = decoded(directory.path(), &answer.body);
    assert!(heard.len().abs_diff(said.len()) < 1_600, "{} of {}", heard.len(), said.len());
    let loss = (loudness(&heard) / loudness(&said) - 1.0).abs();
    assert!(loss < 0.1, "it sounds {loss} different");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_player_gets_the_part_that_it_asks_for() {
    let daemon = TestDaemon::start().await;
    let mut page = daemon.watch(None).await;
    let call = recorded_call(&daemon, &mut page, noise(2)).await;
    let (web, path) = (daemon.daemon.web_address(), address(&daemon, call.as_str()));
    let whole = get(web, &path).await;
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let length = whole.body.len();

    let part = get_range(web, &path, "bytes=44-143").await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.header("content-range"), format!("bytes 44-143/{length}"));
    assert_eq!(part.body, whole.body[44..144]);
    let end = get_range(web, &path, "bytes=-10").await;
    assert_eq!(
        (end.status, &end.body[..]),
        (StatusCode::PARTIAL_CONTENT, &whole.body[length - 10..])
    );
    let beyond = get_range(web, &path, &format!("bytes={length}-")).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn an_address_that_is_of_no_recording_leads_nowhere() {
    let daemon = TestDaemon::start().await;
    let mut page = daemon.watch(None).await;
    let call = recorded_call(&daemon, &mut page, noise(1)).await;
    let web = daemon.daemon.web_address();
    let others = ["call_0", "..%2Fzavud.db", "%2Fetc%2Fpasswd", &format!("{call}.wav"), "%00"];
    for other in others {
        let answer = get(web, &address(&daemon, other)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{other}");
        assert!(answer.text().contains("This recording is gone"), "{other}");
    }
    let stranger = get(web, &format!("/i/0123456789abcdef/recordings/{call}")).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    assert!(stranger.text().contains("This link does not work"));
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_recording_is_gone_when_the_code_in_it_is_no_longer_valid() {
    let clock = Arc::new(ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |_| {}).await;
    let mut page = daemon.watch(None).await;
    let call = recorded_call(&daemon, &mut page, noise(1)).await;
    let (web, path) = (daemon.daemon.web_address(), address(&daemon, call.as_str()));
    clock.advance(Duration::from_millis(599_999));
    assert_eq!(get(web, &path).await.status, StatusCode::OK);
    clock.advance(Duration::from_millis(1));
    let gone = get(web, &path).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(gone.text().contains("This recording is gone"));

    let erased = CodeStage::Unreadable { digits: vec![], recording: Recording::Erased };
    assert_eq!(stages_until(&mut page, is_unreadable).await, [erased]);
    let document = get(web, &format!("/i/{}", daemon.invited.token.expose())).await;
    assert!(!document.text().contains(call.as_str()));
    assert!(daemon.recordings_left().await.is_empty());
}

#[tokio::test]
async fn a_recording_may_be_kept_for_less_time_than_the_digits() {
    let clock = Arc::new(ManualClock::new());
    let briefly = |config: &mut Config| config.recordings.keep_for = Some(Duration::from_secs(60));
    let daemon =
        TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), briefly).await;
    let mut page = daemon.watch(None).await;
    recorded_call(&daemon, &mut page, noise(1)).await;
    clock.advance(Duration::from_secs(60));
    let erased = CodeStage::Unreadable { digits: vec![], recording: Recording::Erased };
    assert_eq!(stages_until(&mut page, is_unreadable).await.last(), Some(&erased));
    assert!(daemon.recordings().is_empty());
    clock.advance(Duration::from_secs(540));
    assert_eq!(stages_until(&mut page, is_unreadable).await, [erased], "now of the digits");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn nothing_is_left_of_a_call_that_was_read() {
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let calling = tokio::spawn(call(daemon.daemon.sip_address(), NUMBER, voice(CODE).samples));
    stages_until(&mut page, |stage| matches!(stage, CodeStage::Code { .. })).await;
    assert_eq!(daemon.recordings().len(), 1, "nobody knows yet that it is of no use");
    calling.await.unwrap().unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    assert!(daemon.recordings_left().await.is_empty());
}

#[tokio::test]
async fn a_recording_goes_with_its_invitation() {
    let daemon = TestDaemon::start().await;
    let mut page = daemon.watch(None).await;
    recorded_call(&daemon, &mut page, noise(1)).await;
    let (invitation, now) = (daemon.invited.invitation.clone(), SystemClock.now());
    let cancel = daemon
        .daemon
        .store
        .write(move |writer| take_step(writer, &invitation, &Step::Cancel, Actor::Partner, now));
    cancel.await.unwrap().unwrap();
    assert_eq!(page.next().await.unwrap(), None, "the page has nothing more to offer");
    assert!(daemon.recordings_left().await.is_empty());
}

/// Room for `megabytes`, and calls of half a minute, which may need 0.96 MB.
async fn start_with_room_for(megabytes: u32) -> TestDaemon {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    TestDaemon::start_with(clock, Box::new(DeafModel), |config| {
        config.calls.max_duration = Duration::from_secs(30);
        config.recordings.max_megabytes = megabytes;
    })
    .await
}

#[tokio::test]
async fn the_oldest_recording_makes_way_for_a_new_one() {
    let daemon = start_with_room_for(1).await;
    let mut page = daemon.watch(None).await;
    let older = recorded_call(&daemon, &mut page, noise(3)).await;
    let newer = recorded_call(&daemon, &mut page, noise(1)).await;
    let web = daemon.daemon.web_address();
    let status = async |call: &CallId| get(web, &address(&daemon, call.as_str())).await.status;
    assert_eq!(status(&older).await, StatusCode::NOT_FOUND);
    assert_eq!(status(&newer).await, StatusCode::OK);
    let [file] = &daemon.recordings()[..] else { panic!("there is room for one") };
    assert!(file.ends_with(format!("{newer}.wav")));
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_call_without_room_for_its_recording_is_answered_all_the_same() {
    let none = start_with_room_for(0).await;
    let small = TestDaemon::start_deaf(|config| config.recordings.max_megabytes = 5).await;
    for daemon in [none, small] {
        let mut page = daemon.watch(None).await;
        call(daemon.daemon.sip_address(), NUMBER, noise(1)).await.unwrap();
        let last = stages_until(&mut page, is_unreadable).await.pop();
        let offers_none = CodeStage::Unreadable { digits: vec![], recording: Recording::None };
        assert_eq!(last, Some(offers_none));
        assert!(daemon.recordings().is_empty());
        daemon.daemon.stop().await;
    }
}
