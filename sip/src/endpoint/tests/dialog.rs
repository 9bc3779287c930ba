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
fn bye_before_any_answer_gets_200_and_the_invite_487() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let tag = bench.local_tag(call);
    let outputs = bench.receive(&request("BYE", "a", "bye", 2, &tag, ""));
    assert_eq!((status(&outputs[0]), status(&outputs[1])), (200, 487));
    assert_eq!(response(&outputs[1]).essentials.cseq.method, Method::Invite);
    assert_eq!(outputs[2..], [ended(call, EndReason::CallerHungUp)]);
    bench.receive(&request("ACK", "a", "invite-a", 1, &tag, ""));
    bench.pass(40);
    bench.assert_nothing_is_left();
}

#[test]
fn bye_right_behind_a_later_invite_ends_the_call_and_nothing_is_repeated() {
    let mut bench = Bench::new();
    let (call, tag) = bench.confirmed_call();
    let outputs = bench.receive(&request("INVITE", "call", "re", 2, &tag, OFFER));
    // It has its final response at once, so there is none left to be 487.
    assert_eq!(outputs.iter().map(status).collect::<Vec<_>>(), [100, 200]);
    let outputs = bench.receive(&request("BYE", "call", "bye", 3, &tag, ""));
    assert_eq!(status(&outputs[0]), 200);
    assert_eq!(outputs[1..], [ended(call, EndReason::CallerHungUp)]);
    assert_eq!(bench.pass(40), []);
    bench.assert_nothing_is_left();
}

#[test]
fn cancelling_a_later_invite_comes_too_late_and_the_call_lives() {
    let mut bench = Bench::new();
    let (_, tag) = bench.confirmed_call();
    bench.receive(&request("INVITE", "call", "re", 2, &tag, OFFER));
    let cancel = request("CANCEL", "call", "re", 2, &tag, "");
    assert_eq!(only_status(&bench.receive(&cancel)), 200);
    assert_eq!(bench.endpoint.call_count(), 1);
}

#[test]
fn a_cancel_that_overtakes_its_invite_gets_481_and_the_invite_rings() {
    let mut bench = Bench::new();
    let cancel = request("CANCEL", "a", "invite-a", 1, "", "");
    assert_eq!(only_status(&bench.receive(&cancel)), 481);
    incoming(&bench.receive(&invite("a", OFFER)));
}

#[test]
fn one_peer_cannot_cancel_the_call_of_another() {
    let mut bench = Bench::with_peers(vec![
        Peer::new("trunk", vec!["192.0.2.0/24".parse().unwrap()]),
        Peer::new("other", vec!["203.0.113.0/24".parse().unwrap()]),
    ]);
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let cancel = request("CANCEL", "a", "invite-a", 1, "", "");
    let outputs = bench.receive_from("203.0.113.1:5060", cancel.as_bytes());
    let [Output::Transmit(Transmit { bytes, .. })] = outputs.as_slice() else {
        panic!("{outputs:?}")
    };
    assert!(bytes.starts_with(b"SIP/2.0 481 "));
    assert_eq!(status(&bench.answer(call)[0]), 200);
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
    for method in ["BYE", "INVITE", "UPDATE", "PRACK"] {
        let late = request(method, "call", &format!("late-{method}"), 6, &tag, "");
        assert_eq!(only_status(&bench.receive(&late)), 500, "{method}");
    }
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

#[test]
fn a_later_invite_moves_the_target_if_it_is_accepted() {
    for (offer, code, target) in [
        (OFFER.to_owned(), 200, "sip:moved@192.0.2.11"),
        (next_version(OFFER).replace("8 0 101", "18"), 488, "sip:caller@192.0.2.10:5080"),
    ] {
        let mut bench = Bench::new();
        let (call, tag) = bench.confirmed_call();
        let moved = request("INVITE", "call", "re", 2, &tag, &offer)
            .replace("caller@192.0.2.10:5080", "moved@192.0.2.11");
        let outputs = bench.receive(&moved);
        assert_eq!(status(&outputs[1]), code);
        bench.receive(&request("ACK", "call", "re-ack", 2, &tag, ""));
        let bye = own_request(&bench.command(call, CallCommand::HangUp)[0]);
        assert_eq!(bye.uri.as_str(), target);
    }
}

#[test]
fn the_200_to_a_later_invite_has_a_contact_and_the_routes_stay() {
    let mut bench = Bench::new();
    let first = with(invite("a", OFFER), "Record-Route: <sip:p1;lr>\r\n");
    let call = incoming(&bench.receive(&first));
    let tag = to_tag(&bench.answer(call)[0]);
    bench.receive(&request("ACK", "a", "ack", 1, &tag, ""));
    let later = request("INVITE", "a", "re", 2, &tag, OFFER);
    let outputs = bench.receive(&with(later, "Record-Route: <sip:p9;lr>\r\n"));
    let contact = header(&outputs[1], &HeaderName::Contact);
    assert_eq!(contact.as_deref(), Some("<sip:198.51.100.1:5060>"));
    bench.receive(&request("ACK", "a", "re-ack", 2, &tag, ""));
    let bye = own_request(&bench.command(call, CallCommand::HangUp)[0]);
    assert_eq!(routes(&bye), ["<sip:p1;lr>"]);
}

#[test]
fn a_caller_of_rfc_2543_has_a_dialog_without_its_tag() {
    let mut bench = Bench::new();
    let untagged = |text: String| text.replace(";tag=caller", "");
    let call = incoming(&bench.receive(&untagged(invite("a", OFFER))));
    let tag = to_tag(&bench.answer(call)[0]);
    let ack = untagged(request("ACK", "a", "ack", 1, &tag, ""));
    assert_eq!(bench.receive(&ack), [confirmed(call)]);
    let outputs = bench.receive(&untagged(request("BYE", "a", "bye", 2, &tag, "")));
    assert_eq!(outputs[1..], [ended(call, EndReason::CallerHungUp)]);
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
