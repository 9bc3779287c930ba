//! Retransmission, in both directions: who repeats what, when, and for how long.

use super::*;

#[test]
fn a_repeated_invite_gets_the_100_again_and_makes_no_second_call() {
    let mut bench = Bench::new();
    let first = bench.receive(&invite("a", OFFER));
    incoming(&first);
    assert_eq!(bench.receive(&invite("a", OFFER)), first[..1]);
}

#[test]
fn a_refusal_is_repeated_from_t1_to_t2_until_its_ack() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let refused = bench.command(call, CallCommand::Refuse(StatusCode::BUSY_HERE));
    assert_eq!(status(&refused[0]), 486);
    assert_eq!(refused[1..], [ended(call, EndReason::Refused(StatusCode::BUSY_HERE))]);
    let repeats = bench.pass(10);
    let times: Vec<u128> = repeats.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [500, 1_500, 3_500, 7_500]);
    assert!(repeats.iter().all(|(_, output)| *output == refused[0]));
    // The INVITE, repeated, gets the same; the ACK ends it; more ACKs are absorbed.
    assert_eq!(bench.receive(&invite("a", OFFER)), refused[..1]);
    let ack = request("ACK", "a", "invite-a", 1, &to_tag(&refused[0]), "");
    assert_eq!(bench.receive(&ack), []);
    assert_eq!(bench.receive(&ack), []);
    assert_eq!(bench.receive(&invite("a", OFFER)), []);
    assert_eq!(bench.pass(6), []);
    bench.assert_nothing_is_left();
}

#[test]
fn a_refusal_without_ack_is_given_up_after_64_t1() {
    let mut bench = Bench::new();
    assert_eq!(only_status(&bench.receive(&request("INVITE", "a", "b", 1, "", "m=video"))), 400);
    let times: Vec<u128> = bench.pass(40).into_iter().map(|(time, _)| time).collect();
    assert_eq!(times, [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    bench.assert_nothing_is_left();
}

#[test]
fn a_200_is_repeated_from_t1_to_t2_until_its_ack_and_the_invite_is_absorbed() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let answered = bench.answer(call);
    assert_eq!(status(&answered[0]), 200);
    let repeats = bench.pass(4);
    assert_eq!(repeats.iter().map(|(time, _)| *time).collect::<Vec<_>>(), [500, 1_500, 3_500]);
    assert!(repeats.iter().all(|(_, output)| *output == answered[0]));
    assert_eq!(bench.receive(&invite("a", OFFER)), []);
    let ack = request("ACK", "a", "ack", 1, &to_tag(&answered[0]), "");
    assert_eq!(bench.receive(&ack), [confirmed(call)]);
    assert_eq!(bench.receive(&ack), []);
    // Timer L goes on absorbing; the call itself has no timer.
    assert_eq!(bench.pass(100), []);
    assert_eq!((bench.endpoint.call_count(), bench.endpoint.transaction_count()), (1, 0));
}

#[test]
fn an_ack_with_the_branch_of_its_invite_is_taken_for_the_200_too() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let tag = to_tag(&bench.answer(call)[0]);
    let ack = request("ACK", "a", "invite-a", 1, &tag, "");
    assert_eq!(bench.receive(&ack), [confirmed(call)]);
    assert_eq!(bench.pass(60), []);
}

#[test]
fn a_200_without_ack_ends_in_bye_after_64_t1() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let answered = bench.answer(call);
    let happened = bench.pass(32);
    let (repeats, [(bye_at, bye), (ended_at, end)]) = happened.split_at(happened.len() - 2) else {
        unreachable!()
    };
    assert!(repeats.iter().all(|(_, output)| *output == answered[0]));
    assert_eq!((*bye_at, *ended_at), (32_000, 32_000));
    assert_eq!(own_request(bye).method, Method::Bye);
    assert_eq!(*end, ended(call, EndReason::NoAck { contact: address(CONTACT) }));
}

#[test]
fn our_bye_is_repeated_until_its_200_and_then_forgotten() {
    let mut bench = Bench::new();
    let (call, _) = bench.confirmed_call();
    let outputs = bench.command(call, CallCommand::HangUp);
    let bye = own_request(&outputs[0]);
    assert_eq!(outputs[1..], [ended(call, EndReason::HungUp)]);
    assert_eq!(
        bench.pass(2).into_iter().map(|(_, output)| output).collect::<Vec<_>>(),
        vec![outputs[0].clone(); 2]
    );
    let ok = crate::message::Response::to(&bye.essentials, address(CONTACT), StatusCode::OK, None);
    assert_eq!(bench.receive_from(CALLER, &ok.to_bytes()), []);
    assert_eq!(bench.pass(40), []);
    bench.assert_nothing_is_left();
}

#[test]
fn our_bye_without_response_is_given_up_after_64_t1() {
    let mut bench = Bench::new();
    let (call, _) = bench.confirmed_call();
    bench.command(call, CallCommand::HangUp);
    assert_eq!(bench.pass(60).last().map(|(time, _)| *time), Some(31_500));
    bench.assert_nothing_is_left();
}

#[test]
fn a_repeated_bye_gets_the_same_200_until_timer_j() {
    let mut bench = Bench::new();
    let (call, tag) = bench.confirmed_call();
    let bye = request("BYE", "call", "bye", 2, &tag, "");
    let outputs = bench.receive(&bye);
    assert_eq!(status(&outputs[0]), 200);
    assert_eq!(outputs[1..], [ended(call, EndReason::CallerHungUp)]);
    assert_eq!(bench.receive(&bye), outputs[..1]);
    assert_eq!(bench.pass(33), []);
    bench.assert_nothing_is_left();
    assert_eq!(only_status(&bench.receive(&bye)), 481);
}

#[test]
fn an_ack_and_a_response_to_nothing_are_dropped() {
    let mut bench = Bench::new();
    let source = Flow::udp(address(CALLER));
    let stray = |reason| [Output::Dropped(Dropped { source, reason })];
    assert_eq!(bench.receive(&request("ACK", "a", "b", 1, "x", "")), stray(DropReason::StrayAck));
    let response = request("BYE", "a", "b", 1, "x", "").replacen(
        "BYE sip:+15550100@198.51.100.1 SIP/2.0",
        "SIP/2.0 200 OK",
        1,
    );
    assert_eq!(bench.receive(&response), stray(DropReason::StrayResponse));
}

#[test]
fn requests_of_rfc_2543_are_matched_by_their_parts() {
    let mut bench = Bench::new();
    let old = |text: String| text.replace(";branch=z9hG4bKinvite-a", "");
    let first = bench.receive(&old(invite("a", OFFER)));
    let call = incoming(&first);
    assert_eq!(bench.receive(&old(invite("a", OFFER))), first[..1]);
    let cancel = old(request("CANCEL", "a", "invite-a", 1, "", ""));
    let outputs = bench.receive(&cancel);
    assert_eq!((status(&outputs[0]), status(&outputs[1])), (200, 487));
    assert_eq!(outputs[2..], [ended(call, EndReason::Cancelled)]);
    assert_eq!(
        bench.receive(&old(request("ACK", "a", "invite-a", 1, &to_tag(&outputs[1]), ""))),
        []
    );
    assert_eq!(bench.pass(5), []);
}
