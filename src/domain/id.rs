//! Identifiers: one type a noun, so that a call's id can not be passed where an invitation's is
//! wanted.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// The part after the prefix: a UUID of version 7 (RFC 9562 §5.7) without its dashes. It sorts by
/// the time it was made, which keeps an index append-only and pages stable.
fn time_ordered(now: Timestamp, random: [u8; 10]) -> String {
    uuid::Builder::from_unix_timestamp_millis(now.unix_millis_unsigned(), &random)
        .into_uuid()
        .simple()
        .to_string()
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new identifier from the time and ten random bytes.
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                Self(format!(concat!($prefix, "_{}"), time_ordered(now, random)))
            }

            /// An identifier as it was stored. It is trusted to be one of ours.
            pub fn from_stored(text: String) -> Self {
                Self(text)
            }

            /// An identifier from outside, if it has the form of one.
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix(concat!($prefix, "_"))?;
                let is_one = rest.len() == 32
                    && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                is_one.then(|| Self(text.to_owned()))
            }

            /// The identifier as it is stored and sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// A project: one partner's workspace. Everything else belongs to exactly one.
    ProjectId,
    "prj"
);
identifier!(
    /// A phone number of ours that can be assigned to an invitation.
    PhoneNumberId,
    "num"
);
identifier!(
    /// An invitation. Its link carries a token, never this.
    InvitationId,
    "inv"
);
identifier!(
    /// A phone call that we answered or refused.
    CallId,
    "call"
);
identifier!(
    /// One attempt of a client to go through Meta's sign-up.
    SignupId,
    "sgn"
);
identifier!(
    /// What messages are sent from: a phone number that is connected to WhatsApp.
    SenderId,
    "snd"
);
identifier!(
    /// Where a partner's programs are told of changes.
    WebhookId,
    "whk"
);
identifier!(
    /// Something that they are told: the same in each try.
    WebhookEventId,
    "evt"
);
identifier!(
    /// A message that was sent or received. Meta has another name for it.
    MessageId,
    "msg"
);
identifier!(
    /// A key of the REST API. What it opens is said by the secret, never by this.
    ApiKeyId,
    "key"
);
identifier!(
    /// A verification of our own: of a number of ours, without a client.
    VerificationId,
    "ver"
);

identifier!(
    /// A file that invitations are to be made of.
    ImportId,
    "imp"
);

identifier!(
    /// Somebody who signs in to the admin.
    PartnerId,
    "ptn"
);
identifier!(
    /// A browser in which somebody is signed in. What lets it in is a token, never this.
    LoginId,
    "lgn"
);

/// The number of a stored event: the row id, growing, never used twice. It is the `id` of the
/// server-sent event, so a page can say which one it saw last.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EventId(pub i64);

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let earlier = CallId::new(Timestamp::from_unix_millis(1_000), [0xff; 10]);
        let later = CallId::new(Timestamp::from_unix_millis(2_000), [0; 10]);
        assert!(earlier < later);
        assert!(earlier.as_str().starts_with("call_"));
        assert_eq!(CallId::parse(earlier.as_str()), Some(earlier.clone()));
        assert_eq!(InvitationId::parse(earlier.as_str()), None);
        assert_eq!(CallId::parse(&earlier.as_str().to_uppercase()), None);
        assert_eq!(CallId::parse(&format!("{earlier}0")), None);
    }
}
