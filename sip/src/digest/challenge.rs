//! The headers of digest authentication: `WWW-Authenticate` and `Proxy-Authenticate` to
//! [`Challenge`], and `Authorization` to [`Answer`] (RFC 7616 §3.3, §3.4; RFC 3261 §20.7, §20.44).

use subtle::ConstantTimeEq;

use super::{Algorithm, Computation, Count, Credentials};
use crate::message::lexer;

/// A challenge that we can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    /// Echoed as it came.
    pub(super) opaque: Option<Vec<u8>>,
    /// `None` if it was not named, and is then not named in the answer either.
    pub(super) algorithm: Option<Algorithm>,
    pub(super) protection: Protection,
    /// The nonce of our answer was too old, and everything else about it was right.
    pub(super) stale: bool,
}

/// Whether the answer counts its uses of the nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// No `qop` was offered: the arithmetic of RFC 2069.
    None,
    /// `qop=auth`.
    Auth,
}

impl Challenge {
    /// The challenges in one header line that we can answer, in the order they stand in. Another
    /// scheme, an unknown algorithm, `qop=auth-int` alone and a challenge without a nonce are
    /// skipped.
    pub(super) fn parse_all(line: &[u8]) -> Vec<Self> {
        let of_digest = |scheme: &&Scheme<'_>| scheme.name.eq_ignore_ascii_case(b"Digest");
        Scheme::parse_all(line).iter().filter(of_digest).filter_map(Self::of_scheme).collect()
    }

    fn of_scheme(scheme: &Scheme<'_>) -> Option<Self> {
        let algorithm = match scheme.value("algorithm") {
            Some(name) => Some(Algorithm::parse(&name)?),
            None => None,
        };
        let protection = match scheme.value("qop") {
            Some(offered) => {
                let mut offered = lexer::split(&offered, b',');
                offered.find(|qop| qop.eq_ignore_ascii_case(b"auth")).map(|_| Protection::Auth)?
            }
            None => Protection::None,
        };
        if protection == Protection::None && algorithm.is_some_and(|algorithm| algorithm.session) {
            return None;
        }
        Some(Self {
            realm: scheme.value("realm")?,
            nonce: scheme.value("nonce").filter(|nonce| !nonce.is_empty())?,
            opaque: scheme.value("opaque"),
            algorithm,
            protection,
            stale: scheme.value("stale").is_some_and(|stale| stale.eq_ignore_ascii_case(b"true")),
        })
    }

    /// The algorithm that is meant.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or(Algorithm::DEFAULT)
    }
}

/// What an `Authorization` header says, as far as we ask for it. Anything else is no answer to a
/// challenge of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) user: Vec<u8>,
    pub(super) realm: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    pub(super) uri: Vec<u8>,
    pub(super) response: Vec<u8>,
    pub(super) algorithm: Algorithm,
    pub(super) cnonce: Vec<u8>,
    /// As written, eight digits: it goes into the arithmetic.
    pub(super) nonce_count: Vec<u8>,
}

impl Answer {
    /// The answer in a header line. All of our challenges offer `qop=auth`, so one without a count
    /// is none.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let schemes = Scheme::parse_all(line);
        let scheme = schemes.iter().find(|scheme| scheme.name.eq_ignore_ascii_case(b"Digest"))?;
        scheme.value("qop").filter(|qop| qop.eq_ignore_ascii_case(b"auth"))?;
        let algorithm = match scheme.value("algorithm") {
            Some(name) => Algorithm::parse(&name)?,
            None => Algorithm::DEFAULT,
        };
        Some(Self {
            user: scheme.value("username")?,
            realm: scheme.value("realm")?,
            nonce: scheme.value("nonce")?,
            uri: scheme.value("uri")?,
            response: scheme.value("response")?,
            algorithm,
            cnonce: scheme.value("cnonce")?,
            nonce_count: scheme.value("nc")?,
        })
    }

    /// `nc` as a number: eight hexadecimal digits, and not zero (RFC 7616 §3.4).
    pub(super) fn count(&self) -> Option<u32> {
        let text = str::from_utf8(&self.nonce_count).ok()?;
        let is_number = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let count = is_number.then(|| u32::from_str_radix(text, 16).ok())??;
        (count > 0).then_some(count)
    }

    /// Whether it was computed with these credentials. Takes as long for a near miss as for any
    /// other: a nonce may be answered often, and who could measure how much of a guess was right
    /// would guess byte by byte.
    pub(super) fn is_by(&self, credentials: &Credentials, method: &str) -> bool {
        let computation = Computation {
            algorithm: self.algorithm,
            credentials,
            realm: &self.realm,
            nonce: &self.nonce,
            count: Some(Count { nonce_count: &self.nonce_count, cnonce: &self.cnonce }),
            method,
            uri: &self.uri,
        };
        let right = computation.response();
        right.as_bytes().ct_eq(&self.response.to_ascii_lowercase()).into()
    }
}

/// A scheme's name with its parameters, which are still written as they came.
struct Scheme<'a> {
    name: &'a [u8],
    parameters: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Scheme<'a> {
    /// Commas part both the parameters of one scheme and two schemes of one line (RFC 7235 §4.1):
    /// a new one begins where a blank stands before the equals sign, or where there is no such
    /// sign.
    fn parse_all(line: &'a [u8]) -> Vec<Self> {
        let mut schemes: Vec<Self> = Vec::new();
        for piece in lexer::split(line, b',') {
            let (before, value) = lexer::split_once(piece, b'=').unwrap_or((piece, b""));
            let has_value = before.len() < piece.len();
            let blank = before.iter().position(u8::is_ascii_whitespace);
            match (blank, schemes.last_mut()) {
                (Some(blank), _) => {
                    let name = before[blank..].trim_ascii();
                    schemes.push(Self { name: &before[..blank], parameters: vec![(name, value)] });
                }
                (None, Some(scheme)) if has_value => scheme.parameters.push((before, value)),
                (None, _) => schemes.push(Self { name: before, parameters: Vec::new() }),
            }
        }
        schemes
    }

    /// The value of a parameter, without quotes and escapes.
    fn value(&self, name: &str) -> Option<Vec<u8>> {
        let found =
            self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, value)| unquoted(value))
    }
}

/// What a quoted string means (RFC 3261 §25.1); anything else means itself.
fn unquoted(value: &[u8]) -> Vec<u8> {
    let inside = value.strip_prefix(b"\"").map(|rest| rest.strip_suffix(b"\"").unwrap_or(rest));
    let Some(inside) = inside else {
        return value.to_vec();
    };
    let mut escaped = false;
    let meant = inside.iter().filter(|&&byte| {
        escaped = byte == b'\\' && !escaped;
        !escaped
    });
    meant.copied().collect()
}

/// A quoted string. What would end the line is left out.
pub(super) fn quoted(text: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(b'"');
    for &byte in text.iter().filter(|byte| !b"\r\n\0".contains(byte)) {
        if byte == b'"' || byte == b'\\' {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Hash;

    fn challenge(realm: &str, nonce: &str) -> Challenge {
        Challenge {
            realm: realm.into(),
            nonce: nonce.into(),
            opaque: None,
            algorithm: None,
            protection: Protection::None,
            stale: false,
        }
    }

    #[test]
    fn the_challenges_of_one_line_are_told_apart_whatever_their_commas() {
        let line = br#"Negotiate abc==, Basic realm="b, Digest nonce=\"x\"", Digest realm="a, \"b\"", nonce="n,1",qop="auth-int, auth" , stale=TRUE, Digest  algorithm=SHA-256-SESS,realm=r,nonce=2,qop=auth,opaque="",x=y"#;
        let first =
            Challenge { protection: Protection::Auth, stale: true, ..challenge("a, \"b\"", "n,1") };
        let second = Challenge {
            protection: Protection::Auth,
            opaque: Some(Vec::new()),
            algorithm: Some(Algorithm { hash: Hash::Sha256, session: true }),
            ..challenge("r", "2")
        };
        assert_eq!(Challenge::parse_all(line), [first, second]);
    }

    #[test]
    fn a_challenge_we_cannot_answer_is_skipped() {
        for line in [
            &br#"Digest realm="a", nonce="1", algorithm=SHA-512-256"#[..],
            br#"Digest realm="a", nonce="1", qop="auth-int""#,
            br#"Digest realm="a", nonce="1", algorithm=MD5-sess"#,
            br#"Digest realm="a""#,
            br#"Digest nonce="1""#,
            br#"Digest realm="a", nonce="""#,
            br#"Basic realm="a", nonce="1""#,
            b"Digest",
            b"",
            b"\xff\xfe=\xff, \"",
        ] {
            assert_eq!(Challenge::parse_all(line), [], "{}", line.escape_ascii());
        }
    }

    #[test]
    fn an_unfinished_quote_runs_to_the_end_and_an_escape_stands_for_its_byte() {
        let line = br#"Digest nonce=1, realm="a\\\"b, c"#;
        assert_eq!(Challenge::parse_all(line), [challenge("a\\\"b, c", "1")]);
        assert_eq!(quoted(b"a\\\"b\r\n"), br#""a\\\"b""#);
        assert_eq!(unquoted(&quoted(b"a\\\"b")), b"a\\\"b");
    }
}
