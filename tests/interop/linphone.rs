//! linphone as the caller: over UDP, and over TLS with encrypted audio.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use zavud::clock::SystemClock;
use zavud::config::{Config, TrunkSrtp};
use zavud::domain::CallOutcome;

use crate::peer::{Peer, is_installed, patient_voice};
use crate::support::{CODE, Identity, NUMBER, TestDaemon, code_on, real_model, write_wav};

struct Linphone {
    peer: Peer,
    _home: TempDir,
}

impl Linphone {
    /// Calls localhost over `transport` and speaks the code: it cannot check certificates of addresses.
    /// `keys` say more about its use of SIP.
    async fn call(transport: &str, port: u16, keys: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        // It puts a database there, and starts nothing when it cannot.
        std::fs::create_dir_all(home.path().join(".local/share/linphone")).unwrap();
        let audio = home.path().join("call.wav");
        write_wav(&audio, 8_000, &patient_voice(CODE));
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/linphone.conf");
        let ours = std::fs::read_to_string(ours).unwrap();
        let config = home.path().join("linphonerc");
        std::fs::write(&config, format!("{ours}{keys}")).unwrap();
        let mut command = Command::new("linphone-daemon");
        // It crashes, now and then, while it prints statistics.
        command.env("HOME", home.path()).arg("--disable-stats-events");
        command.args(["--log", "/dev/stderr", "--config"]).arg(config);
        let mut peer = Peer::start(&mut command);
        peer.type_line(&format!("call sip:{NUMBER}@localhost:{port};transport={transport}"));
        peer.says("to LinphoneCallStreamsRunning").await;
        peer.type_line(&format!("incall-player-start {}", audio.display()));
        Self { peer, _home: home }
    }

    /// Hangs up, and returns all that it printed.
    async fn hang_up(mut self) -> String {
        self.peer.type_line("terminate");
        self.peer.says("to LinphoneCallReleased").await;
        self.peer.type_line("quit");
        self.peer.succeeds().await
    }
}

#[tokio::test]
async fn a_code_that_it_plays_is_read() {
    if !is_installed("linphone-daemon") {
        return;
    }
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let linphone = Linphone::call("udp", daemon.daemon.sip_address().port(), "").await;
    assert_eq!(code_on(&mut page).await, CODE);
    linphone.hang_up().await;
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_code_that_it_plays_encrypted_is_read() {
    if !is_installed("linphone-daemon") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let identity = Identity::make(directory.path(), "localhost");
    let encrypted = |config: &mut Config| {
        identity.switch_on(config);
        config.sip.trunks[0].srtp = TrunkSrtp::Required;
    };
    let daemon = TestDaemon::start_with(Arc::new(SystemClock), real_model(), encrypted).await;
    let mut page = daemon.watch(None).await;
    let keys = format!(
        "root_ca={}\nmedia_encryption=srtp\nmedia_encryption_mandatory=1\n",
        identity.certificate.display()
    );
    let linphone =
        Linphone::call("tls", daemon.daemon.sip_tls_address().unwrap().port(), &keys).await;
    assert_eq!(code_on(&mut page).await, CODE);
    let said = linphone.hang_up().await;
    assert!(said.contains("Negotiated media encryption is LinphoneMediaEncryptionSRTP"), "{said}");
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    daemon.daemon.stop().await;
}
