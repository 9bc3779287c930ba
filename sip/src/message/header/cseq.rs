//! CSeq: the order of requests in a dialog (RFC 3261 §20.16).

use crate::error::ParseError;
use crate::message::{Method, lexer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CSeq {
    /// Below 2^31 (RFC 3261 §8.1.1.5).
    pub(crate) number: u32,
    pub(crate) method: Method,
}

impl CSeq {
    pub(crate) fn parse(value: &[u8]) -> Result<Self, ParseError> {
        let malformed = ParseError::Header { header: "CSeq" };
        let value = value.trim_ascii();
        let Some(end) = value.iter().position(u8::is_ascii_whitespace) else {
            return Err(malformed);
        };
        let number = lexer::parse_number(&value[..end]).filter(|number| *number < 1 << 31);
        let method = Method::parse(value[end..].trim_ascii());
        number.zip(method).map(|(number, method)| Self { number, method }).ok_or(malformed)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        format!("{} {}", self.number, self.method.as_str()).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_number_and_a_method_whatever_the_blanks() {
        let expected = CSeq { number: 9, method: Method::Invite };
        assert_eq!(CSeq::parse(b" 0009 \t INVITE "), Ok(expected));
    }

    #[test]
    fn refuses_a_number_of_31_bits_or_more_and_anything_incomplete() {
        for text in [
            &b"2147483648 INVITE"[..],
            b"1",
            b"INVITE",
            b"",
            b"1 ",
            b"-1 BYE",
            b"1 IN VITE",
            b"99999999999 BYE",
        ] {
            assert_eq!(CSeq::parse(text), Err(ParseError::Header { header: "CSeq" }), "{text:?}");
        }
    }
}
