//! The same endpoint over connections.

use super::*;

const CONNECTION: ConnectionId = ConnectionId(1);

fn flow(remote: &str, connection: ConnectionId) -> Flow {
    Flow { remote: address(remote), channel: Channel::Tcp(connection) }
}

impl Bench {
    fn connect(&mut self, remote: &str, connection: ConnectionId) -> Vec<Output> {
        let flow = flow(remote, connection);
        self.endpoint.handle(Input::Connected { now: self.now, flow, proven: None });
        self.drain()
    }

    fn stream(&mut self, connection: ConnectionId, bytes: &[u8]) -> Vec<Output> {
        self.endpoint.handle(Input::Stream { now: self.now, connection, bytes });
        self.drain()
    }
}

/// What was sent over the one connection.
fn sent(outputs: &[Output]) -> Vec<String> {
    let transmits = outputs.iter().filter_map(|output| match output {
        Output::Transmit(Transmit { flow: over, bytes }) => {
            assert_eq!(*over, flow(CALLER, CONNECTION));
            Some(String::from_utf8(bytes.clone()).unwrap())
        }
        _ => None,
    });
    transmits.collect()
}

#[test]
fn a_call_over_a_connection_is_the_same_whatever_the_pieces() {
    let mut bench = Bench::new();
    assert_eq!(bench.connect(CALLER, CONNECTION), []);
    let text = invite("a", OFFER).replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    let outputs: Vec<Output> =
        text.as_bytes().chunks(7).flat_map(|piece| bench.stream(CONNECTION, piece)).collect();
    let [_, Output::Event(CallEvent::Incoming { call, invite })] = outputs.as_slice() else {
        panic!("{outputs:?}")
    };
    assert_eq!(invite.source, flow(CALLER, CONNECTION));
    assert!(sent(&outputs)[0].starts_with("SIP/2.0 100 "));
    let answered = bench.answer(*call);
    let ok = &sent(&answered)[0];
    assert!(ok.contains("\r\nContact: <sip:198.51.100.1:5060;transport=tcp>\r\n"), "{ok}");
}

#[test]
fn a_2xx_is_sent_again_over_a_connection_too_and_a_refusal_is_not() {
    let mut bench = Bench::new();
    bench.connect(CALLER, CONNECTION);
    let outputs = bench.stream(CONNECTION, invite("a", OFFER).as_bytes());
    let [_, Output::Event(CallEvent::Incoming { call, .. })] = outputs.as_slice() else {
        panic!("{outputs:?}")
    };
    bench.answer(*call);
    let once_more = bench.pass(1);
    assert_eq!(once_more.len(), 1);
    assert!(sent(&[once_more[0].1.clone()])[0].starts_with("SIP/2.0 200 "));
    bench.stream(CONNECTION, invite("b", "v=nonsense").as_bytes());
    let later = bench.pass(3);
    assert!(
        later.iter().all(|(_, output)| sent(std::slice::from_ref(output))[0].contains(" 200 "))
    );
}

#[test]
fn a_stranger_is_disconnected_unread() {
    let mut bench = Bench::new();
    let source = flow("203.0.113.9:4000", CONNECTION);
    let dropped = Dropped { source, reason: DropReason::UnknownSource };
    assert_eq!(
        bench.connect("203.0.113.9:4000", CONNECTION),
        [Output::Dropped(dropped), Output::Close(CONNECTION)]
    );
    assert_eq!(bench.stream(CONNECTION, invite("a", OFFER).as_bytes()), []);
    bench.assert_nothing_is_left();
}

#[test]
fn a_stranger_with_the_certificate_of_a_peer_is_that_peer() {
    let mut bench = Bench::new();
    let flow = flow("203.0.113.9:4000", CONNECTION);
    bench.endpoint.handle(Input::Connected { now: bench.now, flow, proven: Some("trunk") });
    assert_eq!(bench.drain(), []);
    let outputs = bench.stream(CONNECTION, request("OPTIONS", "a", "b", 1, "", "").as_bytes());
    let [Output::Transmit(transmit)] = outputs.as_slice() else { panic!("{outputs:?}") };
    assert_eq!(transmit.flow, flow);
}

#[test]
fn a_message_without_content_length_is_told_so_and_the_connection_is_closed() {
    let mut bench = Bench::new();
    bench.connect(CALLER, CONNECTION);
    let endless = request("OPTIONS", "a", "b", 1, "", "").replace("Content-Length: 0\r\n", "");
    let outputs = bench.stream(CONNECTION, endless.as_bytes());
    assert!(sent(&outputs)[0].starts_with("SIP/2.0 400 "), "{outputs:?}");
    assert_eq!(outputs.last(), Some(&Output::Close(CONNECTION)));
    assert_eq!(bench.stream(CONNECTION, invite("b", OFFER).as_bytes()), []);
}

#[test]
fn a_ping_is_answered_and_a_single_line_end_is_not() {
    let mut bench = Bench::new();
    bench.connect(CALLER, CONNECTION);
    assert_eq!(bench.stream(CONNECTION, b"\r\n"), []);
    assert_eq!(sent(&bench.stream(CONNECTION, b"\r\n")), ["\r\n"]);
}

#[test]
fn a_call_outlives_its_connection_and_its_bye_takes_the_next_one() {
    let mut bench = Bench::new();
    bench.connect(CALLER, CONNECTION);
    let outputs = bench.stream(CONNECTION, invite("call", OFFER).as_bytes());
    let [_, Output::Event(CallEvent::Incoming { call, .. })] = outputs.as_slice() else {
        panic!("{outputs:?}")
    };
    let answered = bench.answer(*call);
    let tag = sent(&answered)[0].split(";tag=").nth(2).unwrap()[..16].to_owned();
    bench.stream(CONNECTION, request("ACK", "call", "ack", 1, &tag, "").as_bytes());
    bench.endpoint.handle(Input::Disconnected { now: bench.now, connection: CONNECTION });
    assert_eq!(bench.drain(), []);
    let next = ConnectionId(2);
    bench.connect("192.0.2.10:5999", next);
    let outputs = bench.command(*call, CallCommand::HangUp);
    let [Output::Transmit(Transmit { flow: over, bytes }), last] = outputs.as_slice() else {
        panic!("{outputs:?}")
    };
    assert_eq!(*over, flow("192.0.2.10:5999", next));
    assert!(bytes.starts_with(b"BYE ") && bytes.windows(11).any(|part| part == b"SIP/2.0/TCP"));
    assert_eq!(*last, ended(*call, EndReason::HungUp));
}

#[test]
fn who_begins_a_message_and_does_not_end_it_is_disconnected() {
    let mut bench = Bench::new();
    bench.connect(CALLER, CONNECTION);
    let slow = [
        (
            6_000,
            Output::Dropped(Dropped {
                source: flow(CALLER, CONNECTION),
                reason: DropReason::TooSlow,
            }),
        ),
        (6_000, Output::Close(CONNECTION)),
    ];
    assert_eq!(bench.stream(CONNECTION, b"INVITE sip:a@b SIP/2.0\r\n"), []);
    assert_eq!(bench.pass(4), []);
    assert_eq!(bench.stream(CONNECTION, b"Via"), []);
    assert_eq!(bench.pass(7), slow);
    bench.assert_nothing_is_left();
}

#[test]
fn each_message_has_its_own_time_even_if_every_read_ends_inside_the_next_one() {
    let mut bench = Bench::new();
    bench.connect(CALLER, CONNECTION);
    let ack = request("ACK", "a", "b", 1, "", "");
    let (begin, end) = ack.split_at(100);
    assert_eq!(bench.stream(CONNECTION, begin.as_bytes()), []);
    for _ in 0..5 {
        assert_eq!(bench.pass(6), []);
        let source = flow(CALLER, CONNECTION);
        let stray = Output::Dropped(Dropped { source, reason: DropReason::StrayAck });
        assert_eq!(bench.stream(CONNECTION, format!("{end}{begin}").as_bytes()), [stray]);
    }
}

#[test]
fn a_connection_stays_open_as_long_as_something_comes() {
    let mut bench = Bench::new();
    bench.connect(CALLER, CONNECTION);
    for _ in 0..10 {
        assert_eq!(bench.pass(300), []);
        assert_eq!(sent(&bench.stream(CONNECTION, b"\r\n\r\n")), ["\r\n"]);
    }
    let closed = bench.pass(601);
    assert_eq!(closed.last(), Some(&(600_000, Output::Close(CONNECTION))));
    bench.assert_nothing_is_left();
}

#[test]
fn over_a_connection_a_bye_is_answered_and_leaves_nothing() {
    let mut bench = Bench::new();
    bench.connect(CALLER, CONNECTION);
    let outputs = bench.stream(CONNECTION, request("BYE", "a", "b", 1, "x", "").as_bytes());
    assert!(sent(&outputs)[0].starts_with("SIP/2.0 481 "));
    assert_eq!(bench.endpoint.transaction_count(), 0);
}

#[test]
fn an_answer_over_a_connection_that_nobody_acknowledges_ends_in_bye() {
    let mut bench = Bench::new();
    bench.connect(CALLER, CONNECTION);
    let outputs = bench.stream(CONNECTION, invite("a", OFFER).as_bytes());
    let [_, Output::Event(CallEvent::Incoming { call, .. })] = outputs.as_slice() else {
        panic!("{outputs:?}")
    };
    bench.answer(*call);
    let happened = bench.pass(32);
    let [(_, bye), (32_000, end)] = &happened[happened.len() - 2..] else { panic!("{happened:?}") };
    assert!(sent(std::slice::from_ref(bye))[0].starts_with("BYE "));
    assert_eq!(*end, ended(*call, EndReason::NoAck { contact: address(CONTACT) }));
}

#[test]
fn many_connections_of_one_source_share_its_bound() {
    let mut bench = Bench::with_calls(1);
    let limit = (TRANSACTIONS_PER_CALL + SPARE_TRANSACTIONS) / 4 * 3;
    for number in 0..300 {
        let connection = ConnectionId(number + 1);
        bench.connect(&format!("192.0.2.10:{}", 10_000 + number), connection);
        bench.stream(connection, invite(&format!("flood-{number}"), OFFER).as_bytes());
        assert!(bench.endpoint.transaction_count() <= limit, "{number}");
    }
    assert_eq!((bench.endpoint.call_count(), bench.endpoint.transaction_count()), (1, limit));
    let other = ConnectionId(1_000);
    bench.connect("192.0.2.11:10000", other);
    bench.stream(other, invite("other", OFFER).as_bytes());
    assert_eq!(bench.endpoint.transaction_count(), limit + 1);
}

#[test]
fn a_call_that_must_be_secure_on_every_hop_gets_a_secure_contact() {
    for (from, to) in [
        ("INVITE sip:", "INVITE sips:"),
        ("Contact: <sip:", "Contact: <sips:"),
        ("Contact: ", "Record-Route: <sips:192.0.2.1;lr>\r\nContact: "),
    ] {
        let mut bench = Bench::new();
        let flow = Flow { remote: address(CALLER), channel: Channel::Tls(CONNECTION) };
        bench.endpoint.handle(Input::Connected { now: bench.now, flow, proven: None });
        let text = invite("a", OFFER).replacen(from, to, 1);
        let outputs = bench.stream(CONNECTION, text.as_bytes());
        let [_, Output::Event(CallEvent::Incoming { call, .. })] = outputs.as_slice() else {
            panic!("{outputs:?}")
        };
        let answered = bench.answer(*call);
        let [Output::Transmit(ok), ..] = answered.as_slice() else { panic!("{answered:?}") };
        let ok = String::from_utf8_lossy(&ok.bytes).into_owned();
        assert!(ok.contains("\r\nContact: <sips:198.51.100.1:5061>\r\n"), "{to}: {ok}");
    }
}
