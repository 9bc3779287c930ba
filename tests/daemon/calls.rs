//! Calls of every kind: what the caller is answered, what the page shows, what is recorded.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use sip::{Codec, MediaPolicy, SrtpPolicy, StatusCode};
use tokio::net::UdpSocket;
use tokio::time::timeout;
use zavud::cli::page_watcher::PageWatcher;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{
    Actor, CallOutcome, CodeStage, EventId, InvitationStatus, InvitationToken, PhoneNumber,
    Recording,
};
use zavud::onboarding::{Step, take_step};
use zavud::store::{CallFilter, NewLink};
use zavud::telephony::caller::CallFailure;

use crate::support::{
    DeafModel, MistakenModel, NUMBER, PATIENCE, TestDaemon, call, call_with, digits_of,
    half_a_code, noise, silence, stages_until, voice,
};

fn is_end(stage: &CodeStage) -> bool {
    matches!(stage, CodeStage::Code { .. } | CodeStage::Unreadable { .. })
}

fn is_refused(result: &Result<(), CallFailure>, expected: StatusCode) -> bool {
    matches!(result, Err(CallFailure::Refused { status, .. }) if *status == expected)
}

/// A session description that offers to speak.
const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                     m=audio 9 RTP/AVP 0\r\n";

/// A raw INVITE, with the session description given.
fn invite(daemon: &TestDaemon, from_port: u16, description: &str) -> String {
    format!(
        "INVITE sip:{NUMBER}@{sip} SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:{from_port};branch=z9hG4bKraw1\r\n\
         From: <sip:raw@127.0.0.1>;tag=1\r\nTo: <sip:{NUMBER}@{sip}>\r\n\
         Call-ID: raw-1@127.0.0.1\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:raw@127.0.0.1:{from_port}>\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{description}",
        sip = daemon.daemon.sip_address(),
        length = description.len(),
    )
}

/// Sends a datagram to the daemon's SIP port and returns the socket it was sent from.
async fn send(daemon: &TestDaemon, message: impl FnOnce(u16) -> String) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let message = message(socket.local_addr().unwrap().port());
    socket.send_to(message.as_bytes(), daemon.daemon.sip_address()).await.unwrap();
    socket
}

/// The first line of the next response that is final.
async fn final_status(socket: &UdpSocket) -> String {
    let mut buffer = vec![0; 65_535];
    loop {
        let length = socket.recv(&mut buffer).await.unwrap();
        let response = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let status = response.lines().next().unwrap().to_owned();
        if !status.starts_with("SIP/2.0 1") {
            return status;
        }
    }
}

#[tokio::test]
async fn a_spoken_code_appears_on_the_page_digit_by_digit() {
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let spoken = voice("481529");
    let calling = tokio::spawn(call(daemon.daemon.sip_address(), NUMBER, spoken.samples));
    let stages = stages_until(&mut page, is_end).await;
    calling.await.unwrap().unwrap();

    assert_eq!(stages[..2], [CodeStage::Waiting, CodeStage::Ringing]);
    assert_eq!(stages[2], CodeStage::Listening { digits: vec![] });
    let growing: Vec<String> = stages
        .iter()
        .filter_map(|stage| match stage {
            CodeStage::Listening { digits } => Some(digits_of(digits)),
            _ => None,
        })
        .collect();
    assert!(growing.len() > 2, "partial results were shown: {growing:?}");
    assert!(
        matches!(stages.last(), Some(CodeStage::Code { code, .. }) if code.expose() == "481529"),
        "{stages:?}"
    );
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    // Who is spoken a code to has begun to sign up.
    let reached = [InvitationStatus::Pending, InvitationStatus::InProgress];
    assert_eq!(daemon.statuses().await, reached);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_digit_that_is_not_heard_any_more_leaves_the_page() {
    let model = Box::new(MistakenModel);
    let daemon = TestDaemon::start_with(Arc::new(SystemClock), model, |_| {}).await;
    let mut page = daemon.watch(None).await;
    let spoken = voice("481529").samples;
    let calling = tokio::spawn(call(daemon.daemon.sip_address(), NUMBER, spoken));
    let stages = stages_until(&mut page, is_end).await;
    calling.await.unwrap().unwrap();

    let shown = stages.iter().filter_map(|stage| match stage {
        CodeStage::Listening { digits } | CodeStage::Unreadable { digits, .. } => {
            Some(digits_of(digits))
        }
        _ => None,
    });
    assert_eq!(shown.collect::<Vec<_>>(), ["", "7", "", ""], "{stages:?}");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_code_outlasts_calls_after_it_in_which_nobody_speaks() {
    let daemon = TestDaemon::start_reading().await;
    let sip = daemon.daemon.sip_address();
    let is_code = |stage: &CodeStage| matches!(stage, CodeStage::Code { .. });
    let mut page = daemon.watch(None).await;
    call(sip, NUMBER, voice("481529").samples).await.unwrap();
    let read = stages_until(&mut page, is_code).await.pop().unwrap();

    call(sip, NUMBER, silence(1)).await.unwrap();
    let stages = stages_until(&mut page, is_code).await;
    assert_eq!(stages[0], CodeStage::Ringing);
    assert_eq!(stages.last(), Some(&read), "{stages:?}");
    assert_eq!(daemon.outcomes_of(2).await[1], CallOutcome::Silent);

    // Behind one in which something was said, and not read, it may be another one's.
    for said in [noise(1), silence(1)] {
        call(sip, NUMBER, said).await.unwrap();
        let stages = stages_until(&mut page, is_end).await;
        assert!(matches!(stages.last(), Some(CodeStage::Unreadable { .. })), "{stages:?}");
    }
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_call_during_which_nothing_can_be_written_still_gets_its_code_and_its_end() {
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let spoken = voice("481529").samples;
    let calling = tokio::spawn(call(daemon.daemon.sip_address(), NUMBER, spoken));
    let is_listening = |stage: &CodeStage| matches!(stage, CodeStage::Listening { .. });
    stages_until(&mut page, is_listening).await;
    // Somebody else writes for as long as the voice speaks, and longer than the daemon waits for that.
    let database = daemon.database_files().into_iter().find(|file| file.ends_with("zavud.db"));
    let other = rusqlite::Connection::open(database.unwrap()).unwrap();
    other.busy_timeout(PATIENCE).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    calling.await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    other.execute_batch("ROLLBACK").unwrap();

    let stages = stages_until(&mut page, is_end).await;
    assert!(
        matches!(stages.last(), Some(CodeStage::Code { code, .. }) if code.expose() == "481529"),
        "{stages:?}"
    );
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_call_to_a_number_that_is_not_ours_is_not_found() {
    let daemon = TestDaemon::start().await;
    let result = call(daemon.daemon.sip_address(), "+15550100199", silence(1)).await;
    assert!(is_refused(&result, StatusCode::NOT_FOUND), "{result:?}");
    let result = call(daemon.daemon.sip_address(), "operator", silence(1)).await;
    assert!(is_refused(&result, StatusCode::NOT_FOUND), "{result:?}");
    assert_eq!(daemon.outcomes().await, []);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_call_nobody_waits_for_is_refused_as_unavailable() {
    let clock = Arc::new(crate::support::ManualClock::new());
    let daemon = TestDaemon::start_with(Arc::clone(&clock) as _, Box::new(DeafModel), |_| {}).await;
    clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    let result = call(daemon.daemon.sip_address(), NUMBER, silence(1)).await;
    assert!(is_refused(&result, StatusCode::TEMPORARILY_UNAVAILABLE), "{result:?}");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn what_a_call_sounded_like_is_kept_with_its_outcome() {
    let daemon = TestDaemon::start().await;
    call(daemon.daemon.sip_address(), NUMBER, noise(1)).await.unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::Unreadable);
    let project = daemon.invited.project.clone();
    let read = daemon
        .daemon
        .store
        .read(move |reader| reader.past_calls(&project, &CallFilter::default(), None, 2));
    let calls = read.await.unwrap();
    let end = calls[0].end.unwrap();
    let quality = end.quality.unwrap();
    assert_eq!((calls.len(), quality.lost_percent), (1, 0.0), "nothing is lost on one machine");
    assert!((4.0..4.5).contains(&quality.opinion_score), "{quality:?}");
    assert_eq!(calls[0].caller.as_ref().map(PhoneNumber::as_str), Some("+442071838750"));
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_stranger_gets_no_answer_and_leaves_no_trace() {
    let nobody = |config: &mut zavud::config::Config| config.sip.trunks.clear();
    let daemon = TestDaemon::start_with(Arc::new(SystemClock), Box::new(DeafModel), nobody).await;
    let stranger = send(&daemon, |port| invite(&daemon, port, "")).await;
    // The same daemon answers on another port; by then the INVITE has long been handled.
    daemon.watch(None).await.next().await.unwrap().unwrap();
    let nothing = stranger.try_recv(&mut [0; 1_500]);
    assert_eq!(nothing.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(daemon.outcomes().await, []);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_trunk_that_calls_its_account_and_names_the_number_elsewhere_is_answered() {
    let daemon = TestDaemon::start().await;
    let description = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                       m=audio 4000 RTP/AVP 0\r\n";
    let to_the_account = |port| {
        let dialled = format!("INVITE sip:{NUMBER}@");
        invite(&daemon, port, description).replacen(&dialled, "INVITE sip:17771234567@", 1)
    };
    let caller = send(&daemon, to_the_account).await;
    assert_eq!(final_status(&caller).await, "SIP/2.0 200 OK");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_caller_without_a_codec_of_ours_is_told_so() {
    let daemon = TestDaemon::start().await;
    let description = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                       m=audio 9 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n";
    let caller = send(&daemon, |port| invite(&daemon, port, description)).await;
    assert_eq!(final_status(&caller).await, "SIP/2.0 488 Not Acceptable Here");
    assert_eq!(daemon.outcomes().await, []);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn rtp_that_is_none_does_no_harm_and_the_call_ends_for_want_of_audio() {
    let impatient = |config: &mut zavud::config::Config| {
        config.rtp.media_timeout = Duration::from_millis(600);
    };
    let daemon =
        TestDaemon::start_with(Arc::new(SystemClock), Box::new(DeafModel), impatient).await;
    let caller = send(&daemon, |port| invite(&daemon, port, OFFER)).await;
    let mut buffer = vec![0; 65_535];
    let answer = loop {
        let length = caller.recv(&mut buffer).await.unwrap();
        let response = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if response.starts_with("SIP/2.0 200") {
            break response;
        }
    };
    let media_line = answer.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
    let port: u16 = media_line.split(' ').next().unwrap().parse().unwrap();
    for garbage in [&b""[..], b"x", &[0; 12], &[0xff; 1_500], b"OPTIONS sip:x SIP/2.0\r\n\r\n"] {
        caller.send_to(garbage, (Ipv4Addr::LOCALHOST, port)).await.unwrap();
    }
    let to = answer.lines().find(|line| line.starts_with("To:")).unwrap();
    let acknowledge = |method: &str, cseq: u32| {
        format!(
            "{method} sip:{NUMBER}@{sip} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKack\r\n\
             From: <sip:raw@127.0.0.1>;tag=1\r\n{to}\r\nCall-ID: raw-1@127.0.0.1\r\n\
             CSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            sip = daemon.daemon.sip_address(),
        )
    };
    let sip = daemon.daemon.sip_address();
    caller.send_to(acknowledge("ACK", 1).as_bytes(), sip).await.unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::Silent);
    // It goes on serving.
    call(sip, NUMBER, silence(1)).await.unwrap();
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_code_in_encrypted_audio_of_wide_band_is_read() {
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let media = MediaPolicy {
        codecs: vec![Codec::G722],
        srtp: SrtpPolicy::Required,
        ..MediaPolicy::default()
    };
    let spoken = voice("481529").samples;
    call_with(media, daemon.daemon.sip_address(), NUMBER, spoken).await.unwrap();
    let stages = stages_until(&mut page, is_end).await;
    let Some(CodeStage::Code { code, .. }) = stages.last() else { panic!("{stages:?}") };
    assert_eq!(code.expose(), "481529");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn silence_is_no_code() {
    let daemon = TestDaemon::start_reading().await;
    call(daemon.daemon.sip_address(), NUMBER, silence(4)).await.unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::Silent);
    let stage = daemon.watch(None).await.next().await.unwrap().unwrap().stage;
    assert!(
        matches!(
            &stage,
            CodeStage::Unreadable { digits, recording: Recording::Kept { .. } } if digits.is_empty()
        ),
        "{stage:?}"
    );
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn music_is_no_code() {
    let daemon = TestDaemon::start_reading().await;
    call(daemon.daemon.sip_address(), NUMBER, noise(8)).await.unwrap();
    assert_ne!(daemon.outcome().await, CallOutcome::CodeRead);
    let stage = daemon.watch(None).await.next().await.unwrap().unwrap().stage;
    assert!(matches!(stage, CodeStage::Unreadable { .. }), "{stage:?}");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn half_a_code_is_shown_as_unreadable_when_the_caller_hangs_up() {
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    call(daemon.daemon.sip_address(), NUMBER, half_a_code("481529")).await.unwrap();
    let stages = stages_until(&mut page, is_end).await;
    let Some(CodeStage::Unreadable { digits, recording: Recording::Kept { .. } }) = stages.last()
    else {
        panic!("{stages:?}")
    };
    let heard = digits_of(digits);
    assert!("481529".starts_with(&heard) && (1..6).contains(&heard.len()), "heard {heard}");
    assert_eq!(daemon.outcome().await, CallOutcome::Unreadable);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_caller_who_gives_up_at_once_is_still_recorded() {
    let daemon = TestDaemon::start_deaf(|_| {}).await;
    let socket = send(&daemon, |port| invite(&daemon, port, OFFER)).await;
    // Both are there before the first is looked at.
    let cancel = invite(&daemon, socket.local_addr().unwrap().port(), "");
    let cancel = cancel.replace("INVITE", "CANCEL");
    socket.send_to(cancel.as_bytes(), daemon.daemon.sip_address()).await.unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::Abandoned);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_second_call_to_a_number_in_a_call_is_busy_and_disturbs_nothing() {
    let daemon = TestDaemon::start().await;
    let sip = daemon.daemon.sip_address();
    let mut page = daemon.watch(None).await;
    let first = tokio::spawn(call(sip, NUMBER, silence(3)));
    stages_until(&mut page, |stage| matches!(stage, CodeStage::Listening { .. })).await;
    let second = call(sip, NUMBER, silence(1)).await;
    assert!(is_refused(&second, StatusCode::BUSY_HERE), "{second:?}");
    first.await.unwrap().unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::Silent);
    call(sip, NUMBER, silence(1)).await.expect("the number is free again");
    assert_eq!(daemon.attempts().await, 2, "the one that was refused is not counted");
    assert_eq!(daemon.statuses().await, [InvitationStatus::Pending]);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn no_rtp_port_left_is_a_refusal_that_says_so() {
    let no_ports = |config: &mut zavud::config::Config| {
        config.rtp.first_port = 20_001;
        config.rtp.last_port = 20_001;
    };
    let daemon = TestDaemon::start_with(Arc::new(SystemClock), Box::new(DeafModel), no_ports).await;
    let result = call(daemon.daemon.sip_address(), NUMBER, silence(1)).await;
    assert!(is_refused(&result, StatusCode::SERVICE_UNAVAILABLE), "{result:?}");
    assert_eq!(daemon.outcome().await, CallOutcome::Failed);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn stopping_the_daemon_ends_its_calls_and_says_how() {
    let daemon = TestDaemon::start().await;
    let mut page = daemon.watch(None).await;
    let calling = tokio::spawn(call(daemon.daemon.sip_address(), NUMBER, silence(60)));
    stages_until(&mut page, |stage| matches!(stage, CodeStage::Listening { .. })).await;
    // The page listens before the first packet is here, and without one there is no recording.
    timeout(PATIENCE, daemon.something_is_recorded()).await.unwrap();
    let store = Arc::clone(&daemon.daemon.store);
    let invitation = daemon.invited.invitation.clone();
    let shown = invitation.clone();
    let left = daemon.recordings_left().await;
    let outcomes = store.read(move |reader| reader.call_outcomes(&invitation)).await.unwrap();
    assert_eq!(outcomes, [Some(CallOutcome::Interrupted)]);
    assert!(matches!(calling.await.unwrap(), Err(CallFailure::CutOff { .. })));
    let last = store.read(move |reader| reader.current_stage(&shown, SystemClock.now()));
    let stage = last.await.unwrap().stage;
    let CodeStage::Unreadable { recording: Recording::Kept { call, .. }, .. } = stage else {
        panic!("{stage:?}")
    };
    let [file] = &left[..] else { panic!("one call was recorded") };
    assert!(file.ends_with(format!("{call}.wav")));
}

#[tokio::test]
async fn what_is_heard_in_a_call_is_not_for_whoever_gets_the_link_in_the_middle_of_it() {
    let daemon = TestDaemon::start_reading().await;
    let mut page = daemon.watch(None).await;
    let calling = tokio::spawn(call(daemon.daemon.sip_address(), NUMBER, voice("481529").samples));
    // Some of it is on the page of the client for whom it was.
    stages_until(
        &mut page,
        |stage| matches!(stage, CodeStage::Listening { digits } if !digits.is_empty()),
    )
    .await;
    let (id, token) = (daemon.invited.invitation.clone(), InvitationToken::new([9; 20]));
    let now = SystemClock.now();
    let link = NewLink { token: token.clone(), expires_at: now + Duration::from_secs(172_800) };
    let resend = daemon.daemon.store.write(move |writer| {
        for step in [Step::Cancel, Step::Resend(link)] {
            take_step(writer, &id, &step, Actor::Partner, now)?.unwrap();
        }
        Ok(())
    });
    resend.await.unwrap();
    let link = format!("http://{}/i/{}", daemon.daemon.web_address(), token.expose());
    let mut other = PageWatcher::open(&link, Some(EventId(0))).await.unwrap();
    assert_eq!(daemon.outcome().await, CallOutcome::CodeRead);
    calling.await.unwrap().unwrap();

    // Whatever the new page is told from the beginning on: no digit, and in the end that nobody called.
    let current = PageWatcher::open(&link, None).await.unwrap().next().await.unwrap().unwrap();
    assert_eq!(current.stage, CodeStage::Waiting);
    loop {
        let seen = other.next().await.unwrap().unwrap();
        let is_empty = match &seen.stage {
            CodeStage::Waiting | CodeStage::Ringing => true,
            CodeStage::Listening { digits } => digits.is_empty(),
            CodeStage::Code { .. } | CodeStage::Unreadable { .. } | CodeStage::Expired => false,
        };
        assert!(is_empty, "{seen:?}");
        if seen.id == current.id {
            break;
        }
    }
    let id = daemon.invited.invitation.clone();
    let codes = daemon.daemon.store.read(move |reader| reader.valid_codes(&id, now)).await;
    assert_eq!(codes.unwrap(), []);
    use InvitationStatus::{Cancelled, Pending};
    assert_eq!(daemon.statuses().await, [Pending, Cancelled, Pending], "nobody has begun");
    assert_eq!(daemon.recordings_left().await, Vec::<std::path::PathBuf>::new());
}
