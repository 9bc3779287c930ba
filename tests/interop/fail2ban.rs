//! fail2ban bans whom the daemon's log says, with the filter that is shipped.

use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;

use crate::peer::{Peer, free_port, is_installed};
use crate::support::{shipped_models, zavud};

/// What the daemon logs, in this format, while a stranger sends it SIP over UDP and TCP.
async fn log_of_a_stranger(format: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("zavud.toml");
    let models = shipped_models();
    let sip = format!("127.0.0.1:{}", free_port());
    let text = format!(
        "[sip]\nlisten = \"{sip}\"\ntrunks = []\n[web]\nlisten = \"127.0.0.1:0\"\n\
         [speech]\n{models}\n[log]\nformat = \"{format}\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut daemon = Peer::start(zavud().args(["serve", "--config"]).arg(&config));
    let ready = daemon.says("ready").await;
    let stranger = UdpSocket::bind("127.0.0.66:0").unwrap();
    stranger.send_to(b"OPTIONS sip:x SIP/2.0\r\n\r\n", &sip).unwrap();
    let over_udp = daemon.says("stranger").await;
    drop(TcpStream::connect(&sip).unwrap());
    let over_tcp = daemon.says("stranger").await;
    [ready, over_udp, over_tcp, String::new()].join("\n")
}

#[tokio::test]
async fn the_shipped_filter_bans_strangers_and_nobody_else() {
    if !is_installed("fail2ban-regex") {
        return;
    }
    let filter = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/fail2ban/filter.d/zavud.conf");
    for format in ["text", "json"] {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        std::fs::write(&log, log_of_a_stranger(format).await).unwrap();
        let mut regex = Command::new("fail2ban-regex");
        regex.args(["--out", "ip"]).arg(&log).arg(&filter);
        let banned = Peer::start(&mut regex).succeeds().await;
        assert_eq!(banned, "127.0.0.66\n127.0.0.1", "{format}");
    }
}
