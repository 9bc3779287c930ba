//! The 49 messages of RFC 4475. They are no part of this repository: the tests look for them in
//! `shared/rfc4475` beside it, and say so where they are not.
//!
//! What is expected is what the RFC says of the message, for an endpoint that answers calls, is no
//! registrar and no proxy, and knows the sender. Where the RFC leaves a choice, or where we decide
//! otherwise, the reason stands above the row.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// Name of the file, section, and what it comes to over datagrams; the last is `None` if it comes to
/// the same over a connection.
type Expectation = (&'static str, &'static str, Vec<Did>, Option<Vec<Did>>);

fn expectations() -> Vec<Expectation> {
    [valid_messages(), invalid_messages(), other_messages()].concat()
}

/// §3.1.1: whatever they look like, they are read.
fn valid_messages() -> Vec<Expectation> {
    vec![
        // Its To tag is of no dialog of ours.
        ("wsinv", "3.1.1.1", answer(481), None),
        ("intmeth", "3.1.1.2", answer(405), None),
        ("esc01", "3.1.1.3", call("sips:user@example.com"), None),
        ("escnull", "3.1.1.4", answer(405), None),
        ("esc02", "3.1.1.5", answer(405), None),
        ("lwsdisp", "3.1.1.6", answer(200), None),
        ("longreq", "3.1.1.7", call("user"), None),
        // The second request is ignored in a datagram, and on a stream it is the next message. Its
        // body is longer than it says, so that the rest begins something without an end.
        (
            "dblreq",
            "3.1.1.8",
            answer(405),
            Some(closed(&[answer(405), call("joe"), dropped(NO_CONTENT_LENGTH)].concat())),
        ),
        ("semiuri", "3.1.1.9", answer(200), None),
        ("transports", "3.1.1.10", answer(200), None),
        ("mpart01", "3.1.1.11", answer(405), None),
        ("unreason", "3.1.1.12", stray_response(), None),
        ("noreason", "3.1.1.13", stray_response(), None),
    ]
}

/// §3.1.2: they break the grammar.
fn invalid_messages() -> Vec<Expectation> {
    vec![
        ("badinv01", "3.1.2.1", answer(400), None),
        // On a stream the rest may still come.
        ("clerr", "3.1.2.2", answer(400), Some(vec![])),
        ("ncl", "3.1.2.3", answer(400), Some(closed(&answer(400)))),
        // A response needs the CSeq, and a number like this we do not carry.
        ("scalar02", "3.1.2.4", dropped(ParseError::Header { header: "CSeq" }), None),
        ("scalarlg", "3.1.2.5", dropped(ParseError::Header { header: "CSeq" }), None),
        ("quotbal", "3.1.2.6", answer(400), None),
        ("ltgtruri", "3.1.2.7", answer(400), None),
        ("lwsruri", "3.1.2.8", answer(400), None),
        ("lwsstart", "3.1.2.9", answer(400), None),
        // Tolerated: nothing else could be meant.
        ("trws", "3.1.2.10", answer(200), None),
        // Tolerated: the escaped header is ignored.
        ("escruri", "3.1.2.11", call("user"), None),
        // Tolerated: we have no use for Date.
        ("baddate", "3.1.2.12", call("user"), None),
        ("regbadct", "3.1.2.13", answer(405), None),
        // Tolerated: blanks inside the brackets are ignored.
        ("badaspec", "3.1.2.14", answer(200), None),
        // This copy of the file lacks the empty line. Such a name alone is tolerated (`traps`).
        ("baddn", "3.1.2.15", answer(400), Some(vec![])),
        ("badvers", "3.1.2.16", answer(505), None),
        ("mismatch01", "3.1.2.17", answer(400), None),
        ("mismatch02", "3.1.2.18", answer(400), None),
        ("bigcode", "3.1.2.19", dropped(ParseError::StartLine), None),
    ]
}

/// §3.2 to §3.4: well formed, and to be answered by what they say.
fn other_messages() -> Vec<Expectation> {
    vec![
        ("badbranch", "3.2.1", answer(200), None),
        // Without From, To and Call-ID no response can be made.
        ("insuf", "3.3.1", dropped(ParseError::MissingHeader { header: "Call-ID" }), None),
        ("unkscm", "3.3.2", answer(416), None),
        ("novelsc", "3.3.3", answer(416), None),
        ("unksm2", "3.3.4", answer(405), None),
        ("bext01", "3.3.5", answer(420), None),
        ("invut", "3.3.6", answer(415), None),
        ("regaut01", "3.3.7", answer(405), None),
        ("multi01", "3.3.8", answer(400), None),
        ("mcl01", "3.3.9", answer(400), Some(closed(&answer(400)))),
        ("bcast", "3.3.10", stray_response(), None),
        // We are where it wanted to go.
        ("zeromf", "3.3.11", answer(200), None),
        ("cparam01", "3.3.12", answer(405), None),
        ("cparam02", "3.3.13", answer(405), None),
        ("regescrt", "3.3.14", answer(405), None),
        // A 406 is possible. But who offers a session description can read one.
        ("sdp01", "3.3.15", call("user"), None),
        // Without a Content-Length, which a stream must have.
        ("inv2543", "3.4.1", call("UserB"), Some(closed(&answer(400)))),
    ]
}

const NO_CONTENT_LENGTH: ParseError = ParseError::MissingHeader { header: "Content-Length" };

fn stray_response() -> Vec<Did> {
    vec![Did::Drop(DropReason::StrayResponse)]
}

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/rfc4475");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: the messages of RFC 4475 are not in {}", folder.display());
    None
}

fn message(folder: &Path, name: &str) -> Vec<u8> {
    let file = folder.join(format!("{name}.dat"));
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn rows(folder: &Path) -> Vec<Row> {
    let expectations = expectations().into_iter();
    expectations
        .map(|(name, section, over_datagrams, over_a_connection)| Row {
            name: format!("{name} (§{section})"),
            bytes: message(folder, name),
            over_a_connection: over_a_connection.unwrap_or_else(|| over_datagrams.clone()),
            over_datagrams,
        })
        .collect()
}

#[test]
fn each_message_comes_to_what_the_rfc_says_of_it() {
    let Some(folder) = folder() else { return };
    let rows = rows(&folder);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "dat"));
    assert_eq!((rows.len(), files.count()), (49, 49));
    assert_outcomes(&rows);
}

#[test]
fn no_part_of_a_message_is_a_call() {
    let Some(folder) = folder() else { return };
    let mut rows = rows(&folder);
    // Without a Content-Length, a body is as long as what is there of it.
    rows.retain(|row| !row.name.starts_with("inv2543"));
    assert_no_part_is_a_call(&rows);
}

/// What must be in the first response to some of them, in lines.
#[test]
fn what_a_message_says_comes_back_as_it_was_said() {
    let Some(folder) = folder() else { return };
    let lines: [(&str, &[&[u8]]); 7] = [
        (
            "wsinv",
            &[
                b"Via: SIP/2.0/UDP 192.0.2.2;branch=390skdjuw;received=192.0.2.10;rport=5060",
                b"Via: SIP  / 2.0  / TCP     spindle.example.com   ; branch  =   z9hG4bK9ikj8",
                b"Via: SIP  /    2.0   / UDP  192.168.255.111   ; branch= z9hG4bK30239",
                b"From: \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com> ; tag = 98asjd8",
                b"To: sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
                b"Call-ID: wsinv.ndaksdj@192.0.2.1",
                b"CSeq: 9 INVITE",
            ],
        ),
        (
            "intmeth",
            &[
                b"Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~;received=192.0.2.10;rport=5060",
                b"Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
                b"CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~",
                b"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK",
            ],
        ),
        (
            "esc02",
            &[
                b"Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234;received=192.0.2.10;rport=5060",
                b"From: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23",
                b"CSeq: 29344 RE%47IST%45R",
            ],
        ),
        (
            "transports",
            &[
                b"Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf",
                b"Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en",
            ],
        ),
        (
            "badvers",
            &[b"Via: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw;received=192.0.2.10;rport=5060"],
        ),
        ("bext01", &[b"Unsupported: nothingSupportsThis, nothingSupportsThisEither"]),
        ("invut", &[b"Accept: application/sdp", b"Accept-Encoding: identity"]),
    ];
    for (name, lines) in lines {
        let outputs = Bench::new().datagram(&message(&folder, name));
        let Some(Output::Transmit(response)) = outputs.first() else {
            panic!("{name}: {outputs:?}")
        };
        for line in lines {
            let found = response
                .bytes
                .split(|&byte| byte == b'\n')
                .any(|found| found.strip_suffix(b"\r").is_some_and(|found| found == *line));
            let (line, response) = (line.escape_ascii(), response.bytes.escape_ascii());
            assert!(found, "{name}: no {line} in {response}");
        }
    }
}
