//! The client's side: chooses among the challenges of a 401 or 407, and writes the answer into the
//! requests that follow (RFC 3261 §22.2, §22.3; RFC 8760 §2.4).

use rand::RngExt;
use rand::rngs::StdRng;

use super::challenge::{Challenge, Protection, quoted};
use super::{Computation, Count, Credentials};
use crate::StatusCode;
use crate::message::{HeaderName, Request, Response};

/// Answers the challenges of a registrar, and of a proxy before it, with one name and password.
///
/// An answer stands in each later request as well, with the next count, so that not every refresh
/// is challenged.
#[derive(Debug)]
pub(crate) struct Authenticator {
    credentials: Credentials,
    /// If known, no other realm is told anything.
    realm: Option<Vec<u8>>,
    of_registrar: Side,
    of_proxy: Side,
}

/// 401 or 407.
#[derive(Debug, Default)]
struct Side {
    session: Option<Session>,
    /// Challenges answered since [`Authenticator::begin`].
    answered: u32,
}

/// A challenge that was answered.
#[derive(Debug)]
struct Session {
    challenge: Challenge,
    cnonce: String,
    /// How often its nonce was used.
    uses: u32,
}

/// Why a challenge was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswerable {
    /// Our answer was judged, and is wrong.
    Rejected,
    /// No challenge of ours among them: another realm, scheme or algorithm.
    NotOurs,
}

/// One attempt for the challenge, and one more for a nonce that was too old.
const MOST_ATTEMPTS: u32 = 2;

impl Authenticator {
    pub(crate) fn new(credentials: Credentials, realm: Option<String>) -> Self {
        Self {
            credentials,
            realm: realm.map(String::into_bytes),
            of_registrar: Side::default(),
            of_proxy: Side::default(),
        }
    }

    /// Something new is asked for: the attempts count from none.
    pub(crate) fn begin(&mut self) {
        self.of_registrar.answered = 0;
        self.of_proxy.answered = 0;
    }

    /// Takes in a 401 or 407. `Ok` means that the request is worth sending once more.
    pub(crate) fn challenged(
        &mut self,
        response: &Response,
        rng: &mut StdRng,
    ) -> Result<(), Unanswerable> {
        let registrar = (&mut self.of_registrar, HeaderName::WwwAuthenticate);
        let proxy = (&mut self.of_proxy, HeaderName::ProxyAuthenticate);
        let (side, header) = if response.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            proxy
        } else {
            registrar
        };
        let realm = self.realm.as_deref();
        let ours = |challenge: &Challenge| realm.is_none_or(|realm| realm == challenge.realm);
        let challenges = response.headers.lines(&header).flat_map(Challenge::parse_all);
        // The best hash; of two with the same one the first, which the server prefers. `rev`,
        // because `max_by_key` takes the last.
        let challenges: Vec<Challenge> = challenges.filter(ours).collect();
        let best = challenges.into_iter().rev().max_by_key(|one| one.algorithm().hash);
        side.answer(best.ok_or(Unanswerable::NotOurs)?, rng)
    }

    /// The request with an answer to what was challenged before.
    pub(crate) fn authorize(&mut self, request: Request) -> Request {
        let credentials = &self.credentials;
        let sides = [
            (&mut self.of_registrar, HeaderName::Authorization),
            (&mut self.of_proxy, HeaderName::ProxyAuthorization),
        ];
        sides.into_iter().fold(request, |request, (side, header)| match &mut side.session {
            Some(session) => {
                let value = session.answer(credentials, &request);
                request.with(header, value)
            }
            None => request,
        })
    }
}

impl Side {
    /// The first challenge is always answered: if our request had an answer in it already, that was
    /// to a nonce of long ago, and not every server calls such a one stale.
    fn answer(&mut self, challenge: Challenge, rng: &mut StdRng) -> Result<(), Unanswerable> {
        let again = self.answered > 0 && !challenge.stale;
        if again || self.answered >= MOST_ATTEMPTS {
            // What was rejected once will not do next time either.
            self.session = None;
            return Err(Unanswerable::Rejected);
        }
        self.answered += 1;
        let cnonce = format!("{:016x}", rng.random::<u64>());
        self.session = Some(Session { challenge, cnonce, uses: 0 });
        Ok(())
    }
}

impl Session {
    /// The value of an Authorization header for this request.
    fn answer(&mut self, credentials: &Credentials, request: &Request) -> Vec<u8> {
        self.uses = self.uses.wrapping_add(1);
        let nonce_count = format!("{:08x}", self.uses);
        let Challenge { realm, nonce, opaque, algorithm, protection, .. } = &self.challenge;
        let count = match protection {
            Protection::Auth => {
                Some(Count { nonce_count: nonce_count.as_bytes(), cnonce: self.cnonce.as_bytes() })
            }
            Protection::None => None,
        };
        let uri = request.uri.as_str().as_bytes();
        let computation = Computation {
            algorithm: self.challenge.algorithm(),
            credentials,
            realm,
            nonce,
            count,
            method: request.method.as_str(),
            uri,
        };
        let response = computation.response();

        let user = quoted(credentials.user.as_bytes());
        let mut value = [b"Digest username=".as_slice(), &user].concat();
        let mut add = |name: &str, text: &[u8]| {
            value.extend_from_slice(format!(", {name}=").as_bytes());
            value.extend_from_slice(text);
        };
        add("realm", &quoted(realm));
        add("nonce", &quoted(nonce));
        add("uri", &quoted(uri));
        add("response", &quoted(response.as_bytes()));
        if let Some(algorithm) = algorithm {
            add("algorithm", algorithm.name().as_bytes());
        }
        if let Some(opaque) = opaque {
            add("opaque", &quoted(opaque));
        }
        if let Some(Count { nonce_count, cnonce }) = count {
            add("qop", b"auth");
            add("nc", nonce_count);
            add("cnonce", &quoted(cnonce));
        }
        value
    }
}
