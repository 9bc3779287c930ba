//! The bodies of the fuzz targets in `fuzz/`. They stand here so that they are compiled and run
//! with every test, over the corpus that is kept in git.
//!
//! A body panics when something is wrong: in what it calls, or because a rule of its own is broken
//! that holds whatever the input is. Rules are worth more than inputs, since a parser that loses a
//! header does not panic by itself.

mod operations;
mod stage;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub use operations::operations;

use crate::message::{self, Frame, Message, ParseFailure, StreamFramer};
use crate::rtp::{self, Outbound, Port, Receiver, ReceiverConfig, Session, SessionConfig};
use crate::simulation::origin;
use crate::{Codec, Direction, MasterKey, MediaPlan, Rtcp, SrtpKeys, SrtpSuite};
use stage::Stage;

/// A datagram of a known peer, and then the same bytes over a connection. A message that can be
/// read is read the same when it was written back.
pub fn datagram(bytes: &[u8]) {
    match message::parse(bytes) {
        Ok(Message::Request(request)) => {
            let again = message::parse(&request.to_bytes());
            let Ok(Message::Request(again)) = again else { panic!("{request:?} is now {again:?}") };
            assert_eq!((&again.method, &again.uri), (&request.method, &request.uri));
            assert_eq!(again.essentials, request.essentials);
            assert_eq!(again.body, request.body);
        }
        Ok(Message::Response(response)) => {
            let again = message::parse(&response.to_bytes());
            let Ok(Message::Response(again)) = again else {
                panic!("{response:?} is now {again:?}")
            };
            assert_eq!((again.status, &again.body), (response.status, &response.body));
            assert_eq!(again.essentials, response.essentials);
        }
        Ok(Message::KeepAlive) | Err(ParseFailure { .. }) => {}
    }
    let mut stage = Stage::new();
    stage.datagram(bytes);
    stage.stream(bytes);
    stage.end();
}

/// The bytes of a connection, in one piece and in pieces that the first eight bytes determine: the
/// frames are the same, hold nothing that was not sent, and each message is cut to its length.
pub fn stream_chunks(bytes: &[u8]) {
    let Some((seed, stream)) = bytes.split_first_chunk::<8>() else { return };
    let mut rng = StdRng::seed_from_u64(u64::from_be_bytes(*seed));
    let longest = rng.random_range(1..=64);
    let mut rest = stream;
    let pieces = std::iter::from_fn(|| {
        let (piece, behind) = rest.split_at(rng.random_range(1..=longest).min(rest.len()));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    });
    let whole = frames([stream]);
    assert_eq!(frames(pieces), whole);

    let mut framed_bytes = 0;
    for frame in &whole.0 {
        let Frame::Message(message) = frame else { continue };
        framed_bytes += message.len();
        // A message of exactly this size is a frame by itself.
        assert_eq!(frames([message.as_slice()]), (vec![frame.clone()], None));
    }
    assert!(framed_bytes <= stream.len());
}

fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<ParseFailure>) {
    let mut framer = StreamFramer::new();
    let (mut frames, mut failure) = (Vec::new(), None);
    for piece in pieces {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => assert_eq!(failure.replace(error), None),
            }
        }
    }
    (frames, failure)
}

/// A session description as an offer, as a later offer in the same call, and as the answer to an
/// offer of ours. What we answer, we can read.
pub fn sdp(bytes: &[u8]) {
    let mut stage = Stage::new();
    let offer = stage.invite(0, bytes);
    if let Some(answer) = stage.answer(0).and_then(|said| said.body_of(200)) {
        assert!(offer.has_status(100));
        stage.acknowledge(0, b"");
        stage.invite(0, bytes);
        stage.acknowledge(0, b"");
        assert!(!stage.invite(1, &answer).has_status(400), "our own answer is refused");
    }
    stage.invite(2, b"");
    stage.answer(2);
    stage.acknowledge(2, bytes);
    stage.end();
}

/// The datagrams of a stream of RTP: each is a byte with its size, a byte with the milliseconds
/// since the one before, and its bytes. Each is counted once.
pub fn rtp(bytes: &[u8]) {
    let mut receiver = Receiver::new(ReceiverConfig {
        codec: Codec::Pcmu,
        payload_type: 0,
        telephone_event: Some(101),
        comfort_noise: None,
        reorder_window: ReceiverConfig::REORDER_WINDOW,
    });
    let (mut now, mut datagrams, mut rest) = (origin(), 0, bytes);
    while let [size, milliseconds, behind @ ..] = rest {
        let (datagram, behind) = behind.split_at(usize::from(*size).min(behind.len()));
        now += Duration::from_millis(u64::from(*milliseconds));
        receiver.handle(now, datagram);
        datagrams += 1;
        while receiver.poll_frame(now).is_some() {}
        rest = behind;
    }
    receiver.flush();
    while receiver.poll_frame(now).is_some() {}
    let seen = receiver.statistics();
    let of_streams = seen.received + seen.duplicates + seen.late;
    let counted = of_streams + seen.foreign_payload_type + seen.malformed + seen.stray;
    // One may still be considered: it is stray unless the next one follows it.
    assert!(counted == datagrams || counted + 1 == datagrams, "{datagrams} came: {seen:?}");
}

/// The datagrams of an encrypted call: each is a byte with its size, a byte that tells the port,
/// whether it is protected with the peer's key first, and the milliseconds since the one before,
/// and its bytes. What goes out goes to the peer, and the session sleeps when it says so.
pub fn srtp(bytes: &[u8]) {
    let keys = SrtpKeys {
        suite: SrtpSuite::AesCm128HmacSha1Tag32,
        local: MasterKey::new([1; MasterKey::LENGTH]),
        remote: MasterKey::new([2; MasterKey::LENGTH]),
    };
    let mut peer = Outbound::new(keys.suite, &keys.remote);
    let mut now = origin();
    let mut session = Session::new(encrypted_call(keys), now);
    let mut rest = bytes;
    while let [size, control, behind @ ..] = rest {
        let (datagram, behind) = behind.split_at(usize::from(*size).min(behind.len()));
        let mut datagram = datagram.to_vec();
        let port = if control & 0x80 == 0 { Port::Rtp } else { Port::Rtcp };
        match port {
            Port::Rtp if control & 0x40 != 0 => peer.protect(&mut datagram),
            Port::Rtcp if control & 0x40 != 0 => peer.protect_rtcp(&mut datagram),
            Port::Rtp | Port::Rtcp => {}
        }
        now += Duration::from_millis(u64::from(control & 0x3f));
        let bytes = datagram.as_mut_slice();
        session.handle(rtp::Input::Datagram { now, port, source: PEER, bytes });
        drain(&mut session, now);
        rest = behind;
    }
    session.handle(rtp::Input::Ended { now });
    drain(&mut session, now);
}

const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 4_000);

fn encrypted_call(keys: SrtpKeys) -> SessionConfig {
    let plan = MediaPlan {
        remote: PEER,
        rtcp: Rtcp::Muxed,
        codec: Codec::G722,
        payload_type: 9,
        telephone_event: Some(101),
        comfort_noise: Some(13),
        packet_time: None,
        direction: Direction::SendRecv,
        srtp: Some(keys),
    };
    SessionConfig {
        plan,
        signalling: PEER.ip(),
        behind_nat: true,
        reorder_window: ReceiverConfig::REORDER_WINDOW,
        media_timeout: Duration::from_secs(20),
        comfort_silence: true,
        seed: [3; 32],
    }
}

fn drain(session: &mut Session, now: Instant) {
    loop {
        match session.poll_output() {
            rtp::Output::Frame(frame) => assert!(frame.samples.len() <= 320),
            rtp::Output::Transmit { destination, .. } => assert_eq!(destination, PEER),
            rtp::Output::Event(_) => {}
            rtp::Output::Timeout(wake_at) => {
                assert!(wake_at > now, "the session does not sleep");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    type Target = (&'static str, fn(&[u8]));

    /// What makes the corpus worth running: each target has something to start from.
    #[test]
    fn the_corpus_does_no_harm() {
        let targets: [Target; 6] = [
            ("datagram", datagram),
            ("stream_chunks", stream_chunks),
            ("sdp", sdp),
            ("rtp", rtp),
            ("srtp", srtp),
            ("operations", operations),
        ];
        for (name, body) in targets {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
            let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            let files: Vec<_> = files.collect();
            assert!(files.len() >= 8, "{} has {} files", folder.display(), files.len());
            for file in files {
                eprintln!("{}", file.display());
                body(&fs::read(&file).unwrap());
            }
        }
    }
}
