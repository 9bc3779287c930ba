//! Recordings of calls as files: what is heard in them, who may read them, and what a crash does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use zavud::domain::{CallId, Timestamp};
use zavud::recordings::{RecordingLimits, Recordings};
use zavud::speech::audio_file;

const LINE_RATE: u32 = 8_000;

fn limits() -> RecordingLimits {
    RecordingLimits { all: 1_000_000, longest_call: Duration::from_secs(10) }
}

fn open(directory: &TempDir) -> Recordings {
    Recordings::open(&directory.path().join("recordings"), &limits()).unwrap()
}

fn call(number: u8) -> CallId {
    CallId::new(Timestamp::from_unix_millis(1_795_000_000_000), [number; 10])
}

/// A tone that is different at each sample.
fn sound(samples: i16) -> Vec<i16> {
    (1..=samples).collect()
}

/// What a recording holds, as a stranger's decoder hears it: symphonia's, at the rate of a line.
fn heard(recordings: &Recordings, call: &CallId) -> Vec<i16> {
    audio_file::read(&recordings.path(call)).unwrap()
}

#[tokio::test]
async fn what_was_said_can_be_heard_once_the_call_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let recordings = open(&directory);
    let (mut recorder, unfinished) = recordings.begin(&call(1)).unwrap();
    for frame in sound(20_100).chunks(160) {
        recorder.hear(frame, LINE_RATE);
    }
    drop(recorder);
    assert!(unfinished.finish().await);
    assert_eq!(heard(&recordings, &call(1)), sound(20_100));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let path = recordings.path(&call(1));
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[tokio::test]
async fn a_call_without_audio_leaves_no_file_and_takes_no_room() {
    let directory = tempfile::tempdir().unwrap();
    let recordings = open(&directory);
    let (recorder, unfinished) = recordings.begin(&call(1)).unwrap();
    drop(recorder);
    assert!(!unfinished.finish().await);
    assert!(!recordings.path(&call(1)).exists());
    assert_eq!(recordings.calls(), []);
}

#[tokio::test]
async fn a_call_that_goes_on_for_too_long_is_recorded_up_to_there() {
    let directory = tempfile::tempdir().unwrap();
    let recordings = open(&directory);
    let (mut recorder, unfinished) = recordings.begin(&call(1)).unwrap();
    for _ in 0..30 {
        recorder.hear(&sound(16_000), 16_000);
    }
    drop(recorder);
    assert!(unfinished.finish().await);
    // A header, and ten seconds of 16,000 samples of two bytes.
    assert_eq!(recordings.path(&call(1)).metadata().unwrap().len(), 44 + 320_000);
}

#[tokio::test]
async fn a_change_of_codec_keeps_the_time() {
    let directory = tempfile::tempdir().unwrap();
    let recordings = open(&directory);
    let (mut recorder, unfinished) = recordings.begin(&call(1)).unwrap();
    recorder.hear(&[1, 2], LINE_RATE);
    recorder.hear(&[3, 4, 5, 6], 16_000);
    drop(recorder);
    assert!(unfinished.finish().await);
    assert_eq!(heard(&recordings, &call(1)), [1, 2, 3, 5]);
}

#[tokio::test]
async fn an_erased_recording_is_gone_and_so_is_one_that_never_was() {
    let directory = tempfile::tempdir().unwrap();
    let recordings = open(&directory);
    let (mut recorder, unfinished) = recordings.begin(&call(1)).unwrap();
    recorder.hear(&sound(800), LINE_RATE);
    drop(recorder);
    assert!(unfinished.finish().await);
    // Another name for the same bytes shows what became of them.
    let other_name = directory.path().join("other-name");
    std::fs::hard_link(recordings.path(&call(1)), &other_name).unwrap();
    recordings.erase(&call(1)).await.unwrap();
    assert!(!recordings.path(&call(1)).exists());
    assert_eq!(std::fs::read(&other_name).unwrap(), vec![0; 44 + 1_600]);
    assert_eq!(recordings.calls(), []);
    recordings.erase(&call(2)).await.unwrap();
}

#[tokio::test]
async fn what_a_crash_cut_off_can_be_heard_up_to_there() {
    let directory = tempfile::tempdir().unwrap();
    let recordings = open(&directory);
    let (mut recorder, unfinished) = recordings.begin(&call(1)).unwrap();
    recorder.hear(&sound(12_000), LINE_RATE);
    drop(recorder);
    assert!(unfinished.finish().await);
    let path = recordings.path(&call(1));
    drop(recordings);
    // As the disk has it in the middle of a call: a length of zero, and the half of a sample.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4..8].fill(0);
    bytes[40..44].fill(0);
    bytes.truncate(44 + 2 * 8_000 + 1);
    std::fs::write(&path, bytes).unwrap();

    let recordings = open(&directory);
    assert_eq!(recordings.calls(), [call(1)]);
    assert_eq!(heard(&recordings, &call(1)), sound(8_000));
}

#[test]
fn files_without_sound_are_removed_at_the_start_and_other_people_s_files_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join("recordings").join(name);
    drop(open(&directory));
    let (empty, broken) = (format!("{}.wav", call(1)), format!("{}.wav", call(2)));
    std::fs::write(path(&empty), b"").unwrap();
    std::fs::write(path(&broken), [0; 100]).unwrap();
    for name in ["notes.txt", "call_7.wav", "music.wav"] {
        std::fs::write(path(name), b"").unwrap();
    }
    assert_eq!(open(&directory).calls(), []);
    let mut left: Vec<_> = std::fs::read_dir(path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["call_7.wav", "music.wav", "notes.txt"]);
}

#[tokio::test]
async fn a_disk_that_refuses_costs_the_recording_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let recordings = open(&directory);
    std::fs::remove_dir(directory.path().join("recordings")).unwrap();
    let (mut recorder, unfinished) = recordings.begin(&call(1)).unwrap();
    recorder.hear(&sound(8_000), LINE_RATE);
    recorder.hear(&sound(8_000), LINE_RATE);
    drop(recorder);
    assert!(!unfinished.finish().await);
    assert_eq!(recordings.calls(), []);
}

#[test]
fn a_directory_that_can_not_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Recordings::open(&file.join("recordings"), &limits()).unwrap_err();
    assert!(error.to_string().contains("file/recordings"), "{error}");
}
