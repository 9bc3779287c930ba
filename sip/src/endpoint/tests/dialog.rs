//! What happens in a dialog, and before there is one: CANCEL, BYE, order, routes.

use super::*;

#[test]
fn cancel_gets_200_and_the_invite_487_with_the_same_tag() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let cancel = request("CANCEL", "a", "invite-a", 1, "", "");
    let outputs = bench.receive(&cancel);
    assert_eq!((status(&outputs[0]), status(&outputs[1])), (200, 487));
    assert_eq!(response(&outputs[0]).essentials.cseq.method, Method::Cancel);
    assert_eq!(to_tag(&outputs[0]), to_tag(&outputs[1]));
    assert_eq!(outputs[2..], [ended(call, EndReason::Cancelled)]);
    assert_eq!(bench.receive(&cancel), outputs[..1]);
    assert_eq!(bench.answer(call), []);
}

#[test]
fn cancel_after_the_final_response_gets_200_only() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let tag = to_tag(&bench.answer(call)[0]);
    let outputs = bench.receive(&request("CANCEL", "a", "invite-a", 1, "", ""));
    assert_eq!(only_status(&outputs), 200);
    assert_eq!(to_tag(&outputs[0]), tag);
    assert_eq!(bench.endpoint.call_count(), 1);
}

#[test]
fn bye_before_the_ack_gets_200_and_the_200_to_the_invite_is_not_repeated() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let tag = to_tag(&bench.answer(call)[0]);
    let outputs = bench.receive(&request("BYE", "a", "bye", 2, &tag, ""));
    assert_eq!(status(&outputs[0]), 200);
    assert_eq!(outputs[1..], [ended(call, EndReason::CallerHungUp)]);
    assert_eq!(bench.pass(60), []);
    bench.assert_nothing_is_left();
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let tag = to_tag(&bench.answer(call)[0]);
    assert_eq!(bench.command(call, CallCommand::HangUp), []);
    let outputs = bench.receive(&request("ACK", "a", "ack", 1, &tag, ""));
    assert_eq!(outputs[0], confirmed(call));
    assert_eq!(own_request(&outputs[1]).method, Method::Bye);
    assert_eq!(outputs[2..], [ended(call, EndReason::HungUp)]);
}

#[test]
fn hanging_up_before_the_answer_refuses() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let outputs = bench.command(call, CallCommand::HangUp);
    assert_eq!(status(&outputs[0]), 480);
    assert_eq!(outputs[1..], [ended(call, EndReason::HungUp)]);
}

#[test]
fn an_application_that_never_decides_lets_the_caller_go_after_three_minutes() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let happened = bench.pass(180);
    let [(180_000, refusal), (180_000, end)] = happened.as_slice() else { panic!("{happened:?}") };
    assert_eq!(status(refusal), 480);
    assert_eq!(*end, ended(call, EndReason::Refused(StatusCode::TEMPORARILY_UNAVAILABLE)));
}

#[test]
fn a_refusal_with_a_code_that_is_none_says_480() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    assert_eq!(status(&bench.command(call, CallCommand::Refuse(StatusCode::OK))[0]), 480);
}

#[test]
fn a_lower_cseq_gets_500_and_the_call_lives() {
    let mut bench = Bench::new();
    let (call, tag) = bench.confirmed_call();
    assert_eq!(only_status(&bench.receive(&request("OPTIONS", "call", "o", 7, &tag, ""))), 200);
    assert_eq!(only_status(&bench.receive(&request("BYE", "call", "late", 6, &tag, ""))), 500);
    assert_eq!(
        bench.receive(&request("BYE", "call", "bye", 8, &tag, ""))[1..],
        [ended(call, EndReason::CallerHungUp)]
    );
}

#[test]
fn an_unknown_method_in_a_dialog_gets_405_and_the_call_lives() {
    let mut bench = Bench::new();
    let (_, tag) = bench.confirmed_call();
    assert_eq!(only_status(&bench.receive(&request("INFO", "call", "info", 2, &tag, ""))), 405);
    assert_eq!(bench.endpoint.call_count(), 1);
}

/// The BYE after an INVITE with these Record-Route lines.
fn bye_after(record_routes: &str) -> Request {
    let mut bench = Bench::new();
    let text = invite("a", OFFER).replace("Max-Forwards", &format!("{record_routes}Max-Forwards"));
    let call = incoming(&bench.receive(&text));
    let tag = to_tag(&bench.answer(call)[0]);
    bench.receive(&request("ACK", "a", "ack", 1, &tag, ""));
    own_request(&bench.command(call, CallCommand::HangUp)[0])
}

fn routes(request: &Request) -> Vec<String> {
    request
        .headers
        .lines(&HeaderName::Route)
        .map(|route| String::from_utf8(route.to_vec()).unwrap())
        .collect()
}

#[test]
fn our_bye_goes_to_the_contact_with_both_tags_and_its_own_cseq() {
    let bye = bye_after("");
    assert_eq!(bye.uri.as_str(), "sip:caller@192.0.2.10:5080");
    assert_eq!(bye.essentials.to.as_bytes(), b"\"Meta\" <sip:+15550199@192.0.2.10>;tag=caller");
    assert!(bye.essentials.from.as_bytes().starts_with(b"<sip:+15550100@198.51.100.1>;tag="));
    assert_eq!(bye.essentials.cseq.number, 1);
    assert_eq!(routes(&bye), Vec::<String>::new());
}

#[test]
fn our_bye_takes_loose_routes_in_order() {
    let bye =
        bye_after("Record-Route: <sip:p1;lr>, <sip:p2;lr>;x=y\r\nRecord-Route: <sip:p3;lr>\r\n");
    assert_eq!(bye.uri.as_str(), "sip:caller@192.0.2.10:5080");
    assert_eq!(routes(&bye), ["<sip:p1;lr>", "<sip:p2;lr>;x=y", "<sip:p3;lr>"]);
}

#[test]
fn our_bye_puts_a_strict_router_into_the_request_uri() {
    let bye = bye_after("Record-Route: <sip:p1>, <sip:p2;lr>\r\n");
    assert_eq!(bye.uri.as_str(), "sip:p1");
    assert_eq!(routes(&bye), ["<sip:p2;lr>", "<sip:caller@192.0.2.10:5080>"]);
}

#[test]
fn a_200_has_contact_allow_server_and_the_record_routes_as_they_came() {
    let mut bench = Bench::new();
    let text = invite("a", OFFER).replace(
        "Max-Forwards",
        "Record-Route: <sip:p1;lr>,<sip:p2;lr>\r\nVia: SIP/2.0/UDP 10.0.0.9\r\nMax-Forwards",
    );
    let call = incoming(&bench.receive(&text));
    let answered = bench.answer(call);
    let Output::Transmit(transmit) = &answered[0] else { panic!() };
    let text = String::from_utf8(transmit.bytes.clone()).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let tag = to_tag(&answered[0]);
    let body_length = response(&answered[0]).body.len();
    let expected = format!(
        "SIP/2.0 200 OK\r\n\
        Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKinvite-a;received=192.0.2.10;rport=5060\r\n\
        Via: SIP/2.0/UDP 10.0.0.9\r\n\
        From: \"Meta\" <sip:+15550199@192.0.2.10>;tag=caller\r\n\
        To: <sip:+15550100@198.51.100.1>;tag={tag}\r\n\
        Call-ID: a\r\n\
        CSeq: 1 INVITE\r\n\
        Server: zavud\r\n\
        Record-Route: <sip:p1;lr>\r\n\
        Record-Route: <sip:p2;lr>\r\n\
        Contact: <sip:198.51.100.1:5060>\r\n\
        Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK\r\n\
        Supported: 100rel, timer\r\n\
        Content-Type: application/sdp\r\n\
        Content-Length: {body_length}"
    );
    assert_eq!(head, expected);
}
