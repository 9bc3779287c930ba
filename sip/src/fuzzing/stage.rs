//! An endpoint with one peer that speaks by datagrams and over a connection, a few dialogs to speak
//! in, and the rules that every output keeps.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::message::{self, Message, Request, Response};
use crate::simulation::origin;
use crate::{
    Advertised, AnswerPlan, CallCommand, CallEvent, CallHandle, CallerIdentity, Channel,
    ConnectionId, Endpoint, EndpointConfig, Flow, Input, Output, Peer, Readiness, StatusCode,
};

pub(super) const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\n\
    c=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n\
    a=rtpmap:101 telephone-event/8000\r\n";

pub(super) const SOURCE: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)), 5060);
const OURS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), 5060);
const CONNECTION: ConnectionId = ConnectionId(1);
const LINES: usize = 4;
/// Fewer than lines, so that there can be one too many.
const MAX_CALLS: usize = 3;
/// As `Endpoint` says of itself.
const MAX_TRANSACTIONS: usize = 8 * MAX_CALLS + 64;
/// Longer than anything waits: the application's three minutes and twice 64*T1 behind them.
const UNTIL_ALL_IS_OVER: Duration = Duration::from_secs(300);

pub(super) struct Stage {
    endpoint: Endpoint,
    now: Instant,
    lines: [Line; LINES],
    /// Announced, and not ended.
    calls: BTreeSet<CallHandle>,
    established: BTreeSet<CallHandle>,
    over_connection: bool,
    branches: u32,
    last_message: Vec<u8>,
    /// The endpoint's own last request.
    asked: Option<Request>,
}

/// What the peer knows of a dialog.
#[derive(Debug, Default)]
struct Line {
    /// Makes a new Call-ID of each call.
    generation: u32,
    /// Of the endpoint.
    tag: String,
    cseq: u32,
    invite_cseq: u32,
    invite_branch: u32,
    call: Option<CallHandle>,
}

/// The responses of one step.
#[derive(Debug, Default)]
pub(super) struct Said(Vec<Response>);

impl Said {
    pub(super) fn has_status(&self, code: u16) -> bool {
        self.0.iter().any(|response| response.status.code() == code)
    }

    /// The body of the response with this status.
    pub(super) fn body_of(self, code: u16) -> Option<Vec<u8>> {
        let found = self.0.into_iter().find(|response| response.status.code() == code);
        found.map(|response| response.body)
    }
}

impl Stage {
    pub(super) fn new() -> Self {
        let now = origin();
        let peer = Peer::new("peer", vec![SOURCE.ip().into()])
            .with_caller_identity(CallerIdentity::Asserted);
        let config = EndpointConfig {
            advertised: Advertised::new(OURS),
            peers: vec![peer],
            registrations: Vec::new(),
            server_name: "fuzzed".to_owned(),
            max_calls: MAX_CALLS,
            seed: [1; 32],
        };
        let mut stage = Self {
            endpoint: Endpoint::new(config, now),
            now,
            lines: Default::default(),
            calls: BTreeSet::new(),
            established: BTreeSet::new(),
            over_connection: false,
            branches: 0,
            last_message: Vec::new(),
            asked: None,
        };
        stage.connect();
        stage
    }

    pub(super) fn connect(&mut self) {
        let flow = Flow { remote: SOURCE, channel: Channel::Tcp(CONNECTION) };
        self.take(Input::Connected { now: self.now, flow, proven: None });
    }

    pub(super) fn disconnect(&mut self) {
        self.take(Input::Disconnected { now: self.now, connection: CONNECTION });
    }

    /// Whether messages go over the connection from now on.
    pub(super) fn speak_over_connection(&mut self, over_connection: bool) {
        self.over_connection = over_connection;
    }

    pub(super) fn datagram(&mut self, bytes: &[u8]) -> Said {
        self.take(Input::Datagram { now: self.now, source: SOURCE, bytes })
    }

    pub(super) fn stream(&mut self, bytes: &[u8]) -> Said {
        self.take(Input::Stream { now: self.now, connection: CONNECTION, bytes })
    }

    pub(super) fn send(&mut self, message: Vec<u8>) -> Said {
        let said =
            if self.over_connection { self.stream(&message) } else { self.datagram(&message) };
        self.last_message = message;
        said
    }

    pub(super) fn send_again(&mut self) -> Said {
        self.send(self.last_message.clone())
    }

    /// An INVITE on a line: the first one, or a later one in its call.
    pub(super) fn invite(&mut self, line: usize, body: &[u8]) -> Said {
        let message = self.request("INVITE", line, "", body);
        self.send(message)
    }

    pub(super) fn acknowledge(&mut self, line: usize, body: &[u8]) -> Said {
        let message = self.request("ACK", line, "", body);
        self.send(message)
    }

    /// The next request on a line, with a header more.
    pub(super) fn request(
        &mut self,
        method: &str,
        line: usize,
        header: &str,
        body: &[u8],
    ) -> Vec<u8> {
        let fresh = self.branches;
        self.branches += 1;
        let Line { generation, tag, cseq, invite_cseq, invite_branch, .. } = &mut self.lines[line];
        let (cseq, branch) = match method {
            "ACK" => (*invite_cseq, fresh),
            "CANCEL" => (*invite_cseq, *invite_branch),
            _ => {
                *cseq += 1;
                (*cseq, fresh)
            }
        };
        if method == "INVITE" {
            (*invite_cseq, *invite_branch) = (cseq, branch);
        }
        let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
        let length = body.len();
        let mut message = format!(
            "{method} sip:+15550100@198.51.100.1 SIP/2.0\r\n\
            Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\n\
            From: <sip:+15550199@192.0.2.10>;tag={line}\r\nTo: <sip:+15550100@198.51.100.1>{tag}\r\n\
            Call-ID: {line}.{generation}\r\nCSeq: {cseq} {method}\r\n{header}\
            Contact: <sip:+15550199@192.0.2.10>\r\nContent-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        message.extend_from_slice(body);
        message
    }

    /// A response to the endpoint's own last request.
    pub(super) fn respond(&mut self, status: StatusCode) -> Option<Said> {
        let response = Response::to(&self.asked.as_ref()?.essentials, OURS, status, None);
        Some(self.send(response.to_bytes()))
    }

    /// `None` if there is no call on the line, as far as the peer knows.
    pub(super) fn answer(&mut self, line: usize) -> Option<Said> {
        let media_address = SocketAddr::new(OURS.ip(), 20_000);
        self.command(line, CallCommand::Answer(AnswerPlan { media_address }))
    }

    pub(super) fn command(&mut self, line: usize, command: CallCommand) -> Option<Said> {
        let call = self.lines[line].call?;
        Some(self.take(Input::Command { now: self.now, call, command }))
    }

    pub(super) fn set_readiness(&mut self, readiness: Readiness) {
        self.endpoint.set_readiness(readiness);
    }

    /// Lets time pass, with every timer at its own moment.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let Output::Timeout(next) = self.endpoint.poll_output() else { panic!("not drained") };
            if next > end {
                break;
            }
            self.now = next.max(self.now);
            self.take(Input::Timeout { now: self.now });
        }
        self.now = end;
    }

    /// Whoever is still there hangs up. After a while nothing is remembered.
    pub(super) fn end(mut self) {
        for call in self.calls.clone() {
            self.take(Input::Command { now: self.now, call, command: CallCommand::HangUp });
        }
        self.pass(UNTIL_ALL_IS_OVER);
        assert_eq!((self.endpoint.call_count(), self.endpoint.transaction_count()), (0, 0));
        assert_eq!(self.calls, BTreeSet::new());
    }

    fn take(&mut self, input: Input<'_>) -> Said {
        self.endpoint.handle(input);
        let mut said = Said::default();
        loop {
            match self.endpoint.poll_output() {
                Output::Transmit(transmit) => {
                    assert_eq!(transmit.flow.remote, SOURCE, "only the source is spoken to");
                    self.hear(&transmit.bytes, &mut said);
                }
                Output::Event(event) => self.note(event),
                Output::Close(CONNECTION) | Output::Dropped(_) | Output::Received(_) => {}
                Output::Close(other) => panic!("{other:?} was never opened"),
                output @ (Output::FlowWanted { .. } | Output::Registration { .. }) => {
                    panic!("no trunk registers: {output:?}")
                }
                Output::Timeout(_) => break,
            }
        }
        assert_eq!(self.endpoint.call_count(), self.calls.len());
        assert!(self.calls.len() <= MAX_CALLS);
        assert!(self.endpoint.transaction_count() <= MAX_TRANSACTIONS);
        said
    }

    /// What the endpoint writes can be read, unless it brings back what could not.
    fn hear(&mut self, bytes: &[u8], said: &mut Said) {
        match message::parse(bytes) {
            Ok(Message::Response(response)) => {
                self.learn_tag(&response);
                said.0.push(response);
            }
            Ok(Message::Request(request)) => self.asked = Some(request),
            Ok(Message::KeepAlive) => {}
            Err(failure) => {
                let brings_back = [&b"SIP/2.0 400 "[..], b"SIP/2.0 505 "]
                    .iter()
                    .any(|line| bytes.starts_with(line));
                assert!(brings_back, "{failure:?}: {}", bytes.escape_ascii());
            }
        }
    }

    /// The tag of an answer is that of the dialog (RFC 3261 §12.1.2).
    fn learn_tag(&mut self, response: &Response) {
        let essentials = &response.essentials;
        let Some(tag) = essentials.to.tag().filter(|_| response.status.is_success()) else {
            return;
        };
        if let Some(line) = self.line_of(&String::from_utf8_lossy(&essentials.call_id)) {
            line.tag = String::from_utf8_lossy(tag).into_owned();
        }
    }

    fn line_of(&mut self, call_id: &str) -> Option<&mut Line> {
        let (line, generation) = call_id.split_once('.')?;
        let line = self.lines.get_mut(line.parse::<usize>().ok()?)?;
        (line.generation.to_string() == generation).then_some(line)
    }

    /// Each call is announced once, established once at most, and ended once.
    fn note(&mut self, event: CallEvent) {
        match event {
            CallEvent::Incoming { call, invite } => {
                assert!(self.calls.insert(call));
                if let Some(line) = self.line_of(&invite.sip_call_id) {
                    line.call = Some(call);
                }
            }
            CallEvent::Established { call, .. } => {
                assert!(self.calls.contains(&call) && self.established.insert(call));
            }
            CallEvent::Confirmed { call } | CallEvent::MediaChanged { call, .. } => {
                assert!(self.calls.contains(&call) && self.established.contains(&call));
            }
            CallEvent::Ended { call, .. } => {
                assert!(self.calls.remove(&call));
                for line in self.lines.iter_mut().filter(|line| line.call == Some(call)) {
                    *line = Line { generation: line.generation + 1, ..Line::default() };
                }
            }
        }
    }
}
