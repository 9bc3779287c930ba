//! baresip as the caller: over UDP, over TCP, and over TLS with encrypted audio.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use zavud::clock::SystemClock;
use zavud::config::{Config, TrunkSrtp};
use zavud::domain::CallOutcome;

use crate::peer::{Peer, is_installed, patient_voice};
use crate::support::{CODE, Identity, NUMBER, TestDaemon, code_on, real_model, write_wav};

struct Baresip {
    peer: Peer,
    _directory: TempDir,
}

impl Baresip {
    /// Calls over `transport` and speaks the code. `keys` say more about its account and its
    /// configuration.
    fn call(transport: &str, remote: SocketAddr, account: &str, config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name);
        write_wav(&file("call.wav"), &patient_voice(CODE));
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/baresip.conf");
        let ours = std::fs::read_to_string(ours).unwrap();
        std::fs::write(file("config"), format!("{ours}{config}\n")).unwrap();
        let account = format!(
            "<sip:baresip@127.0.0.1;transport={transport}>;regint=0;audio_source=aufile,{}{account}\n",
            file("call.wav").display()
        );
        std::fs::write(file("accounts"), account).unwrap();
        let mut command = Command::new("baresip");
        command.args(["-4", "-s", "-v", "-f"]).arg(directory.path());
        command.args(["-e", &format!("/dial sip:{NUMBER}@{remote}")]);
        Self { peer: Peer::start(&mut command), _directory: directory }
    }

    /// Hangs up, and returns all that it printed.
    async fn hang_up(mut self) -> String {
        self.peer.type_line("/quit");
        self.peer.succeeds().await
    }
}

#[tokio::test]
async fn a_code_that_it_plays_is_read() {
    if !is_installed("baresip") {
        return;
    }
    for (transport, codec) in [("udp", "PCMA/8000/1"), ("tcp", "G722/16000/1")] {
        let daemon = TestDaemon::start_reading().await;
        let mut page = daemon.watch(None).await;
        let account = format!(";audio_codecs={codec}");
        let baresip = Baresip::call(transport, daemon.daemon.sip_address(), &account, "");
        assert_eq!(code_on(&mut page).await, CODE);
        let said = baresip.hang_up().await;
        let name = codec.split('/').next().unwrap();
        assert!(said.contains(&format!("Set audio encoder: {name} ")), "{said}");
        assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
        daemon.daemon.stop().await;
    }
}

#[tokio::test]
async fn a_code_that_it_plays_encrypted_is_read() {
    if !is_installed("baresip") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let identity = Identity::make(directory.path(), "127.0.0.1");
    let encrypted = |config: &mut Config| {
        identity.switch_on(config);
        config.sip.trunks[0].srtp = TrunkSrtp::Required;
    };
    let daemon = TestDaemon::start_with(Arc::new(SystemClock), real_model(), encrypted).await;
    let mut page = daemon.watch(None).await;
    let config = format!("sip_cafile {}", identity.certificate.display());
    let remote = daemon.daemon.sip_tls_address().unwrap();
    let baresip = Baresip::call("tls", remote, ";mediaenc=srtp-mand", &config);
    assert_eq!(code_on(&mut page).await, CODE);
    let said = baresip.hang_up().await;
    assert!(said.contains("SRTP is Enabled (cryptosuite=AES_CM_128_HMAC_SHA1_80)"), "{said}");
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    daemon.daemon.stop().await;
}
