//! sipp as the caller, with its own scenario and with ours, over UDP and TCP.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use zavud::config::Config;
use zavud::domain::CallOutcome;

use crate::peer::{Peer, is_installed};
use crate::support::{CODE, NUMBER, TestDaemon, code_on, voice};

/// What sipp calls its transports: one socket, or one connection, for all calls.
pub(crate) const UDP: &str = "u1";
pub(crate) const TCP: &str = "t1";

/// sipp, about to call once.
pub(crate) struct Sipp {
    command: Command,
    directory: TempDir,
}

impl Sipp {
    pub(crate) fn new(remote: SocketAddr, transport: &str) -> Self {
        Self::from("127.0.0.1", remote, transport)
    }

    /// Which calls from another of the host's own addresses.
    pub(crate) fn from(local: &str, remote: SocketAddr, transport: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("sipp");
        command.current_dir(directory.path()).arg(remote.to_string());
        command.args(["-t", transport, "-s", NUMBER, "-i", local, "-mi", local, "-nostdin"]);
        // One call after the other: a number is in one call at a time.
        command.args(["-m", "1", "-l", "1", "-timeout", "60s", "-timeout_error"]);
        command.args(["-trace_err", "-error_file", "/dev/stderr"]);
        command.args(["-trace_msg", "-message_file", "/dev/stderr"]);
        Self { command, directory }
    }

    /// Plays a scenario of ours.
    pub(crate) fn scenario(mut self, name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/scenarios");
        self.command.arg("-sf").arg(folder.join(name));
        self
    }

    /// What it says where the scenario plays audio: the code.
    pub(crate) fn speaking(mut self) -> Self {
        let samples = voice(CODE).samples;
        let audio: Vec<u8> =
            samples.iter().map(|&sample| audio_codec_algorithms::encode_ulaw(sample)).collect();
        std::fs::write(self.directory.path().join("call.ulaw"), audio).unwrap();
        self.command.args(["-d", &(samples.len() / 8).to_string()]);
        self
    }

    /// Calls, and fails unless every message was one that the scenario expects.
    pub(crate) async fn succeeds(mut self) {
        Peer::start(&mut self.command).succeeds().await;
    }
}

/// Asserts that a code is read that sipp speaks in this scenario.
async fn is_read(scenario: &str, transport: &str) {
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let sipp = Sipp::new(daemon.daemon.sip_address(), transport).scenario(scenario).speaking();
    let (code, ()) = tokio::join!(code_on(&mut page), sipp.succeeds());
    assert_eq!(code, CODE);
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn its_own_scenario_is_answered_and_ended_again_and_again() {
    if !is_installed("sipp") {
        return;
    }
    for transport in [UDP, TCP] {
        let daemon = TestDaemon::start_deaf(|_| {}).await;
        let mut sipp = Sipp::new(daemon.daemon.sip_address(), transport);
        sipp.command.args(["-sn", "uac", "-m", "20", "-r", "100"]);
        sipp.succeeds().await;
        assert_eq!(daemon.outcomes_of(20).await, [CallOutcome::Silent; 20]);
        daemon.daemon.stop().await;
    }
}

#[tokio::test]
async fn a_code_that_it_plays_is_read() {
    if !is_installed("sipp") {
        return;
    }
    tokio::join!(is_read("play_audio.xml", UDP), is_read("play_audio.xml", TCP));
}

#[tokio::test]
async fn a_code_is_read_when_it_leaves_the_offer_to_us() {
    if !is_installed("sipp") {
        return;
    }
    tokio::join!(is_read("late_offer.xml", UDP), is_read("late_offer.xml", TCP));
}

#[tokio::test]
async fn a_code_is_read_after_hold() {
    if !is_installed("sipp") {
        return;
    }
    tokio::join!(is_read("hold.xml", UDP), is_read("hold.xml", TCP));
}

#[tokio::test]
async fn extensions_that_it_uses_are_understood() {
    if !is_installed("sipp") {
        return;
    }
    let daemon = TestDaemon::start_deaf(|_| {}).await;
    for scenario in ["reliable.xml", "session_timer.xml"] {
        for transport in [UDP, TCP] {
            Sipp::new(daemon.daemon.sip_address(), transport).scenario(scenario).succeeds().await;
        }
    }
    assert_eq!(daemon.outcomes_of(4).await, [CallOutcome::Silent; 4]);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_call_that_it_cancels_is_abandoned() {
    if !is_installed("sipp") {
        return;
    }
    for transport in [UDP, TCP] {
        let daemon = TestDaemon::start_deaf(|_| {}).await;
        // Nothing is answered that was not recorded before: so the phone rings until we let it.
        let (let_go, is_let_go) = std::sync::mpsc::channel();
        let store = Arc::clone(&daemon.daemon.store);
        let writing = tokio::spawn(async move {
            let held = store.write(move |_| {
                is_let_go.recv().unwrap();
                Ok(())
            });
            held.await.unwrap();
        });
        Sipp::new(daemon.daemon.sip_address(), transport).scenario("cancel.xml").succeeds().await;
        let_go.send(()).unwrap();
        writing.await.unwrap();
        assert_eq!(daemon.outcome().await, CallOutcome::Abandoned);
        daemon.daemon.stop().await;
    }
}

#[tokio::test]
async fn a_call_that_lasts_for_too_long_is_hung_up() {
    if !is_installed("sipp") {
        return;
    }
    for transport in [UDP, TCP] {
        let daemon =
            TestDaemon::start_deaf(|config| config.calls.max_duration = Duration::from_millis(100))
                .await;
        Sipp::new(daemon.daemon.sip_address(), transport).scenario("hung_up.xml").succeeds().await;
        assert_eq!(daemon.outcome().await, CallOutcome::Silent);
        daemon.daemon.stop().await;
    }
}

#[tokio::test]
async fn a_call_that_it_never_acknowledges_is_ended() {
    if !is_installed("sipp") {
        return;
    }
    let never_acknowledged = async |transport| {
        let patient = |config: &mut Config| config.rtp.media_timeout = Duration::from_secs(120);
        let daemon = TestDaemon::start_deaf(patient).await;
        Sipp::new(daemon.daemon.sip_address(), transport).scenario("no_ack.xml").succeeds().await;
        assert_eq!(daemon.outcome().await, CallOutcome::Failed);
        daemon.daemon.stop().await;
    };
    tokio::join!(never_acknowledged(UDP), never_acknowledged(TCP));
}
