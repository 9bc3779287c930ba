//! UPDATE (RFC 3311) and what is left of PRACK (RFC 3262).

use super::*;
use crate::Direction;

fn hold() -> String {
    format!("{}a=sendonly\r\n", next_version(OFFER))
}

fn update(branch: &str, cseq: u32, tag: &str, body: &str) -> String {
    request("UPDATE", "call", branch, cseq, tag, body)
}

#[test]
fn an_update_without_an_offer_moves_the_target_and_nothing_else() {
    let mut bench = Bench::new();
    let (call, tag) = bench.confirmed_call();
    let moved = update("u", 2, &tag, "").replace("caller@192.0.2.10:5080", "moved@192.0.2.11");
    let outputs = bench.receive(&moved);
    assert_eq!(only_status(&outputs), 200);
    let answer = response(&outputs[0]);
    assert_eq!(answer.body, b"");
    let contact = header(&outputs[0], &HeaderName::Contact);
    assert_eq!(contact.as_deref(), Some("<sip:198.51.100.1:5060>"));
    assert_eq!(bench.receive(&moved), outputs);
    let bye = own_request(&bench.command(call, CallCommand::HangUp)[0]);
    assert_eq!(bye.uri.as_str(), "sip:moved@192.0.2.11");
}

#[test]
fn an_update_with_an_offer_is_answered_at_once() {
    let mut bench = Bench::new();
    let (call, tag) = bench.confirmed_call();
    let outputs = bench.receive(&update("u", 2, &tag, &hold()));
    let [answer, Output::Event(CallEvent::MediaChanged { call: changed, media })] =
        outputs.as_slice()
    else {
        panic!("{outputs:?}")
    };
    assert_eq!((*changed, media.direction), (call, Direction::RecvOnly));
    let answer = response(answer);
    assert_eq!(answer.status, StatusCode::OK);
    assert!(String::from_utf8(answer.body).unwrap().ends_with("a=recvonly\r\n"));
    // There is no ACK to wait for.
    assert_eq!(bench.pass(31), []);
    assert_eq!(bench.endpoint.call_count(), 1);
}

#[test]
fn an_update_with_nothing_in_common_gets_488_and_changes_nothing() {
    let mut bench = Bench::new();
    let (call, tag) = bench.confirmed_call();
    let offer = next_version(OFFER).replace("RTP/AVP 8 0 101", "RTP/AVP 18");
    let moved = update("u", 2, &tag, &offer).replace("caller@192.0.2.10:5080", "moved@x");
    assert_eq!(only_status(&bench.receive(&moved)), 488);
    let bye = own_request(&bench.command(call, CallCommand::HangUp)[0]);
    assert_eq!(bye.uri.as_str(), "sip:caller@192.0.2.10:5080");
}

#[test]
fn an_update_with_a_body_that_is_no_session_gets_415() {
    let mut bench = Bench::new();
    let (_, tag) = bench.confirmed_call();
    let text = with(update("u", 2, &tag, "hello"), "Content-Type: text/plain\r\n");
    assert_eq!(only_status(&bench.receive(&text)), 415);
}

#[test]
fn before_the_answer_an_offer_gets_500_with_retry_after_and_no_offer_gets_200() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("call", OFFER)));
    let tag = bench.local_tag(call);
    let refused = bench.receive(&update("u", 2, &tag, &hold()));
    assert_eq!(only_status(&refused), 500);
    let seconds: u32 = header(&refused[0], &HeaderName::RetryAfter).unwrap().parse().unwrap();
    assert!(seconds <= 10);
    assert_eq!(only_status(&bench.receive(&update("v", 3, &tag, ""))), 200);
    assert_eq!(status(&bench.answer(call)[0]), 200);
}

#[test]
fn between_the_answer_and_its_ack_an_offer_is_answered() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("call", OFFER)));
    let tag = to_tag(&bench.answer(call)[0]);
    let outputs = bench.receive(&update("u", 2, &tag, &hold()));
    assert_eq!(status(&outputs[0]), 200);
    assert!(matches!(outputs[1], Output::Event(CallEvent::MediaChanged { .. })));
    assert_eq!(bench.receive(&request("ACK", "call", "ack", 1, &tag, "")), [confirmed(call)]);
    assert_eq!(bench.pass(60), []);
}

#[test]
fn while_our_own_offer_waits_for_its_answer_an_offer_gets_491() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("call", "")));
    let tag = to_tag(&bench.answer(call)[0]);
    assert_eq!(only_status(&bench.receive(&update("u", 2, &tag, OFFER))), 491);
    assert_eq!(only_status(&bench.receive(&update("v", 3, &tag, ""))), 200);
    let outputs = bench.receive(&request("ACK", "call", "ack", 1, &tag, OFFER));
    assert!(
        matches!(outputs[0], Output::Event(CallEvent::Established { call: of, .. }) if of == call)
    );
}

#[test]
fn an_update_in_no_dialog_gets_481() {
    let mut bench = Bench::new();
    for tag in ["", "unknown"] {
        assert_eq!(only_status(&bench.receive(&update(&format!("u{tag}"), 2, tag, ""))), 481);
    }
}

#[test]
fn a_caller_that_requires_100rel_gets_from_100_to_200_and_its_prack_is_to_nothing() {
    let mut bench = Bench::new();
    let outputs = bench.receive(&with(invite("call", OFFER), "Require: 100rel, timer\r\n"));
    let call = incoming(&outputs);
    let answered = bench.answer(call);
    assert_eq!(status(&answered[0]), 200);
    let tag = to_tag(&answered[0]);
    let rack = "RAck: 1 1 INVITE\r\n";
    for (branch, tag) in [("inside", tag.as_str()), ("outside", ""), ("unknown", "x")] {
        let prack = with(request("PRACK", "call", branch, 2, tag, ""), rack);
        assert_eq!(only_status(&bench.receive(&prack)), 481, "{branch}");
    }
}
