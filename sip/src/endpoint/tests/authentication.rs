//! A peer that has to prove by digest who it is.

use super::*;
use crate::digest::Authenticator;
use crate::{Credentials, Password};

fn bob(password: &str) -> Credentials {
    Credentials { user: "bob".to_owned(), password: Password::new(password) }
}

fn bench() -> Bench {
    let peer = Peer::new("trunk", vec!["192.0.2.0/24".parse().unwrap()]);
    Bench::with_peers(vec![peer.with_users(vec![bob("zanzibar")])])
}

/// The INVITE that answers the challenges of a 401.
fn answered(bench: &mut Bench, challenged: &Output, password: &str) -> String {
    let mut client = Authenticator::new(bob(password), None);
    client.challenged(&response(challenged), &mut bench.endpoint.rng).unwrap();
    let text = request("INVITE", "a", "second", 2, "", OFFER);
    let Ok(Message::Request(invite)) = message::parse(text.as_bytes()) else { panic!("{text}") };
    String::from_utf8(client.authorize(invite).to_bytes()).unwrap()
}

#[test]
fn an_invite_without_proof_gets_401_and_with_it_becomes_a_call() {
    let mut bench = bench();
    let refusal = bench.receive(&invite("a", OFFER));
    assert_eq!(only_status(&refusal), 401);
    let refusal = &refusal[0];
    let challenges: Vec<Vec<u8>> =
        response(refusal).headers.lines(&HeaderName::WwwAuthenticate).map(<[u8]>::to_vec).collect();
    let [sha, md5] = challenges.try_into().unwrap();
    assert!(sha.ends_with(b", algorithm=SHA-256, qop=\"auth\""), "{}", sha.escape_ascii());
    assert!(md5.ends_with(b", algorithm=MD5, qop=\"auth\""), "{}", md5.escape_ascii());
    let tag = to_tag(refusal);
    // Whoever forges the peer's address leaves nothing behind either.
    bench.assert_nothing_is_left();
    let acknowledged = bench.receive(&request("ACK", "a", "invite-a", 1, &tag, ""));
    let is_stray = |output: &Output| matches!(output, Output::Dropped(dropped) if dropped.reason == DropReason::StrayAck);
    assert!(acknowledged.iter().all(is_stray), "{acknowledged:?}");
    let second = answered(&mut bench, refusal, "zanzibar");
    incoming(&bench.receive(&second));
    // The same answer in another call is no proof any more.
    let copy = second.replace("z9hG4bKsecond", "z9hG4bKthird").replace("Call-ID: a", "Call-ID: b");
    let refusal = bench.receive(&copy);
    assert_eq!(only_status(&refusal), 401);
    assert!(header(&refusal[0], &HeaderName::WwwAuthenticate).unwrap().ends_with("stale=true"));
}

#[test]
fn a_wrong_password_is_challenged_anew_and_becomes_no_call() {
    let mut bench = bench();
    let refusal = bench.receive(&invite("a", OFFER));
    let second = answered(&mut bench, &refusal[0], "another");
    let refusal = bench.receive(&second);
    assert_eq!(only_status(&refusal), 401);
    assert!(!header(&refusal[0], &HeaderName::WwwAuthenticate).unwrap().contains("stale"));
    assert_eq!(bench.endpoint.call_count(), 0);
    bench.pass(33);
    bench.assert_nothing_is_left();
}

#[test]
fn a_stranger_is_not_challenged_and_options_need_no_proof() {
    let mut bench = bench();
    let source = Flow::udp(address("203.0.113.9:5060"));
    let dropped = Dropped { source, reason: DropReason::UnknownSource };
    assert_eq!(
        bench.receive_from("203.0.113.9:5060", invite("a", OFFER).as_bytes()),
        [Output::Dropped(dropped)]
    );
    assert_eq!(only_status(&bench.receive(&request("OPTIONS", "a", "b", 1, "", ""))), 200);
}
