//! Digest authentication (RFC 7616, RFC 8760, RFC 3261 §22), both sides of it. Here: the arithmetic
//! they share, and secrets. `challenge` reads and writes the headers, `client` answers challenges,
//! `server` makes them and checks the answers. Knows nothing of calls or registrations.

mod challenge;
mod client;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;

use md5::Md5;
use sha2::{Digest as _, Sha256};

pub(crate) use client::Authenticator;
pub(crate) use server::Verifier;

/// A name and a password: what we say to a registrar, or what a peer must say to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user name, as the other side knows it.
    pub user: String,
    /// The password.
    pub password: Password,
}

/// A password. Prints as stars.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Keeps a password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A hash function, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Hash {
    Md5,
    Sha256,
}

impl Hash {
    /// The hash of these parts with colons in between, in hexadecimal: `KD` and `H` of RFC 7616
    /// §3.3.
    fn of(self, parts: &[&[u8]]) -> String {
        let joined = parts.join(&b':');
        match self {
            Self::Md5 => hexadecimal(&Md5::digest(joined)),
            Self::Sha256 => hexadecimal(&Sha256::digest(joined)),
        }
    }
}

/// What the `algorithm` parameter says (RFC 7616 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Algorithm {
    hash: Hash,
    /// The name ends in `-sess`: the password's hash is mixed with both nonces.
    session: bool,
}

impl Algorithm {
    const NAMES: [(&str, Self); 4] = [
        ("SHA-256", Self { hash: Hash::Sha256, session: false }),
        ("SHA-256-sess", Self { hash: Hash::Sha256, session: true }),
        ("MD5", Self { hash: Hash::Md5, session: false }),
        ("MD5-sess", Self { hash: Hash::Md5, session: true }),
    ];

    /// What a challenge without the parameter means.
    const DEFAULT: Self = Self { hash: Hash::Md5, session: false };

    /// `None` for one that is not ours.
    fn parse(name: &[u8]) -> Option<Self> {
        let found =
            Self::NAMES.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
        found.map(|(_, algorithm)| *algorithm)
    }

    fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, algorithm)| *algorithm == self);
        found.map_or("MD5", |(name, _)| name)
    }
}

/// Everything the response is computed from (RFC 7616 §3.4.1).
struct Computation<'a> {
    algorithm: Algorithm,
    credentials: &'a Credentials,
    realm: &'a [u8],
    nonce: &'a [u8],
    /// `None` without `qop`, as in RFC 2069.
    count: Option<Count<'a>>,
    method: &'a str,
    uri: &'a [u8],
}

/// What `qop=auth` adds.
#[derive(Clone, Copy)]
struct Count<'a> {
    /// `nc`, eight hexadecimal digits.
    nonce_count: &'a [u8],
    cnonce: &'a [u8],
}

impl Computation<'_> {
    /// The value of `response`.
    fn response(&self) -> String {
        let Self { algorithm: Algorithm { hash, session }, credentials, realm, nonce, .. } = *self;
        let secret =
            hash.of(&[credentials.user.as_bytes(), realm, credentials.password.0.as_bytes()]);
        let secret = match self.count {
            Some(count) if session => hash.of(&[secret.as_bytes(), nonce, count.cnonce]),
            // `-sess` without qop has no client nonce to mix in; `challenge` refuses that.
            Some(_) | None => secret,
        };
        let request = hash.of(&[self.method.as_bytes(), self.uri]);
        match self.count {
            Some(Count { nonce_count, cnonce }) => hash.of(&[
                secret.as_bytes(),
                nonce,
                nonce_count,
                cnonce,
                b"auth",
                request.as_bytes(),
            ]),
            None => hash.of(&[secret.as_bytes(), nonce, request.as_bytes()]),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
