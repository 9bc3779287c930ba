//! Request methods. Methods mind their case (RFC 3261 §7.1).

/// The methods this package acts on, and any other by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    /// RFC 3311.
    Update,
    /// RFC 3262.
    Prack,
    Other(String),
}

impl Method {
    /// The value of our Allow header.
    pub(crate) const ALLOWED: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK";

    /// What we send to a registrar, and do not take.
    pub(crate) fn register() -> Self {
        Self::Other("REGISTER".to_owned())
    }

    /// Reads a method; `None` if it is no token (RFC 3261 §25.1).
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(byte);
        if text.is_empty() || !text.iter().all(is_token) {
            return None;
        }
        Some(match text {
            b"INVITE" => Self::Invite,
            b"ACK" => Self::Ack,
            b"BYE" => Self::Bye,
            b"CANCEL" => Self::Cancel,
            b"OPTIONS" => Self::Options,
            b"UPDATE" => Self::Update,
            b"PRACK" => Self::Prack,
            other => Self::Other(str::from_utf8(other).ok()?.to_owned()),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Options => "OPTIONS",
            Self::Update => "UPDATE",
            Self::Prack => "PRACK",
            Self::Other(name) => name,
        }
    }
}
