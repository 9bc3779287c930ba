//! Whole messages, as peers write them.

use super::*;
use crate::error::ParseError;

const HEAD: &str = "Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n";

fn options(headers: &str, body: &str) -> Vec<u8> {
    format!("OPTIONS sip:c@d SIP/2.0\r\n{HEAD}{headers}\r\n{body}").into_bytes()
}

fn parsed(datagram: &[u8]) -> Request {
    match parse(datagram) {
        Ok(Message::Request(request)) => request,
        other => panic!("no request: {other:?}"),
    }
}

fn error(datagram: &[u8]) -> ParseError {
    parse(datagram).expect_err("broken on purpose").error
}

#[test]
fn compact_names_folding_comma_lists_and_blanks_round_the_colon_are_understood() {
    let text = "\r\nINVITE sip:c@d SIP/2.0\r\nv : SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b\r\nVIA: SIP/2.0/TCP c\r\n\
        f:\"A\r\n\tB\" <sip:a@b>\r\n ;tag=1\r\nt: <sip:c@d>\r\ni:x\r\ncseq:1 INVITE\r\nl:2\r\n\r\nhello";
    let request = parsed(text.as_bytes());
    let essentials = &request.essentials;
    assert_eq!(essentials.via.sent_by(), b"a");
    assert_eq!(essentials.lower_vias, [b"SIP/2.0/UDP b".to_vec(), b"SIP/2.0/TCP c".to_vec()]);
    assert_eq!(essentials.from.as_bytes(), b"\"A B\" <sip:a@b> ;tag=1");
    assert_eq!(essentials.from.tag(), Some(&b"1"[..]));
    assert_eq!(request.body, b"he");
}

#[test]
fn bare_line_feeds_end_lines_too() {
    let text = String::from_utf8(options("Max-Forwards: 0\r\n", "")).unwrap().replace("\r\n", "\n");
    assert_eq!(parsed(text.as_bytes()).essentials.call_id, b"x");
}

#[test]
fn without_content_length_the_body_runs_to_the_end_of_the_datagram() {
    assert_eq!(parsed(&options("", "hello")).body, b"hello");
    assert_eq!(parsed(&options("Content-Length: 0\r\n", "hello")).body, b"");
}

#[test]
fn bytes_that_are_not_utf8_stay_as_they_are_and_lose_no_other_header() {
    let mut datagram = options("Subject: SUBJECT\r\nMax-Forwards: 5\r\n", "");
    let at = datagram.windows(7).position(|window| window == b"SUBJECT").unwrap();
    datagram[at..at + 2].copy_from_slice(b"\xff\xfe");
    let request = parsed(&datagram);
    let subject = HeaderName::Other(b"Subject".to_vec());
    assert_eq!(request.headers.first(&subject), Some(&b"\xff\xfeBJECT"[..]));
    assert_eq!(request.headers.first(&HeaderName::MaxForwards), Some(&b"5"[..]));
}

#[test]
fn every_cap_is_an_error_that_can_be_answered() {
    let many = |line: &str, count: usize| options(&line.repeat(count), "");
    let long = format!("X: {}\r\n", "a".repeat(8 * 1024));
    let folded = format!("X: a\r\n{}", format!(" {}\r\n", "a".repeat(1_000)).repeat(9));
    for (datagram, expected) in [
        (many("X: a\r\n", 124), ParseError::TooManyHeaders { limit: 128 }),
        (many("Via: SIP/2.0/UDP a\r\n", 70), ParseError::TooManyHops { header: "Via", limit: 70 }),
        (
            many("Route: <sip:a>, <sip:b>, <sip:c>\r\n", 24),
            ParseError::TooManyHops { header: "Route", limit: 70 },
        ),
        (options(&long, ""), ParseError::LineTooLong { limit: 8 * 1024 }),
        (options(&folded, ""), ParseError::LineTooLong { limit: 8 * 1024 }),
    ] {
        let failure = parse(&datagram).expect_err("over a cap");
        assert_eq!((failure.error, failure.answerable.is_some()), (expected, true));
    }
    assert_eq!(parsed(&many("X: a\r\n", 123)).headers.iter().count(), 128);
    assert_eq!(error(&vec![b'a'; 65_537]), ParseError::TooLarge { bytes: 65_537 });
}

#[test]
fn a_content_length_beyond_the_datagram_or_beyond_any_number_is_an_error() {
    let truncated = ParseError::BodyTruncated { declared: u64::MAX, available: 2 };
    assert_eq!(error(&options("Content-Length: 18446744073709551615\r\n", "ab")), truncated);
    let malformed = ParseError::Header { header: "Content-Length" };
    assert_eq!(error(&options("Content-Length: 18446744073709551616\r\n", "ab")), malformed);
    let repeated = ParseError::RepeatedHeader { header: "Content-Length" };
    assert_eq!(error(&options("Content-Length: 1\r\nl: 2\r\n", "ab")), repeated);
}

#[test]
fn a_head_that_does_not_end_is_an_error() {
    assert_eq!(
        error(format!("OPTIONS sip:c@d SIP/2.0\r\n{HEAD}").as_bytes()),
        ParseError::HeadNotEnded
    );
}

#[test]
fn a_status_line_makes_a_response_whatever_its_reason_phrase() {
    let response = |line: &[u8]| parse(&[line, b"\r\n", HEAD.as_bytes(), b"\r\n"].concat());
    for line in [&b"SIP/2.0 200 "[..], b"SIP/2.0 200", b"sip/2.0 200 = 2**3 * 5**2 \xff\xfe"] {
        let Ok(Message::Response(ok)) = response(line) else { panic!("no response") };
        assert_eq!(ok.status, StatusCode::OK);
    }
}

#[test]
fn a_broken_status_line_is_never_answered() {
    for (line, error) in [
        ("SIP/2.0 99 x", ParseError::StartLine),
        ("SIP/2.0 2000 x", ParseError::StartLine),
        ("SIP/2.0 4294967301 x", ParseError::StartLine),
        ("SIP/2.0 abc", ParseError::StartLine),
        ("SIP/2.0 ", ParseError::StartLine),
        ("SIP/2.0", ParseError::StartLine),
        ("SIP/3.0 200 OK", ParseError::Version),
    ] {
        let failure = parse(format!("{line}\r\n{HEAD}\r\n").as_bytes()).unwrap_err();
        assert_eq!(failure, ParseFailure { error, answerable: None }, "{line}");
    }
}

#[test]
fn a_carriage_return_inside_a_line_is_never_answered() {
    for header in ["Subject: a\rVia: b\r\n", "X: y\r\r\n", "X: y\r\n \r folded\r\n"] {
        let failure = parse(&options(header, "")).unwrap_err();
        let expected = ParseFailure { error: ParseError::BareCarriageReturn, answerable: None };
        assert_eq!(failure, expected, "{header:?}");
    }
    assert_eq!(parsed(&options("", "a\rb")).body, b"a\rb");
}

#[test]
fn a_lower_via_that_cannot_be_read_and_a_quote_that_does_not_end_are_told_to_the_sender() {
    let text = String::from_utf8(options("", "")).unwrap();
    for (from, to, header) in [
        (";branch=z9hG4bK1", ";;,;,,", "Via"),
        ("From: <", "From: \"A <", "From"),
        ("To: <", "To: \"Mr. C <", "To"),
    ] {
        let failure = parse(text.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert_eq!(failure.error, ParseError::Header { header });
        assert_eq!(failure.answerable.map(|essentials| essentials.call_id), Some(b"x".to_vec()));
    }
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let request = parsed(&options("Content-Length: 2\r\n", "ab"));
    let again = parsed(&request.to_bytes());
    assert_eq!(
        (again.method, again.uri, again.essentials, again.body),
        (request.method, request.uri, request.essentials, request.body)
    );
}
