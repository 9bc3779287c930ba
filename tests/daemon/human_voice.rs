//! A human voice on the phone: prompts of a telephone exchange, one digit a file.

use std::path::{Path, PathBuf};

use zavud::domain::CallOutcome;
use zavud::speech::audio_file;

use crate::support::{CODE, NUMBER, TestDaemon, call, code_on, skip};

/// They are not part of the project.
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

#[tokio::test]
async fn a_code_spoken_by_a_human_voice_reaches_the_page() {
    let Some(prompts) = prompts() else {
        let name = "a_code_spoken_by_a_human_voice_reaches_the_page";
        return skip(name, "the recorded prompts are not there");
    };
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let calling = tokio::spawn(call(daemon.daemon.sip_address(), NUMBER, compose(&prompts)));
    assert_eq!(code_on(&mut page).await, CODE);
    calling.await.unwrap().unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    daemon.daemon.stop().await;
}
