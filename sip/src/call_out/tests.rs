//! The caller's side, against a callee that is played by hand.

use super::*;
use crate::message::{HeaderName, Response};
use crate::simulation::{long_seed, origin};
use crate::{Direction, Flow};

const ANSWER: &[u8] = b"v=0\r\nc=IN IP4 198.51.100.1\r\nm=audio 20000 RTP/AVP 0\r\n";

struct Bench {
    call: CallOut,
    now: Instant,
    invite: Request,
}

impl Bench {
    fn new() -> Self {
        let now = origin();
        let plan = CallOutPlan {
            local: "192.0.2.10:5060".parse().unwrap(),
            remote: Flow::udp("198.51.100.1:5060".parse().unwrap()),
            target: crate::Uri::parse("sip:+15550100@198.51.100.1").unwrap(),
            caller: crate::Uri::parse("sip:+15550199@192.0.2.10").unwrap(),
            media_address: "192.0.2.10:4000".parse().unwrap(),
            media: crate::MediaPolicy::default(),
            seed: long_seed(1),
        };
        let mut call = CallOut::place(now, plan);
        let [invite] = drain(&mut call).try_into().unwrap();
        Self { call, now, invite: request(&invite) }
    }

    fn receive(&mut self, bytes: &[u8]) -> Vec<Output> {
        self.call.handle(Input::Datagram { now: self.now, bytes });
        drain(&mut self.call)
    }

    fn respond(&mut self, status: StatusCode, body: &[u8]) -> Vec<Output> {
        let bytes = response(&self.invite, status, body);
        self.receive(&bytes)
    }

    fn hang_up(&mut self) -> Vec<Output> {
        self.call.handle(Input::HangUp { now: self.now });
        drain(&mut self.call)
    }

    fn pass(&mut self, seconds: u64) -> Vec<Output> {
        self.now += Duration::from_secs(seconds);
        self.call.handle(Input::Timeout { now: self.now });
        drain(&mut self.call)
    }

    /// A request of the callee in the dialog of the answered call.
    fn callee_request(&self, method: &str) -> Vec<u8> {
        let from = String::from_utf8(self.invite.essentials.from.as_bytes().to_vec()).unwrap();
        let call_id = String::from_utf8(self.invite.essentials.call_id.clone()).unwrap();
        format!(
            "{method} sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK{method}\r\nFrom: <sip:+15550100@198.51.100.1>;tag=callee\r\n\
            To: {from}\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n\r\n"
        )
        .into_bytes()
    }
}

fn drain(call: &mut CallOut) -> Vec<Output> {
    let mut outputs = Vec::new();
    loop {
        match call.poll_output() {
            Output::Timeout(_) => return outputs,
            output => outputs.push(output),
        }
    }
}

fn response(request: &Request, status: StatusCode, body: &[u8]) -> Vec<u8> {
    let source = "192.0.2.10:5060".parse().unwrap();
    let response = Response::to(&request.essentials, source, status, Some(b"callee"));
    let response = response
        .with(HeaderName::RecordRoute, "<sip:p1;lr>, <sip:p2;lr>")
        .with(HeaderName::Contact, "<sip:desk@198.51.100.1:5070>");
    if body.is_empty() {
        response.to_bytes()
    } else {
        response.with_session(body.to_vec()).to_bytes()
    }
}

fn request(output: &Output) -> Request {
    let Output::Transmit(transmit) = output else { panic!("no datagram: {output:?}") };
    match message::parse(&transmit.bytes) {
        Ok(Message::Request(request)) => request,
        other => panic!("no request: {other:?}"),
    }
}

fn status(output: &Output) -> u16 {
    let Output::Transmit(transmit) = output else { panic!("no datagram: {output:?}") };
    match message::parse(&transmit.bytes) {
        Ok(Message::Response(response)) => response.status.code(),
        other => panic!("no response: {other:?}"),
    }
}

fn ended(reason: CallOutEnd) -> Output {
    Output::Event(CallOutEvent::Ended(reason))
}

#[test]
fn every_200_is_acknowledged_on_the_routes_turned_round() {
    let mut bench = Bench::new();
    assert_eq!(bench.respond(StatusCode::RINGING, b""), [Output::Event(CallOutEvent::Ringing)]);
    let outputs = bench.respond(StatusCode::OK, ANSWER);
    let ack = request(&outputs[0]);
    assert_eq!((ack.method, ack.uri.as_str()), (Method::Ack, "sip:desk@198.51.100.1:5070"));
    assert_eq!(
        ack.headers.lines(&HeaderName::Route).collect::<Vec<_>>(),
        [b"<sip:p2;lr>", b"<sip:p1;lr>"]
    );
    assert_ne!(ack.essentials.via.unique_branch(), bench.invite.essentials.via.unique_branch());
    assert!(matches!(outputs[1..], [Output::Event(CallOutEvent::Answered(_))]));
    assert_eq!(bench.respond(StatusCode::OK, ANSWER), outputs[..1]);
}

#[test]
fn every_refusal_is_acknowledged_with_the_branch_of_the_invite() {
    let mut bench = Bench::new();
    let outputs = bench.respond(StatusCode::BUSY_HERE, b"");
    let ack = request(&outputs[0]);
    assert_eq!((&ack.method, ack.uri.as_str()), (&Method::Ack, "sip:+15550100@198.51.100.1"));
    assert_eq!(ack.essentials.via, bench.invite.essentials.via);
    assert_eq!(ack.essentials.to.tag(), Some(&b"callee"[..]));
    assert_eq!(outputs[1..], [Output::Event(CallOutEvent::Refused(StatusCode::BUSY_HERE))]);
    assert_eq!(bench.respond(StatusCode::BUSY_HERE, b""), outputs[..1]);
    assert!(!bench.call.is_over());
    assert_eq!(bench.pass(32), []);
    assert!(bench.call.is_over());
}

#[test]
fn a_cancel_waits_for_a_provisional_response() {
    let mut bench = Bench::new();
    assert_eq!(bench.hang_up(), []);
    let outputs = bench.respond(StatusCode::TRYING, b"");
    let [cancel] = outputs.as_slice() else { panic!("{outputs:?}") };
    let cancel = request(cancel);
    assert_eq!(
        (&cancel.method, &cancel.essentials.via),
        (&Method::Cancel, &bench.invite.essentials.via)
    );
    assert_eq!(bench.receive(&response(&cancel, StatusCode::OK, b"")), []);
    let outputs = bench.respond(StatusCode::REQUEST_TERMINATED, b"");
    assert_eq!(request(&outputs[0]).method, Method::Ack);
    assert_eq!(outputs[1..], [ended(CallOutEnd::Cancelled)]);
}

#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_ended_with_bye() {
    let mut bench = Bench::new();
    bench.respond(StatusCode::TRYING, b"");
    assert_eq!(request(&bench.hang_up()[0]).method, Method::Cancel);
    let outputs = bench.respond(StatusCode::OK, ANSWER);
    assert_eq!(
        (request(&outputs[0]).method, request(&outputs[1]).method),
        (Method::Ack, Method::Bye)
    );
    assert_eq!(outputs[2..], [ended(CallOutEnd::Cancelled)]);
}

#[test]
fn a_cancel_without_effect_is_given_up_after_64_t1() {
    let mut bench = Bench::new();
    bench.respond(StatusCode::TRYING, b"");
    bench.hang_up();
    assert_eq!(bench.pass(32), [ended(CallOutEnd::NoResponse)]);
    assert!(bench.call.is_over());
}

#[test]
fn a_cancel_that_was_answered_wants_to_be_woken_only_at_its_limit() {
    let mut bench = Bench::new();
    bench.respond(StatusCode::TRYING, b"");
    let cancel = request(&bench.hang_up()[0]);
    bench.receive(&response(&cancel, StatusCode::OK, b""));
    // Timer K is over, and the INVITE is still open.
    assert_eq!(bench.pass(6), []);
    let wake_at = bench.call.poll_output();
    assert_eq!(wake_at, Output::Timeout(bench.now + Duration::from_secs(26)));
}

#[test]
fn an_unusable_answer_is_acknowledged_and_ended_with_bye() {
    let mut bench = Bench::new();
    let outputs = bench.respond(StatusCode::OK, b"");
    assert_eq!(
        (request(&outputs[0]).method, request(&outputs[1]).method),
        (Method::Ack, Method::Bye)
    );
    let missing = crate::PeerMisbehaved::AnswerMissing.into();
    assert_eq!(outputs[2..], [ended(CallOutEnd::UnusableAnswer(missing))]);
}

#[test]
fn the_callees_bye_gets_200_each_time_and_ends_the_call_once() {
    let mut bench = Bench::new();
    bench.respond(StatusCode::OK, ANSWER);
    let bye = bench.callee_request("BYE");
    let outputs = bench.receive(&bye);
    assert_eq!(status(&outputs[0]), 200);
    assert_eq!(outputs[1..], [ended(CallOutEnd::CalleeHungUp)]);
    assert_eq!(bench.receive(&bye), outputs[..1]);
    assert_eq!(bench.hang_up(), []);
}

#[test]
fn other_requests_of_the_callee_are_answered_and_change_nothing() {
    let mut bench = Bench::new();
    assert_eq!(status(&bench.receive(&bench.callee_request("BYE"))[0]), 481);
    bench.respond(StatusCode::OK, ANSWER);
    let requests =
        [("OPTIONS", 200), ("INVITE", 200), ("UPDATE", 200), ("PRACK", 481), ("INFO", 405)];
    for (method, code) in requests {
        let outputs = bench.receive(&bench.callee_request(method));
        assert_eq!(outputs.len(), 1, "{method}");
        assert_eq!(status(&outputs[0]), code, "{method}");
        assert_eq!(bench.receive(&bench.callee_request(method)), outputs, "{method}");
    }
    assert_eq!(bench.receive(&bench.callee_request("ACK")), []);
    let refreshed = bench.receive(&bench.callee_request("UPDATE"));
    let outputs = bench.hang_up();
    assert_eq!(request(&outputs[0]).method, Method::Bye);
    assert_eq!(outputs[1..], [ended(CallOutEnd::HungUp)]);
    // What comes again is answered as it was; the rest is too late.
    assert_eq!(bench.receive(&bench.callee_request("UPDATE")), refreshed);
    assert_eq!(status(&bench.receive(&bench.callee_request("INVITE"))[0]), 481);
}

impl Bench {
    fn change(&mut self, change: Change, timer: SessionTimer) -> Vec<Output> {
        self.call.handle(Input::Change { now: self.now, change, timer });
        drain(&mut self.call)
    }
}

#[test]
fn hold_is_an_invite_with_a_new_version_and_each_200_is_acknowledged() {
    let mut bench = Bench::new();
    let hold = Change::Reinvite(Direction::SendOnly);
    assert_eq!(bench.change(hold, SessionTimer::Off), []);
    bench.respond(StatusCode::OK, ANSWER);
    let outputs = bench.change(hold, SessionTimer::Off);
    let reinvite = request(&outputs[0]);
    assert_eq!((&reinvite.method, reinvite.essentials.cseq.number), (&Method::Invite, 2));
    let offer = String::from_utf8(reinvite.body.clone()).unwrap();
    let first = String::from_utf8(bench.invite.body.clone()).unwrap();
    assert_eq!(offer, first.replace(" 1 IN IP4", " 2 IN IP4").replace("sendrecv", "sendonly"));
    // One at a time, and the callee's offers have to wait.
    assert_eq!(bench.change(hold, SessionTimer::Off), []);
    let theirs = String::from_utf8(bench.callee_request("INVITE")).unwrap();
    assert_eq!(status(&bench.receive(theirs.as_bytes())[0]), 491);
    let ack = theirs.replace("INVITE sip:", "ACK sip:").replace("1 INVITE", "1 ACK");
    assert_eq!(bench.receive(ack.as_bytes()), []);
    assert_eq!(status(&bench.receive(&bench.callee_request("UPDATE"))[0]), 200);
    let ok = response(&reinvite, StatusCode::OK, ANSWER);
    let outputs = bench.receive(&ok);
    let ack = request(&outputs[0]);
    assert_eq!((ack.method, ack.essentials.cseq.number), (Method::Ack, 2));
    assert_eq!(outputs[1..], [Output::Event(CallOutEvent::Changed(StatusCode::OK))]);
    assert_eq!(bench.receive(&ok), outputs[..1]);
}

#[test]
fn a_refresh_is_an_update_with_the_session_timer_and_without_an_offer() {
    let mut bench = Bench::new();
    bench.respond(StatusCode::OK, ANSWER);
    let outputs = bench.change(Change::Refresh, SessionTimer::CalleeRefreshes { seconds: 90 });
    let update = request(&outputs[0]);
    assert_eq!((&update.method, update.body.len()), (&Method::Update, 0));
    let expires = update.headers.first(&HeaderName::SessionExpires);
    assert_eq!(expires, Some(&b"90;refresher=uas"[..]));
    let changed = Output::Event(CallOutEvent::Changed(StatusCode::REQUEST_TIMEOUT));
    assert_eq!(bench.pass(32).last(), Some(&changed));
}
