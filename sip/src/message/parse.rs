//! Datagrams to messages, tolerant of what can be understood (RFC 3261 §7, §18.3; RFC 4475).
//!
//! A problem does not stop the reading: the essential headers are still looked for, because only
//! with them can a peer be told of its mistake. Framing on streams is another matter and has no
//! place here.

use super::header::{CSeq, HeaderName, Headers, NameAddr, Via};
use super::{Essentials, Message, Method, Request, Response, lexer};
use crate::error::ParseError;
use crate::{StatusCode, Uri};

/// Cap on a message.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// Cap on the number of header lines.
const MAX_HEADERS: usize = 128;
/// Cap on a line, unfolded.
const MAX_LINE_BYTES: usize = 8 * 1024;
/// Cap on the values of Via, and of Route.
const MAX_HOPS: usize = 32;

/// A datagram that is no message.
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

/// Reads one datagram.
pub(crate) fn parse(datagram: &[u8]) -> Result<Message, ParseFailure> {
    if datagram.len() > MAX_MESSAGE_BYTES {
        return Err(ParseError::TooLarge { bytes: datagram.len() }.into());
    }
    // Line ends before the start line are ignored (RFC 3261 §7.5). Some peers send zero bytes to
    // keep a binding alive.
    let Some(start) = datagram.iter().position(|byte| !b"\r\n\0".contains(byte)) else {
        return Ok(Message::KeepAlive);
    };
    let mut problems = Problems::default();
    let (lines, rest) = split_head(&datagram[start..], &mut problems);
    let Some((start_line, header_lines)) = lines.split_first() else {
        return Err(ParseError::StartLine.into());
    };
    let start_line = parse_start_line(start_line);
    let headers = parse_headers(header_lines, &mut problems);
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

    fn into_response(self, status: StatusCode) -> Result<Message, ParseFailure> {
        let Self { essentials, headers, body, problems } = self;
        match problems.0 {
            None => Ok(Message::Response(Response { status, essentials, headers, body })),
            Some(error) => Err(error.into()),
        }
    }

    fn refuse(self, error: ParseError) -> ParseFailure {
        let may_be_answered = self.essentials.cseq.method != Method::Ack;
        ParseFailure { error, answerable: may_be_answered.then(|| Box::new(self.essentials)) }
    }
}

enum StartLine {
    Request { method: Method, uri: Result<Uri, ParseError> },
    Response(StatusCode),
}

/// Cuts the head into unfolded lines (RFC 3261 §7.3.1), and what comes after the empty line. A bare
/// LF ends a line too.
fn split_head<'a>(datagram: &'a [u8], problems: &mut Problems) -> (Vec<Vec<u8>>, &'a [u8]) {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut rest = datagram;
    loop {
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            problems.note(ParseError::HeadNotEnded);
            return (lines, &[]);
        };
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = &rest[end + 1..];
        if line.is_empty() {
            return (lines, rest);
        }
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        // One line more than there may be headers: the start line.
        let full = lines.len() > MAX_HEADERS;
        match lines.last_mut() {
            Some(last) if folded => {
                last.push(b' ');
                last.extend_from_slice(line.trim_ascii());
            }
            _ if full => {
                problems.note(ParseError::TooManyHeaders { limit: MAX_HEADERS });
                continue;
            }
            _ => lines.push(line.to_vec()),
        }
        if lines.last().is_some_and(|line| line.len() > MAX_LINE_BYTES) {
            problems.note(ParseError::LineTooLong { limit: MAX_LINE_BYTES });
        }
    }
}

fn parse_start_line(line: &[u8]) -> Result<StartLine, ParseError> {
    if let Some(status) = line.strip_prefix(b"SIP/2.0 ") {
        let code = status.get(..3).and_then(lexer::parse_number).and_then(StatusCode::new);
        return code.map(StartLine::Response).ok_or(ParseError::StartLine);
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

fn parse_headers(lines: &[Vec<u8>], problems: &mut Problems) -> Headers {
    let mut headers = Headers::default();
    for line in lines {
        match lexer::split_once(line, b':') {
            Some((name, value)) if !name.is_empty() => headers.push(HeaderName::parse(name), value),
            _ => problems.note(ParseError::HeaderLine),
        }
    }
    for (name, header) in [(HeaderName::Via, "Via"), (HeaderName::Route, "Route")] {
        if headers.list(&name).nth(MAX_HOPS).is_some() {
            problems.note(ParseError::TooManyHops { header, limit: MAX_HOPS });
        }
    }
    headers
}

fn parse_essentials(headers: &Headers, problems: &mut Problems) -> Result<Essentials, ParseError> {
    let mut vias = headers.list(&HeaderName::Via);
    let via = Via::parse(vias.next().ok_or(ParseError::MissingHeader { header: "Via" })?)?;
    let call_id = only(headers, &HeaderName::CallId, "Call-ID", problems)?.to_vec();
    if call_id.is_empty() {
        return Err(ParseError::Header { header: "Call-ID" });
    }
    Ok(Essentials {
        via,
        lower_vias: vias.take(MAX_HOPS).map(<[u8]>::to_vec).collect(),
        from: NameAddr::parse(only(headers, &HeaderName::From, "From", problems)?, "From")?,
        to: NameAddr::parse(only(headers, &HeaderName::To, "To", problems)?, "To")?,
        call_id,
        cseq: CSeq::parse(only(headers, &HeaderName::CSeq, "CSeq", problems)?)?,
    })
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
    let mut lengths = headers.lines(&HeaderName::ContentLength);
    let Some(first) = lengths.next() else {
        return rest.to_vec();
    };
    if lengths.any(|other| other != first) {
        problems.note(ParseError::RepeatedHeader { header: "Content-Length" });
    }
    let Some(declared) = lexer::parse_number::<u64>(first) else {
        problems.note(ParseError::Header { header: "Content-Length" });
        return Vec::new();
    };
    match usize::try_from(declared).ok().and_then(|length| rest.get(..length)) {
        Some(body) => body.to_vec(),
        None => {
            problems.note(ParseError::BodyTruncated { declared, available: rest.len() });
            Vec::new()
        }
    }
}
