//! kamailio: as the proxy in front of the daemon, and as the registrar that it registers at.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use zavud::config::Trunk;
use zavud::domain::CallOutcome;

use crate::peer::{Peer, free_port, is_installed};
use crate::sipp::{Sipp, TCP, UDP};
use crate::support::{CODE, NUMBER, TestDaemon, code_on};

struct Kamailio {
    peer: Peer,
    address: SocketAddr,
    _directory: TempDir,
}

impl Kamailio {
    /// Starts it on UDP and TCP, with definitions for `kamailio.cfg`, and waits until it is ready.
    async fn start(algorithm: &str, next_hop: Option<SocketAddr>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/kamailio.cfg");
        let mut command = Command::new("kamailio");
        command.args(["-DD", "-m", "16", "-M", "4", "-f"]).arg(config);
        command.arg("-Y").arg(directory.path()).arg("-w").arg(directory.path());
        command.args(["-l", &format!("udp:{address}"), "-l", &format!("tcp:{address}")]);
        command.args(["-A", &format!("ALGORITHM=\"{algorithm}\"")]);
        if let Some(next_hop) = next_hop {
            command.args(["-A", &format!("NEXT_HOP=\"sip:{next_hop}\"")]);
        }
        let mut peer = Peer::start(&mut command);
        peer.says("ready").await;
        Self { peer, address, _directory: directory }
    }

    async fn in_front_of(daemon: &TestDaemon) -> Self {
        Self::start("MD5", Some(daemon.daemon.sip_address())).await
    }
}

#[tokio::test]
async fn a_code_is_read_from_a_call_that_it_relays() {
    if !is_installed("kamailio") || !is_installed("sipp") {
        return;
    }
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let kamailio = Kamailio::in_front_of(&daemon).await;
    // What comes over TCP goes on over UDP: it records its route twice.
    let sipp = Sipp::new(kamailio.address, TCP).scenario("hold.xml").speaking();
    let (code, ()) = tokio::join!(code_on(&mut page), sipp.succeeds());
    assert_eq!(code, CODE);
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn our_own_bye_takes_the_route_that_it_recorded() {
    if !is_installed("kamailio") || !is_installed("sipp") {
        return;
    }
    let daemon =
        TestDaemon::start_deaf(|config| config.calls.max_duration = Duration::from_millis(100))
            .await;
    let kamailio = Kamailio::in_front_of(&daemon).await;
    for transport in [UDP, TCP] {
        Sipp::new(kamailio.address, transport).scenario("hung_up.xml").succeeds().await;
    }
    assert_eq!(daemon.outcomes_of(2).await, [CallOutcome::Silent; 2]);
    daemon.daemon.stop().await;
}

/// A trunk that registers there.
fn trunk(registrar: SocketAddr, transport: &str) -> Trunk {
    let keys = format!(
        "name = \"kamailio\"\nkind = \"register\"\nregistrar = \"{registrar}\"\n\
         transport = \"{transport}\"\nuser = \"{NUMBER}\"\npassword = \"zanzibar\"\n"
    );
    toml::from_str(&keys).unwrap()
}

#[tokio::test]
async fn a_call_comes_through_a_registration_which_ends_with_the_daemon() {
    if !is_installed("kamailio") || !is_installed("sipp") {
        return;
    }
    for (algorithm, transport, sipp) in [("MD5", "udp", UDP), ("SHA-256", "tcp", TCP)] {
        let mut kamailio = Kamailio::start(algorithm, None).await;
        let registering = trunk(kamailio.address, transport);
        let daemon = TestDaemon::start_deaf(|config| config.sip.trunks = vec![registering]).await;
        kamailio.peer.says(&format!("registered {NUMBER} for 3600 s")).await;
        Sipp::new(kamailio.address, sipp).scenario("reliable.xml").succeeds().await;
        assert_eq!(daemon.outcome().await, CallOutcome::Silent);
        daemon.daemon.stop().await;
        kamailio.peer.says(&format!("registered {NUMBER} for 0 s")).await;
    }
}
