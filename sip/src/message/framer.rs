//! The bytes of a connection, in whatever pieces they arrive, to whole messages (RFC 3261 §18.3).
//! What a message means is left to `parse`, to which every frame goes next.
//!
//! Only what makes the next message's begin unknowable is an error here. Whatever else is wrong
//! with a message, `parse` tells its sender, and the other calls on the connection live on.

use super::parse::{self, MAX_MESSAGE_BYTES, ParseFailure};
use crate::error::ParseError;

/// What stands in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A message, cut to its Content-Length.
    Message(Vec<u8>),
    /// Two line ends in a row: to be answered with one (RFC 5626 §4.4.1).
    Ping,
    /// A single line end: the answer to our own ping, or the first half of the peer's. Either way
    /// the connection lives; to wait for the second half would be to miss the answer.
    Pong,
}

/// Cuts one direction of one connection into frames, the same ones whatever the pieces.
///
/// Bounds: between two messages nothing is kept; inside one, 64 KiB and the piece that came last.
/// No byte of a head is looked at twice while its end is awaited.
#[derive(Debug)]
pub(crate) struct StreamFramer {
    buffer: Vec<u8>,
    /// Where in the buffer the frame that is awaited begins.
    begin: usize,
    state: State,
}

/// Positions count from the begin of the frame.
#[derive(Clone, Copy, Debug)]
enum State {
    Between {
        after_line_end: bool,
    },
    Head {
        /// Where the line begins that has not ended yet.
        line: usize,
        /// Up to where no end of that line was found.
        searched: usize,
    },
    Body {
        message_bytes: usize,
    },
    /// Where the next message begins is unknown: nothing more comes of this stream.
    Lost,
}

const BETWEEN: State = State::Between { after_line_end: false };

/// What an idle connection may keep of a large message's buffer.
const RESTING_BYTES: usize = 2 * 1024;

impl StreamFramer {
    pub(crate) fn new() -> Self {
        Self { buffer: Vec::new(), begin: 0, state: BETWEEN }
    }

    /// Takes in what was read from the connection. Ask `next` afterwards until it has nothing more.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if matches!(self.state, State::Lost) {
            return;
        }
        self.buffer.drain(..self.begin);
        self.begin = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, if all of it is there. After an error, which is told once, the connection
    /// must be closed (RFC 3261 §18.3); a response to what can be answered may go out before.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, ParseFailure> {
        loop {
            match self.state {
                State::Between { after_line_end } => match &self.buffer[self.begin..] {
                    [] | [b'\r'] => {
                        self.rest();
                        return Ok(None);
                    }
                    [b'\r', b'\n', ..] => {
                        self.begin += 2;
                        self.state = State::Between { after_line_end: !after_line_end };
                        return Ok(Some(if after_line_end { Frame::Ping } else { Frame::Pong }));
                    }
                    [b'\n', ..] => self.begin += 1,
                    [_, ..] => self.state = State::Head { line: 0, searched: 0 },
                },
                State::Head { line, searched } => match self.search(line, searched)? {
                    Some(next) => self.state = next,
                    None => return Ok(None),
                },
                State::Body { message_bytes } => return Ok(self.cut(message_bytes)),
                State::Lost => return Ok(None),
            }
        }
    }

    /// Looks for the end of a line of the head; after the empty line comes the body. `None` if the
    /// line has no end yet.
    fn search(&mut self, line: usize, searched: usize) -> Result<Option<State>, ParseFailure> {
        let pending = &self.buffer[self.begin..];
        let head = &pending[..pending.len().min(MAX_MESSAGE_BYTES)];
        let Some(end) = head[searched..].iter().position(|&byte| byte == b'\n') else {
            if head.len() == MAX_MESSAGE_BYTES {
                return Err(self.lose(head.len(), ParseError::HeadNotEnded));
            }
            self.state = State::Head { line, searched: head.len() };
            return Ok(None);
        };
        let end = searched + end + 1;
        if !matches!(&head[line..end], b"\n" | b"\r\n") {
            return Ok(Some(State::Head { line: end, searched: end }));
        }
        match message_bytes(&head[..end]) {
            Ok(message_bytes) => Ok(Some(State::Body { message_bytes })),
            Err(error) => Err(self.lose(end, error)),
        }
    }

    fn cut(&mut self, message_bytes: usize) -> Option<Frame> {
        let message = self.buffer[self.begin..].get(..message_bytes)?.to_vec();
        self.begin += message_bytes;
        self.state = BETWEEN;
        Some(Frame::Message(message))
    }

    /// Whether a message has begun, and not ended yet.
    pub(crate) fn is_inside_message(&self) -> bool {
        match self.state {
            State::Head { .. } | State::Body { .. } => true,
            State::Between { .. } | State::Lost => false,
        }
    }

    fn lose(&mut self, head_bytes: usize, error: ParseError) -> ParseFailure {
        let failure =
            ParseFailure::of_head(&self.buffer[self.begin..self.begin + head_bytes], error);
        *self = Self { state: State::Lost, ..Self::new() };
        failure
    }

    fn rest(&mut self) {
        self.buffer.drain(..self.begin);
        self.begin = 0;
        self.buffer.shrink_to(RESTING_BYTES);
    }
}

/// The size of a message, by its head. Content-Length must be there (RFC 3261 §18.3).
fn message_bytes(head: &[u8]) -> Result<usize, ParseError> {
    let declared = parse::content_length(head)?
        .ok_or(ParseError::MissingHeader { header: "Content-Length" })?;
    let body_bytes = usize::try_from(declared).unwrap_or(usize::MAX);
    let message_bytes = head.len().saturating_add(body_bytes);
    if message_bytes > MAX_MESSAGE_BYTES {
        return Err(ParseError::TooLarge { bytes: message_bytes });
    }
    Ok(message_bytes)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::message::{HeaderName, Message};
    use crate::simulation::long_seed;

    fn options(headers: &str, body: &str) -> Vec<u8> {
        format!(
            "OPTIONS sip:c@d SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
            To: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n{headers}\r\n{body}"
        )
        .into_bytes()
    }

    /// All that comes of these pieces, an error included, which must be the last.
    fn frames_of<'a>(
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Vec<Frame>, Option<ParseFailure>) {
        let mut framer = StreamFramer::new();
        let (mut frames, mut failure) = (Vec::new(), None);
        for piece in pieces {
            framer.push(piece);
            assert!(framer.buffer.len() <= MAX_MESSAGE_BYTES + piece.len());
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

    fn failure_of(stream: &[u8]) -> ParseFailure {
        let (frames, failure) = frames_of([stream]);
        assert_eq!(frames, []);
        failure.expect("the stream is lost")
    }

    /// Cuts at random places.
    fn pieces<'a>(stream: &'a [u8], rng: &mut StdRng) -> Vec<&'a [u8]> {
        let longest = rng.random_range(1..=stream.len());
        let mut rest = stream;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rng.random_range(1..=longest).min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        pieces
    }

    #[test]
    fn the_frames_are_the_same_whatever_the_pieces() {
        let large = "x".repeat(3_000);
        let messages = [
            options("Content-Length: 0\r\n", ""),
            options("l:5\r\n", "\r\n\r\nx"),
            options("Content-Length  :\r\n\t 3\r\n", "abc"),
            options("Content-Length: 4\r\nl: 4\r\n", "abcd"),
            options("CONTENT-LENGTH: 3000\r\n", &large),
        ];
        for seed in 0..300 {
            let mut rng = StdRng::from_seed(long_seed(seed));
            let (mut stream, mut expected) = (Vec::new(), Vec::new());
            for _ in 0..rng.random_range(1..8) {
                let message = &messages[rng.random_range(0..messages.len())];
                match rng.random_range(0..4) {
                    0 => {
                        stream.extend_from_slice(b"\r\n\r\n");
                        expected.extend([Frame::Pong, Frame::Ping]);
                    }
                    1 => {
                        stream.extend_from_slice(b"\r\n");
                        expected.push(Frame::Pong);
                    }
                    _ => {}
                }
                stream.extend_from_slice(message);
                expected.push(Frame::Message(message.clone()));
            }
            if rng.random() {
                stream.extend_from_slice(&options("", ""));
            }
            let whole = frames_of([stream.as_slice()]);
            assert_eq!(whole.0, expected, "seed {seed}");
            assert_eq!(frames_of(pieces(&stream, &mut rng)), whole, "seed {seed}");
            assert_eq!(frames_of(stream.chunks(1)), whole, "seed {seed}");
        }
    }

    #[test]
    fn a_frame_is_read_with_its_own_body_and_without_the_next_message() {
        let stream = [options("Content-Length: 2\r\n", "ab"), options("l: 0\r\n", "")].concat();
        let (frames, failure) = frames_of([stream.as_slice()]);
        assert_eq!(failure, None);
        let bodies: Vec<Vec<u8>> = frames
            .iter()
            .map(|frame| match frame {
                Frame::Message(bytes) => match parse::parse(bytes) {
                    Ok(Message::Request(request)) => request.body,
                    other => panic!("no request: {other:?}"),
                },
                Frame::Ping | Frame::Pong => panic!("no message: {frame:?}"),
            })
            .collect();
        assert_eq!(bodies, [b"ab".to_vec(), b"".to_vec()]);
    }

    #[test]
    fn every_second_line_end_between_messages_is_a_ping() {
        let stream = [&b"\r\n\r\n\r\n\r\n\r\n"[..], &options("l: 0\r\n", ""), b"\r\n"].concat();
        let expected = [
            Frame::Pong,
            Frame::Ping,
            Frame::Pong,
            Frame::Ping,
            Frame::Pong,
            Frame::Message(options("l: 0\r\n", "")),
            Frame::Pong,
        ];
        assert_eq!(frames_of([stream.as_slice()]), (expected.to_vec(), None));
        assert_eq!(frames_of(stream.chunks(1)), (expected.to_vec(), None));
    }

    #[test]
    fn a_length_that_is_missing_wrong_ambiguous_or_too_large_loses_the_stream() {
        let head_bytes = options("Content-Length: 65536\r\n", "").len();
        let malformed = ParseError::Header { header: "Content-Length" };
        for (headers, error) in [
            ("", ParseError::MissingHeader { header: "Content-Length" }),
            ("Content-Length:\r\n", malformed.clone()),
            ("Content-Length: -1\r\n", malformed.clone()),
            ("Content-Length: +1\r\n", malformed.clone()),
            ("Content-Length: 0x10\r\n", malformed.clone()),
            ("Content-Length: 1, 1\r\n", malformed.clone()),
            ("Content-Length: 18446744073709551616\r\n", malformed),
            (
                "Content-Length: 0\r\nl: 1\r\n",
                ParseError::RepeatedHeader { header: "Content-Length" },
            ),
            (
                "Content-Length: 18446744073709551615\r\n",
                ParseError::TooLarge { bytes: usize::MAX },
            ),
            ("Content-Length: 65536\r\n", ParseError::TooLarge { bytes: head_bytes + 65_536 }),
        ] {
            let failure = failure_of(&options(headers, ""));
            let sender = failure.answerable.map(|essentials| essentials.call_id);
            assert_eq!((failure.error, sender), (error, Some(b"x".to_vec())), "{headers:?}");
        }
    }

    #[test]
    fn a_lost_ack_or_response_is_not_answered() {
        let text = String::from_utf8(options("", "")).unwrap();
        for stream in [
            text.replace("OPTIONS", "ACK"),
            text.replace("OPTIONS sip:c@d SIP/2.0", "SIP/2.0 200 OK"),
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ] {
            let failure = failure_of(stream.as_bytes());
            assert_eq!(failure.error, ParseError::MissingHeader { header: "Content-Length" });
            assert_eq!(failure.answerable, None, "{stream}");
        }
    }

    #[test]
    fn a_message_of_64_kib_passes_and_a_head_that_never_ends_loses_the_stream() {
        let empty = options("Content-Length: 00000\r\n", "").len();
        let body = "x".repeat(MAX_MESSAGE_BYTES - empty);
        let largest = options(&format!("Content-Length: {:05}\r\n", body.len()), &body);
        assert_eq!(largest.len(), MAX_MESSAGE_BYTES);
        assert_eq!(frames_of([largest.as_slice()]), (vec![Frame::Message(largest.clone())], None));

        let endless = options(&"X: y\r\n".repeat(20_000), "");
        let failure = failure_of(&endless);
        assert_eq!(
            (&failure.error, failure.answerable.is_some()),
            (&ParseError::HeadNotEnded, true)
        );
        assert_eq!(frames_of(endless.chunks(7)), (vec![], Some(failure)));
    }

    #[test]
    fn nothing_comes_after_a_lost_message_and_nothing_is_kept() {
        let mut framer = StreamFramer::new();
        framer.push(&options("", ""));
        assert!(framer.next().is_err());
        for _ in 0..3 {
            framer.push(&options("Content-Length: 0\r\n", ""));
            assert_eq!(framer.next(), Ok(None));
        }
        assert_eq!(framer.buffer.capacity(), 0);
    }

    #[test]
    fn an_idle_connection_keeps_no_large_buffer() {
        let body = "x".repeat(60_000);
        let large = options("Content-Length: 60000\r\n", &body);
        let mut framer = StreamFramer::new();
        framer.push(&large);
        assert_eq!(framer.next(), Ok(Some(Frame::Message(large))));
        assert_eq!(framer.next(), Ok(None));
        assert!(framer.buffer.capacity() <= RESTING_BYTES, "{}", framer.buffer.capacity());
    }

    /// Each byte of a head is looked at once: the search goes on where it stopped.
    #[test]
    fn a_slow_sender_costs_no_more_than_a_quick_one() {
        let mut framer = StreamFramer::new();
        let whole = options("Subject: a slow one\r\n", "");
        let unfinished = &whole[..whole.len() - b"\r\n".len()];
        for (index, byte) in unfinished.iter().enumerate() {
            framer.push(&[*byte]);
            assert_eq!(framer.next(), Ok(None));
            match framer.state {
                State::Head { line, searched } => {
                    assert_eq!(searched, index + 1);
                    assert!(line <= searched);
                }
                other => panic!("not in a head: {other:?}"),
            }
        }
    }

    #[test]
    fn too_many_headers_and_too_long_a_line_cost_the_message_and_not_the_connection() {
        let flawed = [
            options(&format!("{}l: 0\r\n", "X: y\r\n".repeat(200)), ""),
            options(&format!("X: {}\r\nl: 0\r\n", "y".repeat(9_000)), ""),
        ];
        let sound = options("l: 0\r\n", "");
        let stream = [&flawed[0][..], &flawed[1], &sound].concat();
        let (frames, failure) = frames_of([stream.as_slice()]);
        let [Frame::Message(headers), Frame::Message(line), Frame::Message(last)] =
            frames.as_slice()
        else {
            panic!("{frames:?}")
        };
        let error = |bytes: &[u8]| parse::parse(bytes).unwrap_err().error;
        assert_eq!(error(headers), ParseError::TooManyHeaders { limit: 128 });
        assert_eq!(error(line), ParseError::LineTooLong { limit: 8 * 1024 });
        let Ok(Message::Request(request)) = parse::parse(last) else { panic!("{last:?}") };
        assert_eq!(request.headers.first(&HeaderName::ContentLength), Some(&b"0"[..]));
        assert_eq!(failure, None);
    }
}
