//! Webhooks of partners: where they are told of changes, of which, and how that is signed.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

/// Where a partner is told of changes: an address over https; over http for a network that the operator
/// has named. Whether it may be asked is seen when its name was resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

/// Text that is no address to tell anything to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhookUrl {
    #[error("not an address of at most {LONGEST} characters, such as https://example.com/hooks")]
    NoAddress,
    #[error("the address has to begin with https://")]
    Scheme,
    #[error("the address names a user")]
    User,
}

const LONGEST: usize = 2_048;

impl WebhookUrl {
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is asked over TLS.
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The name of the host, or what stands in its place.
    pub fn host(&self) -> &str {
        self.0.host_str().expect("an address without a host is refused")
    }

    /// The host, where it is an address already.
    pub fn address(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().expect("both schemes have a port of their own")
    }

    /// Path and query, as they are asked for.
    pub fn target(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// Host and port, where the port is not that of the scheme.
    pub fn authority(&self) -> &str {
        &self.0[url::Position::BeforeHost..url::Position::AfterPort]
    }
}

impl FromStr for WebhookUrl {
    type Err = InvalidWebhookUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // As in a redirect: what reads differently to two readers is refused.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !is_plain || text.len() > LONGEST || !text.contains("://") {
            return Err(InvalidWebhookUrl::NoAddress);
        }
        let url = Url::parse(text).map_err(|_| InvalidWebhookUrl::NoAddress)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(InvalidWebhookUrl::Scheme);
        }
        if !url.has_host() {
            return Err(InvalidWebhookUrl::NoAddress);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidWebhookUrl::User);
        }
        Ok(Self(url))
    }
}

/// Something that a partner can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WebhookEventKind {
    InvitationStatusChanged,
    MessageQueued,
    MessageSent,
    MessageDelivered,
    MessageRead,
    MessageFailed,
    MessageInbound,
}

/// Text that names nothing to be told of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no event that is told of here")]
pub struct InvalidWebhookEvent(pub String);

impl WebhookEventKind {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::InvitationStatusChanged,
        Self::MessageQueued,
        Self::MessageSent,
        Self::MessageDelivered,
        Self::MessageRead,
        Self::MessageFailed,
        Self::MessageInbound,
    ];

    /// The name in the store and in the REST API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvitationStatusChanged => "invitation.status_changed",
            Self::MessageQueued => "message.queued",
            Self::MessageSent => "message.sent",
            Self::MessageDelivered => "message.delivered",
            Self::MessageRead => "message.read",
            Self::MessageFailed => "message.failed",
            Self::MessageInbound => "message.inbound",
        }
    }
}

impl FromStr for WebhookEventKind {
    type Err = InvalidWebhookEvent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        named.ok_or_else(|| InvalidWebhookEvent(text.to_owned()))
    }
}

/// What somebody wants to be told of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookEvents(BTreeSet<WebhookEventKind>);

impl WebhookEvents {
    pub fn contains(&self, kind: WebhookEventKind) -> bool {
        self.0.contains(&kind)
    }

    pub fn iter(&self) -> impl Iterator<Item = WebhookEventKind> {
        self.0.iter().copied()
    }
}

impl FromIterator<WebhookEventKind> for WebhookEvents {
    fn from_iter<T: IntoIterator<Item = WebhookEventKind>>(kinds: T) -> Self {
        Self(kinds.into_iter().collect())
    }
}

impl fmt::Display for WebhookEvents {
    /// Their names with blanks between them, as they are stored.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(WebhookEventKind::as_str).collect();
        formatter.write_str(&names.join(" "))
    }
}

impl FromStr for WebhookEvents {
    type Err = InvalidWebhookEvent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_whitespace().map(str::parse).collect()
    }
}

/// By which signatures a receiver knows that it is us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signatures {
    /// Of the body alone.
    V1,
    /// Both, for a receiver that changes from one to the other.
    Both,
    /// Of the moment and the body.
    V2,
}

/// Text that names no signatures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of v1, v1+v2 and v2")]
pub struct InvalidSignatures(pub String);

impl Signatures {
    /// The name in the store and in the REST API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::Both => "v1+v2",
            Self::V2 => "v2",
        }
    }
}

impl FromStr for Signatures {
    type Err = InvalidSignatures;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = [Self::V1, Self::Both, Self::V2].into_iter().find(|it| it.as_str() == text);
        named.ok_or_else(|| InvalidSignatures(text.to_owned()))
    }
}

/// What a partner and we sign with.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// A secret of 192 random bits.
    pub fn new(random: [u8; 24]) -> Self {
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("whsec_{digits}"))
    }

    /// A secret as it was kept.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// For the one who must say it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_once_and_what_reads_differently_is_refused() {
        let url: WebhookUrl = "https://hooks.example.com:8443/a/b?c=d#e".parse().unwrap();
        assert_eq!((url.target(), url.authority()), ("/a/b?c=d", "hooks.example.com:8443"));
        assert_eq!((url.host(), url.address(), url.port()), ("hooks.example.com", None, 8443));
        let url: WebhookUrl = "https://0x7f.1".parse().unwrap();
        assert!(url.address().is_some_and(|address| address.is_loopback()));
        assert_eq!((url.target(), url.port(), url.is_secure()), ("/", 443, true));
        use InvalidWebhookUrl::{NoAddress, Scheme, User};
        for (text, error) in [
            ("", NoAddress),
            ("hooks.example.com", NoAddress),
            ("https:hooks.example.com", NoAddress),
            ("https://", NoAddress),
            ("https://a\\@b/", NoAddress),
            ("https://a/ b", NoAddress),
            ("https://a/\r\nx: y", NoAddress),
            ("https://a:99999/", NoAddress),
            ("ftp://a/", Scheme),
            ("file:///etc/passwd", Scheme),
            ("https://a@b/", User),
            ("https://:c@b/", User),
        ] {
            assert_eq!(text.parse::<WebhookUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn events_and_signatures_are_read_back_from_their_names() {
        for kind in WebhookEventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        let all: WebhookEvents = WebhookEventKind::ALL.into_iter().collect();
        assert_eq!(all.to_string().parse(), Ok(all));
        for signatures in [Signatures::V1, Signatures::Both, Signatures::V2] {
            assert_eq!(signatures.as_str().parse(), Ok(signatures));
        }
        assert_eq!("v3".parse::<Signatures>(), Err(InvalidSignatures("v3".to_owned())));
        assert_eq!(format!("{:?}", WebhookSecret::new([7; 24])), "***");
    }
}
