//! Phone numbers in E.164 form.

use std::fmt;
use std::str::FromStr;

use super::Redact;

/// A phone number as ITU-T E.164 writes it: `+`, then 7 to 15 digits, the first of which is not
/// zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// Text that is no international phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a phone number in international form, such as +15551234567")]
pub struct InvalidPhoneNumber(pub String);

impl PhoneNumber {
    /// The number with its leading `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country code and the number within that country (ITU-T E.164, list of assigned codes).
    pub fn split(&self) -> (&str, &str) {
        let digits = &self.0[1..];
        let length = match digits.as_bytes() {
            [b'1' | b'7', ..] => 1,
            [b'2', b'0' | b'7', ..]
            | [b'3', b'0'..=b'4' | b'6' | b'9', ..]
            | [b'4', b'0' | b'1' | b'3'..=b'9', ..]
            | [b'5', b'1'..=b'8', ..]
            | [b'6', b'0'..=b'6', ..]
            | [b'8', b'1' | b'2' | b'4' | b'6', ..]
            | [b'9', b'0'..=b'5' | b'8', ..] => 2,
            _ => 3,
        };
        digits.split_at(length)
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;

    /// Accepts what people and trunks write: visual separators (RFC 3966 §5.1.1), and the `00`
    /// prefix or nothing at all in place of the `+`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPhoneNumber(text.to_owned());
        let compact: String = text
            .chars()
            .filter(|character| !matches!(character, ' ' | '-' | '.' | '(' | ')'))
            .collect();
        let digits =
            compact.strip_prefix('+').or_else(|| compact.strip_prefix("00")).unwrap_or(&compact);
        let is_e164 = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if !is_e164 {
            return Err(invalid());
        }
        Ok(Self(format!("+{digits}")))
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Redact for PhoneNumber {
    /// The last two digits: enough for an operator to tell two calls apart.
    fn redact(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "+***{}", &self.0[self.0.len() - 2..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Redacted;

    #[test]
    fn reads_the_forms_that_trunks_send() {
        for text in ["+15551234567", "15551234567", "0015551234567", "+1 (555) 123-4567"] {
            assert_eq!(text.parse::<PhoneNumber>().unwrap().as_str(), "+15551234567");
        }
    }

    #[test]
    fn refuses_what_is_no_international_number() {
        for text in ["", "+", "abc", "+0123456789", "12345", "+1234567890123456", "+1555x234567"] {
            assert_eq!(text.parse::<PhoneNumber>(), Err(InvalidPhoneNumber(text.to_owned())));
        }
    }

    #[test]
    fn the_country_is_told_from_the_number() {
        for (number, parts) in [
            ("+15551234567", ("1", "5551234567")),
            ("+79161234567", ("7", "9161234567")),
            ("+442071838750", ("44", "2071838750")),
            ("+420212345678", ("420", "212345678")),
            ("+5511961234567", ("55", "11961234567")),
            ("+351211234567", ("351", "211234567")),
            ("+85221234567", ("852", "21234567")),
        ] {
            assert_eq!(number.parse::<PhoneNumber>().unwrap().split(), parts);
        }
    }

    #[test]
    fn a_log_shows_only_its_last_two_digits() {
        let number: PhoneNumber = "+15551234567".parse().unwrap();
        assert_eq!(Redacted(&number).to_string(), "+***67");
    }
}
