//! Keys of the REST API: what a partner's own programs prove themselves with.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::Redact;

/// What a request is about: clients, or a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiMode {
    Live,
    /// Nobody is connected, and nothing is sent.
    Test,
}

impl ApiMode {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }

    /// What keys of it begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Live => "zv_live_",
            Self::Test => "zv_test_",
        }
    }
}

/// Text that names no mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no mode of a key")]
pub struct InvalidMode(pub String);

impl FromStr for ApiMode {
    type Err = InvalidMode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = [Self::Live, Self::Test].into_iter().find(|mode| mode.as_str() == text);
        named.ok_or_else(|| InvalidMode(text.to_owned()))
    }
}

/// The secret itself: whoever has it acts for the project.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

/// Text that has not the form of a key. It is not repeated: it may be one with a mistake in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a key is zv_live_ or zv_test_, and 40 hexadecimal digits")]
pub struct InvalidApiKey;

const DIGITS: usize = 40;

impl ApiKey {
    /// A key of 160 random bits, written in hexadecimal.
    pub fn new(mode: ApiMode, random: [u8; DIGITS / 2]) -> Self {
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("{}{digits}", mode.prefix()))
    }

    /// For the one who must say it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What people tell it by.
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

impl FromStr for ApiKey {
    type Err = InvalidApiKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = [ApiMode::Live, ApiMode::Test]
            .into_iter()
            .find_map(|mode| text.strip_prefix(mode.prefix()))
            .ok_or(InvalidApiKey)?;
        let is_key = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_key { Ok(Self(text.to_owned())) } else { Err(InvalidApiKey) }
    }
}

impl Redact for ApiKey {
    fn redact(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.redact(formatter)
    }
}

/// Something that a key may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    InvitationsRead,
    InvitationsWrite,
    SendersRead,
    SendersWrite,
    NumbersRead,
    NumbersWrite,
    MessagesRead,
    MessagesWrite,
    CallsRead,
    /// To open the admin in a page of the partner's own.
    Embed,
}

/// Text that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is nothing that a key may be allowed")]
pub struct InvalidScope(pub String);

impl Scope {
    /// All there are.
    pub const ALL: [Self; 10] = [
        Self::InvitationsRead,
        Self::InvitationsWrite,
        Self::SendersRead,
        Self::SendersWrite,
        Self::NumbersRead,
        Self::NumbersWrite,
        Self::MessagesRead,
        Self::MessagesWrite,
        Self::CallsRead,
        Self::Embed,
    ];

    /// The name in the store and in errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvitationsRead => "invitations:read",
            Self::InvitationsWrite => "invitations:write",
            Self::SendersRead => "senders:read",
            Self::SendersWrite => "senders:write",
            Self::NumbersRead => "numbers:read",
            Self::NumbersWrite => "numbers:write",
            Self::MessagesRead => "messages:read",
            Self::MessagesWrite => "messages:write",
            Self::CallsRead => "calls:read",
            Self::Embed => "embed",
        }
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        named.ok_or_else(|| InvalidScope(text.to_owned()))
    }
}

/// What a key is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether this is allowed.
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    /// Their names with blanks between them, as they are stored.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Scope::as_str).collect();
        formatter.write_str(&names.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_whitespace().map(str::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_prints_as_stars() {
        for (mode, beginning) in [(ApiMode::Live, "zv_live_abab"), (ApiMode::Test, "zv_test_abab")]
        {
            let key = ApiKey::new(mode, [0xab; 20]);
            assert!(key.expose().starts_with(beginning) && key.expose().len() == 48);
            assert_eq!(key.expose().parse(), Ok(key.clone()));
            assert_eq!((key.last_four(), format!("{key:?}").as_str()), ("abab", "***"));
            assert_eq!(mode.as_str().parse(), Ok(mode));
        }
    }

    #[test]
    fn other_text_is_no_key() {
        let digits = "ab".repeat(20);
        for text in [
            "",
            "zv_live_",
            &digits,
            &format!("zv_prod_{digits}"),
            &format!("zv_live_{digits}0"),
            &format!("zv_live_{}", &digits[1..]),
            &format!("zv_live_{}g", &digits[1..]),
            &format!(" zv_live_{digits}"),
        ] {
            assert_eq!(text.parse::<ApiKey>(), Err(InvalidApiKey), "{text}");
        }
    }

    #[test]
    fn each_scope_is_read_back_from_its_name_and_so_are_several() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        assert_eq!(Scopes::all().to_string().parse(), Ok(Scopes::all()));
        assert_eq!("".parse(), Ok(Scopes::default()));
        let some: Scopes = "calls:read".parse().unwrap();
        assert!(some.contains(Scope::CallsRead) && !some.contains(Scope::Embed));
        assert_eq!("calls:read all".parse::<Scopes>(), Err(InvalidScope("all".to_owned())));
    }
}
