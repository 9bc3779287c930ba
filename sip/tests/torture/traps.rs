//! Traps of our own, each a message that some stack has fallen into.

use super::*;

const HEAD: &str = "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKtrap\r\n\
    Max-Forwards: 70\r\n\
    From: <sip:+15550199@192.0.2.10>;tag=1\r\n\
    To: <sip:+15550100@198.51.100.1>\r\n\
    Call-ID: trap\r\n";

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 0\r\n";

const NO_CONTENT_LENGTH: ParseError = ParseError::MissingHeader { header: "Content-Length" };

/// A request with these headers as its last ones, and what stands behind the empty line.
fn request(method: &str, uri: &str, headers: &str, behind: &str) -> String {
    format!("{method} {uri} SIP/2.0\r\n{HEAD}CSeq: 1 {method}\r\n{headers}\r\n{behind}")
}

fn options(headers: &str, behind: &str) -> String {
    request("OPTIONS", "sip:+15550100@198.51.100.1", headers, behind)
}

fn options_to(uri: &str) -> String {
    request("OPTIONS", uri, "l: 0\r\n", "")
}

fn invite_to(uri: &str) -> String {
    let headers = format!("Contact: <sip:a@192.0.2.10>\r\nContent-Length: {}\r\n", SDP.len());
    request("INVITE", uri, &headers, SDP)
}

/// A name, a message, and what it comes to either way.
type Trap = (&'static str, String, Vec<Did>, Vec<Did>);

/// The same either way.
fn alike(name: &'static str, message: String, did: Vec<Did>) -> Trap {
    (name, message, did.clone(), did)
}

/// 400, and the end of the connection.
fn loses_the_stream(name: &'static str, message: String) -> Trap {
    (name, message, answer(400), closed(&answer(400)))
}

fn lengths() -> Vec<Trap> {
    let length = |value: &str| options(&format!("Content-Length: {value}\r\n"), "ab");
    let second = options_to("sip:b@198.51.100.1").replace("bKtrap", "bKsecond");
    let first_and_second = format!("{}{second}", options("Content-Length: 2\r\n", "ab"));
    vec![
        ("no length", options("", "ab"), answer(200), closed(&answer(400))),
        ("more than there is", length("3"), answer(400), vec![]),
        ("less than there is", first_and_second, answer(200), [answer(200), answer(200)].concat()),
        loses_the_stream("2^64-1", length("18446744073709551615")),
        loses_the_stream("2^64", length("18446744073709551616")),
        loses_the_stream("2^63", length("9223372036854775808")),
        loses_the_stream("beyond the cap", length("65536")),
        loses_the_stream("negative", length("-2")),
        loses_the_stream("with a sign", length("+2")),
        loses_the_stream("hexadecimal", length("0x2")),
        loses_the_stream("a list", length("2, 2")),
        loses_the_stream("nothing", length("")),
        loses_the_stream("two that differ", options("Content-Length: 2\r\nl: 0\r\n", "ab")),
        alike("two that agree", options("Content-Length: 2\r\nl: 2\r\n", "ab"), answer(200)),
        alike("folded, with leading zeros", options("l :\r\n\t 0002\r\n", "ab"), answer(200)),
    ]
}

fn lines() -> Vec<Trap> {
    let with = |headers: &str| options(&format!("{headers}l: 0\r\n"), "");
    let compact = options("l: 0\r\n", "")
        .replace("Via: ", "v : ")
        .replace("From: ", "f:")
        .replace("To: ", "T\t:\r\n ")
        .replace("Call-ID: ", "I:  ");
    let many_vias = "Via: SIP/2.0/UDP a, SIP/2.0/TCP b\r\n";
    vec![
        alike("compact names, folds and blanks", compact, answer(200)),
        alike("bare line feeds", with("").replace("\r\n", "\n"), answer(200)),
        alike(
            "a bare carriage return",
            with("Subject: a\rVia: b\r\n"),
            dropped(ParseError::BareCarriageReturn),
        ),
        alike("128 headers", with(&"X: y\r\n".repeat(121)), answer(200)),
        alike("129 headers", with(&"X: y\r\n".repeat(122)), answer(400)),
        alike("a line of 8 KiB", with(&format!("X: {}\r\n", "y".repeat(8_189))), answer(200)),
        alike("a longer line", with(&format!("X: {}\r\n", "y".repeat(8_190))), answer(400)),
        alike(
            "70 Vias",
            with(&format!("{}v: SIP/2.0/UDP c\r\n", many_vias.repeat(34))),
            answer(200),
        ),
        alike("71 Vias", with(&many_vias.repeat(35)), answer(400)),
        alike(
            "71 Routes",
            with(&format!("Route: {}<sip:a>\r\n", "<sip:a>,".repeat(70))),
            answer(400),
        ),
        alike("a header without a name", with(": x\r\n"), answer(400)),
        alike("a header without a colon", with("x\r\n"), answer(400)),
        ("a head that does not end", with("").trim_end().to_owned(), answer(400), vec![]),
        (
            "a head of more than 64 KiB",
            with(&"X: y\r\n".repeat(11_000)),
            dropped(ParseError::TooLarge { bytes: with(&"X: y\r\n".repeat(11_000)).len() }),
            closed(&answer(400)),
        ),
    ]
}

fn keep_alives() -> Vec<Trap> {
    let keep_alive = vec![Did::Drop(DropReason::KeepAlive)];
    let options = options_to("sip:a@198.51.100.1");
    vec![
        ("a ping", "\r\n\r\n".to_owned(), keep_alive.clone(), vec![Did::Pong]),
        ("a pong", "\r\n".to_owned(), keep_alive.clone(), vec![]),
        ("zero bytes", "\0\0\0\0".to_owned(), keep_alive, vec![]),
        (
            "a ping before a request",
            format!("\r\n\r\n{options}"),
            answer(200),
            [vec![Did::Pong], answer(200)].concat(),
        ),
        alike("line feeds before a request", format!("\n\n{options}"), answer(200)),
        alike("zero bytes before a request", format!("\0\0{options}"), answer(200)),
    ]
}

fn addresses() -> Vec<Trap> {
    let name = |from: &str| options_to("sip:a@b").replace("From: <", &format!("From: {from}<"));
    vec![
        alike("sips", options_to("sips:+15550100@198.51.100.1"), answer(200)),
        alike("tel", invite_to("tel:+1-(555)-010.0;ext=7"), call("+15550100")),
        alike("another scheme", options_to("mailto:a@b"), answer(416)),
        alike("IPv6", invite_to("sip:+15550100@[2001:db8::1]:5060"), call("+15550100")),
        alike("IPv6 without brackets", options_to("sip:a@2001:db8::1"), answer(400)),
        alike("a port that is none", options_to("sip:a@b:65536"), answer(400)),
        alike("an unquoted display name", name("Bell, Alexander "), answer(200)),
        alike("an open quote", name("\"Bell "), answer(400)),
    ]
}

fn silence() -> Vec<Trap> {
    let without = |header: &'static str| {
        let message = options("l: 0\r\n", "").replace(&format!("{header}: "), "X: ");
        alike(header, message, dropped(ParseError::MissingHeader { header }))
    };
    let ack = request("ACK", "sip:a@b", "l: 0\r\n", "");
    let response = options("l: 0\r\n", "")
        .replace("OPTIONS sip:+15550100@198.51.100.1 SIP/2.0", "SIP/2.0 200 OK");
    let stray = |reason| vec![Did::Drop(reason)];
    let hello = "\u{16}\u{3}\u{1}\0\u{1}\n\n".to_owned();
    let http = "GET / HTTP/1.1\r\nHost: 198.51.100.1\r\n\r\n".to_owned();
    vec![
        without("Via"),
        without("From"),
        without("To"),
        without("Call-ID"),
        without("CSeq"),
        alike("an ACK of nothing", ack.clone(), stray(DropReason::StrayAck)),
        alike(
            "a broken ACK",
            ack.replace(": 70", ": many"),
            dropped(ParseError::Header { header: "Max-Forwards" }),
        ),
        (
            "an ACK without a length",
            ack.replace("l: 0\r\n", ""),
            stray(DropReason::StrayAck),
            closed(&dropped(NO_CONTENT_LENGTH)),
        ),
        alike("a response to nothing", response.clone(), stray(DropReason::StrayResponse)),
        alike(
            "a broken response",
            response.replace("200 OK", "2000 OK"),
            dropped(ParseError::StartLine),
        ),
        (
            "HTTP",
            http,
            dropped(ParseError::MissingHeader { header: "Via" }),
            closed(&dropped(NO_CONTENT_LENGTH)),
        ),
        (
            "the begin of a TLS handshake",
            hello,
            dropped(ParseError::MissingHeader { header: "Via" }),
            closed(&dropped(NO_CONTENT_LENGTH)),
        ),
    ]
}

fn rows() -> Vec<Row> {
    let traps = [lengths(), lines(), keep_alives(), addresses(), silence()].concat().into_iter();
    traps
        .map(|(name, message, over_datagrams, over_a_connection)| Row {
            name: name.to_owned(),
            bytes: message.into_bytes(),
            over_datagrams,
            over_a_connection,
        })
        .collect()
}

#[test]
fn each_trap_comes_to_what_it_should() {
    assert_outcomes(&rows());
}

#[test]
fn no_part_of_a_trap_is_a_call() {
    assert_no_part_is_a_call(&rows());
}

#[test]
fn bytes_that_are_not_utf8_harm_no_other_header() {
    let text = options("Subject: SUBJECT\r\nl: 0\r\n", "").replace("From: <", "From: NAME <");
    let mut bytes = text.into_bytes();
    for (name, foreign) in [(&b"SUBJECT"[..], b"\xff\xfe"), (b"NAME", b"\xc3\x28")] {
        let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
        bytes[at..at + 2].copy_from_slice(foreign);
    }
    let outputs = Bench::new().datagram(&bytes);
    assert_eq!(did(&outputs), answer(200));
    let Some(Output::Transmit(response)) = outputs.first() else { panic!("{outputs:?}") };
    let from = b"\r\nFrom: \xc3\x28ME <sip:+15550199@192.0.2.10>;tag=1\r\n";
    assert!(response.bytes.windows(from.len()).any(|window| window == from));
}
