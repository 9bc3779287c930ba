//! Bytes to messages, tolerant of what can be understood (RFC 3261 §7, §18.3; RFC 4475): the bytes
//! of one datagram, or of one frame of a stream (`framer`).
//!
//! A problem does not stop the reading: the essential headers are still looked for, because only
//! with them can a peer be told of its mistake.

use super::header::{CSeq, HeaderName, Headers, NameAddr, Via};
use super::lines::Lines;
use super::{Essentials, Message, Method, Request, Response, lexer};
use crate::error::ParseError;
use crate::{StatusCode, Uri};

/// Cap on a message.
pub(super) const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// Cap on the number of header lines.
const MAX_HEADERS: usize = 128;
/// Cap on a line, unfolded.
const MAX_LINE_BYTES: usize = 8 * 1024;
/// Cap on the values of Via, and of Route: no request comes further than the 70 hops that
/// Max-Forwards lets it (RFC 3261 §8.1.1.6), and one with 34 must be accepted (RFC 4475 §3.1.1.7).
const MAX_HOPS: usize = 70;

/// Bytes that are no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParseFailure {
    pub(crate) error: ParseError,
    /// What a response needs, if it could be found and the message may be answered at all: it is no
    /// response and no ACK.
    pub(crate) answerable: Option<Box<Essentials>>,
}

impl From<ParseError> for ParseFailure {
    fn from(error: ParseError) -> Self {
        Self { error, answerable: None }
    }
}

impl ParseFailure {
    /// A message whose end in its stream cannot be told, and of which only the head, or a part of
    /// it, is there: its sender is told of `error`, if it can be.
    pub(super) fn of_head(head: &[u8], error: ParseError) -> Self {
        let answerable = match parse(head) {
            Ok(Message::Request(request)) if request.method != Method::Ack => {
                Some(Box::new(request.essentials))
            }
            Ok(Message::Request(_) | Message::Response(_) | Message::KeepAlive) => None,
            Err(failure) => failure.answerable,
        };
        Self { error, answerable }
    }
}

/// Reads one datagram, or one frame of a stream.
pub(crate) fn parse(bytes: &[u8]) -> Result<Message, ParseFailure> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(ParseError::TooLarge { bytes: bytes.len() }.into());
    }
    // Line ends before the start line are ignored (RFC 3261 §7.5). Some peers send zero bytes to
    // keep a binding alive.
    let Some(start) = bytes.iter().position(|byte| !b"\r\n\0".contains(byte)) else {
        return Ok(Message::KeepAlive);
    };
    let mut problems = Problems::default();
    let mut lines = Lines::new(&bytes[start..]);
    let start_line = lines.next().ok_or(ParseError::StartLine)?;
    problems.note_length_of(&start_line);
    let start_line = parse_start_line(&start_line);
    let headers = parse_headers(&mut lines, &mut problems);
    // What is one message to some and another to others is none, and no such line goes back.
    if lines.has_bare_carriage_return() {
        return Err(ParseError::BareCarriageReturn.into());
    }
    let rest = lines.body().unwrap_or_else(|| {
        problems.note(ParseError::HeadNotEnded);
        &[]
    });
    let essentials = parse_essentials(&headers, &mut problems)?;
    check_numbers(&headers, &mut problems);
    let body = cut_body(&headers, rest, &mut problems);
    let headless = Headless { essentials, headers, body, problems };
    match start_line {
        Ok(StartLine::Request { method, uri }) => headless.into_request(method, uri),
        Ok(StartLine::Response(status)) => headless.into_response(status),
        Err(error) => Err(headless.refuse(error)),
    }
}

/// The first thing that was wrong; the rest is consequence.
#[derive(Default)]
struct Problems(Option<ParseError>);

impl Problems {
    fn note(&mut self, error: ParseError) {
        self.0.get_or_insert(error);
    }

    fn note_length_of(&mut self, line: &[u8]) {
        if line.len() > MAX_LINE_BYTES {
            self.note(ParseError::LineTooLong { limit: MAX_LINE_BYTES });
        }
    }
}

/// Everything but the start line.
struct Headless {
    essentials: Essentials,
    headers: Headers,
    body: Vec<u8>,
    problems: Problems,
}

impl Headless {
    fn into_request(
        mut self,
        method: Method,
        uri: Result<Uri, ParseError>,
    ) -> Result<Message, ParseFailure> {
        if method != self.essentials.cseq.method {
            self.problems.note(ParseError::CSeqMethod);
        }
        match (self.problems.0.take(), uri) {
            (None, Ok(uri)) => {
                let Self { essentials, headers, body, .. } = self;
                Ok(Message::Request(Request { method, uri, essentials, headers, body }))
            }
            (Some(error), _) | (None, Err(error)) if method == Method::Ack => Err(error.into()),
            (Some(error), _) | (None, Err(error)) => Err(self.refuse(error)),
        }
    }

    /// A response is never answered, however broken: two endpoints could go on for ever.
    fn into_response(
        self,
        status: Result<StatusCode, ParseError>,
    ) -> Result<Message, ParseFailure> {
        let Self { essentials, headers, body, problems } = self;
        match (problems.0, status) {
            (None, Ok(status)) => {
                Ok(Message::Response(Response { status, essentials, headers, body }))
            }
            (Some(error), _) | (None, Err(error)) => Err(error.into()),
        }
    }

    fn refuse(self, error: ParseError) -> ParseFailure {
        let may_be_answered = self.essentials.cseq.method != Method::Ack;
        ParseFailure { error, answerable: may_be_answered.then(|| Box::new(self.essentials)) }
    }
}

enum StartLine {
    Request { method: Method, uri: Result<Uri, ParseError> },
    Response(Result<StatusCode, ParseError>),
}

fn parse_start_line(line: &[u8]) -> Result<StartLine, ParseError> {
    // No method can begin like this: '/' belongs into no token.
    if line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/")) {
        return Ok(StartLine::Response(parse_status_line(line)));
    }
    let line = str::from_utf8(line).map_err(|_| ParseError::StartLine)?;
    // Exactly one blank between the parts; a URI holds none (RFC 3261 §7.1).
    let mut parts = line.trim_end().split(' ');
    let (Some(method), Some(uri), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(ParseError::StartLine);
    };
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        let is_sip = version.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"));
        return Err(if is_sip { ParseError::Version } else { ParseError::StartLine });
    }
    let method = Method::parse(method.as_bytes()).ok_or(ParseError::StartLine)?;
    Ok(StartLine::Request { method, uri: Uri::parse(uri) })
}

/// `SIP/2.0 200 OK`, and the reason phrase may hold any bytes or none (RFC 4475 §3.1.1.12).
fn parse_status_line(line: &[u8]) -> Result<StatusCode, ParseError> {
    let (version, rest) = lexer::split_once(line, b' ').ok_or(ParseError::StartLine)?;
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Err(ParseError::Version);
    }
    let code = rest.split(|&byte| byte == b' ').next().unwrap_or_default();
    lexer::parse_number(code).and_then(StatusCode::new).ok_or(ParseError::StartLine)
}

fn parse_headers(lines: &mut Lines<'_>, problems: &mut Problems) -> Headers {
    let mut headers = Headers::default();
    for (index, line) in lines.enumerate() {
        // Whoever sends more is not worth reading, but the body must be found.
        if index >= MAX_HEADERS {
            problems.note(ParseError::TooManyHeaders { limit: MAX_HEADERS });
            continue;
        }
        problems.note_length_of(&line);
        match split_header(&line) {
            Some((name, value)) => headers.push(name, value),
            None => problems.note(ParseError::HeaderLine),
        }
    }
    for (name, header) in [(HeaderName::Via, "Via"), (HeaderName::Route, "Route")] {
        if headers.list(&name).nth(MAX_HOPS).is_some() {
            problems.note(ParseError::TooManyHops { header, limit: MAX_HOPS });
        }
    }
    headers
}

/// Name and value of a header line; `None` if it has no name.
fn split_header(line: &[u8]) -> Option<(HeaderName, &[u8])> {
    let (name, value) = lexer::split_once(line, b':')?;
    (!name.is_empty()).then(|| (HeaderName::parse(name), value))
}

fn parse_essentials(headers: &Headers, problems: &mut Problems) -> Result<Essentials, ParseError> {
    let mut vias = headers.list(&HeaderName::Via);
    let via = Via::parse(vias.next().ok_or(ParseError::MissingHeader { header: "Via" })?)?;
    let lower_vias: Vec<Vec<u8>> = vias.take(MAX_HOPS).map(<[u8]>::to_vec).collect();
    if let Some(error) = lower_vias.iter().find_map(|via| Via::parse(via).err()) {
        problems.note(error);
    }
    let call_id = only(headers, &HeaderName::CallId, "Call-ID", problems)?.to_vec();
    if call_id.is_empty() {
        return Err(ParseError::Header { header: "Call-ID" });
    }
    Ok(Essentials {
        via,
        lower_vias,
        from: parse_party(headers, &HeaderName::From, "From", problems)?,
        to: parse_party(headers, &HeaderName::To, "To", problems)?,
        call_id,
        cseq: CSeq::parse(only(headers, &HeaderName::CSeq, "CSeq", problems)?)?,
    })
}

/// From or To. Whose URI we cannot read is who it is all the same, but with a quote that does not
/// end, nobody knows which of what follows is the URI (RFC 4475 §3.1.2.6).
fn parse_party(
    headers: &Headers,
    name: &HeaderName,
    header: &'static str,
    problems: &mut Problems,
) -> Result<NameAddr, ParseError> {
    let value = only(headers, name, header, problems)?;
    if lexer::is_unfinished(value) {
        problems.note(ParseError::Header { header });
    }
    NameAddr::parse(value, header)
}

/// The value of a header that must stand exactly once; of several, the first, and a problem noted.
fn only<'a>(
    headers: &'a Headers,
    name: &'a HeaderName,
    header: &'static str,
    problems: &mut Problems,
) -> Result<&'a [u8], ParseError> {
    let mut lines = headers.lines(name);
    let first = lines.next().ok_or(ParseError::MissingHeader { header })?;
    if lines.next().is_some() {
        problems.note(ParseError::RepeatedHeader { header });
    }
    Ok(first)
}

/// Max-Forwards may be missing and may be 0 (483 is a proxy's word), and must be a number.
fn check_numbers(headers: &Headers, problems: &mut Problems) {
    let hops = headers.first(&HeaderName::MaxForwards);
    if hops.is_some_and(|hops| lexer::parse_number::<u32>(hops).is_none()) {
        problems.note(ParseError::Header { header: "Max-Forwards" });
    }
}

/// The body: as long as Content-Length says, or to the end of the datagram without one (RFC 3261
/// §18.3).
fn cut_body(headers: &Headers, rest: &[u8], problems: &mut Problems) -> Vec<u8> {
    let declared = match declared_length(headers.lines(&HeaderName::ContentLength)) {
        Ok(Some(declared)) => declared,
        Ok(None) => return rest.to_vec(),
        Err(error) => {
            problems.note(error);
            return Vec::new();
        }
    };
    match usize::try_from(declared).ok().and_then(|length| rest.get(..length)) {
        Some(body) => body.to_vec(),
        None => {
            problems.note(ParseError::BodyTruncated { declared, available: rest.len() });
            Vec::new()
        }
    }
}

/// The Content-Length of a head: all that a stream must know of one. Framer and parser read it the
/// same way, since a length read in two ways makes two messages of one.
pub(super) fn content_length(head: &[u8]) -> Result<Option<u64>, ParseError> {
    declared_length(Lines::new(head).skip(1).filter_map(|line| match split_header(&line) {
        Some((HeaderName::ContentLength, value)) => Some(value.to_vec()),
        Some(_) | None => None,
    }))
}

fn declared_length<V: AsRef<[u8]>>(
    mut values: impl Iterator<Item = V>,
) -> Result<Option<u64>, ParseError> {
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.any(|other| other.as_ref() != first.as_ref()) {
        return Err(ParseError::RepeatedHeader { header: "Content-Length" });
    }
    match lexer::parse_number(first.as_ref()) {
        Some(declared) => Ok(Some(declared)),
        None => Err(ParseError::Header { header: "Content-Length" }),
    }
}
