//! Where a client is sent when the sign-up is over.
//!
//! An address is taken apart once, as browsers take it apart (WHATWG URL), and what is kept and sent is
//! the form that was looked at: there is no second reading that could see another host in it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::{FailureReason, InvitationId, SenderId};

/// Scheme, host and port of a site that a project has to do with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiteOrigin(String);

/// What a site is allowed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OriginPurpose {
    /// Clients may be sent there.
    Redirect,
    /// The admin may be inside of a page there.
    Embed,
}

impl OriginPurpose {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Redirect, Self::Embed];

    /// The name in the store and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Embed => "embed",
        }
    }
}

/// An address to send a client to: https, or http on this machine alone, for development.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUrl(Url);

/// What whoever is there knows the client by. It means nothing here.
#[derive(Clone, PartialEq, Eq)]
pub struct RedirectState(String);

/// Where the client of an invitation is sent, and with what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redirects {
    pub success: Option<RedirectUrl>,
    pub failure: Option<RedirectUrl>,
    pub state: Option<RedirectState>,
}

/// An address with everything that is told there.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct RedirectTarget {
    url: String,
    /// For people to read.
    host: String,
}

/// Text that no client is sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedirect {
    #[error(
        "{0:?} is not an address of at most {LONGEST_URL} characters, as https://example.com/path"
    )]
    NoAddress(String),
    #[error("{0:?} is not https, nor http on this machine")]
    Scheme(String),
    #[error("{0:?} names a user")]
    User(String),
    #[error("{url:?} has a parameter {name:?}, which is ours to add")]
    Parameter { url: String, name: &'static str },
    #[error("{0:?} is more than scheme, host and port")]
    NotAnOrigin(String),
}

/// Text that can not be passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a state has 1 to {LONGEST_STATE} bytes, and no control characters")]
pub struct InvalidState;

const LONGEST_URL: usize = 2_048;
const LONGEST_STATE: usize = 1_024;

/// What is told at the address.
const PARAMETERS: [&str; 5] = ["state", "status", "invitationId", "senderId", "failureReason"];

impl RedirectUrl {
    /// To where it leads.
    pub fn origin(&self) -> SiteOrigin {
        SiteOrigin(self.0.origin().ascii_serialization())
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for RedirectUrl {
    type Err = InvalidRedirect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no_address = || InvalidRedirect::NoAddress(text.to_owned());
        // Browsers take a backslash for a slash and leave out tabs and line ends: whoever writes such a
        // thing, or a letter that only looks like another, means to confuse. Punycode and percent signs
        // are there for the rest.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !is_plain || text.len() > LONGEST_URL {
            return Err(no_address());
        }
        let (_, rest) = text.split_once("://").ok_or_else(no_address)?;
        let authority =
            rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty());
        if authority.ok_or_else(no_address)?.contains('@') {
            return Err(InvalidRedirect::User(text.to_owned()));
        }
        let url = Url::parse(text).map_err(|_| no_address())?;
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => is_this_machine(&url),
            _ => false,
        };
        if !is_safe {
            return Err(InvalidRedirect::Scheme(text.to_owned()));
        }
        let taken = url
            .query_pairs()
            .find_map(|(name, _)| PARAMETERS.into_iter().find(|parameter| *parameter == name));
        match taken {
            Some(name) => Err(InvalidRedirect::Parameter { url: text.to_owned(), name }),
            None => Ok(Self(url)),
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl SiteOrigin {
    /// An origin as it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SiteOrigin {
    type Err = InvalidRedirect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address: RedirectUrl = text.parse()?;
        let is_bare = address.0.path() == "/"
            && address.0.query().is_none()
            && address.0.fragment().is_none();
        if is_bare {
            Ok(address.origin())
        } else {
            Err(InvalidRedirect::NotAnOrigin(text.to_owned()))
        }
    }
}

impl fmt::Display for SiteOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl RedirectState {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RedirectState {
    type Err = InvalidState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_one =
            (1..=LONGEST_STATE).contains(&text.len()) && !text.chars().any(char::is_control);
        if is_one { Ok(Self(text.to_owned())) } else { Err(InvalidState) }
    }
}

impl fmt::Debug for RedirectState {
    /// It may be what a session is known by over there.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl Redirects {
    /// Both addresses.
    pub fn urls(&self) -> impl Iterator<Item = &RedirectUrl> {
        self.success.iter().chain(&self.failure)
    }

    /// What is left when only these origins may be led to.
    pub fn within(self, origins: &[SiteOrigin]) -> Self {
        let is_allowed = |url: &RedirectUrl| origins.contains(&url.origin());
        Self {
            success: self.success.filter(is_allowed),
            failure: self.failure.filter(is_allowed),
            state: self.state,
        }
    }

    /// Where the client goes on when WhatsApp is connected.
    pub fn after_success(
        &self,
        invitation: &InvitationId,
        sender: &SenderId,
    ) -> Option<RedirectTarget> {
        let outcome = [("status", "completed"), ("senderId", sender.as_str())];
        Some(self.target(self.success.as_ref()?, invitation, outcome))
    }

    /// Where the client may go back to when an attempt failed.
    pub fn after_failure(
        &self,
        invitation: &InvitationId,
        reason: FailureReason,
    ) -> Option<RedirectTarget> {
        let outcome = [("status", "failed"), ("failureReason", reason.as_str())];
        Some(self.target(self.failure.as_ref()?, invitation, outcome))
    }

    fn target(
        &self,
        url: &RedirectUrl,
        invitation: &InvitationId,
        [status, detail]: [(&str, &str); 2],
    ) -> RedirectTarget {
        let mut url = url.0.clone();
        let host = url.host_str().unwrap_or_default().to_owned();
        let state = self.state.as_ref().map(|state| ("state", state.as_str()));
        url.query_pairs_mut().extend_pairs(state).extend_pairs([
            status,
            ("invitationId", invitation.as_str()),
            detail,
        ]);
        RedirectTarget { url: url.into(), host }
    }
}

impl RedirectTarget {
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Debug for RedirectTarget {
    /// Without what is told there.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RedirectTarget({})", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> RedirectUrl {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn origin(text: &str) -> SiteOrigin {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn only_plain_https_is_an_address_or_http_on_this_machine() {
        for good in [
            "https://app.example.com/done?tab=2#top",
            "https://app.example.com",
            "http://localhost:3000/",
            "http://127.0.0.1:8080/x",
            "http://[::1]:8080/",
            "https://xn--bcher-kva.example/",
        ] {
            url(good);
        }
        use InvalidRedirect::{NoAddress, Scheme, User};
        for (bad, error) in [
            ("", NoAddress as fn(String) -> InvalidRedirect),
            ("/done", NoAddress),
            ("//evil.example/", NoAddress),
            ("https:evil.example", NoAddress),
            ("https:/evil.example", NoAddress),
            ("https:///evil.example", NoAddress),
            ("https:\\\\evil.example", NoAddress),
            ("https://app.example.com\\@evil.example/", NoAddress),
            ("https://app.example.com/\tx", NoAddress),
            ("https://app.example.com/\nx", NoAddress),
            (" https://app.example.com/", NoAddress),
            ("https://app.example.com/ x", NoAddress),
            ("https://\u{430}pp.example.com/", NoAddress),
            ("https://app.example.com:99999/", NoAddress),
            ("https://app.example.com%00.evil.example/", NoAddress),
            ("https://app.example.com@evil.example/", User),
            ("https://:@evil.example/", User),
            ("https://@evil.example/", User),
            ("http://app.example.com/", Scheme),
            ("http://localhost.evil.example/", Scheme),
            ("http://128.0.0.1/", Scheme),
            ("javascript://app.example.com/%0aalert(1)", Scheme),
            ("data://text/html,x", Scheme),
            ("ftp://app.example.com/", Scheme),
            ("blob:https://app.example.com/x", Scheme),
        ] {
            assert_eq!(bad.parse::<RedirectUrl>(), Err(error(bad.to_owned())), "{bad}");
        }
        let long = format!("https://app.example.com/{}", "x".repeat(LONGEST_URL));
        assert!(matches!(long.parse::<RedirectUrl>(), Err(NoAddress(_))));
        let parameter = "https://app.example.com/?st%61te=1".to_owned();
        let error = InvalidRedirect::Parameter { url: parameter.clone(), name: "state" };
        assert_eq!(parameter.parse::<RedirectUrl>(), Err(error));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_all_of_them_count() {
        for (one, other) in [
            ("https://app.example.com", "https://APP.example.com:443/"),
            ("http://localhost:3000", "http://LOCALHOST:3000"),
            ("https://app.ex%61mple.com", "https://app.example.com"),
        ] {
            assert_eq!(origin(one), origin(other));
        }
        let allowed = [origin("https://app.example.com"), origin("http://127.0.0.1:3000")];
        let led_to = |text: &str| {
            let redirects = Redirects { success: Some(url(text)), ..Redirects::default() };
            redirects.within(&allowed).success.is_some()
        };
        for inside in ["https://app.example.com/a", "http://127.0.0.1:3000/", "http://0x7f.1:3000/"]
        {
            assert!(led_to(inside), "{inside}");
        }
        for outside in [
            "https://app.example.com:8443/",
            "https://app.example.com.evil.example/",
            "https://app.example.com./",
            "https://evil.example/https://app.example.com/",
            "https://evil.example/?https://app.example.com",
            "https://evil.example#app.example.com",
            "https://xn--pp-jlc.example.com/",
            "https://example.com/",
            "https://app-example.com/",
            "https://127.0.0.1:3000/",
            "http://127.0.0.1:3001/",
            "http://localhost:3000/",
        ] {
            assert!(!led_to(outside), "{outside}");
        }
        for more in
            ["https://app.example.com/x", "https://app.example.com/?", "https://a.example/#"]
        {
            assert_eq!(
                more.parse::<SiteOrigin>(),
                Err(InvalidRedirect::NotAnOrigin(more.to_owned()))
            );
        }
    }

    #[test]
    fn a_target_tells_what_became_of_it_and_keeps_what_was_there() {
        let redirects = Redirects {
            success: Some(url("https://app.example.com/done?tab=a%26b#top")),
            failure: Some(url("https://app.example.com/again")),
            state: Some("a b&status=completed#\u{e9}".parse().unwrap()),
        };
        let invitation = InvitationId::from_stored("inv_7".to_owned());
        let sender = SenderId::from_stored("snd_7".to_owned());
        let target = redirects.after_success(&invitation, &sender).unwrap();
        assert_eq!(
            target.url(),
            "https://app.example.com/done?tab=a%26b&state=a+b%26status%3Dcompleted%23%C3%A9\
             &status=completed&invitationId=inv_7&senderId=snd_7#top"
        );
        assert_eq!(target.host(), "app.example.com");
        let back = redirects.after_failure(&invitation, FailureReason::Cancelled).unwrap();
        assert_eq!(
            back.url(),
            "https://app.example.com/again?state=a+b%26status%3Dcompleted%23%C3%A9\
             &status=failed&invitationId=inv_7&failureReason=fb_cancelled"
        );
        assert!(!format!("{redirects:?} {target:?}").contains("a b"));
        assert_eq!(Redirects::default().after_success(&invitation, &sender), None);
    }

    #[test]
    fn a_state_is_not_too_long_and_has_no_control_characters() {
        let longest = "x".repeat(LONGEST_STATE);
        assert_eq!(longest.parse::<RedirectState>().unwrap().as_str(), longest);
        for text in ["", "a\r\nb", "\u{0}", &format!("{longest}x")] {
            assert_eq!(text.parse::<RedirectState>(), Err(InvalidState));
        }
    }
}
