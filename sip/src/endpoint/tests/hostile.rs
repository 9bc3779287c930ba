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
