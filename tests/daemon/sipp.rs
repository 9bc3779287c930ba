//! sipp as the caller: somebody else's SIP and RTP, with a human voice.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zavud::domain::CodeStage;
use zavud::speech::audio_file;

use crate::support::{NUMBER, TestDaemon, skip, stages_until};

const CODE: &str = "481529";

/// Human prompts, one digit a file. They are not part of the project.
fn prompts() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/voices/debian_en");
    folder.is_dir().then_some(folder)
}

/// A phrase, then the code twice.
fn compose(prompts: &Path) -> Vec<i16> {
    let say = |name: &str| audio_file::read(&prompts.join(format!("{name}.flac"))).unwrap();
    let pause = |seconds: f32| vec![0; (8_000.0 * seconds) as usize];
    let mut call = [pause(0.5), say("phrase-vm-intro"), pause(0.5)].concat();
    for _ in 0..2 {
        for digit in CODE.chars() {
            call.extend(say(&digit.to_string()));
            call.extend(pause(0.2));
        }
        call.extend(pause(1.2));
    }
    call
}

fn to_mu_law(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|&sample| audio_codec_algorithms::encode_ulaw(sample)).collect()
}

#[tokio::test]
async fn a_code_played_by_sipp_reaches_the_page() {
    let name = "a_code_played_by_sipp_reaches_the_page";
    if Command::new("sipp").arg("-v").stdout(Stdio::null()).status().is_err() {
        return skip(name, "sipp is not installed");
    }
    let Some(prompts) = prompts() else { return skip(name, "the recorded prompts are not there") };

    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let samples = compose(&prompts);
    let milliseconds = samples.len() / 8;
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("call.ulaw"), to_mu_law(&samples)).unwrap();
    let scenario =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/daemon/scenarios/play_audio.xml");
    let mut sipp = Command::new("sipp")
        .current_dir(directory.path())
        .arg(daemon.daemon.sip_address().to_string())
        .arg("-sf")
        .arg(scenario)
        .args(["-s", NUMBER, "-i", "127.0.0.1", "-m", "1", "-nostdin"])
        .args(["-d", &milliseconds.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stages = stages_until(&mut page, |stage| {
        matches!(stage, CodeStage::Code { .. } | CodeStage::Unreadable { .. })
    })
    .await;
    // On a thread of its own: the daemon runs on this one.
    let ended = tokio::task::spawn_blocking(move || sipp.wait()).await.unwrap();
    assert!(
        matches!(stages.last(), Some(CodeStage::Code { code, .. }) if code.expose() == CODE),
        "{stages:?}"
    );
    assert!(ended.unwrap().success(), "sipp saw every message it expects");
    daemon.daemon.stop().await;
}
