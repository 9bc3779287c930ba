//! Input that is broken, or meant to break.

use rand::RngExt;

use super::*;

fn is_dropped_as_malformed(outputs: &[Output]) -> bool {
    matches!(outputs, [Output::Dropped(Dropped { reason: DropReason::Malformed(_), .. })])
}

#[test]
fn a_broken_request_gets_400_if_its_sender_can_be_told() {
    let mut bench = Bench::new();
    let options = request("OPTIONS", "a", "b", 1, "", "");
    for (from, to) in [
        ("Content-Length: 0", "Content-Length: 18446744073709551615"),
        ("Content-Length: 0", "Content-Length: 99999999999999999999999"),
        ("Content-Length: 0", "Content-Length: -1"),
        ("Max-Forwards: 70", "Max-Forwards: many"),
        ("Max-Forwards: 70", "no colon here"),
        ("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"),
        ("OPTIONS sip:", "OPTIONS  sip:"),
        ("OPTIONS sip:+15550100@198.51.100.1", "OPTIONS <sip:+15550100@198.51.100.1>"),
        ("Call-ID: a", "Call-ID: a\r\nCall-ID: b"),
    ] {
        assert_eq!(only_status(&bench.receive(&options.replacen(from, to, 1))), 400, "{to}");
    }
    assert_eq!(only_status(&bench.receive(&options.replacen("SIP/2.0\r", "SIP/7.0\r", 1))), 505);
    bench.assert_nothing_is_left();
}

#[test]
fn a_broken_request_whose_sender_cannot_be_told_and_any_broken_ack_are_dropped() {
    let mut bench = Bench::new();
    let options = request("OPTIONS", "a", "b", 1, "", "");
    for missing in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let text = options.replacen(&format!("\r\n{missing}:"), "\r\nX:", 1);
        assert!(is_dropped_as_malformed(&bench.receive(&text)), "{missing}");
    }
    let ack = request("ACK", "a", "b", 1, "", "").replace("Max-Forwards: 70", "Max-Forwards: many");
    assert!(is_dropped_as_malformed(&bench.receive(&ack)));
    assert!(is_dropped_as_malformed(&bench.receive_from(CALLER, &[b'a'; 70_000])));
    bench.assert_nothing_is_left();
}

#[test]
fn mutated_messages_never_panic_and_leave_bounded_state() {
    for seed in 0..40 {
        let mut bench = Bench::with_calls(2);
        let mut rng = StdRng::from_seed(long_seed(seed));
        let (_, tag) = bench.confirmed_call();
        let originals = [
            invite("a", OFFER),
            request("ACK", "call", "m", 1, &tag, OFFER),
            request("INVITE", "call", "n", 5, &tag, OFFER),
            request("BYE", "call", "o", 9, &tag, ""),
            request("CANCEL", "a", "invite-a", 1, "", ""),
            format!("SIP/2.0 200 OK\r\n{}", invite("z", OFFER)),
        ];
        for round in 0..150 {
            let mut bytes = originals[rng.random_range(0..originals.len())].clone().into_bytes();
            mutate(&mut bytes, &mut rng);
            bench.receive_from(CALLER, &bytes);
            if round % 10 == 0 {
                bench.pass(rng.random_range(0..3));
            }
            assert!(bench.endpoint.call_count() <= 2, "seed {seed}");
            assert!(bench.endpoint.transaction_count() <= 80, "seed {seed}");
        }
        // Nobody answers, nobody hangs up: whatever rang has been let go.
        bench.pass(600);
        assert_eq!(bench.endpoint.transaction_count(), 0, "seed {seed}");
    }
}

/// One to four small accidents.
fn mutate(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..20)).min(bytes.len());
        match rng.random_range(0..5_u8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.insert(at, rng.random()),
            3 => bytes.splice(at..at, bytes[at..end].to_vec()).for_each(drop),
            _ => {
                let interesting = b"\r\n\0 ;:,<>\"\\@=%\xff9-";
                bytes.insert(at, interesting[rng.random_range(0..interesting.len())]);
            }
        }
    }
}

#[test]
fn random_bytes_never_panic_and_never_make_a_call() {
    let mut bench = Bench::new();
    let mut rng = StdRng::from_seed(long_seed(7));
    for _ in 0..2_000 {
        let bytes: Vec<u8> = (0..rng.random_range(0..300)).map(|_| rng.random()).collect();
        bench.receive_from(CALLER, &bytes);
    }
    bench.assert_nothing_is_left();
}

#[test]
fn answers_go_to_the_source_whatever_the_message_claims() {
    let via = "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKb";
    for claim in [
        "Via: SIP/2.0/UDP 203.0.113.9:9;branch=z9hG4bKb1;maddr=203.0.113.8;ttl=16",
        "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKb2;received=203.0.113.7;rport=9",
        "Via: SIP/2.0/TLS [ff02::1]:5060;branch=z9hG4bKb3;alias",
        "Via: SIP/2.0/UDP unresolvable.invalid;branch=z9hG4bKb4;rport=99999",
    ] {
        let mut bench = Bench::new();
        let claiming = request("OPTIONS", "a", "b", 1, "", "").replace(via, claim);
        // `status` makes sure of the destination.
        assert_eq!(only_status(&bench.receive(&claiming)), 200, "{claim}");
        let broken = claiming.replace("Max-Forwards: 70", "Max-Forwards: many");
        assert_eq!(only_status(&bench.receive(&broken)), 400, "{claim}");
    }
}

#[test]
fn nothing_is_sent_to_a_contact_or_route_and_a_call_without_its_ack_is_over_in_time() {
    for (headers, target) in [
        ("Contact: <sip:x@203.0.113.99:9>", "sip:x@203.0.113.99:9"),
        (
            "Contact: <sip:x@nowhere.invalid;maddr=203.0.113.8>",
            "sip:x@nowhere.invalid;maddr=203.0.113.8",
        ),
        ("Contact: <sip:255.255.255.255>", "sip:255.255.255.255"),
        ("Contact: \"open <no uri", "sip:+15550199@192.0.2.10"),
        ("Contact: *", "sip:+15550199@192.0.2.10"),
        ("Subject: no contact", "sip:+15550199@192.0.2.10"),
        (
            "Contact: <sip:x@203.0.113.99>\r\nRecord-Route: <sip:203.0.113.9;lr>, <no uri",
            "sip:x@203.0.113.99",
        ),
    ] {
        let mut bench = Bench::new();
        let text = invite("a", OFFER).replace("Contact: <sip:caller@192.0.2.10:5080>", headers);
        let call = incoming(&bench.receive(&text));
        assert_eq!(status(&bench.answer(call)[0]), 200, "{headers}");
        let mut happened = bench.pass(32).into_iter().map(|(_, output)| output);
        let bye = happened.find(|output| !is_response(output)).expect("a BYE");
        // `own_request` and `status` make sure of the destination.
        assert_eq!(own_request(&bye).method, Method::Bye, "{headers}");
        assert_eq!(own_request(&bye).uri.to_string(), target, "{headers}");
        let no_ack = EndReason::NoAck { contact: address(CONTACT) };
        assert_eq!(happened.next(), Some(ended(call, no_ack)), "{headers}");
        assert_eq!(happened.next(), None, "{headers}");
        for (_, output) in bench.pass(33) {
            assert_eq!(own_request(&output).method, Method::Bye, "{headers}");
        }
        bench.assert_nothing_is_left();
    }
}

fn is_response(output: &Output) -> bool {
    matches!(output, Output::Transmit(transmit) if transmit.bytes.starts_with(b"SIP/2.0 "))
}

#[test]
fn whatever_one_source_floods_us_with_its_state_is_bounded_and_another_source_is_served() {
    for seed in 0..5 {
        let mut bench = Bench::with_calls(5);
        let overall = 5 * TRANSACTIONS_PER_CALL + SPARE_TRANSACTIONS;
        let mut rng = StdRng::from_seed(long_seed(seed));
        for number in 0..1_500 {
            let (call_id, branch) = (rng.random_range(0..50).to_string(), number.to_string());
            let methods = ["INVITE", "OPTIONS", "BYE", "CANCEL", "SUBSCRIBE", "ACK"];
            let method = methods[rng.random_range(0..methods.len())];
            let tag = ["", "guessed"][rng.random_range(0..2)];
            let text = request(method, &call_id, &branch, rng.random_range(1..9), tag, OFFER);
            bench.receive(&text);
            bench.receive(&format!("SIP/2.0 200 OK\r\n{text}"));
            assert!(bench.endpoint.call_count() <= 5, "seed {seed}");
            assert!(bench.endpoint.transaction_count() <= overall / 4 * 3, "seed {seed}");
        }
        let options = request("OPTIONS", "other", "other", 1, "", "");
        let before = bench.endpoint.transaction_count();
        assert_eq!(bench.receive_from("192.0.2.11:5060", options.as_bytes()).len(), 1);
        assert_eq!(bench.endpoint.transaction_count(), before + 1, "seed {seed}");
        // The calls that rang are let go after three minutes, everything else after 64*T1.
        bench.pass(240);
        bench.assert_nothing_is_left();
    }
}
