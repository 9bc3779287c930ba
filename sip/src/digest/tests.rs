//! The vectors of the RFCs, our client against a server played by hand, and our client against our
//! server.

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::client::Unanswerable;
use super::server::Refusal;
use super::*;
use crate::StatusCode;
use crate::message::{self, HeaderName, Message, Request, Response};
use crate::simulation::{long_seed, origin};

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials { user: user.to_owned(), password: Password::new(password) }
}

fn algorithm(hash: Hash) -> Algorithm {
    Algorithm { hash, session: false }
}

#[test]
fn the_example_of_rfc_7616_3_9_1_is_computed_with_both_hashes() {
    let response = |hash| {
        Computation {
            algorithm: algorithm(hash),
            credentials: &credentials("Mufasa", "Circle of Life"),
            realm: b"http-auth@example.org",
            nonce: b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            count: Some(Count {
                nonce_count: b"00000001",
                cnonce: b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            }),
            method: "GET",
            uri: b"/dir/index.html",
        }
        .response()
    };
    assert_eq!(response(Hash::Md5), "8ca523f5e9506fed4657c9700eebdbec");
    assert_eq!(
        response(Hash::Sha256),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

#[test]
fn the_example_of_rfc_2069_as_corrected_is_computed_without_qop() {
    let computation = Computation {
        algorithm: algorithm(Hash::Md5),
        credentials: &credentials("Mufasa", "CircleOfLife"),
        realm: b"testrealm@host.com",
        nonce: b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
        count: None,
        method: "GET",
        uri: b"/dir/index.html",
    };
    assert_eq!(computation.response(), "1949323746fe6a43ef61f9606e7febea");
}

#[test]
fn a_session_algorithm_mixes_both_nonces_into_the_secret() {
    // No RFC has a vector; these were computed by another implementation.
    let response = |hash| {
        Computation {
            algorithm: Algorithm { hash, session: true },
            credentials: &credentials("bob", "zanzibar"),
            realm: b"example.com",
            nonce: b"n1",
            count: Some(Count { nonce_count: b"00000001", cnonce: b"c1" }),
            method: "REGISTER",
            uri: b"sip:example.com",
        }
        .response()
    };
    assert_eq!(response(Hash::Md5), "4802c6f03709cc79e1ae7e40756252d6");
    assert_eq!(
        response(Hash::Sha256),
        "f3c9c860c0ec8b3d0de66675c539b6001101bf6d1c69b2122493c06d40f7a35d"
    );
}

#[test]
fn a_password_never_prints() {
    assert_eq!(
        format!("{:?}", credentials("bob", "zanzibar")),
        "Credentials { user: \"bob\", password: *** }"
    );
}

/// A client, the requests it sends, and a peer whose responses are written by hand.
struct Bench {
    client: Authenticator,
    rng: StdRng,
    now: Instant,
}

impl Bench {
    fn new(realm: Option<&str>) -> Self {
        Self {
            client: Authenticator::new(credentials("bob", "zanzibar"), realm.map(str::to_owned)),
            rng: StdRng::from_seed(long_seed(1)),
            now: origin(),
        }
    }

    fn challenged(&mut self, status: StatusCode, lines: &[&str]) -> Result<(), Unanswerable> {
        let header = if status == StatusCode::UNAUTHORIZED {
            HeaderName::WwwAuthenticate
        } else {
            HeaderName::ProxyAuthenticate
        };
        let response = lines
            .iter()
            .fold(refusal(status), |response, line| response.with(header.clone(), line.as_bytes()));
        self.client.challenged(&response, &mut self.rng)
    }

    /// The values of a header of the next request.
    fn sent(&mut self, header: &HeaderName) -> Vec<String> {
        let request = self.client.authorize(register());
        let values = request.headers.lines(header);
        values.map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
    }
}

fn register() -> Request {
    request("REGISTER")
}

fn request(method: &str) -> Request {
    let text = format!(
        "{method} sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\n\
        From: <sip:bob@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c\r\n\
        CSeq: 1 {method}\r\n\r\n"
    );
    match message::parse(text.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("no request: {other:?}"),
    }
}

fn refusal(status: StatusCode) -> Response {
    Response::to(&register().essentials, "192.0.2.1:5060".parse().unwrap(), status, Some(b"t"))
}

#[test]
fn sha_256_is_chosen_over_md5_wherever_it_stands() {
    let mut bench = Bench::new(None);
    let lines = [
        r#"Digest realm="example.com", nonce="m", algorithm=MD5, qop="auth""#,
        r#"Digest realm="example.com", nonce="x", algorithm=SHA-512-256, qop="auth""#,
        r#"Digest realm="example.com", nonce="s", algorithm=SHA-256, qop="auth", opaque="o\"p""#,
        r#"Digest realm="other", nonce="t", algorithm=SHA-256, qop="auth""#,
    ];
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &lines), Ok(()));
    let [first] = bench.sent(&HeaderName::Authorization).try_into().unwrap();
    let (start, cnonce) = first.rsplit_once("cnonce=").unwrap();
    let cnonce = cnonce.trim_matches('"');
    let response = |nonce_count: &[u8]| {
        let count = Count { nonce_count, cnonce: cnonce.as_bytes() };
        Computation {
            algorithm: algorithm(Hash::Sha256),
            credentials: &credentials("bob", "zanzibar"),
            realm: b"example.com",
            nonce: b"s",
            count: Some(count),
            method: "REGISTER",
            uri: b"sip:example.com",
        }
        .response()
    };
    let expected = |nonce_count: &str| {
        format!(
            "Digest username=\"bob\", realm=\"example.com\", nonce=\"s\", uri=\"sip:example.com\", \
            response=\"{}\", algorithm=SHA-256, opaque=\"o\\\"p\", qop=auth, nc={nonce_count}, ",
            response(nonce_count.as_bytes())
        )
    };
    assert_eq!(start, expected("00000001"));
    // The next request uses the same nonce once more.
    assert_eq!(
        bench.sent(&HeaderName::Authorization),
        [format!("{}cnonce=\"{cnonce}\"", expected("00000002"))]
    );
}

#[test]
fn a_challenge_without_algorithm_and_qop_is_answered_as_in_rfc_2069() {
    let mut bench = Bench::new(None);
    let line = r#"Digest realm="example.com", nonce="n""#;
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &[line]), Ok(()));
    let computation = Computation {
        algorithm: algorithm(Hash::Md5),
        credentials: &credentials("bob", "zanzibar"),
        realm: b"example.com",
        nonce: b"n",
        count: None,
        method: "REGISTER",
        uri: b"sip:example.com",
    };
    let expected = format!(
        "Digest username=\"bob\", realm=\"example.com\", nonce=\"n\", uri=\"sip:example.com\", \
        response=\"{}\"",
        computation.response()
    );
    assert_eq!(bench.sent(&HeaderName::Authorization), [expected]);
}

#[test]
fn a_proxy_and_the_registrar_behind_it_are_answered_side_by_side() {
    let mut bench = Bench::new(None);
    let of_proxy = [r#"Digest realm="proxy", nonce="p", qop="auth""#];
    let of_registrar = [r#"Digest realm="registrar", nonce="r", qop="auth""#];
    assert_eq!(bench.challenged(StatusCode::PROXY_AUTHENTICATION_REQUIRED, &of_proxy), Ok(()));
    assert_eq!(bench.sent(&HeaderName::Authorization), [""; 0]);
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &of_registrar), Ok(()));
    let request = bench.client.authorize(register());
    for (header, realm) in
        [(HeaderName::Authorization, "registrar"), (HeaderName::ProxyAuthorization, "proxy")]
    {
        let [value] = request.headers.lines(&header).collect::<Vec<_>>().try_into().unwrap();
        let realm = format!("realm=\"{realm}\"");
        assert!(str::from_utf8(value).unwrap().contains(&realm), "{}", value.escape_ascii());
    }
}

#[test]
fn a_stale_nonce_is_retried_once_and_a_rejected_answer_never() {
    let plain = [r#"Digest realm="r", nonce="1", qop="auth""#];
    let stale = [r#"Digest realm="r", nonce="2", qop="auth", stale=true"#];
    let rejected = Err(Unanswerable::Rejected);

    let mut bench = Bench::new(None);
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &plain), Ok(()));
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &plain), rejected);
    assert_eq!(bench.sent(&HeaderName::Authorization), [""; 0]);

    let mut bench = Bench::new(None);
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &plain), Ok(()));
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &stale), Ok(()));
    assert!(bench.sent(&HeaderName::Authorization)[0].contains("nonce=\"2\""));
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &stale), rejected);

    // The next refresh has its own attempts, and its old nonce need not be called stale.
    let mut bench = Bench::new(None);
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &plain), Ok(()));
    bench.client.begin();
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &plain), Ok(()));
}

#[test]
fn another_realm_than_the_configured_one_is_told_nothing() {
    let mut bench = Bench::new(Some("example.com"));
    let foreign = [r#"Digest realm="example.org", nonce="1", qop="auth""#, "Basic realm=\"x\""];
    assert_eq!(bench.challenged(StatusCode::UNAUTHORIZED, &foreign), Err(Unanswerable::NotOurs));
    assert_eq!(bench.sent(&HeaderName::Authorization), [""; 0]);
}

/// Our client and our server. The peer is called `trunk`, and bob may call.
struct Both {
    bench: Bench,
    server: Verifier,
}

impl Both {
    fn new() -> Self {
        let mut bench = Bench::new(None);
        let server = Verifier::new(&mut bench.rng, bench.now);
        Self { bench, server }
    }

    fn challenge(&mut self, refusal: Refusal) -> Vec<String> {
        let Bench { rng, now, .. } = &mut self.bench;
        let values = self.server.challenges(*now, "trunk", refusal, rng);
        values.map(|value| String::from_utf8(value).unwrap()).into()
    }

    /// The client answers these challenges.
    fn answer(&mut self, challenges: &[String]) -> Request {
        self.bench.client.begin();
        let lines: Vec<&str> = challenges.iter().map(String::as_str).collect();
        self.bench.challenged(StatusCode::UNAUTHORIZED, &lines).unwrap();
        self.bench.client.authorize(request("INVITE"))
    }

    fn check(&mut self, peer: &str, request: &Request) -> Result<(), Refusal> {
        let users = [credentials("alice", "wonderland"), credentials("bob", "zanzibar")];
        self.server.check(self.bench.now, peer, &users, request)
    }
}

#[test]
fn the_server_offers_sha_256_before_md5_and_takes_both() {
    let mut both = Both::new();
    assert_eq!(both.check("trunk", &request("INVITE")), Err(Refusal::Unproven));
    let [sha, md5] = both.challenge(Refusal::Unproven).try_into().unwrap();
    let (start, rest) = sha.split_once("nonce=\"").unwrap();
    assert_eq!(start, "Digest realm=\"trunk\", ");
    let (nonce, rest) = rest.split_once('"').unwrap();
    assert_eq!((nonce.len(), rest), (64, ", algorithm=SHA-256, qop=\"auth\""));
    assert_eq!(md5, sha.replace("SHA-256", "MD5"));
    for challenge in [[md5], [sha]] {
        let mut both = Both { server: Both::new().server, ..Both::new() };
        let request = both.answer(&challenge);
        assert_eq!(both.check("trunk", &request), Ok(()));
    }
}

#[test]
fn an_answer_is_good_once_and_a_higher_count_is_another_one() {
    let mut both = Both::new();
    let challenges = both.challenge(Refusal::Unproven);
    let first = both.answer(&challenges);
    let second = both.bench.client.authorize(request("INVITE"));
    assert_eq!(both.check("trunk", &second), Ok(()));
    for request in [first, second] {
        assert_eq!(both.check("trunk", &request), Err(Refusal::Stale));
    }
    let third = both.bench.client.authorize(request("INVITE"));
    assert_eq!(both.check("trunk", &third), Ok(()));
}

#[test]
fn a_nonce_is_for_one_peer_and_for_a_minute() {
    let mut both = Both::new();
    let challenges = both.challenge(Refusal::Unproven);
    let request = both.answer(&challenges);
    assert_eq!(both.check("other", &request), Err(Refusal::Unproven));
    both.bench.now += Duration::from_millis(60_001);
    assert_eq!(both.check("trunk", &request), Err(Refusal::Stale));
    let challenges = both.challenge(Refusal::Stale);
    assert!(challenges.iter().all(|value| value.ends_with(", stale=true")), "{challenges:?}");
    let request = both.answer(&challenges);
    assert_eq!(both.check("trunk", &request), Ok(()));
}

#[test]
fn a_nonce_that_was_forgotten_for_want_of_room_can_not_be_used_again() {
    let mut both = Both::new();
    let mut requests = Vec::new();
    for _ in 0..=server::MOST_USED_NONCES {
        both.bench.now += Duration::from_millis(1);
        let challenges = both.challenge(Refusal::Unproven);
        let request = both.answer(&challenges);
        assert_eq!(both.check("trunk", &request), Ok(()));
        requests.push(request);
    }
    assert_eq!(both.server.remembered(), server::MOST_USED_NONCES);
    assert!(requests.iter().all(|request| both.check("trunk", request) == Err(Refusal::Stale)));
}

#[test]
fn an_answer_that_was_touched_proves_nothing() {
    let mut both = Both::new();
    let challenges = both.challenge(Refusal::Unproven);
    let request = both.answer(&challenges);
    let value = request.headers.first(&HeaderName::Authorization).unwrap();
    let value = String::from_utf8(value.to_vec()).unwrap();
    for (from, to) in [
        ("username=\"bob\"", "username=\"alice\""),
        ("username=\"bob\"", "username=\"nobody\""),
        ("nc=00000001", "nc=00000002"),
        ("nc=00000001", "nc=00000000"),
        ("nc=00000001", "nc=1"),
        ("qop=auth", "qop=auth-int"),
        ("algorithm=SHA-256", "algorithm=MD5"),
        ("uri=\"sip:", "uri=\"sips:"),
        ("nonce=\"0", "nonce=\"1"),
        ("response=\"", "response=\"0"),
    ] {
        assert!(value.contains(from), "{from}: {value}");
        let touched =
            self::request("INVITE").with(HeaderName::Authorization, value.replacen(from, to, 1));
        assert_eq!(both.check("trunk", &touched), Err(Refusal::Unproven), "{to}");
    }
    // What was signed is an INVITE.
    let bye = self::request("BYE").with(HeaderName::Authorization, value.as_bytes());
    assert_eq!(both.check("trunk", &bye), Err(Refusal::Unproven));
    assert_eq!(both.check("trunk", &request), Ok(()));
}
