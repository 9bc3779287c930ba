//! From, To, Contact, Route and Record-Route: an address with a display name and parameters (RFC
//! 3261 §20.10).

use crate::Uri;
use crate::error::ParseError;
use crate::message::{Parameters, lexer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameAddr {
    /// As it was written, for those who must copy it.
    text: Vec<u8>,
    /// `None` if the address is no URI we can read: a From like that can still be echoed.
    uri: Option<Uri>,
    parameters: Parameters,
}

impl NameAddr {
    /// Reads one value. `header` names it in the error.
    pub(crate) fn parse(value: &[u8], header: &'static str) -> Result<Self, ParseError> {
        let text = value.trim_ascii();
        let (address, parameters) = match lexer::position_outside_quotes(text, b'<') {
            Some(open) => {
                let inside = &text[open + 1..];
                let close = inside
                    .iter()
                    .position(|&byte| byte == b'>')
                    .ok_or(ParseError::Header { header })?;
                (&inside[..close], &inside[close + 1..])
            }
            // Without brackets, parameters belong to the header and not to the URI.
            None => lexer::split_once(text, b';').unwrap_or((text, b"")),
        };
        if address.is_empty() {
            return Err(ParseError::Header { header });
        }
        Ok(Self {
            text: text.to_vec(),
            uri: str::from_utf8(address.trim_ascii()).ok().and_then(|text| Uri::parse(text).ok()),
            parameters: Parameters::parse(parameters),
        })
    }

    /// `<uri>`, with a tag if there is one to say.
    pub(crate) fn ours(uri: &Uri, tag: Option<&[u8]>) -> Self {
        let plain = Self {
            text: format!("<{uri}>").into_bytes(),
            uri: Some(uri.clone()),
            parameters: Parameters::default(),
        };
        match tag {
            Some(tag) => plain.tagged(tag),
            None => plain,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    pub(crate) fn uri(&self) -> Option<&Uri> {
        self.uri.as_ref()
    }

    pub(crate) fn tag(&self) -> Option<&[u8]> {
        self.parameters.value("tag").filter(|tag| !tag.is_empty())
    }

    /// The value of a header parameter, empty if it has none.
    pub(crate) fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters.value(name)
    }

    /// This address with a tag behind it. Only for one that has none.
    pub(crate) fn tagged(&self, tag: &[u8]) -> Self {
        let mut tagged = self.clone();
        tagged.text.extend_from_slice(b";tag=");
        tagged.text.extend_from_slice(tag);
        tagged.parameters.set("tag", tag);
        tagged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri_and_tag(text: &[u8]) -> (Option<String>, Option<Vec<u8>>) {
        let value = NameAddr::parse(text, "From").unwrap();
        (value.uri().map(ToString::to_string), value.tag().map(<[u8]>::to_vec))
    }

    #[test]
    fn reads_every_form_of_an_address() {
        let tag = Some(b"1".to_vec());
        for (text, uri) in [
            (&b"<sip:a@b;x=y>;tag=1"[..], "sip:a@b;x=y"),
            (br#""A \"<sip:no>\" ; B" <sip:a@b>  ; Tag = 1"#, "sip:a@b"),
            (b"A. B <sip:a@b>;q=1;tag=1", "sip:a@b"),
            (b"sip:a@b;tag=1", "sip:a@b"),
        ] {
            assert_eq!(
                uri_and_tag(text),
                (Some(uri.to_owned()), tag.clone()),
                "{}",
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn an_address_that_is_no_uri_keeps_its_tag_and_its_text() {
        let value = NameAddr::parse(b"\xff\xfe <\xff>;tag=1", "From").unwrap();
        assert_eq!((value.uri(), value.tag()), (None, Some(&b"1"[..])));
        assert_eq!(value.as_bytes(), b"\xff\xfe <\xff>;tag=1");
    }

    #[test]
    fn refuses_an_open_bracket_and_an_empty_address() {
        for text in [&b"<sip:a@b"[..], b"<>", b"", b";tag=1"] {
            assert_eq!(NameAddr::parse(text, "To"), Err(ParseError::Header { header: "To" }));
        }
    }
}
