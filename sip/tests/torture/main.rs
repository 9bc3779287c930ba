//! The torture messages of RFC 4475 (`rfc4475`) and traps of our own (`traps`) against the
//! endpoint, over datagrams and over a connection: what a known peer is told, and that no piece of
//! a message does harm. Here: how they are fed, and what is compared.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rfc4475;
mod traps;

use std::net::SocketAddr;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sip::{
    Advertised, CallEvent, Channel, ConnectionId, DropReason, Endpoint, EndpointConfig, Flow,
    Input, Output, ParseError, Peer,
};

const CALLER: &str = "192.0.2.10:5060";
const CONNECTION: ConnectionId = ConnectionId(1);

/// A message, and what it must come to.
struct Row {
    name: String,
    bytes: Vec<u8>,
    over_datagrams: Vec<Did>,
    over_a_connection: Vec<Did>,
}

/// What the endpoint did.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Did {
    /// A response, by its status.
    Answer(u16),
    /// The line end that answers a ping.
    Pong,
    /// A call came in for this user.
    Announce(String),
    Drop(DropReason),
    Close,
}

/// A 100, and a call for this user.
fn call(user: &str) -> Vec<Did> {
    vec![Did::Answer(100), Did::Announce(user.to_owned())]
}

/// A response, and no more.
fn answer(status: u16) -> Vec<Did> {
    vec![Did::Answer(status)]
}

/// Silence, and a count.
fn dropped(error: ParseError) -> Vec<Did> {
    vec![Did::Drop(DropReason::Malformed(error))]
}

/// What came before, and then the connection is closed.
fn closed(before: &[Did]) -> Vec<Did> {
    [before, &[Did::Close]].concat()
}

/// An endpoint with one peer, which has one connection.
struct Bench {
    endpoint: Endpoint,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let now = origin();
        let peer = Peer::new("trunk", vec!["192.0.2.0/24".parse().unwrap()]);
        let config = EndpointConfig {
            advertised: Advertised::new(address("198.51.100.1:5060")),
            peers: vec![peer],
            registrations: Vec::new(),
            server_name: String::new(),
            max_calls: 10,
            seed: [7; 32],
        };
        let mut endpoint = Endpoint::new(config, now);
        let flow = Flow { remote: address(CALLER), channel: Channel::Tcp(CONNECTION) };
        endpoint.handle(Input::Connected { now, flow, proven: None });
        Self { endpoint, now }
    }

    fn datagram(&mut self, bytes: &[u8]) -> Vec<Output> {
        self.endpoint.handle(Input::Datagram { now: self.now, source: address(CALLER), bytes });
        self.drain()
    }

    fn stream<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Output> {
        let mut outputs = Vec::new();
        for bytes in pieces {
            let connection = CONNECTION;
            self.endpoint.handle(Input::Stream { now: self.now, connection, bytes });
            outputs.extend(self.drain());
        }
        outputs
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
}

#[expect(clippy::disallowed_methods, reason = "an Instant can only be had from a clock")]
fn origin() -> Instant {
    Instant::now()
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn did(outputs: &[Output]) -> Vec<Did> {
    outputs
        .iter()
        .map(|output| match output {
            Output::Transmit(transmit) => {
                assert_eq!(transmit.flow.remote, address(CALLER), "only the sender is answered");
                match transmit.bytes.strip_prefix(b"SIP/2.0 ") {
                    Some(rest) => Did::Answer(str::from_utf8(&rest[..3]).unwrap().parse().unwrap()),
                    None => {
                        assert_eq!(transmit.bytes, b"\r\n");
                        Did::Pong
                    }
                }
            }
            Output::Event(CallEvent::Incoming { invite, .. }) => {
                Did::Announce(invite.called.user().unwrap_or_default())
            }
            Output::Dropped(dropped) => Did::Drop(dropped.reason.clone()),
            Output::Close(CONNECTION) => Did::Close,
            other => panic!("no message here should cause this: {other:?}"),
        })
        .collect()
}

/// Each row over datagrams, and over a connection in one piece, byte by byte, and in random pieces.
fn assert_outcomes(rows: &[Row]) {
    let mut wrong = Vec::new();
    let mut check = |row: &Row, way: &str, expected: &[Did], outputs: &[Output]| {
        let did = did(outputs);
        if did != expected {
            wrong.push(format!("{} {way}: {did:?} and not {expected:?}", row.name));
        }
    };
    for row in rows {
        check(row, "as a datagram", &row.over_datagrams, &Bench::new().datagram(&row.bytes));
        let expected = &row.over_a_connection;
        check(row, "on a stream", expected, &Bench::new().stream([row.bytes.as_slice()]));
        check(row, "byte by byte", expected, &Bench::new().stream(row.bytes.chunks(1)));
        for seed in 0..3 {
            let pieces = pieces(&row.bytes, &mut StdRng::seed_from_u64(seed));
            let way = format!("in pieces of seed {seed}");
            check(row, &way, expected, &Bench::new().stream(pieces));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A part of a message is answered or dropped, and is never a call: whoever sent the whole one
/// would be told of a session that it did not describe.
fn assert_no_part_is_a_call(rows: &[Row]) {
    for row in rows {
        // Cut at every place, or at a thousand of them.
        for end in (0..row.bytes.len()).step_by(1 + row.bytes.len() / 1_000) {
            let did = did(&Bench::new().datagram(&row.bytes[..end]));
            let calls = did.iter().filter(|did| matches!(did, Did::Announce(_))).count();
            assert_eq!(calls, 0, "{} cut after {end} bytes", row.name);
        }
    }
}

/// Cuts at random places.
fn pieces<'a>(stream: &'a [u8], rng: &mut StdRng) -> Vec<&'a [u8]> {
    let longest = rng.random_range(1..=stream.len().max(2) / 2);
    let mut rest = stream;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rng.random_range(1..=longest).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}
