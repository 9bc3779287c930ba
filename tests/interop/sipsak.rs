//! sipsak asks whether the daemon is there, as a monitor of the network does.

use std::process::Command;

use crate::peer::{Peer, is_installed};
use crate::support::{NUMBER, TestDaemon};

#[tokio::test]
async fn its_question_is_answered_over_udp_and_tcp() {
    if !is_installed("sipsak") {
        return;
    }
    let daemon = TestDaemon::start().await;
    for transport in ["udp", "tcp"] {
        let uri = format!("sip:{NUMBER}@{}", daemon.daemon.sip_address());
        let mut sipsak = Command::new("sipsak");
        sipsak.args(["-vv", "-E", transport, "-s", &uri]);
        let said = Peer::start(&mut sipsak).succeeds().await;
        assert!(said.contains("SIP/2.0 200 OK"), "{said}");
    }
    daemon.daemon.stop().await;
}
