//! Session timers (RFC 4028): who refreshes, and what happens when nobody does.

use super::*;
use crate::message::Response;

const TIMER: &str = "Supported: timer\r\n";
const UPDATES: &str = "Allow: INVITE, ACK, BYE, UPDATE\r\n";

impl Bench {
    /// A confirmed call whose INVITE has these headers, and the 200 it got.
    fn call_with(&mut self, headers: &str) -> (CallHandle, Output) {
        let call = incoming(&self.receive(&with(invite("call", OFFER), headers)));
        let answered = self.answer(call).remove(0);
        let ack = request("ACK", "call", "ack", 1, &to_tag(&answered), "");
        assert_eq!(self.receive(&ack), [confirmed(call)]);
        // The transaction of the INVITE is absorbed meanwhile.
        (call, answered)
    }

    /// The peer's response to a request of ours.
    fn respond(&mut self, request: &Request, status: StatusCode, headers: &str) -> Vec<Output> {
        let source = address(CONTACT);
        let response = Response::to(&request.essentials, source, status, None).to_bytes();
        let text = String::from_utf8(response).unwrap();
        self.receive(&text.replace("Content-Length", &format!("{headers}Content-Length")))
    }

    /// The next thing that happens, and after how many milliseconds.
    fn next(&mut self) -> (u128, Output) {
        let begin = self.now;
        for _ in 0..100 {
            self.now = self.wake_at();
            self.endpoint.handle(Input::Timeout { now: self.now });
            let mut outputs = self.drain();
            if !outputs.is_empty() {
                assert_eq!(outputs.len(), 1, "{outputs:?}");
                return (self.now.duration_since(begin).as_millis(), outputs.remove(0));
            }
        }
        panic!("nothing happens any more");
    }
}

fn headers(request: &Request, names: &[HeaderName]) -> Vec<String> {
    let value = |name| request.headers.first(name).map(|value| value.escape_ascii().to_string());
    names.iter().map(|name| value(name).unwrap_or_default()).collect()
}

/// What must be sent when a session is given up.
fn assert_expired(call: CallHandle, outputs: &[Output]) {
    let [bye, end] = outputs else { panic!("{outputs:?}") };
    assert_eq!(own_request(bye).method, Method::Bye);
    assert_eq!(*end, ended(call, EndReason::SessionExpired));
}

#[test]
fn a_caller_with_timers_is_the_refresher_and_its_silence_ends_the_call() {
    let mut bench = Bench::new();
    let (call, answered) = bench.call_with(&format!("{TIMER}Session-Expires: 1800\r\n"));
    assert_eq!(
        header(&answered, &HeaderName::SessionExpires).as_deref(),
        Some("1800;refresher=uac")
    );
    assert_eq!(header(&answered, &HeaderName::Require).as_deref(), Some("timer"));
    let happened = bench.pass(1_768);
    let (times, outputs): (Vec<u128>, Vec<Output>) = happened.into_iter().unzip();
    assert_eq!(times, [1_768_000, 1_768_000]);
    assert_expired(call, &outputs);
}

#[test]
fn a_short_session_is_given_up_a_third_before_its_end() {
    let mut bench = Bench::new();
    let (call, _) = bench.call_with(&format!("{TIMER}x: 90;refresher=uac\r\n"));
    let happened = bench.pass(60);
    assert_expired(call, &happened.into_iter().map(|(_, output)| output).collect::<Vec<_>>());
}

#[test]
fn a_call_without_session_expires_has_no_timer() {
    let mut bench = Bench::new();
    let (_, answered) = bench.call_with(TIMER);
    assert_eq!(header(&answered, &HeaderName::SessionExpires), None);
    assert_eq!(header(&answered, &HeaderName::Require), None);
    assert_eq!(bench.pass(100_000), []);
}

#[test]
fn an_invite_and_an_update_of_the_caller_refresh_the_session() {
    let mut bench = Bench::new();
    let timer = format!("{TIMER}Session-Expires: 90;refresher=uac\r\n");
    let (call, answered) = bench.call_with(&timer);
    let tag = to_tag(&answered);
    assert_eq!(bench.pass(50), []);
    let update = with(request("UPDATE", "call", "u", 2, &tag, ""), &timer);
    let outputs = bench.receive(&update);
    assert_eq!(only_status(&outputs), 200);
    let expires = header(&outputs[0], &HeaderName::SessionExpires);
    assert_eq!(expires.as_deref(), Some("90;refresher=uac"));
    assert_eq!(bench.pass(50), []);
    let reinvite = with(request("INVITE", "call", "re", 3, &tag, OFFER), &timer);
    assert_eq!(bench.receive(&reinvite).iter().map(status).collect::<Vec<_>>(), [100, 200]);
    bench.receive(&request("ACK", "call", "re-ack", 3, &tag, ""));
    assert_eq!(bench.pass(50), []);
    // One that does not ask for a timer ends it.
    assert_eq!(bench.receive(&request("UPDATE", "call", "v", 4, &tag, "")).len(), 1);
    assert_eq!(bench.pass(10_000), []);
    assert_eq!(bench.command(call, CallCommand::HangUp).len(), 2);
}

#[test]
fn an_interval_below_90_seconds_gets_422_with_min_se() {
    let mut bench = Bench::new();
    let short = format!("{TIMER}Session-Expires: 89\r\n");
    let refused = bench.receive(&with(invite("a", OFFER), &short));
    assert_eq!(only_status(&refused), 422);
    assert_eq!(header(&refused[0], &HeaderName::MinSe).as_deref(), Some("90"));
    let (_, tag) = bench.confirmed_call();
    for (method, cseq) in [("UPDATE", 2), ("INVITE", 3)] {
        let text = with(request(method, "call", method, cseq, &tag, OFFER), &short);
        assert_eq!(only_status(&bench.receive(&text)), 422, "{method}");
    }
    assert_eq!(bench.endpoint.call_count(), 1);
}

#[test]
fn for_a_caller_that_cannot_refresh_we_do() {
    let mut bench = Bench::new();
    // A proxy asked for it.
    let (_, answered) = bench.call_with("Session-Expires: 60\r\n");
    let expires = header(&answered, &HeaderName::SessionExpires);
    assert_eq!(expires.as_deref(), Some("90;refresher=uas"));
    assert_eq!(header(&answered, &HeaderName::Require), None);
    let (after, output) = bench.next();
    assert_eq!((after, own_request(&output).method), (45_000, Method::Invite));
}

#[test]
fn our_refresh_is_an_update_where_the_peer_takes_it() {
    let mut bench = Bench::new();
    let timer = format!("{TIMER}{UPDATES}Session-Expires: 90;refresher=uas\r\n");
    bench.call_with(&timer);
    for cseq in 1..4 {
        let (after, output) = bench.next();
        let update = own_request(&output);
        assert_eq!((after, &update.method), (45_000, &Method::Update));
        assert_eq!((update.essentials.cseq.number, update.body.len()), (cseq, 0));
        let told = [
            HeaderName::Contact,
            HeaderName::Supported,
            HeaderName::SessionExpires,
            HeaderName::MinSe,
        ];
        assert_eq!(
            headers(&update, &told),
            ["<sip:198.51.100.1:5060>", "timer", "90;refresher=uac", "90"]
        );
        let granted = "Session-Expires: 90;refresher=uac\r\nRequire: timer\r\n";
        assert_eq!(bench.respond(&update, StatusCode::OK, granted), []);
    }
}

#[test]
fn our_refresh_of_another_peer_is_an_invite_that_changes_nothing() {
    let mut bench = Bench::new();
    let timer = format!("{TIMER}Session-Expires: 90;refresher=uas\r\n");
    let (_, answered) = bench.call_with(&timer);
    let (after, output) = bench.next();
    let reinvite = own_request(&output);
    assert_eq!((after, &reinvite.method), (45_000, &Method::Invite));
    assert_eq!(reinvite.body, response(&answered).body);
    assert_eq!(bench.respond(&reinvite, StatusCode::TRYING, ""), []);
    let granted = "Session-Expires: 90;refresher=uac\r\n";
    let outputs = bench.respond(&reinvite, StatusCode::OK, granted);
    let [ack] = outputs.as_slice() else { panic!("{outputs:?}") };
    let ack = own_request(ack);
    assert_eq!((&ack.method, ack.essentials.cseq.number), (&Method::Ack, 1));
    assert_ne!(ack.essentials.via, reinvite.essentials.via);
    // Each copy of the 200 gets the same ACK.
    assert_eq!(bench.respond(&reinvite, StatusCode::OK, granted), outputs);
    assert_eq!(own_request(&bench.next().1).essentials.cseq.number, 2);
}

#[test]
fn the_answer_to_our_refresh_may_move_the_media_and_the_target() {
    let mut bench = Bench::new();
    let timer = format!("{TIMER}Session-Expires: 90;refresher=uas\r\n");
    let (call, _) = bench.call_with(&timer);
    let reinvite = own_request(&bench.next().1);
    let answer = OFFER.replace("audio 4000", "audio 4444");
    let response = Response::to(&reinvite.essentials, address(CONTACT), StatusCode::OK, None)
        .with(HeaderName::Contact, "<sip:moved@192.0.2.10>")
        .with(HeaderName::SessionExpires, "1800;refresher=uas")
        .with_session(answer.into_bytes());
    let outputs = bench.receive_from(CALLER, &response.to_bytes());
    assert_eq!(own_request(&outputs[0]).uri.as_str(), "sip:moved@192.0.2.10");
    let [_, Output::Event(CallEvent::MediaChanged { call: changed, media })] = outputs.as_slice()
    else {
        panic!("{outputs:?}")
    };
    assert_eq!((*changed, media.remote), (call, address("192.0.2.10:4444")));
    // From now on the peer refreshes.
    let happened = bench.pass(1_768);
    assert_expired(call, &happened.into_iter().map(|(_, output)| output).collect::<Vec<_>>());
}

#[test]
fn a_peer_that_grants_no_interval_wants_no_refresh_any_more() {
    let mut bench = Bench::new();
    bench.call_with(&format!("{TIMER}{UPDATES}Session-Expires: 90;refresher=uas\r\n"));
    let update = own_request(&bench.next().1);
    assert_eq!(bench.respond(&update, StatusCode::OK, ""), []);
    assert_eq!(bench.pass(100_000), []);
}

#[test]
fn a_peer_that_does_not_take_update_after_all_gets_an_invite_at_once() {
    let mut bench = Bench::new();
    bench.call_with(&format!("{TIMER}{UPDATES}Session-Expires: 90;refresher=uas\r\n"));
    let update = own_request(&bench.next().1);
    assert_eq!(bench.respond(&update, StatusCode::METHOD_NOT_ALLOWED, ""), []);
    let (after, output) = bench.next();
    assert_eq!((after, own_request(&output).method), (0, Method::Invite));
}

#[test]
fn a_refresh_that_meets_one_of_the_peers_is_tried_again_within_two_seconds() {
    let mut bench = Bench::new();
    bench.call_with(&format!("{TIMER}{UPDATES}Session-Expires: 1800;refresher=uas\r\n"));
    let update = own_request(&bench.next().1);
    assert_eq!(bench.respond(&update, StatusCode::REQUEST_PENDING, ""), []);
    let (after, output) = bench.next();
    assert_eq!(own_request(&output).method, Method::Update);
    assert!(after <= 2_000 && after % 10 == 0, "{after}");
}

#[test]
fn a_refusal_of_our_refresh_for_another_reason_leaves_time_to_try_again() {
    let mut bench = Bench::new();
    bench.call_with(&format!("{TIMER}{UPDATES}Session-Expires: 1800;refresher=uas\r\n"));
    let (after, output) = bench.next();
    assert_eq!(after, 900_000);
    let update = own_request(&output);
    let busy = StatusCode::SERVER_INTERNAL_ERROR;
    assert_eq!(bench.respond(&update, busy, "Retry-After: 7 (x)\r\n"), []);
    let (after, output) = bench.next();
    assert_eq!((after, own_request(&output).method), (7_000, Method::Update));
    // Without Retry-After, half the time that is left of 1768 seconds.
    assert_eq!(bench.respond(&own_request(&output), StatusCode::FORBIDDEN, ""), []);
    assert_eq!(bench.next().0, (1_768_000 - 907_000) / 2);
}

#[test]
fn an_interval_that_is_too_small_for_the_peer_is_lengthened() {
    let mut bench = Bench::new();
    bench.call_with(&format!("{TIMER}{UPDATES}Session-Expires: 90;refresher=uas\r\n"));
    let update = own_request(&bench.next().1);
    let too_small = StatusCode::SESSION_INTERVAL_TOO_SMALL;
    assert_eq!(bench.respond(&update, too_small, "Min-SE: 600\r\n"), []);
    let (after, output) = bench.next();
    let update = own_request(&output);
    assert_eq!(after, 0);
    assert_eq!(
        headers(&update, &[HeaderName::SessionExpires, HeaderName::MinSe]),
        ["600;refresher=uac", "600"]
    );
    // A peer that says so of what it wanted itself is not believed again.
    assert_eq!(bench.respond(&update, too_small, "Min-SE: 600\r\n"), []);
    assert_ne!(bench.next().0, 0);
}

#[test]
fn a_peer_that_has_lost_the_call_or_is_gone_ends_it() {
    for status in [StatusCode::NO_SUCH_CALL, StatusCode::REQUEST_TIMEOUT] {
        let mut bench = Bench::new();
        let timer = format!("{TIMER}{UPDATES}Session-Expires: 1800;refresher=uas\r\n");
        let (call, _) = bench.call_with(&timer);
        let update = own_request(&bench.next().1);
        assert_expired(call, &bench.respond(&update, status, ""));
    }
    let mut bench = Bench::new();
    let (call, _) =
        bench.call_with(&format!("{TIMER}{UPDATES}Session-Expires: 1800;refresher=uas\r\n"));
    bench.next();
    let happened = bench.pass(32);
    let (repeats, end) = happened.split_at(happened.len() - 2);
    assert!(repeats.iter().all(|(_, output)| own_request(output).method == Method::Update));
    assert_expired(call, &end.iter().map(|(_, output)| output.clone()).collect::<Vec<_>>());
}

#[test]
fn while_our_invite_is_open_the_peers_offers_get_491() {
    let mut bench = Bench::new();
    let timer = format!("{TIMER}Session-Expires: 1800;refresher=uas\r\n");
    let (call, answered) = bench.call_with(&timer);
    let tag = to_tag(&answered);
    let reinvite = own_request(&bench.next().1);
    assert_eq!(bench.respond(&reinvite, StatusCode::TRYING, ""), []);
    let theirs = bench.receive(&request("INVITE", "call", "glare", 2, &tag, OFFER));
    assert_eq!(theirs.iter().map(status).collect::<Vec<_>>(), [100, 491]);
    bench.receive(&request("ACK", "call", "glare", 2, &tag, ""));
    let offer = bench.receive(&request("UPDATE", "call", "offer", 3, &tag, OFFER));
    assert_eq!(only_status(&offer), 491);
    let no_offer = bench.receive(&request("UPDATE", "call", "none", 4, &tag, ""));
    assert_eq!(only_status(&no_offer), 200);
    // Its BYE ends the call; its 487 to our INVITE still gets an ACK, each time.
    let outputs = bench.receive(&request("BYE", "call", "bye", 5, &tag, ""));
    assert_eq!(status(&outputs[0]), 200);
    assert_eq!(outputs[1..], [ended(call, EndReason::CallerHungUp)]);
    let acks = bench.respond(&reinvite, StatusCode::REQUEST_TERMINATED, "");
    assert_eq!(own_request(&acks[0]).method, Method::Ack);
    assert_eq!(own_request(&acks[0]).essentials.via, reinvite.essentials.via);
    assert_eq!(bench.respond(&reinvite, StatusCode::REQUEST_TERMINATED, ""), acks);
    assert_eq!(bench.pass(40), []);
    bench.assert_nothing_is_left();
}

#[test]
fn a_peer_that_says_100_to_our_refresh_and_nothing_more_is_given_up() {
    let mut bench = Bench::new();
    let timer = format!("{TIMER}Session-Expires: 90000;refresher=uas\r\n");
    let (call, _) = bench.call_with(&timer);
    let reinvite = own_request(&bench.next().1);
    assert_eq!(bench.respond(&reinvite, StatusCode::TRYING, ""), []);
    let happened = bench.pass(180);
    assert_expired(call, &happened.into_iter().map(|(_, output)| output).collect::<Vec<_>>());
    bench.pass(40);
    bench.assert_nothing_is_left();
}
