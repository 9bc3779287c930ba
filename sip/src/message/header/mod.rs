//! The headers of a message: names, values as opaque bytes, and the structured ones (one file
//! each).

mod cseq;
mod name_addr;
mod session_expires;
mod via;

pub(crate) use cseq::CSeq;
pub(crate) use name_addr::NameAddr;
pub(crate) use session_expires::{Refresher, SessionExpires, seconds};
pub(crate) use via::Via;

use super::lexer;

/// The headers of a message, in order. Values are opaque bytes: one that is not UTF-8 harms no
/// other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<(HeaderName, Vec<u8>)>);

impl Headers {
    pub(crate) fn push(&mut self, name: HeaderName, value: impl Into<Vec<u8>>) {
        self.0.push((name, value.into()));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8])> {
        self.0.iter().map(|(name, value)| (name, value.as_slice()))
    }

    /// The values of a header, as many as there are lines of it.
    pub(crate) fn lines<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    /// The first value of a header.
    pub(crate) fn first<'a>(&'a self, name: &'a HeaderName) -> Option<&'a [u8]> {
        self.lines(name).next()
    }

    /// Whether a comma list has this token. Tokens do not mind their case (RFC 3261 §7.3.1).
    pub(crate) fn has_token(&self, name: &HeaderName, token: &str) -> bool {
        self.list(name).any(|value| value.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The values of a header that is a comma list, over all its lines (RFC 3261 §7.3.1).
    pub(crate) fn list<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.lines(name).flat_map(|value| lexer::split(value, b','))
    }
}

/// Names each known header once: the variant, its long form, and its compact form where it has one
/// (RFC 3261 §7.3.3).
macro_rules! header_names {
    ($($variant:ident = $long:literal $(, $compact:literal)?;)*) => {
        /// A header's name, the same for its long and its compact form.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) enum HeaderName {
            $($variant,)*
            /// Any other, as it was written.
            Other(Vec<u8>),
        }

        impl HeaderName {
            pub(crate) fn parse(name: &[u8]) -> Self {
                $(if name.eq_ignore_ascii_case($long.as_bytes()) $(|| name.eq_ignore_ascii_case($compact.as_bytes()))? {
                    return Self::$variant;
                })*
                Self::Other(name.to_vec())
            }

            pub(crate) fn as_bytes(&self) -> &[u8] {
                match self {
                    $(Self::$variant => $long.as_bytes(),)*
                    Self::Other(name) => name,
                }
            }
        }
    };
}

header_names! {
    Via = "Via", "v";
    From = "From", "f";
    To = "To", "t";
    CallId = "Call-ID", "i";
    CSeq = "CSeq";
    Contact = "Contact", "m";
    RecordRoute = "Record-Route";
    Route = "Route";
    MaxForwards = "Max-Forwards";
    ContentLength = "Content-Length", "l";
    ContentType = "Content-Type", "c";
    ContentEncoding = "Content-Encoding", "e";
    Require = "Require";
    Unsupported = "Unsupported";
    Supported = "Supported", "k";
    SessionExpires = "Session-Expires", "x";
    MinSe = "Min-SE";
    Allow = "Allow";
    Accept = "Accept";
    AcceptEncoding = "Accept-Encoding";
    RetryAfter = "Retry-After";
    Server = "Server";
    Timestamp = "Timestamp";
    Warning = "Warning";
    Diversion = "Diversion";
    PCalledPartyId = "P-Called-Party-ID";
    PAssertedIdentity = "P-Asserted-Identity";
    WwwAuthenticate = "WWW-Authenticate";
    Authorization = "Authorization";
    ProxyAuthenticate = "Proxy-Authenticate";
    ProxyAuthorization = "Proxy-Authorization";
    Expires = "Expires";
    MinExpires = "Min-Expires";
    ServiceRoute = "Service-Route";
    UserAgent = "User-Agent";
}
