//! The user agent server, request by request, in virtual time. Each file has one subject; here is
//! the bench they share.

mod admission;
mod authentication;
mod dialog;
mod hostile;
mod registrations;
mod session;
mod session_timers;
mod streams;
mod transactions;
mod update;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::*;
use crate::message::{self, HeaderName, Message, Method};
use crate::simulation::{long_seed, origin};
use crate::{Advertised, AnswerPlan, Channel, ConnectionId, Flow, RegistrationConfig};

const CALLER: &str = "192.0.2.10:5060";
const CONTACT: &str = "198.51.100.1:5060";
const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n";

/// An endpoint with one peer, and the time.
struct Bench {
    endpoint: Endpoint,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        Self::with_calls(10)
    }

    fn with_calls(max_calls: usize) -> Self {
        let peer = Peer::new("trunk", vec!["192.0.2.0/24".parse().unwrap()]);
        Self::with(max_calls, vec![peer], Vec::new())
    }

    fn with_peers(peers: Vec<Peer>) -> Self {
        Self::with(10, peers, Vec::new())
    }

    fn with_media(media: MediaPolicy) -> Self {
        let peer = Peer::new("trunk", vec!["192.0.2.0/24".parse().unwrap()]);
        Self::with_peers(vec![peer.with_media(media)])
    }

    fn with(max_calls: usize, peers: Vec<Peer>, registrations: Vec<RegistrationConfig>) -> Self {
        let now = origin();
        let config = EndpointConfig {
            advertised: Advertised::new(address(CONTACT)),
            peers,
            registrations,
            server_name: "zavud".to_owned(),
            max_calls,
            seed: long_seed(1),
        };
        Self { endpoint: Endpoint::new(config, now), now }
    }

    /// Everything a message from the peer causes.
    fn receive(&mut self, text: &str) -> Vec<Output> {
        self.receive_from(CALLER, text.as_bytes())
    }

    fn receive_from(&mut self, source: &str, bytes: &[u8]) -> Vec<Output> {
        self.endpoint.handle(Input::Datagram { now: self.now, source: address(source), bytes });
        self.drain()
    }

    fn command(&mut self, call: CallHandle, command: CallCommand) -> Vec<Output> {
        self.endpoint.handle(Input::Command { now: self.now, call, command });
        self.drain()
    }

    fn answer(&mut self, call: CallHandle) -> Vec<Output> {
        self.command(
            call,
            CallCommand::Answer(AnswerPlan { media_address: address("198.51.100.1:20000") }),
        )
    }

    /// Everything that happens in the next so many seconds, with the time since their begin in
    /// milliseconds.
    fn pass(&mut self, seconds: u64) -> Vec<(u128, Output)> {
        let (begin, end) = (self.now, self.now + Duration::from_secs(seconds));
        let mut happened = Vec::new();
        loop {
            let next = self.wake_at();
            if next > end {
                self.now = end;
                return happened;
            }
            self.now = next;
            self.endpoint.handle(Input::Timeout { now: next });
            let since = next.duration_since(begin).as_millis();
            happened.extend(self.drain().into_iter().map(|output| (since, output)));
        }
    }

    fn wake_at(&mut self) -> Instant {
        match self.endpoint.poll_output() {
            Output::Timeout(at) => at,
            other => panic!("not drained: {other:?}"),
        }
    }

    fn drain(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        loop {
            match self.endpoint.poll_output() {
                Output::Timeout(_) => return outputs,
                output => outputs.push(output),
            }
        }
    }

    /// An INVITE came, was answered and acknowledged.
    fn confirmed_call(&mut self) -> (CallHandle, String) {
        let call = incoming(&self.receive(&invite("call", OFFER)));
        let tag = to_tag(&self.answer(call)[0]);
        assert_eq!(self.receive(&request("ACK", "call", "ack", 1, &tag, "")), [confirmed(call)]);
        (call, tag)
    }

    /// Our tag in the dialog of a call, before any response has told it.
    fn local_tag(&mut self, call: CallHandle) -> String {
        let call = self.endpoint.calls.get_mut(call).expect("a call");
        String::from_utf8(call.dialog().local_tag().to_vec()).unwrap()
    }

    fn assert_nothing_is_left(&self) {
        assert_eq!((self.endpoint.call_count(), self.endpoint.transaction_count()), (0, 0));
        assert_eq!(self.endpoint.schedule.next(), None);
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A request with a Call-ID, a branch, a CSeq, a To tag (or none) and a body.
fn request(
    method: &str,
    call_id: &str,
    branch: &str,
    cseq: u32,
    to_tag: &str,
    body: &str,
) -> String {
    let tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    format!(
        "{method} sip:+15550100@198.51.100.1 SIP/2.0\r\n\
        Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{branch}\r\n\
        Max-Forwards: 70\r\n\
        From: \"Meta\" <sip:+15550199@192.0.2.10>;tag=caller\r\n\
        To: <sip:+15550100@198.51.100.1>{tag}\r\n\
        Call-ID: {call_id}\r\n\
        CSeq: {cseq} {method}\r\n\
        Contact: <sip:caller@192.0.2.10:5080>\r\n\
        Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn invite(call_id: &str, body: &str) -> String {
    request("INVITE", call_id, &format!("invite-{call_id}"), 1, "", body)
}

/// A message with more header lines.
fn with(mut text: String, lines: &str) -> String {
    let at = text.find("Max-Forwards").expect("a header to put them in front of");
    text.insert_str(at, lines);
    text
}

/// The response in an output that must be one to the caller.
fn response(output: &Output) -> crate::message::Response {
    let Output::Transmit(Transmit { flow, bytes }) = output else {
        panic!("no datagram: {output:?}")
    };
    assert_eq!(*flow, Flow::udp(address(CALLER)));
    match message::parse(bytes) {
        Ok(Message::Response(response)) => response,
        other => panic!("no response: {other:?}"),
    }
}

/// The request in an output that must be one to the caller.
fn own_request(output: &Output) -> Request {
    let Output::Transmit(Transmit { flow, bytes }) = output else {
        panic!("no datagram: {output:?}")
    };
    assert_eq!(*flow, Flow::udp(address(CALLER)));
    match message::parse(bytes) {
        Ok(Message::Request(request)) => request,
        other => panic!("no request: {other:?}"),
    }
}

fn status(output: &Output) -> u16 {
    response(output).status.code()
}

/// The status of the one and only output.
fn only_status(outputs: &[Output]) -> u16 {
    let [output] = outputs else { panic!("not one output: {outputs:?}") };
    status(output)
}

fn header(output: &Output, name: &HeaderName) -> Option<String> {
    let value = response(output).headers.first(name).map(<[u8]>::to_vec);
    value.map(|value| String::from_utf8(value).unwrap())
}

fn to_tag(output: &Output) -> String {
    String::from_utf8(response(output).essentials.to.tag().expect("a To tag").to_vec()).unwrap()
}

/// The call that a 100 and an event announce.
fn incoming(outputs: &[Output]) -> CallHandle {
    let [trying, Output::Event(CallEvent::Incoming { call, .. })] = outputs else {
        panic!("no call came in: {outputs:?}")
    };
    assert_eq!(status(trying), 100);
    *call
}

/// The same description with a later version.
fn next_version(offer: &str) -> String {
    let next = offer.replacen("o=- 1 1 ", "o=- 1 2 ", 1);
    assert_ne!(next, offer);
    next
}

fn confirmed(call: CallHandle) -> Output {
    Output::Event(CallEvent::Confirmed { call })
}

fn ended(call: CallHandle, reason: EndReason) -> Output {
    Output::Event(CallEvent::Ended { call, reason })
}
