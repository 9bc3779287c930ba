//! The bodies of the fuzz targets in `fuzz/`. They stand here so that they are compiled and run
//! with every test, over the corpus that is kept in git.
//!
//! A body panics when something is wrong: in what it calls, or because a rule of its own is broken
//! that holds whatever the input is. Rules are worth more than inputs, since a parser that loses a
//! header does not panic by itself.

mod digest;
mod media;
mod operations;
mod stage;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub use digest::digest;
pub use media::{rtp, srtp};
pub use operations::operations;

use crate::message::{self, Frame, Message, ParseFailure, StreamFramer};
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    type Target = (&'static str, fn(&[u8]));

    /// What makes the corpus worth running: each target has something to start from.
    #[test]
    fn the_corpus_does_no_harm() {
        let targets: [Target; 7] = [
            ("datagram", datagram),
            ("stream_chunks", stream_chunks),
            ("sdp", sdp),
            ("digest", digest),
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
