//! Session-Expires: for how long a session lives without a refresh, and who refreshes it (RFC 4028
//! §4). Min-SE, the least of it that somebody takes (§5), and Retry-After (RFC 3261 §20.33) are
//! seconds alone.

use crate::message::{Parameters, lexer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionExpires {
    pub(crate) seconds: u32,
    /// `None` leaves it to the answering end.
    pub(crate) refresher: Option<Refresher>,
}

/// An end, as seen from one request: who sent it, and who answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresher {
    Uac,
    Uas,
}

impl SessionExpires {
    /// `None` for what cannot be read: it then counts as absent, which harms nobody.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let (_, parameters) = lexer::split_once(value, b';').unwrap_or((value, b""));
        let refresher = match Parameters::parse(parameters).value("refresher") {
            Some(value) if value.eq_ignore_ascii_case(b"uac") => Some(Refresher::Uac),
            Some(value) if value.eq_ignore_ascii_case(b"uas") => Some(Refresher::Uas),
            Some(_) | None => None,
        };
        Some(Self { seconds: seconds(value)?, refresher })
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let refresher = match self.refresher {
            Some(Refresher::Uac) => ";refresher=uac",
            Some(Refresher::Uas) => ";refresher=uas",
            None => "",
        };
        format!("{}{refresher}", self.seconds).into_bytes()
    }
}

/// A number of seconds, in front of parameters or of a comment.
pub(crate) fn seconds(value: &[u8]) -> Option<u32> {
    let end = value.iter().position(|byte| b";( \t".contains(byte)).unwrap_or(value.len());
    lexer::parse_number(&value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_seconds_and_the_refresher_whatever_else_is_there() {
        for (text, expected, refresher) in [
            (&b"1800"[..], 1_800, None),
            (b"90;refresher=UAS", 90, Some(Refresher::Uas)),
            (b"4000 ; x=y ; Refresher = uac", 4_000, Some(Refresher::Uac)),
            (b"90;refresher=nobody", 90, None),
        ] {
            let expected = Some(SessionExpires { seconds: expected, refresher });
            assert_eq!(SessionExpires::parse(text), expected, "{}", text.escape_ascii());
        }
        for text in [&b""[..], b"-1", b"many", b"4294967296", b";refresher=uac"] {
            assert_eq!(SessionExpires::parse(text), None, "{}", text.escape_ascii());
        }
        assert_eq!(seconds(b"18000 (in a meeting)"), Some(18_000));
        assert_eq!(seconds(b"5;duration=10"), Some(5));
    }

    #[test]
    fn is_written_as_it_is_read() {
        for text in [&b"90"[..], b"90;refresher=uac", b"90;refresher=uas"] {
            assert_eq!(SessionExpires::parse(text).unwrap().to_bytes(), text);
        }
    }
}
