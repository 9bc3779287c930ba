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
        // At the codec's rate: baresip's own resampler takes away all above 1.2 kHz.
        if account.contains("G722") {
            write_wav(&file("call.wav"), 16_000, &at_twice_the_rate(&patient_voice(CODE)));
        } else {
            write_wav(&file("call.wav"), 8_000, &patient_voice(CODE));
        }
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

/// Each sample, and one halfway to the next.
fn at_twice_the_rate(samples: &[i16]) -> Vec<i16> {
    let halfway = |pair: &[i16]| [pair[0], ((i32::from(pair[0]) + i32::from(pair[1])) / 2) as i16];
    samples.windows(2).flat_map(halfway).collect()
}

#[tokio::test]
async fn a_code_that_it_plays_is_read() {
    if !is_installed("baresip") {
        return;
    }
    for (transport, codec, source) in
        [("udp", "PCMA/8000/1", "ausrc_srate 8000"), ("tcp", "G722/16000/1", "ausrc_srate 16000")]
    {
        let daemon = TestDaemon::start_reading().await;
        let mut page = daemon.watch(None).await;
        let account = format!(";audio_codecs={codec}");
        let baresip = Baresip::call(transport, daemon.daemon.sip_address(), &account, source);
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
    let config = format!("ausrc_srate 8000\nsip_cafile {}", identity.certificate.display());
    let remote = daemon.daemon.sip_tls_address().unwrap();
    let baresip = Baresip::call("tls", remote, ";mediaenc=srtp-mand", &config);
    assert_eq!(code_on(&mut page).await, CODE);
    let said = baresip.hang_up().await;
    assert!(said.contains("SRTP is Enabled (cryptosuite=AES_CM_128_HMAC_SHA1_80)"), "{said}");
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    daemon.daemon.stop().await;
}
