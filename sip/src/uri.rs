//! SIP, SIPS and TEL URIs (RFC 3261 §19.1, RFC 3966), kept verbatim beside their parts. Does not
//! know which numbers are ours: turning [`Uri::user`] into an E.164 number is the application's.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};

use crate::Transport;
use crate::error::ParseError;

/// A URI as it was written, with its parts. `Display` writes it back verbatim; `Debug` hides the
/// user, who is a person.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uri {
    text: String,
    scheme: Scheme,
    user: Option<String>,
    host: String,
    port: Option<u16>,
    parameters: Vec<(String, Option<String>)>,
}

/// The scheme of a [`Uri`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Anything else: kept, and answered with 416.
    Other,
}

impl Uri {
    /// Reads a URI. For a scheme other than sip, sips and tel only the scheme is looked at.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (scheme, rest) = text.split_once(':').ok_or(ParseError::Uri)?;
        let scheme_is_sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let unwritable = |c: char| c.is_whitespace() || c.is_control() || "<>\"".contains(c);
        if !scheme_is_sound || rest.is_empty() || rest.contains(unwritable) {
            return Err(ParseError::Uri);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "sip" => Self::parse_sip(text, Scheme::Sip, rest),
            "sips" => Self::parse_sip(text, Scheme::Sips, rest),
            "tel" => Self::parse_tel(text, rest),
            _ => Ok(Self {
                text: text.to_owned(),
                scheme: Scheme::Other,
                user: None,
                host: String::new(),
                port: None,
                parameters: Vec::new(),
            }),
        }
    }

    /// The URI of our Contact, over this transport (RFC 3261 §19.1.1). UDP is what a URI without a
    /// transport means.
    pub(crate) fn reached_over(transport: Transport, address: SocketAddr) -> Self {
        let uri = Self::from_address(address);
        let name = match transport {
            Transport::Udp => return uri,
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        };
        Self {
            text: format!("{};transport={name}", uri.text),
            parameters: vec![("transport".to_owned(), Some(name.to_owned()))],
            ..uri
        }
    }

    /// The `sips:` URI of an address, as it stands in our Contact in a dialog that is secure on every
    /// hop.
    pub(crate) fn secure(address: SocketAddr) -> Self {
        let uri = Self::from_address(address);
        Self { text: format!("sips:{address}"), scheme: Scheme::Sips, ..uri }
    }

    /// The `sip:` URI of an address.
    pub fn from_address(address: SocketAddr) -> Self {
        Self {
            text: format!("sip:{address}"),
            scheme: Scheme::Sip,
            user: None,
            host: match address {
                SocketAddr::V4(address) => address.ip().to_string(),
                SocketAddr::V6(address) => format!("[{}]", address.ip()),
            },
            port: Some(address.port()),
            parameters: Vec::new(),
        }
    }

    fn parse_sip(text: &str, scheme: Scheme, rest: &str) -> Result<Self, ParseError> {
        // The user part may hold ';' and '?', so the '@' is looked for first (RFC 3261 §19.1.2).
        let (userinfo, rest) = match rest.rsplit_once('@') {
            Some((userinfo, rest)) => (Some(userinfo), rest),
            None => (None, rest),
        };
        let without_headers = rest.split_once('?').map_or(rest, |(before, _)| before);
        let (address, parameters) = match without_headers.split_once(';') {
            Some((address, parameters)) => (address, parse_parameters(parameters)),
            None => (without_headers, Vec::new()),
        };
        let (host, port) = parse_host_port(address)?;
        let user = userinfo
            .map(|userinfo| userinfo.split_once(':').map_or(userinfo, |(user, _password)| user));
        Ok(Self {
            text: text.to_owned(),
            scheme,
            user: user.filter(|user| !user.is_empty()).map(str::to_owned),
            host,
            port,
            parameters,
        })
    }

    /// A number that is not global should have a `phone-context` (RFC 3966 §5.1.5). It is taken
    /// without one too, since it is written like that, and whether it is one of ours is told later.
    fn parse_tel(text: &str, rest: &str) -> Result<Self, ParseError> {
        let (number, parameters) = match rest.split_once(';') {
            Some((number, parameters)) => (number, parse_parameters(parameters)),
            None => (rest, Vec::new()),
        };
        if number.is_empty() {
            return Err(ParseError::Uri);
        }
        Ok(Self {
            text: text.to_owned(),
            scheme: Scheme::Tel,
            user: Some(number.to_owned()),
            host: String::new(),
            port: None,
            parameters,
        })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Who is meant: the user part without its `;parameters`, percent-decoded. If what is left is a
    /// telephone number, its visual separators (RFC 3966 §5.1.1: `-`, `.`, `(`, `)`) and blanks are
    /// gone too, so that `+1-555-0100` is `+15550100`.
    pub fn user(&self) -> Option<String> {
        let user = self.user.as_deref()?;
        let user = percent_decode(user.split_once(';').map_or(user, |(user, _)| user));
        let number: String = user.chars().filter(|c| !"-.() ".contains(*c)).collect();
        let digits = number.strip_prefix('+').unwrap_or(&number);
        let is_number =
            !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || "*#".contains(c));
        Some(if is_number { number } else { user })
    }

    /// The host, with brackets round an IPv6 address; empty for a `tel:` URI.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, where one is written.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The value of a URI parameter; the empty string for one without a value. Names do not mind
    /// their case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_deref().unwrap_or_default())
    }

    /// The URI as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn parse_host_port(address: &str) -> Result<(String, Option<u16>), ParseError> {
    // An IPv6 address has brackets, without which its end could not be told (RFC 5118 §4.2, §4.3).
    let (host, behind) = match address.find(']') {
        Some(end) => address.split_at(end + 1),
        None => address.split_at(address.find(':').unwrap_or(address.len())),
    };
    if !is_host(host) {
        return Err(ParseError::Uri);
    }
    let port = match behind.strip_prefix(':') {
        Some(port) => Some(parse_port(port)?),
        None if behind.is_empty() => None,
        None => return Err(ParseError::Uri),
    };
    Ok((host.to_owned(), port))
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => is_ipv6_address(address),
        // Names in private networks have underscores.
        None => {
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        }
    }
}

/// One colon too many before an IPv4 part is what the grammar of RFC 3261 makes (RFC 5118 §4.10).
fn is_ipv6_address(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok() || text.replacen(":::", "::", 1).parse::<Ipv6Addr>().is_ok()
}

fn parse_port(digits: &str) -> Result<u16, ParseError> {
    // `FromStr` would take a plus sign.
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number).ok_or(ParseError::Uri)
}

fn parse_parameters(text: &str) -> Vec<(String, Option<String>)> {
    let pairs = text.split(';').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (pair.to_owned(), None),
        })
        .collect()
}

/// Undoes `%41`; an escape that is none stays as it is, and bytes that are not UTF-8 become the
/// replacement character.
fn percent_decode(text: &str) -> String {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let [byte, behind @ ..] = rest {
        let escape = (*byte, behind.first().and_then(hex_value), behind.get(1).and_then(hex_value));
        if let (b'%', Some(high), Some(low)) = escape {
            decoded.push(high << 4 | low);
            rest = &behind[2..];
        } else {
            decoded.push(*byte);
            rest = behind;
        }
    }
    String::from_utf8(decoded)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex_value(digit: &u8) -> Option<u8> {
    char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = if self.user.is_some() { "***@" } else { "" };
        write!(f, "Uri({:?}:{user}{})", self.scheme, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_the_number_dialled_without_separators_parameters_and_escapes() {
        for (text, user) in [
            ("sip:+1-(555)-010.0@example.com", "+15550100"),
            ("sip:%2B15550100;npdi=yes@example.com;user=phone", "+15550100"),
            ("sips:%2b1%20555%200100@example.com", "+15550100"),
            ("tel:+1-555-0100;phone-context=example.com", "+15550100"),
            ("sip:15550100:secret@[2001:db8::1]:5070", "15550100"),
            ("sip:*31#@example.com", "*31#"),
            ("sip:john.doe@example.com", "john.doe"),
            ("sip:100%@example.com", "100%"),
            ("sip:%zz%4@example.com", "%zz%4"),
            ("sip:sips%3Auser%40example.com@example.net", "sips:user@example.com"),
            ("sip:null-%00-null@example.com", "null-\0-null"),
            ("sip:%ff@example.com", "\u{fffd}"),
        ] {
            assert_eq!(Uri::parse(text).unwrap().user().as_deref(), Some(user), "{text}");
        }
        for text in ["sip:example.com", "sip:@example.com", "sip::secret@example.com"] {
            assert_eq!(Uri::parse(text).unwrap().user(), None, "{text}");
        }
    }

    #[test]
    fn a_tel_uri_has_a_number_with_context_extension_and_subaddress() {
        let uri = Uri::parse("TEL:863-1234;Phone-Context=+1-914-555;ext=12.3;isub=%3B9").unwrap();
        assert_eq!((uri.scheme(), uri.host(), uri.port()), (Scheme::Tel, "", None));
        assert_eq!(uri.user().as_deref(), Some("8631234"));
        assert_eq!(uri.parameter("phone-context"), Some("+1-914-555"));
        assert_eq!((uri.parameter("ext"), uri.parameter("isub")), (Some("12.3"), Some("%3B9")));
        for text in ["tel:", "tel:;ext=1", "tel:+1 555"] {
            assert_eq!(Uri::parse(text), Err(ParseError::Uri), "{text}");
        }
    }

    #[test]
    fn an_ipv6_reference_has_brackets_and_its_port_stands_behind_them() {
        let host_port =
            |text: &str| Uri::parse(text).map(|uri| (uri.host().to_owned(), uri.port()));
        for (text, host, port) in [
            ("sip:[2001:db8::10]", "[2001:db8::10]", None),
            // RFC 5118 §4.3 and §4.4: the same digits, inside and outside.
            ("sip:[2001:db8::10:5070]", "[2001:db8::10:5070]", None),
            ("sip:a@[2001:db8::10]:5070;lr", "[2001:db8::10]", Some(5070)),
            ("sips:a@[::ffff:192.0.2.10]:19823", "[::ffff:192.0.2.10]", Some(19823)),
            ("sip:a@[2001:db8:::192.0.2.1]", "[2001:db8:::192.0.2.1]", None),
            ("sip:a@[::]", "[::]", None),
        ] {
            assert_eq!(host_port(text), Ok((host.to_owned(), port)), "{text}");
        }
        for text in [
            "sip:2001:db8::10",
            "sip:2001:db8::10@2001:db8::10",
            "sip:a@[2001:db8::10",
            "sip:a@2001:db8::10]",
            "sip:a@[2001:db8::10]5070",
            "sip:a@[2001:db8::10]:",
            "sip:a@[2001:db8:::::1]",
            "sip:a@[fe80::1%25eth0]",
            "sip:a@[192.0.2.1]",
            "sip:a@[]",
            "sip:a@x[::1]",
        ] {
            assert_eq!(host_port(text), Err(ParseError::Uri), "{text}");
        }
    }

    #[test]
    fn host_port_and_parameters_are_found_behind_any_user() {
        let uri = Uri::parse("sips:a;b?c@[2001:db8::1]:5061;LR;transport=tcp?subject=x").unwrap();
        assert_eq!(uri.scheme(), Scheme::Sips);
        assert_eq!((uri.host(), uri.port()), ("[2001:db8::1]", Some(5061)));
        assert_eq!((uri.parameter("lr"), uri.parameter("transport")), (Some(""), Some("tcp")));
        assert_eq!(uri.parameter("subject"), None);
    }

    #[test]
    fn a_foreign_scheme_is_kept_and_a_broken_uri_is_refused() {
        assert_eq!(Uri::parse("soap.beep://192.0.2.103:3002").unwrap().scheme(), Scheme::Other);
        for text in [
            "",
            "sip:",
            "sip",
            ":a",
            "sip:a@",
            "sip:a@[::1",
            "sip:a@b:99999",
            "sip:a@b:+5060",
            "sip:a@b:",
            "sip:a@b:5060:5061",
            "sip:a@b/c",
            "sip:a@b,c",
            "sip:a@\u{fc}ml\u{e4}ut",
            "<sip:a@b>",
            "sip:a b@c",
        ] {
            assert_eq!(Uri::parse(text), Err(ParseError::Uri), "{text}");
        }
    }

    #[test]
    fn debug_output_shows_no_number() {
        let uri = Uri::parse("sip:+15550100@example.com").unwrap();
        assert_eq!(format!("{uri:?}"), "Uri(Sip:***@example.com)");
        assert_eq!(uri.to_string(), "sip:+15550100@example.com");
    }
}
