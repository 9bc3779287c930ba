//! The recording of a call, as a browser plays it.

use crate::chromium::Browser;
use crate::support::{NUMBER, TestDaemon, call, noise};

#[tokio::test]
async fn a_recording_can_be_played_from_the_middle() {
    let Some(browser) = Browser::open(320).await else { return };
    let daemon = TestDaemon::start().await;
    browser.client.goto(&daemon.link()).await.unwrap();
    call(daemon.daemon.sip_address(), NUMBER, noise(4)).await.unwrap();
    browser.wait_for_stage("unreadable").await;
    let script = "const done = arguments[0];
        const player = document.getElementById('recording-player');
        if (player.readyState !== 0) done('it was fetched before anybody asked for it');
        player.onerror = () => done(player.error.message);
        player.onloadedmetadata = () => { player.currentTime = 2; };
        player.onseeked = () => done([player.duration, player.currentTime]);
        player.preload = 'auto';";
    let played = browser.client.execute_async(script, vec![]).await.unwrap();
    let [duration, position] = [0, 1].map(|index| played[index].as_f64().unwrap_or(f64::NAN));
    assert!((3.8..4.2).contains(&duration) && position == 2.0, "{played}");
    browser.close().await;
    daemon.daemon.stop().await;
}
