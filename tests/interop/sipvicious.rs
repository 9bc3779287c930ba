//! sipvicious, with which strangers look for telephones, for their numbers and for their passwords.

use std::process::Command;
use std::sync::Arc;

use zavud::clock::SystemClock;
use zavud::config::Config;
use zavud::domain::{CallOutcome, CodeStage};

use crate::peer::{Peer, is_installed};
use crate::sipp::{Sipp, UDP};
use crate::support::{CODE, NUMBER, TestDaemon, code_on, real_model, stages_until};

/// The trunk. Whatever sends from 127.0.0.1 is a stranger then.
const TRUNK: &str = "127.0.0.2";

/// What one of the tools says about the daemon at `port`.
async fn attack(tool: &str, arguments: &[&str], port: u16) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(tool);
    command.env("HOME", home.path()).args(["-p", &port.to_string()]).args(arguments);
    Peer::start(command.arg("127.0.0.1")).ends().await
}

#[tokio::test]
async fn its_tools_find_nothing_and_a_call_goes_on_meanwhile() {
    if !is_installed("svmap") || !is_installed("sipp") {
        return;
    }
    let strict = |config: &mut Config| {
        config.sip.trunks[0].addresses = vec![format!("{TRUNK}/32").parse().unwrap()];
    };
    let daemon = TestDaemon::start_with(Arc::new(SystemClock), real_model(), strict).await;
    let remote = daemon.daemon.sip_address();
    let mut page = daemon.watch(None).await;
    let sipp = Sipp::from(TRUNK, remote, UDP).scenario("play_audio.xml").speaking();
    let attacked = async {
        stages_until(&mut page, |stage| matches!(stage, CodeStage::Listening { .. })).await;
        let port = remote.port();
        let said = tokio::join!(
            attack("svmap", &[], port),
            attack("svmap", &["-m", "INVITE", "-e", NUMBER], port),
            attack("svwar", &["-e", "100-110", "--force"], port),
            attack("svwar", &["-e", "100-110", "--force", "-m", "INVITE"], port),
            attack("svcrack", &["-u", NUMBER, "-r", "1-10"], port),
        );
        (code_on(&mut page).await, <[String; 5]>::from(said))
    };
    let ((code, said), ()) = tokio::join!(attacked, sipp.succeeds());
    for said in said {
        assert!(said.contains("found nothing"), "{said}");
    }
    assert_eq!(code, CODE);
    assert_eq!(daemon.outcomes_of(1).await, [CallOutcome::CodeRead]);
    daemon.daemon.stop().await;
}
