//! `a=crypto` (RFC 4568): the keys of SRTP in a session description.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rand::RngExt;
use rand::rngs::StdRng;

/// A way to encrypt and to authenticate (RFC 4568 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SrtpSuite {
    /// AES in counter mode, 128 bits; tags of 80 bits.
    AesCm128HmacSha1Tag80,
    /// The same with tags of 32 bits on RTP; those on RTCP keep 80.
    AesCm128HmacSha1Tag32,
}

impl SrtpSuite {
    /// In the order of our offers.
    pub(super) const ALL: [Self; 2] = [Self::AesCm128HmacSha1Tag80, Self::AesCm128HmacSha1Tag32];

    fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }
}

/// A master key of 128 bits and its salt of 112 (RFC 3711 §8.2). Prints as stars.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; Self::LENGTH]);

impl MasterKey {
    /// Bytes of key and salt together.
    pub const LENGTH: usize = 30;

    /// A key from its bytes: the key itself, then the salt.
    pub fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    pub(crate) fn random(rng: &mut StdRng) -> Self {
        Self(rng.random())
    }

    pub(crate) fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The keys of one call, a direction each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrtpKeys {
    /// How they are used.
    pub suite: SrtpSuite,
    /// What we send is encrypted with it.
    pub local: MasterKey,
    /// What the peer sends is encrypted with it.
    pub remote: MasterKey,
}

/// An `a=crypto` line that we can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CryptoLine {
    pub(super) tag: u32,
    pub(super) suite: SrtpSuite,
    pub(super) key: MasterKey,
}

/// Some peers leave the padding out, which 30 bytes do not need anyway.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl CryptoLine {
    /// `1 AES_CM_128_HMAC_SHA1_80 inline:BASE64|2^31`. `None` for what we do not support, which
    /// must not be chosen then (§5.1.2): another suite, several keys, keys with a master key
    /// identifier, which would be in each packet, and session parameters that are not optional.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_whitespace();
        let tag = words.next()?.parse().ok()?;
        let suite = words.next()?;
        let suite =
            SrtpSuite::ALL.into_iter().find(|ours| ours.name().eq_ignore_ascii_case(suite))?;
        let key = parse_key(words.next()?)?;
        words.all(may_be_ignored).then_some(Self { tag, suite, key })
    }
}

impl fmt::Display for CryptoLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64.encode(self.key.as_bytes());
        write!(f, "a=crypto:{} {} inline:{key}\r\n", self.tag, self.suite.name())
    }
}

fn parse_key(parameter: &str) -> Option<MasterKey> {
    let mut parts = parameter.strip_prefix("inline:")?.split('|');
    let key = BASE64.decode(parts.next()?).ok()?;
    // A lifetime may follow, which no call outlives; an identifier has a colon.
    let lifetime = parts.next().unwrap_or_default();
    if lifetime.contains(':') || parts.next().is_some() {
        return None;
    }
    Some(MasterKey(key.try_into().ok()?))
}

/// A window size hint, which asks for no more than our window has, and what is marked as optional
/// (§6.3.6, §6.3.7).
fn may_be_ignored(parameter: &str) -> bool {
    parameter.starts_with('-') || parameter.starts_with("WSH=")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    #[test]
    fn a_line_is_read_and_written_and_prints_no_key() {
        let line = CryptoLine::parse(&format!("7 AES_CM_128_HMAC_SHA1_32 {KEY}|2^20 WSH=64"));
        let line = line.unwrap();
        assert_eq!((line.tag, line.suite), (7, SrtpSuite::AesCm128HmacSha1Tag32));
        assert_eq!(line.to_string(), format!("a=crypto:7 AES_CM_128_HMAC_SHA1_32 {KEY}\r\n"));
        assert_eq!(
            format!("{line:?}"),
            "CryptoLine { tag: 7, suite: AesCm128HmacSha1Tag32, key: *** }"
        );
    }

    #[test]
    fn what_we_do_not_support_is_not_chosen() {
        let suite = "AES_CM_128_HMAC_SHA1_80";
        for value in [
            "".to_owned(),
            format!("x {suite} {KEY}"),
            format!("1 {suite}"),
            format!("1 F8_128_HMAC_SHA1_80 {KEY}"),
            format!("1 {suite} {KEY}|2^20|1:4"),
            format!("1 {suite} {KEY}|1:4"),
            format!("1 {suite} {KEY};{KEY}"),
            format!("1 {suite} inline:WVNf"),
            format!("1 {suite} inline:????"),
            format!("1 {suite} {KEY} KDR=1"),
            format!("1 {suite} {KEY} UNENCRYPTED_SRTP"),
        ] {
            assert_eq!(CryptoLine::parse(&value), None, "{value}");
        }
    }
}
