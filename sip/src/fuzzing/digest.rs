//! Challenges and answers of digest authentication, as a stranger might write them.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::stage;
use crate::digest::{Authenticator, Verifier};
use crate::message::{self, HeaderName, Message, Response};
use crate::simulation::origin;
use crate::{Credentials, Password, StatusCode};

/// The value of a header of digest authentication: as a challenge, whose answer stands in one line
/// of a request that can be read, and as an answer, which proves nothing to a server of ours.
pub fn digest(bytes: &[u8]) {
    let now = origin();
    let mut rng = StdRng::seed_from_u64(1);
    let credentials = Credentials { user: "bob".to_owned(), password: Password::new("zanzibar") };
    let mut client = Authenticator::new(credentials.clone(), None);
    let mut server = Verifier::new(&mut rng, now);
    let Ok(Message::Request(request)) = message::parse(REGISTER) else {
        panic!("the request is written above")
    };
    // The answer may be twice as long, and a line has 8 KiB.
    let line = bytes.iter().copied().filter(|byte| !b"\r\n".contains(byte)).take(2_048);
    let line: Vec<u8> = line.collect();
    let refusal = Response::to(&request.essentials, stage::SOURCE, StatusCode::UNAUTHORIZED, None)
        .with(HeaderName::WwwAuthenticate, line.as_slice());
    let challenged = client.challenged(&refusal, &mut rng);
    let authorized = client.authorize(request.clone());
    let lines = authorized.headers.lines(&HeaderName::Authorization).count();
    assert_eq!(lines, usize::from(challenged.is_ok()));
    let Ok(Message::Request(again)) = message::parse(&authorized.to_bytes()) else {
        panic!("what we wrote can not be read: {authorized:?}")
    };
    assert_eq!(again.headers.lines(&HeaderName::Authorization).count(), lines);
    for request in [authorized, request.with(HeaderName::Authorization, line)] {
        let users = std::slice::from_ref(&credentials);
        assert!(server.check(now, "peer", users, &request).is_err());
    }
}

const REGISTER: &[u8] =
    b"REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\n\
    From: <sip:bob@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c\r\n\
    CSeq: 1 REGISTER\r\n\r\n";
