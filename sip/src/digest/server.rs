//! The server's side: challenges with nonces that prove themselves, and the check of the answers
//! (RFC 7616 §3.3, §5.4; RFC 8760 §2.3). Nothing is remembered of a challenge; of an answer that
//! was right, its nonce and count, so that it can not be used a second time.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use rand::rngs::StdRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::challenge::{Answer, quoted};
use super::{Algorithm, Credentials, Hash, hexadecimal};
use crate::message::{HeaderName, Request};

/// How long a nonce may be answered.
const NONCE_LIFE: Duration = Duration::from_secs(60);

/// Used nonces that are remembered. When it is full, the oldest one goes, and every nonce as old as
/// it is stale from then on: a forgotten one can not be used again either.
pub(super) const MOST_USED_NONCES: usize = 4_096;

/// Half of an HMAC-SHA-256 is as hard to guess as a key of 128 bits (RFC 2104 §5).
const MAC_BYTES: usize = 16;

/// Challenges, and judges answers.
pub(crate) struct Verifier {
    key: [u8; 32],
    /// Where the time in a nonce counts from.
    origin: Instant,
    /// The highest count seen of each nonce that was answered rightly.
    used: BTreeMap<Nonce, u32>,
    /// Nonces from up to then, in milliseconds, are stale.
    forgotten: Option<u64>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("used", &self.used.len()).finish_non_exhaustive()
    }
}

/// When a nonce was made, in milliseconds since the origin, and what tells it from others of the
/// same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Nonce {
    made: u64,
    salt: u64,
}

/// Why a request was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It has no answer to a challenge of ours, or a wrong one.
    Unproven,
    /// The answer is right, and its nonce too old or used up.
    Stale,
}

impl Verifier {
    pub(crate) fn new(rng: &mut StdRng, origin: Instant) -> Self {
        Self { key: rng.random(), origin, used: BTreeMap::new(), forgotten: None }
    }

    /// The values of `WWW-Authenticate`, the better one first (RFC 8760 §2.3), for a peer that was
    /// refused.
    pub(crate) fn challenges(
        &self,
        now: Instant,
        peer: &str,
        refusal: Refusal,
        rng: &mut StdRng,
    ) -> [Vec<u8>; 2] {
        let nonce = Nonce { made: self.milliseconds(now), salt: rng.random() };
        let nonce = self.write(nonce, peer);
        let stale = match refusal {
            Refusal::Stale => ", stale=true",
            Refusal::Unproven => "",
        };
        [Hash::Sha256, Hash::Md5].map(|hash| {
            let algorithm = Algorithm { hash, session: false }.name();
            let rest = format!(", nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}");
            [b"Digest realm=", quoted(peer.as_bytes()).as_slice(), rest.as_bytes()].concat()
        })
    }

    /// Whether the request of this peer proves one of its users. The realm is the peer's name.
    pub(crate) fn check(
        &mut self,
        now: Instant,
        peer: &str,
        users: &[Credentials],
        request: &Request,
    ) -> Result<(), Refusal> {
        let lines = request.headers.lines(&HeaderName::Authorization);
        let mut answers = lines.filter_map(Answer::parse);
        let answer =
            answers.find(|answer| answer.realm == peer.as_bytes()).ok_or(Refusal::Unproven)?;
        let nonce = self.read(&answer.nonce, peer).ok_or(Refusal::Unproven)?;
        let count = answer.count().ok_or(Refusal::Unproven)?;
        // A proxy may have rewritten the Request-URI since (RFC 3261 §22.4), so what was signed is
        // the `uri` of the answer.
        let user = users.iter().find(|user| user.user.as_bytes() == answer.user);
        let is_right = user.is_some_and(|user| answer.is_by(user, request.method.as_str()));
        if !is_right {
            return Err(Refusal::Unproven);
        }
        self.spend(now, nonce, count)
    }

    /// How many nonces are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.used.len()
    }

    /// Takes a use of a nonce, if it is left.
    fn spend(&mut self, now: Instant, nonce: Nonce, count: u32) -> Result<(), Refusal> {
        let age = self.milliseconds(now).saturating_sub(nonce.made);
        let is_forgotten = self.forgotten.is_some_and(|until| nonce.made <= until);
        let is_used = self.used.get(&nonce).is_some_and(|highest| count <= *highest);
        if u128::from(age) > NONCE_LIFE.as_millis() || is_forgotten || is_used {
            return Err(Refusal::Stale);
        }
        self.used.insert(nonce, count);
        if self.used.len() > MOST_USED_NONCES
            && let Some((oldest, _)) = self.used.pop_first()
        {
            self.forgotten = Some(oldest.made);
        }
        Ok(())
    }

    /// Time, salt, and the proof that both are ours and meant for this peer.
    fn write(&self, nonce: Nonce, peer: &str) -> String {
        let Nonce { made, salt } = nonce;
        let mac = self.mac(nonce, peer).finalize().into_bytes();
        format!("{made:016x}{salt:016x}{}", hexadecimal(&mac[..MAC_BYTES]))
    }

    fn read(&self, text: &[u8], peer: &str) -> Option<Nonce> {
        let text = str::from_utf8(text).ok()?;
        let number = |from: usize| u64::from_str_radix(text.get(from..from + 16)?, 16).ok();
        let nonce = Nonce { made: number(0)?, salt: number(16)? };
        let expected = self.write(nonce, peer);
        bool::from(expected.as_bytes().ct_eq(text.as_bytes())).then_some(nonce)
    }

    fn mac(&self, nonce: Nonce, peer: &str) -> Hmac<Sha256> {
        let mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("an HMAC takes a key of any length");
        mac.chain_update(nonce.made.to_be_bytes())
            .chain_update(nonce.salt.to_be_bytes())
            .chain_update(peer.as_bytes())
    }

    fn milliseconds(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.origin).as_millis();
        u64::try_from(since).unwrap_or(u64::MAX)
    }
}
