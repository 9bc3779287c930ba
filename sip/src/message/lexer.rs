//! The lexical rules headers share (RFC 3261 §7.3.1, §25.1): comma lists, quoted strings,
//! `;name=value` parameters. Works on bytes, because a header value need not be UTF-8.

/// Splits at `separator` outside quoted strings and angle brackets, and trims each piece. Empty
/// pieces are skipped.
pub(crate) fn split(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let value = rest?;
        let (piece, after) = match position_outside_quotes(value, separator) {
            Some(at) => (&value[..at], Some(&value[at + 1..])),
            None => (value, None),
        };
        rest = after;
        Some(piece.trim_ascii())
    })
    .filter(|piece| !piece.is_empty())
}

/// Where `wanted` first stands outside quoted strings and angle brackets. `<` itself can be looked
/// for.
pub(crate) fn position_outside_quotes(value: &[u8], wanted: u8) -> Option<usize> {
    let mut place = Place::default();
    value.iter().position(|&byte| {
        let found = byte == wanted && place == Place::Open;
        place = place.after(byte);
        found
    })
}

/// Whether a quoted string or an angle bracket begins and does not end: nothing could be written
/// behind such a value.
pub(crate) fn is_unfinished(value: &[u8]) -> bool {
    value.iter().fold(Place::default(), |place, &byte| place.after(byte)) != Place::Open
}

/// Where in a value a byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Open,
    /// Inside a quoted string.
    Quoted,
    /// Behind the backslash of a quoted pair.
    Escaped,
    /// Inside angle brackets.
    Bracketed,
}

impl Place {
    /// The place behind this byte.
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Open, b'"') => Self::Quoted,
            (Self::Open, b'<') => Self::Bracketed,
            (Self::Open, _) | (Self::Quoted, b'"') | (Self::Bracketed, b'>') => Self::Open,
            (Self::Quoted, b'\\') => Self::Escaped,
            (Self::Quoted | Self::Escaped, _) => Self::Quoted,
            (Self::Bracketed, _) => Self::Bracketed,
        }
    }
}

/// Splits at the first `separator`, if there is one, and trims both sides.
pub(crate) fn split_once(value: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = value.iter().position(|&byte| byte == separator)?;
    Some((value[..at].trim_ascii(), value[at + 1..].trim_ascii()))
}

/// A number written in digits only; `None` if it is none or does not fit.
pub(crate) fn parse_number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    // `FromStr` would take a plus sign.
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}

/// `;name=value` parameters, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Parameters(Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl Parameters {
    /// Reads what stands after the first semicolon. Tolerant: whatever stands between two
    /// semicolons is a parameter.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let pairs = split(text, b';').map(|pair| match split_once(pair, b'=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (pair.to_owned(), None),
        });
        Self(pairs.collect())
    }

    /// The value of a parameter, empty if it has none. Names do not mind their case.
    pub(crate) fn value(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, value)| value.as_deref().unwrap_or_default())
    }

    /// Sets a parameter to one value, wherever and however often it stood before.
    pub(crate) fn set(&mut self, name: &str, value: &[u8]) {
        self.0.retain(|(key, _)| !key.eq_ignore_ascii_case(name.as_bytes()));
        self.0.push((name.as_bytes().to_vec(), Some(value.to_vec())));
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in &self.0 {
            out.push(b';');
            out.extend_from_slice(name);
            if let Some(value) = value {
                out.push(b'=');
                out.extend_from_slice(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_do_not_split() {
        let value = br#""a, \", b" <sip:c,d@e>;x="1,2" , <sip:f>,, g"#;
        let pieces: Vec<&[u8]> = split(value, b',').collect();
        assert_eq!(pieces, [&br#""a, \", b" <sip:c,d@e>;x="1,2""#[..], b"<sip:f>", b"g"]);
    }

    #[test]
    fn a_value_is_unfinished_inside_a_quoted_string_or_brackets() {
        for (text, unfinished) in [
            (&br#""a\\" <sip:b>"#[..], false),
            (br#"<sip:"b>"#, false),
            (br#""a" "b"#, true),
            (br#""a\""#, true),
            (br#""a\"#, true),
            (br#""a" <b"#, true),
        ] {
            assert_eq!(is_unfinished(text), unfinished, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn an_unfinished_quote_runs_to_the_end() {
        let pieces: Vec<&[u8]> = split(br#"a, "b, c"#, b',').collect();
        assert_eq!(pieces, [&b"a"[..], b"\"b, c"]);
    }

    #[test]
    fn parameters_are_found_whatever_the_case_and_the_blanks() {
        let mut parameters = Parameters::parse(b" Tag = a ; lr ;rport;x=\"1;2\"");
        assert_eq!(parameters.value("tag"), Some(&b"a"[..]));
        assert_eq!(parameters.value("LR"), Some(&b""[..]));
        assert_eq!(parameters.value("x"), Some(&b"\"1;2\""[..]));
        assert_eq!(parameters.value("y"), None);
        parameters.set("RPORT", b"5060");
        let mut out = Vec::new();
        parameters.write(&mut out);
        assert_eq!(out, b";Tag=a;lr;x=\"1;2\";RPORT=5060");
    }

    #[test]
    fn a_number_is_digits_only_and_fits() {
        assert_eq!(parse_number::<u32>(b"007"), Some(7));
        for text in [&b""[..], b"+1", b"-1", b"4294967296", b"1 "] {
            assert_eq!(parse_number::<u32>(text), None, "{text:?}");
        }
    }
}
