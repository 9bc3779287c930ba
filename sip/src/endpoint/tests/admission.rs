//! Requests outside a dialog, and who may make them.

use super::*;

#[test]
fn an_invite_gets_a_100_at_once_and_is_announced_with_everyone_it_names() {
    let mut bench = Bench::new();
    let text = invite("a", OFFER).replace(
        "Max-Forwards",
        "Timestamp: 54.1\r\nDiversion: <sip:+1@x>, \"b\" <sip:+2@x>\r\nP-Called-Party-ID: <sip:+3@x>\r\nMax-Forwards",
    );
    let outputs = bench.receive(&text);
    let call = incoming(&outputs);
    assert_eq!(header(&outputs[0], &HeaderName::Timestamp).as_deref(), Some("54.1"));
    assert_eq!(response(&outputs[0]).essentials.to.tag(), None);
    let uri = |text: &str| crate::Uri::parse(text).unwrap();
    let expected = crate::IncomingCall {
        peer: "trunk".into(),
        source: Flow::udp(address(CALLER)),
        sip_call_id: "a".to_owned(),
        called: uri("sip:+15550100@198.51.100.1"),
        to: Some(uri("sip:+15550100@198.51.100.1")),
        called_party: Some(uri("sip:+3@x")),
        diverted_by: vec![uri("sip:+1@x"), uri("sip:+2@x")],
        caller: Some(uri("sip:+15550199@192.0.2.10")),
    };
    assert_eq!(outputs[1], Output::Event(CallEvent::Incoming { call, invite: Box::new(expected) }));
}

/// Who calls, when an INVITE with these headers comes from a peer that is believed as far as this.
fn caller(caller_identity: CallerIdentity, headers: &str) -> Option<String> {
    let networks = vec!["192.0.2.0/24".parse().unwrap()];
    let peer = Peer::new("trunk", networks).with_caller_identity(caller_identity);
    let mut bench = Bench::with_peers(vec![peer]);
    let text = invite("a", OFFER).replace("Max-Forwards", &format!("{headers}Max-Forwards"));
    match bench.receive(&text).as_slice() {
        [_, Output::Event(CallEvent::Incoming { invite, .. })] => {
            invite.caller.as_ref().map(ToString::to_string)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_asserted_identity_is_believed_from_a_trusted_peer_only_and_a_preferred_one_never() {
    let from = Some("sip:+15550199@192.0.2.10".to_owned());
    let asserted = "P-Asserted-Identity: \"Meta\" <tel:+15550777>, <sip:+1@x>\r\n";
    let preferred = "P-Preferred-Identity: <tel:+15550888>\r\n";
    assert_eq!(
        caller(CallerIdentity::Asserted, &format!("{preferred}{asserted}")),
        Some("tel:+15550777".to_owned())
    );
    assert_eq!(caller(CallerIdentity::From, asserted), from);
    assert_eq!(caller(CallerIdentity::Asserted, preferred), from);
    assert_eq!(caller(CallerIdentity::Asserted, "P-Asserted-Identity: <>\r\n"), from);
}

#[test]
fn tel_uris_are_understood_wherever_an_address_stands() {
    let mut bench = Bench::new();
    let text = invite("a", OFFER)
        .replace("INVITE sip:+15550100@198.51.100.1", "INVITE tel:+1-555-0100")
        .replace("<sip:+15550100@198.51.100.1>", "<tel:+1-555-0100;phone-context=x>")
        .replace("\"Meta\" <sip:+15550199@192.0.2.10>", "tel:+1-555-0199")
        .replace(
            "Max-Forwards",
            "Diversion: <tel:+1>\r\nP-Called-Party-ID: tel:+2\r\nMax-Forwards",
        );
    let outputs = bench.receive(&text);
    let [_, Output::Event(CallEvent::Incoming { call, invite })] = outputs.as_slice() else {
        panic!("{outputs:?}")
    };
    let numbers = [
        Some(&invite.called),
        invite.to.as_ref(),
        invite.caller.as_ref(),
        invite.diverted_by.first(),
        invite.called_party.as_ref(),
    ]
    .map(|uri| uri.and_then(crate::Uri::user));
    assert_eq!(numbers.map(Option::unwrap), ["+15550100", "+15550100", "+15550199", "+1", "+2"]);
    let tag = to_tag(&bench.answer(*call)[0]);
    bench.receive(&request("ACK", "a", "ack", 1, &tag, ""));
    let bye = own_request(&bench.command(*call, CallCommand::HangUp)[0]);
    assert_eq!(bye.essentials.to.as_bytes(), b"tel:+1-555-0199;tag=caller");
}

#[test]
fn a_stranger_meets_silence_whatever_it_says() {
    let mut bench = Bench::new();
    for text in [invite("a", OFFER), "garbage".to_owned(), request("OPTIONS", "a", "b", 1, "", "")]
    {
        let source = Flow::udp(address("203.0.113.9:5060"));
        let dropped = Dropped { source, reason: DropReason::UnknownSource };
        assert_eq!(
            bench.receive_from("203.0.113.9:5060", text.as_bytes()),
            [Output::Dropped(dropped)]
        );
    }
    bench.assert_nothing_is_left();
}

#[test]
fn a_peer_that_is_held_to_a_transport_is_a_stranger_over_another() {
    let peer = Peer::new("trunk", vec!["192.0.2.0/24".parse().unwrap()]);
    let mut bench = Bench::with_peers(vec![peer.only_over(Some(crate::Transport::Tls))]);
    let source = Flow::udp(address(CALLER));
    let dropped = Dropped { source, reason: DropReason::UnknownSource };
    assert_eq!(bench.receive(&invite("a", OFFER)), [Output::Dropped(dropped)]);
    for (channel, known) in
        [(Channel::Tcp(ConnectionId(1)), false), (Channel::Tls(ConnectionId(2)), true)]
    {
        let flow = Flow { remote: address(CALLER), channel };
        assert_eq!(bench.endpoint.knows(flow.remote.ip(), flow.transport()), known);
        bench.endpoint.handle(Input::Connected { now: bench.now, flow, proven: None });
        let is_closed = bench.drain().iter().any(|output| matches!(output, Output::Close(_)));
        assert_eq!(is_closed, !known, "{channel:?}");
    }
}

#[test]
fn a_peer_is_known_by_its_ipv4_address_on_an_ipv6_socket_too() {
    let mut bench = Bench::new();
    let outputs = bench.receive_from(
        "[::ffff:192.0.2.10]:5060",
        request("OPTIONS", "a", "b", 1, "", "").as_bytes(),
    );
    let [Output::Transmit(transmit)] = outputs.as_slice() else { panic!("{outputs:?}") };
    assert_eq!(transmit.flow.remote, address("[::ffff:192.0.2.10]:5060"));
    assert!(String::from_utf8_lossy(&transmit.bytes).contains(";received=192.0.2.10;rport=5060"));
}

#[test]
fn checks_come_in_the_order_of_the_rfc() {
    let mut bench = Bench::new();
    let flawed = |method: &str, branch: &str| request(method, "x", branch, 1, "", "hello");
    let with = |text: String, from: &str, to: &str| text.replace(from, to);
    // Each request has the flaws of all that follow.
    let scheme = |text| with(text, "sip:+15550100@198.51.100.1 SIP", "mailto:a@b SIP");
    let require =
        |text| with(text, "Max-Forwards", "Require: 100rel, x\r\nRequire: y\r\nMax-Forwards");
    let typed = |text| with(text, "Max-Forwards", "Content-Type: text/plain\r\nMax-Forwards");
    let short = "k: timer\r\nx: 30\r\nMax-Forwards";
    let brief = |text| with(typed(text), "Max-Forwards", short);
    assert_eq!(only_status(&bench.receive(&brief(require(scheme(flawed("REGISTER", "1")))))), 405);
    assert_eq!(only_status(&bench.receive(&brief(require(scheme(flawed("INVITE", "2")))))), 416);
    // The same call by another way is merged, and 420 would come after it.
    assert_eq!(only_status(&bench.receive(&brief(require(flawed("INVITE", "3"))))), 482);
    let alone = |text: String, id: &str| text.replace("Call-ID: x", &format!("Call-ID: {id}"));
    let bad_extension = bench.receive(&alone(brief(require(flawed("INVITE", "4"))), "y"));
    assert_eq!(only_status(&bad_extension), 420);
    assert_eq!(header(&bad_extension[0], &HeaderName::Unsupported).as_deref(), Some("x, y"));
    let bad_interval = bench.receive(&alone(brief(flawed("INVITE", "4b")), "y2"));
    assert_eq!(only_status(&bad_interval), 422);
    let bad_body = bench.receive(&alone(typed(flawed("INVITE", "5")), "z"));
    assert_eq!(only_status(&bad_body), 415);
    assert_eq!(header(&bad_body[0], &HeaderName::Accept).as_deref(), Some("application/sdp"));
    assert_eq!(only_status(&bench.receive(&alone(flawed("INVITE", "6"), "w"))), 400);
    assert_eq!(bench.endpoint.call_count(), 0);
}

#[test]
fn inside_a_dialog_checks_come_in_the_same_order() {
    let mut bench = Bench::new();
    let (_, tag) = bench.confirmed_call();
    let foreign = |text: String| text.replace("sip:+15550100@198.51.100.1 SIP", "mailto:a@b SIP");
    let require = |text| with(text, "Require: x\r\n");
    let brief = |text| with(text, "k: timer\r\nx: 30\r\n");
    let typed = |text| with(text, "Content-Type: text/plain\r\n");
    let flawed = |method: &str, branch: &str, cseq: u32, tag: &str| {
        request(method, "call", branch, cseq, tag, "hello")
    };
    let all = |text| typed(brief(require(text)));
    assert_eq!(only_status(&bench.receive(&foreign(all(flawed("INFO", "1", 0, "x"))))), 405);
    assert_eq!(only_status(&bench.receive(&foreign(all(flawed("UPDATE", "2", 0, "x"))))), 416);
    assert_eq!(only_status(&bench.receive(&all(flawed("UPDATE", "3", 0, "x")))), 481);
    assert_eq!(only_status(&bench.receive(&all(flawed("UPDATE", "4", 0, &tag)))), 500);
    assert_eq!(only_status(&bench.receive(&all(flawed("UPDATE", "5", 2, &tag)))), 420);
    assert_eq!(only_status(&bench.receive(&typed(brief(flawed("UPDATE", "6", 3, &tag))))), 422);
    assert_eq!(only_status(&bench.receive(&typed(flawed("UPDATE", "7", 4, &tag)))), 415);
    assert_eq!(only_status(&bench.receive(&flawed("UPDATE", "8", 5, &tag))), 488);
    assert_eq!(bench.endpoint.call_count(), 1);
}

#[test]
fn an_extension_required_in_ack_or_cancel_is_ignored() {
    let mut bench = Bench::new();
    let require = "Require: x\r\n";
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let tag = to_tag(&bench.answer(call)[0]);
    let ack = with(request("ACK", "a", "ack", 1, &tag, ""), require);
    assert_eq!(bench.receive(&ack), [confirmed(call)]);
    let call = incoming(&bench.receive(&invite("b", OFFER)));
    let outputs = bench.receive(&with(request("CANCEL", "b", "invite-b", 1, "", ""), require));
    assert_eq!((status(&outputs[0]), status(&outputs[1])), (200, 487));
    assert_eq!(outputs[2..], [ended(call, EndReason::Cancelled)]);
}

#[test]
fn a_request_that_may_go_no_further_has_arrived() {
    let mut bench = Bench::new();
    let text = invite("a", OFFER).replace("Max-Forwards: 70", "Max-Forwards: 0");
    incoming(&bench.receive(&text));
}

#[test]
fn a_refused_offer_says_what_is_not_in_common() {
    for (from, to, warning) in [
        ("m=audio", "m=video", "304 198.51.100.1:5060 \"no usable audio line\""),
        ("RTP/AVP 8 0", "RTP/AVP 18", "305 198.51.100.1:5060 \"no common codec\""),
    ] {
        let mut bench = Bench::new();
        let outputs = bench.receive(&invite("a", &OFFER.replace(from, to)));
        assert_eq!(only_status(&outputs), 488);
        assert_eq!(header(&outputs[0], &HeaderName::Warning).as_deref(), Some(warning));
    }
}

#[test]
fn while_no_calls_are_taken_those_that_live_go_on() {
    let mut bench = Bench::new();
    let ringing = incoming(&bench.receive(&invite("ringing", OFFER)));
    let (call, tag) = bench.confirmed_call();
    bench.endpoint.set_readiness(Readiness::NotReady { retry_after: Duration::from_secs(30) });
    assert_eq!(only_status(&bench.receive(&invite("new", OFFER))), 503);
    assert_eq!(status(&bench.answer(ringing)[0]), 200);
    let update = bench.receive(&request("UPDATE", "call", "u", 2, &tag, ""));
    assert_eq!(only_status(&update), 200);
    let reinvite = bench.receive(&request("INVITE", "call", "re", 3, &tag, OFFER));
    assert_eq!(reinvite.iter().map(status).collect::<Vec<_>>(), [100, 200]);
    bench.receive(&request("ACK", "call", "re-ack", 3, &tag, ""));
    let bye = bench.receive(&request("BYE", "call", "bye", 4, &tag, ""));
    assert_eq!(status(&bye[0]), 200);
    assert_eq!(bye[1..], [ended(call, EndReason::CallerHungUp)]);
}

#[test]
fn a_request_stays_merged_when_the_refusal_of_its_copy_is_forgotten() {
    let mut bench = Bench::new();
    incoming(&bench.receive(&invite("a", OFFER)));
    let copy = bench.receive(&request("INVITE", "a", "copy", 1, "", OFFER));
    assert_eq!(only_status(&copy), 482);
    assert_eq!(bench.receive(&request("ACK", "a", "copy", 1, &to_tag(&copy[0]), "")), []);
    assert_eq!(bench.pass(6), []);
    assert_eq!(bench.endpoint.transaction_count(), 1);
    assert_eq!(only_status(&bench.receive(&request("INVITE", "a", "third", 1, "", OFFER))), 482);
}

#[test]
fn a_method_we_do_not_know_gets_405_with_allow() {
    let mut bench = Bench::new();
    let outputs = bench.receive(&request("SUBSCRIBE", "a", "b", 1, "", ""));
    assert_eq!(only_status(&outputs), 405);
    assert_eq!(
        header(&outputs[0], &HeaderName::Allow).as_deref(),
        Some("INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK")
    );
}

#[test]
fn a_tag_of_no_dialog_of_ours_gets_481() {
    let mut bench = Bench::new();
    for (branch, method) in ["INVITE", "BYE", "OPTIONS"].into_iter().enumerate() {
        let text = request(method, "a", &branch.to_string(), 1, "unknown", "");
        assert_eq!(only_status(&bench.receive(&text)), 481, "{method}");
    }
    assert_eq!(only_status(&bench.receive(&request("BYE", "a", "no-tag", 1, "", ""))), 481);
    assert_eq!(only_status(&bench.receive(&request("CANCEL", "a", "cancel", 1, "", ""))), 481);
}

#[test]
fn options_says_200_when_ready_and_503_when_not() {
    let mut bench = Bench::new();
    let outputs = bench.receive(&request("OPTIONS", "a", "1", 1, "", ""));
    assert_eq!(only_status(&outputs), 200);
    assert_eq!(header(&outputs[0], &HeaderName::Accept).as_deref(), Some("application/sdp"));
    bench.endpoint.set_readiness(Readiness::NotReady { retry_after: Duration::from_millis(1_500) });
    for (branch, text) in
        [request("OPTIONS", "b", "2", 1, "", ""), invite("c", OFFER)].into_iter().enumerate()
    {
        let outputs = bench.receive(&text);
        assert_eq!(only_status(&outputs), 503, "{branch}");
        assert_eq!(header(&outputs[0], &HeaderName::RetryAfter).as_deref(), Some("2"));
    }
    bench.endpoint.set_readiness(Readiness::Ready);
    assert_eq!(only_status(&bench.receive(&request("OPTIONS", "d", "3", 1, "", ""))), 200);
}

#[test]
fn one_call_more_than_there_may_be_gets_503_and_the_others_live() {
    let mut bench = Bench::with_calls(1);
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    assert_eq!(only_status(&bench.receive(&invite("b", OFFER))), 503);
    assert_eq!(bench.answer(call).len(), 2);
    assert_eq!(bench.endpoint.call_count(), 1);
}

#[test]
fn a_flood_of_invites_is_answered_without_state_once_the_table_is_full() {
    let mut bench = Bench::with_calls(1);
    let limit = (TRANSACTIONS_PER_CALL + SPARE_TRANSACTIONS) / 4 * 3;
    for number in 0..500 {
        let outputs = bench.receive(&invite(&format!("flood-{number}"), OFFER));
        assert_eq!(status(&outputs[0]), if number == 0 { 100 } else { 503 }, "{number}");
        assert!(bench.endpoint.transaction_count() <= limit);
    }
    assert_eq!(bench.endpoint.transaction_count(), limit);
    // Another address of the peer still has room.
    let options = request("OPTIONS", "other", "other", 1, "", "");
    assert_eq!(bench.receive_from("192.0.2.11:5060", options.as_bytes()).len(), 1);
    assert_eq!(bench.endpoint.transaction_count(), limit + 1);
}

#[test]
fn a_keep_alive_is_counted_and_nothing_else() {
    let mut bench = Bench::new();
    for bytes in [&b"\r\n\r\n"[..], b"", b"\0\0\0\0"] {
        let dropped = Dropped { source: Flow::udp(address(CALLER)), reason: DropReason::KeepAlive };
        assert_eq!(bench.receive_from(CALLER, bytes), [Output::Dropped(dropped)]);
    }
}

#[test]
fn a_message_is_reported_before_its_effects_and_without_its_body_where_that_is_wanted() {
    let mut bench = Bench::new();
    bench.endpoint.report_received(true);
    let invite = invite("a", OFFER);
    let outputs = bench.receive(&invite);
    let flow = Flow::udp(address(CALLER));
    let head = invite.strip_suffix(OFFER).unwrap().as_bytes().to_vec();
    assert_eq!(outputs[0], Output::Received(Received { flow, head: head.clone() }));
    let Output::Transmit(again) = &outputs[1] else { panic!("{outputs:?}") };
    assert_eq!(again.head(), again.bytes, "it has no body");

    // A body may hold keys, and a line may end in a bare LF.
    let unix = invite.replace("\r\n", "\n");
    let Some(Output::Received(received)) = bench.receive(&unix).into_iter().next() else {
        panic!("not reported")
    };
    assert_eq!(received.head, String::from_utf8(head).unwrap().replace("\r\n", "\n").as_bytes());
    assert!(
        matches!(&outputs[1], Output::Transmit(trying) if trying.bytes.starts_with(b"SIP/2.0 100 "))
    );

    let strange = bench.receive_from("203.0.113.9:5060", invite.as_bytes());
    assert!(matches!(strange.as_slice(), [Output::Dropped(_)]), "{strange:?}");
}
