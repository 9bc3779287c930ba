//! What crosses the seam to Meta. Identifiers go into addresses, so they are digits and nothing else;
//! secrets print as stars.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::PhoneNumber;

/// Text that is no identifier of Meta's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of Meta's, which is 1 to 32 digits")]
pub struct InvalidId;

fn check_id(text: String) -> Result<String, InvalidId> {
    let is_id = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_id { Ok(text) } else { Err(InvalidId) }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                check_id(text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                check_id(text.to_owned()).map(Self)
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
    /// A WhatsApp Business Account (`waba_id`).
    WabaId
);
identifier!(
    /// A phone number as Meta names it (`phone_number_id`): not the number, and not our row.
    NumberId
);

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The secret, as it came.
            pub fn new(text: String) -> Self {
                Self(text)
            }

            /// For the one who must say it.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("***")
            }
        }
    };
}

secret!(
    /// What allows us to act for a business.
    AccessToken
);
secret!(
    /// What proves that a request comes from our app.
    AppSecret
);
secret!(
    /// What a log-in in the browser gives: lives for 30 seconds, works once.
    AuthorizationCode
);

/// The two-step verification of a number: six digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

/// Text that is no PIN. It is not repeated: it may be one with a mistake in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a PIN is six digits")]
pub struct InvalidPin;

impl Pin {
    /// For the one who must say it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Pin {
    type Err = InvalidPin;

    fn from_str(text: &str) -> Result<Self, InvalidPin> {
        let is_pin = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_pin { Ok(Self(text.to_owned())) } else { Err(InvalidPin) }
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// How Meta hands a code over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeMethod {
    Voice,
    Sms,
}

impl CodeMethod {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "VOICE",
            Self::Sms => "SMS",
        }
    }
}

/// What can be had of a WhatsApp Business App that stays in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncType {
    /// Its contacts.
    Contacts,
    /// Its conversations. The client may decline.
    History,
}

impl SyncType {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => "smb_app_state_sync",
            Self::History => "history",
        }
    }
}

/// What WhatsApp knows of a number.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct NumberProfile {
    pub id: NumberId,
    /// As Meta writes it, with blanks.
    pub display_phone_number: String,
    /// The name that WhatsApp shows to recipients; `None` before it was reviewed.
    pub verified_name: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality_rating: Option<String>,
    /// `VERIFIED`, `NOT_VERIFIED` or `EXPIRED`.
    pub code_verification_status: Option<String>,
    /// Whether the WhatsApp Business App uses it as well.
    #[serde(default)]
    pub is_on_biz_app: bool,
    /// `CLOUD_API`, `ON_PREMISE` or `NOT_APPLICABLE`.
    pub platform_type: Option<String>,
}

impl NumberProfile {
    /// What to ask for.
    pub(super) const FIELDS: &str = "id,display_phone_number,verified_name,quality_rating,\
         code_verification_status,is_on_biz_app,platform_type";
}

impl fmt::Debug for NumberProfile {
    /// Without the number and the name of the business.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("NumberProfile");
        shown.field("id", &self.id).field("platform_type", &self.platform_type);
        shown.finish_non_exhaustive()
    }
}

/// A text to be sent.
#[derive(Clone, Copy)]
pub struct OutgoingText<'a> {
    pub to: &'a PhoneNumber,
    pub body: &'a str,
    /// What webhooks about it call it besides Meta's own name, which is not known before Meta has answered
    /// (`biz_opaque_callback_data`).
    pub reference: Option<&'a str>,
}

impl fmt::Debug for OutgoingText<'_> {
    /// Without what is written, and to whom.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OutgoingText({:?})", self.reference)
    }
}

/// A message that was sent, by the name that webhooks call it (`wamid.`...).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_can_not_lead_to_another_address() {
        assert_eq!("106540352242922".parse::<NumberId>().unwrap().as_str(), "106540352242922");
        for text in ["", "1/register", "..", "1?x", "me", "1 ", &"1".repeat(33)] {
            assert_eq!(text.parse::<WabaId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn secrets_print_as_stars() {
        let pin: Pin = "481529".parse().unwrap();
        let token = AccessToken::new("EAAJ".to_owned());
        let code = AuthorizationCode::new("AQB".to_owned());
        assert_eq!(format!("{pin:?} {token:?} {code:?}"), "*** *** ***");
        for text in ["", "48152", "4815290", "48152a"] {
            assert_eq!(text.parse::<Pin>(), Err(InvalidPin));
        }
    }
}
